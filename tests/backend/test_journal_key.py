"""The key of a journal: made once, for its owner alone, and another one for each event."""

from pathlib import Path

import pytest

from console.backend.journal_key import KEY_NAME, JournalKey


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
