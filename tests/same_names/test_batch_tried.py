"""Of a batch every document that waits is tried again before it is armed, as far as one limit goes."""

from types import SimpleNamespace

import psycopg
import pytest

from console.backend.model.errors import CutterError
from console.backend.model.outcome import Check, Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.view_models import Danger, SwitchState
from console.backend.postgres import site_creation_trial
from console.backend.runs import site_creation
from console.backend.runs.kill_switch import measure_switch
from console.backend.runs.site_creation import Limit
from console.backend.service import BackendService
from tests.gateway.conftest import tie
from tests.same_names.conftest import BEFORE, Beside, theirs
from tests.same_names.test_governance import _BEFORE, _as_owner, _rows
from tests.support.batch import BatchSite

_NUMBER = 3
_NO_THIRD = "ALTER TABLE public.unit_version ADD CONSTRAINT no_third CHECK (strpos(body, 'First of 3') = 0) NOT VALID"
_NO_SECOND_ENVELOPE = (
    "ALTER TABLE cutter_governance.manifest_unit_block ADD CONSTRAINT no_second CHECK (canonical_address !~ '^LAW-2/')"
)


@pytest.fixture
def ruled(beside: Beside) -> BatchSite:
    """A batch of three documents whose ruling is imported."""

    def make() -> BatchSite:
        site = BatchSite.of(tie(beside.stages.at("fresh"), beside.mapping), _NUMBER)
        site.sign(site.to_first_pause().batch_id)
        return site

    passage = beside.stages.kept("a batch beside the likeness, with its ruling", lambda: make().passage).as_pinned()
    return BatchSite(passage, tuple(f"LAW-{n}" for n in range(1, _NUMBER + 1)))


def _dialog(site: BatchSite) -> tuple[Check, ...]:
    batch_id = site.newest().batch_id
    return site.passage.backend.brief(Danger.ARM, batch_id).checks


def _others(checks: tuple[Check, ...]) -> Check:
    (check,) = [check for check in checks if check.name == site_creation.OTHERS]
    return check


def test_each_document_of_a_batch_is_tried_before_it_is_armed(ruled: BatchSite) -> None:
    assert _others(_dialog(ruled)).detail.startswith("2 documents more, each alone")

    ruled.arm(ruled.newest().batch_id)

    assert theirs(ruled.passage) == BEFORE
    assert _rows(ruled.passage) == _BEFORE


@pytest.mark.parametrize("by", ["units", "rows"])
def test_what_a_later_document_is_refused_for_keeps_the_batch_from_being_armed(ruled: BatchSite, by: str) -> None:
    """Only the first document that waits was tried again: the ruling was used, and the third one refused at the write."""
    if by == "units":
        ruled.passage.execute(_NO_THIRD)
        said = r"other documents tried there: 1 refusal: LAW-3: units tried there: LAW-3/.*no_third"
    else:
        _as_owner(ruled.passage, _NO_SECOND_ENVELOPE)
        said = r"other documents tried there: 1 refusal: LAW-2: governance rows tried there: .*no_second"

    with pytest.raises(CutterError, match=said):
        ruled.arm(ruled.newest().batch_id)

    check = _others(_dialog(ruled))
    assert check.outcome is Outcome.FAIL
    assert check.next_action == {"units": site_creation._OWNER, "rows": site_creation._OWNER_OF_ROWS}[by]


@pytest.mark.parametrize("other", ["names another mapping", "tries units alone"])
def test_later_documents_that_the_script_cannot_try_stop_the_batch(
    ruled: BatchSite, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """The first document, which is asked about this too, is left out here."""
    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    if other == "tries units alone":
        ruled.passage.execute("DROP FUNCTION cutter_console.fn_site_try_units(jsonb, jsonb)")
    else:
        monkeypatch.setattr(site_creation, "tied_mapping", lambda _: "0" * 64)

    (check,) = [check for check in _dialog(ruled) if check.name == site_creation.NAME]

    assert check.outcome is Outcome.FAIL
    assert "cutter-console adopt apply" in check.next_action
    with pytest.raises(CutterError, match="cannot try units with their governance rows"):
        ruled.arm(ruled.newest().batch_id)


def test_what_was_not_reached_within_the_limit_is_named_and_stops_nothing(
    ruled: BatchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=0.0)

    def slow(connection: psycopg.Connection, *arguments: object) -> site_creation_trial.CreationTrial:
        clock.now += 100_000.0
        return site_creation_trial.try_units(connection, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(site_creation, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(site_creation, "try_units", slow)

    check = _others(_dialog(ruled))

    assert check.outcome is Outcome.PARTIAL
    assert check.detail.endswith(": LAW-3; each was in its own run. Tried: 1")
    assert f"cutter-console arm {ruled.newest().batch_id}" in check.next_action
    ruled.arm(ruled.newest().batch_id)


@pytest.mark.parametrize("first", ["", "23514: no"], ids=["the others are let in", "another one is refused"])
def test_a_document_of_which_a_part_was_refused_when_the_limit_ended_stops_the_batch(
    ruled: BatchSite, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """It was named as one that was tried in its own run, and the ruling was spent."""
    clock = SimpleNamespace(now=0.0)

    def slow(
        _: psycopg.Connection, units: tuple[site_creation_trial.TriedUnit, ...], *__: object
    ) -> site_creation_trial.CreationTrial:
        if units[0].address.startswith("LAW-2"):
            return site_creation_trial.CreationTrial(tried=0, place="LAW-2", refused=first)
        clock.now += 100_000.0
        return site_creation_trial.CreationTrial(tried=0, place="LAW-3", refused="23514: never")

    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    monkeypatch.setattr(site_creation, "_WHOLE", 0)
    monkeypatch.setattr(site_creation, "sample", lambda units: tuple(units[:1]))
    monkeypatch.setattr(site_creation, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(site_creation, "try_units", slow)

    check = _others(_dialog(ruled))

    # What is known to be refused takes precedence over what is not known.
    assert check.outcome is (Outcome.FAIL if first else Outcome.INCONCLUSIVE)
    named = (
        "1 refusal: LAW-2: " if first else "STOP_PANIC: LAW-3: units tried there: 3 units could not be tried within "
    )
    assert check.detail.startswith(named)
    assert check.detail.endswith("LAW-2: 23514: no" if first else "; a part of them was refused: LAW-3: 23514: never")
    with pytest.raises(CutterError, match="other documents tried there"):
        ruled.arm(ruled.newest().batch_id)


def test_without_time_none_is_begun(ruled: BatchSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    monkeypatch.setattr("console.backend.gates.arming_checks.DEADLINE_S", 0.0)

    assert "LAW-2, LAW-3; each was in its own run. Tried: 0" in _others(_dialog(ruled)).detail


def test_what_the_checks_before_have_left_of_the_time_is_all_that_others_get(
    ruled: BatchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was left: a session whose limit is 0 would have none."""
    clock = iter((0.0, 100_000.0))
    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    monkeypatch.setattr("console.backend.batches.time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(site_creation, "connect", lambda *_, **__: pytest.fail("a session was opened"))

    check = _others(_dialog(ruled))

    assert check.outcome is Outcome.PARTIAL
    assert check.detail.endswith(": LAW-2, LAW-3; each was in its own run. Tried: 0")


def test_what_says_nothing_of_a_document_is_no_refusal_and_stops(
    ruled: BatchSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = site_creation.others_tried_there

    def locked(*arguments: object) -> object:
        monkeypatch.setattr(site_creation, "_LOCK_S", 0.1)
        with ruled.passage.connect("postgres") as clerk:
            clerk.execute("BEGIN; LOCK TABLE public.unit_version IN SHARE MODE")
            try:
                return tried(*arguments)  # type: ignore[arg-type]
            finally:
                clerk.execute("ROLLBACK")

    monkeypatch.setattr("console.backend.batches.others_tried_there", locked)

    check = _others(_dialog(ruled))

    assert check.outcome is Outcome.INCONCLUSIVE
    assert check.detail.startswith("STOP_LOCKED")


def test_without_a_site_mapping_nothing_is_tried(ruled: BatchSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of checks that all pass; those of the first document, which fail without one, are left out."""
    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    assert isinstance(ruled.passage.backend, BackendService)
    ruled.passage.installation.site_mapping.unlink()

    checks = _dialog(ruled)

    assert {check.outcome for check in checks} == {Outcome.PASS}
    assert not {site_creation.OTHERS, site_creation.NAME} & {check.name for check in checks}


def test_what_is_refused_already_needs_no_trial_more(ruled: BatchSite, monkeypatch: pytest.MonkeyPatch) -> None:
    trials: list[object] = []

    def counted(contexts: object, limit: Limit) -> tuple[Check, ...]:
        trials.append(contexts)
        return ()

    monkeypatch.setattr("console.backend.gates.arming_checks.OF_BATCH", ())
    monkeypatch.setattr("console.backend.batches.others_tried_there", counted)
    _dialog(ruled)
    assert len(trials) == 1
    other = {"state": SwitchState.ARMED, "run_id": "another", "purpose": Purpose.CUT}
    switch = measure_switch(ruled.passage.installation).model_copy(update=other)
    monkeypatch.setattr("console.backend.batches.measure_switch", lambda _: switch)

    checks = _dialog(ruled)

    assert {check.name for check in checks if check.outcome is Outcome.FAIL} == {"switch"}
    assert len(trials) == 1
