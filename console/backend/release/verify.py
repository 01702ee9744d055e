"""Compares the deployed tree with its manifest, the manifest with its pin; names missing, changed and extra files."""

from datetime import datetime
from typing import NamedTuple

from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import StopCode, Unmeasured, UsageError
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.release.manifest import RECORD_TESTS, FileSum, Kind, TestTotals, read_manifest
from console.backend.release.pins import manifest_path
from console.backend.release.tree import Tree, read_tree

REPIN = "cutter-console init --pin --repin"
_SHOWN = 10


class Release(Value):
    """The manifest without its files."""

    version: SafeText
    kind: Kind
    commit: str
    clean: bool
    no_commit: SafeText = ""
    built_at: datetime
    built_on: SafeText
    tests: TestTotals | None

    @property
    def origin(self) -> str:
        """Return the commit, and if the files differ from it; without a commit, what identifies the release."""
        if not self.commit:
            return f"identified by its files alone, no commit{f': {self.no_commit}' if self.no_commit else ''}"
        return f"commit {self.commit[:12]}{'' if self.clean else ' with changes'}"


class Differences(Value):
    """Paths, relative to the folder that holds the package."""

    missing: tuple[SafeText, ...] = ()
    changed: tuple[SafeText, ...] = ()
    extra: tuple[SafeText, ...] = ()


class TreeFinding(Differences):
    """Result of the comparison."""

    manifest: SafeText
    """Path of the manifest's file."""
    manifest_sha256: str
    """Empty if there is no such file."""
    pinned_sha256: str
    """Empty if none is pinned."""
    unreadable: SafeText = ""
    """Reason why the file is not a manifest."""
    release: Release | None = None
    files: int = 0
    """Files on disk that were compared."""
    listed: int = 0
    """Files of the manifest: more than were compared if it is of a wheel and this a source tree, or the other way round."""
    record_problems: tuple[SafeText, ...] = ()
    """Files that an installed wheel's own RECORD does not confirm."""

    @property
    def files_in_words(self) -> str:
        """Return how many files were compared, and why not all that the manifest lists."""
        outside = self.listed - self.files + len(self.extra) - len(self.missing)
        rest = (
            f"; {outside} more of the manifest lie outside the package, which is all that a wheel and a source tree share"
            if outside > 0
            else ""
        )
        return f"{counted(self.files, 'file')}{rest}"

    @property
    def patched(self) -> bool:
        """Return whether the files are others than those of the manifest."""
        return bool(self.missing or self.changed or self.extra or self.record_problems)


class Fault(NamedTuple):
    """One thing that is wrong with the deployed tree, and what to do."""

    detail: str
    next_action: str


def measure_tree(installation: Installation) -> TreeFinding:
    """Hash every file and compare. An absent or broken manifest is a finding; an unreadable file raises Unmeasured."""
    path = manifest_path(installation)
    pinned = (
        "" if installation.settings.deploy_manifest_sha256 == "none" else installation.settings.deploy_manifest_sha256
    )
    try:
        data = read_regular(path)
    except FileNotFoundError:
        return TreeFinding(manifest=str(path), manifest_sha256="", pinned_sha256=pinned)
    except OSError as error:
        raise Unmeasured(StopCode.UNREACHABLE, f"{path}: {error.strerror}", f"Make {path} readable.") from error
    finding = TreeFinding(manifest=str(path), manifest_sha256=sha256_hex(data), pinned_sha256=pinned)
    try:
        manifest = read_manifest(path, data)
    except UsageError as error:
        return finding.model_copy(update={"unreadable": error.message})
    tree, listed = read_tree(installation.context.package), manifest.files
    if manifest.kind is not tree.kind:
        # A wheel that is verified by its source tree's manifest, or the other way round, has the package in common.
        inside = f"{installation.context.package.name}/"
        listed = tuple(file for file in listed if file.path.startswith(inside))
        tree = tree.model_copy(update={"files": tuple(file for file in tree.files if file.path.startswith(inside))})
    differences = compared(listed, tree)
    return finding.model_copy(
        update={
            **dict(differences),
            "release": Release(**manifest.model_dump(include=set(Release.model_fields))),
            "files": len(tree.files),
            "listed": len(manifest.files),
            "record_problems": tree.record_problems,
        }
    )


def compared(listed: tuple[FileSum, ...], tree: Tree) -> Differences:
    """Pure: the files that are missing, changed and extra in the tree, each list sorted."""
    digests = {file.path: file.sha256 for file in listed}
    actual = {file.path: file.sha256 for file in tree.files}
    return Differences(
        missing=tuple(sorted(digests.keys() - actual.keys())),
        changed=tuple(sorted(path for path in digests.keys() & actual.keys() if digests[path] != actual[path])),
        extra=tuple(sorted(actual.keys() - digests.keys())),
    )


def faults(finding: TreeFinding) -> tuple[Fault, ...]:
    """Pure: all that keeps this tree from being the pinned release, faults of the manifest first; none if it is."""
    if not finding.manifest_sha256:
        action = f"{RECORD_TESTS}; copy deploy-manifest.json to {finding.manifest}, then: cutter-console init --pin"
        return (Fault(f"there is no deploy manifest at {finding.manifest}", action),)
    listed = [
        Fault(
            f"{len(names)} {word}: {first_names(names)}",
            "Install the release again, then: cutter-console manifest verify",
        )
        for word, names in (
            ("missing", finding.missing),
            ("changed", finding.changed),
            ("extra", finding.extra),
            ("not as RECORD says", finding.record_problems),
        )
        if names
    ]
    return (*_digest_faults(finding), *listed)


def _digest_faults(finding: TreeFinding) -> list[Fault]:
    if not finding.pinned_sha256:
        return [Fault(f"manifest {finding.manifest_sha256[:16]} is not pinned", "cutter-console init --pin")]
    if finding.manifest_sha256 != finding.pinned_sha256:
        action = (
            f"Find out who replaced {finding.manifest}; put the pinned one back, or where the new one is right: {REPIN}"
        )
        detail = f"the manifest is {finding.manifest_sha256[:16]}, pinned is {finding.pinned_sha256[:16]}"
        return [Fault(detail, action)]
    if finding.unreadable:
        return [Fault(finding.unreadable, f"Build it again, copy it to {finding.manifest}, then: {REPIN}")]
    return []


def first_names(names: tuple[str, ...]) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
