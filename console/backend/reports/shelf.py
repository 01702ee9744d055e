"""The reports and bundles below the root: which there are, whether each is as it was written, their texts, a copy elsewhere."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from console.backend.host.gpg import GpgUnanswered
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Drifted, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Outcome, worst
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.shell_word import shell_word
from console.backend.model.unreadable import why_unreadable
from console.backend.model.value import Value
from console.backend.publication.publishing import leftovers, published
from console.backend.publication.signing import SumsSignature, check_signature
from console.backend.publication.sums import SIGNATURE, SUMS, SumsVerdict, read_sums
from console.backend.publication.verdicts import ASIDE, signature_fault, signer_named, verify_named
from console.backend.runs.answers import Answers

_MOST_SHOWN = 2 << 20
"""Bytes of a text that are shown; whoever wants more opens the file."""
_AS_LISTED = "as written"


class ReportKind(StrEnum):
    """Kind of a directory in reports/, by its name."""

    RUN = "run report"
    BATCH = "batch report"
    BUNDLE = "readiness bundle"
    ASIDE = "set aside"
    DRAFT = "not published"
    OTHER = "unknown"


_KINDS: tuple[tuple[ReportKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.ASCII))
    for kind, pattern in (
        (ReportKind.DRAFT, r"\.(?P<of>.+)\.part"),
        (ReportKind.ASIDE, rf"(?P<of>.+){re.escape(ASIDE)}"),
        (ReportKind.RUN, r"(?P<of>ictr-\d{8}T\d{6}Z-[0-9a-f]{8})-[0-9a-f]{8}"),
        (ReportKind.BATCH, r"(?P<of>ictb-\d{8}T\d{6}Z-[0-9a-f]{8})-[0-9a-f]{8}(?:-\d+)?"),
        (ReportKind.BUNDLE, r"(?P<of>)\d{8}T\d{6}Z-readiness(?:-\d+)?"),
    )
)


class ReportEntry(Value):
    """A directory in reports/, by its name and times alone."""

    name: SafeText
    kind: ReportKind
    subject: SafeText
    """The run or batch that it is about; empty for a bundle, which is about the installation."""
    written_at: datetime
    is_signed: bool
    """True if a signature lies beside the sums; its verdict takes gpg."""
    is_abandoned: bool = False
    """True for what is not published and that nobody writes: a crash left it."""
    path: SafeText
    """The directory, as a word of a shell."""


class ReportShelf(Value):
    """The directories in reports/, the one that was written last first."""

    folder: SafeText
    reports: tuple[ReportEntry, ...]


class ReportFile(Value):
    """One file of a report, beside the sums."""

    name: SafeText
    state: SafeText
    """`as written`, ALTERED, MISSING, or NOT LISTED."""
    sha256: str
    """As the sums list it; empty if they do not."""
    bytes: int | None

    @property
    def is_sound(self) -> bool:
        """Return whether it is as it was written."""
        return self.state == _AS_LISTED


class ReportVerdict(Value):
    """Result of reading a report again: every file beside the sums, the sums beside the name, the signature."""

    name: SafeText
    outcome: Outcome
    """PASS if all of it is as it was written; FAIL if not; INCONCLUSIVE if it could not be read, or the key is missing."""
    detail: SafeText
    signature: SafeText
    """The signer, why the signature does not count, or that there is none."""
    files: tuple[ReportFile, ...]
    sums_sha256: str = ""


class ReportText(Value):
    """A file of a report as it was read."""

    file: SafeText
    text: str
    """Untrusted: whoever shows it makes it inert."""
    state: SafeText
    """`as written` if these very bytes are those of the sums, else what they are."""
    is_whole: bool


class ExportedReport(Value):
    """A copy of a report, every byte of it compared with the sums on the way."""

    name: SafeText
    path: SafeText
    n_files: int
    bytes: int


class Verdicts(Value):
    """Reports with their verdicts."""

    folder: SafeText
    reports: tuple[ReportEntry, ...]
    verdicts: tuple[ReportVerdict, ...]

    @property
    def outcome(self) -> Outcome:
        """Return the worst verdict; PASS without any report."""
        return worst([verdict.outcome for verdict in self.verdicts]) if self.verdicts else Outcome.PASS


class ReportAnswers(Answers):
    """The answers of a backend about reports. None of them asks the database."""

    def reports(self) -> ReportShelf:
        """Return what lies in reports/, by names alone."""
        return list_reports(self.installation)

    def verify_reports(self, names: tuple[str, ...]) -> tuple[ReportVerdict, ...]:
        """Return a verdict for each of these reports that is still there."""
        return verify_reports(self.installation, names)

    def report_text(self, name: str, file: str) -> ReportText:
        """Return a file of a report, with whether its bytes are those of the sums."""
        return report_text(self.installation, name, file)

    def export_report(self, name: str, folder: Path) -> ExportedReport:
        """Copy a report into a folder, whole or not at all. Refused to a console that only reads."""
        self._require_writable()
        return export_report(self.installation, name, folder)


def list_reports(installation: Installation) -> ReportShelf:
    """Return the directories in reports/. Raises Unmeasured if the folder cannot be read; one that is not there is empty."""
    folder = _folder(installation)
    entries: list[ReportEntry] = []
    try:
        abandoned = frozenset(leftovers(folder)) if folder.is_dir() else frozenset()
        for entry in os.scandir(folder):
            # One that goes meanwhile is no report any more.
            with suppress(FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    entries.append(_entry(Path(entry.path), abandoned))
    except FileNotFoundError:
        return ReportShelf(folder=str(folder), reports=())
    except OSError as error:
        raise _unreadable(folder, error) from error
    entries.sort(key=lambda entry: (entry.written_at, entry.name), reverse=True)
    return ReportShelf(folder=str(folder), reports=tuple(entries))


def _folder(installation: Installation) -> Path:
    return installation.root / "reports"


def _entry(path: Path, abandoned: frozenset[str]) -> ReportEntry:
    kind, subject = kind_of(path.name)
    written = path.lstat().st_mtime
    with suppress(OSError):
        written = (path / SUMS).lstat().st_mtime
    return ReportEntry(
        name=path.name,
        kind=kind,
        subject=subject,
        written_at=datetime.fromtimestamp(written, UTC),
        is_signed=os.path.lexists(path / SIGNATURE),
        is_abandoned=safe_text(path.name) in abandoned,
        path=shell_word(str(path)),
    )


def kind_of(name: str) -> tuple[ReportKind, str]:
    """Return the kind of a directory and the run or batch that it is about, by its name alone; pure."""
    for kind, pattern in _KINDS:
        if match := pattern.fullmatch(name):
            of = match["of"]
            return kind, kind_of(of)[1] if kind in {ReportKind.DRAFT, ReportKind.ASIDE} else of
    return ReportKind.OTHER, ""


def verify_reports(installation: Installation, names: tuple[str, ...] = ()) -> tuple[ReportVerdict, ...]:
    """Return a verdict for each of these reports, all of them if none is named; one that is gone by now has none."""
    paths = _paths(installation)
    wanted = names or tuple(entry.name for entry in list_reports(installation).reports)
    return tuple(verdict_on(installation, paths[name]) for name in wanted if name in paths)


def _paths(installation: Installation) -> dict[str, Path]:
    """Return the directories by their names as they are shown; the name itself may be no text."""
    folder = _folder(installation)
    try:
        return {safe_text(path.name): path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unreadable(folder, error) from error


def verdict_on(installation: Installation, path: Path) -> ReportVerdict:
    """Read every file of a report again; the one verdict of the command and the screen. Raises nothing."""
    kind, _ = kind_of(path.name)
    if kind is ReportKind.DRAFT:
        detail = "it has no name yet: it is being written, or a crash left it (the next report or bundle removes it)"
        return ReportVerdict(
            name=path.name, outcome=Outcome.PARTIAL, detail=detail, signature="not published", files=()
        )
    try:
        sums = verify_named(path)
        files = tuple(_files(path, sums))
        signature, fault = _signature(installation, path, kind)
        digest = sha256_hex(read_regular(path / SUMS)) if not sums.unreadable else ""
    except (OSError, GpgUnanswered) as error:
        reason = error.reason if isinstance(error, GpgUnanswered) else f"{error.strerror or error}"
        detail = f"it could not be read: {reason}"
        return ReportVerdict(
            name=path.name, outcome=Outcome.INCONCLUSIVE, detail=detail, signature="not verified", files=()
        )
    if not sums.sound:
        detail = f"NOT AS IT WAS WRITTEN: {sums.detail}"
        signed = f"{fault or signature.detail}; the files are not those that were signed" if signature else fault
        return ReportVerdict(
            name=path.name,
            outcome=Outcome.FAIL,
            detail=detail,
            signature=signed or "not signed",
            files=files,
            sums_sha256=digest,
        )
    return ReportVerdict(
        name=path.name,
        outcome=Outcome.PASS if not fault else _outcome_of(signature),
        detail=sums.detail if not fault else f"{sums.detail}; the signature does not count: {fault}",
        signature=fault or (signature.detail if signature is not None else "not signed"),
        files=files,
        sums_sha256=digest,
    )


def _outcome_of(signature: SumsSignature | None) -> Outcome:
    unknown = signature is not None and signature.outcome is Outcome.INCONCLUSIVE
    return Outcome.INCONCLUSIVE if unknown else Outcome.FAIL


def _signature(installation: Installation, path: Path, kind: ReportKind) -> tuple[SumsSignature | None, str]:
    """Return gpg's verdict, or None without a signature, and what is wrong with it."""
    signature = path / SIGNATURE
    verdict = check_signature(path / SUMS, signature, installation.gnupg_home) if os.path.lexists(signature) else None
    if kind is ReportKind.BUNDLE:
        return verdict, signature_fault(verdict, signer_named(path))
    # No record of a run names a signer: any key of the ring can have signed its report.
    return verdict, signature_fault(verdict, verdict.primary if verdict is not None else "")


def _files(path: Path, sums: SumsVerdict) -> Iterator[ReportFile]:
    digests: dict[str, str] = {}
    with suppress(OSError, ValueError):
        digests = read_sums(path)
    missing, altered = set(sums.missing), set(sums.altered)
    for name in sums.listed:
        state = "MISSING" if name in missing else "ALTERED" if name in altered else _AS_LISTED
        yield ReportFile(name=name, state=state, sha256=digests.get(name, ""), bytes=_length(path / name))
    unlisted = sums.extra if not sums.unreadable or digests else tuple(safe_text(name) for name in _names(path))
    for name in unlisted:
        yield ReportFile(name=name, state="NOT LISTED", sha256="", bytes=_length(path / name))


def _names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.is_symlink())


def _length(path: Path) -> int | None:
    try:
        return path.lstat().st_size
    except (OSError, ValueError):
        return None


def report_text(installation: Installation, name: str, file: str) -> ReportText:
    """Return a file of a report with whether these bytes are those that the sums list. Raises UsageError, Unmeasured."""
    directory = directory_of(installation, name)
    path = _within(directory, file)
    try:
        data = read_regular(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    return ReportText(
        file=file,
        text=data[:_MOST_SHOWN].decode("utf-8", "replace"),
        state=_state(directory, file, data),
        is_whole=len(data) <= _MOST_SHOWN,
    )


def _state(directory: Path, file: str, data: bytes) -> str:
    try:
        listed = read_sums(directory).get(file)
    except (OSError, ValueError):
        return f"NOT COMPARED: {SUMS} cannot be used"
    if listed is None:
        return _AS_LISTED if file in {SUMS, SIGNATURE} else f"NOT LISTED in {SUMS}"
    return _AS_LISTED if sha256_hex(data) == listed else "ALTERED since it was written"


def directory_of(installation: Installation, name: str) -> Path:
    """Return the directory of a report by the name that is shown. Raises UsageError if there is none."""
    path = _paths(installation).get(name)
    if path is not None:
        return path
    message = f"{safe_text(name)} is not in {_folder(installation)}: it was removed, or never was there"
    raise UsageError(StopCode.REFUSED_INPUT, message, "See those that are there: cutter-console reports list")


def _within(directory: Path, file: str) -> Path:
    """Return a file below the directory. Raises UsageError for a name that leads out of it, or to nothing."""
    for path in (directory, *(part for part in directory.iterdir() if part.is_dir() and not part.is_symlink())):
        for candidate in path.iterdir() if path.is_dir() else ():
            if safe_text(str(candidate.relative_to(directory))) == file and not candidate.is_symlink():
                return candidate
    message = f"{safe_text(file)} is no file of {directory.name}"
    raise UsageError(StopCode.REFUSED_INPUT, message, f"See its files: cutter-console reports show {directory.name}")


def export_report(installation: Installation, name: str, folder: Path) -> ExportedReport:
    """Copy a report into a folder under its own name, or with a number behind it. Every byte is compared on the way.

    Raises UsageError for no folder, Drifted for a report that is not as it was written, Unpublished if it cannot be
    written; nothing is left then.
    """
    directory = directory_of(installation, name)
    if (
        not folder.is_absolute()
        or not folder.is_dir()
        or folder.resolve().is_relative_to(_folder(installation).resolve())
    ):
        message = f"{folder} is no folder outside {_folder(installation)}, or its path is not absolute"
        raise UsageError(StopCode.REFUSED_INPUT, message, "Name a folder that is there, from / on.")
    verdict = verdict_on(installation, directory)
    if verdict.outcome is Outcome.FAIL or not verdict.sums_sha256:
        raise _altered(name, verdict.detail)
    try:
        listed = read_sums(directory)
    except (OSError, ValueError) as error:
        raise _altered(name, why_unreadable(error)) from error
    length = 0
    with published(folder, directory.name) as draft:
        for file in (*listed, SUMS, *([SIGNATURE] if (directory / SIGNATURE).is_file() else [])):
            data = read_regular(directory / file)
            # Compared as it is copied: what was verified a moment ago may be another file by now.
            expected = verdict.sums_sha256 if file == SUMS else listed.get(file, "")
            if expected and sha256_hex(data) != expected:
                raise _altered(name, f"{file} is not what was written")
            draft.write(file, data)
            length += len(data)
        copied = folder / draft.name
        n_files = len(draft.sums)
    return ExportedReport(name=name, path=shell_word(str(copied)), n_files=n_files, bytes=length)


def _altered(name: str, detail: str) -> CutterError:
    message = f"{safe_text(name)} is not exported: {detail}"
    action = f"See which file it is: cutter-console reports show {shell_word(safe_text(name))}"
    return Drifted(StopCode.DRIFT, message, action)


def _unreadable(path: Path, error: OSError) -> Unmeasured:
    message = f"{path} cannot be read: {error.strerror}"
    return Unmeasured(
        StopCode.INVARIANT_FAILED, message, "Look at its owner and mode, or open the console as its owner."
    )
