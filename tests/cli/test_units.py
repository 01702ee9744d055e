"""unit retire, unit supersede: the law without one unit or with another text for it, and refused if anything else would change."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents.folder_plan import list_documents
from console.backend.documents.intake import list_intake
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import RunRequest
from console.backend.runs.derived_texts import derive
from console.cli.main import main
from tests.support.passage import DOCPREFIX, TEXT, Passage, silent

At = Callable[[str], Passage]
_BODIES = "SELECT canonical_address, body FROM cutter_governance.v_in_force ORDER BY canonical_address"
ALPHA, BETA = f"{DOCPREFIX}/ONE/ALPHA", f"{DOCPREFIX}/ONE/BETA"
WITHOUT_BETA = TEXT.replace("## Beta\n\nSecond.\n", "")
OTHER_ALPHA = "## Alpha\n\nFirst, in other words.\n\n"


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON object that was printed."""
    answer: dict[str, object] = json.loads(capsys.readouterr().out)
    return answer


def enacted(passage: Passage, file: Path) -> Passage:
    """The text that a command has kept, from its dry run to law, on the pinned host."""
    request = RunRequest(origin=f"file:.derived/{file.name}", docprefix=DOCPREFIX, mode=Mode.LIVE, amend=True)
    run_id = passage.backend.start(request, silent).run_id
    passage = Passage(passage.backend, passage.cluster, passage.database, run_id)
    passage.sign()
    passage.arm()
    passage.resume()
    passage.sign()
    assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
    return passage


def test_a_unit_is_retired_and_another_superseded_by_amendments_of_the_exact_text(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("enacted")
    root = str(passage.installation.root)

    def ask(*words: str) -> int:
        return main(["--root", root, "--json", *words])

    assert ask("unit", "retire", BETA) == 0
    dry = answer_of(capsys)
    assert (dry["schema"], dry["mode"]) == ("cutter-console/unit-retire/1", Mode.DRYRUN)
    assert dry["amendment"] == {"unchanged": 2, "changed": 0, "new": 0, "gone": 1, "returning": 0, "moved": 0}
    (kept,) = passage.installation.intake.glob(".derived/acme-law-without-one-beta-*.md")
    assert kept.read_text("utf-8") == WITHOUT_BETA
    # It is no document of its own: a batch of the intake folder, and the list of documents, are as they were.
    assert [entry.name for entry in list_documents(passage.installation.intake)] == ["law.md"]
    assert [entry.name for entry in list_intake(passage.installation.intake)] == ["law.md"]
    law = enacted(passage, kept)
    assert [address for address, _ in law.rows(_BODIES)] == [f"{DOCPREFIX}/ONE", ALPHA]
    assert law.rows("SELECT cutter_console.fn_state_text(%s)", law.run_id) == [(WITHOUT_BETA.encode(),)]

    file = tmp_path / "alpha.md"
    file.write_text(OTHER_ALPHA, encoding="utf-8")
    assert ask("unit", "supersede", ALPHA, "--text", str(file)) == 0
    assert answer_of(capsys)["amendment"] == {
        "unchanged": 1,
        "changed": 1,
        "new": 0,
        "gone": 0,
        "returning": 0,
        "moved": 0,
    }
    assert ask("unit", "supersede", ALPHA, "--text", str(file), "--live") == 3
    assert answer_of(capsys)["mode"] == Mode.LIVE
    (kept,) = passage.installation.intake.glob(".derived/acme-law-with-another-one-alpha-*.md")
    law = enacted(passage, kept)
    assert (ALPHA, OTHER_ALPHA) in law.rows(_BODIES)
    _refusals(passage, file, capsys)


def _refusals(passage: Passage, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is more than the one unit is refused by name, and leaves neither a file nor a run."""
    before = sorted(passage.installation.intake.rglob("*")), passage.backend.runs()
    cases = {
        ("retire", f"{DOCPREFIX}/ONE"): f"has units below it that are law: {ALPHA}",
        ("retire", BETA): f"{BETA} is no unit of state 3",
        ("retire", "NONE/ONE"): "no document NONE is registered",
        ("supersede", OTHER_ALPHA): "has exactly this text",
        ("supersede", "First, without its heading.\n"): f"{ALPHA} is gone, not changed",
        ("supersede", OTHER_ALPHA + "## Gamma\n\nThird.\n"): f"{DOCPREFIX}/ONE/GAMMA new",
        ("supersede", "## Alphabet\n\nFirst.\n\n"): f"{ALPHA} is gone, not changed",
        ("supersede", "# One\n\nTwice.\n"): "ADDRESS_REPEATED",
        ("supersede", " \n"): "the document is empty",
    }
    for (word, given), reason in cases.items():
        words = [given] if word == "retire" else [ALPHA, "--text", str(file)]
        if word == "supersede":
            file.write_text(given, encoding="utf-8")
        assert main(["--root", str(passage.installation.root), "--json", "unit", word, *words]) == 4, given
        stop = answer_of(capsys)["stop"]
        assert isinstance(stop, dict)
        assert reason in stop["message"], stop
        assert stop["next_action"]
    assert (sorted(passage.installation.intake.rglob("*")), passage.backend.runs()) == before


def test_a_derived_text_never_replaces_a_file(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("enacted")
    derived = derive(passage.installation, BETA, None)
    path = passage.installation.intake / derived.file_name
    path.parent.mkdir()
    path.write_text("another text", encoding="utf-8")
    assert main(["--root", str(passage.installation.root), "--json", "unit", "retire", BETA]) == 4
    assert f"{path} is there with other content" in str(answer_of(capsys)["stop"])
    assert path.read_text("utf-8") == "another text"
    assert [run for run in passage.backend.runs() if run.mode is Mode.DRYRUN and run.n_units == 2] == []


def test_a_derived_text_is_not_written_through_a_link(
    at: At, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    passage, outside = at("enacted"), tmp_path / "outside"
    outside.mkdir()
    folder = passage.installation.intake / ".derived"
    folder.symlink_to(outside)

    assert main(["--root", str(passage.installation.root), "--json", "unit", "retire", BETA]) == 4

    assert f"{folder} is a link" in str(answer_of(capsys)["stop"])
    assert list(outside.iterdir()) == []


def test_units_are_listed_as_readers_see_them(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("enacted")

    def ask(*words: str) -> dict[str, object]:
        capsys.readouterr()
        assert main(["--root", str(passage.installation.root), "--json", "unit", "list", *words]) == 0
        return answer_of(capsys)

    page = ask()
    units = page["units"]
    assert isinstance(units, list)
    assert (page["outcome"], page["more"], page["not_measured"]) == ("PASS", False, [])
    assert [unit["address"] for unit in units] == [address for address, _ in passage.rows(_BODIES)]
    assert {unit["lifecycle"] for unit in units} == {"enacted"}
    assert [unit["address"] for unit in ask(DOCPREFIX, "--after", ALPHA)["units"]] == [BETA]  # type: ignore[attr-defined]
    assert ask("ANOTHER")["units"] == []
