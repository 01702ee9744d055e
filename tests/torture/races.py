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

_AMEND = ("run", "start", "REVISED", "--docprefix", "ACME-LAW", "--amend", "--live")
_RIVAL = ("run", "start", "RIVAL", "--docprefix", "ACME-LAW", "--amend", "--live")
_THIRD = ("run", "start", "THIRD", "--docprefix", "THIRD-LAW", "--live")
_ARM_RIVAL = ("arm", "RIVAL_RUN", "--confirm", "RIVAL_RUN")
_RESUME_RIVAL = ("run", "resume", "RIVAL_RUN")

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
    "amend and amend": ("amend: dry run done", (_AMEND, _AMEND)),
    "amend and amend in another way": ("amend: dry run done", (_AMEND, _RIVAL)),
    "amend: arm and arm of another": ("two amendments", (_ARM, _ARM_RIVAL)),
    "amend: cut and start of another": ("amend: armed", (_RESUME, _RIVAL)),
    "amend: cut and cut of another": ("two amendments, armed", (_RESUME, _ARM_RIVAL, _RESUME_RIVAL)),
    "amend: cut and cut": ("amend: armed", (_RESUME, _RESUME)),
    "amend: cut and void": ("amend: armed", (_RESUME, _VOID)),
    "amend: cut and revert": ("amend: armed", (_RESUME, _REVERT)),
    "amend: cut and panic": ("amend: armed", (_RESUME, _PANIC)),
    "amend: cut and another document": ("amend: armed", (_RESUME, _THIRD)),
    "amend: enact and another document": ("amend: SG_2 imported", (_ENACT, _THIRD)),
    "amend: enact and enact": ("amend: SG_2 imported", (_ENACT, _ENACT)),
    "amend: enact and revert": ("amend: SG_2 imported", (_ENACT, _REVERT)),
    "amend: enact and start of another": ("amend: SG_2 imported", (_ENACT, _RIVAL)),
    "amend: enact and panic": ("amend: SG_2 imported", (_ENACT, _PANIC)),
    "amend: revert and revert": ("amend: waits for SG_2", (_REVERT, _REVERT)),
    "amend: revert and start of another": ("amend: waits for SG_2", (_REVERT, _RIVAL)),
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
    race, snapshot = Race(name), judging.before(arena, stage)
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
    intake = arena.root / "intake"
    rows = arena.rows(
        "SELECT run_id, origin FROM cutter_governance.run WHERE docprefix = 'ACME-LAW' ORDER BY started_at DESC"
    )
    of_rival = [str(run_id) for run_id, origin in rows if origin == "file:rival.md"]
    run_id = next((str(run_id) for run_id, origin in rows if origin != "file:rival.md"), "")
    files = {name: str(intake / f"{name.lower()}.md") for name in ("REVISED", "RIVAL", "THIRD")}
    named = {"RUN": run_id, "RIVAL_RUN": (*of_rival, "")[0], "FILE": str(intake / "law.md"), **files}
    if with_statement:
        statement = str(arena.run("approval", "draft", run_id).json["statement_path"])
        named |= {"STATEMENT": statement, "SIGNATURE": str(arena.sign(Path(statement)))}
    return named
