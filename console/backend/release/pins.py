"""The pins: what identifies host, database and release, measured once, shown to a person, written to the settings."""

import json
from pathlib import Path

import psycopg

from console.backend.host.durable import rewrite_file
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular, sha256_file
from console.backend.host.settings import PinSettings, Settings
from console.backend.host.site_files import kept_mapping, mapped_units
from console.backend.model.errors import Refused, StopCode, Unmeasured, UsageError
from console.backend.model.safe_text import SafeText
from console.backend.model.unreadable import why_unreadable
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.inventory import digest_of, measure_inventory
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.site_catalogue import is_of_another_layout
from console.backend.postgres.site_inventory import site_lines
from console.backend.postgres.site_layout import read_layout

MANIFEST_PIN = "deploy_manifest_sha256"
_UNSET = frozenset({"", "0", "none"})


class Pin(Value):
    """One pinned value and the one before it; `old` is empty if nothing was pinned."""

    name: str
    old: SafeText
    new: SafeText

    @property
    def changes(self) -> bool:
        """Return whether a pin that is set would become another one."""
        return bool(self.old) and self.old != self.new


class MeasuredPins(Value):
    """Pins measured on this installation now."""

    pins: PinSettings
    deploy_manifest_sha256: str = ""
    """Empty if the manifest's file is not there."""
    inventory: tuple[str, ...] = ()
    """Lines of the inventory of a database of another layout, which this host keeps; empty for this product's own."""


def machine_id(filesystem: Path) -> str:
    """Return the content of etc/machine-id. Raises Unmeasured if it is missing, empty or not text."""
    path = filesystem / "etc/machine-id"
    try:
        identity = read_regular(path).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_machine_id(path, str(getattr(error, "strerror", "not text"))) from error
    if not identity:
        raise _no_machine_id(path, "it is empty")
    return identity


def _no_machine_id(path: Path, reason: str) -> Unmeasured:
    return Unmeasured(StopCode.UNREACHABLE, f"{path}: {reason}", "Give the host an identity: systemd-machine-id-setup")


def measure_pins(installation: Installation, machine: str) -> MeasuredPins:
    """Measure host, database, schema and deploy manifest. Raises CutterError if one of them cannot be read."""
    with connect(installation.settings.database.monitor, read_only=True, timeout_s=30, purpose="pins") as connection:
        inventory: tuple[str, ...] = ()
        if is_of_another_layout(connection, mapped_units(installation)):
            kept = kept_mapping(installation)
            inventory = site_lines(
                connection, read_layout(connection, kept.mapping, by_rows=False).mapping.schemas, kept.sha256
            )
        return MeasuredPins(
            pins=_database_pins(connection, installation.context.host, machine, inventory),
            deploy_manifest_sha256=manifest_digest(installation),
            inventory=inventory,
        )


def _database_pins(connection: psycopg.Connection, host: str, machine: str, inventory: tuple[str, ...]) -> PinSettings:
    target = measure_identity(connection, host).target
    return PinSettings(
        host=target.host,
        machine_id=machine,
        database=target.database,
        system_identifier=target.system_identifier,
        timeline=target.timeline,
        schema_digest=digest_of(inventory) if inventory else measure_inventory(connection).pinned_digest,
    )


def manifest_path(installation: Installation) -> Path:
    """Return the path of the deploy manifest."""
    return installation.settings.under(installation.root, installation.settings.deploy_manifest)


def manifest_digest(installation: Installation) -> str:
    """Return the sha256 of the deploy manifest's file, or an empty text. Raises Unmeasured if it cannot be read."""
    path = manifest_path(installation)
    try:
        return sha256_file(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unmeasured(StopCode.UNREACHABLE, f"{path}: {error.strerror}", "Make it readable.") from error


def compared(settings: Settings, measured: MeasuredPins) -> tuple[Pin, ...]:
    """Pure: every pin as it is set and as it was measured; a manifest that is not there is not pinned."""
    now = {name: str(value) for name, value in measured.pins.model_dump(mode="json").items()}
    pinned = {name: str(value) for name, value in settings.pins.model_dump(mode="json").items()}
    if measured.deploy_manifest_sha256:
        now[MANIFEST_PIN] = measured.deploy_manifest_sha256
        pinned[MANIFEST_PIN] = settings.deploy_manifest_sha256
    return tuple(Pin(name=name, old="" if pinned[name] in _UNSET else pinned[name], new=now[name]) for name in now)


def require_unchanged(pins: tuple[Pin, ...]) -> None:
    """Raise Refused naming old and new of every pin that would change, if any would."""
    changes = [f"{pin.name}: pinned {pin.old}, now {pin.new}" for pin in pins if pin.changes]
    if changes:
        action = "Find out why; only where it is right: cutter-console init --pin --repin"
        raise Refused(StopCode.IDENTITY_MISMATCH, "\n".join(changes), action)


def with_pins(settings: Settings, measured: MeasuredPins) -> Settings:
    """Pure: the settings with these pins."""
    update: dict[str, object] = {"pins": measured.pins}
    if measured.deploy_manifest_sha256:
        update[MANIFEST_PIN] = measured.deploy_manifest_sha256
    return settings.model_copy(update=update)


def write_pins(config: Path, measured: MeasuredPins) -> None:
    """Put the pins into the configuration: whole or not at all, the rest of the file, its owner and mode as they were.

    Raises UsageError if the file is not there or holds no JSON object.
    """
    try:
        raw = json.loads(config.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"{config}: {why_unreadable(error)}", "Make it: cutter-console init"
        ) from error
    if not isinstance(raw, dict):
        raise UsageError(StopCode.REFUSED_INPUT, f"{config}: not a JSON object", "Write one object with the settings.")
    raw["pins"] = measured.pins.model_dump(mode="json")
    if measured.deploy_manifest_sha256:
        raw[MANIFEST_PIN] = measured.deploy_manifest_sha256
    rewrite_file(config, (json.dumps(raw, indent=2, ensure_ascii=False) + "\n").encode())
