"""Kill -9 at the choke points of the real command line; recovery by public commands alone; the checker after each."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.torture import judging
from tests.torture.arena import Arena, Done
from tests.torture.launch import SIDES, short
from tests.torture.operator import MOST_STEPS, Journey, Operator
from tests.torture.operators import operator_for

PASSAGES: dict[str, tuple[str, str]] = {
    "dry run": ("fresh", "dry run done"),
    "start": ("dry run done", "waits for SG_1"),
    "first ruling": ("waits for SG_1", "SG_1 imported"),
    "arm and cut": ("SG_1 imported", "waits for SG_2"),
    "second ruling and enactment": ("waits for SG_2", "enacted"),
    "revert": ("waits for SG_2", "reverted"),
    "void": ("waits for SG_1", "voided"),
    "amend: start": ("amend: dry run done", "amend: waits for SG_1"),
    "amend: arm and cut": ("amend: SG_1 imported", "amend: waits for SG_2"),
    "amend: second ruling and enactment": ("amend: waits for SG_2", "amend: enacted"),
    "amend: revert": ("amend: waits for SG_2", "amend: reverted"),
    "amend: void": ("amend: waits for SG_1", "amend: voided"),
    "repeal: start": ("repeal: dry run done", "repeal: waits for SG_1"),
    "repeal: arm and cut": ("repeal: SG_1 imported", "repeal: waits for SG_2"),
    "repeal: second ruling and enactment": ("repeal: waits for SG_2", "repeal: enacted"),
    "repeal: revert": ("repeal: waits for SG_2", "repeal: reverted"),
    "edit": ("waits for SG_2", "edited"),
    "edited: second ruling and enactment": ("edited", "enacted"),
    "edited: revert": ("edited", "reverted"),
    "batch: start": ("batch: dry run done", "batch: waits for SG_1"),
    "batch: arm and cut": ("batch: SG_1 imported", "batch: waits for SG_2"),
    "batch: second ruling and enactment": ("batch: waits for SG_2", "batch: law"),
}
"""What is walked under fire: from which stage, to which goal."""
ALONE: dict[str, tuple[str, tuple[str, ...]]] = {
    "backup take": ("waits for SG_1", ("backup", "take", "RUN")),
    "panic": ("armed", ("panic", "--reason", "a drill")),
    "hold release": ("held", ("hold", "release", "--confirm", "RELEASE")),
    "disarm": ("armed", ("disarm",)),
    "verify": ("waits for SG_2", ("verify", "RUN")),
    "report": ("waits for SG_2", ("report", "RUN")),
    "migrate": ("waits for SG_1", ("migrate",)),
    "policy pin": ("waits for SG_1", ("policy", "pin", "--confirm", "POLICY")),
    "init": ("fresh", ("init", "--pin")),
    "hand over": ("SG_1 imported", ("run", "hand-over", "RUN", "--to", "BUNDLE")),
    "accept": ("handed over", ("run", "accept", "BUNDLE")),
    "take over": ("handed over", ("run", "take-over", "RUN", "--confirm", "RUN")),
    "bundle": ("waits for SG_2", ("bundle",)),
}
"""Single commands under fire: given again until they end; at which stage, and how."""


PG_DUMP = r"^start \S+ --format=custom"
"""pg_dump is started, by itself or by what ends it with its starter."""
SIGNALS: dict[str, int] = {"SIGINT": 2, "SIGTERM": 15, "SIGHUP": 1, "SIGQUIT": 3}
"""The exit status is 128 and the number."""
MOMENTS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "before the cut is sent": ("armed", "fn_cut_apply", "before", ("run", "resume", "RUN")),
    "after the cut was answered": ("armed", "fn_cut_apply", "after", ("run", "resume", "RUN")),
    "before its COMMIT": ("armed", "^commit cut_leg_a", "before", ("run", "resume", "RUN")),
    "after its COMMIT": ("armed", "^commit cut_leg_a", "after", ("run", "resume", "RUN")),
    "before the record of leg B": ("armed", "fn_cut_record", "before", ("run", "resume", "RUN")),
    "in the backup": (
        "dry run done",
        PG_DUMP,
        "after",
        ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live"),
    ),
    "at the enactment": ("SG_2 imported", "fn_cut_enact", "after", ("enact", "RUN", "--confirm", "RUN")),
    "at the revert": ("waits for SG_2", "fn_cut_revert", "after", ("revert", "RUN", "--confirm", "RUN")),
    "while it is armed": ("SG_1 imported", "fn_lease_arm", "after", ("arm", "RUN", "--confirm", "RUN")),
}
"""When a signal comes that can be handled: at which stage, at which point, on which side of it, in which command."""
QUICK_SIGNALS: tuple[tuple[str, str], ...] = tuple(
    (moment, name)
    for number, moment in enumerate(MOMENTS)
    for place, name in enumerate(SIGNALS)
    if moment == "before its COMMIT" or number % len(SIGNALS) == place
)
"""Each moment with one signal, and one moment with all of them; the long column has every pair."""


@dataclass
class Fire:
    """Kills each command at the first point that has not been hit yet, and judges what was left after each death."""

    arena: Arena
    snapshot: dict[str, Any]
    done: set[str] = field(default_factory=set)
    """Side and name of each point that was killed."""
    found: list[str] = field(default_factory=list)
    """Violations just after a death, each with the point."""
    every_side: bool = False
    most: int = 1000
    in_recovery: int = 0
    """How many of the kills hit a command that went on from an earlier one."""
    _died_before: bool = False

    def command(self, *words: str) -> Done:
        """Give a command and kill it at a new point, as long as there is one."""
        if len(self.done) >= self.most:
            return self.arena.run(*words)
        kill = {"done": sorted(self.done), "every_side": self.every_side}
        done = self.arena.run(*words, kill=kill)
        if done.killed:
            self.in_recovery += self._died_before
            self.done.add(done.killed if self.every_side else short(done.killed))
            self.arena.settle()
            self.found += [f"after {done.killed}: {one}" for one in judging.dead(self.arena, self.snapshot)]
        self._died_before = bool(done.killed)
        return done


def passage(arena: Arena, name: str, *, most: int = 1000, every_side: bool = False) -> tuple[Fire, Journey, list[str]]:
    """Walk one passage under fire, and judge where it led."""
    stage, goal = PASSAGES[name]
    snapshot = judging.before(arena, stage)
    judging.at(arena, stage)
    log_from = judging.log_size(arena)
    fire = Fire(arena, snapshot, most=most, every_side=every_side)
    journey = operator_for(arena, goal, fire.command).reach(goal, most=MOST_STEPS + 2 * most)
    arena.settle()
    return fire, journey, judging.violations(arena, snapshot, log_from=log_from)


def alone(arena: Arena, name: str, *, every_side: bool = False) -> tuple[Fire, Done, list[str]]:
    """Give one command under fire until it ends by itself, and judge what it left."""
    stage, words = ALONE[name]
    snapshot = judging.before(arena, stage)
    judging.at(arena, stage)
    rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' ORDER BY started_at DESC")
    policy = hashlib.sha256((arena.root / "approvals/policy.json").read_bytes()).hexdigest()
    named = {"RUN": str(rows[0][0]) if rows else "", "POLICY": policy, "BUNDLE": str(arena.root / judging.BUNDLE)}
    given = tuple(named.get(word, word) for word in words)
    log_from = judging.log_size(arena)
    fire = Fire(arena, snapshot, every_side=every_side)
    done = fire.command(*given)
    while done.killed:
        done = fire.command(*given)
    arena.settle()
    if name not in {"panic", "hold release"}:
        _disarm(arena)
    return fire, done, judging.violations(arena, snapshot, log_from=log_from)


def signalled(arena: Arena, moment: str, name: str) -> tuple[Done, list[str]]:
    """Send a command a signal at a moment; what is wrong with how it ended, what it left and how one goes on from there."""
    stage, where, side, words = MOMENTS[moment]
    snapshot = judging.before(arena, stage)
    judging.at(arena, stage)
    rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' ORDER BY started_at DESC")
    named = {"RUN": str(rows[0][0]) if rows else "", "FILE": str(arena.root / "intake/law.md")}
    given = tuple(named.get(word, word) for word in words)
    log_from = judging.log_size(arena)
    done = arena.run(*given, kill={"at": where, "side": side, "signal": SIGNALS[name]})
    wrong = [] if done.killed else [f"no point like {where} was reached"]
    if done.status != 128 + SIGNALS[name]:
        wrong.append(f"ends with {done.status}")
    if "Traceback (most recent call last)" in done.err:
        wrong.append("a traceback")
    arena.settle()
    wrong += judging.dead(arena, snapshot)
    journey = Operator(arena).reach(
        "reverted" if moment == "at the revert" else "waits for SG_2" if stage != "SG_2 imported" else "enacted"
    )
    arena.settle()
    wrong += [] if journey.reached else [f"no way on: {journey}"]
    return done, wrong + judging.violations(arena, snapshot, log_from=log_from)


def _disarm(arena: Arena) -> None:
    """What was armed for the sake of the command is closed, so that what is left is at rest."""
    arena.run("disarm")


# ---------------------------------------------------------------------------------------------------------------------
# At random, for as long as one likes
# ---------------------------------------------------------------------------------------------------------------------

RANDOM_PASSAGES: tuple[tuple[str, str], ...] = (
    ("fresh", "dry run done"),
    ("dry run done", "waits for SG_1"),
    ("dry run done", "enacted"),
    ("waits for SG_1", "voided"),
    ("waits for SG_1", "waits for SG_2"),
    ("SG_1 imported", "waits for SG_2"),
    ("SG_1 imported", "enacted"),
    ("waits for SG_2", "enacted"),
    ("waits for SG_2", "reverted"),
    ("SG_2 imported", "enacted"),
)
EDITING_PASSAGES: tuple[tuple[str, str], ...] = (
    ("waits for SG_2", "edited"),
    ("edited", "enacted"),
    ("edited", "reverted"),
)
BATCH_PASSAGES: tuple[tuple[str, str], ...] = (
    ("fresh", "batch: dry run done"),
    ("batch: dry run done", "batch: waits for SG_1"),
    ("batch: dry run done", "batch: law"),
    ("batch: waits for SG_1", "batch: SG_1 imported"),
    ("batch: waits for SG_1", "batch: waits for SG_2"),
    ("batch: SG_1 imported", "batch: waits for SG_2"),
    ("batch: SG_1 imported", "batch: law"),
    ("batch: waits for SG_2", "batch: law"),
    ("batch: SG_2 imported", "batch: law"),
)
AMENDING_PASSAGES: tuple[tuple[str, str], ...] = (
    ("enacted", "amend: dry run done"),
    ("amend: dry run done", "amend: waits for SG_1"),
    ("amend: dry run done", "amend: enacted"),
    ("amend: waits for SG_1", "amend: voided"),
    ("amend: SG_1 imported", "amend: waits for SG_2"),
    ("amend: SG_1 imported", "amend: enacted"),
    ("amend: waits for SG_2", "amend: enacted"),
    ("amend: waits for SG_2", "amend: reverted"),
    ("amend: SG_2 imported", "amend: enacted"),
    ("after a revert: SG_1 imported", "after a revert: enacted"),
    ("after a revert: waits for SG_2", "after a revert: reverted"),
    ("amend again: SG_1 imported", "amend again: enacted"),
    ("amend again: waits for SG_2", "amend again: reverted"),
    ("repeal: dry run done", "repeal: enacted"),
    ("repeal: SG_1 imported", "repeal: enacted"),
    ("repeal: waits for SG_2", "repeal: reverted"),
    ("repeal again: SG_1 imported", "repeal again: enacted"),
)
POINTS: dict[str, int] = {
    "run start": 400,
    "document repeal": 400,
    "run resume": 200,
    "run settle": 40,
    "run void": 30,
    "approval draft": 50,
    "approval import": 70,
    "arm": 110,
    "enact": 230,
    "revert": 130,
    "disarm": 20,
    "hold release": 20,
    "run edit": 250,
    "run apply": 150,
    "verify": 60,
    "batch start": 700,
    "batch resume": 500,
}
"""About how many points each command passes: a random one of so many is nearly always reached."""
MOST_KILLS = 12
"""In one passage at random."""


@dataclass
class Shot:
    """One passage with kills at random points: what was killed, and every violation."""

    passage: tuple[str, str]
    killed: list[str] = field(default_factory=list)
    traces: int = 0
    """How often the server's log has what an interference leaves there, of those in TRACES."""
    in_recovery: int = 0
    faults: list[str] = field(default_factory=list)


Strike = Callable[[Arena, Random, tuple[str, ...]], Done]
"""Gives a command, and kills it somewhere at random."""


def at_a_point(arena: Arena, random: Random, words: tuple[str, ...]) -> Done:
    """Kill it at one of its choke points, on one of its sides."""
    ordinal = random.randint(1, POINTS.get(" ".join(words[:2]), POINTS.get(words[0], 50)))
    return arena.run(*words, kill={"ordinal": ordinal, "side": random.choice(("before", "half", "after"))})


MODULES = 900
"""About how many modules the largest command imports, from the interpreter's own on; others import at least half as many."""


def in_an_import(arena: Arena, random: Random, words: tuple[str, ...]) -> Done:
    """Kill it while the program is imported: before its first effect, and between two where a module is imported late."""
    return arena.load(*words, number=random.randint(1, MODULES))


def at_random(
    arena: Arena,
    random: Random,
    passages: tuple[tuple[str, str], ...] = RANDOM_PASSAGES,
    strike: Strike = at_a_point,
) -> Shot:
    """Walk a random passage; kill a random command of it somewhere at random, and often its recovery too."""
    shot = Shot(random.choice(passages))
    stage, goal = shot.passage
    snapshot = judging.before(arena, stage)
    judging.at(arena, stage)
    log_from = judging.log_size(arena)
    died = False

    def command(*words: str) -> Done:
        nonlocal died
        if len(shot.killed) >= MOST_KILLS or random.random() < 0.2:
            died = False
            return arena.run(*words)
        done = strike(arena, random, words)
        if done.killed:
            shot.in_recovery += died
            shot.killed.append(f"{' '.join(words[:2])}: {done.killed}" if strike is in_an_import else done.killed)
            if strike is in_an_import and done.out:
                shot.faults.append(f"had said before {done.killed} was over: {done.out[-600:]}")
            arena.settle()
            shot.faults += [f"after {done.killed}: {one}" for one in judging.dead(arena, snapshot)]
        died = bool(done.killed)
        return done

    operator = operator_for(arena, goal, command)
    journey = operator.reach(goal, most=2 * MOST_STEPS)
    arena.settle()
    if died:
        operator.settle()
    shot.faults += journey.faults if journey.reached else [*journey.faults, f"{goal} was not reached: {journey}"]
    shot.faults += judging.violations(arena, snapshot, log_from=log_from)
    return shot


IN_THE_BACKUP = (
    "^execute backup pg_export_snapshot",
    "^execute backup pg_table_size",
    PG_DUMP,
    "^execute scratch",
)
"""Where the server ends the console's sessions while a backup is taken."""
ANSWERS = frozenset({0, 3, 4, 5, 6, 7})


_SESSION = "connection authorized: user=cutter_"
TRACES: dict[str, str] = {
    "deadlock": "ERROR:  deadlock detected",
    "password changed": 'FATAL:  password authentication failed for user "cutter_exec"',
    "standby answers": _SESSION,
    "standby answers new sessions": _SESSION,
}
"""What an interference leaves in the server's log, or in the standby's, if it was what it is called."""


def interfered(arena: Arena, passage_name: str, what: str, random: Random, most: int = 6) -> Shot:
    """Walk a passage that something outside interferes with, at random points; after each the outside is repaired."""
    stage, goal = PASSAGES[passage_name]
    shot, snapshot = Shot((stage, goal)), judging.before(arena, stage)
    log = arena.server_log
    if what.startswith("standby answers"):
        arena.have_a_standby()
        log = arena.standby_log
    judging.at(arena, stage)
    log_from, traces_from = judging.log_size(arena), log.stat().st_size

    def command(*words: str) -> Done:
        if len(shot.killed) >= most:
            return arena.run(*words)
        ordinal = random.randint(1, POINTS.get(" ".join(words[:2]), POINTS.get(words[0], 50)))
        done = arena.run(
            *words, kill={"ordinal": ordinal, "side": random.choice(SIDES), "interfere": what, "dsn": arena.dsn}
        )
        arena.heal()
        if done.status not in ANSWERS:
            shot.faults.append(f"exit status {done.status}: {done}")
        shot.killed += [done.killed] if done.killed else []
        # Refused or not, the operator does it again: for the journey it counts as a death.
        return done

    journey = operator_for(arena, goal, command).reach(goal, most=2 * MOST_STEPS)
    arena.settle()
    if what in TRACES:
        shot.traces = log.read_bytes()[traces_from:].count(TRACES[what].encode())
    shot.faults += journey.faults if journey.reached else [*journey.faults, f"{goal} was not reached: {journey}"]
    shot.faults += judging.violations(arena, snapshot, log_from=log_from)
    return shot
