"""Plans as values: what is signed, and what changes its digest."""

import pytest
from pydantic import ValidationError

from console.backend.model.canonical_json import digest
from console.backend.model.plan import CutPlan, DocumentPlan, bind
from console.backend.model.plan_binding import PlanBinding, TableCount, Target
from tests.backend.documents.planned import planned
from tests.support.plans import accepted

WORLD = PlanBinding(
    target=Target(host="h", database="d", system_identifier="1", timeline=1),
    server_version=160004,
    schema_digest="s",
    baseline_digest="b",
    counts=(TableCount(table="public.information_unit", rows=0),),
)


def document() -> DocumentPlan:
    """A document of two units."""
    return accepted(planned("# A\n\nText.\n\n## B\n\nText.\n"))


def test_a_cut_of_n_units_expects_2n_public_and_6_plus_2n_ledger_rows() -> None:
    deltas = {delta.table: delta.rows for delta in bind(document(), None).expected_deltas}
    assert sum(rows for table, rows in deltas.items() if table.startswith("public.")) == 4
    assert sum(rows for table, rows in deltas.items() if table.startswith("cutter_governance.")) == 6 + 4
    assert deltas["public.iu_lifecycle_log"] == 0


def test_there_is_one_digest_and_one_rule() -> None:
    """Two digests of one manifest lived side by side."""
    plan = bind(document(), WORLD)
    assert plan.plan_digest == digest(plan)
    assert plan.document.content_digest == digest(plan.document)


def test_the_world_is_in_the_plan_digest_and_not_in_the_content_digest() -> None:
    here, elsewhere = bind(document(), WORLD), bind(document(), WORLD.model_copy(update={"baseline_digest": "c"}))
    assert here.plan_digest != elsewhere.plan_digest
    assert here.document.content_digest == elsewhere.document.content_digest


def test_a_plan_survives_json_with_its_digest() -> None:
    plan = bind(document(), WORLD)
    assert CutPlan.model_validate_json(plan.model_dump_json()).plan_digest == plan.plan_digest


def test_a_plan_cannot_be_changed_in_place() -> None:
    """A body patched in place broke the manifest digest at the write."""
    plan = bind(document(), WORLD)
    with pytest.raises(ValidationError, match="frozen"):
        setattr(plan, "expected_deltas", ())  # noqa: B010 - mypy knows it is read-only
