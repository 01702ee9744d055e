"""What the command line was asked for, typed; imports names and the standard library."""

from dataclasses import dataclass
from pathlib import Path

from console.backend.model.profile_names import DEFAULT_PROFILE


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    root: Path | None = None
    config: Path | None = None
    json: bool = False


@dataclass(frozen=True, slots=True)
class Open:
    """Open the console."""

    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """A command without arguments of its own."""


@dataclass(frozen=True, slots=True)
class Init:
    """Make the runtime tree; `pin` writes what host and database are, `repin` allows a pin to change."""

    pin: bool = False
    repin: bool = False


@dataclass(frozen=True, slots=True)
class BuildManifest:
    """Write the deploy manifest of this tree; `junit` is the test run's file."""

    junit: Path | None = None
    out: Path = Path("deploy-manifest.json")


@dataclass(frozen=True, slots=True)
class Migrate:
    """Install or bring up to date; `accept` is the digest of a drift that becomes the installed state."""

    accept: str = ""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo; `tour` runs the main job without a screen."""

    tour: bool = False


@dataclass(frozen=True, slots=True)
class PlanFile:
    """Plan a document; `out` keeps the plan."""

    file: str
    docprefix: str
    profile: str = DEFAULT_PROFILE
    ordinals: bool = False
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start a run."""

    file: str
    docprefix: str
    profile: str = DEFAULT_PROFILE
    ordinals: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class OneRun:
    """A command about one run."""

    run: str


@dataclass(frozen=True, slots=True)
class DraftStatement:
    """The statement of a run; `revert` is the one that takes exactly its drafts back."""

    run: str
    revert: bool = False


@dataclass(frozen=True, slots=True)
class PinPolicy:
    """Pin policy and keys in the database; `confirm` is the policy's sha256."""

    confirm: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawKey:
    """Withdraw a signer's key; `confirm` repeats the fingerprint."""

    fingerprint: str
    reason: str
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class ConfirmedRun:
    """A dangerous command about one run: `confirm` repeats the run id."""

    run: str
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class VoidRun:
    """End a run for a reason."""

    run: str
    reason: str


@dataclass(frozen=True, slots=True)
class OneStatement:
    """A command about one statement file."""

    statement: Path


@dataclass(frozen=True, slots=True)
class ImportStatement:
    """A statement and its signature files; none named: those beside it."""

    statement: Path
    signatures: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Panic:
    """Stop everything."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Clear the HOLD; `confirm` is the word RELEASE."""

    confirm: str = ""


@dataclass(frozen=True, slots=True)
class OneFile:
    """A command about one file."""

    file: Path


@dataclass(frozen=True, slots=True)
class RegisterDocument:
    """Register the query that gives a live document's text."""

    docprefix: str
    query: str
    profile: str = DEFAULT_PROFILE


@dataclass(frozen=True, slots=True)
class Gates:
    """Measure these gates, all of them where none is named; `run` is the run that PRE is asked for."""

    names: tuple[str, ...] = ()
    run: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Write the readiness bundle; `sign` is the fingerprint of a key of this host's own."""

    sign: str = ""
