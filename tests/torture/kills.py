"""Kill -9 at the choke points of the real command line; recovery by public commands alone; the checker after each."""

import hashlib
import threading
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.torture import judging
from tests.torture.arena import Arena, Done
from tests.torture.operator import MOST_STEPS, Journey, Operator

PASSAGES: dict[str, tuple[str, str]] = {
    "dry run": ("fresh", "dry run done"),
    "start": ("dry run done", "waits for SG_1"),
    "first ruling": ("waits for SG_1", "SG_1 imported"),
    "arm and cut": ("SG_1 imported", "waits for SG_2"),
    "second ruling and enactment": ("waits for SG_2", "enacted"),
    "revert": ("waits for SG_2", "reverted"),
    "void": ("waits for SG_1", "voided"),
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
}
"""Single commands under fire: given again until they end; at which stage, and how."""


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
            self.done.add(done.killed)
            self.arena.settle()
            self.found += [f"after {done.killed}: {one}" for one in judging.dead(self.arena, self.snapshot)]
        self._died_before = bool(done.killed)
        return done


def passage(arena: Arena, name: str, *, most: int = 1000, every_side: bool = False) -> tuple[Fire, Journey, list[str]]:
    """Walk one passage under fire, and judge where it led."""
    stage, goal = PASSAGES[name]
    snapshot = judging.before(arena)
    judging.at(arena, stage)
    log_from = judging.log_size(arena)
    fire = Fire(arena, snapshot, most=most, every_side=every_side)
    journey = Operator(arena, command=fire.command).reach(goal, most=MOST_STEPS + 2 * most)
    arena.settle()
    return fire, journey, judging.violations(arena, snapshot, log_from=log_from)


def alone(arena: Arena, name: str, *, every_side: bool = False) -> tuple[Fire, Done, list[str]]:
    """Give one command under fire until it ends by itself, and judge what it left."""
    stage, words = ALONE[name]
    snapshot = judging.before(arena)
    judging.at(arena, stage)
    rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' ORDER BY started_at DESC")
    policy = hashlib.sha256((arena.root / "approvals/policy.json").read_bytes()).hexdigest()
    named = {"RUN": str(rows[0][0]) if rows else "", "POLICY": policy}
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
_MOST_HITS = 400


@dataclass
class Shot:
    """One passage with kills at random points: what was killed, and every violation."""

    passage: tuple[str, str]
    killed: list[str] = field(default_factory=list)
    in_recovery: int = 0
    faults: list[str] = field(default_factory=list)


def at_random(arena: Arena, random: Random, *, on_kill: threading.Event | None = None) -> Shot:
    """Walk a random passage; kill a random command of it at a random point, and often its recovery too."""
    shot = Shot(random.choice(RANDOM_PASSAGES))
    stage, goal = shot.passage
    snapshot = judging.before(arena)
    judging.at(arena, stage)
    log_from = judging.log_size(arena)
    died = False

    def command(*words: str) -> Done:
        nonlocal died
        if len(shot.killed) > 3 or random.random() < (0.4 if died else 0.3):
            died = False
            return arena.run(*words)
        # Small numbers are likelier: every command has a beginning, few have four hundred points.
        ordinal = 1 + int(_MOST_HITS * random.random() ** 2)
        done = arena.run(*words, kill={"ordinal": ordinal, "side": random.choice(("before", "half", "after"))})
        if done.killed:
            shot.in_recovery += died
            shot.killed.append(done.killed)
            arena.settle()
            shot.faults += [f"after {done.killed}: {one}" for one in judging.dead(arena, snapshot)]
        died = bool(done.killed)
        return done

    journey = Operator(arena, command=command).reach(goal, most=2 * MOST_STEPS)
    arena.settle()
    shot.faults += journey.faults if journey.reached else [*journey.faults, f"{goal} was not reached: {journey}"]
    shot.faults += judging.violations(arena, snapshot, log_from=log_from)
    return shot
