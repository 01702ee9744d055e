"""Every SQL text of the program, rendered with other names of the schemas: nothing of the console's own keeps its name."""

import ast
import re
from pathlib import Path

import pytest
from psycopg import sql

from console.backend.model.schema_names import BESIDE, OWN
from console.backend.postgres.migrations import migrations
from console.backend.postgres.rendering import AsItIs, rendered, with_values
from tests.support.sources import modules_with
from tests.test_statements import HOME, is_statement

_REMARK = re.compile(r"--[^\n]*")
_NAME = re.compile(r"\b(?:public|cutter_governance)\b")
_TABLE = re.compile(r"^(?:public|cutter_governance)\.\w+$")
OF_THE_ORGANISATION = {
    # Registered queries look for names without a schema in public; sent as it is.
    ("live_text.py", "SET LOCAL search_path = pg_catalog, public, pg_temp"),
}
VALUES = [
    "console/backend/model/plan_binding.py",
    "console/backend/model/tables.py",
    "console/backend/postgres/document_rows.py",
    "console/backend/postgres/guards.py",
    "console/backend/postgres/measure.py",
    "console/backend/postgres/probes.py",
    "console/backend/reports/bundle/non_mutation_checks.py",
    "console/backend/reports/run/attestation.py",
    "console/backend/reports/run/build.py",
    "console/backend/reports/run/load.py",
    "console/backend/reports/run/phases.py",
    "console/backend/reports/run/rows.py",
]
"""Modules in which a table's name stands as a value: they compare it with what was read by functions that name tables as written."""


def _texts(path: Path) -> list[str]:
    return _texts_in(ast.parse(path.read_text(encoding="utf-8")))


def _texts_in(tree: ast.Module) -> list[str]:
    return [
        node.value.decode() if isinstance(node.value, bytes) else node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]


def _left(text: str) -> list[str]:
    return [line.strip() for line in _REMARK.sub("", BESIDE.rendered(text)).split("\n") if _NAME.search(line)]


def test_nothing_in_a_migration_keeps_its_name() -> None:
    steps = migrations()
    assert sum(len(_NAME.findall(step.text)) for step in steps) > 1000

    assert [(step.number, line) for step in steps for line in _left(step.text)] == []


def test_nothing_in_a_statement_of_the_program_keeps_its_name() -> None:
    texts = [(path.name, text) for path in sorted(HOME.glob("*.py")) for text in _texts(path) if _NAME.search(text)]
    assert len(texts) > 150
    # Not a statement: a sentence, a docstring, or one of the values that the next test lists.
    statements = [(name, text) for name, text in texts if is_statement(" ".join(text.split()))]
    assert len(statements) > 100

    assert [(name, line) for name, text in statements for line in _left(text)] == []
    assert {(name, text) for name, text in statements if (name, text) in OF_THE_ORGANISATION} == OF_THE_ORGANISATION


def test_a_table_is_named_as_a_value_only_where_it_is_compared_with_names_as_written() -> None:
    modules = modules_with("public.", "cutter_governance.", below="console/backend")

    assert [name for name, tree in modules if any(map(_TABLE.match, _texts_in(tree)))] == VALUES


def _sent(query: sql.Composable) -> str:
    return query.as_string(None)


def test_identifiers_values_and_texts_of_others_stay_as_they_are() -> None:
    query = sql.SQL("SELECT {}, {}, {} FROM {} JOIN public.unit_version USING (id)").format(
        sql.Literal("public.unit_version"),
        sql.Identifier("public", "unit_version"),
        AsItIs("public.my_type"),
        sql.SQL("{}.run").format(sql.SQL("cutter_governance")),
    )

    sent = rendered(BESIDE, query)

    assert isinstance(sent, sql.Composable)
    assert _sent(sent) == (
        'SELECT \'public.unit_version\', "public"."unit_version", public.my_type'
        " FROM cutter_console_ledger.run JOIN cutter_console_units.unit_version USING (id)"
    )
    assert rendered(OWN, query) is query


@pytest.mark.parametrize("query", [b"SELECT 1 FROM public.x", "SELECT 1 FROM public.x"])
def test_a_plain_statement_stays_of_its_type(query: bytes | str) -> None:
    sent = rendered(BESIDE, query)

    assert type(sent) is type(query)
    assert (sent if isinstance(sent, bytes) else str(sent).encode()) == b"SELECT 1 FROM cutter_console_units.x"


def test_values_are_filled_into_a_statement_s_own_text_alone() -> None:
    query = sql.SQL("SELECT {}, {}, %s::{} FROM {} WHERE n %% 2 = 0").format(
        sql.Literal("5 %s"), sql.SQL("{}").format(AsItIs("'100 %'")), AsItIs('"a %s type"'), sql.Identifier("50 %")
    )

    sent = with_values(query)

    assert isinstance(sent, sql.Composable)
    assert _sent(sent) == "SELECT '5 %%s', '100 %%', %s::\"a %%s type\" FROM \"50 %%\" WHERE n %% 2 = 0"
