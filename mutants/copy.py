"""A copy of the tree in which tests are run: the repository itself is never mutated."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutants.mutant import Mutant
from mutants.results import Result, Verdict

_LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", "*.pyc", ".*_cache", ".hypothesis", "*.egg-info", "junit.xml")  # fmt: skip
_FAILED = re.compile(r"^(FAILED|ERROR) (\S.*?)(?: - (.*))?$", re.MULTILINE)
_TEST_FAILED = 1
"""Exit status of pytest if a test failed; 2 to 5 say that it did not run what was asked."""


class CopyError(Exception):
    """The copy is not what the tests import, or its tests are red before anything is mutated."""


@dataclass(frozen=True)
class Run:
    """How one pytest run ended."""

    status: int | None
    """None: it took too long and was killed."""
    output: str
    seconds: float

    @property
    def red(self) -> frozenset[str]:
        """Node ids of the tests that failed, in themselves or in a fixture."""
        return frozenset(test for _, test, _ in _FAILED.findall(self.output))

    def result(self, mutant: Mutant, digest: str) -> Result:
        """Judge the run. Killed only if a test itself failed, not where a fixture or pytest did."""
        failures = [(kind, test, said or "") for kind, test, said in _FAILED.findall(self.output)]
        failed = next(((test, said) for kind, test, said in failures if kind == "FAILED"), None)
        verdict, by, because = Verdict.BROKEN, "", self._last_words(failures)
        if self.status is None:
            verdict, because = Verdict.TIMEOUT, ""
        elif self.status == 0:
            verdict, because = Verdict.SURVIVED, ""
        elif self.status == _TEST_FAILED and failed is not None:
            verdict, by, because = Verdict.KILLED, *failed
        return Result(mutant.name, verdict, by, because[:200], round(self.seconds, 1), digest)

    def _last_words(self, failures: list[tuple[str, str, str]]) -> str:
        said = "; ".join(f"{test}: {why}" for _, test, why in failures) or self.output.strip()[-200:]
        return f"pytest ended with {self.status}: {said}"


class TreeCopy:
    """One copy; it runs one mutant at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = os.environ | {"PYTHONPATH": str(folder), "COLUMNS": "250"}

    def require_own_package(self) -> None:
        """Raises CopyError if the tests would import `console` from elsewhere: an editable install names the original."""
        script = "import console, tests; print(console.__file__); print(tests.__file__)"
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        wanted = [str(self.folder / name / "__init__.py") for name in ("console", "tests")]
        if done.stdout.split("\n")[:2] != wanted:
            raise CopyError(f"tests in {self.folder} import {done.stdout.strip()}, not {wanted}")

    def run(self, tests: tuple[str, ...], timeout_s: float, *, first_failure_ends: bool = True) -> Run:
        """Run pytest on these node ids. All processes of a run that takes too long are killed."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        command += ["-x"] if first_failure_ends else []
        began = time.monotonic()
        with subprocess.Popen(
            [*command, *tests],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as pytest:
            try:
                output, _ = pytest.communicate(timeout=timeout_s)
                status: int | None = pytest.returncode
            except subprocess.TimeoutExpired:
                os.killpg(pytest.pid, signal.SIGKILL)
                output, status = pytest.communicate()[0], None
            except BaseException:
                os.killpg(pytest.pid, signal.SIGKILL)
                raise
        return Run(status, output, time.monotonic() - began)

    @contextmanager
    def mutated(self, mutant: Mutant) -> Iterator[None]:
        """Take the protection out of the copy during the block."""
        path = self.folder / mutant.file
        before = path.read_bytes()
        _write(path, mutant.applied_to(self.folder).encode())
        try:
            yield
        finally:
            _write(path, before)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    # Python tells a stale .pyc by the second and the size; two mutants of one second can share both.
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        compiled.unlink()


@contextmanager
def copied(root: Path) -> Iterator[TreeCopy]:
    """Copy the tree into a temporary folder, and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        folder = Path(name).resolve() / "tree"
        # Some tests become another user, who must be able to import from here.
        Path(name).chmod(0o755)
        shutil.copytree(root, folder, ignore=_LEFT_OUT, symlinks=True)
        copy = TreeCopy(folder)
        copy.require_own_package()
        yield copy
