"""Whatever a fault leaves of a run, it has a move, the move is accepted, and moves alone lead to its end."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.journal.journal import read_journal
from console.backend.journal.journal_key import KEY_NAME
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.purposes import Operation
from console.backend.model.states import Family, Move, Phase, RunState, Stage, is_over
from console.backend.model.view_models import Progress, RunView
from console.backend.postgres import ledger
from tests.backend.postgres.tampering import tamper
from tests.backend.runs.backups import take_backup
from tests.support.passage import REQUEST, Passage, silent

At = Callable[[str], Passage]
STAGES = ("SG_1 imported", "waits for SG_2")
_MOST_STEPS = 12


def _cut_journal(directory: Path) -> None:
    journal = directory / "journal.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-3]))


def _rewrite_journal(directory: Path) -> None:
    journal = directory / "journal.jsonl"
    journal.write_bytes(journal.read_bytes().replace(b'"phase":"mark"', b'"phase":"mask"'))


def _tear_journal(directory: Path) -> None:
    with (directory / "journal.jsonl").open("ab") as stream:
        stream.write(b'{"sequence":99,"time"')


def _drop(*patterns: str) -> Callable[[Path], None]:
    """Remove files of the run, or, from the runtime tree, others."""

    def drop(directory: Path) -> None:
        for pattern in patterns:
            folder, _, name = pattern.rpartition("/")
            for path in (directory.parents[1] / folder if folder else directory).glob(name):
                path.unlink()

    return drop


def _write(name: str, data: bytes) -> Callable[[Path], None]:
    def write(directory: Path) -> None:
        (directory / name).write_bytes(data)

    return write


def _a_link_instead(directory: Path) -> None:
    journal = directory / "journal.jsonl"
    journal.symlink_to(journal.rename(directory / "elsewhere.jsonl"))


def _something_else_instead(make: Callable[[Path], None]) -> Callable[[Path], None]:
    def instead(directory: Path) -> None:
        journal = directory / "journal.jsonl"
        journal.unlink()
        make(journal)

    return instead


FAULTS: dict[str, Callable[[Path], None]] = {
    "nothing": _drop(),
    "no directory": shutil.rmtree,
    "no request": _drop("request.json"),
    "a damaged request": _write("request.json", b"{"),
    "no plan": _drop("plan.json"),
    "a damaged plan": _write("plan.json", b"{}"),
    "no facts of the plan": _drop("plan-facts.json"),
    "damaged facts of the plan": _write("plan-facts.json", b"{"),
    "no plan at all": _drop("plan.json", "plan-facts.json"),
    "no source": _drop("source.raw"),
    "no marked document": _drop("marked.json"),
    "no records of phases": _drop("[0-9][0-9]-*.json"),
    "a damaged record of a phase": _write("03-cutplan.json", b"{"),
    "no journal": _drop("journal.jsonl"),
    "an empty journal": _write("journal.jsonl", b""),
    "a journal cut off": _cut_journal,
    "a rewritten journal": _rewrite_journal,
    "a torn journal": _tear_journal,
    "a link to the journal": _a_link_instead,
    "a directory for a journal": _something_else_instead(Path.mkdir),
    "a FIFO for a journal": _something_else_instead(os.mkfifo),
    "no key": _drop(KEY_NAME),
    "a key of another length": _write(KEY_NAME, b"short"),
    "a key of another run": _write(KEY_NAME, b"x" * 32),
    "no statements": _drop("approvals/ictr-*"),
    "no backups": _drop("backups/*"),
}
"""What can become of the files of a run: by a disk, a hand, or a restore."""


def _walk(passage: Passage) -> RunState:
    """Do what the moves say, the first of them first, until the run is over; every move that is offered must be accepted."""
    for _ in range(_MOST_STEPS):
        run = passage.run()
        if is_over(run.state) and run.state.stage is not Stage.LIFECYCLE_ENACTED:
            return run.state
        assert set(run.moves) - {Move.REPORT}, run
        _make(passage, run)
    raise AssertionError(f"{passage.run().state.name} after {_MOST_STEPS} moves")


def _make(passage: Passage, run: RunView) -> None:
    match run.moves[0]:
        case Move.SETTLE:
            passage.backend.settle(run.run_id)
        case Move.CONTINUE:
            passage.resume()
        case Move.ARM:
            _signed(passage, passage.arm)
        case Move.IMPORT_SG_1 | Move.IMPORT_SG_2 | Move.ENACT:
            _signed(passage, passage.enact)
        case Move.REVERT:
            passage.backend.revert(run.run_id, run.run_id)
        case Move.VOID:
            passage.backend.void(run.run_id, "a test")
        case Move.TAKE_OVER:
            passage.backend.take_over(run.run_id, run.run_id)
        case Move.REPORT:
            passage.backend.report(run.run_id)


def _signed(passage: Passage, then: Callable[[], object]) -> None:
    """What a ruling is needed for is refused until it has one, with the command that asks for it."""
    try:
        then()
    except CutterError as refused:
        if "backup take" in refused.next_action:
            take_backup(passage)
            return
        if "its report could not be written" in refused.message:
            return
    else:
        return
    drafted = passage.backend.draft_statement(passage.run_id)
    signed = drafted.signature_paths or (passage.backend.sign_as_demo_sovereign(drafted.statement_path),)
    passage.backend.import_statement(drafted.statement_path, signed)


@pytest.mark.parametrize("stage", [pytest.param(STAGES[0], marks=pytest.mark.torture), STAGES[1]])
@pytest.mark.parametrize("fault", FAULTS)
def test_moves_alone_lead_out_of_every_fault(at: At, stage: str, fault: str) -> None:
    passage = at(stage)
    FAULTS[fault](passage.installation.root / "runs" / passage.run_id)
    assert passage.run_id in {run.run_id for run in passage.backend.runs()}
    end = _walk(passage)
    assert len(list((passage.installation.root / "runs" / passage.run_id).glob("journal.jsonl.damaged-*"))) <= 1
    assert end.family in {Family.ACTIVE, Family.VOIDED, Family.REVERTED}
    drafts = [one for one in passage.lifecycles() if one == "draft"]
    assert not drafts


@pytest.mark.parametrize("stage", ["waits for SG_1", "SG_1 imported", "waits for SG_2", "SG_2 imported"])
def test_moves_alone_lead_on_from_where_a_run_was_stopped(at: At, stage: str) -> None:
    """As a disarm does that comes between the lease and the cut: the run offered to be armed, and arming was refused."""
    passage = at(stage)
    tamper(passage, "UPDATE cutter_governance.run SET family = 'stopped', reason = 'execution_disabled'")
    assert passage.run().state.family is Family.STOPPED
    end = _walk(passage)
    assert (end.stage, end.family) == (Stage.CLOSEOUT_REPORTED, Family.ACTIVE)


def test_an_enacted_run_whose_closeout_failed_is_closed(at: At) -> None:
    """It had no way out: neither back, for its units are law, nor on."""
    passage = at("SG_2 imported")

    def break_off(progress: Progress) -> None:
        if progress.phase is Phase.CLOSEOUT:
            raise Refused(StopCode.INVARIANT_FAILED, "a test", "Go on.")

    with pytest.raises(Refused, match="a test"):
        passage.backend.enact(passage.run_id, passage.run_id, break_off)
    tamper(passage, "UPDATE cutter_governance.run SET family = 'failed', reason = 'closeout'")
    run = passage.run()
    assert (run.state.name, run.moves[0]) == ("failed_closeout", Move.CONTINUE)
    closed = passage.resume()
    assert (closed.state.stage, closed.state.family) == (Stage.CLOSEOUT_REPORTED, Family.ACTIVE)


def test_a_void_that_was_killed_in_its_last_record_is_completed_by_the_next(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that was never recorded ends by a file: behind it nobody would write to its journal, and move the torn end aside."""
    passage = at("fresh")
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "create_run", _killed)
        with pytest.raises(KeyboardInterrupt):
            passage.backend.start(REQUEST, silent)
    lost = passage.backend.runs()[0].run_id
    passage.backend.void(lost, "never began")
    journal = passage.installation.root / "runs" / lost / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])

    ended = passage.backend.void(lost, "never began")
    assert ended.state.family is Family.VOIDED
    assert journal.read_bytes().endswith(b"\n")
    assert [record.phase for record in read_journal(journal)][-1] == Operation.VOID
    whole = journal.read_bytes()
    passage.backend.void(lost, "never began")
    assert journal.read_bytes() == whole


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
