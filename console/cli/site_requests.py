"""The arguments of the commands for a database that was there before; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import option


@dataclass(frozen=True, slots=True)
class InspectSite:
    """Propose the site mapping."""

    out: Path | None = field(
        default=None, metadata=option("NEW", "write the mapping into a new file instead of printing it", is_file=True)
    )
