"""A mutant: one protection, the text that takes it out, and the tests that must turn red without it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path


class CatalogueError(Exception):
    """A mutant does not fit the tree any more: its text or its tests are gone."""


@dataclass(frozen=True)
class Mutant:
    """One protection taken out of one file."""

    name: str
    """The protection that is taken out, in plain English; unique."""
    file: str
    """Path below the root of the repository."""
    old: str
    """Text of that file; it must occur exactly once."""
    new: str
    tests: tuple[str, ...]
    """pytest node ids, few and narrow; one of them must fail."""
    explained: str = ""
    """Why it may survive: another protection covers it, or it changes nothing that can be seen."""

    def applied_to(self, root: Path) -> str:
        """Return the whole text of the mutated file. Raises CatalogueError if the old text is not there exactly once."""
        text = (root / self.file).read_text(encoding="utf-8")
        found = text.count(self.old)
        if found != 1:
            raise CatalogueError(f"{self.name}: its text occurs {found} times in {self.file}, not once")
        return text.replace(self.old, self.new)

    def digest(self, root: Path) -> str:
        """Return the sha256 of the mutant, its file and its test files; of a migration, of all migrations.

        A later migration may replace what an earlier one made, and then the earlier text protects nothing. It leaves out what those tests share and lean on: the conftest.py files, tests/support/passage.py, tests/support/sovereign.py,
        tests/attacks/world.py, and signed_cut.py and tampering.py in tests/backend/postgres. After a change to one of
        those, run all of them again: make mutants ARGUMENTS=--again
        """
        parts = [json.dumps(asdict(self), sort_keys=True).encode()]
        files = {self.file, *(test.partition("::")[0] for test in self.tests)}
        if self.file.endswith(".sql"):
            files |= {str(path.relative_to(root)) for path in (root / self.file).parent.glob("*.sql")}
        for path in sorted(files):
            parts.append((root / path).read_bytes())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()
