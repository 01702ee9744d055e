"""A line to the server that lies where COMMIT is sent: the answer is lost, or the request, or it is delivered late."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import pytest

from console.backend.postgres.sessions import Session
from tests.support.passage import Passage


class Lie(StrEnum):
    """What becomes of a COMMIT whose client is dropped."""

    ANSWER_LOST = "answer lost"
    """The server gets it, and answers nobody."""
    REQUEST_LOST = "request lost"
    """The server never gets it, and its session stays open."""
    LATE = "late"
    """The server gets it when `deliver` is called, long after the client is gone."""


class CutsTheLine:
    """A proxy on a Unix socket that hands everything on, and drops the client where COMMIT is sent, after so many others."""

    def __init__(self, directory: Path, server: Path, lie: Lie = Lie.ANSWER_LOST, after: int = 0) -> None:
        self.directory = directory
        self._before = after
        self.commit_seen = threading.Event()
        self._deliver = threading.Event()
        self._over = threading.Event()
        self._lie = lie
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def conninfo(self, database: str, role: str) -> str:
        """A connection string that goes through the proxy; the line takes one connection."""
        return f"host={self.directory} port=5432 dbname={database} user={role}"

    def deliver(self) -> None:
        """Hand the late COMMIT on, now."""
        self._deliver.set()

    def _serve(self) -> None:
        with suppress(OSError):
            client, _ = self._listener.accept()
            with closing(client), socket.socket(socket.AF_UNIX) as server:
                server.connect(str(self._server))
                back = threading.Thread(target=self._back, args=(server, client), daemon=True)
                back.start()
                self._forward(client, server)
                if self._lie is Lie.REQUEST_LOST:
                    with suppress(OSError):
                        server.shutdown(socket.SHUT_RDWR)
                back.join(10)

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        while data := client.recv(65536):
            if b"COMMIT\x00" not in data or self._before:
                self._before -= b"COMMIT\x00" in data
                server.sendall(data)
                continue
            self.commit_seen.set()
            if self._lie is not Lie.ANSWER_LOST:
                client.shutdown(socket.SHUT_RDWR)
                (self._deliver if self._lie is Lie.LATE else self._over).wait(60)
            if self._lie is not Lie.REQUEST_LOST:
                with suppress(OSError):
                    server.sendall(data)
            return

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(65536):
                if self.commit_seen.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def close(self) -> None:
        """End the proxy."""
        self._deliver.set()
        self._over.set()
        self._listener.close()
        self._thread.join(10)


@contextmanager
def lying(passage: Passage, what: str, role: str, folder: Path, lie: Lie, *, after: int = 0) -> Iterator[CutsTheLine]:
    """Send the writing connection of this purpose through a line that lies at its COMMIT, after so many others on it."""
    proxy = CutsTheLine(folder, passage.cluster.socket_dir / ".s.PGSQL.5432", lie, after)
    real, seen = Session.connect, 0
    # What the verifier measures is read on a connection of its own, before the one that writes.
    which = 2 if what in {"structural_verify", "write_verify", "edit: verify"} else 1

    def connect(conninfo: str, **options: object) -> Session:
        nonlocal seen
        named = options.get("application_name") == f"cutter-console {what}" and role in conninfo
        seen += named
        mine = named and seen == which
        return real(proxy.conninfo(passage.database, role) if mine else conninfo, **options)  # type: ignore[arg-type]

    with closing(proxy), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "connect", connect)
        yield proxy
