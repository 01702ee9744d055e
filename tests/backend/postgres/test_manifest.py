"""The manifest that a cut is made from is the signed plan, byte for byte; it is sealed with its cut and closed for ever."""

from collections.abc import Callable

import psycopg
import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.planned_units import PlannedUnit
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import UNITS as N
from tests.backend.postgres.signed_cut import SignedCut, counts, event, grown, start_cut, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database

_FIELD, _LINE = "\x1f", "\n"
_SEAL = "SELECT run_id, statement_sha256, manifest_digest, n_units, sealed_by FROM cutter_governance.v_manifest_seal"


def _apply(run: SignedCut, manifest: bytes | None, text: bytes | None) -> None:
    """Leg A with these bytes, whatever they are."""
    with run.executor() as connection:
        connection.execute("SELECT cutter_console.fn_cut_apply(%s, %s, %s, %s)", (run.run_id, manifest, text, event()))


def _armed_for(run: SignedCut, manifest: bytes) -> None:
    """The sovereign has signed these bytes as the manifest: what is in them must hold all the same."""
    run.rule(changes={"manifest_digest": sha256_hex(manifest)})
    run.arm()


def test_a_manifest_is_sealed_in_the_transaction_of_its_cut_under_the_ruling(cut: SignedCut) -> None:
    digest = cut.rule()
    cut.arm()
    with cut.executor() as connection:
        cut.apply(connection)
    with cut.database.connect("cutter_ro") as connection:
        seals = connection.execute(_SEAL.encode()).fetchall()
    assert seals == [(cut.run_id, digest, ledger.manifest_digest(cut.units), N, "cutter_exec")]


def test_the_rows_of_a_manifest_have_the_digest_of_the_bytes_that_were_signed(cut: SignedCut) -> None:
    cut.cut()
    with cut.verifier() as connection:
        assert scalar(connection, "SELECT cutter_console.fn_manifest_digest(%s)", cut.run_id) == (
            ledger.manifest_digest(cut.units)
        )


def test_the_envelope_of_a_manifest_is_the_run_s_own(cut: SignedCut) -> None:
    """It is made from the run's row: an envelope of another document cannot pass as this one."""
    cut.cut()
    with cut.verifier() as connection:
        rows = connection.execute(
            "SELECT e.operation, e.docprefix, e.plan_digest, e.content_digest, e.n_units, s.sha256 FROM cutter_governance.manifest_envelope e"
            " JOIN cutter_governance.source_document_version_registry s ON s.id = e.source_version_id WHERE e.run_id = %s",
            (cut.run_id,),
        ).fetchall()
    document = cut.plan.document
    facts = (cut.plan.plan_digest, document.content_digest, N, document.source.sha256)
    assert rows == [("cut", cut.docprefix, *facts)]


def test_nobody_sends_rows_of_a_manifest(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    for table in ("manifest_envelope", "manifest_unit_block", "manifest_seal"):
        for role in ("cutter_exec", "cutter_verify", "cutter_ro"):
            with stopped("42501"), cut.database.connect(role) as connection:
                connection.execute(f"INSERT INTO cutter_governance.{table} (run_id) VALUES ('x')".encode())


def test_a_manifest_without_its_cut_cannot_be_committed(cut: SignedCut) -> None:
    """Not even by the owner, under the lease of the run."""
    cut.rule()
    cut.arm()
    before = counts(cut.database)
    with stopped("STOP_INVARIANT_FAILED"), cut.database.connect(autocommit=False) as connection:
        _envelope(connection, cut)
        connection.commit()
    assert grown(before, counts(cut.database)) == {}


def test_a_manifest_needs_a_lease(cut: SignedCut) -> None:
    cut.rule()
    with stopped("STOP_EXECUTION_DISABLED"), cut.database.connect(autocommit=False) as connection:
        _envelope(connection, cut)


def test_the_rows_of_a_manifest_that_stood_there_before_are_not_taken_for_the_signed_one(cut: SignedCut) -> None:
    """Somebody has put rows under the run: they are not sealed, and the cut does not go around them."""
    cut.rule()
    cut.arm()
    tamper(cut.database, _ENVELOPE % cut.run_id)
    with stopped("STOP_INVARIANT_FAILED"), cut.executor() as connection:
        cut.apply(connection)
    assert counts(cut.database)["public.information_unit"] == 0


_ENVELOPE = """
    INSERT INTO cutter_governance.manifest_envelope (run_id, operation, docprefix, source_version_id, plan_digest, content_digest, n_units)
    SELECT r.run_id, r.operation, r.docprefix, s.id, r.plan_digest, r.content_digest, r.n_units FROM cutter_governance.run r
      JOIN cutter_governance.source_document_version_registry s ON s.sha256 = r.source_sha256 WHERE r.run_id = '%s'
"""
_BLOCK = """
    INSERT INTO cutter_governance.manifest_unit_block (run_id, seq, address, unit_kind, section_type, section_code, title, body, body_sha256,
           byte_start, byte_end, line_start, line_end)
    VALUES ('%s', 99, 'ACME-LAW/EXTRA', 'document_unit', 'article', '', 'x', 'x', encode(sha256('x'), 'hex'), 0, 1, 1, 1)
"""


def _envelope(connection: psycopg.Connection, run: SignedCut) -> None:
    connection.execute((_ENVELOPE % run.run_id).encode())


def test_blocks_cannot_be_added_to_a_manifest_that_is_sealed(cut: SignedCut) -> None:
    """As superuser and under a lease that is open; and in the very transaction of the cut."""
    cut.cut()
    with stopped("STOP_INVARIANT_FAILED"), cut.database.connect() as connection:
        connection.execute((_BLOCK % cut.run_id).encode())
    assert counts(cut.database)["cutter_governance.manifest_unit_block"] == N


def test_a_block_more_than_was_signed_is_refused_in_the_transaction_of_the_cut(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    with cut.database.connect(autocommit=False) as connection:
        cut.apply(connection)
        with pytest.raises(psycopg.Error, match="the manifest is sealed"):
            connection.execute((_BLOCK % cut.run_id).encode())
        connection.rollback()
    assert counts(cut.database)["public.information_unit"] == 0


def _bytes(run: SignedCut, units: tuple[PlannedUnit, ...]) -> tuple[bytes, bytes]:
    return ledger.manifest_bytes(units), run.canonical


def _first(run: SignedCut, **changes: object) -> tuple[bytes, bytes]:
    first, *rest = run.units
    return _bytes(run, (first.model_copy(update=changes), *rest))


def _spelt(run: SignedCut, seq: int, field: int, value: str) -> bytes:
    """The manifest with one field of one line written in another way."""
    lines = ledger.manifest_bytes(run.units).decode().split(_LINE)
    fields = lines[seq - 1].split(_FIELD)
    fields[field] = value
    lines[seq - 1] = _FIELD.join(fields)
    return _LINE.join(lines).encode()


TAMPERED: dict[str, Callable[[SignedCut], tuple[bytes | None, bytes | None]]] = {
    "another title": lambda run: _first(run, title="Another"),
    "another parent": lambda run: _first(run, parent="ACME-LAW/ONE/BETA"),
    "another kind": lambda run: _first(run, section_type="principle"),
    "another number": lambda run: _first(run, number="7"),
    "another span": lambda run: _first(run, line_end=99),
    "another order": lambda run: _bytes(run, tuple(reversed(run.units))),
    "a block missing": lambda run: _bytes(run, run.units[:-1]),
    "a block twice": lambda run: _bytes(run, (*run.units, run.units[-1])),
    "an address outside": lambda run: _first(run, address="OTHER/ONE"),
    "a line break behind": lambda run: (ledger.manifest_bytes(run.units) + b"\n", run.canonical),
    "another body": lambda run: (ledger.manifest_bytes(run.units), run.canonical.replace(b"First", b"Worst")),
    "a longer text": lambda run: (ledger.manifest_bytes(run.units), run.canonical + b"more"),
    "no manifest": lambda run: (b"", run.canonical),
    "no text": lambda run: (ledger.manifest_bytes(run.units), b""),
    "NULL for a manifest": lambda run: (None, run.canonical),
    "NULL for a text": lambda run: (ledger.manifest_bytes(run.units), None),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_manifest_that_is_not_the_signed_plan_is_refused(cut: SignedCut, how: str) -> None:
    """A body patched in place broke the manifest digest at the write. Here nothing is written by it."""
    cut.rule()
    cut.arm()
    before = counts(cut.database)
    with stopped("STOP_APPROVAL_INVALID"):
        _apply(cut, *TAMPERED[how](cut))
    assert grown(before, counts(cut.database)) == {}


SIGNED_WRONGLY: dict[str, Callable[[SignedCut], bytes]] = {
    "an address outside of the document": lambda run: _first(run, address="OTHER/ONE")[0],
    "an address of another document that begins alike": lambda run: _first(run, address="ACME-LAWS/ONE")[0],
    "the document itself": lambda run: _first(run, address="ACME-LAW")[0],
    "an address named twice": lambda run: _first(run, address=run.units[1].address)[0],
    "one unit too few": lambda run: _bytes(run, run.units[:-1])[0],
    "a number left out": lambda run: _spelt(run, 3, 0, "4"),
    "a number twice": lambda run: _spelt(run, 3, 0, "2"),
    "a number spelt in another way": lambda run: _spelt(run, 1, 0, "01"),
    "a place spelt in another way": lambda run: _spelt(run, 1, 10, " 3"),
    "a field too many": lambda run: _spelt(run, 1, 11, run.units[0].body_sha256 + "\x1fmore"),
    "a body of another sha256": lambda run: _spelt(run, 1, 11, "0" * 64),
    "a body of no bytes": lambda run: _spelt(run, 1, 8, str(run.units[0].byte_start)),
    "a body beyond the text": lambda run: _spelt(run, 3, 8, "9999"),
    "bodies that overlap": lambda run: _spelt(run, 2, 7, "0"),
    "a kind that nobody knows": lambda run: _first(run, unit_kind="poem")[0],
    "a place that is no number": lambda run: _spelt(run, 1, 7, "first"),
    "no fields": lambda run: b"\n".join([b"x"] * N),
    "bytes that are no text": lambda run: ledger.manifest_bytes(run.units).replace(b"Alpha", b"\xff\xfe"),
}


IN_OTHER_WORDS = {
    "a number twice": "23505",
    "a kind that nobody knows": "STOP_REFUSED_INPUT",
    "a place that is no number": "22P02",
    "no fields": "22P02",
    "bytes that are no text": "22021",
}
"""Refused before the manifest is looked at as a whole: by a key, the vocabulary, or PostgreSQL's reading of a number or a letter."""


@pytest.mark.parametrize("how", SIGNED_WRONGLY)
def test_a_signature_does_not_make_a_manifest_hold_that_does_not(cut: SignedCut, how: str) -> None:
    """Whatever was signed, nothing is written but units of this document, whose bodies are slices of its text."""
    manifest = SIGNED_WRONGLY[how](cut)
    _armed_for(cut, manifest)
    before = counts(cut.database)
    with stopped(IN_OTHER_WORDS.get(how, "STOP_INVARIANT_FAILED")):
        _apply(cut, manifest, cut.canonical)
    assert grown(before, counts(cut.database)) == {}
    assert cut.stage() == "awaiting_cut_authorization/active"


def test_the_manifest_of_one_run_does_not_pass_as_that_of_another(database: Database) -> None:
    first, text = start_cut(database), "# Two\n\nText.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
    second = start_cut(database, "ACME-OTHER", text=text, number=2)
    second.rule()
    second.arm()
    with stopped("STOP_APPROVAL_INVALID"):
        _apply(second, ledger.manifest_bytes(first.units), first.canonical)
    assert second.stage() == "awaiting_cut_authorization/active"
    assert counts(database)["public.information_unit"] == 0


def test_the_executor_cannot_make_a_manifest_somebody_elses_or_backdate_it(cut: SignedCut) -> None:
    """Who and when are the database's own words, in the rows of the manifest, the seal and the ruling's use."""
    cut.cut()
    with cut.verifier() as connection:
        (who,) = connection.execute(
            "SELECT array_agg(DISTINCT who) FROM (SELECT created_by AS who, created_at AS at, xid FROM cutter_governance.manifest_envelope"
            " UNION ALL SELECT sealed_by, sealed_at, xid FROM cutter_governance.manifest_seal"
            " UNION ALL SELECT used_by, used_at, xid FROM cutter_governance.approval_use) w"
        ).fetchone() or ("",)
        (xids,) = connection.execute(
            "SELECT count(DISTINCT xid) FROM (SELECT xid FROM cutter_governance.manifest_envelope"
            " UNION ALL SELECT xid FROM cutter_governance.manifest_seal UNION ALL SELECT xid FROM cutter_governance.approval_use) w"
        ).fetchone() or (0,)
    assert (who, xids) == (["cutter_exec"], 1)
