"""Finds out if the database has another layout than this product's, and says so where an answer cannot be given."""

from contextlib import suppress

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import mapped_units
from console.backend.model.errors import CutterError, StopCode, Unmeasured
from console.backend.postgres.connections import connect
from console.backend.postgres.site_catalogue import is_of_another_layout

NOT_INSTALLED = "nothing of this console is installed in this database, which has units of its own"
_ONLY_READS = "Read what is there: cutter-console status, cutter-console unit list; see what is missing: cutter-console adopt inspect"
_NOT_OF_A_LAYOUT = frozenset({StopCode.UNREACHABLE, StopCode.IDENTITY_MISMATCH, StopCode.LOCKED, StopCode.HOLD})


def is_elsewhere(installation: Installation, error: CutterError) -> bool:
    """Return whether this error came because the database has another layout; False if that cannot be found out."""
    if error.code in _NOT_OF_A_LAYOUT:
        return False
    with suppress(CutterError):
        return has_another_layout(installation)
    return False


def has_another_layout(installation: Installation) -> bool:
    """Return whether the database has another layout, asked as the monitoring role. Raises CutterError if it cannot be asked."""
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, timeout_s=5, purpose="layout") as connection:
        return is_of_another_layout(connection, mapped_units(installation))


def explained(installation: Installation, error: CutterError) -> CutterError:
    """Return the error, or, if the database has another layout, one that says so and what is possible there."""
    is_of_the_server = isinstance(error.__cause__, psycopg.Error)
    return not_installed(error) if is_of_the_server and is_elsewhere(installation, error) else error


def not_installed(error: CutterError | None = None) -> Unmeasured:
    """Return the error of a question about this console's own tables, in a database that has none."""
    cause = f" ({error.message.rpartition(': ')[2]})" if error is not None else ""
    return Unmeasured(StopCode.DRIFT, f"{NOT_INSTALLED}{cause}", _ONLY_READS)
