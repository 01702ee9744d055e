"""The registry: read-only builds it without what is dangerous or writes, and no key means two things."""

import subprocess
import sys
from itertools import combinations

from console.actions.actions import ACTIONS, Action, Scope, registry
from console.cli.operations import OPERATIONS


def _clash(one: Action, other: Action) -> bool:
    scopes = {one.scope, other.scope}
    return bool(set(one.keys) & set(other.keys)) and (len(scopes) == 1 or Scope.EVERYWHERE in scopes)


def test_no_key_means_two_things_on_one_screen() -> None:
    """A global key is not taken again by a screen."""
    assert [(a.name, b.name) for a, b in combinations(ACTIONS, 2) if _clash(a, b)] == []


def test_dangerous_actions_need_shift_or_control() -> None:
    """k9s lost work where two plain keys lay side by side; here a slip of the finger cannot open a dialog."""
    assert [a.name for a in ACTIONS if a.dangerous and not all(key.isupper() for key in a.keys)] == []


def test_read_only_has_neither_dangerous_nor_writing_actions() -> None:
    """Absent, not greyed."""
    actions = registry(read_only=True, demo=True).actions
    assert actions
    assert [a.name for a in actions if a.dangerous or a.writes or a.names_a_path or a.heavy] == []


def test_signing_as_the_demo_sovereign_exists_in_the_demo_only() -> None:
    """It is called what it is, and is nowhere else."""
    assert registry(read_only=False, demo=False).named("demo_sign") is None
    found = registry(read_only=False, demo=True).named("demo_sign")
    assert found is not None
    assert found.title == "Sign as the demo sovereign"


def test_every_writing_action_has_its_command() -> None:
    """The console adds no authority: what it can do, the command line can do."""
    known = {" ".join(command.words) for command in OPERATIONS}
    for action in ACTIONS:
        if action.writes and not action.demo_only:
            words = action.command.removeprefix("cutter-console ")
            assert any(words == k or words.startswith(k + " ") for k in known), action.name


def test_importing_the_registry_costs_nothing() -> None:
    """The command line's help imports it."""
    script = "import sys, console.actions.actions; print(*[m for m in ('textual', 'rich', 'pydantic', 'psycopg') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == ""
