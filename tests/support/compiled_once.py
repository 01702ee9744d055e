"""Program and tests compiled before the workers start: in a new checkout each of them would do it, for itself and all at once.

pytest keeps what it has made of a test file, with its assertions written out, beside the file, as Python keeps modules. The
workers begin together, meet the same file at the same time, and none of them waits for another.
"""

import compileall
import os
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

ROOT = Path(__file__).parents[2]
_TESTS = ("test_*.py", "conftest.py")


def kept_by_pytest(source: Path) -> Path:
    """The file in which pytest keeps what it has made of a test file."""
    return rewrite.get_cache_dir(source) / f"{source.stem}{rewrite.PYC_TAIL}"


def is_kept(source: Path, compiled: Path) -> bool:
    """Whether a compiled file is that of the source as it is now, by the time and the size that stand at its beginning."""
    try:
        begins, seen = compiled.read_bytes()[8:16], source.stat()
    except OSError:
        return False
    return begins == b"".join(
        (value & 0xFFFFFFFF).to_bytes(4, "little") for value in (int(seen.st_mtime), seen.st_size)
    )


def compile_once(config: pytest.Config, tests: Path = ROOT / "tests", program: Path = ROOT / "console") -> None:
    """Compile what is not, with a process for each processor that this one may use."""
    if sys.dont_write_bytecode:
        return
    rewritten = {path for pattern in _TESTS for path in tests.rglob(pattern)}
    plain = {*tests.rglob("*.py"), *program.rglob("*.py")} - rewritten
    left = sorted(path for path in rewritten if not is_kept(path, kept_by_pytest(path)))
    left += sorted(path for path in plain if not is_kept(path, Path(cache_from_source(path))))
    number = min(len(os.sched_getaffinity(0)), len(left))
    children = [_fork(config, left[first::number], rewritten) for first in range(number)]
    for child in children:
        os.waitpid(child, 0)


def _fork(config: pytest.Config, sources: Sequence[Path], rewritten: set[Path]) -> int:
    """Compile these in a process of its own. A file that cannot be compiled is left to whoever imports it, and says why."""
    child = os.fork()
    if child:
        return child
    try:
        for source in sources:
            if source in rewritten:
                _rewrite(config, source)
            else:
                compileall.compile_file(source, quiet=2)
    finally:
        os._exit(0)


def _rewrite(config: pytest.Config, source: Path) -> None:
    try:
        seen, code = rewrite._rewrite_test(source, config)
    except SyntaxError:
        return
    kept = kept_by_pytest(source)
    if rewrite.try_makedirs(kept.parent):
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, seen, kept)
