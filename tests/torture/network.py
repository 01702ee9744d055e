"""Each writing command over a network that loses or delays its COMMIT: what was said, what was true, what came of it."""

import os
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.checker import STAGES
from tests.torture import judging
from tests.torture.arena import Arena, Done, Hung
from tests.torture.operator import Operator
from tests.torture.proxy import FAULTS, Proxy

OF_ACME = "SELECT count(*) > 0 FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' AND"


@dataclass(frozen=True)
class Writing:
    """One command that writes, and the transaction of it that is tortured."""

    stage: str
    words: tuple[str, ...]
    """RUN stands for the run's id, STATEMENT and SIGNATURE for the files of its ruling."""
    where: str
    """The function that the transaction calls."""
    truth: str
    """A query: whether the transaction has been committed."""
    goal: str
    """Where an operator can take the run afterwards."""


def _stage(least: str, *, then: str = "") -> str:
    """Whether the run came to this stage."""
    after = ", ".join(f"'{one}'" for one in STAGES[STAGES.index(least) :])
    return f"{OF_ACME} stage IN ({after}) {then}"


def _amended(least: str) -> str:
    """Whether the amendment came to this stage."""
    return _stage(least, then="AND operation = 'amend'")


_RIVAL = ("run", "start", "RIVAL", "--docprefix", "ACME-LAW", "--amend", "--live")
_AMEND = ("run", "start", "REVISED", "--docprefix", "ACME-LAW", "--amend", "--live")
RESUME = ("run", "resume", "RUN")
CONFIRMED = ("--confirm", "RUN")
WRITINGS: dict[str, Writing] = {
    "start": Writing(
        "dry run done",
        ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live"),
        "fn_run_create",
        f"{OF_ACME} true",
        "waits for SG_1",
    ),
    "source pin": Writing(
        "dry run done",
        ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live"),
        "fn_source_pin",
        _stage("source_pinned"),
        "waits for SG_1",
    ),
    "plan": Writing(
        "dry run done",
        ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live"),
        "fn_run_plan",
        _stage("cutplan_ok"),
        "waits for SG_1",
    ),
    "backup proof": Writing(
        "dry run done",
        ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live"),
        "fn_backup_record",
        "SELECT count(*) > 0 FROM cutter_governance.backup_proof p JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = 'ACME-LAW'",
        "waits for SG_1",
    ),
    "import SG_1": Writing(
        "waits for SG_1",
        ("approval", "import", "STATEMENT", "SIGNATURE"),
        "fn_approval_import",
        "SELECT count(*) > 0 FROM cutter_governance.approval a JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = 'ACME-LAW'",
        "waits for SG_2",
    ),
    "arm": Writing(
        "SG_1 imported",
        ("arm", "RUN", *CONFIRMED),
        "fn_lease_arm",
        "SELECT count(*) > 0 FROM cutter_governance.execution_lease l JOIN cutter_governance.run r USING (run_id) WHERE r.docprefix = 'ACME-LAW'",
        "waits for SG_2",
    ),
    "disarm": Writing(
        "armed",
        ("disarm",),
        "fn_lease_end",
        "SELECT bool_and(ended_at IS NOT NULL) FROM cutter_governance.execution_lease",
        "waits for SG_2",
    ),
    "void": Writing(
        "SG_1 imported",
        ("run", "void", "RUN", "--reason", "a drill"),
        "fn_run_leave",
        f"{OF_ACME} family = 'voided'",
        "waits for SG_2",
    ),
    "cut": Writing("armed", RESUME, "fn_cut_apply", _stage("cut_leg_a_committed"), "waits for SG_2"),
    "structure": Writing("armed", RESUME, "fn_structure_record", _stage("structural_verified"), "waits for SG_2"),
    "record": Writing("armed", RESUME, "fn_cut_record", _stage("leg_b_recorded"), "waits for SG_2"),
    "verify": Writing("armed", RESUME, "fn_verify_record", _stage("awaiting_lifecycle_authorization"), "enacted"),
    "import SG_2": Writing(
        "waits for SG_2",
        ("approval", "import", "STATEMENT", "SIGNATURE"),
        "fn_approval_import",
        "SELECT count(*) > 0 FROM cutter_governance.approval a JOIN cutter_governance.run r USING (run_id)"
        " WHERE r.docprefix = 'ACME-LAW' AND a.kind = 'SG_2'",
        "enacted",
    ),
    "enact": Writing(
        "SG_2 imported", ("enact", "RUN", *CONFIRMED), "fn_cut_enact", _stage("lifecycle_enacted"), "enacted"
    ),
    "close": Writing(
        "SG_2 imported", ("enact", "RUN", *CONFIRMED), "fn_run_close", _stage("closeout_reported"), "enacted"
    ),
    "revert": Writing(
        "waits for SG_2", ("revert", "RUN", *CONFIRMED), "fn_cut_revert", f"{OF_ACME} family = 'reverted'", "reverted"
    ),
    "panic": Writing(
        "armed",
        ("panic", "--reason", "a drill"),
        "fn_hold_set",
        "SELECT count(*) > 0 FROM cutter_governance.hold_event WHERE action = 'set'",
        "waits for SG_2",
    ),
    "release": Writing(
        "held",
        ("hold", "release", "--confirm", "RELEASE"),
        "fn_hold_release",
        "SELECT count(*) > 0 FROM cutter_governance.hold_event WHERE action = 'release'",
        "waits for SG_2",
    ),
    "amend: start": Writing(
        "amend: dry run done", _AMEND, "fn_run_create", _amended("created"), "amend: waits for SG_1"
    ),
    "amend: base and plan": Writing(
        "amend: dry run done", _AMEND, "fn_run_base", _amended("cutplan_ok"), "amend: waits for SG_1"
    ),
    "amend: import SG_1": Writing(
        "amend: waits for SG_1",
        ("approval", "import", "STATEMENT", "SIGNATURE"),
        "fn_approval_import",
        "SELECT count(*) > 0 FROM cutter_governance.approval a JOIN cutter_governance.run r USING (run_id)"
        " WHERE r.operation = 'amend'",
        "amend: waits for SG_2",
    ),
    "amend: arm": Writing(
        "amend: SG_1 imported",
        ("arm", "RUN", *CONFIRMED),
        "fn_lease_arm",
        "SELECT count(*) > 0 FROM cutter_governance.execution_lease l JOIN cutter_governance.run r USING (run_id)"
        " WHERE r.operation = 'amend'",
        "amend: waits for SG_2",
    ),
    "amend: cut": Writing(
        "amend: armed", RESUME, "fn_cut_apply", _amended("cut_leg_a_committed"), "amend: waits for SG_2"
    ),
    "amend: structure": Writing(
        "amend: armed", RESUME, "fn_structure_record", _amended("structural_verified"), "amend: waits for SG_2"
    ),
    "amend: record": Writing(
        "amend: armed", RESUME, "fn_cut_record", _amended("leg_b_recorded"), "amend: waits for SG_2"
    ),
    "amend: verify": Writing(
        "amend: armed", RESUME, "fn_verify_record", _amended("awaiting_lifecycle_authorization"), "amend: enacted"
    ),
    "amend: import SG_2": Writing(
        "amend: waits for SG_2",
        ("approval", "import", "STATEMENT", "SIGNATURE"),
        "fn_approval_import",
        "SELECT count(*) > 0 FROM cutter_governance.approval a JOIN cutter_governance.run r USING (run_id)"
        " WHERE r.operation = 'amend' AND a.kind = 'SG_2'",
        "amend: enacted",
    ),
    "amend: enact": Writing(
        "amend: SG_2 imported",
        ("enact", "RUN", *CONFIRMED),
        "fn_cut_enact",
        _amended("lifecycle_enacted"),
        "amend: enacted",
    ),
    "amend: close": Writing(
        "amend: SG_2 imported",
        ("enact", "RUN", *CONFIRMED),
        "fn_run_close",
        _amended("closeout_reported"),
        "amend: enacted",
    ),
    "amend: revert": Writing(
        "amend: waits for SG_2",
        ("revert", "RUN", *CONFIRMED),
        "fn_cut_revert",
        "SELECT count(*) > 0 FROM cutter_governance.run WHERE operation = 'amend' AND family = 'reverted'",
        "amend: reverted",
    ),
}
QUICK_FAULTS = ("answer lost", "request lost", "delivered 1 s late")
"""Of these each writing command meets one in the quick column, and the ones that change the law all; the long one has all of FAULTS."""
_ALL_OF_THEM = ("cut", "enact", "revert", "amend: cut", "amend: enact", "amend: revert")
QUICK: tuple[tuple[str, str], ...] = (
    *(
        (writing, fault)
        for number, writing in enumerate(WRITINGS)
        for fault in (QUICK_FAULTS if writing in _ALL_OF_THEM else (QUICK_FAULTS[number % 3],))
    ),
    ("cut", "answer lost, then no network"),
)

NOT_KNOWN = re.compile(
    r"not known|unknown|cannot be told|could not be (?:asked|measured|settled)|INCONCLUSIVE", re.IGNORECASE
)
SAYS_NOT = re.compile(
    r"did not take|was not (?:committed|taken|written|armed|imported|recorded)|nothing (?:was|of|is) (?:written|committed|in the database|done)"
    r"|rolled back|is aborted|has not been",
    re.IGNORECASE,
)


@dataclass
class Told:
    """A command over a lying network: what it said, what was true at the end, and everything that is wrong with that."""

    writing: str
    fault: str
    said: Done | None = None
    truth: bool | None = None
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([f"{self.writing}, {self.fault}: committed: {self.truth}; {self.said}", *self.wrong])


def through(arena: Arena, proxy: Proxy) -> dict[str, str]:
    """How each role connects by way of the proxy."""
    of = {"EXECUTOR": "cutter_exec", "VERIFIER": "cutter_verify", "MONITOR": "cutter_ro", "ADMINISTRATOR": "postgres"}
    return {f"CUTTER_{name}": proxy.conninfo(arena.cluster.conninfo(arena.database, role)) for name, role in of.items()}


def tell(arena: Arena, proxy: Proxy, writing: str, fault: str) -> Told:
    """Give the command over the lying network; then repair it, ask again, and go on to the goal."""
    told, wanted, snapshot = Told(writing, fault), WRITINGS[writing], _before(arena, WRITINGS[writing])
    judging.at(arena, wanted.stage)
    words = _given(arena, wanted)
    log_from = judging.log_size(arena)
    arena.connections = through(arena, proxy)
    proxy.arm(FAULTS[fault], wanted.where)
    try:
        told.said = arena.run(*words)
    except Hung as hung:
        told.wrong.append(f"hangs: {hung}")
    if not proxy.hit.is_set():
        told.wrong.append(f"no transaction that calls {wanted.where} was committed: nothing was tortured")
        proxy.repair()
        return told
    shown = _shown(arena)
    proxy.over.wait(60)
    proxy.repair()
    arena.settle()
    told.truth = bool(arena.rows(wanted.truth)[0][0])
    if told.said is not None:
        told.wrong += false_sentences(told.said, told.truth, fault)
    told.wrong += [f"run show, asked at once: {line}" for line in shown]
    _ask_again(arena, wanted, told)
    told.wrong += judging.violations(arena, snapshot, log_from=log_from)
    return told


def false_sentences(said: Done, is_committed: bool, fault: str) -> list[str]:
    """What the command said that was not so when everything had been delivered."""
    text = f"{said.out}\n{said.err}"
    wrong = [f"a traceback: {said.err[-800:]}"] if "Traceback (most recent call last)" in text else []
    if NOT_KNOWN.search(said.err) and said.status not in {0, 3, 6}:
        is_7 = [] if said.status == 7 else [f"says that it is not known, and ends with {said.status} instead of 7"]
        return wrong + is_7
    if said.status in {0, 3} and not is_committed:
        wrong.append(f"said done ({said.status}), and the transaction never came: {said.err[-400:]}")
    if said.status not in {0, 3, 6} and is_committed and SAYS_NOT.search(said.err):
        wrong.append(f"said that nothing was done ({said.status}), and it was: {said.err[-400:]}")
    if said.status not in {0, 3, 6, 7} and is_committed:
        wrong.append(f"was refused or failed ({said.status}), and the transaction was committed: {said.err[-400:]}")
    if said.status == 7 and not NOT_KNOWN.search(said.err) and is_committed:
        wrong.append(f"said neither that it was done nor that it is not known: {said.err[-400:]}")
    return wrong


HASTY: dict[str, tuple[str, tuple[str, ...]]] = {
    "void after a cut": ("cut", ("run", "void", "RUN", "--reason", "in haste")),
    "revert after a cut": ("cut", ("revert", "RUN", *CONFIRMED)),
    "panic after a cut": ("cut", ("panic", "--reason", "in haste")),
    "resume after a cut": ("cut", RESUME),
    "revert after a record": ("record", ("revert", "RUN", *CONFIRMED)),
    "revert after an enactment": ("enact", ("revert", "RUN", *CONFIRMED)),
    "enact after an enactment": ("enact", ("enact", "RUN", *CONFIRMED)),
    "enact after a revert": ("revert", ("enact", "RUN", *CONFIRMED)),
    "revert after a revert": ("revert", ("revert", "RUN", *CONFIRMED)),
    "resume after a void": ("void", RESUME),
    "arm after a void": ("void", ("arm", "RUN", *CONFIRMED)),
    "void after an import": ("import SG_1", ("run", "void", "RUN", "--reason", "in haste")),
    "void after arming": ("arm", ("run", "void", "RUN", "--reason", "in haste")),
    "revert after the enactment of an amendment": ("amend: enact", ("revert", "RUN", *CONFIRMED)),
    "enact after the revert of an amendment": ("amend: revert", ("enact", "RUN", *CONFIRMED)),
    "amend after the cut of an amendment": ("amend: cut", _RIVAL),
    "start after a start": ("start", ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live")),
}
"""A COMMIT is still on its way, and the operator does the next thing, or the opposite, at once."""
HASTY_FAULTS = ("delivered 1 s late", "delivered 4 s late", "request lost, session lingers")


def in_haste(arena: Arena, proxy: Proxy, haste: str, fault: str, *, killed: bool) -> Told:
    """Lose a COMMIT on its way, with the command killed at that moment or not, and give another command before it arrives."""
    writing, then = HASTY[haste]
    told, wanted, snapshot = Told(haste, fault), WRITINGS[writing], _before(arena, WRITINGS[writing])
    judging.at(arena, wanted.stage)
    words, opposite = _given(arena, wanted), _given(arena, Writing(wanted.stage, then, "", "", ""))
    log_from = judging.log_size(arena)
    arena.connections = through(arena, proxy)
    proxy.arm(FAULTS[fault], wanted.where)
    running = arena.start(*words)
    while not proxy.hit.wait(0.02) and not running.ended.is_set():
        pass
    if killed and not running.ended.is_set():
        os.kill(running.pid, signal.SIGKILL)
    first = running.wait()
    if not proxy.hit.is_set():
        told.wrong.append(f"no transaction that calls {wanted.where} was committed: {first}")
        proxy.repair()
        return told
    told.said = arena.run(*opposite)
    proxy.over.wait(60)
    proxy.repair()
    arena.settle()
    told.truth = bool(arena.rows(wanted.truth)[0][0])
    if "Traceback (most recent call last)" in told.said.err + first.err:
        told.wrong.append(f"a traceback: {first}")
    if not killed and then != wanted.words:
        # Where the second command does the same, it may have done what the first one truly said was not.
        told.wrong += false_sentences(first, told.truth, fault)
    journey = Operator(arena).reach("at rest")
    arena.settle()
    told.wrong += [] if journey.reached else [f"does not come to rest: {journey}"]
    told.wrong += judging.violations(arena, snapshot, log_from=log_from)
    return told


def _before(arena: Arena, writing: Writing) -> dict[str, Any]:
    return judging.before(arena, writing.stage)


def _given(arena: Arena, writing: Writing) -> tuple[str, ...]:
    rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' ORDER BY started_at DESC")
    run_id = str(rows[0][0]) if rows else ""
    named = {"RUN": run_id, "FILE": str(arena.root / "intake/law.md")}
    named |= {"REVISED": str(arena.root / "intake/revised.md"), "RIVAL": str(arena.root / "intake/rival.md")}
    if "STATEMENT" in writing.words:
        drafted = arena.run("approval", "draft", run_id)
        statement = drafted.json["statement_path"]
        named |= {"STATEMENT": statement, "SIGNATURE": str(arena.sign(Path(statement)))}
    return tuple(named.get(word, word) for word in writing.words)


def _shown(arena: Arena) -> list[str]:
    """What asking at once brings to light: a traceback, or a run that cannot be shown while the database answers."""
    listed = arena.run("run", "list")
    found = [f"a traceback: {listed.err[-600:]}"] if "Traceback" in listed.err else []
    for run in listed.json.get("runs", ()):
        if run["docprefix"] == "ACME-LAW":
            shown = arena.run("run", "show", str(run["run_id"]))
            found += [f"a traceback: {shown.err[-600:]}"] if "Traceback" in shown.err else []
            moves: Any = shown.json.get("moves")
            if shown.status == 0 and not moves:
                found.append("no move is offered")
    return found


def _ask_again(arena: Arena, writing: Writing, told: Told) -> None:
    """The network is whole: an operator gets to the goal, whatever became of the transaction."""
    journey = Operator(arena).reach(writing.goal)
    arena.settle()
    if not journey.reached:
        told.wrong.append(f"{writing.goal} was not reached afterwards: {journey}")
