"""document list, show, history and diff, unit show and history: exact, inert on a terminal, with the statuses of the table."""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.runs.state_comparison import ComparedState
from console.backend.scratch.cluster import TransientCluster
from console.cli.main import main
from tests.backend.postgres.signed_cut import SignedCut, start_amendment, start_cut, start_edit, start_repeal
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database, fresh_database
from tests.support.passage import copy_database

HOSTILE = (
    "# One \x1b]0;owned\x07\u202e\n\nText \x1b[2J of \u009b31m law; password: hunter2.\n\n## Two\n\nSecond\u200b.\n"
)
REVISED = "# One \x1b]0;owned\x07\u202e\n\nText \x1b[2J of \u009b31m law; password: hunter3.\n\n## Three\n\nThird.\n"
Ask = Callable[..., int]


@pytest.fixture(scope="module")
def enacted(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedCut]:
    """A hostile text, enacted in a database that is copied for each test."""
    for kept in fresh_database(cluster, template_of(cluster.major)):
        run = start_cut(kept, text=HOSTILE)
        run.enacted()
        yield run


@pytest.fixture
def law(enacted: SignedCut, database: Database) -> SignedCut:
    """A hostile text, enacted."""
    copy_database(database.cluster, enacted.database.name, database.name)
    return replace(enacted, database=database)


@pytest.fixture
def ask(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run one command as the monitoring role alone; its exit status."""
    monkeypatch.setenv("CUTTER_MONITOR", database.conninfo("cutter_ro"))
    for name in ("EXECUTOR", "VERIFIER", "ADMINISTRATOR"):
        monkeypatch.setenv(f"CUTTER_{name}", "host=/nonexistent dbname=x")
    (tmp_path / "runs").mkdir()
    return lambda *words: main(["--root", str(tmp_path), *words])


def answer_of(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The one JSON object that was printed."""
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    answer: dict[str, object] = json.loads(out)
    return answer


def is_inert(text: str) -> bool:
    """Whether a terminal would show every character of it, and obey none."""
    return all(character.isprintable() or character == "\n" for character in text)


def test_the_exact_bytes_are_written_and_what_is_known_of_them_is_said(
    law: SignedCut, ask: Ask, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert ask("document", "show", "ACME-LAW") == 0
    said = capsysbinary.readouterr()
    assert said.out == HOSTILE.encode()
    assert b"equal to the canonical text that was pinned" in said.err
    assert is_inert(said.err.decode())


def test_a_terminal_gets_the_text_with_control_characters_made_visible(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", terminal)
    assert ask("document", "show", "ACME-LAW") == 0
    terminal.flush()
    shown = terminal.buffer.getvalue().decode()
    assert is_inert(shown)
    assert "Text ␛[2J of <U+009B>31m law; password: hunter2.\n" in shown
    assert "--out NEW" in capsys.readouterr().err


def test_a_new_file_gets_the_bytes_and_the_object_says_that_they_are_the_pinned_ones(
    law: SignedCut, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "law.md"
    assert ask("--json", "document", "show", "ACME-LAW", "--out", str(new)) == 0
    answer = answer_of(capsys)
    assert new.read_bytes() == HOSTILE.encode()
    assert (answer["schema"], answer["outcome"], answer["equal"], answer["edited"]) == (
        *("cutter-console/document-show/1", "PASS"),
        *(True, []),
    )
    assert answer["sha256"] == answer["canonical_sha256"] == sha256_hex(HOSTILE.encode())
    assert (answer["run_id"], answer["state"], answer["in_force_until"]) == (law.run_id, 1, None)
    assert ask("document", "show", "ACME-LAW", "--out", str(new)) == 4


def test_an_edit_is_named_with_its_run(
    database: Database, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start_cut(database)
    run.to_second_pause()
    edit = start_edit(run)
    edit.edited()
    run.verify()
    run.lawful()
    new = tmp_path / "law.md"
    assert ask("--json", "document", "show", "ACME-LAW", "--out", str(new)) == 0
    answer = answer_of(capsys)
    assert (answer["equal"], answer["edited"]) == (False, [{"address": "ACME-LAW/ONE/BETA", "run_id": edit.run_id}])
    assert answer["sha256"] == sha256_hex(new.read_bytes()) != answer["canonical_sha256"]
    assert ask("document", "show", "ACME-LAW") == 0
    assert f"by signed edits between cut and enactment alone: ACME-LAW/ONE/BETA by run {edit.run_id}" in (
        capsys.readouterr().err
    )


def test_a_text_that_is_not_the_pinned_one_is_a_failure_and_nothing_is_written(
    law: SignedCut, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(law.database, "UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Two'")
    new = tmp_path / "law.md"
    assert ask("document", "show", "ACME-LAW", "--out", str(new)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("STOP_DRIFT: ")
    assert f"cutter-console --root {tmp_path} drift" in said.err
    assert not new.exists()


def test_a_text_of_version_0_2_0_could_not_be_measured(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(law.database, "UPDATE cutter_governance.manifest_seal SET other_text = NULL")
    assert ask("document", "show", "ACME-LAW") == 7
    assert "unit show ADDRESS" in capsys.readouterr().err
    assert ask("unit", "show", law.units[0].address) == 0


@pytest.mark.parametrize("words", [("document", "show", "ACME-LAW"), ("unit", "show", "ACME-LAW/TWO")])
@pytest.mark.parametrize("date", ["tomorrow", "2026-02-30", "2026-11-28T10:00:00"])
def test_another_form_of_date_is_wrong_usage(ask: Ask, words: tuple[str, ...], date: str) -> None:
    assert ask(*words, "--as-of", date) == 2


def test_json_needs_a_file_for_the_text(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("--json", "document", "show", "ACME-LAW") == 2
    assert "--json needs --out NEW" in str(answer_of(capsys)["stop"])


def test_a_day_is_its_end_so_that_what_was_enacted_on_it_is_in_force_as_of_it(
    law: SignedCut, ask: Ask, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    with law.database.connect("cutter_ro") as connection:
        row = connection.execute("SELECT enacted_at FROM cutter_governance.v_document_state").fetchone()
    assert row is not None
    day: datetime = row[0].astimezone(UTC)
    assert ask("document", "show", "ACME-LAW", "--as-of", f"{day:%Y-%m-%d}") == 0
    assert capsysbinary.readouterr().out == HOSTILE.encode()
    assert ask("document", "show", "ACME-LAW", "--as-of", f"{day - timedelta(days=1):%Y-%m-%d}") == 4
    assert ask("document", "show", "ACME-LAW", "--as-of", f"{day:%Y-%m-%dT%H:%M:%S.%f}+00:00") == 0


def test_a_unit_is_shown_inert_with_the_very_words_of_the_law(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    unit = law.units[0]
    assert ask("unit", "show", unit.address) == 0
    shown = capsys.readouterr().out
    assert is_inert(shown)
    assert "  Text ␛[2J of <U+009B>31m law; password: hunter2.\n" in shown
    assert f"law by     run {law.run_id}" in shown
    assert ask("--json", "unit", "show", unit.address) == 0
    out = capsys.readouterr().out
    assert is_inert(out)
    answer = json.loads(out)
    assert answer["body"] == law.body(unit)
    assert answer["body_sha256"] == unit.body_sha256
    assert is_inert(answer["title"])


def test_an_unknown_address_is_refused_with_one_that_is_near(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    near = law.units[0].address
    for command in ("show", "history"):
        assert ask("unit", command, near + "Q") == 4
        assert f"did you mean {near}" in capsys.readouterr().err


def test_the_lists_and_histories_name_what_made_the_law(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    amendment = start_amendment(law, REVISED)
    amendment.enacted()
    assert ask("document", "list") == 0
    listed = capsys.readouterr().out
    assert "2 states   in force since" in listed
    assert f"last run {amendment.run_id} (" in listed
    assert ask("document", "history", "ACME-LAW") == 0
    history = capsys.readouterr().out
    assert all(f"run        {run.run_id}" in history for run in (law, amendment))
    assert ask("unit", "history", law.units[-1].address) == 0
    unit = capsys.readouterr().out
    assert f"version 1  ended  written by cut run {law.run_id}" in unit
    for words in (("document", "list"), ("document", "history", "ACME-LAW"), ("unit", "history", law.units[0].address)):
        assert ask("--json", *words) == 0
        assert answer_of(capsys)["schema"] == f"cutter-console/{'-'.join(words[:2])}/1"


def test_a_repealed_document_is_told_as_such_and_its_texts_stay_readable(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    repeal = start_repeal(law)
    repeal.enacted()
    assert ask("document", "list") == 0
    assert f"2 states   repealed since {datetime.now(UTC):%Y-%m-%d}" in capsys.readouterr().out
    assert ask("document", "history", "ACME-LAW") == 0
    assert "state 2  repealed  repeal  0 units" in capsys.readouterr().out
    assert ask("--json", "document", "show", "ACME-LAW", "--out", str(tmp_path / "none.md")) == 4
    assert f"by run {repeal.run_id}: nothing of it is in force" in str(answer_of(capsys)["stop"])
    assert not (tmp_path / "none.md").exists()
    assert ask("--json", "document", "show", "ACME-LAW", "--as-of", before, "--out", str(tmp_path / "last.md")) == 0
    assert (tmp_path / "last.md").read_bytes() == HOSTILE.encode()
    capsys.readouterr()
    assert ask("--json", "unit", "show", law.units[0].address) == 4
    assert f"run {repeal.run_id} has repealed the document" in str(answer_of(capsys)["stop"])
    assert ask("document", "diff", "ACME-LAW", "--from", before) == 0
    assert "0 unchanged, 0 changed, 0 new, 2 gone" in capsys.readouterr().out


def test_the_difference_of_two_moments_is_marked_by_words_and_inert(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    start_amendment(law, REVISED).enacted()
    assert ask("document", "diff", "ACME-LAW", "--from", before) == 0
    shown = capsys.readouterr().out
    assert is_inert(shown)
    assert "0 unchanged, 1 changed, 1 new, 1 gone" in shown
    assert "password:[- hunter2-]{+ hunter3+}." in shown
    assert ask("--json", "document", "diff", "ACME-LAW", "--from", before, "--to", before) == 0
    answer = answer_of(capsys)
    assert (answer["changed"], answer["gone"], answer["unchanged"]) == ([], [], len(law.units))
    assert ask("document", "diff", "ACME-LAW") == 2
    assert ask("document", "diff", "ACME-LAW", "--from", "1999-01-01") == 4


def test_the_first_of_two_moments_is_not_the_later_one(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    before = datetime.now(UTC)
    start_amendment(law, REVISED).enacted()
    later, tomorrow = before + timedelta(hours=1), f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    for words in (["--from", later.isoformat(), "--to", before.isoformat()], ["--from", tomorrow]):
        assert ask("document", "diff", "ACME-LAW", *words) == 2
        refused = capsys.readouterr()
        assert refused.out == ""
        assert "later than --to" in refused.err
    assert ask("document", "diff", "ACME-LAW", "--from", later.isoformat(), "--to", before.isoformat()) == 2
    exchanged = re.search(r"(document diff ACME-LAW --from .*)$", capsys.readouterr().err, re.MULTILINE)
    assert exchanged is not None
    assert ask(*exchanged[1].split()) == 0


def test_today_is_compared_as_it_is_now(law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    start_amendment(law, REVISED).enacted()
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert ask("--json", "document", "diff", "ACME-LAW", "--from", today) == 0
    answer = answer_of(capsys)
    old, new = (ComparedState.model_validate_json(json.dumps(answer[side])).as_of for side in ("old", "new"))
    assert old == new
    assert abs(old - datetime.now(UTC)) < timedelta(hours=1)


def test_the_difference_of_two_texts_of_the_same_units_is_shown(
    law: SignedCut, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    start_amendment(law, f"As of 2\x1b[2J March.\n\n{HOSTILE}").enacted()
    between = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    start_amendment(law, f"As of 3\x1b[2J March.\n\n{HOSTILE}", 201).enacted()
    assert ask("document", "diff", "ACME-LAW", "--from", between) == 0
    shown = capsys.readouterr().out
    assert is_inert(shown)
    assert "0 changed, 0 new, 0 gone" in shown
    assert "changed  the text between the units\n  at the beginning\n" in shown
    assert "As of [-2-]{+3+}" in shown, "as the plan of the amendment had it"
    assert ask("--json", "document", "diff", "ACME-LAW", "--from", before, "--to", between) == 0
    added = {"kind": "added", "text": "As of 2\x1b[2J March.\n\n"}
    assert answer_of(capsys)["between"] == [{"old_place": None, "new_place": "", "parts": [added], "is_coarse": False}]


def test_no_document_is_an_answer(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask("document", "list") == 0
    assert capsys.readouterr().out == "no documents\n"
