"""The key of a journal: made once, for its owner alone, and another one for each event."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.journal.journal_key import KEY_NAME, JournalKey
from console.backend.model.errors import Refused


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = JournalKey.load_or_create(tmp_path)
    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert JournalKey.load_or_create(tmp_path).key(0) == first.key(0)


def test_each_event_has_a_key_of_its_own_and_no_lock_is_a_key(tmp_path: Path) -> None:
    """Who has read one key, or what the database holds, knows no other."""
    key = JournalKey.load_or_create(tmp_path)
    keys, locks = ({derive(number) for number in range(50)} for derive in (key.key, key.lock))
    assert (len(keys), len(locks)) == (50, 50)
    assert not keys & locks


def test_a_key_is_not_made_through_a_planted_link(tmp_path: Path) -> None:
    (tmp_path / KEY_NAME).symlink_to(tmp_path / "nowhere")
    with pytest.raises(OSError, match="exists"):
        JournalKey.load_or_create(tmp_path)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("seed", [b"", b"k" * 31, b"k" * 33], ids=len)
def test_a_key_of_another_length_is_refused_and_stays(tmp_path: Path, seed: bytes) -> None:
    """Keys out of a seed that was cut in a crash could be guessed, and a guess would vouch for events."""
    (tmp_path / KEY_NAME).write_bytes(seed)
    with pytest.raises(Refused, match=f"has {len(seed)} bytes"):
        JournalKey.load_or_create(tmp_path)
    assert (tmp_path / KEY_NAME).read_bytes() == seed


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a directory", "a FIFO"])
def test_what_is_no_file_is_no_usable_key(tmp_path: Path, make: Callable[[Path], None]) -> None:
    assert JournalKey.is_usable(tmp_path)
    make(tmp_path / KEY_NAME)
    assert not JournalKey.is_usable(tmp_path)


def test_a_key_that_could_not_be_written_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        JournalKey.load_or_create(tmp_path)
    assert list(tmp_path.iterdir()) == []
