"""A line to the server that lies where COMMIT is sent: the answer is lost, or the request, or it is delivered late."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import pytest

from console.backend.postgres.session import Session
from tests.support.passage import Passage


class Lie(StrEnum):
    """What becomes of a COMMIT whose client is dropped."""

    ANSWER_LOST = "answer lost"
    """The server gets it, and answers nobody."""
    REQUEST_LOST = "request lost"
    """The server never gets it, and its session stays open."""
    LATE = "late"
    """The server gets it when `deliver` is called, long after the client is gone."""


_NAMED = re.compile(rb"""["\x00](cutter-console [^"\x00]+)["\x00]""")
"""The name of a session where it is sent: at the login, and among the settings of a later transaction."""


class CutsTheLine:
    """A proxy on a Unix socket that hands everything on, and drops the client that sends COMMIT, after so many others.

    With a name, only COMMITs count of sessions that have it at that moment: one session can serve several purposes.
    """

    def __init__(
        self, directory: Path, server: Path, lie: Lie = Lie.ANSWER_LOST, after: int = 0, named: str = ""
    ) -> None:
        self.directory = directory
        self._named = named.encode()
        self._before = after
        self.commit_seen = threading.Event()
        self._deliver = threading.Event()
        self._over = threading.Event()
        self._lie = lie
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def conninfo(self, database: str, role: str) -> str:
        """A connection string that goes through the proxy."""
        return f"host={self.directory} port=5432 dbname={database} user={role}"

    def deliver(self) -> None:
        """Hand the late COMMIT on, now."""
        self._deliver.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(client,), daemon=True))
                self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError), closing(client), socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            lied = threading.Event()
            back = threading.Thread(target=self._back, args=(server, client, lied), daemon=True)
            back.start()
            self._forward(client, server, lied)
            if not lied.is_set() or self._lie is Lie.REQUEST_LOST:
                with suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
            back.join(10)

    def _forward(self, client: socket.socket, server: socket.socket, lied: threading.Event) -> None:
        name = b""
        while data := client.recv(65536):
            # As psycopg sends a transaction, its settings are in the message that begins it.
            name = (_NAMED.findall(data) or [name])[-1]
            is_spared = bool(self._named) and name != self._named
            if b"COMMIT\x00" not in data or is_spared or self.commit_seen.is_set() or self._let_through():
                server.sendall(data)
                continue
            lied.set()
            self.commit_seen.set()
            if self._lie is not Lie.ANSWER_LOST:
                client.shutdown(socket.SHUT_RDWR)
                (self._deliver if self._lie is Lie.LATE else self._over).wait(60)
            if self._lie is not Lie.REQUEST_LOST:
                with suppress(OSError):
                    server.sendall(data)
            return

    def _let_through(self) -> bool:
        self._before -= 1
        return self._before >= 0

    def _back(self, server: socket.socket, client: socket.socket, lied: threading.Event) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if lied.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def close(self) -> None:
        """End the proxy."""
        self._deliver.set()
        self._over.set()
        with suppress(OSError):
            # A thread that waits in accept does not hear of close alone.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


@contextmanager
def lying(passage: Passage, what: str, role: str, folder: Path, lie: Lie, *, after: int = 0) -> Iterator[CutsTheLine]:
    """Send what a role does through a line that lies at its COMMIT for this purpose, after so many others; what connects later is spared."""
    server = passage.cluster.socket_dir / ".s.PGSQL.5432"
    proxy = CutsTheLine(folder, server, lie, after, f"cutter-console {what}")
    real = Session.connect

    def connect(conninfo: str, **options: object) -> Session:
        mine = role in conninfo and not proxy.commit_seen.is_set()
        return real(proxy.conninfo(passage.database, role) if mine else conninfo, **options)  # type: ignore[arg-type]

    with closing(proxy), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "connect", connect)
        yield proxy
