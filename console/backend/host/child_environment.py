"""The environment of the programs that the console starts: a list of allowed names keeps passwords out of it."""

import os
from collections.abc import Iterable, Mapping

_EVERY_PROGRAM = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "GNUPGHOME", "LD_LIBRARY_PATH")
_LIBPQ = (
    *("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSERVICE"),
    *("PGSERVICEFILE", "PGSYSCONFDIR", "PGCONNECT_TIMEOUT", "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS"),
    *("PGREQUIREAUTH", "PGREQUIREPEER", "PGCHANNELBINDING", "PGSSLMODE", "PGSSLNEGOTIATION", "PGSSLCERT", "PGSSLKEY"),
    *("PGSSLCERTMODE", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLSNI", "PGSSLMINPROTOCOLVERSION"),
    *("PGSSLMAXPROTOCOLVERSION", "PGGSSENCMODE", "PGGSSLIB", "PGKRBSRVNAME", "PGGSSDELEGATION"),
    *("PGMINPROTOCOLVERSION", "PGMAXPROTOCOLVERSION", "KRB5CCNAME", "KRB5_CONFIG", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
"""Variables with which libpq finds, encrypts and authenticates a connection; not those that change a session (PGOPTIONS, PGTZ, PGDATESTYLE)."""
# Some answers have no status line and are told by gpg's text, which another locale would translate.
_LOCALE = {"LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


def child_environment() -> dict[str, str]:
    """Return the environment of every child: paths, the user and a fixed locale; no libpq variable, nothing secret."""
    return {**_named(_EVERY_PROGRAM), **_LOCALE}


def libpq_environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a program that connects to the database as the console does, with `more`: pg_dump."""
    return {**child_environment(), **_named(_LIBPQ), **more}


def _named(names: Iterable[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}
