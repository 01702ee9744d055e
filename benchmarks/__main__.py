"""Run every benchmark in turn; 1 if a bar is missed."""

import sys
import time
from importlib import import_module

GROUPS = (
    ("a", "cutting", "leg A and leg B beside a bare COPY and beside one call a unit"),
    ("b", "planning", "planning beside markdown-it-py, its growth and its memory"),
    ("c", "first_frame", "the first frame beside an empty Textual application's"),
    ("d", "start", "the command line beside an empty Python"),
    ("e", "backup", "dump, encryption and proof beside the slowest of them alone"),
    ("f", "gates", "the board of all gates beside the slowest of its probes"),
    ("g", "overview", "a refresh of the Overview once a second as a share of a core"),
    ("h", "openpgp", "a signature verified by the database beside gpg"),
    ("i", "folders", "planning of a folder with all cores beside one"),
    ("j", "whole_way", "the whole way of a large document beside a COPY and a proven dump of its rows"),
    ("k", "scale", "a database of 1,000,000 units beside one of 10,000"),
    ("l", "batches", "a batch of laws beside one document of as many units"),
    ("m", "units", "pages and searches of units beside psql, and at 1,000,000 units beside 10,000"),
    ("n", "amendments", "an amendment of one unit in a hundred beside a cut of as few units and one planning"),
    ("o", "terminal", "bytes to the terminal, rest, memory and key to frame beside an empty Textual application"),
)


def main(wanted: list[str]) -> int:
    """Run the groups named by letter, or all of them."""
    missed = 0
    for letter, module, title in GROUPS:
        if wanted and letter not in wanted:
            continue
        sys.stdout.write(f"\n({letter}) {title}\n")
        sys.stdout.flush()
        start = time.monotonic()
        missed |= import_module(f"benchmarks.{module}").main()
        sys.stdout.write(f"  {time.monotonic() - start:.0f} s\n")
    return missed


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
