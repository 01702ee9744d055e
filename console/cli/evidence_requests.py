"""The arguments of the commands about backups, gates and reports; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.backend.model.gate_table import gate_range
from console.cli.arguments import option, positional
from console.cli.watching import Watched, watch_option


@dataclass(frozen=True, slots=True)
class OneFile:
    """A command about one backup file."""

    file: Path = field(metadata=positional("FILE", "the backup, with its record beside it", is_file=True))


@dataclass(frozen=True, slots=True)
class Gates(Watched):
    """Measure gates."""

    names: tuple[str, ...] = field(
        default=(), metadata=positional("GATE", f"{gate_range()}, or PRE; none: {gate_range()}")
    )
    run: str = field(
        default="",
        metadata=option(
            "RUN", "the run whose arming checks (PRE) are measured: its id, its unique beginning, or latest"
        ),
    )
    watch: int = watch_option()


@dataclass(frozen=True, slots=True)
class Bundle:
    """Write the readiness bundle."""

    sign: str = field(default="", metadata=option("FPR", "fingerprint of a key of this host that signs SHA256SUMS"))


@dataclass(frozen=True, slots=True)
class ShowReport:
    """Show a report."""

    name: str = field(metadata=positional("NAME", "the report's directory in reports/"))
    file: str = field(default="", metadata=option("FILE", "print the text of this file of it"))


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Export a report."""

    name: str = field(metadata=positional("NAME", "the report's directory in reports/"))
    to: Path = field(metadata=option("FOLDER", "the folder that gets the copy", is_file=True))
