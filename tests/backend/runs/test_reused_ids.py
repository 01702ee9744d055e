"""A server that crashes forgets transactions that were not on its disk, and gives their ids to others, which commit.

For each transaction that is committed: the id says "committed", and what it was to write decides.
"""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from console.backend.journal.journal import read_journal
from console.backend.journal.journal_record import Anchor, Record, RecordKind
from console.backend.model.errors import CutterError, Drifted, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.states import Family, Move, Phase, Stage
from console.backend.postgres import effects
from console.backend.postgres.connections import connect
from console.backend.postgres.effects import Effect, EffectKind, has_effect
from console.backend.postgres.transactions import TransactionName, name_transaction
from console.backend.runs import arming, kill_switch, lifecycle, operations, settling
from console.backend.runs.backups import take_run_backup
from console.backend.runs.edits import apply_edits, plan_edits
from console.backend.runs.known_run import known_run
from console.backend.runs.phase_context import PhaseContext, Role
from console.backend.runs.reverify import verify_drafts
from console.backend.runs.settling import Attempt, Fate, NotKnownYet, look, settle
from tests.support.edited import EDIT
from tests.support.lost_commit import Lie, lying
from tests.support.passage import DOCPREFIX, UNITS, Passage

At = Callable[[str], Passage]
NOWHERE = Anchor(sequence=999, hash="0" * 64)


def _back_up(passage: Passage) -> None:
    known = known_run(passage.installation, passage.run_id)
    take_run_backup(PhaseContext(passage.installation, known.workspace, known.request, lambda *_: None))


def _plan_edits(passage: Passage) -> None:
    plan_edits(passage.installation, DOCPREFIX, (EDIT,))


def _armed_to_edit(passage: Passage) -> str:
    run_id = plan_edits(passage.installation, DOCPREFIX, (EDIT,))
    passage.sign(run_id)
    arming.arm(passage.installation, run_id, Purpose.EDIT)
    return run_id


def _end(passage: Passage) -> None:
    """End the lease as the engine does when a run rests."""
    kill_switch.disarm_run(passage.installation, passage.run_id, "a test")


def _edit(passage: Passage) -> None:
    run_id = next(run.run_id for run in passage.backend.runs() if run.run_id != passage.run_id)
    apply_edits(passage.installation, run_id)


def _held(passage: Passage) -> None:
    passage.backend.panic("a test")


def _verify(passage: Passage) -> None:
    verify_drafts(passage.installation, passage.run(), record=True)


def _replan(passage: Passage) -> None:
    """As after a promotion, which is what allows this move."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "require_move", lambda *_: None)
        lifecycle.replan_run(passage.installation, passage.run_id)


GUARD = "ALTER TABLE public.information_unit {} TRIGGER guard_immutable"


def _stop(passage: Passage) -> None:
    """Begin a cut, which stops because a guard is off."""
    passage.execute(GUARD.format("DISABLE"))
    try:
        passage.resume()
    finally:
        passage.execute(GUARD.format("ENABLE ALWAYS"))


def _stopped(passage: Passage) -> None:
    passage.arm()
    with pytest.raises(Drifted):
        _stop(passage)


def _hand_over(passage: Passage) -> None:
    passage.backend.hand_over(passage.run_id, _bundle(passage))


def _bundle(passage: Passage) -> Path:
    return passage.installation.root / "artifacts" / "run.tar"


PURPOSES = {"end of a run": "disarm"}
"""Purpose of the connection, where it is not the name of the case."""
WRITES: dict[str, tuple[str, Callable[[Passage], object] | None, str, str, Callable[[Passage], object]]] = {
    "start": ("fresh", None, "cutter_exec", "event", Passage.start),
    "import": ("waits for SG_1", None, "cutter_verify", "approval", Passage.sign),
    "arm": ("SG_1 imported", None, "cutter_exec", "lease", Passage.arm),
    "lease": ("SG_2 imported", None, "cutter_exec", "lease", Passage.enact),
    "disarm": ("SG_1 imported", Passage.arm, "cutter_exec", "end of lease", lambda passage: passage.backend.disarm()),
    "end of a run": ("SG_1 imported", Passage.arm, "cutter_exec", "end of lease", _end),
    "release": (
        "SG_1 imported",
        _held,
        "cutter_exec",
        "release of the HOLD",
        lambda passage: passage.backend.release_hold("RELEASE"),
    ),
    "backup proof": ("waits for SG_1", None, "cutter_verify", "backup proof", _back_up),
    "void": (
        "waits for SG_1",
        None,
        "cutter_exec",
        "event",
        lambda passage: passage.backend.void(passage.run_id, "a test"),
    ),
    "replan": ("SG_1 imported", None, "cutter_exec", "event", _replan),
    "resume": ("SG_1 imported", _stopped, "cutter_exec", "event", Passage.resume),
    "cut_leg_a": ("SG_1 imported", Passage.arm, "cutter_exec", "event", Passage.resume),
    "structural_verify": ("SG_1 imported", Passage.arm, "cutter_verify", "event", Passage.resume),
    "leg_b_record": ("SG_1 imported", Passage.arm, "cutter_exec", "event", Passage.resume),
    "write_verify": ("SG_1 imported", Passage.arm, "cutter_verify", "event", Passage.resume),
    "verify again": (
        "waits for SG_2",
        None,
        "cutter_verify",
        "event",
        _verify,
    ),
    "revert": (
        "waits for SG_2",
        None,
        "cutter_exec",
        "event",
        lambda passage: passage.backend.revert(passage.run_id, passage.run_id),
    ),
    "plan edits": ("waits for SG_2", None, "cutter_exec", "event", _plan_edits),
    "edit: to the pause": ("waits for SG_2", None, "cutter_exec", "event", _plan_edits),
    "edit": ("waits for SG_2", _armed_to_edit, "cutter_exec", "event", _edit),
    "edit: verify": ("waits for SG_2", _armed_to_edit, "cutter_verify", "event", _edit),
    "lifecycle_enact": ("SG_2 imported", None, "cutter_exec", "event", Passage.enact),
    "closeout": ("SG_2 imported", None, "cutter_exec", "event", Passage.enact),
    "hand over": ("SG_1 imported", None, "cutter_exec", "event", _hand_over),
    "accept": (
        "SG_1 imported",
        _hand_over,
        "cutter_exec",
        "event",
        lambda passage: passage.backend.accept_run(_bundle(passage)),
    ),
    "take over": (
        "SG_1 imported",
        _hand_over,
        "cutter_exec",
        "event",
        lambda passage: passage.backend.take_over(passage.run_id, passage.run_id),
    ),
}
"""Each transaction, by the purpose of its connection: the stage, what is done before, the role, what shows it, and the call."""


def _committed_id(passage: Passage) -> str:
    [(xid,)] = passage.rows("SELECT pg_current_xact_id()::text")
    return str(xid)


def _give_the_id_again(passage: Passage, patch: pytest.MonkeyPatch) -> str:
    """Let every transaction be named by the id of one of somebody else, which is committed."""
    another = _committed_id(passage)

    def named(connection: psycopg.Connection) -> TransactionName:
        return name_transaction(connection)._replace(xid=another)

    patch.setattr(settling, "name_transaction", named)
    return another


@pytest.mark.parametrize("what", WRITES)
def test_what_is_not_there_is_not_called_committed(
    at: At, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, before, role, shown_by, call = WRITES[what]
    passage = at(stage)
    if before is not None:
        before(passage)
    with monkeypatch.context() as patch:
        another = _give_the_id_again(passage, patch)
        with (
            lying(passage, PURPOSES.get(what, what), role, tmp_path, Lie.REQUEST_LOST) as proxy,
            pytest.raises(Unmeasured, match="nothing was written") as caught,
        ):
            call(passage)
    assert proxy.commit_seen.is_set()
    assert not isinstance(caught.value, NotKnownYet)
    reused = f"the server crashed and gave {another} to another transaction; its {shown_by} is not there"
    assert reused in caught.value.message


@pytest.mark.parametrize("what", WRITES)
def test_what_is_there_is_called_committed(at: At, what: str, tmp_path: Path) -> None:
    """Arming for law ends with its session, and says so; all others go on as if the answer had come."""
    stage, before, role, _, call = WRITES[what]
    passage = at(stage)
    if before is not None:
        before(passage)
    if what == "lease":
        with (
            lying(passage, PURPOSES.get(what, what), role, tmp_path, Lie.ANSWER_LOST) as proxy,
            pytest.raises(Unmeasured, match=r"is committed, and the lease ended with its session"),
        ):
            call(passage)
    else:
        with lying(passage, PURPOSES.get(what, what), role, tmp_path, Lie.ANSWER_LOST) as proxy:
            call(passage)
    assert proxy.commit_seen.is_set()


def test_a_stop_that_is_not_there_is_not_called_recorded(
    at: At, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error that stopped the phase is what is raised; the journal has what became of its record."""
    passage = at("SG_1 imported")
    passage.arm()
    with monkeypatch.context() as patch:
        another = _give_the_id_again(passage, patch)
        with (
            lying(passage, "stop", "cutter_exec", tmp_path, Lie.REQUEST_LOST) as proxy,
            pytest.raises(Drifted),
        ):
            _stop(passage)
    assert proxy.commit_seen.is_set()
    [note] = [record.value("not_recorded") for record in _journal(passage) if record.value("not_recorded")]
    assert f"gave {another} to another transaction; its event is not there" in note
    assert passage.run().state.family is Family.ACTIVE


def test_the_list_has_every_transaction_that_is_settled() -> None:
    """Phases without an effect write events as those of the list do, through the same lines of the engine."""
    of_phases = {"source_pin", "mark", "cutplan", "pre_write_backup", "grant_probe"}
    assert {phase.value for phase in Phase} - of_phases <= set(WRITES)
    # A stop has a test of its own; the end of a journal is anchored by an event that changes nothing.
    assert {step.value for step in Operation} - set(WRITES) == {"stop", "rest"}


def _journal(passage: Passage) -> tuple[Record, ...]:
    return read_journal(passage.installation.root / "runs" / passage.run_id / "journal.jsonl")


def _attempt(passage: Passage, effect: Effect, **more: object) -> Attempt:
    return Attempt.model_validate(
        {
            "xid": _committed_id(passage),
            "role": Role.EXECUTOR,
            "pid": "1",
            "started": "2000-01-01 00:00:00+00",
            "anchor": NOWHERE,
            "what": "a test",
            "effect": effect,
            "has_event": False,
        }
        | more
    )


def test_the_monitoring_role_does_not_say_of_a_lease_that_it_cannot_see_what_became_of_it(at: At) -> None:
    """It sees an open lease; one that has ended looks to it like one that never was."""
    passage = at("SG_1 imported")
    passage.arm()
    [(lease,)] = passage.rows("SELECT id::text FROM cutter_governance.execution_lease")
    effect = Effect(kind=EffectKind.LEASE, key=str(lease))
    assert look(passage.installation, passage.run_id, _attempt(passage, effect)).fate is Fate.COMMITTED

    passage.backend.disarm()

    seen = look(passage.installation, passage.run_id, _attempt(passage, effect))
    assert (seen.fate, seen.said.endswith("this role cannot see its lease")) == (Fate.UNKNOWN, True)
    asked = settle(passage.installation, passage.run_id, _attempt(passage, effect), once=True)
    assert asked.fate is Fate.COMMITTED


def test_an_interrupted_arming_whose_lease_is_over_is_settled_by_the_role_that_sees_it(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(operations, "close", killed)
        with pytest.raises(KeyboardInterrupt):
            passage.arm()
    passage.backend.disarm()
    shown = passage.run()
    assert shown.interruption is not None
    assert not shown.interruption.is_settled
    settled = passage.backend.settle(passage.run_id)
    assert settled.interruption is None
    result = next(record for record in reversed(_journal(passage)) if record.kind is RecordKind.RESULT)
    assert (result.phase, result.value("outcome")) == ("arm", Outcome.PASS)


def test_each_row_is_found_by_its_own_key_alone(at: At) -> None:
    """One row of each kind is there, and another key is not."""
    passage = at("SG_2 imported")
    passage.backend.panic("a test")
    passage.backend.release_hold("RELEASE")
    keys = {
        EffectKind.APPROVAL: "SELECT statement_sha256 FROM cutter_governance.approval LIMIT 1",
        EffectKind.LEASE: "SELECT id::text FROM cutter_governance.execution_lease LIMIT 1",
        EffectKind.LEASE_END: "SELECT id::text FROM cutter_governance.execution_lease WHERE ended_at IS NOT NULL LIMIT 1",
        EffectKind.BACKUP_PROOF: "SELECT file_sha256 FROM cutter_governance.backup_proof LIMIT 1",
        EffectKind.RELEASE: "SELECT at::text FROM cutter_governance.hold_event WHERE action = 'release' LIMIT 1",
    }
    others = {
        EffectKind.APPROVAL: "0" * 64,
        EffectKind.LEASE: "00000000-0000-0000-0000-000000000000",
        EffectKind.LEASE_END: "00000000-0000-0000-0000-000000000000",
        EffectKind.BACKUP_PROOF: "0" * 64,
        EffectKind.RELEASE: "2000-01-01 00:00:00+00",
    }
    assert set(keys) == set(others) == set(EffectKind) == set(effects._ROWS)
    with connect(passage.installation.settings.database.executor, read_only=True) as connection:
        for kind, query in keys.items():
            [(key,)] = passage.rows(query)
            assert has_effect(connection, Effect(kind=kind, key=str(key))) is True
            assert has_effect(connection, Effect(kind=kind, key=others[kind])) is False


def test_a_lease_that_is_open_has_not_ended(at: At) -> None:
    passage = at("SG_1 imported")
    passage.arm()
    [(lease,)] = passage.rows("SELECT id::text FROM cutter_governance.execution_lease WHERE ended_at IS NULL")
    with connect(passage.installation.settings.database.executor, read_only=True) as connection:
        assert has_effect(connection, Effect(kind=EffectKind.LEASE_END, key=str(lease))) is False


def test_a_hold_that_was_set_is_no_release(at: At) -> None:
    passage = at("SG_1 imported")
    passage.backend.panic("a test")
    [(time,)] = passage.rows("SELECT at::text FROM cutter_governance.hold_event WHERE action = 'set'")
    with connect(passage.installation.settings.database.executor, read_only=True) as connection:
        assert has_effect(connection, Effect(kind=EffectKind.RELEASE, key=str(time))) is False


def test_a_number_that_the_server_has_given_twice_stops_a_run_that_then_goes_on(at: At) -> None:
    """A sequence falls back when a server crashes after its database was copied; the run was failed for good by it."""
    passage = at("SG_1 imported")
    passage.arm()
    passage.execute(
        "SELECT setval(pg_get_serial_sequence('cutter_governance.run_event', 'id'), max(id) - 2) FROM cutter_governance.run_event"
    )
    refusals = list[str]()
    for _ in range(10):
        if passage.run().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION:
            break
        try:
            if Move.ARM in passage.run().moves:
                passage.arm()
            passage.resume()
        except CutterError as error:
            refusals.append(error.message)
        assert passage.run().state.family in {Family.ACTIVE, Family.STOPPED}

    assert refusals
    assert all("has given a number twice" in refusal for refusal in refusals)
    assert passage.lifecycles() == ["draft"] * UNITS
