"""Builds the deploy manifest on the workstation: what is in the tree, of which commit, tested how and with what."""

import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path

from console import __version__
from console.backend.child_environment import child_environment
from console.backend.context import Context
from console.backend.deploy.manifest import DeployManifest, Kind, TestTotals, Tool
from console.backend.deploy.tree import read_tree
from console.backend.errors import StopCode, Unmeasured
from console.backend.value import Value

_LIBRARIES = ("jinja2", "psycopg", "pydantic", "python-gnupg", "textual")
_TIMEOUT_S = 30
_ASK_GPG = ("gpg", "--version")
_GPG = re.compile(r"^gpg \(GnuPG[^)]*\) (\S+)")


class Commit(Value):
    """Where a source tree stands; `id` is empty where it is no git tree."""

    id: str = ""
    clean: bool = False


def build_manifest(context: Context, tests: TestTotals | None) -> DeployManifest:
    """The manifest of the console at `context.package`. Raises Unmeasured where a file or git cannot be read."""
    package = context.package
    tree = read_tree(package)
    commit = read_commit(package, [one.path for one in tree.files]) if tree.kind is Kind.SOURCE else Commit()
    return DeployManifest(
        commit=commit.id,
        clean=commit.clean,
        version=__version__,
        kind=tree.kind,
        built_at=context.now(),
        built_on=context.host,
        tests=tests,
        tools=tools(),
        files=tree.files,
    )


def tools() -> tuple[Tool, ...]:
    """The interpreter, gpg and the libraries, with their versions as they say them."""
    libraries = [Tool(name=name, version=_library(name)) for name in _LIBRARIES]
    found = [Tool(name="python", version=platform.python_version()), Tool(name="gpg", version=_gpg()), *libraries]
    return tuple(sorted(found, key=lambda tool: tool.name))


def read_commit(package: Path, files: list[str]) -> Commit:
    """The commit of the tree, and whether these files are as it has them. Raises Unmeasured where git says nothing."""
    parent = package.parent
    if not any((folder / ".git").exists() for folder in (parent, *parent.parents)):
        return Commit()
    if not _git(parent, "ls-files", "--", f"{package.name}/__init__.py"):
        return Commit()
    listed = [package.name, *(path for path in files if "/" not in path)]
    changed = _git(parent, "status", "--porcelain", "--untracked-files=all", "--", *listed)
    return Commit(id=_git(parent, "rev-parse", "HEAD"), clean=not changed)


def _git(folder: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True, env=child_environment()
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        message = f"git {words[0]} in the source tree: {said.strip()}"
        raise Unmeasured(StopCode.UNREACHABLE, message, f"See: git {words[0]}") from error
    return done.stdout.strip()


def _library(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _gpg() -> str:
    try:
        said = subprocess.run(
            list(_ASK_GPG), capture_output=True, text=True, timeout=_TIMEOUT_S, check=True, env=child_environment()
        )
    except (OSError, subprocess.SubprocessError):
        return "absent"
    match = _GPG.search(said.stdout)
    return match[1] if match else "unknown"
