"""A line that goes dead without a word: what is sent is taken, and nothing ever comes back."""

import socket
import threading
from contextlib import suppress
from pathlib import Path


class BlackHole:
    """A proxy on a Unix socket, for any number of connections, that hands nothing on any more once `swallow` was called."""

    def __init__(self, directory: Path, server: Path) -> None:
        self.directory = directory
        self._swallows = threading.Event()
        self._server = server
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database: str, role: str) -> str:
        """A connection string that goes through it."""
        return f"host={self.directory} port=5432 dbname={database} user={role}"

    def swallow(self) -> None:
        """Go dead: lines that are open, and those that are opened from now on."""
        self._swallows.set()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._server))
                self._open += [client, server]
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._hand_on, args=(source, target), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not self._swallows.is_set():
                    target.sendall(data)

    def close(self) -> None:
        """End it, and whatever is open."""
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
