"""Stops and texts of an operator beside an organisation's tables: nothing of what was typed is changed on its way."""

import pytest

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.view_models import SwitchState
from console.backend.service import BackendService
from tests.conftest import Database
from tests.same_names.conftest import BEFORE, Beside, theirs
from tests.support.fingerprint import existing_part, fingerprint
from tests.support.passage import NOWHERE, Passage

REASON = "public.information_unit and cutter_governance.run: 'public', \"public\" -- public"
_HOLDS = "SELECT reason, by, role FROM {}.hold_event ORDER BY id"


def _reader(passage: Passage) -> BackendService:
    where = {
        "stopper": passage.cluster.conninfo(passage.database, "cutter_stop"),
        "executor": NOWHERE,
        "verifier": NOWHERE,
    }
    database = passage.installation.settings.database.model_copy(update=where)
    return BackendService(passage.settings(database=database).installation, read_only=True)


def test_the_role_that_only_stops_sets_the_hold_and_ends_the_lease_there(beside: Beside, signed: Passage) -> None:
    signed.arm()
    reader = _reader(signed)
    reader.require_read_only_role()
    before = fingerprint(Database(signed.cluster, signed.database))

    switch = reader.panic(REASON)

    assert (switch.state, switch.in_file, switch.in_database) == (SwitchState.HOLD, True, True)
    assert not switch.incomplete
    ledger = beside.names.ledger
    assert signed.rows(_HOLDS.format(ledger)) == [(REASON, "tester", "cutter_stop")]
    assert signed.rows(f"SELECT end_reason FROM {ledger}.execution_lease") == [("a HOLD was set",)]
    now = existing_part(before, fingerprint(Database(signed.cluster, signed.database)))
    own = (f"{ledger}.", f"{beside.names.units}.")
    assert [row for row in now.rows if row not in before.rows and not row[0].startswith(own)] == []
    with pytest.raises(CutterError) as held:
        signed.resume()
    assert held.value.code is StopCode.HOLD
    assert theirs(signed) == BEFORE


def test_what_an_operator_types_is_kept_as_it_was_typed(beside: Beside, signed: Passage) -> None:
    switch = signed.backend.panic(REASON)

    assert switch.reason == REASON
    assert signed.rows(_HOLDS.format(beside.names.ledger)) == [(REASON, "tester", "cutter_exec")]


def test_where_the_marks_are_gone_nobody_is_told_that_nothing_can_be_armed(beside: Beside, signed: Passage) -> None:
    signed.arm()
    for schema in (beside.names.units, beside.names.ledger):
        signed.execute(f"COMMENT ON SCHEMA {schema} IS NULL")

    switch = signed.backend.panic(REASON)

    assert switch.in_file
    assert "lease" in switch.incomplete
    assert "nothing can be armed" not in str(switch)
    assert signed.rows(f"SELECT end_reason FROM {beside.names.ledger}.execution_lease") == [("a HOLD was set",)]
