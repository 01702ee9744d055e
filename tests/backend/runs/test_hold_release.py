"""A HOLD is released by the typed word, and only the one that was shown."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from console.backend.model.errors import Held, StopCode, UsageError
from console.backend.model.view_models import Danger, SwitchState
from console.backend.postgres import holds, ledger
from console.backend.postgres.connections import connect
from console.backend.runs import kill_switch
from console.backend.runs.kill_switch import set_hold
from tests.support.passage import Passage

At = Callable[[str], Passage]


def test_a_hold_is_released_by_the_typed_word_alone_and_the_switch_stays_off(at: At) -> None:
    passage = at("SG_1 imported")
    passage.backend.panic("stop")
    for typed in ("", "release", "yes", "RELEASE "):
        with pytest.raises(UsageError):
            passage.backend.release_hold(typed)
    assert passage.backend.release_hold("RELEASE").state is SwitchState.OFF
    assert passage.rows("SELECT action, by FROM cutter_governance.hold_event ORDER BY id") == [
        ("set", "tester"),
        ("release", "tester"),
    ]
    assert not passage.installation.hold_file.exists()


@pytest.mark.parametrize("is_in_the_database", [False, True])
def test_a_hold_that_cannot_be_taken_away_stays_and_says_so(at: At, *, is_in_the_database: bool) -> None:
    passage = at("SG_1 imported")
    if is_in_the_database:
        _hold_in_the_database(passage)
    passage.installation.hold_file.mkdir()

    said = "the former one in the database was released" if is_in_the_database else "there was none in the database"
    with pytest.raises(Held, match=rf"the HOLD stays on this host.*{said}") as caught:
        passage.backend.release_hold("RELEASE")

    assert str(passage.installation.hold_file) in caught.value.next_action
    assert passage.backend.status().switch.state is SwitchState.HOLD


def _hold_in_the_database(passage: Passage, reason: str = "found forged rows") -> None:
    with connect(passage.installation.settings.database.executor) as connection:
        ledger.set_hold(connection, reason, "somebody", passage.run_id)


_SET_SINCE: dict[str, Callable[[Passage], object]] = {
    "by a stop": lambda passage: passage.backend.panic("found forged rows"),
    "in the file": lambda passage: passage.installation.hold_file.write_text("found forged rows\n"),
    "on another host": _hold_in_the_database,
    "by a run": lambda passage: set_hold(passage.installation, StopCode.DRIFT, "found forged rows", passage.run_id),
}


@pytest.mark.parametrize("how", _SET_SINCE)
def test_only_the_hold_that_was_shown_is_released(at: At, how: str) -> None:
    """Its dialog stood open while somebody else released it and set another one, which nobody there has read."""
    passage = at("SG_1 imported")
    passage.backend.panic("a test")
    shown = passage.backend.brief(Danger.RELEASE_HOLD, "")
    assert shown.seen
    passage.backend.release_hold("RELEASE")
    _SET_SINCE[how](passage)

    with pytest.raises(Held, match=r"nothing was released: the HOLD is not the one that was shown.*found forged rows"):
        passage.backend.release_hold("RELEASE", shown.seen)
    assert passage.backend.status().switch.state is SwitchState.HOLD

    shown = passage.backend.brief(Danger.RELEASE_HOLD, "")
    assert passage.backend.release_hold("RELEASE", shown.seen).state is SwitchState.OFF
    assert passage.backend.release_hold("RELEASE", shown.seen).state is SwitchState.OFF, "it was released already"


def test_where_no_hold_was_shown_none_is_released(at: At) -> None:
    """It would be one that nobody has read."""
    passage = at("SG_1 imported")
    shown = passage.backend.brief(Danger.RELEASE_HOLD, "")
    passage.backend.panic("found forged rows")

    with pytest.raises(Held, match="nothing was released: the HOLD is not the one that was shown"):
        passage.backend.release_hold("RELEASE", shown.seen)
    assert passage.backend.status().switch.state is SwitchState.HOLD


def test_a_hold_that_is_set_while_the_former_one_is_released_stays(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file comes first, so that it is met also where the database is set behind the release."""
    passage, released = at("SG_1 imported"), ledger.release_hold
    passage.backend.panic("a test")
    shown = passage.backend.brief(Danger.RELEASE_HOLD, "")

    def meanwhile(connection: psycopg.Connection, reason: str, by: str) -> None:
        released(connection, reason, by)
        passage.installation.hold_file.write_text("found forged rows\n")

    monkeypatch.setattr(ledger, "release_hold", meanwhile)
    with pytest.raises(
        Held, match=r"stays on this host; the former one in the database was released: .*found forged rows"
    ):
        passage.backend.release_hold("RELEASE", shown.seen)
    assert passage.installation.hold_file.exists()


def test_a_hold_of_another_host_that_is_committed_during_a_release_stands(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its number is below that of the release, and the newest one told that there was no HOLD."""
    passage, released = at("SG_1 imported"), ledger.release_hold
    _hold_in_the_database(passage, "a test")
    shown = passage.backend.brief(Danger.RELEASE_HOLD, "")
    looks = list[bool]()
    with passage.connect("cutter_exec") as another_host:
        another_host.autocommit = False

        def meanwhile(connection: psycopg.Connection, reason: str, by: str) -> None:
            if another_host.info.transaction_status is TransactionStatus.IDLE and not looks:
                ledger.set_hold(another_host, "found forged rows", "somebody", passage.run_id)
            released(connection, reason, by)

        def others_write(connection: psycopg.Connection) -> bool:
            looks.append(holds.others_write(connection))
            another_host.commit()
            return looks[-1]

        monkeypatch.setattr(ledger, "release_hold", meanwhile)
        monkeypatch.setattr(kill_switch, "others_write", others_write)
        with pytest.raises(Held, match=r"nothing was released: .*found forged rows"):
            passage.backend.release_hold("RELEASE", shown.seen)
    assert looks == [True, False], "it waits until the other one is over"
    switch = passage.backend.status().switch
    assert (switch.state, switch.reason) == (SwitchState.HOLD, "found forged rows")


def test_a_release_does_not_wait_without_end_for_a_hold_that_is_being_set(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    _hold_in_the_database(passage, "a test")
    monkeypatch.setattr(kill_switch, "_PAUSE_S", 0.0)
    with passage.connect("cutter_exec") as another_host, another_host.transaction():
        ledger.set_hold(another_host, "found forged rows", "somebody", passage.run_id)
        with pytest.raises(Held, match="another session is setting or releasing a HOLD") as caught:
            passage.backend.release_hold("RELEASE")
    assert caught.value.next_action.endswith("cutter-console hold release --confirm RELEASE")
    assert passage.backend.status().switch.reason == "found forged rows"


def test_a_hold_is_set_while_a_release_is_under_way(at: At) -> None:
    """A stop waits for no release, and what it set stands behind it."""
    passage = at("SG_1 imported")
    _hold_in_the_database(passage, "a test")
    with passage.connect("cutter_exec") as releasing, releasing.transaction():
        ledger.release_hold(releasing, "released by hand", "somebody")
        _hold_in_the_database(passage)
    assert passage.backend.status().switch.reason == "found forged rows"


def test_a_hold_that_has_no_file_is_released_where_the_file_system_only_reads(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It refuses to remove what is not there, too: "the HOLD stays" was said of one that was released."""
    passage, unlink = at("SG_1 imported"), Path.unlink
    passage.backend.panic("a test")
    unlink(passage.installation.hold_file)

    def only_reads(path: Path, **options: bool) -> None:
        if path == passage.installation.hold_file:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        unlink(path, **options)

    monkeypatch.setattr(Path, "unlink", only_reads)

    assert passage.backend.release_hold("RELEASE").state is SwitchState.OFF
