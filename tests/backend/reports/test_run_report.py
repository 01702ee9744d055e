"""The thirteen documents of a run: complete at every stage, the same for the same record, and never better than it."""

import dis
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

import pytest

import console
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode
from console.backend.model.readiness import ReportView
from console.backend.model.states import Family, Mode, Move, Phase, RunState, Stage, legal_moves
from console.backend.model.view_models import RunRequest
from console.backend.reports.run.build import _NEXT, _next
from console.backend.reports.run.report import write_run_report
from console.backend.runs.moves import command_of
from console.backend.service import BackendService
from tests.support.edited import edited
from tests.support.passage import DOCPREFIX, REQUEST, STAGES, UNITS, Kept, Passage, silent

At = Callable[[str], Passage]
DOCUMENTS = (
    "01-source-pin.md",
    "02-mark.md",
    "03-cutplan.md",
    "04-pre-write-backup.md",
    "05-grant-probe.md",
    "06-pause-sg1.md",
    "07-cut-leg-a.md",
    "08-structural-verify.md",
    "09-leg-b-record.md",
    "10-write-verify.md",
    "11-pause-sg2.md",
    "12-lifecycle-enact.md",
    "13-closeout.md",
)
DOCUMENT = {name[3:-3]: name for name in DOCUMENTS}
"""The file of each phase and pause."""
DRY = RunRequest(origin="file:law.md", docprefix=DOCPREFIX)
CANARY = "hunter2canary"
MOST_CALLS_BETWEEN_FILES = 3000
_CITED = re.compile(r"(?<!\\)\[([0-9A-Za-z.-]+)\]")
_FENCED = re.compile(r"^(`{3,})json\n(.*?)\n\1$", re.DOTALL | re.MULTILINE)
_ELSEWHERE = """
import sys
from pathlib import Path
from console.backend.host.context import Context
from console.backend.reports.run.report import write_run_report
from console.backend.host.installation import Installation
from console.backend.host.settings import load_settings
root = Path(sys.argv[1])
print(write_run_report(Installation(Context(root=root, host="elsewhere"), load_settings(root), "somebody else"), sys.argv[2]).directory)
"""


def _texts(view: ReportView) -> dict[str, str]:
    """Every file of the report."""
    return {path.name: path.read_text(encoding="utf-8") for path in Path(view.directory).iterdir()}


def _summary(view: ReportView) -> dict[str, object]:
    found = json.loads((Path(view.directory) / "report.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _outcome(view: ReportView) -> str:
    """The final outcome, where the closing document and the data say the same."""
    found = re.findall(r"^## FINAL OUTCOME: (\w+)$", _texts(view)[DOCUMENT["closeout"]], re.MULTILINE)
    assert found == [_summary(view)["outcome"]]
    return str(found[0])


def _attested(view: ReportView, sentence: str) -> str:
    attestation = _summary(view)["attestation"]
    assert isinstance(attestation, list)
    return str(next(one["outcome"] for one in attestation if sentence in one["sentence"]))


def _require_whole(view: ReportView) -> None:
    """Thirteen documents, true sums, and no citation without its evidence."""
    texts = _texts(view)
    assert view.documents == DOCUMENTS
    assert set(texts) == {*DOCUMENTS, "report.json", "SHA256SUMS"}
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    summed = subprocess.run(command, cwd=view.directory, capture_output=True, check=True).stdout
    assert summed.count(b": OK") == len(DOCUMENTS) + 1
    assert view.sums_sha256 == sha256_hex(texts["SHA256SUMS"].encode())
    assert Path(view.directory).name == f"{view.run_id}-{view.sums_sha256[:8]}"
    evidence = _summary(view)["evidence"]
    assert isinstance(evidence, list)
    register = [piece["id"] for piece in evidence]
    assert len(register) == len(set(register))
    for name in DOCUMENTS:
        cited = set(_CITED.findall(_FENCED.sub("", texts[name])))
        assert cited, name
        assert cited <= set(register), name
        assert texts[name].startswith(f"# {name[:2]} "), name


def _dry(passage: Passage) -> str:
    return passage.backend.start(DRY, silent).run_id


def _reverted(passage: Passage) -> str:
    return passage.backend.revert(passage.run_id, passage.run_id).run_id


def _voided(passage: Passage) -> str:
    return passage.backend.void(passage.run_id, "No longer wanted!").run_id


def _failed(passage: Passage) -> str:
    passage.execute("CREATE FUNCTION public.odd() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
    passage.execute("CREATE TRIGGER odd AFTER INSERT ON public.unit_version EXECUTE FUNCTION public.odd()")
    with pytest.raises(CutterError):
        passage.backend.start(REQUEST, silent)
    return passage.backend.runs()[0].run_id


def _stopped(passage: Passage) -> str:
    passage.arm()
    passage.execute("CREATE TABLE cutter_governance.stranger (a int)")
    with pytest.raises(Drifted):
        passage.resume()
    return passage.run_id


ENDS: dict[str, tuple[str, Callable[[Passage], str], str, str]] = {
    "dry run": ("fresh", _dry, "PARTIAL", "has\nwritten nothing"),
    "reverted": ("SG_2 imported", _reverted, "PARTIAL", "The cut was taken back"),
    "voided": ("SG_1 imported", _voided, "PARTIAL", "The run was voided"),
    "failed": ("fresh", _failed, "FAIL", "The run FAILED"),
    "stopped": ("SG_1 imported", _stopped, "FAIL", "The run was STOPPED"),
    "edited": ("waits for SG_2", edited, "PARTIAL", "The edits of these drafts are in"),
}
"""From which stage, how it got there, the final outcome, and what the closing document says of it."""


def _ended(at: At, kept: Kept, end: str) -> tuple[Passage, ReportView]:
    """A run that has come to this end, as it is kept, and its report."""
    stage, walk, _, _ = ENDS[end]

    def make() -> Passage:
        passage = at(stage)
        return replace(passage, run_id=walk(passage))

    passage = kept(f"{stage}, {end}", make)
    return passage, passage.backend.report(passage.run_id)


@pytest.mark.parametrize("stage", STAGES[1:])
def test_at_every_stage_of_a_run_there_are_thirteen_whole_documents(at: At, stage: str) -> None:
    passage = at(stage)
    view = passage.backend.report(passage.run_id)
    _require_whole(view)
    assert _outcome(view) == ("PASS" if stage == "enacted" else "PARTIAL")


@pytest.mark.parametrize("end", ENDS)
def test_every_end_of_a_run_has_thirteen_whole_documents_and_its_own_words(at: At, kept: Kept, end: str) -> None:
    _, view = _ended(at, kept, end)
    _require_whole(view)
    assert _outcome(view) == ENDS[end][2]
    assert ENDS[end][3] in _texts(view)[DOCUMENT["closeout"]]


@pytest.mark.parametrize("end", ["dry run", "reverted", "edited"])
def test_the_same_record_gives_the_same_bytes_and_says_so(at: At, kept: Kept, end: str) -> None:
    passage, view = _ended(at, kept, end)
    before = _texts(view)
    again = passage.backend.report(view.run_id)
    assert (again.unchanged, again.directory, again.sums_sha256) == (True, view.directory, view.sums_sha256)
    assert _texts(again) == before


def test_a_copy_of_the_root_gives_the_same_bytes_to_another_process_on_another_host(at: At, tmp_path: Path) -> None:
    passage = at("enacted")
    view = passage.backend.report(passage.run_id)
    copy = tmp_path / "another root"
    shutil.copytree(passage.installation.root, copy, symlinks=True)
    shutil.rmtree(copy / "reports")
    (copy / "reports").mkdir()
    surroundings = {
        **os.environ,
        "TZ": "Asia/Kathmandu",
        "PGTZ": "Asia/Kathmandu",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
    }
    command = [sys.executable, "-c", _ELSEWHERE, str(copy), passage.run_id]
    elsewhere = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(elsewhere).name == Path(view.directory).name
    theirs = {path.name: path.read_text(encoding="utf-8") for path in Path(elsewhere).iterdir()}
    assert theirs == _texts(view)


def test_a_database_rewritten_and_with_other_settings_gives_the_same_bytes(at: At) -> None:
    passage = at("enacted")
    before = _texts(passage.backend.report(passage.run_id))
    with passage.connect() as connection:
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM FULL")
        for name, value in _OTHER_SETTINGS.items():
            connection.execute(f"ALTER DATABASE {passage.database} SET {name} = '{value}'".encode())
    again = passage.backend.report(passage.run_id)
    assert again.unchanged
    assert _texts(again) == before


_OTHER_SETTINGS = {
    "timezone": "Asia/Tokyo",
    "datestyle": "SQL, DMY",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "search_path": "pg_catalog",
}


def test_the_closeout_writes_the_report_when_the_switch_is_off_again(at: At) -> None:
    """As the enactment has left it: nobody has asked for a report since."""
    passage = at("enacted")
    written = list((passage.installation.root / "reports").glob(f"{passage.run_id}-*"))
    assert len(written) == 1
    view = passage.backend.report(passage.run_id)
    assert view.unchanged
    assert _attested(view, "switch") == "PASS"


@pytest.mark.parametrize("name", [DOCUMENT["cut-leg-a"], "report.json", "SHA256SUMS"])
def test_an_altered_file_is_named_and_the_report_is_not_written_over_it(at: At, name: str) -> None:
    """A report that "verifies" after it was edited is worth nothing."""
    passage = at("enacted")
    view = passage.backend.report(passage.run_id)
    altered = Path(view.directory) / name
    altered.write_text(altered.read_text().replace("0", "1", 1))
    with pytest.raises(Drifted, match=name) as caught:
        passage.backend.report(passage.run_id)
    assert caught.value.code is StopCode.DRIFT
    assert caught.value.next_action.endswith(f"mv {view.directory} {view.directory}.altered")


def test_a_missing_file_and_a_stranger_in_the_report_are_named(at: At) -> None:
    passage = at("waits for SG_1")
    view = passage.backend.report(passage.run_id)
    stranger = Path(view.directory) / f"{len(DOCUMENTS) + 1}-more.md"
    stranger.write_text("more")
    with pytest.raises(Drifted, match=r"14-more\.md is no file"):
        passage.backend.report(passage.run_id)
    stranger.unlink()
    (Path(view.directory) / DOCUMENT["mark"]).unlink()
    with pytest.raises(Drifted, match=r"02-mark\.md is missing"):
        passage.backend.report(passage.run_id)


def _journal(passage: Passage) -> Path:
    return passage.installation.root / "runs" / passage.run_id / "journal.jsonl"


def _edit_a_record(journal: Path) -> None:
    journal.write_text(journal.read_text().replace("mode", "mood", 1))


def _lose_the_end(journal: Path) -> None:
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:12]))


def _tear(journal: Path) -> None:
    with journal.open("a") as stream:
        stream.write('{"sequence":')


@pytest.mark.parametrize("damage", [_edit_a_record, _lose_the_end, _tear, Path.unlink])
def test_a_damaged_journal_is_told_in_every_document_and_the_outcome_is_fail(
    at: At, damage: Callable[[Path], None]
) -> None:
    """A missing chain is a failure, and an unsealed file never "verifies"."""
    passage = at("enacted")
    damage(_journal(passage))
    view = passage.backend.report(passage.run_id)
    _require_whole(view)
    assert _outcome(view) == "FAIL"
    for name in DOCUMENTS:
        assert "THE JOURNAL OF THIS RUN IS NOT WHAT WAS WRITTEN" in _texts(view)[name], name
    assert str(passage.installation.root) not in "".join(_texts(view).values())


def _as_a_superuser(passage: Passage, table: str, statement: str) -> None:
    """With the guards asleep: what no product code can do."""
    with passage.connect() as connection:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER".encode())
        connection.execute(statement.encode())


_FORGERIES = {
    "enacted without an SG_2": (
        "cutter_governance.approval_use",
        "DELETE FROM cutter_governance.approval_use WHERE purpose = 'enact'",
        "enacted without",
    ),
    "used in another transaction": (
        "cutter_governance.approval_use",
        "UPDATE cutter_governance.approval_use SET xid = '3' WHERE purpose = 'cut'",
        "used only in the transaction",
    ),
    "a step that the journal does not know": (
        "cutter_governance.run_event",
        "UPDATE cutter_governance.run_event SET journal_head = repeat('0', 64) WHERE phase = 'mark'",
        "without its record",
    ),
    "a row was lost": (
        "cutter_governance.run_event",
        "UPDATE cutter_governance.run_event SET record = replace(record::text, 'public.unit_version +3', 'public.unit_version -3')::jsonb",
        "deleted",
    ),
}


@pytest.mark.parametrize("forgery", _FORGERIES)
def test_each_sentence_of_the_attestation_fails_when_the_record_is_broken(at: At, forgery: str) -> None:
    """A sentence that cannot become false says nothing."""
    passage = at("enacted")
    table, statement, sentence = _FORGERIES[forgery]
    _as_a_superuser(passage, table, statement)
    view = passage.backend.report(passage.run_id)
    assert _attested(view, sentence) == "FAIL"
    assert _outcome(view) == "FAIL"


def test_a_plan_that_was_edited_on_disk_is_told(at: At) -> None:
    passage = at("enacted")
    plan = passage.installation.root / "runs" / passage.run_id / "plan.json"
    plan.write_text(plan.read_text().replace("Alpha", "Omega"))
    assert _attested(passage.backend.report(passage.run_id), "plan in the run's directory") == "FAIL"


def test_a_lease_without_an_end_is_not_attested_as_closed(at: At) -> None:
    """Closing is read back, and never taken for granted."""
    passage = at("armed")
    view = passage.backend.report(passage.run_id)
    assert _attested(view, "switch") == "INCONCLUSIVE"
    assert _outcome(view) == "INCONCLUSIVE"


def test_a_closed_run_without_the_record_of_a_phase_is_a_failure(at: At) -> None:
    """`cut_done` was recorded and nothing had been cut."""
    passage = at("enacted")
    _as_a_superuser(
        passage, "cutter_governance.run_event", "DELETE FROM cutter_governance.run_event WHERE phase = 'cut_leg_a'"
    )
    (passage.installation.root / "runs" / passage.run_id / "06-cut_leg_a.json").unlink()
    view = passage.backend.report(passage.run_id)
    assert _outcome(view) == "FAIL"
    assert "the record does not confirm it" in _texts(view)[DOCUMENT["closeout"]]


def test_the_statement_stands_there_as_it_was_signed(at: At) -> None:
    passage = at("enacted")
    texts = _texts(passage.backend.report(passage.run_id))
    for name, kind in ((DOCUMENT["pause-sg1"], "SG_1"), (DOCUMENT["pause-sg2"], "SG_2")):
        fenced = _FENCED.findall(texts[name])
        assert len(fenced) == 1
        signed = json.dumps(
            json.loads(fenced[0][1]), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        ).encode()
        assert signed == passage.installation.statement(passage.run_id, kind).read_bytes()
        assert sha256_hex(signed) in texts[name]
        fingerprint = passage.rows("SELECT signers[1] FROM cutter_governance.approval LIMIT 1")[0][0]
        for said in (f"primary key {fingerprint}", "by cutter_verify", "SOLO", "used to", "valid"):
            assert said in texts[name], said


def test_a_policy_that_the_run_did_not_keep_is_not_guessed(at: At) -> None:
    passage = at("enacted")
    for kept in (passage.installation.root / "runs" / passage.run_id).glob("policy-*.json"):
        kept.write_text(kept.read_text().replace('"solo":true', '"solo":false'))
    text = _texts(passage.backend.report(passage.run_id))[DOCUMENT["pause-sg1"]]
    assert "whether it is solo is not proven here" in text


def test_planned_and_counted_rows_stand_side_by_side_and_unverified_ones_are_inconclusive(at: At) -> None:
    passage = at("enacted")
    whole = _texts(passage.backend.report(passage.run_id))[DOCUMENT["write-verify"]]
    assert f"| public.unit_version | +{UNITS} [03.expected] | +{UNITS} [10.counted] | PASS |" in whole
    waiting = at("waits for SG_1")
    early = _texts(waiting.backend.report(waiting.run_id))[DOCUMENT["write-verify"]]
    assert f"| public.unit_version | +{UNITS} [03.expected] | not counted [10.uncounted] | NOT_RUN |" in early
    assert "no statement of this run was used" in early
    unverified = at("waits for SG_2")
    _as_a_superuser(
        unverified,
        "cutter_governance.run_event",
        "DELETE FROM cutter_governance.run_event WHERE phase = 'write_verify'",
    )
    late = _texts(unverified.backend.report(unverified.run_id))[DOCUMENT["write-verify"]]
    assert f"| public.unit_version | +{UNITS} [03.expected] | not counted [10.uncounted] | INCONCLUSIVE |" in late


def test_a_run_that_can_still_be_ended_is_not_said_to_have_nothing_left_to_do(at: At, kept: Kept) -> None:
    _, view = _ended(at, kept, "failed")
    following = _texts(view)[DOCUMENT["closeout"]].partition("## Next")[2].partition("## STOP")[0]
    assert "run void" in following
    assert "Nothing more" not in following
    _, over = _ended(at, kept, "voided")
    assert "Nothing more is to be done" in _texts(over)[DOCUMENT["closeout"]]


def test_a_dry_run_claims_nothing_of_a_database_that_was_not_asked(at: At, kept: Kept) -> None:
    _, view = _ended(at, kept, "dry run")
    assert "known\nfrom the database" not in _texts(view)[DOCUMENT["pause-sg1"]]
    assert (
        f"never: a dry run adds no row [{DOCUMENT['write-verify'][:2]}.uncounted]" in _texts(view)[DOCUMENT["closeout"]]
    )


def test_an_edit_is_told_where_the_cut_would_stand_and_the_roll_up_agrees(at: At, kept: Kept) -> None:
    passage, view = _ended(at, kept, "edited")
    texts = _texts(view)
    assert "came to **PASS**" in texts[DOCUMENT["cut-leg-a"]]
    assert f"| {DOCUMENT['cut-leg-a']} | **PASS** | the edits, in one transaction" in texts[DOCUMENT["closeout"]]
    assert "also moved the run" not in texts[DOCUMENT["pre-write-backup"]]
    assert "Nothing of this phase happened" not in "".join(texts[name] for name in DOCUMENTS)
    # It proves that it touched no other unit; and a sentence that does not hold cannot be misread as one that does.
    assert _attested(view, "No unit of another document") == "PASS"
    assert _attested(view, "Nothing was deleted") == "PASS"
    verified = "DELETE FROM cutter_governance.run_event WHERE phase = 'write_verify'"
    _as_a_superuser(passage, "cutter_governance.run_event", verified)
    next((passage.installation.root / "runs" / passage.run_id).glob("*write_verify.json")).unlink()
    again = passage.backend.report(passage.run_id)
    assert "**INCONCLUSIVE**, it is not proven that: No unit of another" in _texts(again)[DOCUMENT["closeout"]]


def test_phases_that_were_not_reached_say_why(at: At, kept: Kept) -> None:
    passage, view = _ended(at, kept, "voided")
    text = _texts(view)[DOCUMENT["cut-leg-a"]]
    assert "NOT_RUN: the run was voided at awaiting_cut_authorization (no_longer_wanted)" in text
    assert passage.run_id in text


def test_a_failed_phase_says_what_was_found_and_what_was_to_be_done(at: At, kept: Kept) -> None:
    _, view = _ended(at, kept, "failed")
    text = _texts(view)[DOCUMENT["grant-probe"]]
    assert "The answer in the record is **FAIL**" in text
    assert "unit_version.odd is not ours" in text
    assert "What was to be done about guards" in text


def test_every_attempt_of_a_phase_is_told(at: At, kept: Kept) -> None:
    passage, _ = _ended(at, kept, "stopped")
    passage.execute("DROP TABLE cutter_governance.stranger")
    passage.resume()
    passage.arm()
    passage.resume()
    text = _texts(passage.backend.report(passage.run_id))[DOCUMENT["cut-leg-a"]]
    assert "Attempt 1 of 2" in text
    assert "Attempt 2 of 2" in text
    assert "The answer in the record is **PASS**" in text


def test_the_monitoring_role_gets_as_far_as_it_can_and_says_what_it_could_not_read(at: At) -> None:
    passage = at("enacted")
    database = passage.installation.settings.database.model_copy(update={"verifier": "host=/nonexistent dbname=none"})
    view = passage.settings(database=database).backend.report(passage.run_id)
    _require_whole(view)
    assert _outcome(view) == "INCONCLUSIVE"
    assert "the monitoring role may not read it" in _texts(view)[DOCUMENT["closeout"]]
    assert "The answer in the record is **PASS**" in _texts(view)[DOCUMENT["cut-leg-a"]]


def test_a_monitoring_console_writes_no_report(at: At) -> None:
    passage = at("enacted")
    before = sorted((passage.installation.root / "reports").iterdir())
    with pytest.raises(Refused, match="--read-only"):
        BackendService(passage.installation, read_only=True).report(passage.run_id)
    assert sorted((passage.installation.root / "reports").iterdir()) == before


def test_an_unknown_run_is_refused_and_nothing_is_written(at: At) -> None:
    passage = at("fresh")
    with pytest.raises(Refused, match="no run"):
        passage.backend.report("ictr-20260101T000000Z-00000000")
    assert list((passage.installation.root / "reports").iterdir()) == []


def test_a_report_that_cannot_be_written_leaves_nothing_half_done(at: At) -> None:
    passage = at("waits for SG_1")
    reports = passage.installation.root / "reports"
    shutil.rmtree(reports)
    reports.write_text("in the way")
    with pytest.raises(CutterError, match="could not be written"):
        passage.backend.report(passage.run_id)
    assert reports.read_text() == "in the way"


def test_markup_and_escapes_from_a_document_are_inert(at: At) -> None:
    """Markup or escape sequences in a document redraw what somebody reads."""
    passage = at("fresh")
    name = "a](javascript:x)<script>|````` # **b**.md"
    origin = passage.write(name, "# One `````\x1b[2J <b>\n\nText\x1b[31m.\n\n## [x](http://evil)\n\nMore.\n")
    run = passage.backend.start(RunRequest(origin=origin, docprefix=DOCPREFIX, mode=REQUEST.mode), silent)
    passage.sign(run.run_id)
    view = passage.backend.report(run.run_id)
    _require_whole(view)
    texts = _texts(view)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "".join(texts.values()))
    for name in DOCUMENTS:
        outside = _FENCED.sub("", texts[name])
        assert "<script>" not in outside, name
        assert "](" not in outside.replace("\\](", ""), name
    fence = _FENCED.search(texts[DOCUMENT["pause-sg1"]])
    assert fence is not None
    assert len(fence[1]) > 5
    assert origin in json.loads(fence[2])["document"]["origin"]


def test_planted_secrets_never_reach_a_report(at: At) -> None:
    """Secrets in state. They are planted in the statement, the journal, a role's name and a HOLD."""
    passage = at("fresh")
    origin = passage.write(f"password={CANARY}.md", "# One\n\nText.\n")
    run = passage.backend.start(RunRequest(origin=origin, docprefix=DOCPREFIX, mode=REQUEST.mode), silent)
    passage.sign(run.run_id)
    secret = f"postgresql://cutter:{CANARY}@db/x token={CANARY}"
    _as_a_superuser(
        passage, "cutter_governance.run_event", f"UPDATE cutter_governance.run_event SET actor = '{secret}'"
    )
    _as_a_superuser(
        passage, "cutter_governance.approval", f"UPDATE cutter_governance.approval SET imported_by = '{secret}'"
    )
    passage.execute("SELECT cutter_console.fn_hold_set(%s, %s, %s)", secret, secret, run.run_id)
    passage.execute("SELECT cutter_console.fn_hold_release(%s, %s)", secret, secret)
    passage.backend.void(run.run_id, f"because password={CANARY}")
    view = passage.backend.report(run.run_id)
    _require_whole(view)
    texts = _texts(view)
    assert CANARY not in "".join(texts.values())
    assert "<redacted>" in texts["report.json"]
    assert "with something hidden" in texts[DOCUMENT["pause-sg1"]]


def test_an_interrupted_phase_is_told_as_a_beginning_without_an_end(at: At) -> None:
    passage = at("armed")

    class Killed(BaseException):
        """As if the process had gone."""

    def dies(progress: object) -> None:
        if getattr(progress, "step", "") == "cutting":
            raise Killed

    with pytest.raises(Killed):
        passage.resume(dies)
    view = passage.backend.report(passage.run_id)
    _require_whole(view)
    text = _texts(view)[DOCUMENT["cut-leg-a"]]
    assert "There is no answer in the record" in text
    assert "no record ends it" in text
    assert passage.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION


class _CallsBetweenFiles:
    """Counts calls from one file of the project to another, templates included, also through pydantic, jinja2 or psycopg.

    A tracer that wants nothing of what is called hears of calls alone; a profiler would be called for each of those in C too.
    """

    def __init__(self) -> None:
        self.counted = 0
        self._home = f"{Path(console.__file__).parent}{os.sep}"
        self._known: dict[CodeType, bool] = {}

    def __enter__(self) -> "_CallsBetweenFiles":
        self._before = sys.gettrace()
        sys.settrace(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)

    def _count(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and self._is_ours(frame.f_code) and not _is_resumed(frame):
            caller = frame.f_back
            while caller is not None and not self._is_ours(caller.f_code):
                caller = caller.f_back
            self.counted += caller is not None and caller.f_code.co_filename != frame.f_code.co_filename

    def _is_ours(self, code: CodeType) -> bool:
        if code not in self._known:
            self._known[code] = code.co_filename.startswith(self._home)
        return self._known[code]


def _is_resumed(frame: FrameType) -> bool:
    """Return whether a generator goes on after a yield: it was called once, at its first instructions."""
    if not frame.f_code.co_flags & inspect.CO_GENERATOR:
        return False
    return frame.f_lasti > _entered(frame.f_code)


@cache
def _entered(code: CodeType) -> int:
    return next(one.offset for one in dis.get_instructions(code) if one.opname == "RESUME")


def test_a_report_is_read_built_and_rendered_once(at: At) -> None:
    """Counted and not timed: each text that is redacted, validated or rendered per use instead of once shows here."""
    passage = at("enacted")
    view = write_run_report(passage.installation, passage.run_id)
    shutil.rmtree(view.directory)
    with _CallsBetweenFiles() as calls:
        again = write_run_report(passage.installation, passage.run_id)
    assert (again.sums_sha256, again.unchanged) == (view.sums_sha256, False)
    assert 1000 < calls.counted < MOST_CALLS_BETWEEN_FILES


def test_the_roll_up_has_a_line_for_each_document(at: At) -> None:
    passage = at("enacted")
    view = passage.backend.report(passage.run_id)
    roll_up = _summary(view)["roll_up"]
    assert isinstance(roll_up, list)
    assert [line["document"] for line in roll_up] == list(DOCUMENTS)
    assert sum(line["took_ms"] is not None for line in roll_up) == len(Phase)


def test_each_legal_move_has_its_words_and_the_command_of_every_other_place() -> None:
    """The commands stood here once more, so that one could be changed without the other."""
    reasons = {Family.FAILED, Family.STOPPED, Family.VOIDED}
    states = [
        RunState(stage=stage, family=family, reason="x" if family in reasons else "")
        for stage in Stage
        for family in Family
    ]
    moves = {move for state in states for mode in Mode for move in legal_moves(state, mode)}
    assert moves == _NEXT.keys()
    commands = {move: _next(move, "RUN").command for move in moves}
    assert commands == {move: "" if move is Move.REPORT else command_of(move, "RUN") for move in moves}
