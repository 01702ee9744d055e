"""The organisation's objects, the console's screens and what is sent to the server, beside tables of the same names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import psycopg
from psycopg import sql

from console.backend.model.outcome import Outcome
from console.backend.model.tables import LEDGER
from console.backend.postgres.live_text import read_query
from console.backend.postgres.migrations import migrate
from console.backend.postgres.site_writable import writing_faults
from tests.conftest import Database
from tests.same_names.conftest import AFTER_CUT, BEFORE, INSTALLED, Beside, theirs
from tests.support.fingerprint import Fingerprint, existing_part, fingerprint
from tests.support.passage import UNITS, Passage, silent

_OF_THE_CONSOLE = re.compile(r"(,?)(cutter_\w+=\w+/\w+)(?=[,}])")
"""A privilege of one of the console's roles, as PostgreSQL prints it."""
_QUOTED = re.compile(r"""--[^\n]*|"(?:[^"]|"")*"|('(?:[^']|'')*')""")
_WRITTEN = re.compile(r"\bpublic\b|\bcutter_governance\b")
_THEIR_LEDGER = {
    "source_document_registry", "source_document_version_registry", "manifest_envelope", "manifest_unit_block",
    "review_decision", "cut_change_set", "cut_change_set_affected_row", "verify_result", "dot_pair_signature",
    "canonical_address_alias", "decision_backlog_entry", "decision_backlog_history",
}  # fmt: skip
_ALONE = {table.full_name for table in LEDGER if table.name not in _THEIR_LEDGER}
"""Tables of the console's that the organisation has none of: their names as written are nowhere in this database."""


def _without_grants_to_the_console(objects: tuple[tuple[object, ...], ...]) -> list[tuple[object, ...]]:
    return [(kind, oid, _OF_THE_CONSOLE.sub("", str(text)).replace("{,", "{")) for kind, oid, text in objects]


def _rows_but_the_written(taken: Fingerprint, governed: tuple[str, ...]) -> list[tuple[str, int, str]]:
    return [row for row in taken.rows if row[0] not in {*BEFORE, *governed}]


def test_migrate_changes_nothing_that_was_there(beside: Beside) -> None:
    now = fingerprint(Database(beside.cluster, INSTALLED))

    assert len(beside.before.objects) > 100
    assert existing_part(beside.before, now) == beside.before


def test_after_the_script_and_a_whole_passage_every_object_and_every_call_is_what_it_was(
    beside: Beside, enacted: Passage
) -> None:
    now = existing_part(beside.before, fingerprint(Database(enacted.cluster, enacted.database)))

    assert now.calls == beside.before.calls
    assert _without_grants_to_the_console(now.objects) == _without_grants_to_the_console(beside.before.objects)
    assert beside.mapping.governance is not None
    governed = beside.mapping.governance.tables
    assert _rows_but_the_written(now, governed) == _rows_but_the_written(beside.before, governed)
    kept = "SELECT count(*) FROM cutter_governance.source_document_registry WHERE (doc_code, title, registered_by) = ('LIB-RULES', 'Rules of the library', 'seed')"
    assert enacted.rows(kept) == [(1,)], "rows that were there stay as they were"
    assert theirs(enacted) == {**AFTER_CUT, "public.iu_lifecycle_log": 60 + UNITS}


def test_what_callers_of_the_organisation_do_works_as_before(signed: Passage) -> None:
    with signed.connect() as connection:
        connection.execute("SET ROLE directus")
        answer = connection.execute("SELECT fn_library_add('LIB-NEW', 'New', 'Text')").fetchone()
        listed = connection.execute("SELECT count(*) FROM v_units_in_force").fetchone()

    assert answer == ("created",)
    assert listed == (60,)


def test_a_second_migrate_finds_everything_there(beside: Beside, tied: Passage) -> None:
    administrator = tied.installation.settings.database.administrator

    for names in (None, beside.names):
        done = migrate(administrator, names=names)
        assert (done.applied, done.pinned) == ((), False)


def test_counts_name_each_table_by_the_name_that_it_has(beside: Beside, drafted: Passage) -> None:
    counts = {count.table: count.rows for count in drafted.backend.status().counts}

    assert {table: counts[table] for table in AFTER_CUT} == AFTER_CUT
    assert counts[beside.names.in_database("public.information_unit")] == UNITS
    assert counts[beside.names.in_database("cutter_governance.manifest_unit_block")] == UNITS
    assert counts["cutter_governance.manifest_unit_block"] == UNITS
    assert set(_ALONE).isdisjoint(counts)


def test_gates_and_drift_measure_the_console_where_it_stands(signed: Passage) -> None:
    board = signed.backend.gates()
    drift = signed.backend.drift()

    failed = {(gate.gate, check.name) for gate in board.gates for check in gate.checks if check.outcome is Outcome.FAIL}
    # The server of the tests does not sync its files.
    assert failed == {("G8", "R4 durability of an acknowledged COMMIT")}
    assert (drift.outcome, drift.differences) == (Outcome.PASS, ())


def test_a_changed_guard_is_drift_with_a_repair_that_names_the_console_s_own_table(
    beside: Beside, signed: Passage
) -> None:
    table = beside.names.in_database("public.information_unit")
    ledger = beside.names.ledger
    signed.execute(f"ALTER TABLE {table} DISABLE TRIGGER guard_write")
    signed.execute(f"CREATE OR REPLACE VIEW {ledger}.v_row_count AS SELECT table_name, rows FROM {ledger}.kept_count")

    drift = signed.backend.drift()
    assert {difference.what for difference in drift.differences} >= {"trigger state", "view"}
    with signed.connect() as connection:
        for difference in drift.differences:
            connection.execute("\n".join(difference.repair).encode())

    assert signed.backend.drift().differences == ()


@contextmanager
def _watched() -> Iterator[tuple[list[str], list[object]]]:
    """Every statement and every value that reaches psycopg's cursor, as it is sent."""
    statements: list[str] = []
    values: list[object] = []
    plain = psycopg.Cursor.execute

    def execute(self: "psycopg.Cursor[object]", query: object, params: object = None, **more: object) -> object:
        text = query.as_string(self) if isinstance(query, sql.Composable) else query
        statements.append(text.decode() if isinstance(text, bytes) else str(text))
        values.extend(params.values() if isinstance(params, dict) else params or ())  # type: ignore[arg-type]
        return plain(self, query, params, **more)  # type: ignore[call-overload]

    with patch.object(psycopg.Cursor, "execute", execute):
        yield statements, values


def _with_names_as_written(statements: list[str]) -> list[str]:
    """Return the statements that name a schema of the console's tables elsewhere than in comments and quoted names."""
    own_text = [_QUOTED.sub(lambda match: match[1] or "", statement) for statement in set(statements)]
    return [text for text in own_text if _WRITTEN.search(text) and "set_config" not in text]


def test_the_organisation_s_tables_are_asked_about_by_values(beside: Beside, tied: Passage) -> None:
    """In a value no name is changed on the way: the table of this name is asked about, and none of the console's."""
    with tied.connect() as connection, _watched() as (statements, values):
        assert writing_faults(connection, beside.mapping) == []

    assert any(value == list(beside.mapping.counted) for value in values)
    assert _with_names_as_written(statements) == []


def test_no_statement_of_a_whole_passage_names_the_organisation_s_tables_as_the_console_s(signed: Passage) -> None:
    with _watched() as (statements, values):
        signed.backend.gates()
        signed.backend.drift()
        signed.backend.status()
        signed.arm()
        signed.resume()
        signed.backend.verify(signed.run_id)
        signed.sign()
        signed.enact()
        signed.run()

    assert len(statements) > 300
    assert _with_names_as_written(statements) == []
    named = {name for value in values for name in (value if isinstance(value, list | tuple) else [value])}
    assert named & _ALONE == set()


def test_a_registered_query_reads_the_organisation_s_table_and_not_the_console_s(signed: Passage) -> None:
    monitor = signed.installation.settings.database.monitor
    signed.execute("GRANT SELECT ON public.information_unit TO watcher")

    for table in ("public.information_unit", "information_unit"):
        text = read_query(monitor, "LIB-RULES", f"SELECT count(*)::text || ' in public' FROM {table}", 1000)
        assert text == b"158 in public", table


def test_bundle_and_report_of_a_run_are_written_and_say_what_they_say_elsewhere(enacted: Passage) -> None:
    report = enacted.backend.report(enacted.run_id)
    bundle = enacted.backend.bundle(silent)
    verdicts = enacted.backend.verify_reports(())

    assert len(report.documents) > 10
    assert verdicts
    assert all(verdict.outcome is Outcome.PASS for verdict in verdicts), verdicts
    # Of the server of the tests, which does not sync its files.
    assert {gate.gate for gate in bundle.board.gates if gate.outcome is Outcome.FAIL} <= {"G8"}
