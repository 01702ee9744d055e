"""Counts round trips to a server: a proxy on loopback that reads which of the client's messages want an answer.

A round trip is what a client sends before it waits for the server: messages that are sent together count once. The count
is of messages, not of packets, so that it does not depend on how fast the machine is.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_OPENS = frozenset({_SSL, _GSS, _CANCEL})
_WANTS_AN_ANSWER = b"QSFp"
"""A simple query, the end of a pipeline, a function call, a password."""
_FLUSH = b"H"
_OF_THE_CONSOLE = "cutter-console"


class Line:
    """What one connection has sent."""

    def __init__(self) -> None:
        self.application = ""
        self.user = ""
        self.trips = 0
        self.statements: list[str] = []
        """The beginning of each statement, and the number of the round trip that it was a part of."""
        self._buffer = b""
        self._is_open = False
        self._is_pending = False

    @property
    def is_of_the_console(self) -> bool:
        """Other programs are pg_dump, whose statements depend on the schema, and requests to cancel, which have no name."""
        return self.application.startswith(_OF_THE_CONSOLE)

    def sent(self, data: bytes) -> None:
        """Take note of bytes of the client."""
        self._buffer += data
        while True:
            at = 1 if self._is_open else 0
            if len(self._buffer) < at + 4:
                return
            size = struct.unpack_from("!I", self._buffer, at)[0] + at
            if len(self._buffer) < size:
                return
            message, self._buffer = self._buffer[:size], self._buffer[size:]
            if self._is_open:
                self._take(message)
            else:
                self._login(message)

    def _login(self, message: bytes) -> None:
        self.trips += 1
        if struct.unpack_from("!I", message, 4)[0] in _OPENS:
            return
        self._is_open = True
        words = message[8:].split(b"\0")
        options = dict(zip(words[::2], words[1::2], strict=False))
        self.application = options.get(b"application_name", b"").decode()
        self.user = options.get(b"user", b"").decode()

    def _take(self, message: bytes) -> None:
        kind = message[:1]
        if kind in {b"P", b"Q"}:
            text = message[5:].partition(b"\0")[2] if kind == b"P" else message[5:]
            words = text.partition(b"\0")[0].decode("utf-8", "replace").split()
            self.statements.append(f"{self.trips + 1}: {' '.join(words)}")
        # A request to send what is there wants an answer only if there is something to be answered.
        if kind in _WANTS_AN_ANSWER or (kind == _FLUSH and self._is_pending):
            self.trips += 1
            self._is_pending = False
        elif kind != _FLUSH:
            self._is_pending = True


class CountingProxy:
    """Hands everything on, and counts."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._mutex = threading.Lock()
        self._lines: list[Line] = []
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def conninfo(self, conninfo: str) -> str:
        """The same connection, by way of this proxy."""
        return make_conninfo(conninfo, host="127.0.0.1", port=self._port, sslmode="disable", gssencmode="disable")

    def taken(self) -> list[Line]:
        """The lines since this was last asked, of which none may be open any more."""
        with self._mutex:
            lines, self._lines = self._lines, []
        return lines

    def close(self) -> None:
        """End all lines."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        for thread in self._threads:
            thread.join(15)

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = Line()
            with self._mutex:
                self._lines.append(line)
                self._ends += [client, server]
            self._spawn(self._hand_on, client, server, line)
            self._spawn(self._hand_on, server, client, None)

    @staticmethod
    def _hand_on(source: socket.socket, target: socket.socket, line: Line | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if line is not None:
                    line.sent(data)
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def counting_proxy(server: Path) -> Iterator[CountingProxy]:
    """A counting proxy in front of a server's socket."""
    made = CountingProxy(server)
    try:
        yield made
    finally:
        made.close()
