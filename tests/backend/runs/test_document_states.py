"""What was in force at any moment is read exactly, and what differs from the pinned text is never silent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.settings import DatabaseSettings, Settings
from console.backend.model.amendment import Moved
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, ExitStatus, Refused, StopCode, Unmeasured
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import StateRow
from console.backend.postgres.records import RunRow, all_runs
from console.backend.runs.document_states import (
    NotAsPinned,
    ever_in_force,
    history_of,
    in_force_at,
    list_documents,
    text_as_of,
)
from console.backend.runs.run_list import list_runs, open_run_summaries
from console.backend.runs.run_views import view_run
from console.backend.runs.state_comparison import compare_states
from console.backend.runs.status import measure_status
from console.backend.runs.unit_states import history_of_unit, unit_as_of
from tests.backend.postgres.signed_cut import (
    SignedCut,
    at_the_pause,
    enact_later,
    start_amendment,
    start_cut,
    start_edit,
    walked,
)
from tests.backend.postgres.tampering import tamper
from tests.conftest import Database
from tests.support.standings import isolation_of_standings

FIRST = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Gamma\n\nThird.\n\n## Beta\n\nSecond.\n"
REVISED = (
    "Preamble.\n\n# One\n\nText one.\n\n## Alpha\n\nFirst, changed.\n\n## Gamma\n\nThird.\n\n## Delta\n\nFourth.\n"
)
"""Alpha is changed, Beta gone, Delta new, and Gamma as it was."""
ALPHA, BETA, DELTA = (f"ACME-LAW/ONE/{name}" for name in ("ALPHA", "BETA", "DELTA"))
Site = Callable[[Database], Installation]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An installation with nothing but the monitoring role."""

    def of(database: Database) -> Installation:
        settings = Settings(database=DatabaseSettings(monitor=database.conninfo("cutter_ro"), executor="", verifier=""))
        return Installation(Context(root=tmp_path), settings, "observer")

    return of


def first_law(database: Database) -> tuple[SignedCut, ...]:
    """The first text, enacted."""
    law = start_cut(database, text=FIRST)
    law.enacted()
    return (law,)


@pytest.fixture
def law(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """The first text, enacted."""
    for (run,) in walked(request, first_law):
        yield run


def first_law_and_the_revised_one(database: Database) -> tuple[SignedCut, ...]:
    """The first text, and the amendment that became law after it."""
    (law,) = first_law(database)
    amendment = start_amendment(law, REVISED)
    amendment.enacted()
    return law, amendment


@pytest.fixture
def amended(request: pytest.FixtureRequest) -> Iterator[tuple[SignedCut, ...]]:
    """The run of the first text, and that of the revised one, which is law."""
    yield from walked(request, first_law_and_the_revised_one)


def before_the_last(installation: Installation) -> datetime:
    """The last moment at which the text before the newest one was in force."""
    return history_of(installation, "ACME-LAW")[-1].in_force_from - timedelta(microseconds=1)


@pytest.fixture
def cut(request: pytest.FixtureRequest) -> Iterator[SignedCut]:
    """A run at its first pause."""
    for (run,) in walked(request, at_the_pause):
        yield run


def now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def row(number: int, begins: int, ends: int | None, **changes: Any) -> StateRow:
    """A state between two hours of a day."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    facts: dict[str, Any] = {
        **{"docprefix": "ACME-LAW", "state": number, "run_id": f"run {number}", "operation": "amend", "profile": "atx"},
        **{"n_units": 1, "source_sha256": "", "canonical_sha256": "", "statement_sha256": "", "review_decision_id": ""},
        **{"decided_by": (), "enacted_at": day, "in_force_from": day + timedelta(hours=begins)},
        "in_force_until": None if ends is None else day + timedelta(hours=ends),
    }
    return StateRow(**(facts | changes))


def test_a_state_counts_from_its_first_moment_until_the_one_before_the_next() -> None:
    states = (row(1, 1, 5), row(2, 5, 4), row(3, 4, None))
    day = datetime(2026, 1, 1, tzinfo=UTC)
    at = {hour: in_force_at(states, day + timedelta(hours=hour)) for hour in (0, 1, 3, 4, 9)}
    assert {hour: found and found.state for hour, found in at.items()} == {0: None, 1: 1, 3: 1, 4: 3, 9: 3}
    assert [state.state for state in ever_in_force(states)] == [1, 3]


def test_every_text_that_was_in_force_is_read_byte_for_byte_and_compared_unit_by_unit(
    amended: tuple[SignedCut, ...], site: Site
) -> None:
    law, amendment = amended
    installation = site(law.database)
    assert text_as_of(installation, "ACME-LAW", before_the_last(installation)).text == FIRST.encode()
    shown, text = (state := text_as_of(installation, "ACME-LAW", None)).shown, state.text
    assert text == REVISED.encode()
    assert (shown.state, shown.run_id, shown.equal, shown.sha256) == (
        2,
        amendment.run_id,
        True,
        shown.canonical_sha256,
    )
    before = before_the_last(installation)
    answer = compare_states(installation, "ACME-LAW", before, None)
    assert (answer.old.state, answer.new.state, answer.unchanged) == (1, 2, 2)
    assert [unit.address for unit in answer.changed] == [ALPHA]
    assert ([unit.address for unit in answer.gone], [unit.address for unit in answer.added]) == ([BETA], [DELTA])
    kept = {"kept", "removed"}
    assert "".join(part.text for part in answer.changed[0].body if part.kind in kept) == "## Alpha\n\nFirst.\n\n"
    same = compare_states(installation, "ACME-LAW", before, before)
    assert (same.changed, same.added, same.gone, same.between) == ((), (), (), ())


def test_a_text_that_begins_later_is_read_as_of_then_and_not_before(law: SignedCut, site: Site) -> None:
    begins = enact_later(start_amendment(law, REVISED))
    installation = site(law.database)
    assert text_as_of(installation, "ACME-LAW", None).text == FIRST.encode()
    assert text_as_of(installation, "ACME-LAW", begins - timedelta(microseconds=1)).text == FIRST.encode()
    assert text_as_of(installation, "ACME-LAW", begins).text == REVISED.encode()
    assert [state.standing for state in history_of(installation, "ACME-LAW")] == ["in force", "begins later"]
    (document,) = list_documents(installation)
    assert document.standing.startswith("in force since ")
    assert f"next state from {begins:%Y-%m-%d %H:%M:%S} UTC" in document.standing
    assert unit_as_of(installation, ALPHA, None).in_force_until == begins
    assert unit_as_of(installation, ALPHA, begins).version_seq == 2


def test_before_the_first_state_nothing_is_in_force(law: SignedCut, site: Site) -> None:
    with pytest.raises(Refused, match="its first state begins") as refused:
        text_as_of(site(law.database), "ACME-LAW", now() - timedelta(days=1))
    assert refused.value.code is StopCode.DOCUMENT_UNKNOWN


@pytest.mark.parametrize(
    ("docprefix", "message"),
    [("ACME-LAV", "did you mean ACME-LAW?"), ("NOTHING-LIKE-IT", "is registered$"), ("ACME-DRAFT", "ever enacted")],
)
def test_a_document_without_a_state_is_refused_with_the_one_that_is_near(
    law: SignedCut, site: Site, docprefix: str, message: str
) -> None:
    start_cut(law.database, "ACME-DRAFT", number=7)
    with pytest.raises(Refused, match=message):
        history_of(site(law.database), docprefix)


def test_a_text_with_signed_edits_says_which_and_is_compared_without_them(cut: SignedCut, site: Site) -> None:
    cut.to_second_pause()
    edit = start_edit(cut)
    edit.edited()
    cut.verify()
    cut.lawful()
    state = text_as_of(site(cut.database), "ACME-LAW", None)
    assert (state.shown.equal, state.shown.sha256) == (False, sha256_hex(state.text))
    assert [(unit.address, unit.run_id) for unit in state.shown.edited] == [(cut.units[-1].address, edit.run_id)]
    unit = unit_as_of(site(cut.database), cut.units[-1].address, None)
    assert (unit.body, unit.run_id, unit.edited_by) == ("Edited.\n", cut.run_id, edit.run_id)


TAMPERINGS = pytest.mark.parametrize(
    ("tampering", "message"),
    [
        (
            "UPDATE public.unit_version SET body = 'Other.' WHERE title = 'Beta'",
            "not the signed one: ACME-LAW/ONE/BETA",
        ),
        ("UPDATE cutter_governance.manifest_seal SET other_text = 'x'", "between the units"),
    ],
)
AROUND = "Stands before.\n\n# One\n\n## Beta\n\nSecond.\n\n## Last\n\nThird.\n"


def fails(site: Installation, message: str) -> None:
    """The text is no answer, but a failure that says this and what to do."""
    with pytest.raises(NotAsPinned, match=message) as failed:
        text_as_of(site, "ACME-LAW", None)
    assert (failed.value.code, failed.value.exit_status) == (StopCode.DRIFT, ExitStatus.FAIL)
    assert "cutter-console document show ACME-LAW" in failed.value.next_action


def law_around(database: Database) -> tuple[SignedCut, ...]:
    """A text with more around its units, enacted."""
    run = start_cut(database, text=AROUND)
    run.enacted()
    return (run,)


def edited_law_around(database: Database) -> tuple[SignedCut, ...]:
    """The same text, enacted with an edit."""
    run = start_cut(database, text=AROUND)
    run.to_second_pause()
    start_edit(run).edited()
    run.verify()
    run.lawful()
    return (run,)


@TAMPERINGS
def test_a_text_that_is_altered_without_an_edit_is_a_failure(
    request: pytest.FixtureRequest, site: Site, tampering: str, message: str
) -> None:
    for (run,) in walked(request, law_around):
        tamper(run.database, tampering)
        fails(site(run.database), message)


@TAMPERINGS
def test_a_signed_edit_excuses_no_other_difference(
    request: pytest.FixtureRequest, site: Site, tampering: str, message: str
) -> None:
    for (run,) in walked(request, edited_law_around):
        tamper(run.database, tampering)
        fails(site(run.database), message)


def test_a_text_that_was_not_kept_is_unmeasured_and_says_what_can_be_read(law: SignedCut, site: Site) -> None:
    tamper(law.database, "UPDATE cutter_governance.manifest_seal SET other_text = NULL")
    with pytest.raises(Unmeasured, match="kept no text between units") as unmeasured:
        text_as_of(site(law.database), "ACME-LAW", None)
    assert "cutter-console unit show ADDRESS" in unmeasured.value.next_action
    assert unit_as_of(site(law.database), ALPHA, None).body == "## Alpha\n\nFirst.\n\n"


def test_units_of_a_manifest_that_was_not_sealed_are_not_said_to_be_out_of_force(law: SignedCut, site: Site) -> None:
    tamper(law.database, "DELETE FROM cutter_governance.manifest_seal")
    for ask in (lambda site: text_as_of(site, "ACME-LAW", None), lambda site: unit_as_of(site, ALPHA, None)):
        with pytest.raises(Unmeasured, match="does not hold"):
            ask(site(law.database))


def test_a_document_is_listed_as_what_it_is(law: SignedCut, site: Site) -> None:
    registered = start_cut(law.database, "ACME-NEW", number=7)
    drafts = start_cut(law.database, "ACME-DRAFT", number=8)
    drafts.to_second_pause()
    reverted = start_cut(law.database, "ACME-GONE", number=9)
    reverted.to_second_pause()
    reverted.reverted()
    amendment = start_amendment(law, REVISED)
    amendment.to_second_pause()
    listed = {document.docprefix: document for document in list_documents(site(law.database))}
    assert {prefix: (one.n_units, one.n_states, one.last_run) for prefix, one in listed.items()} == {
        "ACME-DRAFT": (3, 0, drafts.run_id),
        "ACME-GONE": (None, 0, reverted.run_id),
        "ACME-LAW": (4, 1, amendment.run_id),
        "ACME-NEW": (None, 0, registered.run_id),
    }
    assert (listed["ACME-NEW"].standing, listed["ACME-GONE"].standing) == ("registered", "registered")
    assert listed["ACME-DRAFT"].standing == f"draft by run {drafts.run_id}"
    assert listed["ACME-LAW"].standing.endswith(f"; draft by run {amendment.run_id}")
    assert (listed["ACME-LAW"].run_id, listed["ACME-GONE"].last_run_state) == (law.run_id, "reverted")


def _rows_of(database: Database) -> tuple[RunRow, ...]:
    with connect(database.conninfo("cutter_ro"), read_only=True, purpose="test") as connection:
        return all_runs(connection)


def test_the_list_of_runs_says_what_became_of_each(amended: tuple[SignedCut, ...], site: Site) -> None:
    """It had the name of a state alone: whether a text still counts, or another has taken its place, was not to be seen."""
    law, amendment = amended
    reverted = start_cut(law.database, "ACME-GONE", number=9)
    reverted.to_second_pause()
    reverted.reverted()
    waits = start_cut(law.database, "ACME-DRAFT", number=8)
    waits.to_second_pause()
    to_come = start_cut(law.database, "ACME-NEXT", number=10)
    begins = enact_later(to_come, hours=48)
    installation = site(law.database)
    second = f"{history_of(installation, 'ACME-LAW')[-1].in_force_from.astimezone(UTC):%Y-%m-%d}"
    (changed,) = (row.changed_at for row in _rows_of(law.database) if row.run_id == reverted.run_id)
    expected = {
        law.run_id: (f"was law until {second}, to be closed", "lifecycle_enacted"),
        amendment.run_id: (f"law since {second}, to be closed", "lifecycle_enacted"),
        to_come.run_id: (f"law from {begins:%Y-%m-%d %H:%M} UTC, to be closed", "lifecycle_enacted"),
        reverted.run_id: (f"reverted {changed.astimezone(UTC):%Y-%m-%d}", "reverted"),
        waits.run_id: ("", "awaiting_lifecycle_authorization"),
    }
    assert {run.run_id: (run.became, run.state) for run in list_runs(installation)} == expected
    for run_id, (became, _) in expected.items():
        assert view_run(installation, run_id).became == became
    listed = {document.docprefix: document for document in list_documents(installation)}
    last = {prefix: (document.last_run_in_words, document.last_run_state) for prefix, document in listed.items()}
    assert last == {
        "ACME-LAW": expected[amendment.run_id],
        "ACME-NEXT": expected[to_come.run_id],
        "ACME-GONE": expected[reverted.run_id],
        "ACME-DRAFT": ("at pause 2 (SG_2)", "awaiting_lifecycle_authorization"),
    }
    still_open = {run.run_id: run.became for run in open_run_summaries(installation)}
    assert still_open == {run_id: became for run_id, (became, _) in expected.items() if run_id != reverted.run_id}
    current = measure_status(installation, read_only=True, demo=False).current_run
    assert current is not None
    assert (current.run_id, current.became) == (to_come.run_id, expected[to_come.run_id][0])


def test_runs_and_what_counts_of_them_are_read_of_one_moment(
    law: SignedCut, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is enacted between the two would have ended another one and not be law itself."""
    isolation = isolation_of_standings(monkeypatch)
    installation = site(law.database)
    assert list_runs(installation) == open_run_summaries(installation)
    assert isolation.pop() == isolation.pop() == "repeatable read"
    assert measure_status(installation, read_only=True, demo=False).current_run is not None
    assert isolation.pop() == "repeatable read"
    assert view_run(installation, law.run_id).became
    assert isolation == ["repeatable read"]


def test_the_history_names_ruling_signers_and_the_reports_of_this_host(
    amended: tuple[SignedCut, ...], site: Site
) -> None:
    law, _ = amended
    installation = site(law.database)
    report = installation.root / "reports" / f"{law.run_id}-0123abcd"
    report.mkdir(parents=True)
    first, second = history_of(installation, "ACME-LAW")
    assert (first.standing, second.standing) == ("ended", "in force")
    assert first.in_force_until == second.in_force_from
    assert (first.reports, second.reports) == ((str(report),), ())
    assert len(first.decided_by[0]) == 40
    assert first.canonical_sha256 == sha256_hex(FIRST.encode())


def test_a_version_counts_for_as_long_as_no_state_has_another(amended: tuple[SignedCut, ...], site: Site) -> None:
    law, amendment = amended
    installation = site(law.database)
    unchanged = unit_as_of(installation, "ACME-LAW/ONE/GAMMA", None)
    assert (unchanged.state, unchanged.run_id, unchanged.version_seq) == (2, law.run_id, 1)
    assert unchanged.in_force_from < unit_as_of(installation, ALPHA, None).in_force_from
    old, new = history_of_unit(installation, ALPHA).versions
    assert (old.standing, new.standing) == ("ended", "in force")
    assert old.periods[0].in_force_until == new.periods[0].in_force_from
    assert (old.run_id, new.run_id, new.operation) == (law.run_id, amendment.run_id, "amend")
    assert new.body_sha256 == sha256_hex(b"## Alpha\n\nFirst, changed.\n\n")
    with pytest.raises(Refused, match=f"{BETA} is not in force at") as refused:
        unit_as_of(installation, BETA, None)
    assert refused.value.next_action == f"See when it is: cutter-console unit history {BETA}"


def test_a_unit_that_is_gone_and_comes_back_counts_twice(amended: tuple[SignedCut, ...], site: Site) -> None:
    law, _ = amended
    start_amendment(law, FIRST, 201).enacted()
    first, *others = history_of_unit(site(law.database), BETA).versions
    periods = [*first.periods, *(period for version in others for period in version.periods)]
    assert [period.state for period in periods] == [1, 3]
    assert periods[0].in_force_until is not None
    assert periods[0].in_force_until < periods[1].in_force_from


def test_a_former_address_leads_to_the_one_of_today_and_says_so(law: SignedCut, site: Site) -> None:
    before = now()
    moved = Moved(old=BETA, new=DELTA)
    start_amendment(law, REVISED, moved=(moved,)).enacted()
    installation = site(law.database)
    unit = unit_as_of(installation, BETA, None)
    assert (unit.asked, unit.address, unit.followed) == (BETA, DELTA, (BETA,))
    assert unit_as_of(installation, BETA, before).followed == ()
    with pytest.raises(Refused, match=f"before, its address was {BETA}"):
        unit_as_of(installation, DELTA, before)
    assert history_of_unit(installation, DELTA).former == (BETA,)


def test_an_address_that_two_units_gave_up_leads_to_where_each_of_them_went(law: SignedCut, site: Site) -> None:
    """The second renumbering of an address was refused by the enactment, after its two rulings."""
    epsilon = DELTA.replace("DELTA", "EPSILON")
    start_amendment(law, REVISED, 201, moved=(Moved(old=BETA, new=DELTA),)).enacted()
    meanwhile = now()
    start_amendment(law, FIRST, 202).enacted()
    start_amendment(law, REVISED.replace("Delta", "Epsilon"), 203, moved=(Moved(old=BETA, new=epsilon),)).enacted()
    installation = site(law.database)
    assert unit_as_of(installation, BETA, meanwhile).address == DELTA
    assert unit_as_of(installation, BETA, None).address == epsilon
    assert [history_of_unit(installation, address).former for address in (DELTA, epsilon)] == [(BETA,), (BETA,)]


def test_aliases_in_a_circle_end(law: SignedCut, site: Site) -> None:
    tamper(
        law.database,
        "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES"
        " ('ACME-LAW/A', 'ACME-LAW/B'), ('ACME-LAW/B', 'ACME-LAW/A')",
    )
    for ask in (lambda site: unit_as_of(site, "ACME-LAW/A", None), lambda site: history_of_unit(site, "ACME-LAW/A")):
        with pytest.raises(Refused):
            ask(site(law.database))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ACME-LAW/ONE/ALPA", f"did you mean .*{ALPHA}"),
        ("ACME-LAV/ONE/ALPHA", "did you mean ACME-LAW?"),
        ("ACME-LAW/Q", "no unit ACME-LAW/Q"),
    ],
)
def test_an_unknown_address_is_refused_with_those_that_are_near(
    law: SignedCut, site: Site, address: str, message: str
) -> None:
    with pytest.raises(Refused, match=message):
        unit_as_of(site(law.database), address, None)
    with pytest.raises(CutterError, match=message):
        history_of_unit(site(law.database), address)


def test_drafts_and_what_was_taken_back_are_said_to_be_that_and_their_texts_are_not_told(
    cut: SignedCut, site: Site
) -> None:
    address = cut.units[-1].address
    cut.to_second_pause()
    (draft,) = history_of_unit(site(cut.database), address).versions
    assert (draft.standing, draft.title, draft.periods) == ("draft", "Beta", ())
    cut.reverted()
    (taken_back,) = history_of_unit(site(cut.database), address).versions
    assert (taken_back.standing, taken_back.title, taken_back.body_sha256) == ("superseded, never law", None, "")
    with pytest.raises(Refused):
        unit_as_of(site(cut.database), address, None)
