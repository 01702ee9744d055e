"""The one place where a statement gets the names of the schemas in which the console's own tables stand."""

from contextlib import suppress
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.abc import AdaptContext, QueryNoTemplate
from pydantic import ValidationError

from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Drifted, StopCode
from console.backend.model.safe_text import safe_text
from console.backend.model.schema_names import LEDGER_COMMENT, OWN, UNITS_COMMENT, SchemaNames


class AsItIs(sql.Composable):
    """A text of somebody else in a statement, such as an operator's query or a type of the organisation's: no name in it is changed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)

    def as_bytes(self, _: AdaptContext | None = None) -> bytes:
        """Return the text in UTF-8, which every session speaks."""
        return str(self._obj).encode()


def rendered(names: SchemaNames, query: QueryNoTemplate) -> QueryNoTemplate:
    """Return the statement with these names: in its own text, never in identifiers, values and texts of others that it is composed of."""
    if names.are_as_written:
        return query
    match query:
        case bytes():
            return names.rendered(query.decode()).encode()
        case str():
            return cast("QueryNoTemplate", names.rendered(query))
    return cast("QueryNoTemplate", composed(names, query))


def composed(names: SchemaNames, part: sql.Composable) -> sql.Composable:
    """Return the same of a composed text that is printed and not sent."""
    if names.are_as_written:
        return part
    match part:
        case sql.Composed():
            return sql.Composed([composed(names, inner) for inner in part])
        case sql.SQL():
            return AsItIs(names.rendered(part.as_string(None)))
    return part


def with_values(query: QueryNoTemplate) -> QueryNoTemplate:
    """Return a statement that values are filled into: its placeholders stand in its own text alone.

    A percent sign in a name, a value or a text of somebody else that it is composed of is none of them.
    """
    return cast("QueryNoTemplate", _without_placeholders(query)) if isinstance(query, sql.Composable) else query


def _without_placeholders(part: sql.Composable) -> sql.Composable:
    match part:
        case sql.Composed():
            return sql.Composed([_without_placeholders(inner) for inner in part])
        case sql.Identifier() | sql.Literal() | AsItIs():
            return _Doubled(part)
    return part


class _Doubled(sql.Composable):
    """A name, a value or a text of somebody else with each percent sign doubled: the driver makes one of two."""

    def __init__(self, part: sql.Composable) -> None:
        super().__init__(part)

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        part: sql.Composable = self._obj
        return part.as_bytes(context).replace(b"%", b"%%")


def schema_names(connection: psycopg.Connection) -> SchemaNames:
    """Return where the console's own tables stand in the connection's database, as its session knows; it asks if it does not."""
    names: Any = getattr(connection, "known_names", OWN)
    return cast("SchemaNames", names)


def marked_names(schemas: list[tuple[str, str | None]]) -> SchemaNames:
    """Return the names of the two schemas of the console's owner that its remarks mark, out of all of them with their remarks."""
    units, ledger = ([name for name, remark in schemas if remark == mark] for mark in (UNITS_COMMENT, LEDGER_COMMENT))
    if not units and not ledger:
        return OWN
    with suppress(ValidationError):
        if (len(units), len(ledger)) == (1, 1):
            return SchemaNames(units=units[0], ledger=ledger[0])
    marked = safe_text(f"units: {', '.join(units) or 'none'}; ledger: {', '.join(ledger) or 'none'}")
    raise Drifted(
        StopCode.DRIFT,
        f"the schemas that are marked as the console's own are not one of each kind with a name of its own: {marked}",
        "Find out who changed them. Both schemas of the site mapping, and no others, belong to "
        f"{CONSOLE_SCHEMA_OWNER} and have their remarks. As an administrator, in psql: ALTER SCHEMA … RENAME TO,"
        f" or ALTER SCHEMA … OWNER TO {CONSOLE_SCHEMA_OWNER}, or COMMENT ON SCHEMA … IS '{UNITS_COMMENT}'"
        f" for the units, '{LEDGER_COMMENT}' for the ledger, NULL for any other schema.",
    )
