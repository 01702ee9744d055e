"""The command line beside an empty Python: what `--version` takes, and that it and `plan` never import textual."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROUNDS = 9
OVER_EMPTY_PYTHON = 3.0
"""`cutter-console --version` takes at most so many times as long as `python -c pass`."""

_COMMAND = Path(sys.executable).with_name("cutter-console")
_SAMPLE = Path(__file__).parents[1] / "console" / "samples" / "charter.md"
_LOADED = """
import sys
from console.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print("textual" in sys.modules, file=sys.stderr)
"""


def seconds(*command: str) -> float:
    """Wall time of one process."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def imports_textual(*arguments: str) -> bool:
    """Whether the command line with these arguments loads textual, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", _LOADED, *arguments], check=True, capture_output=True, text=True)
    return done.stderr.split()[-1] == "True"


def main() -> int:
    """Print the ratio beside its bar; 1 if it is missed."""
    pairs = [(seconds(str(_COMMAND), "--version"), seconds(sys.executable, "-c", "pass")) for _ in range(ROUNDS)]
    ours, empty = (median(times) for times in zip(*pairs, strict=True))
    sys.stdout.write(f"  --version {ours * 1000:.0f} ms, python -c pass {empty * 1000:.0f} ms\n")
    holds = ours / empty <= OVER_EMPTY_PYTHON
    verdict = "holds" if holds else "MISSED"
    sys.stdout.write(f"{'--version over an empty Python':<32} {ours / empty:6.2f}  ≤ {OVER_EMPTY_PYTHON}  {verdict}\n")
    for arguments in (("--version",), ("plan", str(_SAMPLE), "--docprefix", "BENCH")):
        loads = imports_textual(*arguments)
        holds = holds and not loads
        sys.stdout.write(f"{arguments[0]:<32} {'loads textual  MISSED' if loads else 'does not load textual  holds'}\n")
    return int(not holds)


if __name__ == "__main__":
    raise SystemExit(main())
