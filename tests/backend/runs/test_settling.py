"""A COMMIT that was sent and not answered is settled by the server's word, or said to be unknown; nothing is guessed."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from console.backend.database.sessions import Session
from console.backend.errors import CutterError, Unmeasured
from console.backend.journal import Journal, read_journal
from console.backend.journal_record import RecordKind
from console.backend.runs import settling
from console.backend.runs.settling import NotKnownYet
from console.backend.runs.states import Family, Move, Stage
from console.backend.views import SwitchState
from tests.lost_commit import CutsTheLine, Lie
from tests.passage import REQUEST, UNITS, Passage, silent

At = Callable[[str], Passage]
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"


def _arm(passage: Passage) -> None:
    passage.arm()


def _import(passage: Passage) -> None:
    drafted = passage.backend.draft_statement(passage.run_id)
    signed = drafted.signature_paths or (passage.backend.sign_as_demo_sovereign(drafted.statement_path),)
    passage.backend.import_statement(drafted.statement_path, signed)


def _cut(passage: Passage) -> None:
    passage.resume()


def _enact(passage: Passage) -> None:
    passage.enact()


def _revert(passage: Passage) -> None:
    passage.backend.revert(passage.run_id, passage.run_id)


def _void(passage: Passage) -> None:
    passage.backend.void(passage.run_id, "a test")


def _start(passage: Passage) -> None:
    passage.backend.start(REQUEST, silent)


WRITES: dict[str, tuple[str, str, Callable[[Passage], None]]] = {
    "start": ("fresh", "cutter_exec", _start),
    "import": ("waits for SG_1", "cutter_verify", _import),
    "void": ("waits for SG_1", "cutter_exec", _void),
    "arm": ("SG_1 imported", "cutter_exec", _arm),
    "cut_leg_a": ("armed", "cutter_exec", _cut),
    "structural_verify": ("armed", "cutter_verify", _cut),
    "leg_b_record": ("armed", "cutter_exec", _cut),
    "write_verify": ("armed", "cutter_verify", _cut),
    "revert": ("waits for SG_2", "cutter_exec", _revert),
    "lifecycle_enact": ("SG_2 imported", "cutter_exec", _enact),
    "closeout": ("SG_2 imported", "cutter_exec", _enact),
}
"""What is committed, by the purpose of its connection: the stage to begin at, the role, and the call that does it."""


DONE: dict[Callable[[Passage], None], tuple[list[str], str]] = {
    _start: ([], "awaiting_cut_authorization"),
    _import: ([], "awaiting_cut_authorization"),
    _void: ([], "voided_a_test"),
    _arm: ([], "awaiting_cut_authorization"),
    _cut: (["draft"] * UNITS, "awaiting_lifecycle_authorization"),
    _revert: (["superseded"] * UNITS, "reverted"),
    _enact: (["enacted"] * UNITS, "closeout_reported"),
}
"""What each call comes to: the units, and the run's state."""


def _at(at: At, stage: str) -> Passage:
    passage = at("SG_1 imported" if stage == "armed" else stage)
    if stage == "armed":
        passage.arm()
    return passage


@contextmanager
def _lying(passage: Passage, what: str, role: str, folder: Path, lie: Lie) -> Iterator[CutsTheLine]:
    """Send the writing connection of this purpose through a line that lies at its COMMIT."""
    proxy = CutsTheLine(folder, passage.cluster.socket_dir / ".s.PGSQL.5432", lie)
    real, seen = Session.connect, 0
    # What the verifier measures is read on a connection of its own, before the one that writes.
    which = 2 if what in {"structural_verify", "write_verify"} else 1

    def connect(conninfo: str, **options: object) -> Session:
        nonlocal seen
        named = options.get("application_name") == f"cutter-console {what}" and role in conninfo
        seen += named
        mine = named and seen == which
        return real(proxy.conninfo(passage.database, role) if mine else conninfo, **options)  # type: ignore[arg-type]

    with closing(proxy), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "connect", connect)
        yield proxy


@pytest.mark.parametrize("what", WRITES)
def test_an_answer_that_is_lost_is_asked_for_and_the_work_goes_on(at: At, what: str, tmp_path: Path) -> None:
    """The server committed: nobody sees that the line was lost, but in the journal."""
    stage, role, call = WRITES[what]
    passage = _at(at, stage)
    with _lying(passage, what, role, tmp_path, Lie.ANSWER_LOST) as proxy:
        call(passage)
    assert proxy.commit_seen.is_set()
    assert passage.lifecycles() == DONE[call][0]
    run = passage.backend.runs()[0]
    assert (run.state, run.interrupted) == (DONE[call][1], False)
    assert passage.backend.status().switch.state is (SwitchState.ARMED if call is _arm else SwitchState.OFF)
    assert passage.backend.run(run.run_id).journal.startswith("PASS")
    noted = read_journal(passage.site.root / "runs" / run.run_id / "journal.jsonl")
    assert [record.phase for record in noted if record.value("settled") == "committed"] == [what]


@pytest.mark.parametrize("lie", [pytest.param(Lie.REQUEST_LOST, marks=pytest.mark.torture), Lie.LATE])
@pytest.mark.parametrize("what", WRITES)
def test_a_request_that_is_lost_or_late_never_has_an_effect_after_it_was_denied(
    at: At, what: str, lie: Lie, tmp_path: Path
) -> None:
    """The session that could still deliver it is ended before anything is said; afterwards the same call succeeds."""
    stage, role, call = WRITES[what]
    passage = _at(at, stage)
    before = passage.lifecycles()
    with _lying(passage, what, role, tmp_path, lie) as proxy:
        with pytest.raises(Unmeasured, match="was rolled back: nothing was written") as caught:
            call(passage)
        assert proxy.commit_seen.is_set()
        assert not isinstance(caught.value, NotKnownYet)
        assert passage.rows(OPEN) == [(0,)]
        denied = [run.state for run in passage.backend.runs()]
        proxy.deliver()
    assert [run.state for run in passage.backend.runs()] == denied
    if what in {"cut_leg_a", "revert", "lifecycle_enact"}:
        assert passage.lifecycles() == before
    _again(passage, what, call)
    assert not passage.backend.runs()[0].interrupted


def _again(passage: Passage, what: str, call: Callable[[Passage], None]) -> None:
    """Do what the moves say until it is done."""
    if what == "start":
        lost = passage.backend.runs()[0].run_id
        assert passage.backend.run(lost).moves == (Move.VOID,)
        passage.backend.void(lost, "never began")
        call(passage)
        return
    if passage.backend.status().switch.state is SwitchState.OFF and Move.ARM in passage.run().moves and what != "arm":
        passage.arm() if what in {"cut_leg_a", "leg_b_record"} else None
    call(passage)


def _undecidable(passage: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server can be asked no more: the roles that could are kept out."""
    monkeypatch.setattr(settling, "LIMIT_S", 0.0)
    monkeypatch.setattr(settling, "_FENCE", "SELECT 'could not be ended'")


@pytest.mark.parametrize("what", ["cut_leg_a", "lifecycle_enact", "revert", "void"])
def test_what_cannot_be_decided_in_time_is_said_to_be_unknown_and_asked_again(
    at: At, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, role, call = WRITES[what]
    passage = _at(at, stage)
    with _lying(passage, what, role, tmp_path, Lie.LATE) as proxy:
        with monkeypatch.context() as patch:
            _undecidable(passage, patch)
            with pytest.raises(NotKnownYet, match="not known yet whether it was committed") as caught:
                call(passage)
            assert caught.value.next_action == f"Ask again: cutter-console run settle {passage.run_id}"
            run = passage.run()
            assert run.moves == (Move.SETTLE,)
            assert run.interruption is not None
            assert not run.interruption.is_settled
            for other in (_void, _cut, _revert, _enact):
                with pytest.raises(CutterError):
                    other(passage)
            with pytest.raises(NotKnownYet):
                passage.backend.settle(passage.run_id)
        settled = passage.backend.settle(passage.run_id)
        assert settled.interruption is None
        assert Move.SETTLE not in settled.moves
        proxy.deliver()
    assert passage.run().state == settled.state
    assert settled.state.family is Family.ACTIVE


def test_a_run_whose_cut_is_delivered_late_is_not_voided_with_drafts_before_readers(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Version 0.2.0 said that the transaction was not taken, accepted `void`, and 300 drafts came afterwards."""
    passage = _at(at, "armed")
    with _lying(passage, "cut_leg_a", "cutter_exec", tmp_path, Lie.LATE) as proxy:
        with monkeypatch.context() as patch:
            _undecidable(passage, patch)
            with pytest.raises(NotKnownYet):
                passage.resume()
        proxy.deliver()
        proxy.close()
        # The lease ended with the session that held it, so that the COMMIT, when it came, was refused.
        assert passage.backend.void(passage.run_id, "it did not happen").state.family is Family.VOIDED
    assert passage.lifecycles() == []


def test_what_was_begun_and_sent_nothing_is_closed_by_the_next_operation(at: At) -> None:
    passage = at("SG_1 imported")
    journal = passage.site.root / "runs" / passage.run_id / "journal.jsonl"
    with Journal.resume(journal, passage.run_id, passage.site.context) as writer:
        writer.append(RecordKind.INTENT, "arm")
    run = passage.run()
    assert run.interruption is not None
    assert run.interruption.is_settled
    assert "no COMMIT was sent" in run.interruption.database_says
    passage.arm()
    assert passage.run().interruption is None
    assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
