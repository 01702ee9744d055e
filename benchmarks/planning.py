"""Planning beside markdown-it-py on the same text, its growth from 1 to 64 MB, and its peak memory for 64 MB."""

import gc
import subprocess
import sys
import time

from console.backend.documents.planning import PlanResult, plan_document
from tests.support.plans import accepted

MB = 1_000_000
FASTER_THAN_PARSER = 5.0
"""Planning is at least so many times faster than markdown-it-py."""
GROWTH_PER_BYTE = 1.5
"""Time a byte at 64 MB over the best time a byte below: 1.0 is linear."""
MEMORY_FACTOR = 7.0
"""Peak resident memory of planning 64 MB, over its size."""

_PROSE = (
    "Die zuständige Behörde kann im Einzelfall Ausnahmen zulassen, soweit\n"
    "dies zur Vermeidung unbilliger Härten erforderlich ist und öffentliche\n"
    "Belange nicht entgegenstehen; § 12 Absatz 3 gilt entsprechend.\n\n"
)
_LIST = "1.  Ausnahmen nach Absatz 1,\n\n2.  Anträge in „einfachen“ Fällen und\n\n3.  alle übrigen Verfahren.\n\n"


def law(size: int, prose: int = 14) -> bytes:
    """A synthetic German law of about `size` bytes; `prose` sets how long its paragraphs are."""
    parts: list[str] = ["# Benchmarkgesetz (BenchG)\n\n"]
    written = number = 0
    while written < size:
        number += 1
        group = f"## Abschnitt {number // 20 + 1} - Gruppe\n\n" if number % 20 == 1 else ""
        paragraphs = "".join(f"({n}) {_PROSE * prose}{_LIST * (n == 2)}" for n in range(1, 4))
        parts.append(f"{group}### § {number} Vorschrift über „Sachen“\n\n{paragraphs}")
        written += len(parts[-1].encode())
    return "".join(parts).encode()


def plan(raw: bytes) -> PlanResult:
    """One pass; a document that is refused would make the figures worthless."""
    result = plan_document(raw, origin="file:bench.md", docprefix="BENCH", profile="de-law")
    accepted(result)
    return result


def seconds(raw: bytes, rounds: int) -> float:
    """Best time of planning, of so many rounds."""
    times: list[float] = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        plan(raw)
        times.append(time.perf_counter() - start)
    return min(times)


def parser_ratio() -> float:
    """How many times longer markdown-it-py takes for the same 1 MB: a unit every 500 bytes."""
    from markdown_it import MarkdownIt

    raw = law(MB, prose=3)
    text, parser = raw.decode(), MarkdownIt("commonmark")
    times: list[float] = []
    for _ in range(3):
        gc.collect()
        start = time.perf_counter()
        parser.parse(text)
        times.append(time.perf_counter() - start)
    return min(times) / seconds(raw, 5)


def growth() -> float:
    """Time a byte at 64 MB over time a byte at 1 MB."""
    rates: list[float] = []
    for size, rounds in ((1, 3), (8, 2), (64, 1)):
        raw = law(size * MB)
        rate = seconds(raw, rounds) / len(raw)
        sys.stdout.write(f"  {size:>3} MB  {1 / rate / MB:6.2f} MB/s\n")
        rates.append(rate)
    return rates[-1] / min(rates)


def memory() -> float:
    """Peak resident memory of a process that plans 64 MB, over 64 MB."""
    code = (
        "import resource, sys; from pathlib import Path; from benchmarks.planning import plan;"
        "plan(sys.stdin.buffer.read());"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    raw = law(64 * MB)
    done = subprocess.run([sys.executable, "-c", code], input=raw, capture_output=True, check=True)
    return int(done.stdout) / len(raw)


def main() -> int:
    """Print each ratio beside its bar; 1 if one is missed."""
    bars = (
        ("faster than markdown-it-py", parser_ratio(), FASTER_THAN_PARSER, True),
        ("time a byte, 64 MB over best", growth(), GROWTH_PER_BYTE, False),
        ("peak memory over size, 64 MB", memory(), MEMORY_FACTOR, False),
    )
    missed = False
    for name, value, bar, at_least in bars:
        holds = value >= bar if at_least else value <= bar
        missed = missed or not holds
        sign = "≥" if at_least else "≤"
        sys.stdout.write(f"{name:<32} {value:6.2f}  {sign} {bar}  {'holds' if holds else 'MISSED'}\n")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
