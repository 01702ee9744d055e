"""Each check of a verification fails when what it checks is broken."""

from collections.abc import Callable

import pytest

from console.backend.model.errors import Drifted
from console.backend.model.outcome import Outcome
from console.backend.model.view_models import SwitchState
from console.cli.main import main
from console.cli.runs import verification
from tests.support.passage import Passage

At = Callable[[str], Passage]
GUARDED = ("information_unit", "unit_version")
BREAKS = {
    "cardinality": "DELETE FROM public.information_unit WHERE canonical_address LIKE '%%BETA'",
    "addresses": "UPDATE public.information_unit SET canonical_address = 'ACME-LAW/ONE/GAMMA' WHERE canonical_address LIKE '%%BETA'",
    "anchors": "UPDATE public.information_unit SET content_anchor_ref = repeat('0', 64) WHERE canonical_address LIKE '%%BETA'",
    "hierarchy": "UPDATE public.information_unit SET parent_or_container_ref = NULL WHERE canonical_address LIKE '%%BETA'",
    "lifecycle": "UPDATE public.information_unit SET lifecycle_status = 'retired' WHERE canonical_address LIKE '%%BETA'",
    "body fidelity": "UPDATE public.unit_version SET body = replace(body, 'Second', 'Another') WHERE title = 'Beta'",
    "coverage": "UPDATE public.unit_version SET body = body || ' ' WHERE title = 'Beta'",
    "deltas": "INSERT INTO cutter_governance.canonical_address_alias (alias, canonical_address) VALUES ('a', 'b')",
    "untouched rows": "WITH u AS (INSERT INTO public.information_unit (canonical_address, unit_kind, section_type, version_anchor_ref)"
    " VALUES ('ELSE/1', 'a', 'b', '00000000-0000-0000-0000-000000000001') RETURNING id) INSERT INTO public.unit_version"
    " (id, unit_id, version_seq, body, content_hash) SELECT '00000000-0000-0000-0000-000000000001', id, 1, 'b', 'h' FROM u",
}


def _break(passage: Passage, statement: str) -> None:
    """As a superuser who has put the guards to sleep: what no product code can do."""
    with passage.connect() as connection:
        for table in GUARDED:
            connection.execute(f"ALTER TABLE public.{table} DISABLE TRIGGER USER".encode())
        connection.execute(statement.replace("%%", "%").encode())


def _verdicts(passage: Passage) -> dict[str, Outcome]:
    return {check.name: check.outcome for check in verification(passage.backend, passage.run_id)}


def test_a_good_cut_passes_every_check(at: At) -> None:
    verdicts = _verdicts(at("waits for SG_2"))
    assert set(verdicts) == {*BREAKS, "pinned source", "planned again", "as signed"}
    assert set(verdicts.values()) == {Outcome.PASS}


@pytest.mark.parametrize("check", BREAKS)
def test_each_check_fails_when_what_it_checks_is_broken(at: At, check: str) -> None:
    """A verify option had no effect for a time; a check said "consistent" of an edited value."""
    passage = at("waits for SG_2")
    _break(passage, BREAKS[check])
    assert _verdicts(passage)[check] is Outcome.FAIL


def test_rows_that_nobody_counted_are_seen(at: At) -> None:
    """The kept count is not asked: the trigger that keeps it was off as well."""
    passage = at("waits for SG_2")
    _break(
        passage,
        "INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash) VALUES (gen_random_uuid(), 1, 'x', 'x')",
    )
    assert _verdicts(passage)["deltas"] is Outcome.FAIL


def test_another_source_than_the_pinned_one_is_seen(at: At) -> None:
    """Fidelity is to the pinned source, not to what the cutter says."""
    passage = at("waits for SG_2")
    source = passage.installation.root / "runs" / passage.run_id / "source.raw"
    source.write_bytes(source.read_bytes().replace(b"Second", b"Third!"))
    verdicts = _verdicts(passage)
    assert {verdicts[name] for name in ("pinned source", "planned again", "body fidelity")} == {Outcome.FAIL}


def test_a_failed_verification_has_its_exit_status(at: At, capsys: pytest.CaptureFixture[str]) -> None:
    passage = at("waits for SG_2")
    words = ["--root", str(passage.installation.root), "verify", passage.run_id]
    assert main(words) == 0
    _break(passage, BREAKS["body fidelity"])
    assert main(words) == 1
    assert "body fidelity" in capsys.readouterr().out
    assert passage.backend.status().switch.state is SwitchState.OFF


def test_the_verdict_at_the_second_pause_is_recorded_and_a_failed_one_stops_the_second_ruling(at: At) -> None:
    passage = at("waits for SG_2")
    _verdicts(passage)
    _break(passage, BREAKS["body fidelity"])
    _verdicts(passage)
    query = "SELECT outcome FROM cutter_governance.verify_result ORDER BY verified_at"
    assert passage.rows(query) == [("PASS",), ("PASS",), ("FAIL",)]
    with pytest.raises(Drifted, match="ACME-LAW/ONE/BETA: another body than signed"):
        passage.backend.draft_statement(passage.run_id)


def test_a_monitoring_console_records_no_verdict(at: At) -> None:
    passage = at("waits for SG_2")
    before = passage.rows("SELECT count(*) FROM cutter_governance.verify_result")
    passage.backend.read_only = True
    _verdicts(passage)
    assert passage.rows("SELECT count(*) FROM cutter_governance.verify_result") == before
