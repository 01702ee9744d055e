"""Two or three real processes that want the same thing at once, or the opposite of each other."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.torture import judging
from tests.torture.arena import Arena, Done, Hung
from tests.torture.operator import Operator

_START = ("run", "start", "FILE", "--docprefix", "ACME-LAW", "--live")
_DRY = ("run", "start", "FILE", "--docprefix", "ACME-LAW")
_IMPORT = ("approval", "import", "STATEMENT", "SIGNATURE")
_ARM = ("arm", "RUN", "--confirm", "RUN")
_RESUME = ("run", "resume", "RUN")
_VOID = ("run", "void", "RUN", "--reason", "a race")
_ENACT = ("enact", "RUN", "--confirm", "RUN")
_REVERT = ("revert", "RUN", "--confirm", "RUN")
_PANIC = ("panic", "--reason", "a race")
_RELEASE = ("hold", "release", "--confirm", "RELEASE")
_BACKUP = ("backup", "take", "RUN")

RACES: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "start and start": ("dry run done", (_START, _START)),
    "three dry runs": ("fresh", (_DRY, _DRY, _DRY)),
    "start and migrate": ("dry run done", (_START, ("migrate",))),
    "three imports": ("waits for SG_1", (_IMPORT, _IMPORT, _IMPORT)),
    "import and void": ("waits for SG_1", (_IMPORT, _VOID)),
    "arm and arm": ("SG_1 imported", (_ARM, _ARM)),
    "arm and void": ("SG_1 imported", (_ARM, _VOID)),
    "arm and panic": ("SG_1 imported", (_ARM, _PANIC)),
    "cut and cut": ("armed", (_RESUME, _RESUME)),
    "cut, cut and cut": ("armed", (_RESUME, _RESUME, _RESUME)),
    "cut and void": ("armed", (_RESUME, _VOID)),
    "cut and panic": ("armed", (_RESUME, _PANIC)),
    "cut and disarm": ("armed", (_RESUME, ("disarm",))),
    "cut and revert": ("armed", (_RESUME, _REVERT)),
    "cut and migrate": ("armed", (_RESUME, ("migrate",))),
    "void and void": ("waits for SG_1", (_VOID, _VOID)),
    "enact and enact": ("SG_2 imported", (_ENACT, _ENACT)),
    "enact and revert": ("SG_2 imported", (_ENACT, _REVERT)),
    "enact and panic": ("SG_2 imported", (_ENACT, _PANIC)),
    "enact and verify": ("SG_2 imported", (_ENACT, ("verify", "RUN"))),
    "revert and revert": ("waits for SG_2", (_REVERT, _REVERT)),
    "revert and panic": ("waits for SG_2", (_REVERT, _PANIC)),
    "migrate and migrate": ("waits for SG_1", (("migrate",), ("migrate",))),
    "panic, panic and release": ("held", (_PANIC, _PANIC, _RELEASE)),
    "backup and backup": ("waits for SG_1", (_BACKUP, _BACKUP)),
}
"""At which stage, and what is given at once."""
ANSWERS = frozenset({0, 3, 4, 5, 6, 7})
"""Done, waits, refused, drifted, held, not known: a loser of a race is told one of these."""


@dataclass
class Race:
    """How one race ended."""

    name: str
    done: list[Done] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([self.name, *self.wrong, *map(str, self.done)])


def run(arena: Arena, name: str, random: Random) -> Race:
    """Run one race, its starters a random moment apart; then bring everything to rest, and judge."""
    stage, given = RACES[name]
    race, snapshot = Race(name), judging.before(arena)
    judging.at(arena, stage)
    named = _named(arena, any("STATEMENT" in words for words in given))
    log_from = judging.log_size(arena)
    running = []
    for words in given:
        running.append(arena.start(*(named.get(word, word) for word in words)))
        threading.Event().wait(random.choice((0.0, 0.0, random.random() * 0.1, random.random())))
    for one in running:
        try:
            race.done.append(one.wait())
        except Hung as hung:
            race.wrong.append(f"hangs: {hung}")
    arena.settle()
    for done in race.done:
        if "Traceback (most recent call last)" in done.err:
            race.wrong.append(f"traceback: {done}")
        elif done.status not in ANSWERS:
            race.wrong.append(f"exit status {done.status}: {done}")
    journey = Operator(arena).reach("at rest")
    arena.settle()
    race.wrong += [] if journey.reached else [f"does not come to rest: {journey}"]
    race.wrong += judging.violations(arena, snapshot, log_from=log_from)
    return race


def _named(arena: Arena, with_statement: bool) -> dict[str, str]:
    rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW'")
    run_id = str(rows[0][0]) if rows else ""
    named = {"RUN": run_id, "FILE": str(arena.root / "intake/law.md")}
    if with_statement:
        statement = str(arena.run("approval", "draft", run_id).json["statement_path"])
        named |= {"STATEMENT": statement, "SIGNATURE": str(arena.sign(Path(statement)))}
    return named
