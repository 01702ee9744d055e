"""The reference names what is in the database: each table, each view, and each function with the roles that may execute it."""

import re

import pytest

from tests.conftest import Database
from tests.support.sources import ROOT

ROLES = ("cutter_exec", "cutter_verify", "cutter_ro", "cutter_stop")
WORDS = {
    "both": {"cutter_exec", "cutter_verify"},
    "all three": {"cutter_exec", "cutter_verify", "cutter_ro"},
    "the owner alone": set[str](),
    **{f"`{role}`": {role} for role in ROLES},
}
_EXECUTE = """
    SELECT p.proname, array_agg(r.rolname) FILTER (WHERE r.rolname IS NOT NULL) FROM pg_proc p
      LEFT JOIN pg_roles r ON r.rolname = ANY (%s) AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
     WHERE p.pronamespace = 'cutter_console'::regnamespace GROUP BY p.proname
"""
_NAMES = "SELECT relname FROM pg_class WHERE relkind = %s AND relnamespace = 'cutter_governance'::regnamespace"


def database_part() -> str:
    """Return the part of the page that is about the database."""
    page = (ROOT / "console" / "guide" / "reference.md").read_text("utf-8")
    return page.partition("\n## Database\n")[2].partition("\n## ")[0]


def told_functions() -> dict[str, set[str]]:
    """Return each function of the page's table with the roles that it is for."""
    told: dict[str, set[str]] = {}
    for cells in (line.split(" | ") for line in database_part().splitlines() if line.startswith("| `fn_")):
        names, roles = re.findall(r"`(fn_\w+)", cells[0]), cells[1].split("; ")
        for name, words in zip(names, roles if len(roles) > 1 else roles * len(names), strict=True):
            assert name not in told, f"{name} stands there twice"
            told[name] = WORDS[words]
    return told


def test_each_function_that_a_role_may_execute_is_told_with_its_roles(database: Database) -> None:
    """An auditor reads there what a stolen password can call."""
    with database.connect() as connection:
        granted = {name: set(roles or ()) for name, roles in connection.execute(_EXECUTE, (list(ROLES),))}
    told = told_functions()

    assert len(told) > 70
    assert {name: granted.get(name) for name in told} == told
    assert {name for name, roles in granted.items() if roles} - told.keys() == set()


@pytest.mark.parametrize("kind", ["r", "v"])
def test_each_table_and_view_of_the_ledger_is_told(database: Database, kind: str) -> None:
    with database.connect() as connection:
        names = {name for (name,) in connection.execute(_NAMES, (kind,))}

    assert names
    assert {name for name in names if f"`{name}`" not in database_part()} == set()
