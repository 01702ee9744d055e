"""The command help: a name shows its page, words every place that has them, and a word that nothing has the nearest one."""

import json
from pathlib import Path

import pytest

from console.backend.host.guide_pages import read_guide
from console.backend.model.errors import ExitStatus, StopCode
from console.backend.model.guide import PAGES
from console.cli.guide import GuideAnswer
from console.cli.main import main


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints, which is done."""
    capsys.readouterr()
    assert main(["help", *words]) == ExitStatus.DONE
    return capsys.readouterr().out


def as_object(capsys: pytest.CaptureFixture[str], *words: str) -> GuideAnswer:
    """The one object of the command."""
    answer = json.loads(answered(capsys, *words, "--json"))
    assert (answer.pop("schema"), answer.pop("outcome")) == ("cutter-console/help/1", "PASS")
    assert answer.pop("measured_at")
    return GuideAnswer.model_validate(answer)


@pytest.mark.parametrize("code", StopCode)
def test_a_stop_code_shows_its_page(code: StopCode, capsys: pytest.CaptureFixture[str]) -> None:
    shown = answered(capsys, code.value)

    assert shown.startswith(f"[STOP codes]\n## {code.value}\n\n**What it means.** ")
    assert shown.count("\n## ") == 1


def test_a_code_is_known_without_its_beginning_and_stands_before_what_has_the_same_name(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = as_object(capsys, "drift")

    assert [(part.page, part.heading) for part in answer.parts] == [
        ("stop-codes", "STOP_DRIFT"), ("glossary", "Glossary"), ("runbook", "Drift"), ("reference", "Drift"),
    ]  # fmt: skip


def test_a_term_shows_its_meaning_and_no_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(capsys, "lease") == (
        "[Glossary]\nlease | the time during which the switch is armed; it ends by expiry, with its holder, by disarm, by a HOLD, or with the server\n"
    )


def test_a_heading_shows_its_part_with_and_without_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    shown = answered(capsys, "2.", "Name", "the", "connections")

    assert shown == answered(capsys, "name the connections")
    assert "### Several installations, by name" in shown
    part = answered(capsys, "several installations, by name")
    assert part.startswith("[Operator guide]\n### Several installations, by name\n")
    assert "### A database that has units" not in part


def test_other_words_show_every_place_that_has_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    answer = as_object(capsys, "revoked", "KEY")

    assert answer.parts == ()
    assert answer.n_hits == len(answer.hits) > 1
    assert all("revoked" in hit.text.lower() and "key" in hit.text.lower() for hit in answer.hits)
    assert len(answered(capsys, "revoked", "KEY").splitlines()) == answer.n_hits


def test_many_places_are_cut_off_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "the", "a"]) == ExitStatus.DONE

    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 200
    assert printed.err.startswith("the first 200 of ")


def test_without_words_the_contents_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    answer = as_object(capsys)

    assert tuple(part.page for part in answer.parts if part.level == 1) == PAGES
    assert len(answer.parts) == len(read_guide().contents)
    assert {part.text for part in answer.parts} == {""}
    assert [line for line in answered(capsys).splitlines() if line.startswith("runbook ")] != []


@pytest.mark.parametrize(
    ("typed", "nearest"), [("STOP_DRFIT", "STOP_DRIFT"), ("stop-panik", "STOP_PANIC"), ("enactmnt", "enactment")]
)
def test_what_nothing_has_is_told_the_nearest_with_a_command_that_works(
    typed: str, nearest: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["help", typed]) == ExitStatus.USAGE
    error = capsys.readouterr().err
    command = error.splitlines()[-1].removeprefix("next: See: cutter-console help ")

    assert f"did you mean {nearest}" in error
    assert main(["help", command]) == ExitStatus.DONE


def test_what_nothing_resembles_leads_to_the_contents_and_is_inert(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "\x1b[2J\u202exyzzyqq", "--json"]) == ExitStatus.USAGE

    printed = capsys.readouterr()
    assert json.loads(printed.out)["stop"]["next_action"] == "See the contents: cutter-console help"
    assert "\x1b" not in printed.out + printed.err
    assert "\u202e" not in printed.err


def test_its_commands_are_printed_as_they_must_be_typed_for_another_root(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "none"

    shown = answered(capsys, "STOP_HOLD", "--root", str(root))
    assert f"cutter-console --root {root} hold plan" in shown.splitlines()
    assert not root.exists()
