"""A network that lies: a TCP proxy on loopback between console and server that knows enough of the protocol to spot COMMIT."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import make_conninfo

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_CALLED = re.compile(rb"fn_\w+")
_LINGERS_S = 8.0


@dataclass(frozen=True)
class Fault:
    """What happens to the COMMIT of one transaction."""

    name: str
    delivers_after_s: float | None
    """When the server gets it, in seconds after the client's line died; None: never."""
    keeps_session: bool = False
    """The server's side of a lost line stays open for a while, as behind a router that is gone."""
    answers: bool = False
    """The client's line dies only after the server has answered."""
    swallows: bool = False
    """Nobody's line dies: nothing is handed on any more, in neither direction."""
    then_down: bool = False
    """No further connection comes about until the network is repaired."""


FAULTS: dict[str, Fault] = {
    one.name: one
    for one in (
        Fault("answer lost", 0.0, answers=True),
        Fault("request lost", None),
        Fault("request lost, session lingers", None, keeps_session=True),
        Fault("delivered 0.1 s late", 0.1),
        Fault("delivered 1 s late", 1.0),
        Fault("delivered 4 s late", 4.0),
        Fault("delivered 10 s late", 10.0),
        Fault("answer lost, then no network", 0.0, answers=True, then_down=True),
        Fault("request lost, then no network", None, then_down=True),
        Fault("delivered 1 s late, then no network", 1.0, then_down=True),
        Fault("black hole", None, swallows=True),
    )
}


@dataclass
class _Line:
    client: socket.socket
    server: socket.socket
    called: set[str] = field(default_factory=set)
    application: str = ""
    dead: threading.Event = field(default_factory=threading.Event)
    answered: threading.Event = field(default_factory=threading.Event)
    awaits: bool = False

    def close(self) -> None:
        """Both ends, without a farewell."""
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Proxy:
    """Hands everything on until the fault that it was told to have has its moment, once."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._fault: Fault | None = None
        self._where = re.compile("$^")
        self._mutex = threading.Lock()
        self.hit = threading.Event()
        """The fault has had its moment."""
        self.over = threading.Event()
        """Whatever the fault still delivers has been delivered."""
        self._is_down = False
        self._lines: list[_Line] = []
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._spawn(self._accept)

    def arm(self, fault: Fault, where: str) -> None:
        """Have this fault at the first COMMIT of a session that called a function, or has an application name, like this."""
        with self._mutex:
            self._fault, self._where = fault, re.compile(where)
            self.hit.clear()
            self.over.clear()

    def repair(self) -> None:
        """Let connections through again; a fault that has not come does not come any more."""
        with self._mutex:
            self._fault, self._is_down = None, False

    def conninfo(self, conninfo: str) -> str:
        """The same connection, by way of this proxy."""
        return make_conninfo(conninfo, host="127.0.0.1", port=self.port, sslmode="disable", gssencmode="disable")

    def close(self) -> None:
        """End all lines."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            line.dead.set()
            line.close()
        for thread in self._threads:
            thread.join(15)

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_down:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._server))
            except OSError:
                client.close()
                server.close()
                continue
            line = _Line(client, server)
            self._lines.append(line)
            self._spawn(self._forth, line)
            self._spawn(self._back, line)

    def _back(self, line: _Line) -> None:
        """From the server; after a COMMIT whose answer is lost, into nothing."""
        while data := _received(line.server):
            if line.awaits:
                line.answered.set()
                continue
            if line.dead.is_set():
                continue
            if not _sent(line.client, data):
                break
        line.answered.set()
        if not line.dead.is_set():
            line.close()

    def _forth(self, line: _Line) -> None:
        """From the client, message by message."""
        messages = _messages(line.client)
        for message in messages:
            line.called |= {name.decode() for name in _CALLED.findall(message)}
            if not line.application:
                line.application = _application(message)
            fault = self._due(line) if _commits(message) else None
            if fault is not None:
                self._have(fault, line, message + _rest_of_exchange(message, messages))
                return
            if not _sent(line.server, message):
                break
        if not line.dead.is_set():
            with contextlib.suppress(OSError):
                line.server.shutdown(socket.SHUT_WR)

    def _due(self, line: _Line) -> Fault | None:
        with self._mutex:
            fault = self._fault
            if fault is None or not any(map(self._where.search, (*line.called, line.application))):
                return None
            self._fault, self._is_down = None, fault.then_down
            return fault

    def _have(self, fault: Fault, line: _Line, commit: bytes) -> None:
        if fault.swallows:
            line.dead.set()
            self.hit.set()
            self.over.set()
            return
        if fault.answers:
            line.awaits = True
            _sent(line.server, commit)
            line.answered.wait(30)
        line.dead.set()
        with contextlib.suppress(OSError):
            line.client.shutdown(socket.SHUT_RDWR)
        self.hit.set()
        if not fault.answers and fault.delivers_after_s is not None:
            line.awaits = True
            threading.Event().wait(fault.delivers_after_s)
            _sent(line.server, commit)
            line.answered.wait(30)
        if fault.keeps_session:
            # Until the server's side ends, by the console's doing or in the end by itself.
            line.awaits = True
            line.answered.wait(_LINGERS_S)
        line.close()
        self.over.set()


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


def _sent(end: socket.socket, data: bytes) -> bool:
    try:
        end.sendall(data)
    except OSError:
        return False
    return True


def _messages(client: socket.socket) -> Iterator[bytes]:
    """The client's messages, whole; the first ones have no type byte."""
    buffer, started = b"", False
    while data := _received(client):
        buffer += data
        while True:
            offset = 1 if started else 0
            if len(buffer) < offset + 4:
                break
            size = struct.unpack_from("!I", buffer, offset)[0] + offset
            if len(buffer) < size:
                break
            message, buffer = buffer[:size], buffer[size:]
            if not started:
                started = struct.unpack_from("!I", message, 4)[0] not in {_SSL, _GSS, _CANCEL}
            yield message
    if buffer:
        yield buffer


def _commits(message: bytes) -> bool:
    """A simple query, or a parsed statement, that ends a transaction for good."""
    if message[:1] not in {b"Q", b"P"}:
        return False
    text = message[5:].partition(b"\0")[2] if message[:1] == b"P" else message[5:]
    return re.match(rb"\s*(COMMIT|END)\b", text, re.IGNORECASE) is not None


def _rest_of_exchange(commit: bytes, messages: Iterator[bytes]) -> bytes:
    """What a COMMIT that is one statement of several goes out with: the server executes it, and answers, when the Sync is there."""
    rest = b""
    if commit[:1] == b"P":
        for message in messages:
            rest += message
            if message[:1] == b"S":
                break
    return rest


def _application(message: bytes) -> str:
    parts = message.split(b"\0")
    if b"application_name" not in parts:
        return ""
    return parts[parts.index(b"application_name") + 1].decode("utf-8", "replace")


@contextmanager
def proxy(server: Path) -> Iterator[Proxy]:
    """A proxy in front of a server's socket."""
    made = Proxy(server)
    try:
        yield made
    finally:
        made.close()
