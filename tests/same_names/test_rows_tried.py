"""The governance rows of leg B are tried behind the units, before a ruling is asked for and before it is spent."""

import json
from dataclasses import replace

import pytest

from console.backend import confirmations
from console.backend.approvals.policy import Signer, Thresholds, load_policy
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import CutterError, Refused
from console.backend.model.outcome import Check, Outcome
from console.backend.model.site_governance import MADE_BY, Part, Source
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import Danger
from console.backend.postgres.ledger import manifest_digest
from console.backend.runs import site_creation
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.site_check import prove_mapping
from console.backend.runs.site_creation import Limit, tried_there
from console.backend.runs.workspace import Workspace
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.same_names.test_governance import _AT_SG_2, _BEFORE, _NEVER, _OF_LEG_B, _as_owner, _rows
from tests.support.fingerprint import fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, silent

_LIMIT = Limit(60.0, "Do this.")
_NOT_THREE = f"ALTER TABLE cutter_governance.manifest_envelope ADD CONSTRAINT not_three CHECK (unit_count <> {UNITS})"
_AS_MANY = (
    _NEVER.format(
        "IF (SELECT count(*) FROM cutter_governance.manifest_unit_block b WHERE b.envelope_id = NEW.envelope_id) <> NEW.unit_count"
        " THEN RAISE EXCEPTION 'as many as it says'; END IF; RETURN NULL;"
    )
    + " CREATE CONSTRAINT TRIGGER never AFTER INSERT ON cutter_governance.manifest_envelope DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()"
)
_DRAWN = {Source.DECISION_ID, Source.CHANGE_SET_ID, Source.SIGNATURE_ID, Source.ENTRY_ID, Source.TIME}
"""What leg B draws by chance, and its moment."""


def _live(passage: Passage) -> Passage:
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)


def _context(passage: Passage) -> PhaseContext:
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    return PhaseContext(passage.installation, workspace, workspace.request(), lambda *_: None)


def _rows_check(passage: Passage) -> Check:
    (check,) = [check for check in tried_there(_context(passage), _LIMIT) if check.name == site_creation.ROWS]
    return check


def test_what_the_governance_tables_refuse_is_known_before_a_ruling_is_asked_for(tied: Passage) -> None:
    """A probe of `adopt check` has one unit, and this document has three."""
    _as_owner(tied, _NOT_THREE)
    assert all(check.outcome is Outcome.PASS for check in prove_mapping(tied.installation))
    before = _rows(tied)

    with pytest.raises(Refused) as refused:
        _live(tied)

    assert "governance rows tried there: cutter_governance.manifest_envelope: 23514" in refused.value.message
    assert "not_three" in refused.value.message
    assert "[governance]" in refused.value.next_action
    assert _rows(tied) == before
    assert theirs(tied) == BEFORE


def test_a_ruling_is_not_spent_on_rows_that_would_be_refused_by_now(signed: Passage) -> None:
    _as_owner(signed, _NOT_THREE)

    dialog = confirmations.brief(signed.installation, Danger.ARM, signed.run_id)
    with pytest.raises(CutterError, match=r"governance rows tried there: .*not_three"):
        signed.arm()

    assert any("not_three" in check.detail for check in dialog.open_checks)
    assert signed.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    _as_owner(signed, "ALTER TABLE cutter_governance.manifest_envelope DROP CONSTRAINT not_three")
    signed.arm()
    assert signed.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert (_rows(signed), theirs(signed)) == (_AT_SG_2, AFTER_CUT)


def test_all_rows_of_leg_b_are_tried_and_none_stays(signed: Passage) -> None:
    before = fingerprint(Database(signed.cluster, signed.database)).rows

    check = _rows_check(signed)

    assert check.outcome is Outcome.PASS
    assert check.detail.startswith(f"{sum(_OF_LEG_B.values())} rows of leg B added")
    assert fingerprint(Database(signed.cluster, signed.database)).rows == before
    assert _rows(signed) == _BEFORE


def _planned(passage: Passage) -> dict[str, list[dict[str, str]]]:
    """Return the rows that a trial adds, made as the executor."""
    context = _context(passage)
    text = site_creation._Text(context)
    units = [unit._asdict() for unit in text.tried(text.units)]
    passage.execute("GRANT EXECUTE ON FUNCTION cutter_console.fn_site_planned TO cutter_exec")
    with passage.connect("cutter_exec") as connection:
        row = connection.execute(
            "SELECT cutter_console.fn_site_planned(%s, %s)", (json.dumps(text.run._asdict()), json.dumps(units))
        ).fetchone()
    assert row is not None
    rows: dict[str, list[dict[str, str]]] = row[0]
    return rows


def test_the_rows_that_are_tried_are_those_that_leg_b_records(beside: Beside, drafted: Passage) -> None:
    """All but the ids that it draws by chance, and the moment: also the ruling, once it is imported."""
    governance = beside.mapping.governance
    assert governance is not None
    with drafted.connect() as connection:
        row = connection.execute(
            "SELECT cutter_console.fn_site_governance(%s, ARRAY['record'], true)", (drafted.run_id,)
        ).fetchone()
    assert row is not None
    parts = [part for part, _ in governance.parts if row[0][part.value]]
    drawn = {
        (part, column.column) for part, table in governance.parts for column in table.columns if column.source in _DRAWN
    }

    planned = _planned(drafted)

    assert len(parts) == len(planned) == 10

    def told(rows: dict[str, list[dict[str, str]]]) -> dict[Part, list[dict[str, str]]]:
        return {
            part: sorted(
                ({name: value for name, value in row.items() if (part, name) not in drawn} for row in rows[part.value]),
                key=json.dumps,
            )
            for part in parts
        }

    assert told(planned) == told(row[0])
    assert all(MADE_BY.get(source) not in {Part.ENVELOPE, Part.DOCUMENT} for source in _DRAWN)


def _signers(beside: Beside, passage: Passage) -> str:
    """Return the signers in the decision that a trial adds."""
    assert beside.mapping.governance is not None
    assert beside.mapping.governance.decision is not None
    column = beside.mapping.governance.decision.by_source(Source.SIGNERS)
    assert column is not None
    return _planned(passage)["decision"][0][column.column]


def test_before_a_ruling_its_signers_are_those_that_the_policy_needs(beside: Beside, tied: Passage) -> None:
    passage = _live(tied)
    planned = _signers(beside, passage)
    passage.sign()

    assert planned == _signers(beside, passage)
    assert "0" * 40 not in planned


def test_before_a_ruling_no_more_of_the_policy_sign_than_are_needed(beside: Beside, tied: Passage) -> None:
    """What a column of theirs may hold, or a check there may ask for, depends on how many there are."""
    passage = _live(tied)
    alone = load_policy(passage.installation.policy)
    signers = tuple(Signer(name=of, fingerprint=of * 40) for of in "CAB")
    policy = canonical_json(
        alone.model_copy(update={"signers": signers, "thresholds": Thresholds(SG_1=2, SG_2=3), "solo": False})
    )
    passage.execute(
        f"INSERT INTO {beside.names.ledger}.policy_pin (policy_sha256, policy) VALUES (encode(sha256(%s), 'hex'), %s)",
        policy,
        policy,
    )

    assert _signers(beside, passage) == f"{'C' * 40}, {'A' * 40}"


def test_units_and_their_number_are_those_of_the_plan(signed: Passage) -> None:
    context = _context(signed)
    text = site_creation._Text(context)

    assert [unit.ordinal for unit in text.tried(text.units[1:])] == [2, 3]
    assert text.run.manifest_digest == manifest_digest(context.workspace.plan().document.units)


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        (
            _NEVER.format("RAISE EXCEPTION 'never on a Sunday'; RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.cut_change_set"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "cutter_governance.cut_change_set",
            "P0001: never on a Sunday",
        ),
        (
            _NEVER.format("NEW.body_digest := repeat('0', 64); RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.manifest_unit_block"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "cutter_governance.manifest_unit_block",
            "3 rows of the unit are not there once, as they were recorded",
        ),
        (
            _NEVER.format("RAISE EXCEPTION 'at the end'; RETURN NULL;")
            + " CREATE CONSTRAINT TRIGGER never AFTER INSERT ON cutter_governance.dot_pair_signature DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "",
            "P0001: at the end",
        ),
        (
            _NEVER.format(
                "INSERT INTO cutter_governance.decision_backlog_entry (subject) VALUES ('one more'); RETURN NULL;"
            ).replace("plpgsql AS", "plpgsql SECURITY DEFINER AS")
            + " CREATE TRIGGER never AFTER INSERT ON cutter_governance.cut_change_set"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "",
            "decision_backlog_entry 2, expected 1",
        ),
        (
            "REVOKE INSERT (effect) ON cutter_governance.cut_change_set_affected_row FROM cutter_site",
            "cutter_governance.cut_change_set_affected_row",
            "42501: permission denied",
        ),
        (
            _NEVER.format("RAISE EXCEPTION USING ERRCODE = 'CU000'; RETURN NEW;")
            + " CREATE TRIGGER never BEFORE INSERT ON cutter_governance.review_decision"
            " FOR EACH ROW EXECUTE FUNCTION cutter_governance.never()",
            "cutter_governance.review_decision",
            "CU000",
        ),
    ],
    ids=["a trigger", "a row changed", "at the end", "a row more", "no privilege", "ended early"],
)  # fmt: skip
def test_what_refuses_a_row_of_leg_b_is_named_with_its_table(
    signed: Passage, change: str, place: str, said: str
) -> None:
    _as_owner(signed, change)

    check = _rows_check(signed)

    assert check.outcome is Outcome.FAIL
    assert said in check.detail
    assert check.detail.startswith(f"{place}: ") is bool(place)
    assert _rows(signed) == _BEFORE


def test_an_error_in_making_the_rows_is_none_of_the_units(signed: Passage) -> None:
    """The owner of the organisation's function was to let such units in."""
    signed.execute(
        "CREATE OR REPLACE FUNCTION cutter_console.fn_site_planned(p_run jsonb, p_units jsonb) RETURNS jsonb"
        " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not made'; END $$"
    )

    units, rows = tried_there(_context(signed), _LIMIT)

    assert (units.name, units.outcome) == (site_creation.NAME, Outcome.PASS)
    assert (rows.name, rows.outcome, rows.detail) == (site_creation.ROWS, Outcome.FAIL, "P0001: not made")
    assert rows.next_action == site_creation._OWNER_OF_ROWS


def test_a_part_of_the_units_is_no_reason_to_refuse_the_rows(signed: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An envelope that must have as many units as it says is tried with all of them."""
    monkeypatch.setattr(site_creation, "_WHOLE", 0)
    monkeypatch.setattr(site_creation, "sample", lambda units: tuple(units[:1]))
    _as_owner(signed, _AS_MANY)

    assert _rows_check(signed).outcome is Outcome.PASS


def test_a_document_that_is_registered_there_already_is_tried_as_no_row(tied: Passage) -> None:
    _as_owner(
        tied,
        "INSERT INTO cutter_governance.source_document_registry (doc_code, title, registered_by) VALUES ('ACME-LAW', 'Acme', 'me')",
    )

    check = _rows_check(_live(tied))

    assert check.detail.startswith(f"{sum(_OF_LEG_B.values()) - 1} rows of leg B added")


def test_without_tables_for_them_no_rows_are_tried(beside: Beside, tied: Passage) -> None:
    """The next script takes away what tried them, and leaves one function that tries units."""
    tied.execute("CREATE FUNCTION cutter_console.fn_site_try_units(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1'")

    passage = _live(tie(tied, beside.mapping.model_copy(update={"governance": None})))

    assert [check.name for check in tried_there(_context(passage), _LIMIT)] == [site_creation.NAME]
    functions = passage.rows(
        "SELECT p.proname, pg_get_function_identity_arguments(p.oid) FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'cutter_console'"
        " AND p.proname IN ('fn_site_planned', 'fn_site_try_units')"
    )
    assert functions == [("fn_site_try_units", "p_units jsonb, p_run jsonb")]


def test_a_script_that_tries_units_alone_is_to_be_run_again(signed: Passage) -> None:
    signed.execute(
        "DROP FUNCTION cutter_console.fn_site_try_units(jsonb, jsonb);"
        " CREATE FUNCTION cutter_console.fn_site_try_units(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1'"
    )

    (refusal,) = tried_there(_context(signed), _LIMIT)
    (proof,) = [check for check in prove_mapping(signed.installation) if check.name == "create, as a run does"]

    assert (proof.outcome, refusal.outcome) == (Outcome.FAIL, Outcome.FAIL)
    assert "cutter-console adopt apply" in refusal.next_action
    assert "cutter-console adopt apply" in proof.next_action
