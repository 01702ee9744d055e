"""The catalogue of mutants fits the tree: each protection is where it is taken out, and has a verdict."""

import ast
import re
from pathlib import Path

import pytest

from mutants.catalogue import MUTANTS
from mutants.mutant import CatalogueError, Mutant
from mutants.results import Verdict, load

ROOT = Path(__file__).parents[1]
ASKED_FOR = (
    "the HOLD check at the end of the cut function",
    "the outside-prefix check of the manifest",
    "the HOLD check before a lease is opened",
    "the freshness limit before a cut",
)
"""Version 0.2.0 could lose these and its tests stayed green."""
_FUNCTION = re.compile(r"^CREATE(?: OR REPLACE)? FUNCTION (?:\w+\.)?(\w+)\s*\(", re.MULTILINE)
_QUOTED = re.compile(r"AS (\$\w*\$)")


def test_there_are_many_mutants_and_each_has_a_name_of_its_own() -> None:
    names = [one.name for one in MUTANTS]

    assert len(names) >= 60
    assert len(set(names)) == len(names)
    assert set(ASKED_FOR) <= set(names)


def test_every_mutant_has_a_stored_verdict_and_every_stored_verdict_a_mutant() -> None:
    """By name: whether a verdict is of today's files is asked by `make mutants`, which runs what has changed."""
    assert set(load(ROOT)) == {one.name for one in MUTANTS}


def test_every_stored_verdict_is_killed_or_explained() -> None:
    """As `make mutants` has it: an explained mutant that is killed has an explanation out of date."""
    verdicts = {name: result.verdict for name, result in load(ROOT).items()}
    explained = {one.name for one in MUTANTS if one.explained.strip()}
    survived = {name for name, verdict in verdicts.items() if verdict is Verdict.SURVIVED}

    assert set(verdicts.values()) <= {Verdict.KILLED, Verdict.SURVIVED}
    # A text that is no program fails whatever the test asks.
    broken = ("NameError", "UnboundLocalError", "ImportError", "SyntaxError")
    assert [name for name, result in load(ROOT).items() if result.because.startswith(broken)] == []
    assert survived == explained


def test_the_text_of_a_protection_stands_once_in_its_file() -> None:
    for mutant in MUTANTS:
        text = mutant.applied_to(ROOT)
        assert text != (ROOT / mutant.file).read_text(encoding="utf-8"), mutant.name
        assert mutant.tests, mutant.name
        if mutant.file.endswith(".py"):
            ast.parse(text, mutant.name)


def test_a_protection_of_a_function_is_taken_out_of_its_last_definition() -> None:
    """Taken out of one that a later migration replaces, it is missed by no test, whatever the stored verdict says."""
    folder = ROOT / "console" / "backend" / "postgres" / "migrations"
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))
    }
    last = {name: file for file, text in texts.items() for name in _FUNCTION.findall(text)}
    of_functions = {
        mutant.name: (name, mutant.file)
        for mutant in MUTANTS
        if mutant.file in texts and (name := _function_around(texts[mutant.file], mutant.old))
    }
    assert len(of_functions) > 100
    assert {mutant: pair for mutant, pair in of_functions.items() if last[pair[0]] != pair[1]} == {}


_VIEW = re.compile(r"CREATE (?:OR REPLACE )?VIEW (?:\w+\.)?(\w+) AS(.*?);\n", re.DOTALL)


def test_a_protection_of_a_view_is_taken_out_of_its_last_definition() -> None:
    folder = ROOT / "console" / "backend" / "postgres" / "migrations"
    paths = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))
    }
    last = {match[1]: file for file, text in paths.items() for match in _VIEW.finditer(text)}
    of_views = {
        mutant.name: (match[1], mutant.file)
        for mutant in MUTANTS
        if mutant.file in paths
        for match in _VIEW.finditer(paths[mutant.file])
        if mutant.old in match[0]
    }
    assert of_views
    assert {mutant: pair for mutant, pair in of_views.items() if last[pair[0]] != pair[1]} == {}


def _function_around(text: str, part: str) -> str:
    """Name of the function in whose definition this part stands; empty if it stands in none."""
    at = text.index(part)
    begun = [found for found in _FUNCTION.finditer(text) if found.start() <= at]
    if not begun:
        return ""
    quoted = _QUOTED.search(text, begun[-1].end())
    return begun[-1].group(1) if quoted is not None and at < text.index(quoted.group(1), quoted.end()) else ""


def test_a_text_that_is_gone_or_not_unique_is_an_error() -> None:
    for old in ("no such text", "PERFORM"):
        with pytest.raises(CatalogueError, match="occurs"):
            Mutant("x", MUTANTS[0].file, old, "", ()).applied_to(ROOT)
