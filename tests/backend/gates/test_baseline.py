"""G1 goes red when a wall is down or a row is not accounted for; its proofs leave nothing."""

import contextlib
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import psycopg
import pytest

from console.backend.gates import baseline
from console.backend.gates.arming_checks import readiness
from console.backend.gates.baseline import GATE
from console.backend.gates.connections import ROLES as CONNECTED_AS
from console.backend.gates.growth import deltas_of
from console.backend.gates.probe import Probe
from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import expected_cut_deltas
from console.backend.model.purposes import Purpose
from console.backend.model.schema_names import BESIDE
from console.backend.postgres import kept_sessions
from console.backend.postgres.connections import counted
from console.backend.postgres.kept_sessions import writers_kept
from console.backend.postgres.write_attempts import count_documents, register_probe_document
from console.backend.release.pins import manifest_path
from console.backend.runs.engine import Engine
from console.backend.runs.kill_switch import armed_for
from console.backend.runs.phase_context import Role
from console.backend.runs.reverify import verify_drafts
from console.backend.scratch.cluster import PORT
from tests.backend.gates.conftest import is_red, measured, named
from tests.backend.postgres.signed_cut import event
from tests.backend.postgres.tampering import tamper
from tests.support.edited import edited_drafts
from tests.support.passage import Kept, Passage, silent
from tests.support.round_trips import counting_proxy

At = Callable[[str], Passage]
T = TypeVar("T")
ROWS = """
    SELECT (SELECT count(*) FROM cutter_governance.run), (SELECT count(*) FROM cutter_governance.source_document_registry),
           (SELECT count(*) FROM public.information_unit), (SELECT last_value FROM cutter_governance.run_event_id_seq)
"""


def test_the_walls_hold_and_the_proofs_leave_no_row_and_no_number_taken(fresh: Passage) -> None:
    before = fresh.rows(ROWS)

    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert fresh.rows(ROWS) == before
    assert "0 connections as the executor" in named(report, "LIVE refuses while the switch is off").evidence[0].answer


def test_a_live_run_opens_no_connection_as_the_executor_while_the_switch_is_off(at: At) -> None:
    """The engine asks the very guard that the gate proves, before any connection that could write."""
    passage = at("SG_1 imported")
    executor = passage.installation.settings.database.executor

    with counted() as opened:
        Engine(passage.installation, passage.run_id, silent).walk()

    assert opened
    assert not [one.purpose for one in opened if one.conninfo == executor]
    passage.arm()
    assert armed_for(passage.installation, passage.run_id, Purpose.CUT)
    assert not armed_for(passage.installation, passage.run_id, Purpose.ENACT)


@pytest.mark.parametrize("keeps", [contextlib.nullcontext, writers_kept])
def test_what_a_trial_has_written_is_not_there_afterwards(
    fresh: Passage, keeps: Callable[[], contextlib.AbstractContextManager[None]]
) -> None:
    """However its block ends, also in a command that keeps sessions whose COMMIT was answered."""
    probe, prefix = Probe(fresh.installation, "G1", time.monotonic() + 60.0), "TRIED-AND-GONE"
    with keeps():
        with probe.writing(Role.EXECUTOR) as connection:
            assert register_probe_document(connection, prefix) == 1
        with probe.monitor() as connection:
            assert count_documents(connection, prefix) == 0


def test_the_monitoring_role_tries_its_writes_by_the_names_of_the_database(
    fresh: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session may have been opened by names that were presumed: what is tried is a write, and goes out once."""
    monkeypatch.setattr(kept_sessions, "OWN", BESIDE)
    database = fresh.installation.settings.database
    with counting_proxy(fresh.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        settings = fresh.settings(database=database.model_copy(update={"monitor": proxy.conninfo(database.monitor)}))
        probe = Probe(settings.installation, "G1", time.monotonic() + 60.0)
        assert probe.is_standby() is False
        assert all(attempt.sqlstate for attempt in baseline._monitor(probe).attempts)
        statements = [statement for line in proxy.taken() for statement in line.statements]
    assert sum("DO $$" in statement for statement in statements) == 1


def test_a_guard_that_lets_anybody_through_is_red(fresh: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline, "armed_for", lambda *_: True)

    assert is_red(
        measured(GATE, fresh.installation), "LIVE refuses while the switch is off", action="cutter-console panic"
    )


def test_a_guard_that_asks_as_the_executor_is_red(fresh: Passage) -> None:
    database = fresh.installation.settings.database
    same = fresh.settings(database=database.model_copy(update={"monitor": database.executor}))

    report = measured(GATE, same.installation)

    assert is_red(report, "LIVE refuses while the switch is off", action="database.monitor")


@pytest.mark.parametrize("which", ["executor", "verifier", "monitor"])
def test_a_superuser_connection_is_red(fresh: Passage, which: str) -> None:
    database = fresh.installation.settings.database
    changed = fresh.settings(database=database.model_copy(update={which: database.administrator}))

    report = measured(GATE, changed.installation)

    assert is_red(report, f"direct writes refused as the {which}", action="no superuser")


def test_a_role_that_may_write_units_directly_is_red_although_the_guards_stand(fresh: Passage) -> None:
    fresh.execute("GRANT UPDATE ON public.information_unit TO cutter_verify")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "direct writes refused as the verifier", action="cutter-console drift")
    assert "UPDATE public.information_unit SET met CU004" in report.detail
    assert named(report, "direct writes refused as the executor").outcome is Outcome.PASS


def test_a_line_that_commits_by_itself_is_red(fresh: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection provider had autocommit on: the server rolled back, the tool reported success, and rows stayed."""
    monkeypatch.setattr(psycopg.Connection, "rollback", psycopg.Connection.commit)

    report = measured(GATE, fresh.installation)

    assert is_red(report, "rolled-back create leaves nothing", action="pooler")
    assert "1 inside, 1 outside" in named(report, "rolled-back create leaves nothing").evidence[0].answer


def test_a_transaction_that_is_not_read_only_is_red(fresh: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    def ignored(_connection: psycopg.Connection, _value: bool) -> None:
        """A driver that does not pass READ ONLY on."""

    monkeypatch.setattr(psycopg.Connection, "read_only", property(lambda _: None, ignored))

    report = measured(GATE, fresh.installation)

    assert is_red(report, "dry run takes no transaction id", action="25006")
    assert "transaction id" in named(report, "dry run takes no transaction id").detail


@pytest.mark.parametrize(
    ("tests", "untested", "outcome"),
    [
        ({"failed": 1}, False, Outcome.FAIL),
        ({"failed": 1}, True, Outcome.FAIL),
        ({"passed": 0, "skipped": 3}, False, Outcome.FAIL),
        (None, False, Outcome.FAIL),
        (None, True, Outcome.PARTIAL),
    ],
)
def test_a_release_that_was_not_tested_or_not_green_is_red(
    fresh: Passage, tests: dict[str, int] | None, untested: bool, outcome: Outcome
) -> None:
    path = manifest_path(fresh.installation)
    manifest = json.loads(path.read_bytes())
    path.write_text(json.dumps({**manifest, "tests": tests and {**manifest["tests"], **tests}}))

    report = measured(GATE, fresh.settings(untested=untested).installation)

    assert is_red(
        report,
        "tests recorded",
        outcome,
        action="On the workstation, in a clean checkout of the release: make manifest",
    )
    # A command for another machine: this one's root would be put into it.
    assert "cutter-console" not in named(report, "tests recorded").next_action


def test_a_commit_that_is_not_known_is_named_with_its_reason(fresh: Passage) -> None:
    path = manifest_path(fresh.installation)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "no_commit": "git is not installed"}))

    detail = named(measured(GATE, fresh.installation), "tests recorded").detail

    assert detail.startswith("commit unknown (git is not installed): 3 tests")


def test_a_missing_manifest_records_no_test(fresh: Passage) -> None:
    manifest_path(fresh.installation).unlink()

    assert is_red(measured(GATE, fresh.installation), "tests recorded", action="make manifest")


def test_a_damaged_manifest_records_no_test_and_says_so(fresh: Passage) -> None:
    manifest_path(fresh.installation).write_bytes(b"[]")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "tests recorded", action="make manifest")
    assert str(manifest_path(fresh.installation)) in named(report, "tests recorded").detail


def test_without_a_baseline_no_row_is_explained(fresh: Passage) -> None:
    tamper(fresh, "DELETE FROM cutter_governance.baseline_pin")

    assert is_red(measured(GATE, fresh.installation), "rows as recorded", action="cutter-console migrate")


def test_an_armed_switch_is_named_and_not_ended(at: At) -> None:
    passage = at("armed")

    report = measured(GATE, passage.installation)

    assert is_red(report, "switch still off", Outcome.PARTIAL, action="cutter-console disarm")
    assert named(report, "LIVE refuses while the switch is off").outcome is Outcome.PASS
    assert passage.backend.status().switch.run_id == passage.run_id


def test_rows_that_nobody_recorded_name_their_table(fresh: Passage) -> None:
    fresh.execute("INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('a', 'b')")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "rows as recorded", action="cutter-console counts")
    assert "canonical_address_alias: +1 rows, +0 recorded" in report.detail


def test_a_resting_run_explains_its_rows_exactly_and_is_named(at: At) -> None:
    passage = at("waits for SG_2")
    assert is_red(measured(GATE, passage.installation), "rows as recorded", Outcome.PARTIAL, action=passage.run_id)

    passage.execute(
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('a', 'b')"
    )

    assert is_red(measured(GATE, passage.installation), "rows as recorded")


def test_a_closed_and_a_reverted_run_leave_a_baseline_that_is_met(at: At) -> None:
    enacted = at("enacted")
    assert named(measured(GATE, enacted.installation), "rows as recorded").outcome is Outcome.PASS

    passage = at("waits for SG_2")
    passage.backend.revert(passage.run_id, passage.run_id)
    assert named(measured(GATE, passage.installation), "rows as recorded").outcome is Outcome.PASS


@pytest.mark.parametrize("n_units", [1, 3, 60])
def test_the_steps_of_a_cut_add_what_a_cut_adds(n_units: int) -> None:
    """Legs A and B together are the expected deltas of a run."""
    added: dict[str, int] = {}
    for phase in ("cut_leg_a", "leg_b_record"):
        for delta in deltas_of(phase, n_units):
            added[delta.table] = added.get(delta.table, 0) + delta.rows
    assert added == {delta.table: delta.rows for delta in expected_cut_deltas(n_units)}


def test_a_monitoring_console_leaves_the_proofs_of_other_roles_inconclusive(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation, read_only=True)

    for name in ("dry run takes no transaction id", "rolled-back create leaves nothing"):
        assert is_red(report, name, Outcome.INCONCLUSIVE, action="--read-only")
    for which in ("executor", "verifier"):
        assert is_red(report, f"direct writes refused as the {which}", Outcome.INCONCLUSIVE, action="--read-only")
    assert named(report, "rows as recorded").outcome is Outcome.PASS


def test_counts_that_may_not_be_read_are_inconclusive(fresh: Passage) -> None:
    """A permission error was shown as "no rows"."""
    fresh.execute("REVOKE SELECT ON cutter_governance.v_row_count FROM cutter_ro")

    assert is_red(measured(GATE, fresh.installation), "rows as recorded", Outcome.INCONCLUSIVE, action="drift")


@pytest.mark.parametrize("table", ["manifest_unit_block", "manifest_seal", "approval", "backup_proof", "run_event"])
def test_a_role_that_may_write_the_ledger_past_the_functions_is_red(fresh: Passage, table: str) -> None:
    fresh.execute(f"GRANT INSERT ON cutter_governance.{table} TO cutter_exec")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "direct writes refused as the executor", action="cutter-console drift")
    assert f"INSERT INTO cutter_governance.{table} met nothing" in report.detail


def test_a_verification_that_was_repeated_is_accounted_for_whatever_it_found(at: At) -> None:
    passage = at("waits for SG_2")
    verify_drafts(passage.installation, passage.run(), record=True)
    assert is_red(measured(GATE, passage.installation), "rows as recorded", Outcome.PARTIAL, action=passage.run_id)

    with passage.connect() as connection:
        connection.execute("ALTER TABLE public.unit_version DISABLE TRIGGER USER")
        connection.execute("UPDATE public.unit_version SET title = 'Changed' WHERE title = 'Alpha'")
        connection.execute("ALTER TABLE public.unit_version ENABLE TRIGGER USER")
    checks = verify_drafts(passage.installation, passage.run(), record=True)

    assert Outcome.FAIL in {check.outcome for check in checks}
    (recorded,) = passage.rows("SELECT count(*) FROM cutter_governance.verify_result")
    assert recorded == (3,)
    assert is_red(measured(GATE, passage.installation), "rows as recorded", Outcome.PARTIAL, action=passage.run_id)


def test_what_a_stranger_says_of_a_run_accounts_for_no_row(at: At) -> None:
    """A role that knows a password can leave an event, by leaving the run; it hides nothing."""
    passage = at("SG_1 imported")
    with passage.connect("cutter_exec") as connection:
        said = event("verify again", outcome="PASS")
        connection.execute("SELECT cutter_console.fn_run_leave(%s, 'stopped', 'mine', %s)", (passage.run_id, said))
    assert named(measured(GATE, passage.installation), "rows as recorded").outcome is Outcome.PASS

    passage.execute("INSERT INTO cutter_governance.verify_result (run_id, outcome, checks) VALUES (%s, 'PASS', '{}')", passage.run_id)  # fmt: skip

    report = measured(GATE, passage.installation)
    assert is_red(report, "rows as recorded")
    assert "verify_result: +1 rows, +0 recorded" in named(report, "rows as recorded").detail


def test_the_proofs_do_not_disturb_a_cut_that_is_under_way(at: At) -> None:
    """While a cut holds the execution lock, the board still answers and the lock stays with the cut."""
    passage = at("armed")
    started = datetime.now(UTC)
    with passage.connect() as cutting, cutting.transaction():
        cutting.execute("SELECT 1 FROM cutter_governance.execution_lock FOR UPDATE")
        report = measured(GATE, passage.installation)
    assert report.measured_at >= started
    assert report.outcome is Outcome.PARTIAL, report.detail


@pytest.mark.parametrize(
    ("which", "other"), [("verifier", "executor"), ("monitor", "verifier"), ("executor", "monitor")]
)
def test_a_connection_as_another_role_is_red_and_stops_arming(at: At, which: str, other: str) -> None:
    passage = at("SG_1 imported")
    database = passage.installation.settings.database
    lent = passage.settings(database=database.model_copy(update={which: getattr(database, other)}))

    assert is_red(measured(GATE, lent.installation), "connections", action=f"`database.{which}`")
    assert is_red(readiness(lent.installation, lent.run_id), "PRE-2 authority to arm", action=f"`database.{which}`")


@pytest.mark.parametrize("which", ["executor", "verifier"])
def test_a_connection_to_a_copy_of_the_database_is_red_and_stops_arming(at: At, which: str) -> None:
    passage = at("SG_1 imported")
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS passage_copy")
        connection.execute("CREATE DATABASE passage_copy TEMPLATE passage")
    database = passage.installation.settings.database
    copy = passage.cluster.conninfo("passage_copy", CONNECTED_AS[which])
    apart = passage.settings(database=database.model_copy(update={which: copy}))

    report = measured(GATE, apart.installation)
    assert is_red(report, "connections", action=f"`database.{which}`")
    assert "passage_copy on system" in named(report, "connections").detail
    with pytest.raises(Refused, match="PRE-2"):
        apart.arm()
    with psycopg.connect(passage.cluster.conninfo(), autocommit=True) as connection:
        connection.execute("DROP DATABASE passage_copy WITH (FORCE)")


def test_a_monitoring_console_says_which_connections_it_has_not_looked_at(fresh: Passage) -> None:
    seen = named(measured(GATE, fresh.installation, read_only=True), "connections")

    assert seen.outcome is Outcome.INCONCLUSIVE
    assert "executor and verifier" in seen.detail
    assert "--read-only" in seen.next_action


def test_an_edit_that_was_read_back_is_accounted_for(at: At, kept: Kept) -> None:
    passage, _ = edited_drafts(at, kept)

    rows = named(measured(GATE, passage.installation), "rows as recorded")

    assert rows.outcome is Outcome.PARTIAL, rows.detail
    assert rows.next_action.endswith(passage.run_id)


def test_executor_and_verifier_are_measured_side_by_side(fresh: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 100 ms each way the gate had no answer within the board's ten seconds."""
    both = threading.Barrier(2, timeout=60)

    def met(measure: Callable[[Probe], T]) -> Callable[[Probe], T]:
        def waiting(probe: Probe) -> T:
            both.wait()
            return measure(probe)

        return waiting

    monkeypatch.setattr(baseline, "_as_executor", met(baseline._as_executor))
    monkeypatch.setattr(baseline, "_as_verifier", met(baseline._as_verifier))

    report = measured(GATE, fresh.installation)

    assert not both.broken
    assert named(report, "direct writes refused as the verifier").outcome is Outcome.PASS
    assert named(report, "direct writes refused as the executor").outcome is Outcome.PASS
