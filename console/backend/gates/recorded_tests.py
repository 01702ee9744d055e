"""Test results recorded in the deploy manifest, for the baseline gate and the checks before arming."""

from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.probe import Probe
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.errors import UsageError
from console.backend.model.outcome import Check
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.release.manifest import RECORD_TESTS, DeployManifest, read_manifest
from console.backend.release.pins import manifest_path

_RECORD = f"{RECORD_TESTS}; install that release here"


class Recorded(Value):
    """The manifest as far as it speaks of tests; `untested` is the installation's explicit permission."""

    manifest: DeployManifest | None
    problem: SafeText
    """Reason why there is no manifest; empty if there is one."""
    untested: bool


def recorded_tests(probe: Probe) -> Measurement[Recorded]:
    """Read the deploy manifest."""
    return probe.ask(
        "tests",
        "test result and commit that the deploy manifest records",
        str(manifest_path(probe.installation)),
        lambda: _recorded(probe.installation),
        _in_words,
    )


def recorded_tests_check(fact: Measurement[Recorded], name: str = "tests recorded") -> Check:
    """Pure: PASS if the recorded test run is green; PARTIAL without one if the settings allow it; otherwise FAIL."""
    return check(name, fact, _judged)


def _recorded(installation: Installation) -> Recorded:
    path, untested = manifest_path(installation), installation.settings.untested
    try:
        return Recorded(manifest=read_manifest(path, read_regular(path)), problem="", untested=untested)
    except FileNotFoundError:
        return Recorded(manifest=None, problem=f"there is no deploy manifest {path}", untested=untested)
    except UsageError as error:
        return Recorded(manifest=None, problem=error.message, untested=untested)


def _in_words(recorded: Recorded) -> str:
    if recorded.manifest is None:
        return recorded.problem
    no_commit = f" ({recorded.manifest.no_commit})" if recorded.manifest.no_commit else ""
    return f"commit {recorded.manifest.commit or 'unknown'}{no_commit}: {recorded.manifest.tests or 'no test run recorded'}"


def _judged(recorded: Recorded) -> Verdict:
    manifest = recorded.manifest
    if manifest is not None and manifest.tests is not None:
        if manifest.tests.green:
            return passes(_in_words(recorded))
        return fails(f"not green: {_in_words(recorded)}", _RECORD)
    if recorded.untested:
        return partial(f"{_in_words(recorded)}; allowed explicitly by the setting untested", _RECORD)
    return fails(_in_words(recorded), _RECORD)
