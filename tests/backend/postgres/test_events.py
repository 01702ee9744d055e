"""Each step has its event, written with its effect; events of the journal's writer are told apart from a stranger's."""

from itertools import count
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from console.backend.journal.journal_key import JournalKey
from console.backend.journal.journal_record import Anchor
from console.backend.model.states import Family, Stage
from console.backend.postgres import ledger
from console.backend.postgres.connections import scalar
from console.backend.postgres.ledger import Event
from tests.backend.postgres.signed_cut import SignedCut, event, stopped
from tests.conftest import Database

RUN = "ictr-20260101T000000Z-00000001"
KEY = JournalKey(b"k" * 32)
STRANGER = JournalKey(b"s" * 32)
_EVENTS = "SELECT phase, stage, family, outcome, journal_seq, vouched, actor FROM cutter_governance.v_run_event WHERE run_id = %s ORDER BY id"
_numbers = count(100)


def _said(phase: str = "x", seq: int | None = None, **changes: object) -> Event:
    number = next(_numbers) if seq is None else seq
    facts: dict[str, Any] = {"phase": phase, "outcome": "PASS", "record": "{}"}
    return Event(**(facts | changes), anchor=Anchor(sequence=number, hash="a" * 64))


class Journalled:
    """A run whose first event named the journal's key."""

    def __init__(self, database: Database) -> None:
        self.database = database
        facts = ledger.NewRun(
            run_id=RUN, operation="cut", docprefix="ACME-LAW", origin="file:x", profile="atx", operator="o", host="h"
        )
        with database.connect("cutter_exec", autocommit=False) as connection:
            ledger.create_run(connection, facts, ledger.event_json(connection, RUN, _said("start", 1), KEY))
            connection.commit()

    def write(self, key: JournalKey | None = KEY, seq: int | None = None, phase: str = "x") -> None:
        """One event with no effect, as the owner: `fn_event_write` is granted to nobody."""
        with self.database.connect() as connection:
            said = ledger.event_json(connection, RUN, _said(phase, seq), key)
            connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))

    def lock(self) -> str:
        """What opens the next event."""
        with self.database.connect() as connection:
            return str(scalar(connection, "SELECT journal_lock FROM cutter_governance.run WHERE run_id = %s", RUN))

    def vouched(self) -> list[bool | None]:
        """Of each event in turn."""
        with self.database.connect("cutter_ro") as connection:
            return [row[5] for row in connection.execute(_EVENTS.encode(), (RUN,))]


@pytest.fixture
def run(database: Database) -> Journalled:
    """A run with a journal."""
    return Journalled(database)


def test_a_run_begins_with_an_event_that_is_vouched_for(run: Journalled) -> None:
    assert run.vouched() == [True]
    assert run.lock() == KEY.lock(1)


def test_each_event_names_the_key_that_the_last_one_locked(run: Journalled) -> None:
    for number in range(2, 6):
        run.write()
        assert run.lock() == KEY.lock(number)
    assert run.vouched() == [True] * 5


def test_an_event_without_the_key_is_kept_as_a_stranger_s_and_moves_no_lock(run: Journalled) -> None:
    run.write(None, phase="mine")
    run.write(STRANGER, phase="mine too")
    assert run.vouched() == [True, False, False]
    assert run.lock() == KEY.lock(1)
    run.write()
    assert run.vouched() == [True, False, False, True]


def test_a_key_that_was_named_once_opens_nothing_again(run: Journalled) -> None:
    """Whoever reads the log of the server finds keys that are spent."""
    run.write()
    with run.database.connect() as connection:
        for spent in (0, 1):
            said = event(key=KEY.key(spent), lock=STRANGER.lock(0), seq=1000)
            connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))
    assert run.vouched() == [True, True, False, False]
    assert run.lock() == KEY.lock(2)


def test_the_lock_itself_is_no_key(run: Journalled) -> None:
    with run.database.connect() as connection:
        said = event(key=run.lock(), lock=STRANGER.lock(0), seq=1000)
        connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))
    assert run.vouched() == [True, False]


@pytest.mark.parametrize("seq", [5, 4, 0])
def test_a_vouched_event_extends_the_chain(run: Journalled, seq: int) -> None:
    run.write(seq=5)
    with stopped("STOP_INVARIANT_FAILED"):
        run.write(seq=seq)
    assert run.lock() == KEY.lock(2)
    run.write(seq=6)


def test_a_stranger_s_number_does_not_stop_the_journal(run: Journalled) -> None:
    """A row that nobody vouches for counts for nothing, whatever number it has."""
    run.write(None, seq=999_999)
    run.write(seq=3)
    assert run.vouched() == [True, False, True]


def test_a_vouched_event_locks_the_next_one(run: Journalled) -> None:
    with stopped("STOP_INVARIANT_FAILED"), run.database.connect() as connection:
        said = event(key=KEY.key(1), seq=1000)
        connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))
    assert run.lock() == KEY.lock(1)


MALFORMED: dict[str, object] = {
    "NULL": None,
    "an array": Jsonb([]),
    "a string": Jsonb("event"),
    "JSON null": Jsonb(None),
    "nothing in it": Jsonb({}),
    "no phase": event(phase=None),
    "an empty phase": event(phase=""),
    "a phase too long": event(phase="x" * 65),
    "a phase with a line break": event(phase="x\ny"),
    "a phase with a control character": event(phase="x\x1b[2J"),
    "no outcome": event(outcome=None),
    "an unknown outcome": event(outcome="FINE"),
    "an outcome in small letters": event(outcome="pass"),
    "no head": event(head=None),
    "a short head": event(head="a" * 63),
    "a head in capitals": event(head="A" * 64),
    "no number": event(seq=None),
    "a negative number": event(seq=-1),
    "a number with a fraction": event(seq=1.5),
    "a number too large": event(seq=10**16),
    "a word for a number": event(seq="one"),
    "a key that is none": event(key="k"),
    "a lock that is none": event(lock="l"),
    "a record too long": event(record="x" * 8_400_000),
}


@pytest.mark.parametrize("how", MALFORMED)
def test_what_is_no_event_is_refused_with_the_step_that_it_came_with(run: Journalled, how: str) -> None:
    with stopped("STOP_INVARIANT_FAILED"), run.database.connect("cutter_exec") as connection:
        connection.execute("SELECT cutter_console.fn_run_leave(%s, 'failed', 'why', %s)", (RUN, MALFORMED[how]))
    with run.database.connect("cutter_ro") as connection:
        assert scalar(connection, "SELECT family FROM cutter_governance.v_run WHERE run_id = %s", RUN) == "active"
    assert run.vouched() == [True]


def test_an_event_without_a_record_is_refused(run: Journalled) -> None:
    said = Jsonb({"phase": "x", "outcome": "PASS", "seq": 1, "head": "0" * 64})
    with stopped("STOP_INVARIANT_FAILED"), run.database.connect() as connection:
        connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))


def test_an_event_of_no_run_is_refused(run: Journalled) -> None:
    with stopped("STOP_INVARIANT_FAILED"), run.database.connect() as connection:
        connection.execute("SELECT cutter_console.fn_event_write('ictr-20260101T000000Z-ffffffff', %s)", (event(),))


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_verify", "cutter_ro"])
def test_nobody_writes_an_event_without_its_effect(run: Journalled, role: str) -> None:
    for call in ("fn_event_write(%s, %s)", "fn_run_step(%s, '{}', 'marked', %s)"):
        with run.database.connect(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT cutter_console.{call}".encode(), (RUN, event()))
    with run.database.connect(role) as connection, pytest.raises(psycopg.errors.UndefinedFunction):
        connection.execute("SELECT cutter_console.fn_run_event(%s, 'x', 'PASS', '{}', 1, '')", (RUN,))


def test_a_run_comes_to_rest_by_its_key_alone(run: Journalled) -> None:
    for key in (None, STRANGER):
        with stopped("STOP_INVARIANT_FAILED"), run.database.connect("cutter_exec", autocommit=False) as connection:
            ledger.rest(connection, RUN, ledger.event_json(connection, RUN, _said("rest"), key))
    with run.database.connect("cutter_exec") as connection:
        ledger.rest(connection, RUN, ledger.event_json(connection, RUN, _said("rest"), KEY))
    assert run.vouched() == [True, True]


def test_an_ended_run_may_still_come_to_rest_and_changes_nothing_else(run: Journalled) -> None:
    with run.database.connect("cutter_exec") as connection:
        ledger.leave(connection, RUN, Family.VOIDED, "not wanted", ledger.event_json(connection, RUN, _said(), KEY))
        ledger.rest(connection, RUN, ledger.event_json(connection, RUN, _said("rest"), KEY))
    assert run.vouched() == [True] * 3
    for change in ("family = 'active'", "stage = 'marked'", "reason = 'another'", "changed_at = now()"):
        with stopped("STOP_INVARIANT_FAILED"), run.database.connect() as connection:
            connection.execute(f"UPDATE cutter_governance.run SET {change} WHERE run_id = %s".encode(), (RUN,))


def test_each_step_of_a_run_has_left_its_event_with_the_stage_that_it_reached(law: SignedCut) -> None:
    with law.database.connect("cutter_ro") as connection:
        rows = connection.execute(_EVENTS.encode(), (law.run_id,)).fetchall()
    assert [(phase, stage, actor) for phase, stage, _, _, _, _, actor in rows] == [
        ("start", Stage.CREATED, "cutter_exec"),
        ("source_pin", Stage.SOURCE_PINNED, "cutter_exec"),
        ("mark", Stage.MARKED, "cutter_exec"),
        ("cutplan", Stage.CUTPLAN_OK, "cutter_exec"),
        ("to the pause", Stage.PRE_WRITE_BACKUP_TAKEN, "cutter_exec"),
        ("to the pause", Stage.AWAITING_CUT_AUTHORIZATION, "cutter_exec"),
        ("cut_leg_a", Stage.CUT_LEG_A_COMMITTED, "cutter_exec"),
        ("structural_verify", Stage.STRUCTURAL_VERIFIED, "cutter_verify"),
        ("leg_b_record", Stage.LEG_B_RECORDED, "cutter_exec"),
        ("write_verify", Stage.AWAITING_LIFECYCLE_AUTHORIZATION, "cutter_verify"),
        ("lifecycle_enact", Stage.LIFECYCLE_ENACTED, "cutter_exec"),
    ]


def test_a_run_that_names_no_key_is_vouched_for_by_nobody(law: SignedCut) -> None:
    with law.database.connect("cutter_ro") as connection:
        assert {row[5] for row in connection.execute(_EVENTS.encode(), (law.run_id,))} == {False}


def test_the_first_key_that_locks_a_run_of_version_0_2_0_takes_it(run: Journalled) -> None:
    """Such a run has no lock; its next event gives it one, and from then on the key is asked for."""
    with run.database.connect() as connection:
        connection.execute("UPDATE cutter_governance.run SET journal_lock = NULL")
        said = ledger.event_json(connection, RUN, _said(), KEY)
        connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))
        assert scalar(connection, "SELECT journal_lock FROM cutter_governance.run") == KEY.lock(0)
    assert run.vouched() == [True, False]
    run.write(None)
    with run.database.connect() as connection:
        said = event(key=KEY.key(0), lock=KEY.lock(1), seq=1000)
        connection.execute("SELECT cutter_console.fn_event_write(%s, %s)", (RUN, said))
    assert run.vouched() == [True, False, False, True]
