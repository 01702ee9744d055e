"""`adopt check` proves the organisation's functions as a run calls them, also where the executor may not call them itself."""

import psycopg
import pytest

from console.backend.model.outcome import Check, Outcome
from console.backend.model.site_governance import Source
from console.backend.runs.site_check import prove_mapping
from console.cli.main import main
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import BEFORE, Beside, theirs
from tests.same_names.test_governance import _BEFORE, _NEVER, _as_owner, _rows
from tests.support.fingerprint import fingerprint
from tests.support.passage import Passage

_ENACT, _REVERT = "enact, as a run does", "take back, as a run does"
_BY_ITSELF = "REVOKE EXECUTE ON FUNCTION public.fn_iu_create, public.fn_iu_enact FROM cutter_exec"
_LOOKED_UP = """
    SET ROLE directus;
    CREATE FUNCTION public.fn_decided() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM cutter_governance.review_decision d JOIN cutter_governance.cut_change_set c USING (envelope_id)
                        WHERE d.review_decision_id = NEW.review_decision_id AND c.change_set_id = NEW.change_set_id) THEN
            RAISE EXCEPTION 'nobody has decided this';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER decided BEFORE INSERT ON public.iu_lifecycle_log FOR EACH ROW EXECUTE FUNCTION public.fn_decided();
    RESET ROLE;
    GRANT USAGE ON SCHEMA cutter_governance TO directus;
    GRANT SELECT ON cutter_governance.review_decision, cutter_governance.cut_change_set TO directus;
"""


def _checks(passage: Passage) -> dict[str, Check]:
    return {check.name: check for check in prove_mapping(passage.installation)}


def _on_units(does: str) -> str:
    return (
        f"CREATE FUNCTION public.fn_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {does} END $$;"
        " CREATE TRIGGER trg_zzz BEFORE UPDATE ON public.information_unit FOR EACH ROW EXECUTE FUNCTION public.fn_there()"
    )


def test_an_executor_without_a_right_of_its_own_is_the_usual_one_and_ends_with_0(
    tied: Passage, capsys: pytest.CaptureFixture[str]
) -> None:
    """The guide says to revoke that right, and `adopt check` ended with 7 then, for ever."""
    tied.execute(_BY_ITSELF)
    before = fingerprint(Database(tied.cluster, tied.database))

    status = main(["--root", str(tied.installation.root), "adopt", "check"])
    checks = _checks(tied)

    assert status == 0, capsys.readouterr().out
    assert {name: check.outcome for name, check in checks.items() if check.outcome is not Outcome.PASS} == {
        "function that creates": Outcome.PARTIAL,
        "function that enacts": Outcome.PARTIAL,
    }
    assert "need not: it is proven as a run calls it, by cutter_site_caller" in checks["function that enacts"].detail
    assert checks["function that enacts"].next_action.startswith("Nothing needs to be done.")
    assert {checks[name].outcome for name in ("create, as a run does", _ENACT, _REVERT)} == {Outcome.PASS}
    assert fingerprint(Database(tied.cluster, tied.database)) == before


def test_before_the_script_was_run_it_is_told_what_proves_them(tied: Passage) -> None:
    tied.execute(_BY_ITSELF)
    tied.execute("DROP FUNCTION cutter_console.fn_site_mapping CASCADE")

    check = _checks(tied)["function that enacts"]

    assert check.outcome is Outcome.INCONCLUSIVE
    assert "cutter-console adopt apply" in check.next_action


def test_a_script_that_cannot_try_moves_is_no_proof(tied: Passage) -> None:
    tied.execute("DROP FUNCTION cutter_console.fn_site_try_move(text, text, text, text, text, text, text)")

    check = _checks(tied)["create, as a run does"]

    assert check.outcome is Outcome.FAIL
    assert "cutter-console adopt apply" in check.next_action


@pytest.mark.parametrize(
    ("change", "subjects", "proof"),
    [
        (
            _on_units("IF NEW.lifecycle_status = 'superseded' THEN RAISE EXCEPTION 'never back'; END IF; RETURN NEW;"),
            {"function that enacts"},
            _REVERT,
        ),
        (
            _on_units("RAISE EXCEPTION 'none here';").replace("BEFORE UPDATE", "BEFORE INSERT"),
            {"function that creates", "function that enacts"},
            "create, as a run does",
        ),
    ],
    ids=["no way back", "none made"],
)
def test_where_a_run_would_be_refused_its_proof_is_named_and_no_script(
    tied: Passage, change: str, subjects: set[str], proof: str
) -> None:
    """The executor was told to have the script run that an administrator had run already."""
    tied.execute(_BY_ITSELF)
    tied.execute(change)

    checks = _checks(tied)

    assert checks[proof].outcome is Outcome.FAIL
    unknown = {name: check for name, check in checks.items() if check.outcome is Outcome.INCONCLUSIVE}
    assert set(unknown) & {"function that creates", "function that enacts"} == subjects
    for subject in subjects:
        assert unknown[subject].detail.endswith(f"not proven: see '{proof}'")
        assert unknown[subject].next_action == checks[proof].next_action


@pytest.mark.parametrize(
    ("change", "wrong", "said"),
    [
        (
            _on_units("IF NEW.lifecycle_status = 'superseded' THEN RAISE EXCEPTION 'never back'; END IF; RETURN NEW;"),
            {_REVERT},
            "P0001: never back",
        ),
        (
            _on_units("NEW.lifecycle_status := OLD.lifecycle_status; RETURN NEW;"),
            {_ENACT, _REVERT},
            "is draft",
        ),
        (
            _on_units(
                "INSERT INTO public.iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.id, 'draft', 'x'); RETURN NEW;"
            ),
            {_ENACT, _REVERT},
            "iu_lifecycle_log 2, expected 1",
        ),
        (
            "REVOKE EXECUTE ON FUNCTION public.fn_iu_enact FROM cutter_site_caller",
            {_ENACT, _REVERT},
            "42501",
        ),
        (
            _on_units("RAISE EXCEPTION USING ERRCODE = 'CU000';"),
            {_ENACT, _REVERT},
            "CU000",
        ),
        (
            "CREATE FUNCTION public.fn_old() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN NEW.lifecycle_status := OLD.lifecycle_status; RETURN NEW; END $$;"
            " CREATE TRIGGER trg_old BEFORE UPDATE ON public.unit_version"
            " FOR EACH ROW EXECUTE FUNCTION public.fn_old()",
            {_ENACT, _REVERT},
            "its version draft",
        ),
        (
            "CREATE FUNCTION public.fn_late() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'at the end'; END $$;"
            " CREATE CONSTRAINT TRIGGER trg_late AFTER INSERT ON public.iu_lifecycle_log DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION public.fn_late()",
            {_ENACT, _REVERT},
            "P0001: at the end",
        ),
    ],
    ids=["no way back", "not moved", "a row more", "a right", "ended early", "version left", "late"],
)  # fmt: skip
def test_a_move_that_a_run_would_be_refused_is_no_proof(tied: Passage, change: str, wrong: set[str], said: str) -> None:
    """A soft revert was tried by nothing before it was needed."""
    tied.execute(change)

    checks = _checks(tied)

    assert {name for name in (_ENACT, _REVERT) if checks[name].outcome is Outcome.FAIL} == wrong
    assert all(said in checks[name].detail for name in wrong), checks
    assert checks["create, as a run does"].outcome is Outcome.PASS
    assert (theirs(tied), _rows(tied)) == (BEFORE, _BEFORE)


def test_a_function_that_looks_its_decision_up_finds_it(tied: Passage) -> None:
    tied.execute(_LOOKED_UP)

    checks = _checks(tied)

    assert {checks[name].outcome for name in (_ENACT, _REVERT)} == {Outcome.PASS}, checks


def test_what_is_refused_in_front_of_a_move_says_nothing_of_it(tied: Passage) -> None:
    _as_owner(
        tied,
        _NEVER.format("RAISE EXCEPTION 'never on a Sunday'; RETURN NEW;")
        + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.review_decision"
        " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
    )

    checks = _checks(tied)

    assert {checks[name].outcome for name in (_ENACT, _REVERT)} == {Outcome.INCONCLUSIVE}
    assert "never on a Sunday" in checks[_ENACT].detail


def test_an_error_in_the_trial_of_one_move_is_none_of_the_other_proofs(tied: Passage) -> None:
    """It was told as one of the creation, whose proof was thrown away with those of both moves."""
    tied.execute(
        _on_units(
            "IF NEW.lifecycle_status = 'enacted' THEN RAISE EXCEPTION 'there' USING ERRCODE = '55P03'; END IF; RETURN NEW;"
        )
    )

    checks = _checks(tied)

    assert {name: checks[name].outcome for name in ("create, as a run does", _ENACT, _REVERT)} == {
        "create, as a run does": Outcome.PASS,
        _ENACT: Outcome.INCONCLUSIVE,
        _REVERT: Outcome.PASS,
    }
    assert checks[_ENACT].detail.startswith("STOP_")


def test_a_line_that_is_lost_in_the_trial_of_one_move_is_not_lost_to_the_other(tied: Passage) -> None:
    tied.execute(
        _on_units(
            "IF NEW.lifecycle_status = 'enacted' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW;"
        )
    )

    checks = _checks(tied)

    assert {checks[name].outcome for name in ("create, as a run does", _REVERT)} == {Outcome.PASS}
    assert checks[_ENACT].outcome is Outcome.INCONCLUSIVE


def test_without_tables_of_governance_moves_are_tried_too(beside: Beside, tied: Passage) -> None:
    passage = tie(tied, beside.mapping.model_copy(update={"governance": None}))

    checks = _checks(passage)

    assert {checks[name].outcome for name in (_ENACT, _REVERT)} == {Outcome.PASS}, checks


def test_without_a_table_of_decisions_the_change_set_is_named_as_in_a_run(beside: Beside, tied: Passage) -> None:
    governance = beside.mapping.governance
    assert governance is not None
    columns = tuple(column for column in governance.change_set.columns if column.source is not Source.DECISION_ID)
    parts = {"decision": None, "change_set": governance.change_set.model_copy(update={"columns": columns})}
    mapping = beside.mapping.model_copy(update={"governance": governance.model_copy(update=parts)})
    tied.execute(
        _LOOKED_UP.replace("d.review_decision_id = NEW.review_decision_id AND ", "").replace(
            "cutter_governance.review_decision d JOIN cutter_governance.cut_change_set c USING (envelope_id)",
            "cutter_governance.cut_change_set c",
        )
    )

    checks = _checks(tie(tied, mapping))

    assert {checks[name].outcome for name in (_ENACT, _REVERT)} == {Outcome.PASS}, checks


def _moved(passage: Passage, role: str, target: str) -> dict[str, object]:
    """Try a move, and commit."""
    with passage.connect(role) as connection:
        row = connection.execute(
            "SELECT cutter_console.fn_site_try_move('PROBE-1', 'MINE', 'Mine.', 'law_unit', 'section', NULL, %s)",
            (target,),
        ).fetchone()
    assert row is not None
    answer: dict[str, object] = row[0]
    return answer


@pytest.mark.parametrize("target", ["enacted", "superseded"])
def test_whoever_tries_a_move_and_commits_has_written_nothing(tied: Passage, target: str) -> None:
    before = fingerprint(Database(tied.cluster, tied.database)).rows

    answer = _moved(tied, "cutter_exec", target)

    assert (answer["made"], answer["refused"]) == (True, "")
    assert '"changed"' in str(answer["answer"])
    assert fingerprint(Database(tied.cluster, tied.database)).rows == before


def test_no_other_move_is_tried(tied: Passage) -> None:
    with pytest.raises(psycopg.Error, match="only an enactment or a revert"):
        _moved(tied, "cutter_exec", "retired")


@pytest.mark.parametrize("role", ["cutter_verify", "watcher"])
def test_nobody_but_the_executor_tries_moves(tied: Passage, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _moved(tied, role, "enacted")


def test_nothing_is_moved_under_a_hold(tied: Passage) -> None:
    tied.backend.panic("stop")

    with pytest.raises(psycopg.Error) as refused:
        _moved(tied, "cutter_exec", "enacted")

    assert refused.value.sqlstate == "CU006"


@pytest.mark.parametrize("state", ["08006", "25006", "40001", "53100", "55006", "55P03", "57P03", "58030", "XX000"])
def test_what_says_nothing_of_a_move_refuses_none(tied: Passage, state: str) -> None:
    tied.execute(_on_units(f"RAISE EXCEPTION 'there' USING ERRCODE = '{state}';"))

    with pytest.raises(psycopg.Error) as error:
        _moved(tied, "cutter_exec", "enacted")

    assert error.value.sqlstate == state


def test_the_refusal_of_a_move_names_its_constraint_its_detail_and_its_hint(tied: Passage) -> None:
    using = "ERRCODE = '23514', CONSTRAINT = 'their_rule', DETAIL = 'It has 3.', HINT = 'Give it 4.'"
    tied.execute(_on_units(f"RAISE EXCEPTION 'there' USING {using};"))

    refused = _moved(tied, "cutter_exec", "enacted")["refused"]

    assert refused == "23514: there; constraint their_rule; It has 3.; Give it 4."
