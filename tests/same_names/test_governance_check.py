"""`adopt check` tries the rows of a run in each of the organisation's governance tables, and leaves none."""

import itertools
from collections.abc import Callable

import psycopg
import pytest

from console.backend.model.errors import StopCode
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan_binding import TableCount
from console.backend.model.site_trial import Trial, verdicts
from console.backend.postgres.site_gateway import site_counts
from console.backend.runs import site_check
from console.backend.runs.site_check import prove_mapping
from tests.conftest import Database
from tests.same_names.conftest import Beside
from tests.same_names.test_governance import _NEVER, _as_owner, _rows
from tests.support.fingerprint import fingerprint
from tests.support.passage import Passage

_GOVERNED = "governance rows: cutter_governance."
_FROM = "governance rows: "
_END = "governance rows: end of the transaction"


def _checks(passage: Passage) -> dict[str, Check]:
    return {check.name: check for check in prove_mapping(passage.installation)}


def _wrong(checks: dict[str, Check]) -> dict[str, str]:
    return {
        name.removeprefix(_FROM): check.outcome for name, check in checks.items() if check.outcome is not Outcome.PASS
    }


def test_each_mapped_table_has_its_verdict_and_nothing_stays(beside: Beside, tied: Passage) -> None:
    assert beside.mapping.governance is not None
    database = Database(tied.cluster, tied.database)
    before = fingerprint(database)

    checks = _checks(tied)

    assert _wrong(checks) == {}, checks
    tables = {name.removeprefix(_FROM) for name in checks if name.startswith(_GOVERNED)}
    assert tables == set(beside.mapping.governance.tables)
    assert checks[f"{_GOVERNED}review_decision"].detail == (
        "decision +1, decision of the enact +1, decision of the revert +1; read back as they were given"
    )
    assert checks[f"{_FROM}taken back"].detail.endswith("tables have the rows that they had")
    assert fingerprint(database) == before


@pytest.mark.parametrize(
    ("change", "table", "said", "action"),
    [
        (
            "ALTER TABLE cutter_governance.review_decision ADD CONSTRAINT their_words CHECK (verdict IN ('approved', 'rejected'))",
            "review_decision",
            'decision: refused with 23514: new row for relation "review_decision" violates check constraint "their_words"'
            " by constraint their_words",
            "[governance.decision] of the site mapping (words of its own: values = { cut = 'approved' } in the entry of the column)",
        ),
        (
            "ALTER TABLE cutter_governance.review_decision ADD CONSTRAINT no_revert CHECK (verdict <> 'revert')",
            "review_decision",
            "decision of the revert: refused with 23514",
            "[governance.decision]",
        ),
        (
            _NEVER.format("RAISE EXCEPTION 'never on a Sunday'; RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.verify_result"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "verify_result",
            "verification: refused with P0001: never on a Sunday by trigger never, cutter_governance.never",
            "Ask the owner of trigger never, cutter_governance.never",
        ),
        (
            _NEVER.format("RETURN NULL;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.dot_pair_signature"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "dot_pair_signature",
            "signature: 0 of 1 rows were added; triggers and rules there: never (cutter_governance.never)",
            "Ask the owner of the table",
        ),
        (
            _NEVER.format("NEW.body_digest := repeat('0', 64); RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.manifest_unit_block"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "manifest_unit_block",
            "1 rows of the unit are not there once, as they were recorded; triggers and rules there: never",
            "Ask the owner of the table",
        ),
        (
            _NEVER.format("RAISE EXCEPTION 'at the end'; RETURN NULL;")
            + " CREATE CONSTRAINT TRIGGER never AFTER INSERT ON cutter_governance.cut_change_set DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            _END,
            "refused with P0001: at the end by cutter_governance.never",
            "Ask the owner of cutter_governance.never",
        ),
        (
            _NEVER.format(
                "INSERT INTO cutter_governance.decision_backlog_entry (subject) VALUES ('one more'); RETURN NULL;"
            )
            + " CREATE TRIGGER never AFTER INSERT ON cutter_governance.cut_change_set"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never();"
            " GRANT INSERT (subject) ON cutter_governance.decision_backlog_entry TO PUBLIC",
            "governance rows: rows beside them",
            "record: cutter_governance.decision_backlog_entry +2, expected +1",
            "Ask the owner of the tables",
        ),
        (
            _NEVER.format(
                "INSERT INTO cutter_governance.canonical_address_alias SELECT 'ONE-MORE', id, 'noted' FROM public.information_unit LIMIT 1; RETURN NULL;"
            ).replace("plpgsql AS", "plpgsql SECURITY DEFINER AS")
            + " CREATE TRIGGER never AFTER INSERT ON cutter_governance.cut_change_set"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "governance rows: rows beside them",
            "record: cutter_governance.canonical_address_alias +1, expected +0",
            "take cutter_governance.canonical_address_alias out of the list `ledger` of the site mapping: then it is not counted",
        ),
        (
            "REVOKE INSERT (effect) ON cutter_governance.cut_change_set_affected_row FROM cutter_site",
            "cut_change_set_affected_row",
            "refused with 42501: permission denied for table cut_change_set_affected_row",
            "cutter-console adopt apply",
        ),
    ],
    ids=[
        "a vocabulary",
        "no revert",
        "a trigger",
        "a row kept out",
        "a row changed",
        "at the end",
        "a row more",
        "a row in a table that is only counted",
        "no privilege",
    ],
)
def test_what_refuses_the_rows_of_a_table_is_named(
    tied: Passage, change: str, table: str, said: str, action: str
) -> None:
    _as_owner(tied, change)
    before = _rows(tied)

    checks = _checks(tied)

    check = checks[table if " " in table else f"{_GOVERNED}{table}"]
    assert check.outcome is Outcome.FAIL, check
    assert said in check.detail
    assert action in check.next_action
    assert checks[f"{_FROM}taken back"].outcome is Outcome.PASS
    assert _rows(tied) == before


def test_what_refers_to_a_row_that_was_refused_has_no_verdict(tied: Passage) -> None:
    _as_owner(tied, "ALTER TABLE cutter_governance.manifest_envelope ADD CHECK (unit_count > 1000)")

    checks = _checks(tied)

    unit = checks[f"{_GOVERNED}manifest_unit_block"]
    assert checks[f"{_GOVERNED}manifest_envelope"].outcome is Outcome.FAIL
    assert (unit.outcome, unit.detail) == (
        Outcome.INCONCLUSIVE,
        "unit: not told, it refers to the envelope, which was refused",
    )
    assert checks[f"{_GOVERNED}source_document_registry"].outcome is Outcome.PASS
    # Nothing fired behind the rows that were not there.
    for name in (_END, f"{_FROM}rows beside them"):
        assert checks[name].outcome is Outcome.INCONCLUSIVE, checks[name]
        assert "envelope, unit" in checks[name].detail


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("REVOKE EXECUTE ON FUNCTION cutter_console.fn_site_try FROM cutter_exec", "cutter_exec may not execute"),
        ("DROP FUNCTION cutter_console.fn_site_try", "no function yet"),
        (
            "CREATE OR REPLACE FUNCTION cutter_console.fn_site_mapping() RETURNS text LANGUAGE sql AS $$ SELECT '"
            + "0" * 64
            + "'::text $$",
            "by the mapping 0000",
        ),
        ("ALTER FUNCTION public.fn_iu_create SECURITY INVOKER", "the unit that its rows are about was not created"),
    ],
    ids=["not permitted", "no function", "another mapping", "no unit"],
)
def test_where_they_cannot_be_tried_no_table_passes(beside: Beside, tied: Passage, change: str, said: str) -> None:
    assert beside.mapping.governance is not None
    tied.execute(change)

    checks = _checks(tied)

    of_tables = [checks[f"{_FROM}{table}"] for table in beside.mapping.governance.tables]
    assert {check.outcome for check in of_tables} == {Outcome.INCONCLUSIVE}
    assert all(said in check.detail and check.next_action for check in of_tables), of_tables


def _refused_with(passage: Passage, state: str) -> None:
    _as_owner(
        passage,
        _NEVER.format(f"RAISE EXCEPTION 'there' USING ERRCODE = '{state}'; RETURN NEW;")
        + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.verify_result"
        " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
    )


@pytest.mark.parametrize("state", ["25006", "53100", "55P03", "XX000"])
def test_what_says_nothing_of_the_rows_refuses_none(beside: Beside, tied: Passage, state: str) -> None:
    assert beside.mapping.governance is not None
    _refused_with(tied, state)

    checks = _checks(tied)

    of_tables = [checks[f"{_FROM}{table}"] for table in beside.mapping.governance.tables]
    assert {check.outcome for check in of_tables} == {Outcome.INCONCLUSIVE}
    assert all("STOP_" in check.detail and check.next_action for check in of_tables), of_tables


@pytest.mark.parametrize("state", ["54000", "55000", "P0004"])
def test_what_a_limit_or_a_state_refuses_is_refused(tied: Passage, state: str) -> None:
    _refused_with(tied, state)

    check = _checks(tied)[f"{_GOVERNED}verify_result"]

    assert check.outcome is Outcome.FAIL
    assert f"refused with {state}: there" in check.detail


def test_a_trial_that_is_ended_early_passes_no_table(beside: Beside, tied: Passage) -> None:
    """By a view of the organisation's in the place of a table that is counted, whose function raises the trial's own code."""
    assert beside.mapping.governance is not None
    _as_owner(
        tied,
        "CREATE FUNCTION cutter_governance.ends() RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'CU000'; END $$;"
        " ALTER TABLE cutter_governance.canonical_address_alias RENAME TO kept;"
        " CREATE VIEW cutter_governance.canonical_address_alias AS SELECT 1 WHERE cutter_governance.ends();"
        " GRANT SELECT ON cutter_governance.canonical_address_alias TO PUBLIC",
    )

    with tied.connect("cutter_exec") as connection:
        row = connection.execute(
            b"SELECT cutter_console.fn_site_try('PROBE-1', 'LIB-RULES/P', 'law_unit', 'article', 'LIB-RULES', 'enact')"
        ).fetchone()

    assert row is not None
    (trial,) = [Trial.model_validate(row[0], strict=False)]
    assert not trial.finished
    assert {verdict.outcome for verdict in verdicts(beside.mapping.governance, (trial,))} == {Outcome.INCONCLUSIVE}


def test_under_a_hold_nothing_is_tried_by_hand_either(tied: Passage) -> None:
    tied.backend.panic("a test")

    with tied.connect("cutter_exec") as connection, pytest.raises(psycopg.Error) as held:
        connection.execute(
            b"SELECT cutter_console.fn_site_try('PROBE-1', 'LIB-RULES/P', 'law_unit', 'article', 'LIB-RULES', 'enact')"
        )

    assert held.value.diag.message_detail == StopCode.HOLD


@pytest.mark.parametrize("last", ["enact", "revert"])
def test_whoever_calls_the_trial_and_commits_has_written_nothing(tied: Passage, last: str) -> None:
    """A trigger of the organisation's that raises the trial's own code ends nothing early either."""
    _as_owner(
        tied,
        _NEVER.format("RAISE EXCEPTION USING ERRCODE = 'CU000'; RETURN NEW;")
        + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.review_decision"
        " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
    )
    database = Database(tied.cluster, tied.database)
    before = fingerprint(database)

    with tied.connect("cutter_exec") as connection:
        row = connection.execute(
            "SELECT cutter_console.fn_site_try('PROBE-1', 'LIB-RULES/PROBE-1', 'law_unit', 'article', 'LIB-RULES', %s)",
            (last,),
        ).fetchone()

    assert row is not None
    assert {attempt["part"] for attempt in row[0]["tried"] if attempt["state"]} >= {"decision"}
    assert {attempt["part"] for attempt in row[0]["tried"] if attempt["added"]} >= {"create", "envelope", "unit"}
    assert fingerprint(database) == before


_NOTED = "INSERT INTO cutter_governance.decision_backlog_entry (subject) VALUES ('somebody else')"


@pytest.mark.parametrize(
    ("writes", "outcome", "said"),
    [
        (lambda number: number == 2, Outcome.INCONCLUSIVE, "rows came with the first trial only"),
        (lambda number: number >= 2, Outcome.INCONCLUSIVE, "somebody else writes there"),
        (
            lambda number: number in {2, 4, 6},
            Outcome.FAIL,
            "each of 3 trials left rows, and nothing changed between them",
        ),
    ],
    ids=["once", "all the time", "with each trial"],
)
def test_rows_of_somebody_else_are_told_from_those_of_a_trial(
    tied: Passage, monkeypatch: pytest.MonkeyPatch, writes: Callable[[int], bool], outcome: Outcome, said: str
) -> None:
    """By a count before each trial and after it, of which every other one has no trial before it."""
    numbers = itertools.count(1)

    def counted(connection: psycopg.Connection) -> tuple[TableCount, ...]:
        if writes(next(numbers)):
            _as_owner(tied, _NOTED)
        return site_counts(connection)

    monkeypatch.setattr(site_check, "site_counts", counted)

    check = _checks(tied)[f"{_FROM}taken back"]

    assert (check.outcome, said in check.detail) == (outcome, True), check
    assert "adopt check" in check.next_action
