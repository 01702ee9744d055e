"""What a COMMIT waits for, and what could be lost at a fail-over: decided from the settings and the server's own words."""

import re

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.replication import Demand, Standby, demand_of, replication


def _standby(name: str, sync_state: str | None, *, is_subscriber: bool = False) -> Standby:
    return Standby(name=name, state=sync_state and "streaming", sync_state=sync_state, is_subscriber=is_subscriber)


@pytest.mark.parametrize(
    ("setting", "demand"),
    [
        ("", None),
        ("  ", None),
        ("a", Demand(1, is_any=False, names=("a",))),
        ("*", Demand(1, is_any=False, names=("*",))),
        ("a, b", Demand(1, is_any=False, names=("a", "b"))),
        ("2 (a,b , c)", Demand(2, is_any=False, names=("a", "b", "c"))),
        ("FIRST 2 (a, b)", Demand(2, is_any=False, names=("a", "b"))),
        ("any 1(a,b)", Demand(1, is_any=True, names=("a", "b"))),
        ('ANY 2 ("a b", "c""d", *)', Demand(2, is_any=True, names=("a b", 'c"d', "*"))),
        ("first, b", Demand(1, is_any=False, names=("first", "b"))),
    ],
)
def test_the_setting_is_read_as_the_server_reads_it(setting: str, demand: Demand | None) -> None:
    assert demand_of(setting) == demand


@pytest.mark.parametrize(
    ("setting", "standbys", "outcome", "sentence"),
    [
        ("", [], Outcome.PASS, "no standby is connected"),
        ("", [_standby("a", "async")], Outcome.PARTIAL, "waits for no standby: .* can be lost at a fail-over to a"),
        ("", [_standby("a", None)], Outcome.PARTIAL, "can be lost at a fail-over to a"),
        ("a", [_standby("a", "sync")], Outcome.PASS, "confirmed by a; a .sync. confirms"),
        ("A", [_standby("a", "sync")], Outcome.PASS, "a .sync. confirms"),
        ("*", [_standby("a", "sync")], Outcome.PASS, "confirmed by any standby"),
        ("a", [_standby("a", "sync"), _standby("b", "async")], Outcome.PARTIAL, "lost at a fail-over to b .async."),
        ("a, b", [_standby("a", "sync"), _standby("b", "potential")], Outcome.PARTIAL, "fail-over to b .potential."),
        ("2 (a, b)", [_standby("a", "sync"), _standby("b", "sync")], Outcome.PASS, "a .sync., b .sync. confirm"),
        ("ANY 1 (a, b)", [_standby("a", "quorum"), _standby("b", "quorum")], Outcome.PARTIAL, "one of .* that lags"),
        ("ANY 2 (a, b)", [_standby("a", "quorum"), _standby("b", "quorum")], Outcome.PASS, "confirm"),
        ("a", [], Outcome.FAIL, "connected is none of them: it would wait without an end"),
        ("a", [_standby("b", "async")], Outcome.FAIL, "none of them"),
        ("a", [_standby("b", None)], Outcome.FAIL, "none of them"),
        # Still catching up: it is named, and confirms nothing yet.
        ("a", [_standby("a", "potential")], Outcome.FAIL, "none of them"),
        ("2 (a, b)", [_standby("a", "sync")], Outcome.FAIL, "connected is a .sync. only"),
        ("a", [_standby("a", "potential")], Outcome.FAIL, "none of them confirms yet, a .potential. must catch up"),
        ("a", [_standby("a", None)], Outcome.PARTIAL, "connected is a; whether they confirm is not visible"),
        ("2 (a, b)", [_standby("a", None)], Outcome.FAIL, "connected is a only"),
        ("", [_standby("s", "async", is_subscriber=True)], Outcome.PASS, "no standby is connected"),
        ("s", [_standby("s", "sync", is_subscriber=True)], Outcome.PASS, "s .sync. confirms"),
        ("s", [_standby("s", None, is_subscriber=True)], Outcome.PARTIAL, "not visible"),
    ],
)
def test_what_is_measured_is_judged(setting: str, standbys: list[Standby], outcome: Outcome, sentence: str) -> None:
    judged = replication("on", setting, tuple(standbys))
    assert (judged.outcome, bool(judged.next_action)) == (outcome, outcome is not Outcome.PASS), judged.sentence
    assert re.search(sentence, judged.sentence), judged.sentence


def test_of_a_standby_nothing_is_demanded() -> None:
    judged = replication("on", "a", (), in_recovery=True)
    assert (judged.outcome, judged.sentence) == (Outcome.PASS, "this server is a standby: nothing is committed on it")
