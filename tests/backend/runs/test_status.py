"""The Overview's snapshot: what could not be read is INCONCLUSIVE, never 0 and never PASS."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from console.backend.approvals.policy import Signer, Thresholds, load_policy
from console.backend.journal.journal import Journal
from console.backend.journal.journal_record import RecordKind
from console.backend.model.canonical_json import canonical_json
from console.backend.model.outcome import Outcome
from console.backend.model.states import Phase
from console.backend.model.view_models import SwitchState
from console.backend.runs.workspace import Workspace
from tests.support.batch import BatchSite
from tests.support.passage import UNITS, Kept, Passage

At = Callable[[str], Passage]


def test_a_status_names_the_database_the_role_and_every_count_with_its_baseline(at: At) -> None:
    passage = at("waits for SG_2")
    status = passage.backend.status()
    assert status.outcome is Outcome.PASS
    assert status.target is not None
    assert (status.target.host, status.target.database, status.target.timeline) == ("host", passage.database, 1)
    assert (status.role, status.switch.state) == ("cutter_ro", SwitchState.OFF)
    assert [(count.table, count.rows, count.baseline, count.delta) for count in status.counts[:3]] == [
        ("public.information_unit", UNITS, 0, UNITS),
        ("public.unit_version", UNITS, 0, UNITS),
        ("public.iu_lifecycle_log", 0, 0, 0),
    ]
    others = [count.table for count in status.counts[3:]]
    assert others == sorted(others)
    assert status.current_run is not None
    assert status.current_run.run_id == passage.run_id


def test_the_baseline_is_what_the_last_closed_run_left(at: At) -> None:
    counts = at("enacted").backend.status().counts[:3]
    assert [(count.rows, count.delta) for count in counts] == [(UNITS, 0), (UNITS, 0), (UNITS, 0)]


@pytest.mark.parametrize("view", ["v_row_count", "v_baseline", "v_run", "v_approval"])
def test_a_missing_privilege_is_inconclusive_in_every_count(at: At, view: str) -> None:
    """A permission error (42501) was shown as "no rows"."""
    passage = at("waits for SG_2")
    passage.execute(f"REVOKE SELECT ON cutter_governance.{view} FROM cutter_ro")
    status = passage.backend.status()
    assert status.outcome is Outcome.INCONCLUSIVE
    assert "42501" in status.unreachable
    assert view in status.unreachable
    assert {(count.rows, count.baseline, count.outcome) for count in status.counts} == {
        (None, None, Outcome.INCONCLUSIVE)
    }


@pytest.mark.parametrize("view", ["v_lease", "v_hold"])
def test_a_switch_that_may_not_be_read_is_unreadable(at: At, view: str) -> None:
    """Not being allowed to see a HOLD is not the absence of a HOLD."""
    passage = at("waits for SG_2")
    passage.execute(f"REVOKE SELECT ON cutter_governance.{view} FROM cutter_ro")
    status = passage.backend.status()
    assert status.switch.state is SwitchState.UNREADABLE
    assert status.outcome is not Outcome.PASS


def test_a_database_that_is_down_is_part_of_the_answer(at: At) -> None:
    passage = at("waits for SG_2")
    database = passage.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=x"})
    status = passage.settings(database=database).backend.status()
    assert (status.outcome, status.target, status.current_run) == (Outcome.INCONCLUSIVE, None, None)
    assert status.unreachable.startswith("STOP_UNREACHABLE")
    assert status.switch.state is SwitchState.UNREADABLE


def test_a_database_without_the_schema_is_inconclusive(at: At) -> None:
    passage = at("fresh")
    passage.execute("DROP SCHEMA cutter_governance CASCADE")
    status = passage.backend.status()
    assert status.outcome is Outcome.INCONCLUSIVE
    assert status.counts[0].rows is None


def test_a_hold_is_what_everything_waits_for(at: At) -> None:
    passage = at("SG_1 imported")
    passage.backend.panic("look at this")
    status = passage.backend.status()
    assert status.outcome is Outcome.PARTIAL
    assert status.waiting[0].what == "HOLD: look at this"


def test_names_from_the_database_are_inert(at: At) -> None:
    """Escape sequences reach no screen, wherever they come from."""
    passage = at("waits for SG_1")
    passage.execute("UPDATE cutter_governance.run SET family = 'stopped', reason = E'a\\x1b[2Jb'")
    passage.execute("SELECT cutter_console.fn_hold_set(E'h\x1b[2J', E'b\x1b[2J', E'r\x1b[2J')")
    assert "\\u001b" not in passage.backend.status().model_dump_json()
    assert "\\u001b" not in passage.run().model_dump_json()


@pytest.mark.parametrize("powerless", ["purpose = NULL", "expires = now()"])
def test_a_ruling_that_authorises_nothing_does_not_say_that_the_run_may_go_on(at: At, powerless: str) -> None:
    """Version 0.2.0 imported rulings without a purpose; an expired one arms nothing either."""
    passage = at("SG_1 imported")
    assert "is authorised" in passage.backend.status().waiting[0].what
    passage.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER ALL")
    passage.execute(f"UPDATE cutter_governance.approval SET {powerless}")
    (wait,) = passage.backend.status().waiting
    assert (wait.waits_for, wait.next_action) == (
        "the sovereign's signature",
        f"cutter-console approval draft {passage.run_id}",
    )


def _waits_for(passage: Passage) -> tuple[str, str]:
    (wait,) = passage.backend.status().waiting
    return wait.waits_for, wait.next_action


def test_a_statement_with_its_signature_files_waits_for_the_operator_who_imports_it(at: At) -> None:
    """The signature comes as a file from elsewhere: whoever comes back must not be told to wait for it, or to draft again."""
    passage = at("waits for SG_1")
    to_draft = "the sovereign's signature", f"cutter-console approval draft {passage.run_id}"
    statement = passage.backend.draft_statement(passage.run_id).statement_path
    assert _waits_for(passage) == to_draft
    statement.with_name(f"{statement.name}.txt").write_bytes(b"no signature file")
    assert _waits_for(passage) == to_draft

    signature = passage.backend.sign_as_demo_sovereign(statement)

    waits_for, action = _waits_for(passage)
    assert waits_for == "the operator: its signature files are there"
    assert action == f"cutter-console approval import {statement}"
    passage.backend.import_statement(statement, (signature,))
    assert "is authorised" in passage.backend.status().waiting[0].what


def test_a_statement_that_was_imported_and_authorises_nothing_is_not_to_be_imported_again_but_another_one_is(
    at: At,
) -> None:
    passage = at("SG_1 imported")
    passage.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER ALL")
    passage.execute("UPDATE cutter_governance.approval SET purpose = NULL")
    assert _waits_for(passage)[1] == f"cutter-console approval draft {passage.run_id}"

    for file in passage.installation.statement(passage.run_id, "SG_1").parent.glob(f"{passage.run_id}.*"):
        file.unlink()
    passage.backend.sign_as_demo_sovereign(passage.backend.draft_statement(passage.run_id).statement_path)

    assert _waits_for(passage)[1].startswith("cutter-console approval import ")


@pytest.mark.parametrize("case", ["two signers", "expired", "no statement", "no policy"])
def test_signature_files_that_are_not_enough_leave_the_run_waiting_for_a_signature(at: At, case: str) -> None:
    passage = at("waits for SG_1")
    statement = passage.backend.draft_statement(passage.run_id).statement_path
    passage.backend.sign_as_demo_sovereign(statement)
    policy = passage.installation.policy
    match case:
        case "two signers":
            alone = load_policy(policy)
            second = Signer(name="second", fingerprint="0" * 39 + "2")
            both = {"signers": (*alone.signers, second), "thresholds": Thresholds(SG_1=2, SG_2=2), "solo": False}
            policy.write_bytes(canonical_json(alone.model_copy(update=both)))
            assert load_policy(policy).thresholds.SG_1 == 2
        case "expired":
            later = replace(passage.installation.context, now=lambda: datetime.now(UTC) + timedelta(days=400))
            passage = passage.with_site(replace(passage.installation, context=later))
        case "no statement":
            statement.write_bytes(b"{}")
        case "no policy":
            policy.unlink()

    assert _waits_for(passage) == ("the sovereign's signature", f"cutter-console approval draft {passage.run_id}")


def test_the_statement_over_a_batch_with_its_signature_files_waits_for_the_operator_too(at: At, kept: Kept) -> None:
    site = BatchSite.waiting(at, kept, 2)
    backend, batch_id = site.passage.backend, site.newest().batch_id
    statement = backend.draft_statement(batch_id).statement_path
    assert _waits_for(site.passage) == ("the sovereign's signature", f"cutter-console approval draft {batch_id}")

    backend.sign_as_demo_sovereign(statement)

    assert _waits_for(site.passage)[1] == f"cutter-console approval import {statement}"


def test_another_statement_over_a_batch_is_to_be_imported_where_the_former_one_authorises_nothing(
    at: At, kept: Kept
) -> None:
    site = BatchSite.waiting(at, kept, 2)
    batch_id = site.newest().batch_id
    former = site.sign(batch_id)
    site.passage.execute("ALTER TABLE cutter_governance.approval DISABLE TRIGGER ALL")
    site.passage.execute(
        "UPDATE cutter_governance.approval SET not_before = not_before - interval '2 hours', expires = now() - interval '1 hour'"
    )
    assert _waits_for(site.passage)[1] == f"cutter-console approval draft {batch_id}"

    for file in former.parent.glob("*.SG_1.*"):
        file.unlink()
    site.passage.backend.sign_as_demo_sovereign(site.passage.backend.draft_statement(batch_id).statement_path)

    assert _waits_for(site.passage)[1].startswith("cutter-console approval import ")


def _interrupt(passage: Passage, run_id: str) -> None:
    """Leave leg A begun in the run's journal, as a process leaves it that is killed there."""
    workspace = Workspace.open(passage.installation.root, run_id)
    with Journal.resume(workspace.journal, run_id, passage.installation.context) as journal:
        journal.append(RecordKind.INTENT, Phase.CUT_LEG_A)


def test_a_run_waits_as_interrupted(at: At) -> None:
    passage = at("SG_1 imported")
    (before,) = passage.backend.status().waiting
    _interrupt(passage, passage.run_id)

    (wait,) = passage.backend.status().waiting

    assert wait == before.model_copy(update={"what": f"INTERRUPTED: {before.what}"})


@pytest.mark.parametrize("member", [0, 1, 2])
@pytest.mark.parametrize("is_ruled", [False, True], ids=["waits for SG_1", "SG_1 imported"])
def test_a_batch_waits_as_interrupted_whichever_of_its_members_was(
    at: At, kept: Kept, member: int, *, is_ruled: bool
) -> None:
    """A batch waits as one, and names one of its members."""
    site = BatchSite.waiting(at, kept, 3)
    passage, batch = site.passage, site.newest()
    if is_ruled:
        site.sign(batch.batch_id)
    (before,) = passage.backend.status().waiting
    _interrupt(passage, batch.members[member].run_id)

    (wait,) = passage.backend.status().waiting

    assert wait == before.model_copy(update={"what": f"INTERRUPTED: {before.what}"})
