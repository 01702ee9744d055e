"""Installs the wheel of dist/ into an environment of its own, as an installer of applications does, and uses it there.

`make test-package` runs it: the wheel and what it depends on, by the hashes of the lock; the man page and the completions;
the demo's whole tour; and nothing of the checkout on the way.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.share import COMPLETIONS, MAN_PAGE

TREE = Path(__file__).parents[2]


class NotAsPromised(Exception):
    """The installed program is not what the package promises."""


def _run(words: list[str | Path], home: Path) -> str:
    """Run a program outside the checkout, in an environment that knows nothing of it; what it printed."""
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "LANG"} or key.startswith("PIP_")}
    environment = {**kept, "HOME": str(home)}
    done = subprocess.run(
        list(map(str, words)),
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotAsPromised(f"{words[0]}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def try_package(dist: Path) -> list[str]:
    """Version and last line of the tour. Raises NotAsPromised at the first thing that an installed wheel does not do."""
    wheels, archives = list(dist.glob("*.whl")), list(dist.glob("*.tar.gz"))
    if len(wheels) != 1 or len(archives) != 1:
        raise NotAsPromised(f"{dist}: one wheel and one source archive expected; there are {wheels + archives}")
    with tempfile.TemporaryDirectory(prefix="package-") as place:
        home = Path(place)
        _run([sys.executable, "-m", "venv", home / "venv"], home)
        pip: list[str | Path] = [home / "venv/bin/python", "-m", "pip", "install", "--quiet"]
        _run([*pip, "--require-hashes", "-r", TREE / "requirements.txt"], home)
        _run([*pip, "--no-deps", wheels[0]], home)
        program = home / "venv/bin/cutter-console"
        for name in (MAN_PAGE, *COMPLETIONS.values()):
            if not (home / "venv/share" / name).read_text(encoding="utf-8").strip():
                raise NotAsPromised(f"share/{name} is empty")
        page = _run([program, "help", "STOP_HOLD"], home)
        if not page.startswith("[STOP codes]\n## STOP_HOLD\n"):
            raise NotAsPromised(f"help STOP_HOLD is not the page of that code: {page[:200]}")
        return [_run([program, word], home).splitlines()[-1] for word in ("--version", "demo")]


if __name__ == "__main__":
    try:
        sys.stdout.write("\n".join(try_package(TREE / "dist")) + "\n")
    except NotAsPromised as problem:
        sys.exit(str(problem))
