"""What the guards and the constraints refuse to the superuser and the owner themselves, lease and ruling in hand."""

import psycopg
import pytest

from tests.backend.postgres.signed_cut import SignedCut, stopped
from tests.backend.postgres.tampering import tamper

_ENVELOPE = """
    INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
    SELECT r.run_id, r.operation, r.docprefix, s.id, r.plan_digest, r.content_digest, r.n_units FROM cutter_governance.run r
      JOIN cutter_governance.source_document_version_registry s ON s.sha256 = r.source_sha256
"""
_BLOCK = """
    INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,
           byte_start, byte_end, line_start, line_end)
    SELECT run_id, 99, 'ACME-LAW/EXTRA', 'document_unit', 'article', '', 'x', 'x', encode(sha256('x'), 'hex'), 0, 1, 1, 1 FROM cutter_governance.run
"""
_LEASE = """
    INSERT INTO cutter_governance.execution_lease (run_id, purpose, operator, host, armed_at, expires_at)
    SELECT run_id, 'cut', 'o', 'h', clock_timestamp() - interval '10 minutes', clock_timestamp() - interval '1 minute' FROM cutter_governance.run
"""


def test_a_superuser_writes_no_unit_in_the_transaction_of_a_cut(cut: SignedCut) -> None:
    """The approval is used in this very transaction, and still: units are written by the owner's functions."""
    cut.rule()
    cut.arm()
    with cut.database.connect(autocommit=False) as connection:
        cut.apply(connection)
        with stopped("STOP_APPROVAL_REQUIRED"):
            connection.execute("UPDATE public.information_unit SET updated_by = 'mallory'")


def test_a_manifest_is_not_written_under_an_expired_lease(cut: SignedCut) -> None:
    with cut.database.connect() as connection:
        connection.execute(_LEASE.encode())
        with stopped("STOP_EXECUTION_DISABLED"):
            connection.execute(_ENVELOPE.encode())


def test_a_block_is_not_added_to_an_envelope_of_an_earlier_transaction(cut: SignedCut) -> None:
    """An envelope without a seal, as nobody but somebody who switches the guards off can leave one."""
    cut.rule()
    cut.arm()
    tamper(cut.database, _ENVELOPE)
    with cut.database.connect() as connection, stopped("STOP_INVARIANT_FAILED"):
        connection.execute(_BLOCK.encode())


def test_an_open_lease_is_not_extended_even_by_a_superuser(cut: SignedCut) -> None:
    cut.rule()
    cut.arm(minutes=5)
    with cut.database.connect() as connection, stopped("STOP_INVARIANT_FAILED"):
        connection.execute("UPDATE cutter_governance.execution_lease SET expires_at = expires_at + interval '1 minute'")


def test_an_open_lease_keeps_the_server_that_it_was_armed_on(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.database.connect() as connection, stopped("STOP_INVARIANT_FAILED"):
        connection.execute("UPDATE cutter_governance.execution_lease SET server_started = clock_timestamp()")


@pytest.mark.parametrize("change", ["holder_pid = 1", "holder_role = 10", "taken_at = NULL"])
def test_a_lease_that_was_taken_up_is_not_handed_on(cut: SignedCut, change: str) -> None:
    cut.rule()
    cut.arm()
    with cut.database.connect() as connection:
        taken = "holder_pid = pg_backend_pid(), holder_role = 11, taken_at = clock_timestamp()"
        connection.execute(f"UPDATE cutter_governance.execution_lease SET {taken}".encode())
        with stopped("STOP_INVARIANT_FAILED"):
            connection.execute(f"UPDATE cutter_governance.execution_lease SET {change}".encode())


def test_a_lease_that_was_ended_arms_nothing(drafted: SignedCut) -> None:
    """Of a cut the guard of its manifest would say so too; of an enactment nothing else does."""
    drafted.rule("enact")
    drafted.arm("enact")
    drafted.disarm()
    with stopped("STOP_EXECUTION_DISABLED"), drafted.executor() as connection:
        drafted.enact(connection)
    assert drafted.lifecycles() == ["draft"] * 3


def test_a_second_use_of_a_purpose_cannot_be_stored(cut: SignedCut) -> None:
    """Not even by another ruling, whose own digest is new."""
    cut.rule()
    cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
    with cut.database.connect() as connection:
        first = connection.execute("SELECT statement_sha256 FROM cutter_governance.approval_use").fetchall()
        other = connection.execute(
            "SELECT statement_sha256 FROM cutter_governance.approval WHERE statement_sha256 <> %s", first[0]
        ).fetchone()
        assert other is not None
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(
                "INSERT INTO cutter_governance.approval_use (statement_sha256, purpose, run_id) VALUES (%s, 'cut', %s)",
                (other[0], cut.run_id),
            )
