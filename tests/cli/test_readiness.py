"""gates, bundle, report: what they print, their one JSON object, and what their exit statuses mean."""

import json
from collections.abc import Callable

import pytest

from console.backend.model.errors import ExitStatus
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import Board
from console.cli import readiness
from console.cli.arguments import Options
from console.cli.evidence_requests import Bundle, Gates
from console.cli.main import main
from console.cli.one_run import OneRun
from tests.support.fake_gates import BUNDLE, DENIED, DIGEST, GATES, unmeasured
from tests.support.fakes import RUN_ID, FakeBackend
from tests.support.passage import Passage

Said = pytest.CaptureFixture[str]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    """Canned answers: what is measured is tested with the gates, here it is what is said of it."""
    fake = FakeBackend()
    monkeypatch.setattr(readiness, "backend_of", lambda _options: fake)
    return fake


def test_the_board_is_one_line_a_gate_and_what_to_do_where_it_is_not_pass(backend: FakeBackend, capsys: Said) -> None:
    assert readiness.gates(Options(), Gates()) is ExitStatus.FAIL
    said = capsys.readouterr().out.splitlines()
    lines = [line for line in said if "next: " not in line]
    assert len(lines) == len(GATES) + 1
    assert len(said) - len(lines) == sum(" PASS " not in line for line in lines[:-1])
    assert "next: On the workstation: gpg --quick-set-expire" in said[said.index(lines[3]) + 1]
    for part in ("G3", "FAIL", "Backup readiness", "operator", "33 ms", "backup key: 3F2A"):
        assert part in lines[3]
    assert lines[-1].split()[-5:] == [str(len(GATES)), "gates", "in", "412", "ms"]


def test_a_named_gate_is_told_with_every_check_its_evidence_and_the_next_action(
    backend: FakeBackend, capsys: Said
) -> None:
    assert readiness.gates(Options(), Gates(("g3",))) is ExitStatus.FAIL
    assert backend.measures == ["gates G3"]
    said = capsys.readouterr().out
    for part in (
        "question      Could what a run touches be brought back?",
        "owner         operator",
        "FAIL          backup key: 3F2A 91C0",
        "next        On the workstation: gpg --quick-set-expire",
        "G3.backup: backup key, as it is now",
        "of        cutter_ro on directus",
        "answer    3F2A 91C0",
        f"sha256    {DIGEST}",
        "measured  2026-03-01 14:03:00 UTC, took 12 ms",
        "PASS          gpg round trip",
    ):
        assert part in said
    assert said.splitlines()[-1].startswith("next: ")


def test_json_is_the_whole_board(backend: FakeBackend, capsys: Said) -> None:
    readiness.gates(Options(json=True), Gates())
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "cutter-console/gates/1"
    assert answer["outcome"] == "NOT_RUN"
    assert [gate["gate"] for gate in answer["gates"]] == [gate[0] for gate in GATES]
    fact = answer["gates"][3]["checks"][1]["evidence"][0]
    assert set(fact) == {"id", "asked", "source", "answer", "digest", "measured_at", "took_ms"}


def test_pre_is_named_like_a_gate_and_takes_a_run(backend: FakeBackend, capsys: Said) -> None:
    assert readiness.gates(Options(json=True), Gates(("PRE",), RUN_ID)) is ExitStatus.FAIL
    assert backend.measures == [f"readiness {RUN_ID}"]
    assert [gate["gate"] for gate in json.loads(capsys.readouterr().out)["gates"]] == ["PRE"]


def test_pre_beside_others_is_one_board(backend: FakeBackend, capsys: Said) -> None:
    readiness.gates(Options(json=True), Gates(("pre", "G2")))
    assert backend.measures == ["readiness", "gates G2"]
    assert [gate["gate"] for gate in json.loads(capsys.readouterr().out)["gates"]] == ["G2", "PRE"]


OF = {
    "all PASS": ((Outcome.PASS,), ExitStatus.DONE),
    "named steps": ((Outcome.PASS, Outcome.PARTIAL), ExitStatus.DONE),
    "wrong": ((Outcome.PASS, Outcome.FAIL), ExitStatus.FAIL),
    "wrong and unmeasured": ((Outcome.INCONCLUSIVE, Outcome.FAIL), ExitStatus.FAIL),
    "unmeasured": ((Outcome.PARTIAL, Outcome.INCONCLUSIVE), ExitStatus.INCONCLUSIVE),
    "not run": ((Outcome.NOT_RUN, Outcome.INCONCLUSIVE), ExitStatus.FAIL),
    "nothing": ((), ExitStatus.FAIL),
}


@pytest.mark.parametrize("how", OF)
def test_what_is_known_to_be_wrong_is_1_and_what_is_only_not_known_is_7(how: str) -> None:
    outcomes, wanted = OF[how]
    assert readiness.exit_status(list(outcomes)) is wanted


def test_a_fail_beside_what_could_not_be_measured_comes_first_and_decides_the_exit_status(
    backend: FakeBackend, capsys: Said
) -> None:
    backend.broken = {
        ("G0", "host name"): (Outcome.INCONCLUSIVE, "could not be read", "Look at the host name"),
        ("G0", "machine id"): (Outcome.FAIL, "another machine", "cutter-console init --pin --repin"),
    }
    assert readiness.gates(Options(), Gates()) is ExitStatus.FAIL
    row, action = capsys.readouterr().out.splitlines()[:2]
    assert "INCONCLUSIVE" in row
    assert row.endswith("FAIL machine id: another machine (and 1 more)")
    assert action.endswith("next: cutter-console init --pin --repin")
    assert readiness.gates(Options(), Gates(("G0",))) is ExitStatus.FAIL
    said = capsys.readouterr().out
    assert said.index("machine id: another") < said.index("host name: could not be read") < said.index("deployed tree:")
    assert said.splitlines()[-1] == "next: cutter-console init --pin --repin"
    assert readiness.bundle(Options(), Bundle()) is ExitStatus.FAIL


@pytest.mark.parametrize("names", [(), ("G0", "G2")], ids=["the board", "named gates"])
@pytest.mark.parametrize(
    ("outcomes", "words", "wanted"),
    [
        ((Outcome.PASS, Outcome.PASS), "PASS", ExitStatus.DONE),
        ((Outcome.PARTIAL, Outcome.PASS), "PARTIAL", ExitStatus.DONE),
        ((Outcome.FAIL, Outcome.PARTIAL), "FAIL", ExitStatus.FAIL),
        ((Outcome.PASS, Outcome.INCONCLUSIVE), "INCONCLUSIVE", ExitStatus.INCONCLUSIVE),
        ((Outcome.FAIL, Outcome.INCONCLUSIVE), "FAIL, INCONCLUSIVE", ExitStatus.FAIL),
        ((Outcome.INCONCLUSIVE, Outcome.FAIL), "FAIL, INCONCLUSIVE", ExitStatus.FAIL),
        ((Outcome.NOT_RUN, Outcome.INCONCLUSIVE), "INCONCLUSIVE, NOT_RUN", ExitStatus.FAIL),
    ],
)
@pytest.mark.parametrize("other", ["another gate", "the same gate"])
def test_the_last_line_says_every_outcome_that_blocks_and_none_hides_another(
    backend: FakeBackend,
    capsys: Said,
    names: tuple[str, ...],
    other: str,
    outcomes: tuple[Outcome, Outcome],
    words: str,
    wanted: ExitStatus,
) -> None:
    second = ("G0", "machine id") if other == "the same gate" else ("G2", "configuration")
    backend.broken = {
        at: (outcome, "so it is", "Look") for at, outcome in zip((("G0", "host name"), second), outcomes, strict=True)
    }

    assert readiness.gates(Options(), Gates(names)) is wanted
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.strip().startswith(f"{words} ")
    assert last.endswith(f" {len(names) or len(GATES)} gates in 412 ms")


@pytest.mark.parametrize(
    ("broken", "wanted"), [({}, ExitStatus.DONE), (unmeasured(DENIED), ExitStatus.INCONCLUSIVE)], ids=["A", "C, 7"]
)
def test_the_bundle_prints_directory_letter_and_gaps_and_narrates_to_standard_error(
    backend: FakeBackend, capsys: Said, broken: dict[tuple[str, str], tuple[Outcome, str, str]], wanted: ExitStatus
) -> None:
    backend.broken = broken
    assert readiness.bundle(Options(), Bundle("ABCD")) is wanted
    said = capsys.readouterr()
    assert said.err == "1 of 10  01 precheck\n"
    lines = said.out.splitlines()
    assert lines[0] == f"bundle     {BUNDLE}"
    assert lines[1] == f"sums       {DIGEST}  signed by ABCD"
    assert lines[2].startswith("outcome    A  every gate" if not broken else "outcome    C  blocked")
    assert len([line for line in lines if line.startswith("gap  ")]) == (0 if not broken else 7)


def test_the_report_names_its_thirteen_documents(backend: FakeBackend, capsys: Said) -> None:
    assert readiness.run_report(Options(), OneRun(RUN_ID)) is ExitStatus.DONE
    assert capsys.readouterr().out.count("document   ") == 13


def test_a_hostile_answer_is_inert_in_the_output(backend: FakeBackend, capsys: Said) -> None:
    """Escape sequences in data reach the operator's terminal."""
    backend.hostile = "\x1b[2J\u202e"
    readiness.gates(Options(), Gates(("G3",)))
    readiness.bundle(Options(), Bundle())
    said = capsys.readouterr()
    assert "\x1b" not in said.out + said.err
    assert "\u202e" not in said.out + said.err


def test_a_gate_that_is_not_there_and_a_run_without_pre_are_usage(at: Callable[[str], Passage], capsys: Said) -> None:
    root = str(at("fresh").installation.root)
    for words in (["gates", "G99"], ["gates", "--run", RUN_ID], ["gates", "G2", "--run", RUN_ID]):
        assert main(["--root", root, "--json", *words]) == ExitStatus.USAGE
        assert json.loads(capsys.readouterr().out)["stop"]["code"] == "STOP_REFUSED_INPUT"


def test_a_real_gate_is_measured_by_the_command(at: Callable[[str], Passage], capsys: Said) -> None:
    assert main(["--root", str(at("fresh").installation.root), "--json", "gates", "G2"]) in {0, 1}
    answer = json.loads(capsys.readouterr().out)
    assert [gate["gate"] for gate in answer["gates"]] == ["G2"]
    measured = {key: value for key, value in answer.items() if key != "schema"}
    assert Board.model_validate(measured).gates[0].checks
