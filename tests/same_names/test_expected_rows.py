"""The rows that a run adds, named by the schemas where they stand: planned, signed, compared in leg B, read back, reported."""

import json
import re
from pathlib import Path

import pytest

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.outcome import Check, Outcome
from console.backend.model.plan_binding import TableDelta
from console.backend.model.states import Stage
from console.backend.model.view_models import Danger
from console.backend.reports.run.phases import SITE_ROWS
from tests.same_names.conftest import AFTER_CUT, BEFORE, Beside, theirs
from tests.same_names.test_governance import _AT_SG_2, _BEFORE, _OF_LEG_B, _as_owner, _rows
from tests.support.passage import UNITS, Passage

_UNITS = {"public.information_unit": UNITS, "public.unit_version": UNITS}
_GOVERNED = {f"cutter_governance.{table}": rows for table, rows in _OF_LEG_B.items()}
_SITE = _UNITS | _GOVERNED


def _by_table(deltas: tuple[TableDelta, ...]) -> dict[str, int]:
    assert len({delta.table for delta in deltas}) == len(deltas), "each table is named once"
    return {delta.table: delta.rows for delta in deltas}


def _site(deltas: tuple[TableDelta, ...]) -> dict[str, int]:
    return {table: rows for table, rows in _by_table(deltas).items() if not table.startswith("cutter_console_")}


def _check(passage: Passage) -> Check:
    return next(check for check in passage.backend.verify(passage.run_id) if check.name == SITE_ROWS)


def test_plan_ruling_and_dialog_name_the_rows_of_both_where_they_stand(beside: Beside, signed: Passage) -> None:
    run = signed.run()
    directory = signed.installation.root / "runs" / signed.run_id
    plan = json.loads((directory / "plan.json").read_text(encoding="utf-8"))
    arm = signed.backend.brief(Danger.ARM, signed.run_id)

    for deltas in (run.deltas, arm.deltas):
        assert _site(deltas) == _SITE
        assert _by_table(deltas)[beside.names.in_database("public.information_unit")] == UNITS
        assert _by_table(deltas)[beside.names.in_database("cutter_governance.manifest_envelope")] == 1
    assert {count["table"].partition(".")[0] for count in plan["world"]["counts"]} == {
        beside.names.units,
        beside.names.ledger,
    }
    statement = json.loads(next(signed.installation.root.rglob("*.SG_1.json")).read_text(encoding="utf-8"))
    assert statement["expected_deltas"] == plan["expected_deltas"]
    dry = next(path for path in directory.parent.glob("*/request.json") if "DRYRUN" in path.read_text(encoding="utf-8"))
    assert f"cutter_governance.manifest_unit_block +{UNITS}" in "".join(
        path.read_text(encoding="utf-8") for path in dry.parent.glob("*cutplan*")
    )


def test_a_document_that_is_registered_there_already_is_planned_as_no_row(tied: Passage) -> None:
    _as_owner(
        tied,
        "INSERT INTO cutter_governance.source_document_registry (doc_code, title, registered_by) VALUES ('ACME-LAW', 'Acme', 'me')",
    )
    run = tied.backend.start_dry_and_live()

    assert run is not None


def test_a_row_that_was_signed_and_is_not_added_takes_leg_b_back(signed: Passage) -> None:
    """Registered by somebody else since the ruling: nothing is written that differs from what was signed."""
    _as_owner(
        signed,
        "INSERT INTO cutter_governance.source_document_registry (doc_code, title, registered_by) VALUES ('ACME-LAW', 'Acme', 'me')",
    )
    before = _rows(signed)
    signed.arm()

    with pytest.raises(CutterError, match="source_document_registry 0, signed 1") as refused:
        signed.resume()

    assert refused.value.code is StopCode.COUNT_MISMATCH
    assert _rows(signed) == before
