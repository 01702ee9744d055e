"""init: makes the runtime tree or, with --pin, writes the identity of this installation into its configuration."""

from console.backend.host.settings import CONFIG_NAME
from console.backend.host.site_files import keep_inventory
from console.backend.model.errors import ExitStatus, StopCode, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.value import Value
from console.backend.release.pins import Pin, compared, machine_id, measure_pins, require_unchanged, write_pins
from console.cli import database
from console.cli.arguments import Options
from console.cli.installation import installation_of
from console.cli.installation_requests import Init
from console.cli.operations import Nothing
from console.cli.output import report


class PinsSet(Value):
    """Every pin as it was and as it is now."""

    config: str
    pins: tuple[Pin, ...]


def init(options: Options, request: Init) -> ExitStatus:
    """Make the runtime tree; with --pin measure host, database and release instead, and pin them."""
    if request.pin:
        return _pin(options, request)
    if request.repin:
        raise UsageError(StopCode.REFUSED_INPUT, "--repin belongs to --pin", "cutter-console init --pin --repin")
    return database.init(options, Nothing())


def _pin(options: Options, request: Init) -> ExitStatus:
    """Measure and write the pins. Raises Refused, naming old and new, if a pin would change without --repin."""
    installation = installation_of(options)
    measured = measure_pins(installation, machine_id(installation.context.filesystem))
    pins = compared(installation.settings, measured)
    if not request.repin:
        require_unchanged(pins)
    config = options.config or installation.root / CONFIG_NAME
    if measured.inventory:
        # First: a pin without its lines would say that something differs, and not what.
        keep_inventory(installation, measured.inventory)
    write_pins(config, measured)
    lines = [*(_line(pin) for pin in pins), f"written to {config}"]
    if measured.inventory:
        lines.append(f"inventory of {len(measured.inventory)} lines written to {installation.site_inventory}")
    if not measured.deploy_manifest_sha256:
        lines.append(
            f"there is no deploy manifest at {installation.settings.deploy_manifest}; copy it there and pin again"
        )
    return report(options, "init", Outcome.PASS, lines, PinsSet(config=str(config), pins=pins))


def _line(pin: Pin) -> str:
    was = f"  (was {pin.old})" if pin.changes else "" if pin.old else "  (new)"
    return f"{pin.name:<24} {pin.new}{was}"
