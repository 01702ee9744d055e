"""Functions and views as the package's migrations define them; the last definition of a name is the one that holds."""

import re
from functools import cache
from typing import NamedTuple

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.console_schema import CONSOLE_SCHEMA
from console.backend.model.schema_names import OWN, SchemaNames
from console.backend.postgres.migrations import Migration, migrations

_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION ([\w.]+)(\(.*?\$\$(.*?)\$\$;)", re.DOTALL | re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW ([\w.]+)((?: WITH \(\w+\))? AS\b.*?;)$", re.DOTALL | re.MULTILINE)
_NAME = re.compile(r"^(?:FUNCTION|VIEW) ([\w.]+)")
_MOVED_BY = 22
"""The migration that moves every function into the console's schema; texts before it name them where they stood."""
_OLD_NAME = r"\b{}\.(?=(?:fn|guard|keep)_)"
_CALLED_IN_A_VIEW = re.compile(r"(?<![\w.])(?=fn_\w+\()")


class Definition(NamedTuple):
    """One definition: the schema that its names are looked up in, its statement, and the sha256 of its body."""

    schema: str
    statement: str
    body_sha256: str
    """Empty for a view."""


def definition_of(object_: str, names: SchemaNames = OWN) -> Definition | None:
    """The definition of `FUNCTION schema.name(arguments)` or `VIEW schema.name`, or None if the package has none.

    Object and definition are named as in a database of these schemas.
    """
    name = _NAME.match(object_)
    return _definitions(names).get(f"{object_.split(' ', 1)[0]} {name[1]}") if name else None


@cache
def _definitions(names: SchemaNames) -> dict[str, Definition]:
    definitions = {}
    for step in (_as_applied(step, names) for step in migrations()):
        # In the order of the migrations, so that the last definition of a name replaces the earlier ones.
        for name, rest, body in _FUNCTION.findall(step.text):
            full = _moved(step, _qualified(step.schema_name, name), names)
            statement = f"CREATE OR REPLACE FUNCTION {full}{_moved(step, rest, names)}"
            sha256 = sha256_hex(_moved(step, body, names).encode())
            definitions[f"FUNCTION {full}"] = Definition(step.schema_name, statement, sha256)
        for name, rest in _VIEW.findall(step.text):
            full = _qualified(step.schema_name, name)
            query = _CALLED_IN_A_VIEW.sub(f"{CONSOLE_SCHEMA}.", _moved(step, rest, names))
            definitions[f"VIEW {full}"] = Definition(step.schema_name, f"CREATE OR REPLACE VIEW {full}{query}", "")
    return definitions


def _as_applied(step: Migration, names: SchemaNames) -> Migration:
    """Return the migration as it is sent to a database of these schemas."""
    schema = names.schema_in_database(step.schema_name)
    return step.model_copy(update={"text": names.rendered(step.text), "schema_name": schema})


def _moved(step: Migration, text: str, names: SchemaNames) -> str:
    """Return the text with each function where 0022 has put it, by the same rule."""
    return re.sub(_OLD_NAME.format(names.ledger), f"{CONSOLE_SCHEMA}.", text) if step.number < _MOVED_BY else text


def _qualified(schema: str, name: str) -> str:
    return name if "." in name else f"{schema}.{name}"
