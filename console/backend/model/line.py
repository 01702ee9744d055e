"""The line between a console and its server: where it leads, whether it is encrypted, and whose certificate was checked."""

from enum import StrEnum
from ipaddress import ip_address

from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

_CHECKS = {"verify-full": "certificate and host name are checked", "verify-ca": "the host name is not checked"}
VERIFY = "In the service give sslmode=verify-full, and sslrootcert=FILE with the certificate of the server's CA."


class Reach(StrEnum):
    """The distance of a line."""

    SOCKET = "socket"
    LOOPBACK = "loopback"
    NETWORK = "network"


class Line(Value):
    """One line, as libpq has opened it, and the verdict on it."""

    reach: Reach
    host: SafeText
    """Host name or address as the service names it; the folder of a socket."""
    address: SafeText = ""
    """Address that answered; empty for a socket."""
    encrypted_by: str
    """TLS, GSS, or empty for plain text."""
    sslmode: str
    """The demand of the connection string, with the environment and the service file."""
    outcome: Outcome
    sentence: SafeText
    next_action: SafeText = ""

    @property
    def is_tls_by_chance(self) -> bool:
        """Return whether TLS is used that the connection string does not demand: the next connection may have none."""
        return self.encrypted_by == "TLS" and self.sslmode in {"allow", "prefer"}


def reach_of(address: str) -> Reach:
    """Return how far a line leads, by the address that answered; an address that cannot be read counts as far."""
    if not address or address.startswith(("/", "@")):
        return Reach.SOCKET
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return Reach.NETWORK
    mapped = getattr(read, "ipv4_mapped", None)
    return Reach.LOOPBACK if (mapped or read).is_loopback else Reach.NETWORK


def line(host: str, address: str, *, uses_tls: bool, sslmode: str, gssencmode: str) -> Line:
    """Pure: judge a line. FAIL for plain text over a network, PARTIAL if it is not checked who is at its other end."""
    reach = reach_of(address)
    # libpq does not tell whether GSS encrypts, but if that is required it does, or there is no line.
    encrypted_by = "TLS" if uses_tls else "GSS" if gssencmode == "require" and reach is not Reach.SOCKET else ""
    outcome, sentence, next_action = _judged(reach, host, address, encrypted_by, sslmode)
    return Line(
        reach=reach,
        host=host,
        address="" if reach is Reach.SOCKET else address,
        encrypted_by=encrypted_by,
        sslmode=sslmode,
        outcome=outcome,
        sentence=sentence,
        next_action=next_action,
    )


def _judged(reach: Reach, host: str, address: str, encrypted_by: str, sslmode: str) -> tuple[Outcome, str, str]:
    if reach is Reach.SOCKET:
        return Outcome.PASS, f"Unix socket in {host}", ""
    place = f"{host} at {address}" if host != address else host
    if reach is Reach.LOOPBACK:
        return Outcome.PASS, f"{place}, on this host, {encrypted_by or 'in plain text'}", ""
    if not encrypted_by:
        sentence = (
            f"{place}, in plain text (sslmode {sslmode}): whoever is on the line can read and change what is sent"
        )
        return Outcome.FAIL, sentence, f"On the server set ssl = on with a certificate. {VERIFY}"
    if encrypted_by == "GSS":
        return Outcome.PASS, f"{place}, encrypted by GSS, which checks who answers", ""
    checked = _CHECKS.get(sslmode, "nobody checks whose certificate it is")
    sentence = f"{place}, TLS, sslmode {sslmode}: {checked}"
    return (Outcome.PASS, sentence, "") if sslmode == "verify-full" else (Outcome.PARTIAL, sentence, VERIFY)
