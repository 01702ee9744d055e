"""The verdicts, kept in a file that is committed: a mutant is run again only if something of it has changed."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

RESULTS = Path("mutants") / "results.json"


class Verdict(StrEnum):
    """How the tests of a mutant ended."""

    KILLED = "killed"
    SURVIVED = "survived"
    BROKEN = "broken"
    """The tests did not get as far as the protection: a fixture failed, pytest did, or they are red anyway. Not killed."""
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Result:
    """The verdict on one mutant."""

    name: str
    verdict: Verdict
    killed_by: str
    """Node id of the first test that failed."""
    because: str
    """The first words of that failure, to see that it failed for the right reason."""
    seconds: float
    digest: str
    """Of the mutant, its file and its test files, but not of what tests share: see `Mutant.digest`."""


def load(root: Path) -> dict[str, Result]:
    """Return the stored results by name; none where no file is."""
    path = root / RESULTS
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {row["name"]: Result(**row | {"verdict": Verdict(row["verdict"])}) for row in rows}


def store(root: Path, results: dict[str, Result]) -> None:
    """Write all results, whole or not at all, sorted by name so that a change is a small difference."""
    rows = [asdict(results[name]) for name in sorted(results)]
    part = root / RESULTS.with_suffix(".part")
    part.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(root / RESULTS)
