"""plan --against in-force: what a revised text changes in the law, from the command line, and nothing is written."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from console.backend.model.plan import CutPlan
from console.backend.postgres.connections import connect
from console.backend.runs.amendments import plan_amendment
from console.cli.main import main
from tests.cli.conftest import Run, stop_of
from tests.support.passage import DOCPREFIX, TEXT, Passage, fingerprint

At = Callable[[str], Passage]
REVISED = "# One\n\nText one.\n\n## Alpha\n\nFirst, and\nlast.\n\n## Gamma\n\nThird.\n"
"""Of three units one is unchanged and one changed; Beta is gone, and Gamma new."""


def planned(passage: Passage, text: str, *words: str) -> list[str]:
    """The command's words for a revised text of the document."""
    path = passage.installation.root / "revised.md"
    path.write_text(text)
    return ["plan", str(path), "--docprefix", DOCPREFIX, *words]


def against(passage: Passage, text: str, *words: str) -> list[str]:
    """The same, compared with what is law."""
    return planned(passage, text, "--against", "in-force", *words)


def lines(passage: Passage, words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command prints; it must succeed."""
    capsys.readouterr()
    assert main(["--root", str(passage.installation.root), *words]) == 0
    return capsys.readouterr().out.splitlines()


def part(answer: dict[str, object]) -> dict[str, object]:
    """The member of the answer that compares."""
    amendment = answer["amendment"]
    assert isinstance(amendment, dict)
    return amendment


def list_of(answer: dict[str, object], name: str) -> list[dict[str, Any]]:
    """A member of the answer that is a list."""
    listed = answer[name]
    assert isinstance(listed, list)
    return listed


def test_the_effects_are_counted_and_each_is_shown(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("enacted")
    shown = lines(passage, against(passage, REVISED), capsys)
    assert "1 unchanged, 1 changed, 1 new, 1 gone" in shown
    changed = shown.index("changed: line 5: ACME-LAW/ONE/ALPHA: body")
    assert shown[changed + 1] == "    ## Alpha First{+, and last+}."
    assert "new: line 10: ACME-LAW/ONE/GAMMA  Gamma" in shown
    assert "gone: ACME-LAW/ONE/BETA  Beta" in shown
    assert f"compared with state 1, in force from {_in_force_from(passage)}, run {passage.run_id}" in shown
    assert len([line for line in shown if line.startswith("base digest ")]) == 1


def _in_force_from(passage: Passage) -> str:
    ((moment,),) = passage.rows("SELECT in_force_from AT TIME ZONE 'UTC' FROM cutter_governance.v_document_state")
    assert isinstance(moment, datetime)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def test_the_answer_has_every_part_of_the_difference(at: At, command: Run) -> None:
    passage = at("enacted")
    status, answer = command(passage, *against(passage, REVISED))
    assert (status, answer["outcome"]) == (0, "PASS")
    amendment = part(answer)
    assert (amendment["unchanged"], amendment["base_state"], amendment["base_run_id"]) == (1, 1, passage.run_id)
    (changed,) = list_of(amendment, "changed")
    assert (changed["address"], changed["fields"], changed["line"]) == ("ACME-LAW/ONE/ALPHA", ["body"], 5)
    old = "".join(each["text"] for each in changed["body_diff"] if each["kind"] != "added")
    new = "".join(each["text"] for each in changed["body_diff"] if each["kind"] != "removed")
    assert (old, new) == ("## Alpha\n\nFirst.\n\n", "## Alpha\n\nFirst, and\nlast.\n\n")


def test_the_base_and_the_effects_are_those_that_a_run_is_planned_with(at: At, command: Run) -> None:
    passage = at("enacted")
    _, answer = command(passage, *against(passage, REVISED, "--out", str(passage.installation.root / "plan.json")))
    kept = CutPlan.model_validate_json((passage.installation.root / "plan.json").read_bytes())
    with connect(passage.installation.settings.database.executor) as connection:
        of_a_run = plan_amendment(connection, kept.document)
    assert kept.amendment == of_a_run
    assert part(answer)["base_digest"] == of_a_run.base_digest
    assert part(answer)["deltas_at_cut"] == [delta.model_dump() for delta in kept.expected_deltas]
    data = (passage.installation.root / "plan.json").read_bytes()
    assert answer["plan_digest"] == hashlib.sha256(data).hexdigest()


def test_the_expected_rows_are_those_of_the_differences(at: At, command: Run) -> None:
    passage = at("enacted")
    _, answer = command(passage, *against(passage, REVISED))
    at_cut, at_enactment = (
        {row["table"]: row["rows"] for row in list_of(part(answer), name)}
        for name in ("deltas_at_cut", "deltas_at_enactment")
    )
    assert at_cut["public.information_unit"] == 1
    assert at_cut["public.unit_version"] == 2
    assert at_cut["cutter_governance.manifest_envelope"] == 1
    assert at_cut["cutter_governance.manifest_unit_block"] == 3
    assert at_enactment["public.iu_lifecycle_log"] == 3


def test_nothing_is_written(at: At, command: Run) -> None:
    passage = at("enacted")
    before = fingerprint(passage)
    command(passage, *against(passage, REVISED))
    assert fingerprint(passage) == before


def test_the_text_that_is_law_changes_nothing(at: At, command: Run) -> None:
    passage = at("enacted")
    status, answer = command(passage, *against(passage, TEXT))
    assert (status, answer["outcome"]) == (0, "PASS")
    assert [part(answer)[name] for name in ("unchanged", "changed", "new", "gone")] == [3, [], [], []]
    assert part(answer)["between"] == []


def test_a_document_that_is_no_law_is_refused_with_a_command(
    at: At, command: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("waits for SG_2")
    status, answer = command(passage, *against(passage, REVISED))
    assert (status, stop_of(answer)) == (4, "STOP_DOCUMENT_UNKNOWN")
    assert "nothing of ACME-LAW is law" in str(answer["stop"])


def test_a_text_that_is_refused_is_not_compared(at: At, command: Run) -> None:
    passage = at("enacted")
    status, answer = command(passage, *against(passage, "# One\n\n# One\n"))
    assert (status, answer["outcome"], answer["amendment"]) == (4, "FAIL", None)


def test_a_database_that_does_not_answer_is_inconclusive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    law = tmp_path / "law.md"
    law.write_text(TEXT)
    (tmp_path / "orchestrator.config.json").write_text('{"database": {"monitor": "host=127.0.0.1 port=1 dbname=none"}}')
    words = ["--root", str(tmp_path), "plan", str(law), "--docprefix", DOCPREFIX]
    assert main(words) == 0
    assert main([*words, "--against", "in-force"]) == 7
    assert "STOP_UNREACHABLE" in capsys.readouterr().err


def test_a_renumbering_that_is_stated_is_in_the_plan_and_every_use_of_the_option_counts(at: At, command: Run) -> None:
    passage = at("enacted")
    text = "# One\n\nText one.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
    first, second = f"{DOCPREFIX}/ONE/ALPHA={DOCPREFIX}/ONE/GAMMA", f"{DOCPREFIX}/ONE/BETA={DOCPREFIX}/ONE/DELTA"
    _, answer = command(passage, *against(passage, text, "--moved", first, "--moved", second))
    assert [f"{pair['old']}={pair['new']}" for pair in list_of(part(answer), "moved")] == [first, second]
    status, answer = command(passage, *against(passage, text, "--moved", f"{DOCPREFIX}/ONE={DOCPREFIX}/ONE/GAMMA"))
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    assert f"{DOCPREFIX}/ONE is not gone" in str(answer["stop"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--moved", "A=B"], "--moved belongs to --against in-force"),
        (["--against", "in-force", "--moved", "A"], "--moved takes OLD=NEW"),
        (["--against", "in-force", "--moved", "A=B=C"], "--moved takes OLD=NEW"),
        (["--against", "in-force", "--moved", "A="], "--moved takes OLD=NEW"),
        (["--against", "drafts"], "invalid choice"),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    law = tmp_path / "law.md"
    law.write_text(TEXT)
    assert main(["--root", str(tmp_path), "plan", str(law), "--docprefix", "ACME", *words]) == 2
    assert message in capsys.readouterr().err
