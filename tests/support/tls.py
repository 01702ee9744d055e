"""A server with TLS for tests: real TLS on loopback, or on the machine's own address, in front of the tests' PostgreSQL.

The embedded servers are built without TLS, and a machine may have no openssl: the certificates lie beside this file, for
`db.example.test`. Their key protects nothing.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

CERTIFICATES = Path(__file__).parent / "certificates"
NAME = "db.example.test"
_SSL, _GSS = 80877103, 80877104


class TlsServer:
    """Hands on what comes by TLS to a server's Unix socket; without a certificate it has no TLS, and takes plain text."""

    def __init__(self, server: Path, certificate: str, address: str) -> None:
        self._server = server
        self._context: ssl.SSLContext | None = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(CERTIFICATES / certificate, CERTIFICATES / "server_key.pem")
        self._listener = socket.create_server((address, 0))
        self.address, self.port = self._listener.getsockname()[:2]
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, conninfo: str, **changes: str) -> str:
        """The same connection by way of this server, under its name."""
        line = {"host": NAME, "hostaddr": self.address, "gssencmode": "disable", **changes}
        return make_conninfo(conninfo, port=self.port, **line)

    def close(self) -> None:
        """End all lines."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._ends.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        # ValueError: of a line that `close` has ended while it was waited for.
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            head = client.recv(8, socket.MSG_WAITALL)
            while len(head) == 8 and struct.unpack("!ii", head)[1] in {_SSL, _GSS}:
                is_tls = struct.unpack("!ii", head)[1] == _SSL and self._context is not None
                client.sendall(b"S" if is_tls else b"N")
                if is_tls:
                    assert self._context is not None
                    # The handshake may fail; what it would leave behind is closed at the end.
                    client = self._context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
                    self._ends.append(client)
                    client.do_handshake()
                    head = b""
                else:
                    head = client.recv(8, socket.MSG_WAITALL)
            server.sendall(head)
            _hand_on(client, server)
        client.close()


def _hand_on(client: socket.socket, server: socket.socket) -> None:
    """In one thread: two must not use one TLS session at a time."""
    other = {client: server, server: client}
    while True:
        pending = isinstance(client, ssl.SSLSocket) and client.pending()
        for end in [client] if pending else select.select([client, server], [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            other[end].sendall(data)


@contextmanager
def tls_server(server: Path, certificate: str = "server.pem", *, address: str = "127.0.0.1") -> Iterator[TlsServer]:
    """A server with TLS in front of the one behind this Unix socket, until the end of the block."""
    proxy = TlsServer(server, certificate, address)
    try:
        yield proxy
    finally:
        proxy.close()


def own_address() -> str:
    """This machine's address in its network; empty if it has none but loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            # Nothing is sent: the system only chooses the address that it would send from.
            asked.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        address = str(asked.getsockname()[0])
    return "" if address.startswith("127.") or address == "0.0.0.0" else address
