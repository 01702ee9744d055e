"""The arguments of the commands that install and try the console; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option, switch


@dataclass(frozen=True, slots=True)
class Init:
    """Make the runtime tree, or pin this installation."""

    pin: bool = field(default=False, metadata=switch("measure host, database and release, and pin them"))
    repin: bool = field(default=False, metadata=switch("with --pin: allow a pin that is set to change"))


@dataclass(frozen=True, slots=True)
class BuildManifest:
    """Write the deploy manifest of this tree."""

    junit: Path | None = field(default=None, metadata=option("FILE", "the JUnit file of the test run", is_file=True))
    out: Path = field(
        default=Path("deploy-manifest.json"), metadata=option("FILE", "where the manifest is written", is_file=True)
    )


@dataclass(frozen=True, slots=True)
class Migrate:
    """Install the schema or bring it up to date."""

    accept: str = field(
        default="", metadata=option("DIGEST", "the schema digest of a drift that is to be the installed state")
    )


@dataclass(frozen=True, slots=True)
class Demo:
    """Start the demo."""

    tour: bool = field(default=False, metadata=switch("run the main job without a screen, one line per step"))
