"""Commands in the answers are printed as they must be typed: without the root they would act on another installation."""

import re
from collections.abc import Callable

import pytest

from console.cli.main import main
from tests.support.passage import Passage

At = Callable[[str], Passage]
_WITHOUT_ROOT = re.compile(r".*cutter-console (?!--root)[a-z].*")


@pytest.mark.parametrize(
    "words",
    [
        "hold show",
        "hold plan",
        "gates",
        "gates G0 G2 G4 G10",
        "gates PRE --run RUN",
        "approval draft RUN",
        "approval check STATEMENT",
        "run show RUN",
        "run list",
        "status",
        "drift",
        "counts",
        "verify RUN",
        "backup list",
        "journal verify RUN",
    ],
)
def test_every_command_of_an_answer_names_the_root(at: At, capsys: pytest.CaptureFixture[str], words: str) -> None:
    passage = at("waits for SG_1")
    passage.backend.draft_statement(passage.run_id)
    passage.backend.panic("a test")
    named = {"RUN": passage.run_id, "STATEMENT": str(passage.installation.statement(passage.run_id, "SG_1"))}

    main(["--root", str(passage.installation.root), *(named.get(word, word) for word in words.split())])

    answer = capsys.readouterr()
    assert [line for line in (answer.out + answer.err).splitlines() if _WITHOUT_ROOT.fullmatch(line)] == []
