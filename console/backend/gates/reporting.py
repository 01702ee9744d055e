"""G10: reports can be written; the last bundle and all run reports are as they were written; every journal is whole."""

import json
import os
import shlex
import shutil
import stat
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from console.backend.gates.gate import Gate
from console.backend.gates.kept_numbers import ENOUGH_S, LEAST, TURNS, in_turn
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.host.runtime_tree import DIRECTORY_MODE
from console.backend.journal.journal import verify_journal
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import Owner
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value
from console.backend.postgres.records import EventRow, events_of, run_places
from console.backend.publication.pages import DOCUMENTS
from console.backend.publication.publishing import leftovers
from console.backend.publication.signing import SumsSignature, check_signature
from console.backend.publication.sums import SIGNATURE, SUMS, SumsVerdict, verify_sums
from console.backend.publication.verdicts import ASIDE, RECORD, signature_fault, signer_named, verify_named
from console.backend.runs.custody import is_of_a_take_over_that_never_was
from console.backend.runs.run_state import anchored_events
from console.backend.runs.workspace import Workspace

MIB = 1 << 20
"""Free space is measured in bytes and told in MiB."""
_LEAST_FREE = 64 * MIB
_COMFORTABLE = 512 * MIB
_AT_ONCE = 50
"""Journals whose events are read together."""
_KEEP = "Keep it as it is, find out who changed it, then write a new one: cutter-console bundle"
_MANY = 5


class Place(Value):
    """The reports directory."""

    path: SafeText = "reports"
    mode: int
    own: bool
    """True if it belongs to the user that the console runs as."""
    writable: bool
    """The file system is not mounted read-only, and permissions allow it."""
    free_bytes: int


class LastBundle(Value):
    """The newest readiness bundle; name is empty if there is none."""

    name: SafeText = ""
    sums: SumsVerdict | None = None
    absent: tuple[str, ...] = ()
    """Documents, and bundle.json, that the sums do not list."""
    truncated: tuple[SafeText, ...] = ()
    """Altered files that are shorter than they were written."""
    signature: SumsSignature | None = None
    home: SafeText = ""
    """The key ring that was asked, as a word of a command."""
    signing: SafeText = ""
    """Fingerprint that its record names as the signer's; empty if it names none, or cannot be read."""


class JournalFinding(Value):
    """Verdict on one run's journal."""

    run_id: SafeText
    outcome: Outcome
    detail: SafeText
    can_settle: bool = False
    """True if nothing is wrong but that the last records have no anchor yet."""


class Journals(Value):
    """Journals that were compared, and the number of those for which there was no time."""

    compared: tuple[JournalFinding, ...]
    not_in_time: int = 0


class Facts(Value):
    """The facts that G10 measures."""

    place: Measurement[Place]
    leftovers: Measurement[tuple[SafeText, ...]]
    bundle: Measurement[LastBundle]
    reports: Measurement[tuple[SumsVerdict, ...]]
    journals: Measurement[Journals]


def measure(probe: Probe) -> Facts:
    """Read the last bundle and every run report again, and compare every journal with its anchor."""
    installation = probe.installation
    reports = installation.root / "reports"
    again = "Make it readable, then: cutter-console gates G10"
    return Facts(
        place=probe.ask("directory", "mode, owner, space", str(reports), lambda: _place(reports), _place_answer, otherwise="Make it: cutter-console init"),
        leftovers=probe.ask("drafts", "drafts that nobody writes", str(reports), lambda: leftovers(reports), lambda names: ", ".join(names) or "none", otherwise=again),
        bundle=probe.ask("bundle", "the newest bundle, every file read again", str(reports), lambda: _last_bundle(installation), _bundle_answer, otherwise=again),
        reports=probe.ask("reports", "every run report, every file read again", str(reports), lambda: _run_reports(reports), lambda verdicts: f"{len(verdicts)} run reports", otherwise=again),
        journals=probe.ask("journals", "every journal against the head anchored in the database", f"{installation.root / 'runs'} and the database", lambda: _journals(probe), lambda journals: f"{len(journals.compared)} journals, not in time: {journals.not_in_time}", otherwise=again),
    )  # fmt: skip


def _place(reports: Path) -> Place:
    status = reports.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(20, "is not a directory", str(reports))
    mounted = os.statvfs(reports)
    return Place(
        path=shlex.quote(str(reports)),
        mode=stat.S_IMODE(status.st_mode),
        own=status.st_uid == os.geteuid(),
        writable=os.access(reports, os.W_OK | os.X_OK) and not mounted.f_flag & os.ST_RDONLY,
        free_bytes=shutil.disk_usage(reports).free,
    )


def _place_answer(place: Place) -> str:
    return f"mode {place.mode:04o}, {'own' if place.own else 'FOREIGN'}, {place.free_bytes // MIB} MiB free"


def _last_bundle(installation: Installation) -> LastBundle:
    reports = installation.root / "reports"
    # Drafts are hidden: a bundle has its name when it is whole, and not before.
    names = [path.name for path in reports.glob("*-readiness*") if path.is_dir() and not path.name.startswith(".")]
    if not names:
        return LastBundle()
    last = max(names, key=_age)
    directory = reports / last
    sums = verify_sums(directory)
    required = {*(file for file, _, _ in DOCUMENTS), RECORD}
    signature = directory / SIGNATURE
    return LastBundle(
        name=last,
        sums=sums,
        absent=tuple(sorted(required - set(sums.listed))) if not sums.unreadable else (),
        truncated=_truncated(directory, sums),
        home=shlex.quote(str(installation.gnupg_home)),
        signing=signer_named(directory),
        signature=check_signature(directory / SUMS, signature, installation.gnupg_home) if signature.exists() else None,
    )


def _age(name: str) -> tuple[str, int]:
    """Sort by number, because `…-readiness-10` is newer than `…-readiness-9`."""
    stem, _, number = name.partition("-readiness")
    return stem, int(number.removeprefix("-")) if number.removeprefix("-").isdecimal() else 0


def _truncated(directory: Path, sums: SumsVerdict) -> tuple[str, ...]:
    """Return the altered files that are shorter than bundle.json says; none if bundle.json itself was altered."""
    if RECORD in (*sums.altered, *sums.missing) or RECORD not in sums.listed:
        return ()
    try:
        documents = json.loads(read_regular(directory / RECORD))["documents"]
        sizes = {str(document["name"]): int(document["bytes"]) for document in documents}
    except (ValueError, KeyError, TypeError):
        return ()
    return tuple(
        f"{name}, {(directory / name).stat().st_size} of {sizes[name]} bytes"
        for name in sums.altered
        if name in sizes and (directory / name).stat().st_size < sizes[name]
    )


def _bundle_answer(bundle: LastBundle) -> str:
    if bundle.sums is None:
        return "none has been written"
    signed = f"; {bundle.signature.detail}" if bundle.signature is not None else "; not signed"
    return f"{bundle.name}: {bundle.sums.detail}{signed}"


def _run_reports(reports: Path) -> tuple[SumsVerdict, ...]:
    directories = (path for path in reports.glob("ictr-*") if path.is_dir() and not path.is_symlink())
    # An altered report that was set aside, as its next action says, must not keep the gate red for ever.
    reports_found = sorted(path for path in directories if not path.name.endswith(ASIDE))
    return tuple(verify_named(path) for path in reports_found)


RUN_PLACES = "hosts of the runs"
"""Name of the question for them."""


def _journals(probe: Probe) -> Journals:
    """Verify journals of database and root for as long as there is time, the newest first; a dry run has no anchor."""
    ends_at = time.monotonic() + min(ENOUGH_S, probe.seconds_left / 2)
    runs, host = probe.installation.root / "runs", probe.installation.context.host
    present = {path.name for path in runs.glob("ictr-*") if path.is_dir()}
    findings: list[JournalFinding] = []
    places = probe.of_monitor(RUN_PLACES, run_places)
    if not places and not present:
        return Journals(compared=(), not_in_time=0)
    with probe.of_the_console() as connection:
        elsewhere = tuple(
            JournalFinding(run_id=run_id, outcome=Outcome.PARTIAL, detail=f"its journal is on the host {place}")
            for run_id, place in sorted(places.items())
            if place != host and not Workspace(runs / run_id).journal.exists()
        )
        here = (present | places.keys()) - {finding.run_id for finding in elsewhere}
        # A run's id begins with the moment of its start.
        turns = in_turn(sorted(here), _started, str, probe.installation.context.token_hex(8))
        for first in range(0, len(turns), _AT_ONCE):
            if len(findings) >= LEAST and time.monotonic() > ends_at:
                break
            some = turns[first : first + _AT_ONCE]
            recorded = events_of(connection, some)
            findings += (
                _journal(runs, run_id, recorded.get(run_id, ()), _other(places, run_id, host)) for run_id in some
            )
    findings.sort(key=lambda finding: finding.run_id)
    return Journals(compared=(*findings, *elsewhere), not_in_time=len(turns) - len(findings))


def _started(run_id: str) -> datetime:
    """Return the moment in a run's id; the beginning of time for a directory with another name."""
    try:
        return datetime.strptime(run_id[:21], "ictr-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _other(places: Mapping[str, str], run_id: str, host: str) -> str:
    """Return the host that the run was started on if it is another one, else an empty text."""
    return "" if places.get(run_id, host) == host else places[run_id]


def _journal(runs: Path, run_id: str, rows: tuple[EventRow, ...], other: str) -> JournalFinding:
    workspace = Workspace(runs / run_id)
    if other and is_of_a_take_over_that_never_was(workspace.directory, rows):
        detail = f"what is here was begun for a take-over that was not committed; its journal is on the host {other}"
        return JournalFinding(run_id=safe_text(run_id), outcome=Outcome.PARTIAL, detail=detail)
    events = anchored_events(rows, workspace.directory)
    verdict = verify_journal(workspace.journal, events, run_id)
    # PARTIAL says that nothing outside vouches for a whole chain. Without events in the database nothing can.
    intact = verdict.outcome is Outcome.PARTIAL and not verdict.torn_bytes and not events
    outcome = Outcome.PASS if intact else verdict.outcome
    return JournalFinding(
        run_id=safe_text(run_id),
        outcome=outcome,
        detail=verdict.detail,
        can_settle=verdict.outcome is Outcome.PARTIAL
        and verdict.unanchored > 0
        and not (other or verdict.strangers or verdict.torn_bytes),
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: the reports directory and its space, drafts left there, the last bundle, run reports, journals."""
    return (
        check("reports directory", facts.place, _sound_place),
        check("free space", facts.place, _space),
        check("unfinished bundles", facts.leftovers, _no_leftovers),
        check("last bundle", facts.bundle, _sound_bundle),
        check("signature", facts.bundle, _sound_signature),
        check("run reports", facts.reports, _sound_reports),
        check("journals", facts.journals, _sound_journals),
    )


def _sound_place(place: Place) -> Verdict:
    if not place.own:
        return fails("it belongs to another user", f"chown {os.geteuid()} {place.path}")
    if place.mode != DIRECTORY_MODE:
        return fails(
            f"its mode is {place.mode:04o}, not {DIRECTORY_MODE:04o}", f"chmod {DIRECTORY_MODE:04o} {place.path}"
        )
    if not place.writable:
        return fails("it cannot be written", "Mount its file system for writing, then: cutter-console gates G10")
    return passes(f"there, writable, mode {place.mode:04o}")


def _space(place: Place) -> Verdict:
    detail = f"{place.free_bytes // MIB} MiB free"
    if place.free_bytes >= _COMFORTABLE:
        return passes(detail)
    action = "Make room on the file system of reports/ (see: cutter-console backup list)."
    return Verdict(Outcome.PARTIAL if place.free_bytes >= _LEAST_FREE else Outcome.FAIL, detail, action)


def _no_leftovers(names: tuple[str, ...]) -> Verdict:
    if not names:
        return passes("none")
    return fails(f"a crash left {', '.join(names[:_MANY])}", "The next bundle removes it: cutter-console bundle")


def _sound_bundle(bundle: LastBundle) -> Verdict:
    if bundle.sums is None:
        action = (
            "Write one; where a bundle says this, it is the first, and the next one checks it: cutter-console bundle"
        )
        return partial("no bundle had been written when this was measured", action)
    faults = [] if bundle.sums.sound else [bundle.sums.detail]
    faults += [f"not listed in {SUMS}: {', '.join(bundle.absent)}"] if bundle.absent else []
    faults += [f"truncated: {', '.join(bundle.truncated)}"] if bundle.truncated else []
    if faults:
        return fails(f"{bundle.name}: {'; '.join(faults)}", _KEEP)
    return passes(f"{bundle.name}: {bundle.sums.detail}")


def _sound_signature(bundle: LastBundle) -> Verdict:
    fault = signature_fault(bundle.signature, bundle.signing)
    if bundle.signature is None:
        detail = "the last bundle is not signed: documents and sums replaced together would not be seen here"
        unsigned = passes(detail if bundle.sums is not None else "no bundle to be signed")
        return fails(f"{bundle.name}: {fault}", _KEEP) if fault else unsigned
    if bundle.signature.outcome is Outcome.PASS and fault:
        return fails(f"{bundle.name}: {fault}", _KEEP)
    match bundle.signature.outcome:
        case Outcome.PASS:
            return passes(bundle.signature.detail)
        case Outcome.INCONCLUSIVE:
            return unclear(
                bundle.signature.detail, f"Import the signer's public key: gpg --homedir {bundle.home} --import FILE"
            )
        case _:
            return fails(f"{bundle.name}: {bundle.signature.detail}", _KEEP)


def _sound_reports(verdicts: tuple[SumsVerdict, ...]) -> Verdict:
    unsound = [verdict for verdict in verdicts if not verdict.sound]
    if unsound:
        first = unsound[0]
        more = f" (and {len(unsound) - 1} more)" if len(unsound) > 1 else ""
        run_id = Path(first.directory).name.rpartition("-")[0]
        aside = f"mv {shlex.quote(first.directory)} {shlex.quote(first.directory + ASIDE)}"
        action = f"Find out who changed it; keep it aside, then write it again: {aside}; cutter-console report {run_id}"
        return fails(f"{Path(first.directory).name}: {first.detail}{more}", action)
    return passes(f"{len(verdicts)} run reports as their sums, and their names, have them")


def _sound_journals(journals: Journals) -> Verdict:
    findings = journals.compared
    bad = sorted(
        (finding for finding in findings if finding.outcome is not Outcome.PASS),
        key=lambda finding: -finding.outcome.rank,
    )
    if bad:
        worst = next((finding for finding in bad if finding.outcome is Outcome.FAIL), bad[0])
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        action = (
            f"Have its last records anchored: cutter-console run settle {worst.run_id}"
            if worst.can_settle
            else f"Keep the file as it is, and compare: cutter-console journal verify {worst.run_id}"
        )
        return Verdict(worst.outcome, f"{worst.run_id}: {worst.detail}{more}", action)
    if journals.not_in_time:
        count = len(findings) + journals.not_in_time
        return partial(
            f"{len(findings)} of {count} journals are whole: {TURNS}; each has its turn at another time",
            "Compare others now: cutter-console gates G10; one by itself: cutter-console journal verify RUN",
        )
    return passes(f"{len(findings)} journals are whole")


GATE = Gate("G10", "Reporting", "Can the record be believed, and can it be written?", Owner.OPERATOR, measure, decide)
