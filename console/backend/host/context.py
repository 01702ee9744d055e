"""Time, randomness, host name and root come in through one object, so that tests and snapshots pin them."""

import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


def default_root() -> Path:
    """CUTTER_ROOT, or /var/lib/cutter."""
    return Path(os.environ.get("CUTTER_ROOT", "/var/lib/cutter"))


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """Inputs of the process from its surroundings.

    `now` gives aware UTC times; `token_hex(n)` gives 2n hex digits; `root` is the runtime tree; `filesystem` is where
    the host's own files begin: /proc, /etc/machine-id, units, timers and cron tables are looked for below it; `package`
    is the folder of the deployed console itself, whose files are compared with the deploy manifest.
    """

    root: Path
    filesystem: Path = Path("/")
    package: Path = Path(__file__).resolve().parents[2]
    host: str = field(default_factory=socket.gethostname)
    now: Callable[[], datetime] = _now
    token_hex: Callable[[int], str] = secrets.token_hex
