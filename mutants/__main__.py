"""Run the mutants whose verdict is not known yet, and report all of them; 1 if one survives without an explanation."""

import argparse
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from mutants.catalogue import MUTANTS
from mutants.copy import CopyError, TreeCopy, copied
from mutants.mutant import CatalogueError, Mutant
from mutants.results import Result, Verdict, load, store

ROOT = Path(__file__).resolve().parents[1]
MOST_JOBS = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if every selected mutant is killed or explained, 1 if not, 2 if the catalogue or the copy is unfit."""
    options = _parser().parse_args(arguments)
    selected = [one for one in MUTANTS if re.search(options.only, f"{one.file} {one.name}", re.IGNORECASE)]
    if options.list:
        for mutant in selected:
            print(f"{mutant.file}: {mutant.name}{' (explained)' if mutant.explained else ''}")
        return 0
    try:
        _check(selected)
        known = load(ROOT)
        fresh = {one.name for one in selected if not options.again and _is_known(one, known)}
        todo = [one for one in selected if one.name not in fresh]
        if todo:
            _run(todo, known, options.jobs, options.timeout)
    except (CatalogueError, CopyError) as error:
        print(f"refused: {error}", file=sys.stderr)
        return 2
    return _report(selected, known)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("--only", default="", metavar="PATTERN", help="regular expression over file and name")
    parser.add_argument("--jobs", type=int, default=1, choices=range(1, MOST_JOBS + 1), help="copies at work at once")
    parser.add_argument("--timeout", type=float, default=180.0, metavar="SECONDS", help="for the tests of one mutant")
    parser.add_argument("--list", action="store_true", help="name the mutants and end")
    parser.add_argument("--again", action="store_true", help="run also those whose verdict is known")
    return parser


def _check(selected: list[Mutant]) -> None:
    for mutant in selected:
        mutant.applied_to(ROOT)


def _is_known(mutant: Mutant, known: dict[str, Result]) -> bool:
    """A verdict counts while nothing of the mutant has changed; what did not come to one is run again."""
    result = known.get(mutant.name)
    return (
        result is not None
        and result.digest == mutant.digest(ROOT)
        and result.verdict in {Verdict.KILLED, Verdict.SURVIVED}
    )


def _run(todo: list[Mutant], known: dict[str, Result], jobs: int, timeout_s: float) -> None:
    """Run them, and store each verdict as it comes, so that an interrupted run goes on where it was."""
    lock, done = Lock(), 0
    with ExitStack() as stack:
        copies: SimpleQueue[TreeCopy] = SimpleQueue()
        for _ in range(jobs):
            copies.put(stack.enter_context(copied(ROOT)))
        red = _red_tests(copies, todo)

        def one(mutant: Mutant) -> None:
            nonlocal done
            copy = copies.get()
            try:
                # Of the copy: somebody may edit the repository meanwhile.
                digest = mutant.digest(copy.folder)
                if before := red & frozenset(mutant.tests):
                    because = f"red before anything is mutated: {', '.join(sorted(before))}"
                    result = Result(mutant.name, Verdict.BROKEN, "", because, 0.0, digest)
                else:
                    with copy.mutated(mutant):
                        result = copy.run(mutant.tests, timeout_s).result(mutant, digest)
            finally:
                copies.put(copy)
            with lock:
                known[mutant.name] = result
                store(ROOT, {name: known[name] for name in known if name in _NAMES})
                done += 1
                print(f"{done}/{len(todo)} {result.verdict:9} {result.seconds:5.1f} s  {mutant.name}", flush=True)

        pool = ThreadPoolExecutor(jobs)
        # Interrupted, the run ends with the mutants that are at work; the copies are removed behind them.
        stack.callback(pool.shutdown, cancel_futures=True)
        for future in [pool.submit(one, mutant) for mutant in todo]:
            future.result()


_NAMES = frozenset(one.name for one in MUTANTS)
"""Results of mutants that are gone are dropped."""


def _red_tests(copies: "SimpleQueue[TreeCopy]", todo: list[Mutant]) -> frozenset[str]:
    """Run every test that will be asked, once, on the tree as it is; return those that fail without any mutant.

    Raises CopyError if pytest did not come to an end.
    """
    tests = tuple(dict.fromkeys(test for mutant in todo for test in mutant.tests))
    copy = copies.get()
    print(f"{len(todo)} mutants; their {len(tests)} tests first, on the tree as it is", flush=True)
    run = copy.run(tests, timeout_s=60.0 + 30.0 * len(tests), first_failure_ends=False)
    copies.put(copy)
    if run.status not in {0, 1} or (run.status == 1 and not run.red):
        raise CopyError(f"the tests did not run: {run.output[-2000:]}")
    for test in sorted(run.red):
        print(f"red before anything is mutated: {test}", flush=True)
    return run.red


def _report(selected: list[Mutant], known: dict[str, Result]) -> int:
    """Print what was not killed, and the table; return 1 if something of it is not explained.

    An explained mutant that is killed is wrong too: its explanation is out of date.
    """
    explained, wrong = [], []
    for mutant in selected:
        verdict = known[mutant.name].verdict
        if mutant.explained and verdict is Verdict.SURVIVED:
            explained.append(mutant)
        elif mutant.explained or verdict is not Verdict.KILLED:
            wrong.append(mutant)
    for mutant in explained:
        print(f"\nsurvives, explained: {mutant.name}\n  {mutant.explained}")
    for mutant in wrong:
        result = known[mutant.name]
        print(f"\n{'explained, but ' if mutant.explained else ''}{result.verdict}: {mutant.name}\n  {mutant.file}")
        print(f"  tests: {', '.join(mutant.tests)}")
        if result.because:
            print(f"  {result.because}")
    _table(selected, known, len(explained))
    return 1 if wrong else 0


def _table(selected: list[Mutant], known: dict[str, Result], explained: int) -> None:
    files = sorted({one.file for one in selected})
    print(f"\n{'file':60} {'mutants':>7} {'killed':>7} {'other':>7}")
    for file in files:
        counted = Counter(known[one.name].verdict for one in selected if one.file == file)
        killed = counted[Verdict.KILLED]
        print(f"{file:60} {counted.total():7} {killed:7} {counted.total() - killed:7}")
    total = Counter(known[one.name].verdict for one in selected)
    seconds = sum(known[one.name].seconds for one in selected)
    print(
        f"\n{len(selected)} mutants: {total[Verdict.KILLED]} killed, {explained} survive and are explained,"
        f" {total[Verdict.SURVIVED] - explained} survive, {total[Verdict.BROKEN]} broken,"
        f" {total[Verdict.TIMEOUT]} timed out; {seconds / 60:.0f} minutes of tests"
    )


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
    began = time.monotonic()
    status = main()
    print(f"{(time.monotonic() - began) / 60:.1f} minutes")
    raise SystemExit(status)
