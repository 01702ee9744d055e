"""The checker on an arena: everything that it can be given."""

from pathlib import Path
from typing import Any

from tests import checker
from tests.torture.arena import STEPS, Arena
from tests.torture.operator import Operator, edition_of
from tests.torture.operators import operator_for

ASKING = (checker.every_run_has_a_move, checker.every_batch_has_a_move)
"""Invariants that ask the console itself."""


def subject(
    arena: Arena, snapshot: dict[str, Any] | None = None, *, just_died: bool = False, log_from: int = 0
) -> checker.Subject:
    """What the checker judges: this arena's database and root, with its key, its server's log and its console."""

    def ask(words: tuple[str, ...]) -> tuple[int, dict[str, Any], str]:
        done = arena.run(*words)
        return done.status, done.json, done.err

    return checker.Subject(
        dsn=arena.dsn,
        root=arena.root,
        snapshot=snapshot,
        keys=(arena.public_key,),
        server_log=arena.server_log,
        log_from=log_from,
        ask=ask,
        just_died=just_died,
    )


def violations(
    arena: Arena, snapshot: dict[str, Any] | None = None, *, just_died: bool = False, log_from: int = 0
) -> list[str]:
    """Every violation as a line."""
    return [str(one) for one in checker.check(subject(arena, snapshot, just_died=just_died, log_from=log_from))]


def dead(arena: Arena, snapshot: dict[str, Any]) -> list[str]:
    """The violations just after a death, which asks nobody, neither console nor gpg, and looks at no log: cheap enough after every kill."""
    slow = (*ASKING, checker.nothing_is_deleted, checker.untouched_rows)
    judged = subject(arena, snapshot, just_died=True)
    judged.keys = ()
    found = checker.check(judged, without=slow)
    return [str(one) for one in found]


BUNDLE = "artifacts/run.tar"
"""The bundle of a run that was handed over, below the root."""


def at(arena: Arena, stage: str) -> Arena:
    """The arena as it was when its document had just come to this stage; each stage is walked to once.

    But for `armed`: a lease lasts a quarter of an hour, and a copy of it would be over.
    """
    if stage == "two amendments, armed":
        journey = Operator(at(arena, "two amendments")).reach("amend: armed")
        assert journey.reached, str(journey)
        return arena
    if stage == "two amendments" and not arena.has(stage):
        journey = Operator(at(arena, "amend: SG_1 imported")).reach("rival: SG_1 imported")
        assert journey.reached, str(journey)
        arena.settle()
        arena.keep(stage)
    if stage.endswith("armed"):
        journey = Operator(at(arena, stage_before(stage))).reach(stage)
        assert journey.reached, str(journey)
        arena.settle()
        return arena
    if stage == "held" and not arena.has(stage):
        at(arena, "waits for SG_1")
        assert arena.run("panic", "--reason", "a drill").status in {0, 6}
        arena.settle()
        arena.keep(stage)
    if stage == "handed over" and not arena.has(stage):
        at(arena, "SG_1 imported")
        rows = arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = 'ACME-LAW'")
        done = arena.run("run", "hand-over", str(rows[0][0]), "--to", str(arena.root / BUNDLE))
        assert done.status == 0, str(done)
        arena.settle()
        arena.keep(stage)
    if stage in STEPS and not arena.has(stage):
        at(arena, stage_before(stage)).step(stage)
        arena.keep(stage)
    if stage != "fresh" and not arena.has(stage):
        at(arena, stage_before(stage))
        journey = operator_for(arena, stage).reach(stage)
        assert journey.reached, str(journey)
        arena.settle()
        arena.keep(stage)
    arena.reset(stage)
    return arena


_BEFORE = {
    "dry run done": "fresh",
    "waits for SG_1": "fresh",
    "SG_1 imported": "waits for SG_1",
    "armed": "SG_1 imported",
    "waits for SG_2": "SG_1 imported",
    "SG_2 imported": "waits for SG_2",
    "enacted": "SG_2 imported",
    "reverted": "waits for SG_2",
    "voided": "waits for SG_1",
    "edited": "waits for SG_2",
    "batch: dry run done": "fresh",
    "batch: waits for SG_1": "batch: dry run done",
    "batch: SG_1 imported": "batch: waits for SG_1",
    "batch: waits for SG_2": "batch: SG_1 imported",
    "batch: SG_2 imported": "batch: waits for SG_2",
    "batch: law": "batch: SG_2 imported",
}


def stage_before(stage: str) -> str:
    """The stage that a stage is walked to from; the first of an amendment from the law that it amends."""
    edition = edition_of(stage)
    if edition is None:
        return _BEFORE[stage]
    earlier = _BEFORE[stage.removeprefix(edition.begins)]
    return edition.amends if earlier == "fresh" else f"{edition.begins}{earlier}"


def before(arena: Arena, stage: str = "fresh") -> dict[str, Any]:
    """What the checker has seen of the arena before anything was done to it; of an amendment, of the law that it amends."""
    edition = edition_of(stage)
    first = "fresh" if edition is None else edition.amends
    if first not in arena.seen:
        arena.seen[first] = checker.take_snapshot(at(arena, first).dsn)
    return arena.seen[first]


def log_size(arena: Arena) -> int:
    """How long the server's log is now."""
    return Path(arena.server_log).stat().st_size
