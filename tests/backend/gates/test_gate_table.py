"""One table of gates: two more in it, and every count, range and list of the program has two more."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.gates.registry import GATES
from console.backend.model import gate_table
from console.backend.model.errors import ExitStatus
from console.backend.publication.pages import DOCUMENTS
from tests.more_gates import MORE
from tests.support.passage import Passage

ROOT = Path(__file__).parents[3]
IDS = [entry.id for entry in (*gate_table.GATES, *MORE)]
MANY = len(IDS)
RANGE = f"{IDS[0]} to {IDS[-1]}"


def with_more_gates(*arguments: str, status: int = 0) -> str:
    """The answer of the program with two more gates, in a process of its own: texts are made when modules are loaded."""
    command = [sys.executable, "-m", "tests.more_gates", *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS"}}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout


def test_the_registry_loads_the_table_and_each_gate_has_a_document() -> None:
    assert [gate.id for gate in GATES] == [entry.id for entry in gate_table.GATES]
    assert {entry.document for entry in gate_table.GATES} <= {file for file, _, _ in DOCUMENTS}
    assert sorted(name for _, _, ids in DOCUMENTS for name in ids) == sorted(gate.id for gate in GATES)


def test_each_file_that_holds_a_gate_stands_in_the_table() -> None:
    folder = ROOT / "console" / "backend" / "gates"
    holding = {path.stem for path in folder.glob("*.py") if "\nGATE = " in path.read_text(encoding="utf-8")}

    assert holding == {entry.module.rpartition(".")[2] for entry in gate_table.GATES}


def test_help_names_the_range_with_more_gates() -> None:
    assert with_more_gates("gates", "--help").count(RANGE) == 2


def test_every_screen_counts_and_lists_more_gates() -> None:
    said = json.loads(with_more_gates("screens"))

    assert [line.split()[2] for line in said["board"].splitlines()][-len(MORE) :] == [entry.id for entry in MORE]
    assert all(f"{entry.id} as registered" in said["overview"] for entry in MORE)
    assert f"{MANY} gates answer" in said["help"]
    assert f"{MANY} gates and the arming checks" in said["help"]
    assert f"{MANY} gates and the arming checks" in said["palette"]


@pytest.fixture
def root(at: Callable[[str], Passage]) -> str:
    """The runtime tree of an installation."""
    return str(at("fresh").installation.root)


def test_the_command_measures_counts_and_names_more_gates(root: str) -> None:
    board = with_more_gates("--root", root, "gates", status=ExitStatus.FAIL)
    answer = json.loads(with_more_gates("--root", root, "--json", "gates", status=ExitStatus.FAIL))
    one = with_more_gates("--root", root, "gates", "g98", status=ExitStatus.FAIL)
    other = json.loads(with_more_gates("--root", root, "--json", "gates", "G99", status=ExitStatus.USAGE))

    assert f"{MANY} gates in " in board.splitlines()[-1]
    assert [gate["gate"] for gate in answer["gates"]] == IDS
    assert "Sample gate G98" in one
    assert other["stop"]["next_action"] == f"Name some of {', '.join(IDS)}."


def test_the_bundle_asks_more_gates_and_rolls_them_up_in_their_documents(root: str) -> None:
    answer = json.loads(with_more_gates("--root", root, "--json", "bundle", status=ExitStatus.FAIL))
    directory = Path(answer["directory"])
    final = (directory / "10-final.md").read_text(encoding="utf-8")
    record = json.loads((directory / "bundle.json").read_text(encoding="utf-8"))

    assert {line["gate"]: line["document"] for line in record["final"]["roll_up"]} == {
        entry.id: entry.document for entry in (*gate_table.GATES, *MORE)
    }
    assert "Sample gate G97" in (directory / "05-generality.md").read_text(encoding="utf-8")
    assert "| G98 | Sample gate G98 | FAIL |" in final
    assert any(gap.startswith("G97 (operator), FAIL") for gap in answer["gaps"])
