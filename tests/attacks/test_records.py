"""Records that say what did not happen: events, journals, baselines, sources, verifications."""

import hashlib
import secrets

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.postgres import ledger
from tests.attacks.edits import start_edit
from tests.attacks.world import EXECUTOR, MONITOR, STRANGER, VERIFIER, Prey, attack, bring, call, refused, session
from tests.backend.postgres.signed_cut import SignedCut, event, start_cut, stopped
from tests.conftest import Database

RUN = "ictr-20260101T000000Z-0000abcd"


def vouching(key: JournalKey, number: int, seq: int | None = None) -> Jsonb:
    """An event of somebody who holds the run's directory."""
    return event(key=key.key(number), lock=key.lock(number + 1), seq=seq if seq is not None else number + 1)


@pytest.fixture
def honest(database: Database) -> tuple[Database, JournalKey]:
    """A run whose journal's key only the console holds; its first event stands."""
    key = JournalKey(secrets.token_bytes(32))
    with session(database, EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'o', 'p')")
        call(connection, "fn_run_create", RUN, "cut", "ACME-LAW", "o", "p", "o", "h", vouching(key, 0))
    return database, key


def _vouched(database: Database) -> list[bool | None]:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT vouched FROM cutter_governance.run_event WHERE run_id = %s ORDER BY id", (RUN,)
        )
        return [vouched for (vouched,) in rows]


def _stop(database: Database, said: Jsonb) -> None:
    with session(database, EXECUTOR) as connection:
        call(connection, "fn_run_leave", RUN, "stopped", "x", said)


def test_an_event_without_the_key_is_told_apart(honest: tuple[Database, JournalKey]) -> None:
    """A false event row spoiled a sound journal for ever."""
    database, key = honest
    _stop(database, event(seq=99))
    assert _vouched(database) == [True, False]
    _stop(database, vouching(key, 1))
    assert _vouched(database) == [True, False, True]


@pytest.mark.parametrize("guess", ["0" * 64, "f" * 64, hashlib.sha256(b"").hexdigest()])
def test_a_guessed_key_vouches_for_nothing(honest: tuple[Database, JournalKey], guess: str) -> None:
    database, _ = honest
    _stop(database, event(key=guess, lock="0" * 64))
    assert _vouched(database) == [True, False]


def test_the_lock_that_everybody_reads_is_not_the_key(honest: tuple[Database, JournalKey]) -> None:
    database, _ = honest
    with session(database, EXECUTOR) as connection:
        row = connection.execute("SELECT journal_lock FROM cutter_governance.run WHERE run_id = %s", (RUN,)).fetchone()
    assert row is not None
    _stop(database, event(key=row[0], lock="0" * 64))
    assert _vouched(database) == [True, False]


def test_a_key_that_was_used_is_not_used_again(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    _stop(database, vouching(key, 1))
    _stop(database, vouching(key, 1, seq=50))
    _stop(database, vouching(key, 0, seq=51))
    assert _vouched(database) == [True, True, False, False]


def test_a_strangers_event_does_not_change_the_lock(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    _stop(database, event(key="0" * 64, lock="a" * 64))
    _stop(database, event(lock="b" * 64))
    _stop(database, vouching(key, 1))
    assert _vouched(database) == [True, False, False, True]


def test_the_key_does_not_vouch_for_an_event_that_goes_back(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    with refused(database, "STOP_INVARIANT_FAILED"):
        _stop(database, vouching(key, 1, seq=1))


def test_the_key_does_not_vouch_without_a_new_lock(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    with refused(database, "STOP_INVARIANT_FAILED"):
        _stop(database, event(key=key.key(1), seq=9))


def test_a_rest_without_the_key_is_refused(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    for said in (event(), event(key="0" * 64, lock="0" * 64), vouching(key, 0, seq=9)):
        with refused(database, "STOP_INVARIANT_FAILED"), session(database, EXECUTOR) as connection:
            call(connection, "fn_run_rest", RUN, said)


def test_a_key_of_a_transaction_that_was_rolled_back_still_opens(honest: tuple[Database, JournalKey]) -> None:
    database, key = honest
    with session(database, EXECUTOR, autocommit=False) as connection:
        call(connection, "fn_run_leave", RUN, "stopped", "x", vouching(key, 1))
        connection.rollback()
    _stop(database, vouching(key, 1))
    assert _vouched(database) == [True, True]


EVENTS: dict[str, dict[str, object]] = {
    "no phase": {"phase": None},
    "an empty phase": {"phase": ""},
    "a long phase": {"phase": "x" * 65},
    "a phase with an escape sequence": {"phase": "\x1b[2J"},
    "a phase with a line feed": {"phase": "a\nb"},
    "no outcome": {"outcome": None},
    "an unknown outcome": {"outcome": "GREAT"},
    "no record": {"record": None},
    "a record of 9 MB": {"record": {"x": "x" * 9_000_000}},
    "no sequence": {"seq": None},
    "a negative sequence": {"seq": -1},
    "a sequence that is no number": {"seq": "x"},
    "a sequence beyond 64 bits": {"seq": 10**20},
    "no head": {"head": None},
    "a short head": {"head": "0"},
    "a head in upper case": {"head": "F" * 64},
    "a key that is none": {"key": "x"},
    "a lock that is none": {"lock": "x"},
}


@pytest.mark.parametrize("how", EVENTS)
def test_an_event_that_is_none_is_refused_with_its_step(prey: Prey, how: str) -> None:
    kept = {"phase": "test", "outcome": "PASS", "record": {}, "seq": 1, "head": "0" * 64} | EVENTS[how]
    said = Jsonb({name: value for name, value in kept.items() if value is not None})
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_leave", prey.armed.run_id, "stopped", "x", said)


@pytest.mark.parametrize("said", ["null", "[]", '"x"', "1", "{}", "[{}]"])
def test_an_event_that_is_no_object_is_refused_with_its_step(prey: Prey, said: str) -> None:
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_leave", prey.armed.run_id, "stopped", "x", said)


@pytest.mark.parametrize("role", [EXECUTOR, VERIFIER, MONITOR, STRANGER])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT cutter_console.fn_event_write('{run}', '{{}}')",
        "SELECT cutter_console.fn_run_event('{run}', 'x', 'PASS', '{{}}', 1, 'x')",
        "SELECT cutter_console.fn_run_step('{run}', ARRAY['created'], 'closeout_reported', '{{}}')",
        "SELECT cutter_console.fn_baseline_write('{run}')",
        "SELECT cutter_console.fn_baseline_pin('{run}')",
        "SELECT cutter_console.fn_baseline_pin(NULL)",
        "INSERT INTO cutter_governance.baseline_pin (run_id, table_name, rows) VALUES ('{run}', 'public.information_unit', 99)",
        "UPDATE cutter_governance.run_event SET vouched = true",
        "DELETE FROM cutter_governance.run_event WHERE NOT vouched",
    ],
)
def test_nobody_writes_an_event_or_a_baseline_by_itself(prey: Prey, role: str, statement: str) -> None:
    """The executor pinned a baseline under any run id."""
    with refused(prey.database, "42501", "42883"), prey.session(role) as connection:
        connection.execute(statement.format(run=prey.law.run_id).encode())


@pytest.mark.parametrize("stage", ["SG_1 imported", "armed", "waits for SG_2"])
def test_no_run_is_closed_for_the_sake_of_its_baseline(cut: SignedCut, stage: str) -> None:
    bring(cut, stage)
    with refused(cut.database, "STOP_INVARIANT_FAILED"), session(cut.database, EXECUTOR) as connection:
        ledger.close_run(connection, cut.run_id, event())


def _pin(connection: psycopg.Connection, run: str, sha256: str, canonical: str, size: int = 1, rule: str = "r") -> None:
    call(connection, "fn_run_create", run, "cut", "ACME-LAW", "o", "p", "o", "h", event())
    call(connection, "fn_source_pin", run, size, sha256, canonical, rule, event())


@pytest.mark.parametrize("what", ["the canonical text", "the size", "the rule"])
def test_a_source_that_was_planted_with_false_facts_is_refused_loudly(database: Database, what: str) -> None:
    """Found here: the pin of the same bytes answered done, and the manifest referred to the planted row."""
    size, canonical, rule = {
        "the canonical text": (1, "f" * 64, "r"),
        "the size": (2, "b" * 64, "r"),
        "the rule": (1, "b" * 64, "mine"),
    }[what]
    with session(database, EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'o', 'p')")
        _pin(connection, f"{RUN[:-1]}1", "a" * 64, canonical, size, rule)
    with refused(database, "STOP_REPLAY_CONFLICT"), session(database, EXECUTOR, autocommit=False) as connection:
        _pin(connection, f"{RUN[:-1]}2", "a" * 64, "b" * 64)


def test_the_same_source_is_pinned_by_two_runs(database: Database) -> None:
    with session(database, EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'o', 'p')")
        _pin(connection, f"{RUN[:-1]}1", "a" * 64, "b" * 64)
        _pin(connection, f"{RUN[:-1]}2", "a" * 64, "b" * 64)


@pytest.mark.parametrize("size", [0, -1, -(2**63)])
def test_a_source_has_a_size(prey: Prey, size: int) -> None:
    with refused(prey.database, "STOP_REFUSED_INPUT"), prey.session(EXECUTOR, autocommit=False) as connection:
        _pin(connection, f"{RUN[:-1]}3", "a" * 64, "b" * 64, size)


@pytest.mark.parametrize(
    "prefix",
    [
        "ICX-CONST",
        "DIEU",
        "DIEU-1",
        "acme",
        "A",
        "-ACME",
        "ACME-",
        "ACME/LAW",
        "ACME LAW",
        "",
        "ÄCME",
        "A" * 33,
        "..",
        "ACME\n",
    ],
)
def test_a_document_has_a_prefix_of_its_own(prey: Prey, prefix: str) -> None:
    with refused(prey.database, "STOP_REFUSED_INPUT", "23514", "22021"), prey.session(EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register(%s, 'o', 'p')", (prefix,))


@pytest.mark.parametrize("role", [EXECUTOR])
def test_only_an_administrator_registers_a_query(prey: Prey, role: str) -> None:
    """The query of a document was run on the administrator's connection."""
    for prefix in ("ACME-NEW", "ACME-LAW"):
        with refused(prey.database, "STOP_GRANT_DELTA"), prey.session(role) as connection:
            connection.execute("SELECT cutter_console.fn_document_register(%s, 'o', 'p', 'DROP TABLE x')", (prefix,))


def test_a_registered_document_keeps_what_it_was_registered_with(prey: Prey) -> None:
    with attack(prey.database), prey.session(EXECUTOR) as connection:
        connection.execute("SELECT cutter_console.fn_document_register('ACME-LAW', 'elsewhere', 'mine')")


@pytest.mark.parametrize(
    "run", ["", "x", "ictr-1", "ictr-20260101T000000Z-0000000G", "ictr-20260101T000000Z-00000001\n", "../../etc"]
)
def test_a_run_has_a_name_of_its_form(prey: Prey, run: str) -> None:
    with refused(prey.database, "23514"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_create", run, "cut", "ACME-LAW", "o", "p", "o", "h", event())


@pytest.mark.parametrize("operation", ["", "revert", "enact", "CUT"])
def test_a_run_cuts_or_edits(prey: Prey, operation: str) -> None:
    with refused(prey.database, "23514"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_create", RUN, operation, "ACME-LAW", "o", "p", "o", "h", event())


def test_a_run_is_of_a_registered_document(prey: Prey) -> None:
    with refused(prey.database, "23503"), prey.session(EXECUTOR) as connection:
        call(connection, "fn_run_create", RUN, "cut", "ACME-NONE", "o", "p", "o", "h", event())


@pytest.mark.parametrize("checks", [None, '{"x": "' + "x" * 9_000_000 + '"}'], ids=["no checks", "checks of 9 MB"])
def test_a_verification_has_checks_of_a_bounded_size(prey: Prey, checks: str | None) -> None:
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(VERIFIER) as connection:
        connection.execute(
            "SELECT cutter_console.fn_verify_record(%s, 'PASS', %s::jsonb, %s)",
            (prey.drafts.run_id, checks, event()),
        )


@pytest.mark.parametrize("outcome", ["", "pass", "PARTIAL", "INCONCLUSIVE", "NOT_RUN", "PASS\n"])
def test_a_verification_is_pass_or_fail(prey: Prey, outcome: str) -> None:
    with refused(prey.database, "STOP_INVARIANT_FAILED"), prey.session(VERIFIER) as connection:
        call(connection, "fn_verify_record", prey.drafts.run_id, outcome, "{}", event())


def test_an_edit_is_verified_as_good_only_while_it_stands(database: Database) -> None:
    drafts = start_cut(database)
    drafts.to_second_pause()
    first = start_edit(drafts, 2).ready()
    with first.executor() as connection:
        first.apply(connection)
    first.disarm()
    second = start_edit(drafts, 3, body="A third text.\n").ready()
    with second.executor() as connection:
        second.apply(connection)
    with refused(database, "STOP_COUNT_MISMATCH"), session(database, VERIFIER) as connection:
        call(connection, "fn_edit_verify_record", first.run_id, event())


def test_of_two_edits_of_one_draft_the_later_one_is_what_was_signed(database: Database) -> None:
    drafts = start_cut(database)
    drafts.to_second_pause()
    for number, body in ((2, "Second text.\n"), (3, "Third text.\n")):
        edit = start_edit(drafts, number, body=body).ready()
        with edit.executor() as connection:
            edit.apply(connection)
        edit.disarm()
    drafts.verify()
    with database.connect() as connection:
        assert call(connection, "fn_draft_differences", drafts.run_id) is None
        row = connection.execute(
            "SELECT body FROM cutter_governance.v_reader WHERE canonical_address = 'ACME-LAW/ONE'"
        ).fetchone()
    assert row == ("Third text.\n",)


def test_the_log_of_lifecycles_names_the_run_and_the_decision_of_each_step(database: Database) -> None:
    one, other = start_cut(database), start_cut(database, "ACME-OTHER", number=2)
    one.enacted()
    other.to_second_pause()
    other.arm("revert")
    with other.executor() as connection:
        other.revert(connection)
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT l.run_id, l.to_status, d.run_id, d.verdict, u.doc_code FROM public.iu_lifecycle_log l"
            " JOIN cutter_governance.review_decision d ON d.id = l.review_decision_id JOIN public.information_unit u ON u.id = l.unit_id ORDER BY l.id"
        ).fetchall()
    assert (
        rows
        == [(one.run_id, "enacted", one.run_id, "enact", "ACME-LAW")] * 3
        + [(other.run_id, "superseded", other.run_id, "revert", "ACME-OTHER")] * 3
    )


def test_the_owner_itself_changes_no_row_of_the_ledger(prey: Prey) -> None:
    """The guards are enabled always: replica mode does not skip them, and nobody logs in as the owner."""
    with prey.database.connect() as connection:
        tables = [
            str(name)
            for (name,) in connection.execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'guard_append_only' ORDER BY 1"
            )
        ]
    assert len(tables) > 20
    for mode in ("origin", "replica"):
        with attack(prey.database), prey.database.connect() as connection:
            connection.execute(f"SET session_replication_role = {mode}".encode())
            for table in tables:
                for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                    with stopped("STOP_INVARIANT_FAILED"):
                        connection.execute(statement.encode())


@pytest.mark.parametrize("mode", ["origin", "replica"])
def test_the_owner_itself_changes_no_law(prey: Prey, mode: str) -> None:
    with attack(prey.database), prey.database.connect() as connection:
        connection.execute(f"SET session_replication_role = {mode}".encode())
        for statement, code in {
            "UPDATE public.unit_version SET body = 'x'": "STOP_APPROVAL_REQUIRED",
            "UPDATE public.information_unit SET lifecycle_status = 'draft'": "STOP_APPROVAL_REQUIRED",
            "DELETE FROM public.unit_version": "STOP_INVARIANT_FAILED",
            "TRUNCATE public.information_unit": "STOP_INVARIANT_FAILED",
            "INSERT INTO public.information_unit (canonical_address, unit_kind, section_type) VALUES ('X/1', 'x', 'x')": "STOP_APPROVAL_REQUIRED",
            "INSERT INTO cutter_governance.manifest_unit_block SELECT run_id, 99, 'X/1', NULL, unit_kind, section_type, section_code, title, body, body_sha256, 0, 1, 1, 1"
            " FROM cutter_governance.manifest_unit_block LIMIT 1": "STOP_EXECUTION_DISABLED",
        }.items():
            with stopped(code):
                connection.execute(statement.encode())
