"""The reference has each field of what is signed, pinned and set, with its default and its limits, and no other; the guide each event."""

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from console.backend.approvals.batch_statement import BatchStatement
from console.backend.approvals.policy import FIRST_RUN_UNITS, Policy
from console.backend.approvals.statement import Statement
from console.backend.host.settings import ENVIRONMENT, Settings
from console.backend.model.hook_kinds import HookKind
from console.backend.model.value import Value
from console.backend.release.manifest import DeployManifest
from tests.support.sources import ROOT

GROUPED = "pins"
"""Settings that the page has one row for: `init --pin` writes them."""


def part(title: str) -> str:
    """Return the part of the page below a heading."""
    page = (ROOT / "console" / "guide" / "reference.md").read_text("utf-8")
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells behind each name that a row of a table is about."""
    told: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *others = (cell.strip() for cell in line.strip("|").split("|"))
            told |= dict.fromkeys(re.findall(r"`([\w.]+)`", first), others)
    return told


@pytest.mark.parametrize(
    ("title", "model"),
    [("Statement", Statement), ("Policy", Policy), ("Deploy manifest and pins", DeployManifest)],
)
def test_each_field_of_what_is_signed_or_pinned_is_told(title: str, model: type[BaseModel]) -> None:
    fields = {field.alias or name for name, field in model.model_fields.items()}

    assert fields - rows(part(title)).keys() == set()


def test_a_statement_over_a_batch_is_told_too() -> None:
    fields = {field.alias or name for name, field in BatchStatement.model_fields.items()}
    _, _, batch = part("Statement").partition("**Over a batch**")

    assert {name for name in fields if f"`{name}`" not in batch} == set()
    assert rows(part("Statement")).keys() - {*fields, *Statement.model_fields, "schema"} == set()


def test_the_size_of_a_first_document_is_the_one_in_force() -> None:
    assert rows(part("Policy"))["first_run_max_units"][0].endswith(f"left out: {FIRST_RUN_UNITS}")


def settings(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, object, FieldInfo]]:
    """Yield each setting with its default."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Value):
            yield from settings(type(default), f"{before}{name}.")
        else:
            yield f"{before}{name}", default, field


def test_each_setting_is_told_with_its_default_its_variable_and_its_limits() -> None:
    told = rows(part("Settings"))
    variables = {".".join(keys): name for name, keys in ENVIRONMENT.items()}
    known = {name: (default, field) for name, default, field in settings(Settings)}

    assert told.keys() == {name for name in known if not name.startswith(f"{GROUPED}.")} | {GROUPED}
    for name in told.keys() - {GROUPED}:
        default, field = known[name]
        shown = {True: "true", False: "false", "": "empty", (): "none"}.get(default, str(default))
        assert shown in told[name][0].replace("`", ""), name
        assert told[name][1].strip("` ") == variables.get(name, ""), name
        limits = [getattr(rule, side) for rule in field.metadata for side in ("ge", "le") if hasattr(rule, side)]
        if len(limits) == 2:
            assert f"{limits[0]} to {limits[1]:,}".replace(",", "") in told[name][2].replace(",", ""), name


def test_each_event_that_a_hook_can_read_is_told() -> None:
    page = (ROOT / "console" / "guide" / "operator-guide.md").read_text("utf-8")
    table = page.partition("\n| event | told when |\n")[2].partition("\n\n")[0]

    assert {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])} == set(HookKind)
