"""The manifest that a cut is made from is the signed plan, block by block, and is there only with its cut."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.database import ledger
from console.backend.plan import PlannedUnit
from tests.backend.database.signed_cut import UNITS as N
from tests.backend.database.signed_cut import SignedCut, counts, create_units, grown, start_cut, stopped
from tests.conftest import Database


def test_a_manifest_without_its_cut_cannot_be_committed(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    before = counts(cut.database)
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.send_manifest(connection)
    assert grown(before, counts(cut.database)) == {}


def test_blocks_cannot_be_added_to_a_manifest_that_was_committed(cut: SignedCut) -> None:
    cut.cut()
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        _add_block(connection, cut)
    assert counts(cut.database)["cutter_governance.manifest_unit_block"] == N


def test_a_manifest_needs_a_lease(cut: SignedCut) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"), cut.executor() as connection:
        cut.send_manifest(connection)


def _add_block(connection: psycopg.Connection, run: SignedCut) -> None:
    connection.execute(
        "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body,"
        " body_sha256, byte_start, byte_end, line_start, line_end) VALUES (%s, 99, %s, 'document_unit', 'article', '', 'x', 'x',"
        " encode(sha256('x'), 'hex'), 0, 1, 1, 1)",
        (run.run_id, f"{run.docprefix}/EXTRA"),
    )


Tamper = Callable[[SignedCut], SignedCut]


def _with_units(run: SignedCut, units: tuple[PlannedUnit, ...]) -> SignedCut:
    document = run.plan.document.model_copy(update={"units": units})
    plan = run.plan.model_copy(update={"document": document})
    plan.__dict__["plan_digest"] = run.plan.plan_digest
    document.__dict__["content_digest"] = run.plan.document.content_digest
    return SignedCut(run.database, run.run_id, plan, run.canonical)


def _first(run: SignedCut, **changes: object) -> SignedCut:
    first, *rest = run.units
    return _with_units(run, (first.model_copy(update=changes), *rest))


TAMPERED: dict[str, Tamper] = {
    "another title": lambda run: _first(run, title="Another"),
    "another parent": lambda run: _first(run, parent="ACME-LAW/ONE/BETA"),
    "another kind": lambda run: _first(run, section_type="principle"),
    "another number": lambda run: _first(run, number="7"),
    "another span": lambda run: _first(run, line_end=99),
    "another order": lambda run: _with_units(run, tuple(reversed(run.units))),
    "a block missing": lambda run: _with_units(run, run.units[:-1]),
    "an address outside": lambda run: _first(run, address="OTHER/ONE"),
    "another body": lambda run: SignedCut(
        run.database, run.run_id, run.plan, run.canonical.replace(b"First", b"Worst")
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_incident_39_a_manifest_that_is_not_the_signed_plan_is_refused(cut: SignedCut, how: str) -> None:
    """Incident 39: a body patched in place broke the manifest digest at the write. Here nothing is written by it."""
    cut.rule()
    cut.arm()
    forged = TAMPERED[how](cut)
    with stopped("STOP_INVARIANT_FAILED", "STOP_APPROVAL_INVALID"), cut.executor() as connection:
        forged.apply(connection)
    assert counts(cut.database)["cutter_governance.manifest_unit_block"] == 0


@pytest.mark.parametrize("how", TAMPERED)
def test_incident_39_the_unit_by_unit_path_refuses_it_too(cut: SignedCut, how: str) -> None:
    """Incident 39: both ways into the tables compare with what was signed."""
    cut.rule()
    cut.arm()
    forged = TAMPERED[how](cut)
    with stopped("STOP_INVARIANT_FAILED", "STOP_APPROVAL_INVALID"), cut.executor() as connection:
        forged.send_manifest(connection)
        create_units(connection, forged, forged.units)
    assert counts(cut.database)["public.information_unit"] == 0


def test_a_block_more_than_was_signed_is_refused(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.send_manifest(connection)
        _add_block(connection, cut)
        ledger.apply_cut(connection, cut.run_id)


def test_the_executor_cannot_sign_a_manifest_as_somebody_else_or_backdate_it(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    for column, value in (("created_by", "'the sovereign'"), ("created_at", "now()"), ("xid", "pg_current_xact_id()")):
        with stopped("42501"), cut.executor() as connection:
            statement = f"INSERT INTO cutter_governance.manifest_envelope ({column}) VALUES ({value})"
            connection.execute(statement.encode())


def test_the_unit_by_unit_path_gives_units_to_nobody_but_the_sovereign(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with stopped("STOP_APPROVAL_INVALID"), cut.executor() as connection:
        cut.send_manifest(connection)
        create_units(connection, cut, cut.units, owner="mallory")
    assert counts(cut.database)["public.information_unit"] == 0


def test_an_envelope_of_another_document_does_not_pass_as_this_one(database: Database) -> None:
    first = start_cut(database)
    text = "# Two\n\nText.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
    second = start_cut(database, text=text, number=2)
    first.cut()
    first.disarm()
    second.rule()
    second.arm()
    with stopped("STOP_APPROVAL_INVALID"), second.executor() as connection:
        connection.execute(
            "INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest,"
            " n_units) SELECT r.run_id, operation, '%%', s.id, plan_digest, content_digest, n_units FROM cutter_governance.run r"
            " JOIN cutter_governance.source_document_version_registry s ON s.sha256 = r.source_sha256 WHERE r.run_id = %s",
            (second.run_id,),
        )
        _blocks_alone(connection, second)
        ledger.apply_cut(connection, second.run_id)
    assert second.stage() == "awaiting_cut_authorization/active"
    assert counts(database)["public.information_unit"] == N


def _blocks_alone(connection: psycopg.Connection, run: SignedCut) -> None:
    for seq, unit in enumerate(run.units, 1):
        values = unit.model_dump(exclude={"body_sha256", "number", "parent"})
        connection.execute(
            "INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, parent_address, unit_kind, section_type, section_code,"
            " title, body, body_sha256, byte_start, byte_end, line_start, line_end) VALUES (%(run)s, %(seq)s, %(address)s, %(parent)s,"
            " %(unit_kind)s, %(section_type)s, %(number)s, %(title)s, %(body)s, %(sha)s, %(byte_start)s, %(byte_end)s, %(line_start)s, %(line_end)s)",
            {
                **values,
                "run": run.run_id,
                "seq": seq,
                "parent": unit.parent,
                "number": unit.number,
                "body": run.body(unit),
                "sha": unit.body_sha256,
            },
        )
