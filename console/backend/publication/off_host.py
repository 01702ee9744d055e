"""The off-host package: plain files for work on other machines, made from measurements, with their sums."""

from typing import Literal, NamedTuple

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import DriftReport, Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.publication.off_host_scripts import (
    Place,
    backup_key_script,
    build_manifest_script,
    repair_sql,
    sovereign_key_script,
)
from console.backend.publication.rendering import Evidences, render
from console.backend.publication.sums import SUMS, sums_of

INSTRUCTIONS = "INSTRUCTIONS.md"
Work = Literal["release", "backup key", "policy keys", "grants and definitions"]


class PackageFile(NamedTuple):
    """One file of the package; its name is plain, without a folder."""

    name: str
    content: bytes


class Step(Value):
    """One piece of work on another machine: the check that asks for it, and the file that it is done with."""

    work: Work
    file: str
    owner: Owner
    where: SafeText
    """The machine it is done on."""
    check: Check

    @property
    def open(self) -> bool:
        """Return whether the step is to be done; one that could not be measured counts as open."""
        return self.check.outcome is not Outcome.PASS


STEPS: tuple[tuple[Work, str, Owner, str], ...] = (
    ("release", "01-build-manifest.sh", Owner.WORKSTATION, "a workstation with a clean checkout"),
    ("backup key", "02-backup-key.sh", Owner.WORKSTATION, "a machine for keys, never this host"),
    ("policy keys", "03-sovereign-key.sh", Owner.SOVEREIGN, "the signer's own machine"),
    ("grants and definitions", "04-grants-as-administrator.sql", Owner.OPERATOR, "the administrator's psql"),
)
"""The order in which they are done."""


class OffHostWork(Value):
    """Work that the package is made from: the same work gives the same bytes."""

    place: Place
    steps: tuple[Step, ...]
    drift: DriftReport | None
    """None if it could not be measured."""


def off_host_package(work: OffHostWork) -> tuple[PackageFile, ...]:
    """Pure: a file for every open step, instructions and sums; nothing of it was run, and it holds no secret.

    Raises Unrendered if the instructions name what was not measured.
    """
    files = [PackageFile(step.file, content) for step in work.steps if step.open and (content := _content(work, step))]
    names = {file.name for file in files}
    evidences = Evidences(tuple(piece for step in work.steps for piece in step.check.evidence))
    values = {"place": work.place, "steps": work.steps, "names": names}
    files.append(PackageFile(INSTRUCTIONS, render("off_host/INSTRUCTIONS.md.j2", evidences, values)))
    sums = sums_of({file.name: sha256_hex(file.content) for file in files})
    return (*sorted(files), PackageFile(SUMS, sums))


def _content(work: OffHostWork, step: Step) -> bytes:
    match step.work:
        case "release":
            return build_manifest_script(work.place)
        case "backup key":
            return backup_key_script(work.place)
        case "policy keys":
            return sovereign_key_script(work.place)
        case "grants and definitions":
            return repair_sql(work.drift).encode() if work.drift is not None else b""


def incomplete(work: OffHostWork, files: tuple[PackageFile, ...]) -> tuple[str, ...]:
    """Pure: the faults of the package: a file that its sums do not confirm, or an open step without its file."""
    contents = {file.name: file.content for file in files}
    sums = contents.pop(SUMS, b"")
    if sums != sums_of({name: sha256_hex(content) for name, content in contents.items()}):
        return (f"{SUMS} is not that of the files",)
    # The last step has no file without a measured drift: there are no differences to repair.
    unknown = work.drift is None
    expected = {step.file for step in work.steps if step.open and not (step.work == STEPS[-1][0] and unknown)}
    return tuple(f"{name} is missing" for name in sorted({INSTRUCTIONS, *expected} - contents.keys()))
