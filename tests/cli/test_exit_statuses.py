"""Every command says with its exit status and one JSON object what came of it."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.view_models import Progress
from console.cli.main import main
from console.cli.output import narrate, narrating
from console.demo.keys import sign_as_demo_sovereign
from tests.cli.conftest import Run, stop_of
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_the_main_job_by_commands_alone(at: At, command: Run) -> None:
    passage = at("fresh")
    law = str(passage.installation.intake / "law.md")
    assert command(passage, "run", "start", law, "--docprefix", "ACME-LAW")[0] == 0
    status, started = command(passage, "run", "start", law, "--docprefix", "ACME-LAW", "--live")
    run_id = str(started["run_id"])
    assert (status, started["outcome"], started["schema"]) == (3, "PARTIAL", "cutter-console/run-start/1")
    for ruling in ("SG_1", "SG_2"):
        assert command(passage, "approval", "draft", run_id)[0] == 3
        statement = passage.installation.statement(run_id, ruling)
        assert command(passage, "approval", "check", str(statement))[0] == 4
        sign_as_demo_sovereign(statement, passage.installation.gnupg_home)
        assert command(passage, "approval", "import", str(statement))[0] == 0
        if ruling == "SG_1":
            assert command(passage, "arm", run_id, "--confirm", run_id)[0] == 0
            assert command(passage, "run", "resume", run_id)[0] == 3
            assert command(passage, "verify", run_id)[0] == 0
    status, enacted = command(passage, "enact", run_id, "--confirm", run_id)
    assert (status, enacted["outcome"]) == (0, "PASS")
    assert command(passage, "journal", "verify", run_id)[0] == 0
    assert command(passage, "run", "start", law, "--docprefix", "ACME-LAW", "--live")[0] == 0
    assert passage.lifecycles() == ["enacted"] * 3


BATCH = "ictb-20260101T000000Z-00000001"
WAITING: dict[str, tuple[tuple[str, ...], int, str]] = {
    "resume without a ruling": (("run", "resume", "RUN"), 3, "STOP_APPROVAL_REQUIRED"),
    "arm without a ruling": (("arm", "RUN", "--confirm", "RUN"), 4, "STOP_EXECUTION_DISABLED"),
    "arm without the id": (("arm", "RUN"), 2, "STOP_EXECUTION_DISABLED"),
    "enact too early": (("enact", "RUN", "--confirm", "RUN"), 4, "STOP_EXECUTION_DISABLED"),
    "revert nothing": (("revert", "RUN", "--confirm", "RUN"), 4, "STOP_EXECUTION_DISABLED"),
    "verify nothing": (("verify", "RUN"), 4, "STOP_EXECUTION_DISABLED"),
    "an unknown run": (("run", "show", "ictr-20260101T000000Z-00000000"), 4, "STOP_REFUSED_INPUT"),
    "a path as a run": (("run", "show", "../../etc"), 4, "STOP_REFUSED_INPUT"),
    "a statement that is not there": (("approval", "check", "/nonexistent.json"), 4, "STOP_APPROVAL_INVALID"),
    "a release of nothing typed": (("hold", "release"), 2, "STOP_HOLD"),
    "a release by another word": (("hold", "release", "--confirm", "release"), 2, "STOP_HOLD"),
    "an enactment of another id": (("enact", "RUN", "--confirm", "x"), 2, "STOP_EXECUTION_DISABLED"),
    "a revert of another id": (("revert", "RUN", "--confirm", "x"), 2, "STOP_EXECUTION_DISABLED"),
    "an edit of another id": (("run", "apply", "RUN", "--confirm", "x"), 2, "STOP_EXECUTION_DISABLED"),
    "a take-over of another id": (("run", "take-over", "RUN", "--confirm", "x"), 2, "STOP_EXECUTION_DISABLED"),
    "a batch of another id": (("arm", BATCH, "--confirm", "x"), 2, "STOP_EXECUTION_DISABLED"),
    "a digest of another policy": (("policy", "pin", "--confirm", "x"), 2, "STOP_POLICY_UNSATISFIABLE"),
    "a replan of nothing that has moved": (("run", "replan", "RUN"), 4, "STOP_EXECUTION_DISABLED"),
    "a folder as a bundle": (("run", "accept", "FOLDER"), 4, "STOP_REFUSED_INPUT"),
    "a bundle that is not there": (("run", "accept", "/nonexistent.tar"), 4, "STOP_REFUSED_INPUT"),
    "a document that is not there": (
        ("run", "start", "/nonexistent.md", "--docprefix", "ACME"),
        4,
        "STOP_REFUSED_INPUT",
    ),
    "a reserved prefix": (("run", "start", "FILE", "--docprefix", "ICX-CONST", "--live"), 4, "STOP_REFUSED_INPUT"),
}


@pytest.mark.parametrize("how", WAITING)
def test_a_refusal_has_its_exit_status_its_code_and_its_next_action(at: At, command: Run, how: str) -> None:
    passage = at("waits for SG_1")
    words, wanted, code = WAITING[how]
    intake = passage.installation.intake
    named = {"RUN": passage.run_id, "FILE": str(intake / "law.md"), "FOLDER": str(intake)}
    status, answer = command(passage, *(named.get(word, word) for word in words))
    assert (status, stop_of(answer)) == (wanted, code)
    if wanted == 2:
        stop = answer["stop"]
        assert isinstance(stop, dict)
        # The command that does it, with what is to be typed in it.
        assert re.search(rf"cutter-console --root \S+ {words[0]} .*--confirm \S", stop["next_action"]), stop


ENDED = (
    "run resume RUN",
    "run void RUN --reason x",
    "run replan RUN",
    "run hand-over RUN --to FILE",
    "run take-over RUN --confirm RUN",
)


@pytest.mark.parametrize("line", ENDED)
def test_what_a_run_that_is_over_does_not_take_is_no_broken_rule_of_the_database(
    at: At, command: Run, line: str
) -> None:
    """STOP_INVARIANT_FAILED was said of it, whose page is about journals that were changed and defects."""
    passage = at("enacted")
    words = [word.replace("RUN", passage.run_id).replace("FILE", "/nonexistent") for word in line.split()]
    status, answer = command(passage, *words)
    assert (status, stop_of(answer)) == (4, "STOP_EXECUTION_DISABLED")


def test_a_hold_has_its_exit_status_everywhere(at: At, command: Run) -> None:
    passage = at("SG_1 imported")
    assert command(passage, "panic", "--reason", "look")[0] == 0
    for words in (
        ("status",),
        ("hold", "show"),
        ("run", "resume", passage.run_id),
        ("arm", passage.run_id, "--confirm", passage.run_id),
    ):
        assert command(passage, *words)[0] == 6, words
    assert command(passage, "hold", "release", "--confirm", "RELEASE")[0] == 0
    assert command(passage, "status")[0] == 0


def test_a_panic_that_set_one_half_of_the_hold_has_an_exit_status_of_its_own(
    at: At, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Panic answered 0 where the file alone had been written; the command that completes it works."""
    passage = at("SG_1 imported")
    with monkeypatch.context() as unreachable:
        for name in ("CUTTER_EXECUTOR", "CUTTER_VERIFIER", "CUTTER_MONITOR"):
            unreachable.setenv(name, "host=/nonexistent dbname=x")
        status, answer = command(passage, "panic", "--reason", "look")
    assert (status, answer["outcome"], answer["in_file"], answer["in_database"]) == (6, "PARTIAL", True, None)
    switch: object = None
    for words in (("status",), ("hold", "show")):
        status, answer = command(passage, *words)
        switch = answer.get("switch", answer)
        assert isinstance(switch, dict)
        assert (status, switch["in_database"]) == (6, False)
        assert "the database has no HOLD" in str(switch["incomplete"])
    assert isinstance(switch, dict)
    status, answer = command(passage, *shlex.split(str(switch["complete_with"]))[1:])
    assert (status, answer["outcome"], answer["incomplete"]) == (0, "PASS", "")


def test_whoever_may_only_stop_is_told_with_0_that_all_of_it_was_done_and_with_6_that_something_runs(
    at: At, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who has the passwords of the monitoring role and of the role that stops."""
    passage = at("SG_1 imported")
    passage.arm()
    for name in ("CUTTER_EXECUTOR", "CUTTER_VERIFIER"):
        monkeypatch.setenv(name, "host=/nonexistent dbname=x")
    monkeypatch.setenv("CUTTER_STOPPER", passage.cluster.conninfo(passage.database, "cutter_stop"))
    with passage.connect("cutter_exec") as writer, writer.transaction():
        writer.execute("SELECT 1")
        status, answer = command(passage, "panic", "--reason", "look")
        assert (status, answer["outcome"], answer["in_database"]) == (6, "PARTIAL", True)
        assert "1 open of roles that may write, and not cancelled" in str(answer["incomplete"])
    status, answer = command(passage, "panic", "--reason", "look")
    assert (status, answer["outcome"], answer["incomplete"]) == (0, "PASS", "")


def test_drift_has_its_exit_status(at: At, command: Run) -> None:
    passage = at("SG_1 imported")
    assert command(passage, "drift")[0] == 0
    passage.execute("GRANT SELECT ON public.information_unit TO PUBLIC")
    assert command(passage, "drift")[0] == 5
    assert command(passage, "arm", passage.run_id, "--confirm", passage.run_id)[0] == 5
    passage.execute("REVOKE SELECT ON public.information_unit FROM PUBLIC")
    assert command(passage, "arm", passage.run_id, "--confirm", passage.run_id)[0] == 0
    passage.execute("GRANT SELECT ON public.information_unit TO PUBLIC")
    assert command(passage, "run", "resume", passage.run_id)[0] == 5


@pytest.mark.parametrize("words", [["status"], ["counts"]])
def test_what_could_not_be_read_has_its_exit_status_and_no_zero(at: At, command: Run, words: list[str]) -> None:
    """A script that asks for counts is never told 0 for "not permitted"."""
    passage = at("waits for SG_2")
    passage.execute("REVOKE SELECT ON cutter_governance.v_row_count FROM cutter_ro")
    status, answer = command(passage, *words)
    assert (status, answer["outcome"]) == (7, "INCONCLUSIVE")
    counts = answer["counts"]
    assert isinstance(counts, list)
    assert {count["rows"] for count in counts} == {None}


@pytest.mark.parametrize("words", [["drift"], ["run", "list"]])
def test_a_database_that_is_down_has_its_exit_status(
    at: At, command: Run, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTTER_MONITOR", "host=/nonexistent dbname=x")
    status, answer = command(at("fresh"), *words)
    assert (status, stop_of(answer)) == (7, "STOP_UNREACHABLE")


def test_a_wrong_command_line_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["no-such-command"], ["arm"], ["run", "start"], ["plan", "x"], ["status", "--no-such-option"]):
        assert main(words) == 2
        said = capsys.readouterr()
        assert "usage:" in said.err
        assert "next: cutter-console " in said.err
        assert said.out == ""


@pytest.mark.parametrize(
    ("words", "schema"),
    [
        (["no-such-command"], "usage"),
        (["--root", "somewhere", "report"], "report"),
        (["run", "start", "--docprefix", "ACME"], "run-start"),
        (["gates", "--no-such-option"], "gates"),
        (["plan", "x", "--docprefix", "ACME", "--profile", "no-such-profile"], "plan"),
        (["--root"], "usage"),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(given),
)
def test_a_wrong_command_line_is_one_object_too(
    words: list[str], schema: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", *words]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == f"cutter-console/{schema}/1"
    assert answer["outcome"] == "FAIL"
    assert stop_of(answer) == "STOP_REFUSED_INPUT"


def test_a_document_that_is_not_there_is_named_with_the_folders_that_were_looked_in(at: At, command: Run) -> None:
    passage = at("fresh")
    status, answer = command(passage, "run", "start", "elsewhere/law.md", "--docprefix", "ACME-LAW")
    assert status == 4
    assert str(passage.installation.intake / "law.md") in str(answer["stop"])
    assert command(passage, "run", "list")[1]["runs"] == []
    status, answer = command(passage, "run", "start", "no-such.md", "--docprefix", "ACME-LAW")
    assert (status, stop_of(answer)) == (4, "STOP_REFUSED_INPUT")
    assert str(Path("no-such.md").absolute()) in str(answer["stop"])
    assert f"ls {Path.cwd()} {passage.installation.intake}" in str(answer["stop"])


def test_a_document_of_the_intake_folder_is_named_without_it(
    at: At, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `plan` takes it; one of that name in the working directory comes first, and is never taken for the other."""
    passage = at("fresh")
    monkeypatch.chdir(tmp_path)
    for words in (("plan", "law.md"), ("run", "start", "law.md")):
        assert command(passage, *words, "--docprefix", "ACME-LAW")[0] == 0
    (tmp_path / "law.md").write_text("# Another\n\nText.\n", encoding="utf-8")
    status, answer = command(passage, "run", "start", "law.md", "--docprefix", "ACME-LAW")
    assert (status, "is there with other content" in str(answer["stop"])) == (4, True)


def test_a_root_that_cannot_be_made_is_one_object_and_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / ("long" * 100)
    assert main(["--root", str(root), "--json", "init"]) != 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "cutter-console/init/1"
    stop_of(answer)
    assert str(root) in answer["stop"]["message"]


def test_an_answer_that_cannot_be_printed_is_said_without_a_traceback(tmp_path: Path) -> None:
    """A full disk, or a full device, behind standard output."""
    program = "import sys; from console.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "--root", str(tmp_path / "root"), "init"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "could not be printed" in done.stderr
    assert "next: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_every_object_has_schema_outcome_and_time(at: At, command: Run) -> None:
    passage = at("waits for SG_2")
    for words in (
        ["status"],
        ["counts"],
        ["drift"],
        ["run", "list"],
        ["run", "show", passage.run_id],
        ["hold", "show"],
    ):
        _, answer = command(passage, *words)
        name = "-".join(word for word in words if word != passage.run_id)
        assert answer["schema"] == f"cutter-console/{name}/1"
        assert answer["outcome"] in {"PASS", "PARTIAL"}
        assert str(answer["measured_at"]).endswith("+00:00")


def test_narration_goes_to_standard_error_and_data_to_standard_output(
    at: At, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    law = str(passage.installation.intake / "law.md")
    main(["--root", str(passage.installation.root), "--json", "run", "start", law, "--docprefix", "ACME-LAW"])
    said = capsys.readouterr()
    assert json.loads(said.out)["mode"] == "DRYRUN"
    assert "closeout" in said.err


def test_a_step_that_is_told_again_and_again_is_narrated_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A backup over a slow line wrote some hundred lines, all of them the same."""
    tell = narrating(lambda number: "" if number == 0 else f"step {number}")
    for number in (1, 1, 0, 1, 2, 2, 1):
        tell(number)

    assert capsys.readouterr().err.splitlines() == ["step 1", "step 2", "step 1"]


def _step(progress: Progress) -> str:
    return progress.step


def test_a_step_of_another_run_and_one_behind_another_line_are_narrated(capsys: pytest.CaptureFixture[str]) -> None:
    """Of the documents of a batch all but the first had lines missing."""
    tell, beside = narrating(_step), narrating(str)
    first, second = Progress(run_id="first", step="units written"), Progress(run_id="second", step="units written")
    for progress in (first, first, second, second):
        tell(progress)
    beside("cut 1 of 3")
    tell(second)
    tell(second)
    narrate("refused")
    beside("cut 1 of 3")

    assert capsys.readouterr().err.splitlines() == [
        "units written",
        "units written",
        "cut 1 of 3",
        "units written",
        "refused",
        "cut 1 of 3",
    ]


def test_a_hostile_document_is_inert_in_the_output(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a title reach no terminal through a command either."""
    passage = at("fresh")
    passage.write("hostile.md", "# One \x1b[2J\u202e[/x]\n\nText.\n")
    main(
        [
            "--root",
            str(passage.installation.root),
            "plan",
            str(passage.installation.intake / "hostile.md"),
            "--docprefix",
            "ACME",
        ]
    )
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\u202e" not in said.out + said.err


def test_a_status_without_a_database_says_what_to_do(at: At, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("fresh")
    monkeypatch.setenv("CUTTER_MONITOR", "host=/nonexistent dbname=x")

    status, answer = command(passage, "status")

    assert (status, answer["target"]) == (7, None)
    assert answer["unreachable_next"]
