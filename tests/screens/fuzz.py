"""Events at random against the console: `python -m tests.screens.fuzz --count N --seed S [--first EPISODE]`.

Three of four episodes hand keys, resizes, pastes and the mouse to the screens, every fourth hands bytes to a console in
a terminal. Each goes through one of the states read-only, operating and armed. An episode is made from the seed and its
own number alone, so a long run can be broken off and taken up again with `--first`, and a failure repeated by itself.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.screens import chaos
from tests.terminal import noise

KINDS = ("screens", "screens", "screens", "bytes")


@dataclass(frozen=True)
class Result:
    """What one episode came to; `failure` is empty where everything held."""

    events: int
    failure: str
    repeat: str


def run_episode(seed: str, number: int, most: int = chaos.EPISODE) -> Result:
    """Run the episode of this number with at most so many events."""
    kind, state = KINDS[number % len(KINDS)], chaos.STATES[number % len(chaos.STATES)]
    repeat = f"{state}, {kind}: python -m tests.screens.fuzz --seed {seed} --first {number} --count 1"
    if kind == "bytes":
        handed, failure = noise.episode(state, f"{seed} {number}", min(most, noise.EPISODE))
        return Result(handed, failure, repeat)
    may_type = number % 2 == 1
    verdict = asyncio.run(chaos.episode(state, f"{seed} {number}", min(most, chaos.EPISODE), may_type=may_type))
    failure = f"{verdict.failure}\nthe last events: {verdict.handed}" if verdict.failure else ""
    return Result(verdict.events, failure, repeat)


def fuzz(count: int, seed: str, first: int = 0, *, keep_going: bool = False) -> tuple[int, int, int]:
    """Run episodes until so many events were handed out. Return events, the next episode's number, and failures."""
    handed, number, failures = 0, first, 0
    while handed < count:
        result = run_episode(seed, number)
        handed, number = handed + max(result.events, 1), number + 1
        if result.failure:
            failures += 1
            sys.stderr.write(f"FAILED {result.repeat}\n{result.failure[-6000:]}\n")
            if not keep_going:
                break
    return handed, number, failures


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 1 after a failure, with what repeats it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="events to hand out, at least")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="the number of the first episode")
    parser.add_argument("--keep-going", action="store_true", help="go on after a failure")
    options = parser.parse_args(arguments)
    for name in ("NO_COLOR", "TEXTUAL", "TEXTUAL_THEME", "TEXTUAL_FILTERS"):
        os.environ.pop(name, None)
    began = time.monotonic()
    handed, after, failures = fuzz(options.count, options.seed, options.first, keep_going=options.keep_going)
    rate = handed / max(time.monotonic() - began, 0.001)
    sys.stdout.write(
        f"seed {options.seed}: {handed} events in {after - options.first} episodes, {rate:.0f} a second, {failures} failed; "
        f"go on with --first {after}\n"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
