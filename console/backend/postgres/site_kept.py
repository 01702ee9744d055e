"""A database that an organisation's functions write for, asked by a host that keeps no site mapping: what it names cannot be known."""

import psycopg

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.postgres.site_gateway import tied_mapping

_AGAIN = (
    "Copy artifacts/site-mapping.toml from a root that has it; or as the monitoring role, with its connection:"
    """ psql -XAt -o FILE -c "SELECT rtrim(toml, E'\\n') FROM cutter_console.site_mapping WHERE sha256 = '{sha256}'" """
    "(compare: sha256sum FILE). It belongs below this root as artifacts/site-mapping.toml; then: cutter-console init --pin --repin"
)


def require_kept_mapping(connection: psycopg.Connection, *, is_kept: bool) -> None:
    """Raise Unmeasured if units are passed on by a site mapping and this host keeps none.

    To be asked where something of the console's own was not found: without the mapping it is looked for in the wrong place.
    """
    tied = None if is_kept else tied_mapping(connection)
    if tied is not None:
        raise Unmeasured(
            StopCode.DRIFT,
            f"this host keeps no site mapping, and the database is tied to an organisation's functions by the one of sha256 {tied}",
            _AGAIN.format(sha256=tied),
        )
