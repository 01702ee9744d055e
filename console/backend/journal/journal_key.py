"""The key of a run's journal: it tells events of the journal's writer from events of somebody who only knows a password."""

import hashlib
import secrets
from pathlib import Path

from console.backend.host.durable import write_new_file
from console.backend.host.regular_file import read_regular
from console.backend.model.errors import Refused, StopCode

KEY_NAME = "anchor.key"
_SEED_BYTES = 32


class JournalKey:
    """A chain of one-time keys out of one seed: the database holds the digest of the next key and never the seed.

    Each event names the key that the last one locked, and the digest of the next (S/KEY, RFC 1760). The file is no
    credential: with it one can only say that an event belongs to this journal. See docs/decisions.md, "Events".
    """

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    @classmethod
    def load_or_create(cls, directory: Path) -> "JournalKey":
        """Read the key of the run in this directory, or make one: mode 0600, written whole or not at all.

        Raises Refused (INVARIANT_FAILED) for a file of another length: keys out of a cut seed could be guessed;
        OSError if the file cannot be read, or is more than twice as long as a key.
        """
        try:
            return cls.load(directory)
        except FileNotFoundError:
            return cls(_new_seed(directory / KEY_NAME))

    @classmethod
    def load(cls, directory: Path) -> "JournalKey":
        """Read the key as `load_or_create` does. Raises FileNotFoundError if there is none."""
        path = directory / KEY_NAME
        seed = read_regular(path, _SEED_BYTES * 2)
        if len(seed) != _SEED_BYTES:
            raise Refused(
                StopCode.INVARIANT_FAILED,
                f"{path} has {len(seed)} bytes, a journal's key has {_SEED_BYTES}",
                "Start another run; keep this one's files for the auditor.",
            )
        return cls(seed)

    @staticmethod
    def is_usable(directory: Path) -> bool:
        """Return whether a key is there that is one, or none: then one is made."""
        try:
            return len(read_regular(directory / KEY_NAME, _SEED_BYTES * 2)) == _SEED_BYTES
        except FileNotFoundError:
            return True
        except OSError:
            return False

    def key(self, number: int) -> str:
        """Return the key of the event with this number, as 64 hex digits; events of a run count from 0."""
        return hashlib.sha256(self._seed + number.to_bytes(8, "big")).hexdigest()

    def lock(self, number: int) -> str:
        """Return what the database holds until the event of this number is written: sha256 of its key."""
        return hashlib.sha256(bytes.fromhex(self.key(number))).hexdigest()


def _new_seed(path: Path) -> bytes:
    seed = secrets.token_bytes(_SEED_BYTES)
    write_new_file(path, seed, 0o600)
    return seed
