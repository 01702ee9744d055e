"""Time, randomness, host name and root come in through one object, so that tests and snapshots pin them."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def default_root() -> Path:
    """Return the root: CUTTER_ROOT, or /var/lib/cutter. An empty text would be the working directory: it names none."""
    return Path(os.environ.get("CUTTER_ROOT") or "/var/lib/cutter")


def _now() -> datetime:
    return datetime.now(UTC)


def _token_hex(count: int) -> str:
    # What secrets.token_hex does, without its import of hashlib and hmac before the first paint.
    return os.urandom(count).hex()


@dataclass(frozen=True)
class Context:
    """Everything that the process takes from outside: clock, randomness, host name, paths.

    `now` gives aware UTC times; `token_hex(n)` gives 2n hex digits; `root` is the runtime tree; `filesystem` is where
    the host's own files begin: /proc, /etc/machine-id, units, timers and cron tables are looked for below it; `package`
    is the folder of the deployed console itself, whose files are compared with the deploy manifest.
    """

    root: Path
    filesystem: Path = Path("/")
    package: Path = Path(__file__).resolve().parents[2]
    host: str = field(default_factory=socket.gethostname)
    now: Callable[[], datetime] = _now
    token_hex: Callable[[int], str] = _token_hex
