"""SG_2 can be read: the units with their body digests, in the statement, in the file beside it and on the screen."""

import json
from collections.abc import Callable

import pytest

from console.backend.model.errors import Refused
from console.backend.model.outcome import Outcome
from console.screens.approvals_text import statement
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_the_units_of_an_enactment_stand_in_the_statement_in_its_file_and_on_the_screen(at: At) -> None:
    passage = at("waits for SG_2")
    drafted = passage.backend.draft_statement(passage.run_id)
    said = json.loads(drafted.statement_path.read_bytes())
    rows = passage.rows(
        "SELECT u.canonical_address, v.title, v.content_hash FROM public.information_unit u JOIN public.unit_version v"
        " ON v.id = u.version_anchor_ref"
    )
    assert {(one["address"], one["title"], one["body_sha256"]) for one in said["drafts"]["units"]} == set(rows)
    beside = drafted.statement_path.with_name(said["drafts"]["file"]).read_text(encoding="utf-8").split("\n")
    assert {(line.split("\t")[0], line.split("\t")[5], line.split("\t")[6]) for line in beside} == set(rows)
    shown = "\n".join(str(line) for line in statement(drafted))
    for address, _title, digest in rows:
        assert str(address) in shown
        assert str(digest)[:16] in shown


def test_a_file_of_units_that_was_changed_is_told_and_not_shown(at: At) -> None:
    passage = at("waits for SG_2")
    drafted = passage.backend.draft_statement(passage.run_id)
    beside = next(drafted.statement_path.parent.glob("*.SG_2.units.tsv"))
    beside.write_text(beside.read_text(encoding="utf-8").replace("Beta", "Better"), encoding="utf-8")
    seen = passage.backend.check_statement(drafted.statement_path)
    assert {one.name for one in seen.checks if one.outcome is Outcome.FAIL} == {"drafts file", "quorum"}
    assert not any("Better" in unit.title for unit in seen.drafts)


@pytest.mark.parametrize("damage", ["lost", "changed"])
def test_a_file_of_units_is_written_again_where_the_drafts_are_still_those_that_are_signed(at: At, damage: str) -> None:
    """The check names the command, and the signatures beside the statement stay good."""
    passage = at("waits for SG_2")
    drafted = passage.backend.draft_statement(passage.run_id)
    beside = next(drafted.statement_path.parent.glob("*.SG_2.units.tsv"))
    signed, before = drafted.statement_path.read_bytes(), beside.read_bytes()
    beside.unlink() if damage == "lost" else beside.write_bytes(before + b"x")
    (advice,) = {
        one.next_action
        for one in passage.backend.check_statement(drafted.statement_path).checks
        if one.name == "drafts file"
    }
    assert advice.endswith(f"cutter-console approval draft {passage.run_id}")
    passage.backend.draft_statement(passage.run_id)
    assert (beside.read_bytes(), drafted.statement_path.read_bytes()) == (before, signed)


@pytest.mark.parametrize("name", ["../policy.json", "/etc/passwd", "a/b", "", "."])
def test_a_statement_that_names_a_file_elsewhere_is_no_statement(at: At, name: str) -> None:
    passage = at("waits for SG_2")
    path = passage.backend.draft_statement(passage.run_id).statement_path
    said = json.loads(path.read_bytes())
    said["drafts"]["file"] = name
    path.write_text(json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")), encoding="utf-8")
    with pytest.raises(Refused):
        passage.backend.check_statement(path)


def test_a_ruling_over_a_plan_names_no_drafts(at: At) -> None:
    passage = at("waits for SG_1")
    drafted = passage.backend.draft_statement(passage.run_id)
    assert drafted.drafts == ()
    assert "drafts" not in json.loads(drafted.statement_path.read_bytes())
