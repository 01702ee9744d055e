"""Units of a plan are tried through the organisation's function before a ruling is asked for, and before it is spent."""

import json
from dataclasses import replace

import psycopg
import pytest

from console.backend.model.errors import CutterError, Refused
from console.backend.model.outcome import Outcome
from console.backend.model.planned_units import UnitFields
from console.backend.model.states import Mode, Stage
from console.backend.postgres import site_creation_trial
from console.backend.runs import site_creation
from console.backend.runs.site_creation import sample
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
    }

    assert fingerprint(Database(tied.cluster, tied.database)).rows == before
    assert theirs(tied) == BEFORE


@pytest.mark.parametrize("role", ["cutter_verify", "watcher"])
def test_nobody_but_the_executor_tries_units(tied: Passage, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        _tried(tied, _UNIT, role=role)


_TRIGGER = """
    CREATE FUNCTION public.fn_there() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {does} END $$;
    CREATE TRIGGER trg_zzz {when} INSERT ON public.unit_version FOR EACH ROW EXECUTE FUNCTION public.fn_there();
"""


@pytest.mark.parametrize(
    ("change", "unit", "place", "refused"),
    [
        ("SELECT", {"address": "LIB-RULES"}, "LIB-RULES", "answered exists_complete"),
        ("SELECT", {"kind": "unheard_of"}, "MINE", "not in the vocabulary"),
        (
            _TRIGGER.format(
                when="AFTER",
                does="INSERT INTO public.iu_lifecycle_log (unit_id, to_status, actor) VALUES (NEW.unit_id, 'draft', 'x'); RETURN NULL;",
            ),
            {},
            "",
            "iu_lifecycle_log 1, expected 0",
        ),
        (_TRIGGER.format(when="AFTER", does="RAISE EXCEPTION 'ended' USING ERRCODE = 'CU000';"), {}, "MINE", "CU000: ended"),
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


@pytest.mark.parametrize(
    ("column", "said"), [("body", "another body than planned"), ("title", "another title than planned")]
)
def test_what_comes_back_otherwise_ends_the_trial_at_its_unit(tied: Passage, column: str, said: str) -> None:
    tied.execute(_TRIGGER.format(when="BEFORE", does=f"NEW.{column} := 'Yours'; RETURN NEW;"))

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
