"""Lines as libpq has opened them: what they use, which of them may carry a write, and why one was not opened for its certificate."""

import re
import socket
import ssl
import struct
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from console.backend.model import line as model
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.line import Line
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import safe_text

_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
_LOOK_S = 5.0
_EXPIRED, _NOT_YET = 10, 9
"""Codes of OpenSSL for a certificate whose time is over, or has not come."""
_ISSUED_ELSEWHERE = frozenset({2, 18, 19, 20, 21})
_REFUSED: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (
        re.compile(r'server certificate for ".*" (?:\(and .*\) )?does not match host name'),
        "the server's certificate is for another host name than the service names: this may be another server",
        "Find out which server answers; then name in the service (host=) what its certificate names.",
    ),
    (
        re.compile(r"server does not support SSL, but SSL was required"),
        "the server has no TLS, which the service demands: this may be another server",
        "Find out which server answers; then set ssl = on there, with ssl_cert_file and ssl_key_file, and reload it.",
    ),
    (
        re.compile(r'root certificate file "[^"]*" does not exist|could not read root certificate file'),
        "the file with the certificate of the server's CA cannot be read",
        "Copy the CA's certificate to this host, and name the file in the service: sslrootcert=FILE",
    ),
    (
        # The server says so of every line without TLS. It is no reason over a Unix socket, nor where it refused the same with TLS.
        re.compile(r"\A(?!.*, SSL encryption).*pg_hba\.conf(?:(?!\[local\]).)*, no encryption", re.DOTALL),
        "the server takes no line in plain text (pg_hba.conf)",
        model.VERIFY,
    ),
    (
        re.compile(r"requires a valid client certificate|certificate required"),
        "the server wants a certificate of the client",
        "Name it in the service: sslcert=FILE and sslkey=FILE",
    ),
    (
        re.compile(r"failed: (?:session is read-only|server is in hot standby mode)"),
        "the service wants a server that takes writes (target_session_attrs), and of its hosts those that answer only read",
        "See which of them is the primary, and if it runs. If sessions only begin READ ONLY there (default_transaction_read_only of the role or the database),"
        " write target_session_attrs=primary into the service in the place of read-write: it asks what the server is, not how a session begins.",
    ),
    (
        re.compile(r"failed: (?:session is not read-only|server is not in hot standby mode)"),
        "the service wants a server that only reads (target_session_attrs), and of its hosts none that is one answers",
        "See if the standby runs, or write target_session_attrs=prefer-standby into the service: without a standby it takes the primary.",
    ),
)
"""Words of libpq or the server, what they mean, and the next action."""
_OF_THE_SERVER = re.compile(r"(?:^|failed: )[^\s:]+:  (.*)", re.MULTILINE)
"""A server's own words in libpq's message, behind their severity, which may be in another language; libpq's own have none."""
_NO_LIMIT = re.compile(
    r"authentication failed|no pg_hba\.conf entry|pg_hba\.conf rejects|does not exist|is not permitted to log in|the database system is "
)


def may_be_a_limit(error: psycopg.OperationalError) -> bool:
    """Return whether a server has refused this login for what may be its number of sessions; in another language any reason may be."""
    return any(_NO_LIMIT.search(words) is None for words in _OF_THE_SERVER.findall(str(error)))


def line_of(connection: psycopg.Connection) -> Line:
    """Return how a connection reaches its server, without asking it."""
    pgconn = connection.pgconn
    demanded = _parameters(pgconn)
    return model.line(
        pgconn.host.decode(errors="replace"),
        pgconn.hostaddr.decode(errors="replace"),
        uses_tls=pgconn.ssl_in_use,
        sslmode=demanded.get("sslmode", ""),
        gssencmode=demanded.get("gssencmode", ""),
    )


def require_line_for_writing(connection: psycopg.Connection) -> None:
    """Raise Refused if what is written on this connection would go over a network in plain text."""
    _require_line(line_of(connection), "nothing is written over this line")


def require_line_for_backup(connection: psycopg.Connection, conninfo: str) -> str:
    """Return the connection string for a dump beside this connection. Raises Refused if it goes over a network in plain text.

    Of TLS that was used and not demanded, the dump's program would go on without if somebody on the line says so.
    """
    used = line_of(connection)
    _require_line(used, "nothing is backed up over this line")
    return make_conninfo(conninfo, sslmode="require") if used.is_tls_by_chance else conninfo


def _require_line(used: Line, refusal: str) -> None:
    if used.outcome is Outcome.FAIL:
        raise Refused(StopCode.IDENTITY_MISMATCH, f"{refusal}: {used.sentence}", used.next_action)


def refused_line(error: psycopg.Error) -> CutterError | None:
    """Return the error for a line that was not opened for its encryption, or None if it is about something else."""
    message = safe_text(str(error))
    if "certificate verify failed" in message:
        return _unmeasured(*_untrusted(error))
    meant = (_unmeasured(sentence, action) for words, sentence, action in _REFUSED if words.search(message))
    return next(meant, None)


def _unmeasured(sentence: str, next_action: str) -> CutterError:
    return Unmeasured(StopCode.UNREACHABLE, f"no connection was made: {sentence}", next_action)


def _parameters(pgconn: psycopg.pq.abc.PGconn) -> dict[str, str]:
    """Return the parameters of a connection with what environment, service file and defaults have given."""
    return {
        option.keyword.decode(): option.val.decode(errors="replace") for option in pgconn.info if option.val is not None
    }


def _untrusted(error: psycopg.Error) -> tuple[str, str]:
    """Return why a certificate was not believed, and what to do: libpq says that it was not, and no more."""
    code, words = _verify_again(error)
    renew = "Have it renewed on the server (ssl_cert_file), and the server reloaded."
    if code == _EXPIRED:
        return "the server's certificate, or its CA's, has expired", renew
    if code == _NOT_YET:
        return "the server's certificate is not valid yet", "Compare the clocks of both hosts: timedatectl status"
    if code in _ISSUED_ELSEWHERE:
        sentence = (
            "the server's certificate was not issued by the CA that the service names: this may be another server"
        )
        return sentence, "Find out which server answers; only then name its CA in the service: sslrootcert=FILE"
    known = f" ({words})" if words else ""
    return f"the server's certificate was not believed{known}", f"Look at its dates and its issuer. {renew}"


def _verify_again(error: psycopg.Error) -> tuple[int, str]:
    """Shake hands once more, for the reason alone; nothing is sent on that line. Return 0 if it cannot be told."""
    if error.pgconn is None:
        return 0, ""
    try:
        demanded = _parameters(error.pgconn)
        host = demanded.get("hostaddr") or demanded.get("host", "")
        root = demanded.get("sslrootcert") or str(Path("~/.postgresql/root.crt").expanduser())
        context = ssl.create_default_context(cafile=None if root == "system" else root)
        context.check_hostname = False
        with socket.create_connection((host, int(demanded.get("port", "5432"))), timeout=_LOOK_S) as plain:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) == b"S":
                with context.wrap_socket(plain):
                    pass
    except ssl.SSLCertVerificationError as refused:
        return refused.verify_code, safe_text(refused.verify_message)
    except (OSError, ValueError, psycopg.Error):
        pass
    return 0, ""
