"""A line to the server that goes dead exactly where COMMIT would be answered."""

import socket
import threading
from contextlib import closing
from pathlib import Path


class CutsTheLine:
    """A proxy on a Unix socket that hands everything on, and drops the client where COMMIT would be answered."""

    def __init__(self, directory: Path, server: Path) -> None:
        self.directory = directory
        self.commit_seen = threading.Event()
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with closing(client), socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            back = threading.Thread(target=self._back, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(65536):
                if b"COMMIT\x00" in data:
                    self.commit_seen.set()
                server.sendall(data)
                if self.commit_seen.is_set():
                    break
            back.join(10)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        while data := server.recv(65536):
            if self.commit_seen.is_set():
                client.shutdown(socket.SHUT_RDWR)
                return
            client.sendall(data)

    def close(self) -> None:
        """End the proxy."""
        self._listener.close()
        self._thread.join(10)
