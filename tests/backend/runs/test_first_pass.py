"""The plan that a run is started with is its first pass, over the very bytes that are pinned; or they are planned again."""

from collections.abc import Callable

from console.backend.model.canonical_json import sha256_hex
from console.backend.runs import lifecycle
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
    Engine(passage.installation, created.run_id, silent).walk()
    assert Workspace.open(passage.installation.root, created.run_id).marked() == created.planned
