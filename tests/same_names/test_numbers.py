"""A number that the server has given twice, in tables of one name: the console's own log and the organisation's."""

import pytest

from console.backend.model.errors import CutterError, Unmeasured
from console.backend.model.view_models import StopStep
from console.backend.postgres.connections import connect
from console.backend.postgres.session import Session
from console.backend.runs import hold_attempts
from console.backend.runs.hold_attempts import Deadline, HoldAttempts
from console.backend.runs.lease import LeaseHolder
from tests.same_names.conftest import Beside
from tests.support.passage import Passage

_TWICE = "has given a number twice"


def test_a_key_that_an_organisation_s_log_has_twice_is_not_told_as_a_number_of_the_console_s(signed: Passage) -> None:
    """Its keys come from the organisation's function: another attempt takes no other one."""
    with signed.connect() as connection:
        connection.execute(b"ALTER TABLE public.iu_lifecycle_log ALTER id SET DEFAULT md5('log 1')::uuid")
    signed.arm()
    signed.resume()
    signed.sign()

    with pytest.raises(CutterError) as refused:
        signed.enact()

    assert "iu_lifecycle_log_pkey" in refused.value.message
    assert _TWICE not in refused.value.message


def test_a_number_of_the_console_s_that_was_given_twice_is_told_as_that_beside_an_organisation_s_tables(
    beside: Beside, signed: Passage
) -> None:
    conninfo, table = signed.installation.settings.database.administrator, f"{beside.names.ledger}.run_event"

    with signed.connect() as connection:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())

    with pytest.raises(CutterError, match=_TWICE), connect(conninfo) as connection:
        connection.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM {table} LIMIT 1".encode())


def test_a_number_that_is_given_twice_in_the_lease_s_session_is_told_as_that_beside_an_organisation_s_tables(
    beside: Beside, signed: Passage
) -> None:
    answer = f"RAISE unique_violation USING SCHEMA = '{beside.names.ledger}', CONSTRAINT = 'run_event_pkey'"

    with (
        LeaseHolder(signed.installation, signed.run_id) as holder,
        pytest.raises(Unmeasured, match=_TWICE),
        holder.arming() as connection,
    ):
        connection.execute(f"DO $$ BEGIN {answer}; END $$".encode())


def test_what_a_panic_meets_behind_its_hold_is_told_by_the_names_of_its_database(
    beside: Beside, signed: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = f"RAISE unique_violation USING SCHEMA = '{beside.names.ledger}', CONSTRAINT = 'hold_event_pkey'"

    def cancel_on(connection: Session, _: object) -> StopStep:
        connection.execute(f"DO $$ BEGIN {answer}; END $$".encode())
        raise AssertionError("it was answered")

    monkeypatch.setattr(hold_attempts, "cancel_on", cancel_on)
    attempts = HoldAttempts(signed.installation, "stop", Deadline())

    held = attempts.set(read_only=False, on_failure=lambda _: None)

    assert held.refused is None
    assert held.statements is not None
    with pytest.raises(Unmeasured, match=_TWICE):
        held.statements.result(30)
