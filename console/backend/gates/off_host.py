"""G9: what must be done on another machine is known and packed, and nothing was repaired here that belongs there."""

import time

from console.backend.approvals.keyring import Keyring
from console.backend.backup.recipient import KeyListing
from console.backend.gates.backup_readiness import backup_key, backup_key_check
from console.backend.gates.gate import Gate
from console.backend.gates.grants import grants, grants_check
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.precheck_live import deployed_tree
from console.backend.gates.probe import Probe
from console.backend.gates.ruling_policy import PolicyFile, policy_check, policy_facts
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import DriftReport, Owner
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.publication.off_host import STEPS, OffHostWork, PackageFile, Step, incomplete, off_host_package
from console.backend.publication.off_host_scripts import Place
from console.backend.publication.sums import SUMS
from console.backend.release.pins import manifest_path
from console.backend.release.verify import TreeFinding, faults, first_names

_DEADLINE_S = 10.0


class PackageFinding(Value):
    """The package as it would be written."""

    names: tuple[str, ...]
    sums_sha256: str
    problems: tuple[SafeText, ...]


class Needs(Value):
    """Facts that decide which steps are open."""

    place: Place
    tree: Measurement[TreeFinding]
    key: Measurement[KeyListing]
    policy: Measurement[PolicyFile]
    keyring: Measurement[Keyring]
    drift: Measurement[DriftReport]


class Facts(Needs):
    """The facts that G9 measures."""

    package: Measurement[PackageFinding]


def measure(probe: Probe) -> Facts:
    """Measure what decides the steps, and build the package from it in memory."""
    needs = measure_needs(probe)
    package = probe.ask(
        "package",
        "files of the off-host package, and their sums",
        "the measurements of this gate",
        lambda: _finding(work_of(needs)),
        lambda package: ", ".join(package.names),
        digest=lambda package: package.sums_sha256,
    )
    return Facts(**dict(needs), package=package)


def measure_needs(probe: Probe) -> Needs:
    """Measure the deployed tree, the keys and the drift."""
    installation = probe.installation
    policy, keys = policy_facts(probe)
    place = Place(
        host=installation.context.host,
        root=str(installation.root),
        manifest=str(manifest_path(installation)),
        gnupg_home=str(installation.gnupg_home),
    )
    return Needs(
        place=place, tree=deployed_tree(probe), key=backup_key(probe), policy=policy, keyring=keys, drift=grants(probe)
    )


def package_of(installation: Installation) -> tuple[PackageFile, ...]:
    """Measure, and return the package's files; none if no step is open. Raises CutterError as the measuring does."""
    work = work_of(measure_needs(Probe(installation, "G9", time.monotonic() + _DEADLINE_S)))
    return off_host_package(work) if any(step.open for step in work.steps) else ()


def work_of(needs: Needs) -> OffHostWork:
    """Pure: each step of STEPS with its check, in the same order; an outcome other than PASS opens the step."""
    checks = (
        check("release", needs.tree, _release),
        backup_key_check(needs.key),
        policy_check(needs.policy, needs.keyring, "policy keys"),
        grants_check(needs.drift),
    )
    steps = tuple(
        Step(work=work, file=file, owner=owner, where=machine, check=step_check)
        for (work, file, owner, machine), step_check in zip(STEPS, checks, strict=True)
    )
    return OffHostWork(place=needs.place, steps=steps, drift=needs.drift.value)


def _finding(work: OffHostWork) -> PackageFinding:
    files = off_host_package(work)
    sums = next(file.content for file in files if file.name == SUMS)
    return PackageFinding(
        names=tuple(file.name for file in files), sums_sha256=sha256_hex(sums), problems=incomplete(work, files)
    )


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: nothing was patched here; every open step is named; the package holds what they need."""
    return (
        check("not patched here", facts.tree, _unpatched),
        *(_step_check(step) for step in work_of(facts).steps),
        check("package", facts.package, _whole),
    )


def _unpatched(tree: TreeFinding) -> Verdict:
    if tree.release is None:
        return unclear("not known without a deploy manifest", faults(tree)[0].next_action)
    if tree.patched or (tree.pinned_sha256 and tree.pinned_sha256 != tree.manifest_sha256):
        tree_faults = faults(tree)
        action = "Change it on the workstation, build and install a release, then: cutter-console manifest verify"
        return fails("; ".join(fault.detail for fault in tree_faults), action)
    return passes(f"{tree.files_in_words}: those of the manifest")


def _release(tree: TreeFinding) -> Verdict:
    """Judge the release: tested, listed and pinned; the first two happen on another machine."""
    release = tree.release
    build = "On the workstation, with the off-host package of a bundle: bash 01-build-manifest.sh CHECKOUT"
    if release is None:
        return partial(faults(tree)[0].detail, build)
    if release.tests is None:
        return partial(f"version {release.version} has no recorded test run", build)
    if not release.tests.green:
        return partial(f"version {release.version} is not green: {release.tests}", build)
    if not tree.pinned_sha256:
        return partial("the manifest is not pinned", "cutter-console init --pin")
    return passes(f"version {release.version}, {release.origin}: {release.tests}")


def _step_check(step: Step) -> Check:
    """Judge the steps: an open one is work on another machine and no fault of this host, so it is PARTIAL at worst."""
    if step.check.outcome is not Outcome.FAIL:
        return step.check
    detail = f"{step.file}, on {step.where}: {step.check.detail}"
    return step.check.model_copy(update={"outcome": Outcome.PARTIAL, "detail": detail})


def _whole(package: PackageFinding) -> Verdict:
    if package.problems:
        return fails(first_names(package.problems), "Report this: the package is not what its steps need.")
    return passes(f"{len(package.names)} files: {', '.join(package.names)}")


GATE = Gate("G9", "Off-host package", "What must be done on another machine?", Owner.WORKSTATION, measure, decide)
