"""The plan that a run is started with is its first pass, over the very bytes that are pinned; or they are planned again."""

import weakref
from collections.abc import Callable

import pytest

from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.planning import PlanResult
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import DocumentPlan
from console.backend.model.states import Mode, Stage
from console.backend.runs import lifecycle, sources
from console.backend.runs.engine import Engine
from console.backend.runs.workspace import Workspace
from tests.support.passage import REQUEST, TEXT, Passage, silent

At = Callable[[str], Passage]


def test_a_text_that_changes_between_the_start_and_its_pin_is_planned_as_it_was_pinned(at: At) -> None:
    passage = at("fresh")
    created = lifecycle.create_run(passage.installation, REQUEST)
    assert created.planned is not None
    changed = TEXT + "\n## Gamma\n\nThird.\n"
    passage.write("law.md", changed)
    Engine(passage.installation, created.run_id, silent, planned=created.planned).walk()
    workspace = Workspace.open(passage.installation.root, created.run_id)
    assert workspace.plan().document.source.sha256 == sha256_hex(changed.encode())
    assert len(workspace.marked().units) == len(created.planned.units) + 1


def test_a_later_command_has_no_plan_at_hand_and_makes_the_same_one(at: At) -> None:
    passage = at("fresh")
    created = lifecycle.create_run(passage.installation, REQUEST)
    Engine(passage.installation, created.run_id, silent).walk(until=Stage.CUTPLAN_OK)
    assert Workspace.open(passage.installation.root, created.run_id).marked() == created.planned


def test_the_plan_of_the_first_pass_is_not_in_memory_while_the_second_is_made(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a large document each is half as large as its text."""
    passage = at("fresh")
    plans: list[weakref.ref[DocumentPlan]] = []
    alive: list[int] = []

    def noted(*args: object, **options: object) -> PlanResult:
        alive.append(sum(plan() is not None for plan in plans))
        result = plan_chosen(*args, **options)  # type: ignore[arg-type]
        assert result.plan is not None
        plans.append(weakref.ref(result.plan))
        return result

    monkeypatch.setattr(sources, "plan_chosen", noted)
    run_id = passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent).run_id
    assert alive == [0, 0]
    workspace = Workspace.open(passage.installation.root, run_id)
    assert workspace.plan().document == workspace.marked()
