"""Builds the deploy manifest on the workstation: the tree's files, its commit, the test results and the tools."""

import importlib.metadata
import os
import platform
import pwd
import shlex
import shutil
from pathlib import Path

from console import __version__
from console.backend.host.context import Context
from console.backend.host.gpg import GpgUnanswered, gpg_version
from console.backend.host.processes import ProgramError, finished, why
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.release.manifest import DeployManifest, Kind, TestTotals, Tool
from console.backend.release.tree import read_tree

_LIBRARIES = ("jinja2", "psycopg", "pydantic", "shtab", "textual")
_TIMEOUT_S = 30


class Commit(Value):
    """The commit of a source tree; `id` is empty if there is none, or if it is not known."""

    id: str = ""
    clean: bool = False
    unknown: SafeText = ""
    """Reason why the commit of a checkout is not known."""


def build_manifest(context: Context, tests: TestTotals | None, *, no_commit: str = "") -> DeployManifest:
    """Return the manifest of the console at `context.package`.

    The files are found by walking the tree (see `read_tree`), never by asking git; git names the commit. Without git
    the manifest says why it names none. `no_commit` is a reason not to ask. Raises Unmeasured if a file cannot be read
    or git is installed and does not answer.
    """
    package = context.package
    tree = read_tree(package)
    commit = Commit(unknown=no_commit)
    if tree.kind is Kind.SOURCE and not no_commit:
        commit = read_commit(package, [file.path for file in tree.files])
    return DeployManifest(
        commit=commit.id,
        clean=commit.clean,
        no_commit=commit.unknown,
        version=__version__,
        kind=tree.kind,
        built_at=context.now(),
        built_on=context.host,
        tests=tests,
        tools=tools(),
        files=tree.files,
    )


def tools() -> tuple[Tool, ...]:
    """Return the interpreter, gpg and the libraries with the versions that they report, sorted by name."""
    libraries = [Tool(name=name, version=_library(name)) for name in _LIBRARIES]
    all_tools = [Tool(name="python", version=platform.python_version()), Tool(name="gpg", version=_gpg()), *libraries]
    return tuple(sorted(all_tools, key=lambda tool: tool.name))


def read_commit(package: Path, files: list[str]) -> Commit:
    """Return the commit of the tree, and whether these files are as it has them.

    Raises Unmeasured if git is installed and does not answer.
    """
    parent = package.parent
    # A folder in a clone, a file in a worktree or a submodule.
    if not any((folder / ".git").exists() for folder in (parent, *parent.parents)):
        return Commit()
    # The files were found without git, so a release can still be identified by them.
    if shutil.which("git") is None:
        return Commit(unknown="git is not installed")
    # A package that was installed below somebody's clone is not in it: that clone's commit says nothing about it.
    if not _git(parent, "ls-files", "--", f"{package.name}/__init__.py"):
        return Commit()
    listed = [package.name, *(path for path in files if "/" not in path)]
    changed = _git(parent, "status", "--porcelain", "--untracked-files=all", "--", *listed)
    return Commit(id=_git(parent, "rev-parse", "HEAD"), clean=not changed)


def _git(folder: Path, *words: str) -> str:
    # `git status` refreshes the index; without optional locks it leaves the index as it is.
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]
    try:
        answer = finished(command, timeout_s=_TIMEOUT_S, check=True)
    except (OSError, ProgramError) as error:
        message = f"git {words[0]} in the source tree: {why(error)}"
        raise Unmeasured(StopCode.UNREACHABLE, message, _unanswered(folder)) from error
    return answer.text.strip()


def _unanswered(folder: Path) -> str:
    """Return the next action where git does not answer: it reads the checkout of another user only if it was told to."""
    checkout = next(place for place in (folder, *folder.parents) if (place / ".git").exists())
    quoted, me = shlex.quote(str(checkout)), os.geteuid()
    owner = next((uid for place in (checkout, checkout / ".git") if (uid := place.stat().st_uid) != me), None)
    if owner is None:
        return f"See: git -C {quoted} status"
    return (
        f"The checkout belongs to {_user(owner)}, and git reads it for nobody else. Build the manifest as that user. Or, if you"
        f" trust it: git config --global --add safe.directory {quoted}; then the same again."
    )


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _library(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def _gpg() -> str:
    try:
        return gpg_version()
    except GpgUnanswered:
        return "absent"
