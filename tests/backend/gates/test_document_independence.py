"""G5 goes red when the functions no longer cut, record and verify any document of any size."""

import time
from collections.abc import Callable

import pytest

from console.backend.gates import document_independence
from console.backend.gates.document_independence import GATE, document_constants
from console.backend.gates.installed_functions import installed_functions
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.model.outcome import Outcome
from console.backend.model.vocabulary import VOCABULARY
from console.backend.postgres.probes import SIZES, Generality, asked_histogram, cut_faults
from console.backend.postgres.routines import Routine
from tests.backend.gates.conftest import SECONDS, is_red, measured, named
from tests.backend.postgres.tampering import tamper
from tests.support.passage import Passage, fingerprint

DRIFT = "cutter-console drift"


def _body(passage: Passage, function: str) -> str:
    (row,) = passage.rows("SELECT pg_get_functiondef(%s::regproc)", f"cutter_console.{function}")
    return str(row[0])


def _changed(passage: Passage, function: str, old: str, new: str) -> None:
    definition = _body(passage, function)
    assert old in definition
    passage.execute(definition.replace(old, new).replace("%", "%%"))


def _measuring(passage: Passage) -> Probe:
    return Probe(passage.installation, "G5", time.monotonic() + SECONDS)


def test_the_installed_functions_cut_every_size_and_nothing_is_left(fresh: Passage) -> None:
    before = fingerprint(fresh)
    before.pop("next transaction id")

    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert [named(report, f"N = {size}").outcome for size in SIZES] == [Outcome.PASS] * 4
    assert "274 public rows, 280 ledger rows" in named(report, "N = 137").detail
    assert named(report, "rolled back").evidence[0].answer.endswith(" aborted")
    after = fingerprint(fresh)
    after.pop("next transaction id")
    assert after == before


def test_a_function_that_stops_at_a_size_is_red_for_that_size(fresh: Passage) -> None:
    _changed(
        fresh,
        "fn_manifest_seal",
        "RETURN n;",
        "IF n > 100 THEN RAISE EXCEPTION 'too many units'; END IF; RETURN n;",
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 137", action=DRIFT)
    assert "too many units" in named(report, "N = 137").detail
    assert named(report, "N = 60").outcome is Outcome.PASS


def test_a_record_function_that_leaves_a_row_out_is_red(fresh: Passage) -> None:
    definition = _body(fresh, "fn_record_write")
    start = definition.index("INSERT INTO cutter_governance.decision_backlog_history")
    row = definition[start : definition.index("END);", start) + len("END);")]
    _changed(fresh, "fn_record_write", row, "")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 1", action=DRIFT)
    assert "decision_backlog_history: +0 rows, +1 planned" in named(report, "N = 3").detail


def test_a_cut_that_writes_a_row_too_many_is_red(fresh: Passage) -> None:
    fresh.execute(
        "CREATE FUNCTION cutter_console.fn_more() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        " INSERT INTO cutter_governance.hold_event (action, reason, by) VALUES ('release', 'x', 'x'); RETURN NULL; END $$;"
        " ALTER FUNCTION cutter_console.fn_more() OWNER TO cutter_owner;"
        " CREATE TRIGGER more AFTER INSERT ON public.unit_version FOR EACH STATEMENT EXECUTE FUNCTION cutter_console.fn_more()"
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 60", action=DRIFT)
    assert "hold_event: +1 rows, +0 planned" in named(report, "N = 60").detail
    assert fresh.rows("SELECT count(*) FROM cutter_governance.hold_event") == [(0,)]


def test_a_cut_that_gives_every_unit_one_kind_is_red(fresh: Passage) -> None:
    _changed(
        fresh,
        "fn_cut_write",
        "SELECT unit_id, address, unit_kind, section_type,",
        "SELECT unit_id, address, 'law_unit', 'article',",
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 60", action=DRIFT)
    assert "asked" in named(report, "N = 60").detail


def test_a_vocabulary_with_a_pair_of_nobodys_is_red(fresh: Passage) -> None:
    fresh.execute("INSERT INTO cutter_governance.unit_vocabulary VALUES ('aaa_unit', 'stanza')")

    assert is_red(measured(GATE, fresh.installation), "N = 60", action=DRIFT)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("AND (p.id IS NULL\n        OR s.address IS NULL", "AND (true", "0 of 1 units are as planned"),
        ("(SELECT count(*) FROM public.unit_version w", "(SELECT count(*) / 0 FROM public.unit_version w", "22012"),
    ],
    ids=["wrong", "refused"],
)
def test_a_verification_that_is_wrong_or_refused_is_red(fresh: Passage, old: str, new: str, said: str) -> None:
    _changed(fresh, "fn_draft_differences", old, new)

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 1", action=DRIFT)
    assert said in named(report, "N = 1").detail
    assert "fn_draft_differences has another body" in named(report, "function digests").detail


def test_a_verification_that_takes_another_verdict_is_red_by_its_digest(fresh: Passage) -> None:
    _changed(fresh, "fn_verify_record", "p_outcome = 'PASS'", "p_outcome = 'GOOD'")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "function digests", action=DRIFT)
    assert "fn_verify_record has another body" in named(report, "function digests").detail


def test_a_cut_that_does_not_seal_its_manifest_is_red(fresh: Passage) -> None:
    _changed(
        fresh,
        "fn_manifest_seal",
        "             WHERE m.run_id = r.run_id) b;\n    RETURN n;",
        "             WHERE m.run_id = r.run_id) b HAVING false;\n    RETURN n;",
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 1", action=DRIFT)
    assert is_red(report, "function digests", action=DRIFT)


def test_a_changed_function_that_still_works_is_red_by_its_digest(fresh: Passage) -> None:
    _changed(
        fresh,
        "fn_cut_apply",
        "jsonb_build_object('status', 'cut',",
        "jsonb_build_object('status', 'done',",
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "function digests", action=DRIFT)
    assert named(report, "N = 137").outcome is Outcome.PASS


def test_a_function_that_the_pin_agrees_with_and_the_program_does_not_is_red(fresh: Passage) -> None:
    """Two digests of one thing side by side; here all three must be one."""
    _changed(fresh, "fn_cut_apply", "'status', 'cut'", "'status', 'done'")
    fresh.execute(
        "INSERT INTO cutter_governance.schema_pin (batch, line) SELECT 99, line FROM cutter_governance.v_schema_line"
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "function digests", action=DRIFT)
    assert "not the one of this program" in named(report, "function digests").detail


@pytest.mark.parametrize("literal", ["'ACME-LAW'", "'ACME-LAW/1.2'", "'DE-BGB/par-12'"])
def test_a_function_that_knows_a_document_is_red(at: Callable[[str], Passage], literal: str) -> None:
    passage = at("waits for SG_1")
    _changed(passage, "fn_cut_write", "PERFORM cutter_console.fn_approval_spend(a, 'cut');",
             f"PERFORM cutter_console.fn_approval_spend(a, 'cut'); IF r.docprefix = {literal} THEN NULL; END IF;")  # fmt: skip

    report = measured(GATE, passage.installation)

    assert is_red(report, "no constant of a document", action=DRIFT)
    assert literal in named(report, "no constant of a document").detail


def test_under_a_hold_it_is_inconclusive_and_names_the_way_out(fresh: Passage) -> None:
    fresh.execute("SELECT cutter_console.fn_hold_set('look here', 'tester', NULL)")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 60", Outcome.INCONCLUSIVE, action="cutter-console hold show")
    assert named(report, "function digests").outcome is Outcome.PASS


def test_while_the_switch_is_armed_it_is_inconclusive_and_names_the_run(at: Callable[[str], Passage]) -> None:
    passage = at("SG_1 imported")
    passage.execute("SELECT cutter_console.fn_lease_arm(%s, 'cut', 'tester', 'host', 5)", passage.run_id)

    report = measured(GATE, passage.installation)

    assert is_red(report, "N = 1", Outcome.INCONCLUSIVE, action="cutter-console disarm")
    assert passage.run_id in named(report, "N = 1").detail


def test_a_verifier_without_the_probe_is_inconclusive(fresh: Passage) -> None:
    """42501 is neither a PASS nor a fault of the functions."""
    fresh.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_probe_cut FROM cutter_verify")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "N = 1", Outcome.INCONCLUSIVE, action=DRIFT)
    assert "42501" in named(report, "N = 1").detail


def test_a_monitoring_console_tries_nothing_and_says_so(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation, read_only=True)

    assert is_red(report, "N = 1", Outcome.INCONCLUSIVE, action="without --read-only")
    assert named(report, "no constant of a document").outcome is Outcome.PASS


def test_a_transaction_that_was_kept_is_red(fresh: Passage) -> None:
    facts = document_independence.measure(_measuring(fresh))
    assert facts.generality.value is not None
    kept = facts.generality.value.model_copy(update={"transaction": "77 committed", "kept_nothing": False})
    changed = facts.model_copy(
        update={"generality": Measurement[Generality](evidence=facts.generality.evidence, value=kept)}
    )

    check = next(one for one in document_independence.decide(changed) if one.name == "rolled back")

    assert (check.outcome, "panic" in check.next_action) == (Outcome.FAIL, True)


def test_the_asked_histogram_is_every_pair_in_turn() -> None:
    for size in (*SIZES, 1000):
        asked = asked_histogram(size, VOCABULARY)
        assert sum(asked.values()) == size
        assert max(asked.values()) - min(asked.values()) <= 1
    assert len(asked_histogram(137, VOCABULARY)) == len(VOCABULARY)


def test_a_constant_is_found_in_literals_only() -> None:
    def found(text: str) -> tuple[str, ...]:
        return document_constants((Routine("f", "", text, "", closed=True),), ("UPDATE", "ACME"))

    assert found("UPDATE x SET a = 'it''s' -- ACME") == ()
    assert found("SELECT 'ACME'") == ("f: 'ACME'",)
    assert found("SELECT 'ACME/1', 'QQ-LAW/2'") == ("f: 'ACME/1'", "f: 'QQ-LAW/2'")


def test_a_probe_that_ended_early_is_a_fault(fresh: Passage) -> None:
    facts = document_independence.measure(_measuring(fresh))
    assert facts.generality.value is not None
    one = facts.generality.value.probes[1]

    assert cut_faults(one, VOCABULARY) == ()
    assert cut_faults(one.model_copy(update={"done": False}), VOCABULARY) != ()
    assert cut_faults(one.model_copy(update={"sound": 2}), VOCABULARY) != ()
    assert cut_faults(one.model_copy(update={"leg_b": ()}), VOCABULARY) != ()
    for table in ("manifest_seal", "approval_use"):
        without = tuple(change for change in one.leg_a if change.table != f"cutter_governance.{table}")
        (fault,) = cut_faults(one.model_copy(update={"leg_a": without}), VOCABULARY)
        assert fault == f"leg A: cutter_governance.{table}: +0 rows, +1 planned"


_OVERLOAD = (
    "CREATE FUNCTION cutter_console.fn_folded(p_number integer) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'"
)
_PIN = """
    INSERT INTO cutter_governance.schema_pin (batch, line)
    SELECT p.batch, replace(replace(p.line, 'fn_folded(p_text text)', 'fn_folded(p_number integer)'), m.was, m.now)
      FROM cutter_governance.schema_pin p,
           (SELECT encode(sha256(convert_to(o.prosrc, 'UTF8')), 'hex') AS was, encode(sha256(convert_to(n.prosrc, 'UTF8')), 'hex') AS now
              FROM pg_proc o, pg_proc n
             WHERE o.oid = 'cutter_console.fn_folded(text)'::regprocedure AND n.oid = 'cutter_console.fn_folded(integer)'::regprocedure) m
     WHERE p.batch = (SELECT max(batch) FROM cutter_governance.schema_pin) AND p.line LIKE '["function", "FUNCTION cutter_console.fn_folded(%"body"%'
"""


@pytest.mark.parametrize("is_pinned", [False, True])
def test_a_function_of_the_same_name_belongs_to_nobody_here_only_where_it_was_there_before(
    fresh: Passage, is_pinned: bool
) -> None:
    """One that a migration has pinned is an organisation's own beside the product's; any other was slipped in."""
    tamper(fresh, _OVERLOAD, *([_PIN] if is_pinned else []))
    with fresh.connect("cutter_verify") as connection:
        _, sources = installed_functions(connection, fresh.installation)
    wrong = {source.name: source.pinned for source in sources if not source.as_installed}
    assert wrong == ({} if is_pinned else {"cutter_console.fn_folded": ""})
