"""Commands in the answers are printed as they must be typed: without the root they would act on another installation."""

import re
from collections.abc import Callable

import pytest

from console.backend.model.full_command import full_command
from console.backend.runs.moves import command_of
from console.cli.main import main
from tests.support.passage import Passage

At = Callable[[str], Passage]
_WITHOUT_ROOT = re.compile(r"(?! *answer +pid \d).*cutter-console (?!--root)[a-z].*")
"""A command to be typed: not that of a console which runs on this machine meanwhile, and is told as it was started."""
_WITH_ROOT = "cutter-console --root"


@pytest.mark.parametrize(
    "words",
    [
        "hold show",
        "gates",
        "gates G0 G2 G4 G10",
        "gates PRE --run RUN",
        "approval draft RUN",
        "approval check STATEMENT",
        "run show RUN",
        "status",
        "bundle",
    ],
)
def test_every_command_of_an_answer_names_the_root(at: At, capsys: pytest.CaptureFixture[str], words: str) -> None:
    passage = at("waits for SG_1")
    passage.backend.draft_statement(passage.run_id)
    passage.backend.panic("a test")
    named = {"RUN": passage.run_id, "STATEMENT": str(passage.installation.statement(passage.run_id, "SG_1"))}

    main(["--root", str(passage.installation.root), *(named.get(word, word) for word in words.split())])

    answer = capsys.readouterr()
    # Moments have one form, in answers as in messages.
    assert "+00:00" not in answer.out + answer.err
    assert _WITH_ROOT in answer.out + answer.err
    assert [line for line in (answer.out + answer.err).splitlines() if _WITHOUT_ROOT.fullmatch(line)] == []


@pytest.mark.parametrize("words", ["run show RUN", "status", "run settle RUN"])
@pytest.mark.parametrize(
    "stage", ["SG_1 imported", "armed", "waits for SG_2", "SG_2 imported", "enacted", "reverted", "voided"]
)
def test_at_no_stage_a_command_is_printed_without_the_root(
    at: At, capsys: pytest.CaptureFixture[str], stage: str, words: str
) -> None:
    """What a run waits for names a command as well: typed so, it acted on another installation."""
    passage = _at(at, stage)

    main(["--root", str(passage.installation.root), *words.replace("RUN", passage.run_id).split()])

    answer = capsys.readouterr()
    assert [line for line in (answer.out + answer.err).splitlines() if _WITHOUT_ROOT.fullmatch(line)] == []


def _at(at: At, stage: str) -> Passage:
    """A run at a stage; those at which nothing is kept are gone to here."""
    passage = at({"armed": "SG_1 imported", "reverted": "waits for SG_2", "voided": "waits for SG_1"}.get(stage, stage))
    match stage:
        case "armed":
            passage.arm()
        case "reverted":
            passage.backend.revert(passage.run_id, passage.run_id)
        case "voided":
            passage.backend.void(passage.run_id, "a test")
    return passage


def test_a_run_prints_each_legal_move_with_its_command(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("waits for SG_1")
    root, run = str(passage.installation.root), passage.run()

    main(["--root", root, "run", "show", run.run_id])

    lines = capsys.readouterr().out.splitlines()
    printed = dict(line.strip().split(":", 1) for line in lines[lines.index("legal") + 1 :])
    commands = {move: full_command(command_of(move, run.run_id), root) for move in run.moves}
    assert commands
    assert {move.strip(): command.strip() for move, command in printed.items()} == commands
