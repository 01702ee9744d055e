"""The long column: kills, lost COMMITs, races, sequences and damaged journals at random, for as long as one has time.

Every case is made from the seed, its column and its number alone, so that it can be had again: --seed S --from COLUMN=N.
A state file lets a run that was stopped go on. It ends by itself: when every count is reached, or the time is over.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from threading import Event

import psycopg
from hypothesis.errors import HypothesisException

from console.backend.model.errors import CutterError
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import TransientCluster
from tests.backend.runs import model
from tests.support import property_settings
from tests.support.passage import Stages, copy_database, stages
from tests.torture import bars, journals, kills, network, races
from tests.torture.arena import Arena, Hung, arena
from tests.torture.launch import INTERFERENCES
from tests.torture.proxy import FAULTS, Proxy, proxy

_BATCH = 500
_WALK_STEPS = 16
"""In one walk; each of its runs is brought to its end afterwards."""
_SAID_EVERY_S = 30.0
_ENDED = Event()
"""Whether somebody wants this process to end."""
_NOT_JUDGED = (
    Hung,
    AssertionError,
    OSError,
    LookupError,
    TypeError,
    ValueError,
    psycopg.Error,
    CutterError,
    HypothesisException,
    ExceptionGroup,
)
"""What ends a case and not the column."""
_TEMPLATE = "sequences"
_SEQUENCES, _SEQUENCE_STEPS = 8, 50
"""Of a case of that column."""


@dataclass
class Case:
    """One case of a column: what it was, how much it counts, what is wrong."""

    what: str
    count: int = 1
    also: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Tally:
    """How far a column has come."""

    cases: int = 0
    count: int = 0
    faults: int = 0
    seconds: float = 0.0
    also: dict[str, int] = field(default_factory=dict)


@dataclass
class Ground:
    """What the cases work on, made when the first one asks for it."""

    stack: ExitStack
    _arena: Arena | None = None
    _proxy: Proxy | None = None
    _journal: tuple[bytes, Callable[[bytes], bool]] | None = None
    _stages: Stages | None = None

    @property
    def arena(self) -> Arena:
        """The installation."""
        if self._arena is None:
            self._arena = self.stack.enter_context(arena())
        return self._arena

    @property
    def proxy(self) -> Proxy:
        """The lying network in front of it."""
        if self._proxy is None:
            self._proxy = self.stack.enter_context(proxy(self.arena.cluster.socket_dir / ".s.PGSQL.5432"))
        return self._proxy

    @property
    def journal(self) -> tuple[bytes, Callable[[bytes], bool]]:
        """A small journal, and whether something else passes for it."""
        if self._journal is None:
            from tests.torture.test_journals import judge, small_journal, wrongly_accepted

            folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="torture-journal-")))
            journal, events = small_journal(folder)
            self._journal = journal, lambda data: wrongly_accepted(judge(folder, data, events), journal, data)
        return self._journal

    @property
    def stages(self) -> Stages:
        """The stages of a run on a server of its own, for calls in this process."""
        if self._stages is None:
            cluster = self.stack.enter_context(TransientCluster.start(18))
            copy_database(cluster, "template0", _TEMPLATE)
            migrate(cluster.conninfo(_TEMPLATE))
            self._stages = self.stack.enter_context(stages(cluster, _TEMPLATE))
        return self._stages


def _kill(ground: Ground, random: Random) -> Case:
    return _shot(kills.at_random(ground.arena, random))


def _kill_amending(ground: Ground, random: Random) -> Case:
    return _shot(kills.at_random(ground.arena, random, kills.AMENDING_PASSAGES))


def _kill_editing(ground: Ground, random: Random) -> Case:
    return _shot(kills.at_random(ground.arena, random, kills.EDITING_PASSAGES))


def _kill_in_a_batch(ground: Ground, random: Random) -> Case:
    return _shot(kills.at_random(ground.arena, random, kills.BATCH_PASSAGES))


def _kill_in_an_import(ground: Ground, random: Random) -> Case:
    passages = (*kills.RANDOM_PASSAGES, *kills.BATCH_PASSAGES)
    return _shot(kills.at_random(ground.arena, random, passages, kills.in_an_import))


def _shot(shot: kills.Shot) -> Case:
    said = f"{' → '.join(shot.passage)}: {'; '.join(shot.killed)}"
    return Case(said, len(shot.killed), {"of them in a recovery": shot.in_recovery}, shot.faults)


def _lie(ground: Ground, random: Random) -> Case:
    writing, fault = random.choice(list(network.WRITINGS)), random.choice(list(FAULTS))
    try:
        told = network.tell(ground.arena, ground.proxy, writing, fault)
    finally:
        ground.arena.connections = {}
    return Case(f"{writing}, {fault}", 1, {fault: 1}, told.wrong and [str(told)])


def _haste(ground: Ground, random: Random) -> Case:
    haste, fault, killed = (
        random.choice(list(network.HASTY)),
        random.choice(network.HASTY_FAULTS),
        random.random() < 0.5,
    )
    try:
        told = network.in_haste(ground.arena, ground.proxy, haste, fault, killed=killed)
    finally:
        ground.arena.connections = {}
    return Case(f"{haste}, {fault}, killed: {killed}", 1, {}, told.wrong and [str(told)])


def _interfere(ground: Ground, random: Random) -> Case:
    name, what = random.choice(list(kills.PASSAGES)), random.choice(list(INTERFERENCES))
    shot = kills.interfered(ground.arena, name, what, random)
    return Case(f"{name}, {what}: {'; '.join(shot.killed)}", len(shot.killed), {what: len(shot.killed)}, shot.faults)


def _signal(ground: Ground, random: Random) -> Case:
    moment, name = random.choice(list(kills.MOMENTS)), random.choice(list(kills.SIGNALS))
    done, wrong = kills.signalled(ground.arena, moment, name)
    return Case(f"{name} {moment}: {done}", 1, {name: 1}, wrong)


def _race(ground: Ground, random: Random) -> Case:
    race = races.run(ground.arena, random.choice(list(races.RACES)), random)
    return Case(race.name, 1, {}, race.wrong and [str(race)])


def _walk_bars(ground: Ground, random: Random) -> Case:
    walk = bars.Walker(ground.arena, random, ground.proxy).go(_WALK_STEPS)
    ground.arena.connections = {}
    also = {"kills": len(walk.killed), "COMMITs lost": walk.lost, "barred runs chosen": walk.barred}
    return Case(f"{walk.stage}: {'; '.join(walk.killed)}", walk.steps, also, walk.faults and [str(walk)])


def _damage(ground: Ground, random: Random) -> Case:
    journal, passes = ground.journal
    wrong = []
    for _ in range(_BATCH):
        what, damaged = journals.random_damage(journal, random)
        if passes(damaged):
            wrong.append(f"{what}: {damaged!r}")
    return Case(f"{_BATCH} damaged journals", _BATCH, {}, wrong)


def _walk_in_any_order(ground: Ground, random: Random) -> Case:
    model.walk(ground.stages.at, _SEQUENCES, _SEQUENCE_STEPS, random.getrandbits(64))
    return Case(f"{_SEQUENCES} sequences", _SEQUENCES, {"steps": _SEQUENCES * _SEQUENCE_STEPS})


COLUMNS: dict[str, tuple[Callable[[Ground, Random], Case], str]] = {
    "kills": (_kill, "commands killed at random choke points, recoveries too"),
    "amendments": (_kill_amending, "commands of an amendment killed at random choke points, recoveries too"),
    "edits": (_kill_editing, "commands of an edit of a draft killed at random choke points, recoveries too"),
    "batches": (_kill_in_a_batch, "commands of a batch killed at random choke points, recoveries too"),
    "imports": (_kill_in_an_import, "commands of runs and batches killed while the program is imported"),
    "commits": (_lie, "COMMITs of every writing command lost, answered in vain, late, or in a black hole"),
    "haste": (_haste, "commands given while the COMMIT of another, lost or killed, is on its way"),
    "server": (
        _interfere,
        "what happens to server and disk at random points: sessions ended, a crash, no connection, no role, locks, no room",
    ),
    "signals": (_signal, "SIGINT, SIGTERM, SIGHUP and SIGQUIT at the moments that matter"),
    "races": (_race, "two or three processes at once"),
    "sequences": (
        _walk_in_any_order,
        f"sequences of {_SEQUENCE_STEPS} steps of two operators, a sovereign and the world at one run",
    ),
    "bars": (
        _walk_bars,
        "steps of two operators on two hosts at runs of one document, killed and with COMMITs lost on the way",
    ),
    "journals": (_damage, "small journals damaged at random"),
}
"""Each with what makes one case of it, and what it counts."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, (_, counts) in COLUMNS.items():
        parser.add_argument(f"--{name}", type=int, default=0, metavar="N", help=f"{counts}; 0: none")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="every case follows from it (default 1)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=0.0,
        metavar="M",
        help="end after so many minutes; 0: when the counts are reached",
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="go on from this file where it is there, and keep it up to date"
    )
    parser.add_argument(
        "--faults", type=Path, metavar="FILE", help="append each fault to this file, one JSON object a line"
    )
    parser.add_argument(
        "--from", dest="begin", action="append", default=[], metavar="COLUMN=N", help="begin a column with its case N"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the columns in turn; print seed, rates and totals. Returns 1 where there was a fault, in this call alone."""
    asked = _parser().parse_args(argv)
    wanted = {name: getattr(asked, name) for name in COLUMNS if getattr(asked, name)}
    if not wanted:
        _parser().print_help()
        return 2
    tallies = _begun(asked)
    before = sum(tally.faults for tally in tallies.values())
    _say(f"seed {asked.seed}; wanted: {', '.join(f'{count} {name}' for name, count in wanted.items())}")
    until = time.monotonic() + asked.minutes * 60 if asked.minutes else float("inf")
    # An end from outside takes the server and the files along, as any other end does.
    signal.signal(signal.SIGTERM, _end)
    property_settings.load(same_each_time=False)
    with _ground() as ground:
        _walk(ground, asked, wanted, tallies, until)
    for name, count in wanted.items():
        _say(_line(name, tallies[name], count))
    return 1 if sum(tally.faults for tally in tallies.values()) > before else 0


def _end(*_: object) -> None:
    _ENDED.set()
    sys.exit(128 + signal.SIGTERM)


@contextmanager
def _ground() -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(stack)


def _walk(
    ground: Ground, asked: argparse.Namespace, wanted: dict[str, int], tallies: dict[str, Tally], until: float
) -> None:
    """Give the column its turn that is farthest from its count, until all are there or the time is over."""
    said = time.monotonic()
    while time.monotonic() < until:
        left = [(tallies[name].count / count, name) for name, count in wanted.items() if tallies[name].count < count]
        if not left:
            return
        _, name = min(left)
        tally, began = tallies[name], time.monotonic()
        case = _had(ground, name, Random(f"{asked.seed}/{name}/{tally.cases}"))
        _add(tally, case, time.monotonic() - began)
        for fault in case.wrong:
            _tell(asked, name, tally.cases - 1, case.what, fault)
        if asked.state is not None:
            _keep(asked, tallies)
        if time.monotonic() - said > _SAID_EVERY_S:
            said = time.monotonic()
            _say("; ".join(_line(one, tallies[one], count) for one, count in wanted.items()))


def _had(ground: Ground, name: str, random: Random) -> Case:
    """One case; one that cannot even be judged is a fault too."""
    try:
        return COLUMNS[name][0](ground, random)
    except _NOT_JUDGED as error:
        if _ENDED.is_set():
            # Hypothesis hands it on as a failure of its sequence.
            raise SystemExit(128 + signal.SIGTERM) from error
        return Case("not judged", 0, {}, [f"{type(error).__name__}: {error}\n{traceback.format_exc()[-6000:]}"])


def _add(tally: Tally, case: Case, seconds: float) -> None:
    tally.cases += 1
    tally.count += case.count
    tally.faults += bool(case.wrong)
    tally.seconds += seconds
    for what, count in case.also.items():
        tally.also[what] = tally.also.get(what, 0) + count


def _line(name: str, tally: Tally, wanted: int) -> str:
    rate = tally.count / tally.seconds if tally.seconds else 0.0
    also = "".join(f", {count} {what}" for what, count in sorted(tally.also.items()))
    return f"{name}: {tally.count} of {wanted} ({tally.cases} cases, {rate:.2f} a second{also}), {tally.faults} cases with faults"


def _tell(asked: argparse.Namespace, name: str, number: int, what: str, fault: str) -> None:
    _say(
        f"FAULT {name} {number}: {what}\n  {fault}\n  again: python -m tests.torture --{name} 1 --seed {asked.seed} --from {name}={number}"
    )
    if asked.faults is not None:
        with asked.faults.open("a", encoding="utf-8") as stream:
            stream.write(
                json.dumps({"column": name, "case": number, "seed": asked.seed, "what": what, "fault": fault}) + "\n"
            )


def _begun(asked: argparse.Namespace) -> dict[str, Tally]:
    tallies = {name: Tally() for name in COLUMNS}
    if asked.state is not None and asked.state.exists():
        kept = json.loads(asked.state.read_text(encoding="utf-8"))
        if kept["seed"] != asked.seed:
            raise SystemExit(f"{asked.state} belongs to seed {kept['seed']}: name another file, or take it away")
        tallies |= {name: Tally(**one) for name, one in kept["tallies"].items()}
    for name, _, number in (one.partition("=") for one in asked.begin):
        tallies[name].cases = int(number)
    return tallies


def _keep(asked: argparse.Namespace, tallies: dict[str, Tally]) -> None:
    partial = asked.state.with_name(f"{asked.state.name}.part")
    partial.write_text(
        json.dumps({"seed": asked.seed, "tallies": {name: asdict(one) for name, one in tallies.items()}})
    )
    partial.replace(asked.state)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
