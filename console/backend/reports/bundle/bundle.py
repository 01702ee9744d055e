"""The readiness bundle: measure, ask every gate, measure again, write the documents; whole, or not at all."""

import platform
import time
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from console import __version__
from console.backend.approvals.policy import load_policy
from console.backend.gates.board import DEADLINE_S, measure_board
from console.backend.gates.gate import AnyGate
from console.backend.gates.measurement import Measurement
from console.backend.gates.off_host import package_of
from console.backend.gates.probe import Probe
from console.backend.gates.registry import GATES
from console.backend.host.durable import sync_file
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.host.runtime_tree import FILE_MODE
from console.backend.model.canonical_json import indented_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.outcome import Evidence
from console.backend.model.readiness import Board, BundleView
from console.backend.model.redaction import redact_in
from console.backend.model.value import Value
from console.backend.model.view_models import OnProgress, Progress
from console.backend.publication.off_host import PackageFile
from console.backend.publication.pages import DOCUMENTS, FINAL, OFF_HOST, Page, page_of
from console.backend.publication.publishing import Draft, published, remove_leftovers
from console.backend.publication.rendering import Evidences, render
from console.backend.publication.signing import require_fingerprint, sign_sums
from console.backend.publication.sums import SIGNATURE, SUMS
from console.backend.release.manifest import DeployManifest, read_manifest
from console.backend.release.pins import manifest_path
from console.backend.reports.bundle import summary
from console.backend.reports.bundle.non_mutation import AFTER, BEFORE, InstallationSnapshot, take_snapshot
from console.backend.reports.bundle.non_mutation_checks import Statement, differences, statements
from console.backend.reports.bundle.summary import Final

RECORD = "bundle.json"
SCHEMA: Literal["cutter-console/bundle/1"] = "cutter-console/bundle/1"
_SIDE_DEADLINE_S = 30.0
"""Seconds for each of the two measurements around the board, which read every row."""
_STEPS = ("remove what a crash left", "measure before", "ask every gate", "measure after", "write the documents")


class DocumentSum(Value):
    """One file of the bundle."""

    name: str
    sha256: str
    bytes: int


class Measured(Value):
    """Everything that was measured for a bundle, before its documents are written."""

    about: tuple[Evidence, ...]
    allowed: tuple[str, ...]
    """Evidence ids of what was allowed explicitly, and is to be accepted by name."""
    removed: tuple[str, ...]
    """Drafts that a crash had left."""
    before: InstallationSnapshot
    board: Board
    off_host: Measurement[tuple[PackageFile, ...]] = Field(exclude=True)
    """Files for other machines; their content lies beside the documents, not in the record."""
    after: InstallationSnapshot

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return one statement for each forbidden action, from the two measurements."""
        return statements(self.before, self.after)


class BundleRecord(Value):
    """bundle.json."""

    model_config = ConfigDict(serialize_by_alias=True)

    schema_id: Annotated[Literal["cutter-console/bundle/1"], Field(alias="schema")] = SCHEMA
    name: str
    final: Final
    measured: Measured
    evidence: tuple[Evidence, ...]
    """The whole register."""
    documents: tuple[DocumentSum, ...]


def write_bundle(
    installation: Installation, on_progress: OnProgress, sign_with: str = "", gates: tuple[AnyGate, ...] = GATES
) -> BundleView:
    """Measure and write `reports/<utc>-readiness/`. `sign_with` is a primary fingerprint of this host's own key.

    A database that is down gives the letter C, not an exception. Raises Unpublished if the documents cannot be
    written and Unsigned if gpg does not sign; then no directory has the final name.
    """
    if sign_with:
        require_fingerprint(sign_with)
    say = _Say(on_progress)
    reports = installation.root / "reports"
    name = f"{installation.context.now():%Y%m%dT%H%M%SZ}-readiness"
    with published(reports, name) as draft:
        say(0)
        removed = remove_leftovers(reports)  # Not the draft of this bundle, whose lock is held.
        measured = _measured(installation, say, removed, gates)
        say(4)
        final = final_of(measured, draft.name, sign_with)
        _write(draft, measured, final)
        sums = draft.write_sums()
        if sign_with:
            sign_sums(draft.path / SUMS, draft.path / SIGNATURE, sign_with, installation.gnupg_home)
            # gpg has written this file; the others were synced, and got their mode, when they were written.
            sync_file(draft.path / SIGNATURE, FILE_MODE)
    say(len(_STEPS))
    return BundleView(
        directory=str(reports / draft.name),
        letter=final.letter,
        headline=final.headline,
        gaps=tuple(str(gap) for gap in final.gaps),
        documents=tuple(file for file, _, _ in DOCUMENTS),
        sums_sha256=sha256_hex(sums),
        signed_by=sign_with,
        board=measured.board,
    )


class _Say:
    """Tells which of the steps begins."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress

    def __call__(self, number: int) -> None:
        step_name = _STEPS[number] if number < len(_STEPS) else "written"
        self._on_progress(Progress(step=step_name, done=number, total=len(_STEPS)))


def _measured(installation: Installation, say: _Say, removed: tuple[str, ...], gates: tuple[AnyGate, ...]) -> Measured:
    about, allowed = measure_about(installation)
    say(1)
    before = take_snapshot(installation, BEFORE, time.monotonic() + _SIDE_DEADLINE_S)
    say(2)
    board = measure_board(installation, gates, deadline_s=DEADLINE_S)
    # Between the two snapshots, like the gates: whatever measuring changes is seen by the second one.
    package = Probe(installation, "BUNDLE", time.monotonic() + DEADLINE_S).ask(
        "off_host",
        "which files are for other machines",
        "the deployed tree, the keys and the grants",
        lambda: package_of(installation),
        lambda files: ", ".join(file.name for file in files) or "none: nothing is to be done elsewhere",
    )
    say(3)
    after = take_snapshot(installation, AFTER, time.monotonic() + _SIDE_DEADLINE_S, since=before)
    everything = (*about, package.evidence)
    return Measured(
        about=everything,
        allowed=allowed,
        removed=removed,
        before=before,
        board=board,
        off_host=package,
        after=after,
    )


def measure_about(installation: Installation) -> tuple[tuple[Evidence, ...], tuple[str, ...]]:
    """Measure which program this is, who asks, under which policy; return it with the ids of what was allowed."""
    probe = Probe(installation, "BUNDLE", time.monotonic() + _SIDE_DEADLINE_S)
    manifest = manifest_path(installation)
    source = f"{__name__.partition('.')[0]} as it runs"
    solo = probe.ask(
        "solo",
        "may the operator be a signer",
        str(installation.policy),
        lambda: load_policy(installation.policy).solo,
        _solo,
    )
    untested = probe.ask("untested", "may a tree without recorded tests be armed", "the settings", lambda: installation.settings.untested, _untested)  # fmt: skip
    facts = (
        probe.ask("program", "which program", source, lambda: f"cutter-console {__version__}, Python {platform.python_version()}"),
        probe.ask("commit", "which commit is deployed", str(manifest), lambda: _deployed_commit(read_manifest(manifest, read_regular(manifest)))),
        probe.ask("operator", "who asks", "the operating system", lambda: installation.operator),
        probe.ask("host", "on which host", "the operating system", lambda: installation.context.host),
        probe.ask("root", "which runtime tree", "the command line", lambda: str(installation.root)),
    )  # fmt: skip
    evidence = (*(fact.evidence for fact in facts), solo.evidence, untested.evidence)
    return evidence, tuple(fact.evidence.id for fact in (solo, untested) if fact.value)


def _deployed_commit(manifest: DeployManifest) -> str:
    if manifest.no_commit:
        return (
            f"not known: {manifest.no_commit}; the release is identified by its {counted(len(manifest.files), 'file')}"
        )
    return manifest.commit or "none: the manifest was not built from a commit"


def _solo(solo: bool) -> str:
    return f"solo: {'YES, the operator may be a signer of the policy' if solo else 'no, signers are not operators'}"


def _untested(untested: bool) -> str:
    return f"untested: {'YES, a tree without a recorded test run may be armed' if untested else 'no'}"


def final_of(measured: Measured, name: str, sign_with: str) -> Final:
    """Pure: the contents of the last document."""
    attested = measured.statements
    found_gaps = summary.gaps(measured.board, attested)
    open_steps = summary.steps(found_gaps)
    letter = summary.letter(measured.board, attested)
    return Final(
        letter=letter,
        headline=summary.headline(letter, found_gaps, len(open_steps)),
        means=summary.meaning(letter),
        bundle=name,
        first=found_gaps[:1],
        gaps=found_gaps,
        roll_up=summary.roll_up(measured.board),
        changes=differences(measured.before, measured.after),
        statements=attested,
        rows=summary.rows(measured.before.digests.value, measured.after.digests.value),
        steps=open_steps,
        warnings=measured.allowed,
        removed=measured.removed,
        signing=sign_with,
    )


def documents(measured: Measured, final: Final) -> dict[str, bytes]:
    """Pure: the documents by name. Raises Unrendered if a template names what was not measured."""
    around = (*measured.about, *_around(measured.before), *_around(measured.after))
    register = _register(measured)
    contents = {}
    for document in DOCUMENTS:
        cited = around if document[0] == FINAL else _off_host(measured) if document[0] == OFF_HOST else ()
        page: Page = page_of(document, measured.board, cited)
        contents[document[0]] = render(f"bundle/{document[0]}.j2", Evidences(register), {"page": page, "final": final})
    return contents


def _off_host(measured: Measured) -> tuple[Evidence, ...]:
    return tuple(piece for piece in measured.about if piece.id == "BUNDLE.off_host")


def _around(snapshot: InstallationSnapshot) -> tuple[Evidence, ...]:
    return tuple(fact.evidence for fact in snapshot.facts)


def _register(measured: Measured) -> tuple[Evidence, ...]:
    gates = (piece for report in measured.board.gates for check in report.checks for piece in check.evidence)
    return (*measured.about, *_around(measured.before), *_around(measured.after), *gates)


def _write(draft: Draft, measured: Measured, final: Final) -> None:
    for name, content in documents(measured, final).items():
        draft.write(name, content)
    for file in measured.off_host.value or ():
        draft.write(f"off-host/{file.name}", file.content)
    record = BundleRecord(
        name=draft.name,
        final=final,
        measured=measured,
        evidence=Evidences(_register(measured)).all,
        documents=tuple(
            DocumentSum(name=name, sha256=sha256, bytes=(draft.path / name).stat().st_size)
            for name, sha256 in draft.sums.items()
        ),
    )
    draft.write(RECORD, as_json(record))


def as_json(record: BundleRecord) -> bytes:
    """Pure: the record as indented JSON, every text of it without what looks like a secret."""
    return indented_json(redact_in(record.model_dump(mode="json")), 1) + b"\n"
