"""manifest build|verify: lists the files of a release, and compares those of this host with the list."""

from pathlib import Path

from console.backend.host.durable import replace_file
from console.backend.model.canonical_json import canonical_json, digest, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import ExitStatus, Refused, StopCode, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.release.build import build_manifest
from console.backend.release.junit import read_junit
from console.backend.release.manifest import DeployManifest, Kind, TestTotals, read_manifest
from console.backend.release.verify import Fault, TreeFinding, faults, measure_tree
from console.cli import installation
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.installation_requests import BuildManifest
from console.cli.operations import Nothing
from console.cli.output import as_typed, narrate, report


class Built(Value):
    """The manifest that was written, or existed already."""

    path: str
    sha256: str
    unchanged: bool
    """True if the file existed with the same release; it was not written again."""
    files: int
    commit: str
    clean: bool
    no_commit: SafeText
    """Reason why the commit of a checkout is not known: then the listed files alone identify the release."""
    tests: TestTotals | None
    next_action: str


class Stop(Value):
    """The reason why the tree is not the pinned release."""

    code: StopCode
    message: str
    next_action: str


class Verified(TreeFinding):
    """The comparison, with the reason why it is not a PASS."""

    stop: Stop | None = None


def build(options: Options, request: BuildManifest) -> ExitStatus:
    """Write the deploy manifest of this tree; needs neither a root nor a database."""
    context = installation.context_of(options)
    tests = read_junit(request.junit) if request.junit is not None else None
    built = build_manifest(context, tests)
    existing = _existing_manifest(request.out, built)
    if existing is None:
        _write(request.out, canonical_json(built))
    manifest = existing or built
    if request.junit is not None and manifest.kind is Kind.SOURCE:
        _warn_of_later_changes(context.package, request.junit, manifest)
    return _report_built(options, request.out, manifest, unchanged=existing is not None)


def _report_built(options: Options, out: Path, manifest: DeployManifest, *, unchanged: bool) -> ExitStatus:
    sha256, tests = digest(manifest), manifest.tests
    action = (
        "copy it to <root>/artifacts/deploy-manifest.json on the host, then there: cutter-console init --pin"
        f" (it sets deploy_manifest_sha256 to {sha256})"
    )
    lines = [
        f"manifest   {out}{' (was there already)' if unchanged else ''}",
        f"sha256     {sha256}",
        f"files      {len(manifest.files)}, a {manifest.kind} tree of version {manifest.version}",
        f"commit     {_commit(manifest.commit, manifest.clean, manifest.no_commit, ', with changes')}",
        f"tests      {tests or 'none recorded; a run is armed on it only where `untested` is set'}",
        f"next       {action}",
    ]
    whole = tests is not None and tests.green and manifest.clean
    payload = Built(
        path=str(out),
        sha256=sha256,
        unchanged=unchanged,
        files=len(manifest.files),
        commit=manifest.commit,
        clean=manifest.clean,
        no_commit=manifest.no_commit,
        tests=tests,
        next_action=action,
    )
    return report(options, "manifest build", Outcome.PASS if whole else Outcome.PARTIAL, lines, payload)


def _commit(commit: str, clean: bool, no_commit: str, changed: str) -> str:
    if commit:
        return f"{commit}{'' if clean else changed}"
    return f"none{f': {no_commit}' if no_commit else ''}; the files listed identify the release"


def _existing_manifest(out: Path, built: DeployManifest) -> DeployManifest | None:
    """Return the manifest in `out` if it differs in its time alone, None without a file. Raises Refused for any other."""
    try:
        data = out.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(StopCode.REFUSED_INPUT, f"{out}: {error.strerror}", "Name another file with --out.") from error
    try:
        manifest = read_manifest(out, data)
    except UsageError:
        manifest = None
    # Kept with its time, so that the same release keeps its digest, which hosts have pinned.
    same = manifest is not None and manifest.model_copy(update={"built_at": built.built_at}) == built
    if not same or manifest is None or sha256_hex(data) != digest(manifest):
        message = f"{out} is there already, and is not the manifest of this tree"
        raise Refused(StopCode.REFUSED_INPUT, message, f"Move it away, or name another file: --out {out}.new")
    return manifest


def _write(out: Path, data: bytes) -> None:
    try:
        replace_file(out, data)
    except OSError as error:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"{out}: {error.strerror}", "Name a file that can be written with --out."
        ) from error


def _warn_of_later_changes(package: Path, junit: Path, manifest: DeployManifest) -> None:
    """Warn of files that changed after the test run. A wheel is left out: its files have the time of the installation."""
    ran = junit.stat().st_mtime
    later = [file.path for file in manifest.files if (package.parent / file.path).lstat().st_mtime > ran]
    if later:
        narrate(
            f"note: newer than the test run: {counted(len(later), 'file')}, {later[0]} among them; run the tests again"
        )


def verify(options: Options, _request: Nothing) -> ExitStatus:
    """Compare the manifest with its pin, and every file with the manifest; the exit status of a difference is DRIFT."""
    finding = measure_tree(installation_of(options))
    wrong = faults(finding)
    payload = Verified(**dict(finding), stop=_stop(wrong))
    status = report(options, "manifest verify", Outcome.FAIL if wrong else Outcome.PASS, _lines(finding), payload)
    for fault in wrong:
        narrate(f"{StopCode.IDENTITY_MISMATCH}: {fault.detail}")
    if wrong:
        narrate(f"next: {as_typed(options, wrong[0].next_action)}")
        return ExitStatus.DRIFT
    return status


def _stop(wrong: tuple[Fault, ...]) -> Stop | None:
    if not wrong:
        return None
    message = "; ".join(fault.detail for fault in wrong)
    return Stop(code=StopCode.IDENTITY_MISMATCH, message=message, next_action=wrong[0].next_action)


def _lines(finding: TreeFinding) -> list[str]:
    release = finding.release
    lines = [
        f"manifest   {finding.manifest}",
        f"sha256     {finding.manifest_sha256 or 'there is no such file'}",
        f"pinned     {finding.pinned_sha256 or 'nothing'}",
    ]
    if release is None:
        return lines
    return [
        *lines,
        f"release    {release.version}, commit {_commit(release.commit, release.clean, release.no_commit, ' with changes')}",
        f"tests      {release.tests or 'none recorded'}",
        f"files      {finding.files_in_words}",
        *(f"missing    {path}" for path in finding.missing),
        *(f"changed    {path}" for path in finding.changed),
        *(f"extra      {path}" for path in finding.extra),
        *(f"record     {problem}" for problem in finding.record_problems),
    ]
