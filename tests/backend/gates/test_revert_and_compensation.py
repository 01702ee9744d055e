"""G4 goes red when law could be changed, a draft not be taken back, or rows be deleted."""

import shlex
import time
from collections.abc import Callable, Iterator

import pytest

from console.backend.gates import revert_and_compensation
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.gates.revert_and_compensation import GATE
from console.backend.model.outcome import Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.states import Phase
from console.backend.postgres.guards import REQUIRED
from console.backend.postgres.probes import revert_faults
from console.backend.runs.recovery import STEPS, Runbook, compensation_runbook, runbook_faults
from console.cli.command_line import build_parser
from tests.backend.gates.conftest import SECONDS, is_red, measured, named
from tests.support.passage import Passage, fingerprint

DRIFT = "cutter-console drift"
TARGET = Target(host="host", database="rules", system_identifier="7", timeline=1)


def _changed(passage: Passage, function: str, old: str, new: str) -> None:
    (row,) = passage.rows("SELECT pg_get_functiondef(%s::regproc)", f"cutter_console.{function}")
    definition = str(row[0])
    assert old in definition
    passage.execute(definition.replace(old, new).replace("%", "%%"))


@pytest.fixture
def draft(at: Callable[[str], Passage]) -> Passage:
    """A site whose run rests at the second pause, with a draft cut of three units."""
    return at("waits for SG_2")


def test_a_synthetic_draft_is_taken_back_where_there_is_none(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert "a synthetic draft, 3 units" in named(report, "soft revert").detail


def test_the_draft_of_a_run_is_taken_back_and_stays_as_it_was(draft: Passage) -> None:
    before, log = fingerprint(draft), draft.rows("SELECT last_value, is_called FROM public.iu_lifecycle_log_id_seq")

    report = measured(GATE, draft.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert f"the draft of run {draft.run_id}, 3 units" in named(report, "soft revert").detail
    after = fingerprint(draft)
    assert {name: after[name] for name in after if "." in name or "_" in name} == {
        name: before[name] for name in before if "." in name or "_" in name
    }
    assert draft.rows("SELECT last_value, is_called FROM public.iu_lifecycle_log_id_seq") == log
    assert draft.run().state.name == "awaiting_lifecycle_authorization"


@pytest.mark.parametrize(
    ("trigger", "table"),
    [
        ("guard_write", "public.information_unit"),
        ("guard_immutable", "public.unit_version"),
        ("guard_append_only", "cutter_governance.approval_use"),
        ("guard_no_delete", "cutter_governance.run"),
    ],
)
def test_a_disabled_guard_is_named(fresh: Passage, trigger: str, table: str) -> None:
    """The owner, or a superuser, disables triggers."""
    fresh.execute(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "guards", action=DRIFT)
    assert f"{trigger} on {table} is disabled" in named(report, "guards").detail


def test_a_guard_that_replica_mode_skips_is_named(fresh: Passage) -> None:
    """Session_replication_role=replica skips what is only ENABLE."""
    fresh.execute("ALTER TABLE public.unit_version ENABLE TRIGGER guard_no_delete")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "guards", action=DRIFT)
    assert "not ENABLE ALWAYS" in named(report, "guards").detail


def test_a_missing_guard_is_named(fresh: Passage) -> None:
    fresh.execute("DROP TRIGGER guard_transition ON public.information_unit")

    assert is_red(measured(GATE, fresh.installation), "guards", action=DRIFT)


def test_a_guard_that_calls_another_function_is_named(fresh: Passage) -> None:
    fresh.execute(
        "CREATE OR REPLACE TRIGGER guard_no_delete BEFORE DELETE OR TRUNCATE ON public.unit_version FOR EACH STATEMENT"
        " EXECUTE FUNCTION cutter_console.guard_write(); ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER guard_no_delete"
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "guards", action=DRIFT)
    assert "calls guard_write, not guard_refuse" in named(report, "guards").detail


def test_a_revert_that_leaves_a_unit_to_readers_is_red(draft: Passage) -> None:
    _changed(
        draft,
        "fn_revert_write",
        "SET lifecycle_status = 'superseded', updated_by = session_user",
        "SET lifecycle_status = CASE WHEN u.id = taken[1] THEN 'enacted' ELSE 'superseded' END, updated_by = session_user",
    )

    report = measured(GATE, draft.installation)

    assert is_red(report, "soft revert", action=DRIFT)
    assert is_red(report, "revert functions", action=DRIFT)


def test_a_revert_that_is_refused_is_red_with_what_was_said(draft: Passage) -> None:
    _changed(draft, "fn_revert_write", "IF units <> a.n_units", "IF units = a.n_units")

    report = measured(GATE, draft.installation)

    assert is_red(report, "soft revert", action=DRIFT)
    assert "CU006: 3 units reverted, 3 signed" in named(report, "soft revert").detail


def test_a_revert_without_its_log_rows_is_red(draft: Passage) -> None:
    draft.execute("DROP TRIGGER guard_transition_log ON public.information_unit")

    report = measured(GATE, draft.installation)

    assert is_red(report, "soft revert")
    assert "public.iu_lifecycle_log: +0 rows, +3 planned" in named(report, "soft revert").detail


def test_a_changed_guard_function_is_red_by_its_digest(fresh: Passage) -> None:
    fresh.execute(
        "CREATE OR REPLACE FUNCTION cutter_console.guard_refuse() RETURNS trigger LANGUAGE plpgsql"
        " SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NULL; END'"
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "revert functions", action=DRIFT)
    assert "guard_refuse has another body" in named(report, "revert functions").detail


@pytest.mark.parametrize(("function", "used_by_the_probe"), [("fn_cut_revert", False), ("fn_revert_write", True)])
def test_a_dropped_revert_function_is_red(fresh: Passage, function: str, used_by_the_probe: bool) -> None:
    fresh.execute(f"DROP FUNCTION cutter_console.{function}")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "revert functions", action=DRIFT)
    assert f"{function} is" in named(report, "revert functions").detail
    if used_by_the_probe:
        assert is_red(report, "soft revert", action=DRIFT)


@pytest.mark.parametrize("role", ["cutter_exec", "PUBLIC"])
def test_a_privilege_to_delete_is_red_with_the_statement_that_takes_it_away(fresh: Passage, role: str) -> None:
    fresh.execute(f"GRANT DELETE, TRUNCATE ON public.unit_version TO {role}")

    report = measured(GATE, fresh.installation)

    repair = f"REVOKE DELETE, TRUNCATE ON TABLE public.unit_version FROM {role};"
    assert is_red(report, "nobody may delete", action=repair)
    fresh.execute(repair)
    assert measured(GATE, fresh.installation).outcome is Outcome.PASS


@pytest.fixture
def mallory(fresh: Passage) -> Iterator[Passage]:
    """A role of the cluster that is gone afterwards."""
    fresh.execute("CREATE ROLE mallory_deletes LOGIN")
    yield fresh
    fresh.execute("DROP ROLE mallory_deletes")


@pytest.mark.parametrize("of", ["pg_write_all_data", "cutter_owner"])
def test_a_member_of_a_role_that_may_delete_is_red(mallory: Passage, of: str) -> None:
    mallory.execute(f"GRANT {of} TO mallory_deletes")

    assert is_red(
        measured(GATE, mallory.installation), "nobody may delete", action=f"REVOKE {of} FROM mallory_deletes;"
    )


def test_under_a_hold_the_revert_is_inconclusive_and_the_rest_is_measured(fresh: Passage) -> None:
    fresh.execute("SELECT cutter_console.fn_hold_set('look here', 'tester', NULL)")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "soft revert", Outcome.INCONCLUSIVE, action="cutter-console hold show")
    assert named(report, "guards").outcome is Outcome.PASS


def test_a_database_that_is_gone_is_inconclusive(fresh: Passage) -> None:
    """Nothing is shown as found or as absent."""
    database = fresh.installation.settings.database
    down = database.model_copy(update={"monitor": "host=/nonexistent", "verifier": "host=/nonexistent"})

    report = measured(GATE, fresh.settings(database=down).installation)

    assert {check.outcome for check in report.checks} == {Outcome.INCONCLUSIVE}
    assert all(check.next_action for check in report.checks)


def test_faults_are_told_of_every_digest_that_differs(draft: Passage) -> None:
    facts = revert_and_compensation.measure(Probe(draft.installation, "G4", time.monotonic() + SECONDS))
    assert facts.reverted.value is not None
    one = facts.reverted.value.probe

    assert revert_faults(one) == ()
    for change in ({"inside": one.full}, {"after": one.inside}, {"full": one.without}, {"done": False}, {"entries": 0}):
        assert revert_faults(one.model_copy(update=change)) != (), change


def test_the_runbook_has_the_designed_steps_and_names_this_database() -> None:
    runbook = compensation_runbook(TARGET, "18.0", "ictr-20260101T000000Z-00000001")

    assert runbook_faults(runbook) == ()
    assert {plan.phase: len(plan.steps) for plan in runbook.plans} == STEPS
    assert [plan.phase for plan in runbook.plans if plan.escalates] == [Phase.LIFECYCLE_ENACT]
    assert "rules, system 7, timeline 1, on host" in runbook.model_dump_json()
    assert runbook.digest != compensation_runbook(TARGET.model_copy(update={"timeline": 2}), "18.0").digest


def test_every_command_of_the_runbook_is_one_that_the_program_has() -> None:
    for plan in compensation_runbook(TARGET, "18.0", "ictr-20260101T000000Z-00000001").plans:
        for step in plan.steps:
            program, *arguments = shlex.split(step.command)
            assert program == "cutter-console"
            build_parser().parse_args(arguments)


def test_enacted_units_are_never_reverted_by_the_runbook() -> None:
    plan = next(one for one in compensation_runbook(TARGET, "18.0").plans if one.phase is Phase.LIFECYCLE_ENACT)

    assert not any("revert" in step.command for step in plan.steps)
    assert plan.steps[0].command.startswith("cutter-console panic")


def test_a_runbook_that_lacks_a_step_or_a_database_is_red(fresh: Passage) -> None:
    facts = revert_and_compensation.measure(Probe(fresh.installation, "G4", time.monotonic() + SECONDS))
    runbook = facts.runbook.value
    assert runbook is not None
    short = runbook.plans[1].model_copy(update={"steps": runbook.plans[1].steps[:2]})
    for change in ({"plans": (runbook.plans[0], short, *runbook.plans[2:])}, {"plans": runbook.plans[:3]},
                   {"target": runbook.target.model_copy(update={"database": ""})}):  # fmt: skip
        fact = Measurement[Runbook](evidence=facts.runbook.evidence, value=runbook.model_copy(update=change))
        checks = revert_and_compensation.decide(facts.model_copy(update={"runbook": fact}))
        one = next(check for check in checks if check.name == "compensation runbook")
        assert one.outcome is Outcome.FAIL, change
        assert one.next_action


def test_every_guard_that_is_installed_is_looked_for(fresh: Passage) -> None:
    installed = fresh.rows(
        "SELECT n.nspname || '.' || c.relname, t.tgname, p.proname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal"
    )

    assert set(installed) == REQUIRED
