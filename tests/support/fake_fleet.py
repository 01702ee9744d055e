"""Rows of a fleet for what the screen draws; they prove nothing else."""

from datetime import datetime, timedelta

from console.backend.model.fleet import Fleet, FleetJournal, FleetRow, with_same_databases
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import Status, SwitchView
from tests.support.fakes import ARMED, HOLD, NOW, OFF, RUN_ID, FakeBackend

HOSTILE = "\x1b[31mx[/x]\u202e\x07"


def status(switch: SwitchView, database: str = "directus", hostile: str = "") -> Status:
    """The status of one database."""
    seen = FakeBackend(switch=switch, hostile=hostile).status()
    assert seen.target is not None
    return seen.model_copy(update={"target": seen.target.model_copy(update={"database": database})})


def measured(name: str, banner: str, seen: Status, journal: Outcome | None = Outcome.PASS) -> FleetRow:
    """The row of a database that answered."""
    verdict = FleetJournal(run_id=RUN_ID, outcome=journal, detail="41 of 41 records anchored") if journal else None
    return FleetRow(
        name=name,
        banner=banner,
        root=f"/srv/{name}",
        read_only=banner != "TEST",
        outcome=Outcome.FAIL if journal is Outcome.FAIL else Outcome.PARTIAL if seen.switch == HOLD else seen.outcome,
        status=seen,
        last_measured_at=NOW - timedelta(seconds=2),
        journal=verdict,
        journal_note="" if journal else "no run is under way",
    )


def silent(name: str, last: datetime | None, reason: str = "no answer for 3 s: the database is silent") -> FleetRow:
    """The row of a database that did not answer."""
    return FleetRow(
        name=name,
        banner="ARCHIVE",
        root=f"/srv/{name}",
        read_only=True,
        outcome=Outcome.INCONCLUSIVE,
        status=None,
        reason=reason,
        next_action="cutter-console status",
        last_measured_at=last,
    )


def fleet(*rows: FleetRow) -> Fleet:
    """These rows."""
    return Fleet(measured_at=NOW, limit_s=3, rows=with_same_databases(rows))


def normal() -> Fleet:
    """Three databases that answer: at rest, armed, under a HOLD."""
    return fleet(
        measured("prod", "PRODUCTION", status(OFF)),
        measured("staging", "STAGING", status(ARMED, "staging")),
        measured("test", "TEST", status(HOLD, "test"), journal=None),
    )


def one_down() -> Fleet:
    """One that answered a minute ago, and one that never has."""
    minute = NOW - timedelta(seconds=65)
    return fleet(*normal().rows[:1], silent("archive", minute), silent("branch", None))


def hostile() -> Fleet:
    """Names that a terminal would obey, a broken journal, two names of one database."""
    seen = status(SwitchView(**{**dict(HOLD), "reason": HOSTILE}), hostile=HOSTILE)
    row = measured("prod", "PRODUCTION", seen, journal=Outcome.FAIL)
    given = {**dict(row), "banner": HOSTILE, "status": seen}
    bad = FleetRow.model_validate(given)
    return fleet(bad, measured("twin", "法律法律", status(OFF)), silent("down", None, HOSTILE))
