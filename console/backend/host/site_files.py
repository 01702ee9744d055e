"""The files of this host about a database of another layout: its site mapping, and the inventory that was pinned."""

from typing import NamedTuple

from console.backend.host.durable import replace_file
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.model.run_tables import RunTables
from console.backend.model.site_mapping import SiteMapping, parse_mapping
from console.backend.model.tables import RUN_TABLES


class KeptMapping(NamedTuple):
    """The site mapping of this host, with the text and the sha256 of its file; None and empty without a file."""

    mapping: SiteMapping | None
    text: str
    sha256: str


def kept_mapping(installation: Installation) -> KeptMapping:
    """Read the site mapping, if there is one. Raises UsageError for a bad file, Unmeasured for one that cannot be read."""
    path = installation.site_mapping
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        return KeptMapping(None, "", "")
    except OSError as error:
        raise Unmeasured(StopCode.UNREACHABLE, f"{path}: {error.strerror or error}", "Make it readable.") from error
    return KeptMapping(parse_mapping(str(path), raw), raw.decode(), sha256_hex(raw))


def mapped_units(installation: Installation) -> str:
    """Return the table of units that the site mapping of this host names; empty without one, or if it cannot be read."""
    try:
        mapping = kept_mapping(installation).mapping
    except CutterError:
        # It is told by whoever needs the mapping; a database of this console's own is none the less.
        return ""
    return mapping.units.table if mapping is not None else ""


def run_tables(installation: Installation) -> RunTables:
    """Return the tables that a run writes, by the mapping of this host. Raises as `kept_mapping` does."""
    return RunTables.of(kept_mapping(installation).mapping)


def tables_of_a_run(installation: Installation) -> tuple[str, ...]:
    """Return the tables that a run can touch: this product's, and those that the organisation's functions write, if a site mapping is kept."""
    mapping = kept_mapping(installation).mapping
    if mapping is None:
        return RUN_TABLES
    return (*map(mapping.console.in_database, RUN_TABLES), *mapping.written)


def tables_of_others(installation: Installation) -> tuple[str, ...]:
    """Return those of them that are the organisation's."""
    mapping = kept_mapping(installation).mapping
    return mapping.written if mapping is not None else ()


def kept_inventory(installation: Installation) -> tuple[str, ...]:
    """Return the lines of the inventory that was pinned; none without a file. Raises Unmeasured if it is not the pinned one."""
    path, pinned = installation.site_inventory, installation.settings.pins.schema_digest
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise Unmeasured(StopCode.UNREACHABLE, f"{path}: {error.strerror or error}", "Make it readable.") from error
    if sha256_hex(raw) != pinned:
        message = (
            f"{path} has sha256 {sha256_hex(raw)}, pinned is {pinned or 'none'}: somebody changed the file or the pin"
        )
        raise Unmeasured(
            StopCode.DRIFT, message, "Find out who did. Only where it is right: cutter-console init --pin --repin"
        )
    return tuple(raw.decode().split("\n"))


def keep_inventory(installation: Installation, lines: tuple[str, ...]) -> None:
    """Write the inventory whole, or leave the old one; its sha256 is the digest of the lines."""
    replace_file(installation.site_inventory, inventory_bytes(lines))


def inventory_bytes(lines: tuple[str, ...]) -> bytes:
    """Return the bytes of the file, over which the digest is computed."""
    return "\n".join(sorted(lines, key=str.encode)).encode()
