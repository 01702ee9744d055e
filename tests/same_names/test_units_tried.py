"""Units of a plan are tried through the organisation's function before a ruling is asked for, and before it is spent."""

import json
from dataclasses import replace
from types import SimpleNamespace

import psycopg
import pytest

from console.backend import confirmations
from console.backend.gates import arming_checks
from console.backend.model.errors import CutterError, Held, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.planned_units import UnitFields
from console.backend.model.states import Mode, Stage
from console.backend.model.view_models import Danger
from console.backend.postgres import site_creation_trial
from console.backend.runs import site_creation
from console.backend.runs.phase_context import PhaseContext
from console.backend.runs.site_check import prove_mapping
from console.backend.runs.site_creation import Limit, sample, tried_there
from console.backend.runs.workspace import Workspace
from tests.conftest import Database
from tests.same_names.conftest import AFTER_CUT, BEFORE, theirs
from tests.support.fingerprint import fingerprint
from tests.support.passage import REQUEST, Passage, silent

_NO_BETA = "ALTER TABLE public.unit_version ADD CONSTRAINT no_beta CHECK (strpos(title, 'Beta') = 0) NOT VALID"
_NOT_ALONE = """
    SET ROLE directus;
    CREATE FUNCTION public.fn_not_alone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        IF (SELECT count(*) FROM public.information_unit WHERE doc_code = NEW.doc_code) < 3 THEN
            RAISE EXCEPTION 'a document has three units';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER not_alone AFTER INSERT ON public.information_unit DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.fn_not_alone();
"""


def _live(passage: Passage) -> Passage:
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)


def test_what_the_function_refuses_is_known_before_a_ruling_is_asked_for(tied: Passage) -> None:
    """It was met at the write, after the signature, and the signed plan was lost."""
    tied.execute(_NO_BETA)
    before = fingerprint(Database(tied.cluster, tied.database)).rows

    with pytest.raises(Refused, match=r"grant_probe: units tried there: ACME-LAW/.*: 23514: .*no_beta"):
        _live(tied)

    (run,) = [run for run in tied.backend.runs() if run.mode is Mode.LIVE]
    assert run.state == "failed_grant_probe"
    theirs_before = {table: rows for table, *rows in before if table.startswith(("public.", "cutter_governance."))}
    now = fingerprint(Database(tied.cluster, tied.database)).rows
    assert {table: rows for table, *rows in now if table in theirs_before} == theirs_before


def test_a_ruling_is_not_spent_on_what_would_be_refused_by_now(signed: Passage) -> None:
    signed.execute(_NO_BETA)

    with pytest.raises(CutterError, match=r"units tried there: ACME-LAW/.*no_beta"):
        signed.arm()

    assert signed.run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION
    signed.execute("ALTER TABLE public.unit_version DROP CONSTRAINT no_beta")
    signed.arm()
    assert signed.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    assert theirs(signed) == AFTER_CUT


def test_a_part_that_is_refused_is_tried_as_the_whole_that_it_is_of(
    tied: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site_creation, "_WHOLE", 0)
    monkeypatch.setattr(site_creation, "sample", lambda units: tuple(units[:1]))
    tied.execute(_NOT_ALONE)

    passage = _live(tied)

    probe = next(phase for phase in passage.run().phases if phase.phase == "grant_probe")
    assert probe.outcome is Outcome.PASS


def test_a_longer_plan_is_tried_by_one_of_each_kind_and_the_longest() -> None:
    def unit(address: str, parent: str | None, kind: str, title: str = "", body: int = 1) -> UnitFields:
        return UnitFields(address, parent, kind, "section", "", title, 0, body, 1, 1, "")

    units = (
        unit("A", None, "root"),
        unit("A/1", "A", "part"),
        unit("A/1/1", "A/1", "point"),
        unit("A/1/2", "A/1", "point"),
        unit("A/2", "A", "part"),
        unit("A/2/1", "A/2", "point", body=9),
        unit("A/3", "A", "part", title="A long title"),
        unit("A/4", "A", "part"),
        unit("A/4/10000", "A/4", "point"),
        unit("A/5", "A", "part"),
    )

    chosen = [unit.address for unit in sample(units)]

    assert chosen == ["A", "A/1", "A/1/1", "A/2", "A/2/1", "A/3", "A/4", "A/4/10000"]


_UNIT = {
    "address": "MINE",
    "title": "Mine",
    "body": "Mine.",
    "kind": "law_unit",
    "section_type": "section",
    "parent": None,
}


def _tried(passage: Passage, *units: dict[str, str | None], role: str = "cutter_exec") -> dict[str, object]:
    """Try units, and commit."""
    with passage.connect(role) as connection:
        row = connection.execute("SELECT cutter_console.fn_site_try_units(%s)", (json.dumps(units),)).fetchone()
    assert row is not None
    answer: dict[str, object] = row[0]
    return answer


def test_whoever_tries_units_and_commits_has_written_nothing(tied: Passage) -> None:
    before = fingerprint(Database(tied.cluster, tied.database)).rows

    assert _tried(tied, _UNIT, {**_UNIT, "address": "MINE/1", "parent": "MINE"}) == {
        "tried": 2,
        "place": "",
        "refused": "",
        "part": "",
        "rows": 0,
    }

    assert fingerprint(Database(tied.cluster, tied.database)).rows == before
    assert theirs(tied) == BEFORE


@pytest.mark.parametrize("role", ["cutter_verify", "watcher"])
def test_nobody_but_the_executor_tries_units(tied: Passage, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _tried(tied, _UNIT, role=role)


_TRIGGER = """
    CREATE FUNCTION public.fn_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {does} END $$;
    CREATE TRIGGER trg_zzz {when} INSERT ON public.{table} FOR EACH ROW EXECUTE FUNCTION public.fn_there();
"""


def _trigger(when: str, does: str, table: str = "unit_version") -> str:
    return _TRIGGER.format(when=when, does=does, table=table)


@pytest.mark.parametrize(
    ("change", "unit", "place", "refused"),
    [
        ("SELECT", {"address": "LIB-RULES"}, "LIB-RULES", "answered exists_complete"),
        ("SELECT", {"kind": "unheard_of"}, "MINE", "not in the vocabulary"),
        (
            _trigger(
                "AFTER",
                "INSERT INTO public.iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.unit_id, 'draft', 'x'); RETURN NULL;",
            ),
            {},
            "",
            "iu_lifecycle_log 1, expected 0",
        ),
        (_trigger("AFTER", "RAISE EXCEPTION 'ended' USING ERRCODE = 'CU000';"), {}, "MINE", "CU000: ended"),
        ("REVOKE EXECUTE ON FUNCTION public.fn_iu_create FROM cutter_site_caller", {}, "MINE", "42501"),
        (_NOT_ALONE, {}, "", "three units"),
    ],
    ids=["there already", "a kind", "a row too many", "ended early", "a right", "a late gate"],
)  # fmt: skip
def test_what_a_cut_would_be_refused_for_refuses_the_trial(
    tied: Passage, change: str, unit: dict[str, str], place: str, refused: str
) -> None:
    tied.execute(change)

    answer = _tried(tied, {**_UNIT, **unit})

    assert refused in str(answer["refused"])
    assert answer["place"] == place
    assert theirs(tied) == BEFORE


_OTHERWISE = {
    "address": ("information_unit", "NEW.canonical_address := NEW.canonical_address || '-1'", "is not in the table"),
    "lifecycle": ("information_unit", "NEW.lifecycle_status := 'enacted'", "it became enacted, and not a draft"),
    "version": (
        "information_unit",
        "NEW.version_anchor_ref := md5('version 100')::uuid; NEW.content_anchor_ref := NEW.version_anchor_ref",
        "its version belongs to another unit",
    ),
    "body": ("unit_version", "NEW.body := 'Yours'", "another body than planned"),
    "title": ("unit_version", "NEW.title := 'Yours'", "another title than planned"),
    "parent": ("information_unit", "NEW.parent_or_container_ref := md5('unit 1')::uuid", "another parent than planned"),
    # One version more, and an old one of another unit less: the number of rows is as planned.
    "versions": (
        "unit_version",
        """IF NEW.version_seq = 1 THEN
            DELETE FROM public.unit_version
             WHERE id = (SELECT id FROM public.unit_version WHERE lifecycle_status = 'superseded' LIMIT 1);
            INSERT INTO public.unit_version (unit_id, version_seq, body, content_hash, created_by)
            VALUES (NEW.unit_id, 2, '', '', 'x');
        END IF""",
        "it is not as planned",
    ),
    "kind": ("information_unit", "NEW.unit_kind := 'design_doc_section'", "it is not as planned"),
    "section type": ("information_unit", "NEW.section_type := 'article'", "it is not as planned"),
    "lifecycle of the version": ("unit_version", "NEW.lifecycle_status := 'enacted'", "it is not as planned"),
}  # fmt: skip


@pytest.mark.parametrize("part", _OTHERWISE)
def test_what_comes_back_otherwise_ends_the_trial_at_its_unit(tied: Passage, part: str) -> None:
    table, does, said = _OTHERWISE[part]
    tied.execute(_trigger("BEFORE", f"{does}; RETURN NEW;", table))

    answer = _tried(tied, _UNIT, {**_UNIT, "address": "MINE/1", "parent": "MINE"})

    assert (answer["place"], answer["tried"]) == ("MINE", 2)
    assert said in str(answer["refused"])


def test_nothing_is_tried_under_a_hold(signed: Passage) -> None:
    signed.backend.panic("stop")

    with pytest.raises(psycopg.Error) as refused:
        _tried(signed, _UNIT)

    assert refused.value.sqlstate == "CU006"


def test_a_transaction_that_is_in_the_way_is_waited_out(tied: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected])
    tried = site_creation_trial.try_units

    def in_the_way(*arguments: object) -> object:
        for error in said:
            raise error
        return tried(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(site_creation, "try_units", in_the_way)

    assert _live(tied).run().state.stage is Stage.AWAITING_CUT_AUTHORIZATION


def _context(passage: Passage) -> PhaseContext:
    workspace = Workspace.open(passage.installation.root, passage.run_id)
    return PhaseContext(passage.installation, workspace, workspace.request(), lambda *_: None)


_SLOW = _trigger("AFTER", "PERFORM pg_sleep(5); RETURN NULL;")


def test_a_trial_ends_at_its_limit_with_what_gives_it_more(signed: Passage) -> None:
    signed.execute(_SLOW)

    with pytest.raises(Unmeasured, match=r"3 units could not be tried within 0\.3 s") as over:
        tried_there(_context(signed), Limit(0.3, "Do this."))

    assert (over.value.code, over.value.next_action) == (StopCode.PANIC, "Do this.")
    assert theirs(signed) == BEFORE


def test_all_that_a_trial_repeats_has_one_limit(signed: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    limits: list[tuple[float, float]] = []

    def slow(*_: object) -> site_creation_trial.CreationTrial:
        clock.now += 6.0
        if clock.now > 6.0:
            raise psycopg.errors.QueryCanceled
        return site_creation_trial.CreationTrial(tried=0, place="ACME-LAW", refused="23514: no")

    monkeypatch.setattr(site_creation, "_WHOLE", 0)
    monkeypatch.setattr(site_creation, "sample", lambda units: tuple(units[:1]))
    monkeypatch.setattr(site_creation, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(site_creation, "limit_trial", lambda _connection, *seconds: limits.append(seconds))
    monkeypatch.setattr(site_creation, "try_units", slow)

    with pytest.raises(Unmeasured, match=r"3 units .* within 10 s; a part of them was refused: ACME-LAW: 23514: no"):
        tried_there(_context(signed), Limit(10.0, "Do this."))

    assert limits == [(10.0, 2.0), (4.0, 2.0)]


def test_a_statement_that_somebody_cancels_is_not_taken_for_one_at_its_limit(
    signed: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancelled(*_: object) -> None:
        raise psycopg.errors.QueryCanceled

    monkeypatch.setattr(site_creation, "try_units", cancelled)

    with pytest.raises(Unmeasured, match=r"^STOP_PANIC: cancelled: "):
        tried_there(_context(signed), Limit(60.0, "Do this."))


def test_a_hold_file_stops_a_trial_that_is_made(signed: Passage, monkeypatch: pytest.MonkeyPatch) -> None:
    signed.execute(_SLOW)
    tried = site_creation_trial.try_units

    def held(*arguments: object) -> object:
        signed.installation.hold_file.write_text("stop")
        return tried(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(site_creation, "try_units", held)

    with pytest.raises(Unmeasured, match="cancelled"):
        tried_there(_context(signed), Limit(60.0, "Do this."))
    with pytest.raises(Held):
        tried_there(_context(signed), Limit(60.0, "Do this."))


def test_a_lock_there_is_waited_for_briefly_and_stops_the_run_until_it_is_free(
    tied: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a lock keeps those that it has: the organisation's people wait for them."""
    monkeypatch.setattr(site_creation, "_LOCK_S", 0.1)
    with tied.connect("postgres") as clerk:
        clerk.execute("BEGIN; LOCK TABLE public.unit_version IN SHARE MODE")
        with pytest.raises(Unmeasured, match=r"another session holds a lock there .* for 0\.1 s at a time") as locked:
            _live(tied)
        clerk.execute("ROLLBACK")

    assert locked.value.code is StopCode.LOCKED
    (run,) = [run for run in tied.backend.runs() if run.mode is Mode.LIVE]
    assert run.state == "stopped_locked"
    assert replace(tied, run_id=run.run_id).resume().state.stage is Stage.AWAITING_CUT_AUTHORIZATION


def test_a_board_that_is_measured_again_and_again_tries_nothing(
    signed: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("units were tried")

    monkeypatch.setattr(arming_checks, "tried_there", never)

    (plan,) = [check for check in signed.backend.readiness(signed.run_id).checks if check.name.startswith("PRE-9")]

    assert plan.outcome is Outcome.PASS
    assert "is tried by arm" in plan.detail


def test_arming_gives_a_trial_the_time_of_a_phase_and_its_dialog_names_it(
    signed: Passage, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[Limit] = []

    def noted(context: PhaseContext, limit: Limit) -> tuple[object, ...]:
        limits.append(limit)
        return tried_there(context, limit)

    monkeypatch.setattr(arming_checks, "tried_there", noted)

    dialog = confirmations.brief(signed.installation, Danger.ARM, signed.run_id)
    signed.arm()

    assert not dialog.open_checks
    assert "3 units made by the organisation's function" in " ".join(check.detail for check in dialog.checks)
    of_dialog, of_arm = limits
    assert of_dialog.seconds <= arming_checks.DEADLINE_S
    assert of_dialog.next_action.endswith(f": cutter-console arm {signed.run_id} --confirm {signed.run_id}")
    assert of_arm.seconds == signed.installation.settings.statement_limit_s
    assert "statement_minutes" in of_arm.next_action


def test_a_script_that_cannot_try_units_is_no_proof_and_stops_a_live_run(signed: Passage) -> None:
    """`adopt check` said nothing of it, and then each LIVE run was refused."""
    signed.execute("DROP FUNCTION cutter_console.fn_site_try_units(jsonb, jsonb)")

    (proof,) = [check for check in prove_mapping(signed.installation) if check.name == "create, as a run does"]
    (refusal,) = tried_there(_context(signed), Limit(60.0, "Do this."))

    assert (proof.outcome, refusal.outcome) == (Outcome.FAIL, Outcome.FAIL)
    assert "cannot try units" in proof.detail
    assert "cannot try units" in refusal.detail
    assert "cutter-console adopt apply" in proof.next_action
    assert "cutter-console adopt apply" in refusal.next_action


def _raises(using: str) -> str:
    return _trigger("AFTER", f"RAISE EXCEPTION 'there' USING {using};")


@pytest.mark.parametrize("state", ["08006", "25006", "40001", "53100", "55006", "55P03", "57P03", "58030", "XX000"])
def test_what_says_nothing_of_the_units_refuses_none(tied: Passage, state: str) -> None:
    tied.execute(_raises(f"ERRCODE = '{state}'"))

    with pytest.raises(psycopg.Error) as error:
        _tried(tied, _UNIT)

    assert error.value.sqlstate == state


@pytest.mark.parametrize("state", ["54000", "55000", "22001", "P0001"])
def test_what_is_refused_with_another_code_refuses_the_trial(tied: Passage, state: str) -> None:
    tied.execute(_raises(f"ERRCODE = '{state}'"))

    assert _tried(tied, _UNIT)["refused"] == f"{state}: there"


def test_a_failed_assertion_there_refuses_the_trial(tied: Passage) -> None:
    tied.execute(_trigger("AFTER", "ASSERT false, 'as agreed';"))

    assert _tried(tied, _UNIT)["refused"] == "P0004: as agreed"


def test_a_refusal_names_its_constraint_its_detail_and_its_hint(tied: Passage) -> None:
    tied.execute(_raises("ERRCODE = '23514', CONSTRAINT = 'their_rule', DETAIL = 'It has 3.', HINT = 'Give it 4.'"))

    assert _tried(tied, _UNIT)["refused"] == "23514: there; constraint their_rule; It has 3.; Give it 4."


def test_a_constraint_that_the_message_names_is_named_once_and_a_long_detail_is_cut(tied: Passage) -> None:
    tied.execute(_NO_BETA)

    refused = str(_tried(tied, {**_UNIT, "title": "Beta", "body": "Long. " * 200})["refused"])

    assert refused.count("no_beta") == 1
    assert "Failing row contains" in refused
    tied.execute("ALTER TABLE public.unit_version DROP CONSTRAINT no_beta")
    tied.execute(_raises("DETAIL = repeat('x', 600)"))
    assert len(str(_tried(tied, _UNIT)["refused"])) == len("P0001: ") + 500
