"""Nothing is armed or written without a backup that was proven within the hour, of the tables as they are."""

import json
import threading
from collections.abc import Callable

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.model.states import Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, start_edit, stopped
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.waiting import LONGEST_S, until_somebody_waits

_TABLES = """
    SELECT jsonb_agg(jsonb_build_object('table', n, 'rows', d.rows, 'digest', d.digest))
      FROM cutter_console.fn_backup_tables() n, cutter_console.fn_table_digest(n) d
"""
_RECORD = "SELECT cutter_console.fn_backup_record(%s, %s)"
_OLD = """
    INSERT INTO cutter_governance.backup_proof (run_id, file_name, file_sha256, file_bytes, recipient, tables, system_identifier, timeline, recorded_at)
    SELECT %s, 'old.dump.gpg', repeat('0', 64), 1, repeat('A', 40), '[]', {system}, {timeline}, clock_timestamp() - %s::interval
      FROM cutter_console.fn_target() t
"""
Proof = dict[str, object]


def _proof(database: Database) -> Proof:
    """What the console has found in a backup that it has just restored."""
    with database.connect() as connection:
        tables = scalar(connection, _TABLES)
    return {
        "file_name": "x.dump.gpg",
        "sha256": "0" * 64,
        "bytes": 1,
        "recipient": "A" * 40,
        "tables": tables,
    }


def _record(run: SignedCut, proof: Proof) -> None:
    with run.verifier() as connection:
        connection.execute(_RECORD, (run.run_id, Jsonb(proof)))


def _tables(proof: Proof) -> list[dict[str, object]]:
    tables = json.loads(json.dumps(proof["tables"]))
    assert isinstance(tables, list)
    return tables


def _bent(place: int, **changes: object) -> Callable[[Proof], Proof]:
    def bend(proof: Proof) -> Proof:
        tables = _tables(proof)
        tables[place] |= changes
        return proof | {"tables": tables}

    return bend


REFUSED: dict[str, Callable[[Proof], Proof]] = {
    "another digest": _bent(0, digest="0" * 64),
    "another digest of the last table": _bent(-1, digest="0" * 64),
    "another number of rows": _bent(1, rows=99),
    "no digest": _bent(2, digest=None),
    "no rows": _bent(2, rows=None),
    "another table": _bent(3, table="public.dot_config"),
    "a table missing": lambda proof: proof | {"tables": _tables(proof)[1:]},
    "no tables": lambda proof: proof | {"tables": []},
    "tables that are none": lambda proof: proof | {"tables": "all"},
    "tables in an object": lambda proof: proof | {"tables": {}},
    "no list of tables": lambda proof: {name: value for name, value in proof.items() if name != "tables"},
    "names alone": lambda proof: proof | {"tables": [one["table"] for one in _tables(proof)]},
    "no file": lambda proof: proof | {"file_name": ""},
    "no name of a file": lambda proof: {name: value for name, value in proof.items() if name != "file_name"},
    "no recipient": lambda proof: proof | {"recipient": None},
    "a recipient by name": lambda proof: proof | {"recipient": "backup@example.org"},
    "too long": lambda proof: proof | {"remark": "x" * 70_000},
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_proof_that_does_not_hold_is_not_recorded(cut: SignedCut, how: str) -> None:
    with cut.verifier() as connection:
        before = ledger.backup_age(connection, cut.run_id)
    assert before is not None
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _record(cut, REFUSED[how](_proof(cut.database)))
    with cut.verifier() as connection:
        assert scalar(connection, "SELECT count(*) FROM cutter_governance.v_backup_proof") == 1


@pytest.mark.parametrize(
    "changes",
    [{"sha256": "x"}, {"sha256": None}, {"bytes": 0}, {"bytes": None}, {"bytes": "all"}, {"sha256": "0" * 63}],
)
def test_a_proof_names_its_file_by_size_and_digest(cut: SignedCut, changes: Proof) -> None:
    with stopped("23514", "23502", "22P02"):
        _record(cut, _proof(cut.database) | changes)


def test_a_proof_of_no_run_is_not_recorded(cut: SignedCut) -> None:
    with stopped("23503"), cut.verifier() as connection:
        connection.execute(_RECORD, ("ictr-20260101T000000Z-ffffffff", Jsonb(_proof(cut.database))))
    with stopped("STOP_BACKUP_NOT_PROVEN"), cut.verifier() as connection:
        connection.execute(_RECORD, (cut.run_id, None))


def test_a_proof_is_recorded_once_as_what_it_is(cut: SignedCut) -> None:
    _record(cut, _proof(cut.database))
    with cut.database.connect("cutter_ro") as connection:
        rows = connection.execute(
            "SELECT run_id, file_name, file_sha256, file_bytes, recipient, recorded_by FROM cutter_governance.v_backup_proof"
            " ORDER BY id DESC LIMIT 1"
        ).fetchall()
    assert rows == [(cut.run_id, "x.dump.gpg", "0" * 64, 1, "A" * 40, "cutter_verify")]


def test_more_tables_than_are_asked_for_are_no_harm(cut: SignedCut) -> None:
    proof = _proof(cut.database)
    _record(cut, proof | {"tables": [*_tables(proof), {"table": "public.dot_config", "rows": 7, "digest": "?"}]})


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_ro"])
def test_only_the_verifying_role_records_a_proof(cut: SignedCut, role: str) -> None:
    proof = _proof(cut.database)
    with cut.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(_RECORD, (cut.run_id, Jsonb(proof)))


def test_a_backup_from_before_a_write_is_no_proof_afterwards(cut: SignedCut) -> None:
    before = _proof(cut.database)
    cut.cut()
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _record(cut, before)
    _record(cut, _proof(cut.database))


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_an_old_snapshot_proves_nothing(cut: SignedCut, isolation: str) -> None:
    """A transaction that began before the write would find the tables of before, and call the backup fresh."""
    before = _proof(cut.database)
    connection = cut.database.connect("cutter_verify", autocommit=False)
    connection.execute(f"SET TRANSACTION ISOLATION LEVEL {isolation}".encode())
    connection.execute("SELECT count(*) FROM public.information_unit")
    cut.cut()
    with stopped("STOP_INVARIANT_FAILED"), connection:
        connection.execute(_RECORD, (cut.run_id, Jsonb(before)))


def test_a_proof_waits_for_the_write_that_is_under_way_and_then_says_what_is_there(cut: SignedCut) -> None:
    cut.rule()
    cut.arm()
    before, found = _proof(cut.database), []

    def record() -> None:
        try:
            _record(cut, before)
        except psycopg.Error as error:
            found.append(error.diag.message_detail)

    with cut.executor() as connection:
        cut.apply(connection)
        thread = threading.Thread(target=record, daemon=True)
        thread.start()
        assert until_somebody_waits(cut.database, thread) == "cutter_verify"
    thread.join(LONGEST_S)
    assert found == ["STOP_BACKUP_NOT_PROVEN"]


def _insert(database: Database, run_id: str, age: str, system: str, timeline: str) -> None:
    with database.connect() as connection:
        connection.execute(_OLD.format(system=system, timeline=timeline).encode(), (run_id, age))


HERE = ("t.system_identifier", "t.timeline")
STALE: dict[str, tuple[str, str, str]] = {
    "an hour old": ("60 minutes 1 second", *HERE),
    "a day old": ("1 day", *HERE),
    "of the future": ("-1 minute", *HERE),
    "of another server": ("0", "'1'", "t.timeline"),
    "of another timeline": ("0", "t.system_identifier", "t.timeline + 1"),
}


def _with_no_proof_but(run: SignedCut, how: str) -> None:
    """Instead of all that was recorded there is this one proof of the run."""
    tamper(run.database, "TRUNCATE cutter_governance.backup_proof")
    if how in STALE:
        _insert(run.database, run.run_id, *STALE[how])


def _arm(run: SignedCut, purpose: str = "cut") -> None:
    with run.executor() as connection:
        ledger.arm(connection, run.run_id, purpose, "tester", "host", 5)


@pytest.mark.parametrize("how", [*STALE, "none at all"])
def test_the_switch_is_not_armed_without_a_fresh_proof(cut: SignedCut, how: str) -> None:
    cut.rule()
    _with_no_proof_but(cut, how)
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _arm(cut)


def test_a_proof_of_just_under_an_hour_is_fresh(cut: SignedCut) -> None:
    cut.rule()
    _with_no_proof_but(cut, "none at all")
    _insert(cut.database, cut.run_id, "55 minutes", *HERE)
    _arm(cut)


def test_the_proof_of_another_run_does_not_arm_this_one(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.rule()
    _with_no_proof_but(one, "none at all")
    other.backup()
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _arm(one)


@pytest.mark.parametrize("how", [*STALE, "none at all"])
def test_the_cut_is_not_written_without_a_fresh_proof_though_the_switch_is_armed(cut: SignedCut, how: str) -> None:
    cut.rule()
    cut.arm()
    _with_no_proof_but(cut, how)
    with stopped("STOP_BACKUP_NOT_PROVEN"), cut.executor() as connection:
        cut.apply(connection)
    assert cut.lifecycles() == []


def test_leg_b_is_not_recorded_without_a_fresh_proof(cut: SignedCut) -> None:
    cut.cut()
    _with_no_proof_but(cut, "an hour old")
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        cut.record()
    cut.backup()
    with cut.executor() as connection:
        ledger.record_cut(connection, cut.run_id, 3, event())


@pytest.mark.parametrize("purpose", ["enact", "revert"])
def test_drafts_are_neither_enacted_nor_taken_back_without_a_fresh_proof(drafted: SignedCut, purpose: str) -> None:
    if purpose == "enact":
        drafted.rule("enact")
    _with_no_proof_but(drafted, "an hour old")
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _arm(drafted, purpose)
    drafted.arm(purpose)
    _with_no_proof_but(drafted, "an hour old")
    with stopped("STOP_BACKUP_NOT_PROVEN"), drafted.executor() as connection:
        (drafted.enact if purpose == "enact" else drafted.revert)(connection)
    assert drafted.lifecycles() == ["draft"] * 3


def test_drafts_are_not_edited_without_a_fresh_proof(drafted: SignedCut) -> None:
    edit = start_edit(drafted)
    edit.rule("edit")
    _with_no_proof_but(edit, "an hour old")
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        _arm(edit, "edit")
    edit.arm("edit")
    _with_no_proof_but(edit, "an hour old")
    with stopped("STOP_BACKUP_NOT_PROVEN"), edit.executor() as connection:
        edit.edit(connection)


def test_a_run_says_that_it_has_a_backup_only_where_it_has(database: Database) -> None:
    run = start_cut(database)
    _with_no_proof_but(run, "none at all")
    tamper(database, "UPDATE cutter_governance.run SET stage = 'cutplan_ok'")
    with stopped("STOP_BACKUP_NOT_PROVEN"), run.executor() as connection:
        ledger.advance(connection, run.run_id, Stage.PRE_WRITE_BACKUP_TAKEN, event())
    run.backup()
    with run.executor() as connection:
        ledger.advance(connection, run.run_id, Stage.PRE_WRITE_BACKUP_TAKEN, event())


def test_the_digest_of_a_table_does_not_depend_on_the_session(cut: SignedCut) -> None:
    cut.cut()
    found = set()
    with cut.database.connect() as connection:
        for setting in (
            "datestyle = 'SQL, DMY'",
            "timezone = 'Asia/Tokyo'",
            "bytea_output = escape",
            "search_path = pg_temp",
        ):
            connection.execute(f"SET {setting}".encode())
            found.add(str(scalar(connection, _TABLES)))
    assert len(found) == 1


def test_the_tables_of_a_proof_are_all_that_a_leased_write_changes(cut: SignedCut) -> None:
    """Grown by a cut, a revert and an enactment: none of them may be missing in the proof."""
    with cut.database.connect() as connection:
        tables = {name for (name,) in connection.execute("SELECT cutter_console.fn_backup_tables()")}
        before = _proof(cut.database)["tables"]
    cut.to_second_pause()
    cut.reverted()
    after = _proof(cut.database)["tables"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    unchanged = {one["table"] for one in before if one in after}
    assert unchanged == {"cutter_governance.canonical_address_alias"}
    assert tables >= {"public.information_unit", "public.unit_version", "cutter_governance.approval_use"}
