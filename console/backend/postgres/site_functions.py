"""Calls of the organisation's own functions, by the names of their arguments, in a transaction that the caller rolls back."""

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import sql

from console.backend.model.site_mapping import Refers, SiteMapping
from console.backend.postgres.connections import read_rows
from console.backend.postgres.rendering import AsItIs
from console.backend.postgres.session_settings import AS_CALLED, AS_SET, OF_CALLERS, SETTINGS
from console.backend.postgres.site_proposal import identifier
from console.backend.postgres.site_roles import search_path_of
from console.backend.postgres.site_units import Readable


class ArgumentRow(NamedTuple):
    """One argument of a function; `name` is empty if it has none."""

    schema: str
    function: str
    name: str
    type: str
    has_default: bool
    type_schema: str


class Pattern(NamedTuple):
    """An existing unit by which a probe is made: beside it, of its kind, as readers of the database expect one."""

    address: str
    kind: str | None
    section_type: str | None
    owner: str | None
    publication: str | None
    parent_id: str | None
    parent_address: str | None


class Answer(NamedTuple):
    """Result of a call: the status that the function gave, or the SQLSTATE and message that refused it."""

    status: str
    refused: str
    words: str = ""
    """Answer as a whole, if it is more than the status; its beginning, if it is long."""


_ARGUMENTS = """
    SELECT n.nspname::text, p.proname::text, coalesce(m.name, ''), format_type(a.type, NULL), a.position > p.pronargs - p.pronargdefaults,
           o.nspname::text
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     CROSS JOIN LATERAL unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (type, position)
      JOIN pg_type y ON y.oid = a.type JOIN pg_namespace o ON o.oid = y.typnamespace
      -- Results have names among those of the arguments, and may stand before them.
      LEFT JOIN LATERAL (SELECT g.name, row_number() OVER (ORDER BY g.place) AS position
                           FROM unnest(p.proargnames) WITH ORDINALITY AS g (name, place)
                          WHERE coalesce(p.proargmodes[g.place], 'i') IN ('i', 'b', 'v')) m ON m.position = a.position
     WHERE format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) = %s ORDER BY a.position
"""
KNOWN_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "address": ("address", "canonical_address"),
    "title": ("title",),
    "body": ("body", "content"),
    "actor": ("actor",),
    "kind": ("unit_kind", "kind"),
    "section_type": ("section_type",),
    "owner": ("owner_ref", "owner"),
    "publication": ("publication_type", "publication"),
    "parent": ("parent", "parent_ref", "parent_id", "parent_or_container_ref"),
    "decision": ("review_decision_id", "review_decision"),
    "target": ("target", "target_status", "to_status"),
    "change_set": ("change_set_id", "change_set"),
    "reason": ("reason",),
    "tool": ("tool_revision", "tool"),
    "dry_run": ("dry_run",),
}
"""Values that a call gives, with the names that an argument for it has, behind a prefix such as `p_`."""
ANSWERED = "the organisation's function answered"
"""Words before its answer, where that is not that it has made a unit; what a gate reads knows an answer by them."""
_LOOK = "SELECT pg_catalog.set_config('search_path', %s, true)"
_CONSTANTS = ("owner", "publication")
_PREFIXES = ("p_", "in_", "_")
_SHOWN = 500
"""Characters of an answer that are shown."""


def arguments_of(connection: psycopg.Connection, signature: str) -> tuple[ArgumentRow, ...]:
    """Return the arguments of the function of this signature, in order; none if there is no such function."""
    return read_rows(connection, ArgumentRow, _ARGUMENTS, (signature,))


def schemas_of(arguments: tuple[ArgumentRow, ...]) -> tuple[str, ...]:
    """Pure: the schemas in which a function and the types of its arguments stand, without PostgreSQL's own."""
    named = (name for row in arguments for name in (row.schema, row.type_schema))
    return tuple(name for name in dict.fromkeys(named) if name != "pg_catalog")


def meaning_of(argument: ArgumentRow) -> str:
    """Pure: which of KNOWN_ARGUMENTS an argument is, or empty."""
    name = argument.name
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return next((meaning for meaning, names in KNOWN_ARGUMENTS.items() if name in names), "")


def names_of(meaning: str) -> list[str]:
    """Pure: each name that an argument of this meaning can have."""
    prefixes = ["".join(chosen) for chosen in itertools.product(*((prefix, "") for prefix in _PREFIXES))]
    return [f"{prefix}{name}" for name in KNOWN_ARGUMENTS[meaning] for prefix in prefixes]


def where_said(argument: ArgumentRow) -> str:
    """Pure: where the site mapping says the value of an argument that is a constant, as the end of a sentence; else empty."""
    meaning = meaning_of(argument)
    return f", which stands below [functions] as {meaning}" if meaning in _CONSTANTS else ""


def unknown_arguments(arguments: tuple[ArgumentRow, ...]) -> tuple[str, ...]:
    """Pure: the arguments that must be given and whose meaning is not known."""
    return tuple(row.name or f"({row.type})" for row in arguments if not row.has_default and not meaning_of(row))


def call(
    connection: psycopg.Connection,
    arguments: tuple[ArgumentRow, ...],
    values: Mapping[str, object],
    search_path: tuple[str, ...],
) -> Answer:
    """Call a function with the values of the arguments that are known; a refusal is an answer, and its effects are undone."""
    given = [row for row in arguments if row.name and meaning_of(row) in values]
    # The type is written as `format_type` prints it, which quotes what needs it.
    query = sql.SQL("SELECT pg_catalog.to_jsonb(a)::text FROM {function}({arguments}) AS a").format(
        function=sql.Identifier(arguments[0].schema, arguments[0].function),
        arguments=sql.SQL(", ").join(
            sql.SQL("{} => {}::{}").format(sql.Identifier(row.name), sql.Placeholder(), AsItIs(row.type))
            for row in given
        ),
    )
    try:
        with connection.transaction(), _looking(connection, search_path):
            row = connection.execute(query, [values[meaning_of(argument)] for argument in given]).fetchone()
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return Answer("", f"{error.sqlstate}: {error.diag.message_primary or type(error).__name__}")
    return _answer("" if row is None or row[0] is None else str(row[0]))


def _answer(text: str) -> Answer:
    """Return the `status` of an answer as JSON, or the answer itself."""
    value = json.loads(text or "null")
    if isinstance(value, dict):
        return Answer(str(value.get("status", text)), "", text[:_SHOWN])
    return Answer("" if value is None else str(value), "")


def pattern_of(connection: psycopg.Connection, readable: Readable) -> Pattern | None:
    """Return an existing unit by which a probe can be made: beside one with a parent, or else below one without; None without units."""
    units = readable.mapping.units
    if units.parent is None:
        return None
    parent_id = readable.unit(units.parent) if units.parent.refers_to is Refers.UNIT_ID else sql.SQL("NULL::text")
    query = sql.SQL("SELECT {columns} FROM {source} ORDER BY u.{parent} IS NULL, u.{address}::text LIMIT 1").format(
        columns=sql.SQL(", ").join(
            [
                *(
                    readable.unit(column)
                    for column in (units.address, units.kind, units.section_type, units.owner, units.publication)
                ),
                parent_id,
                readable.parent(),
            ]
        ),
        source=readable.source(),
        parent=sql.Identifier(units.parent.column),
        address=sql.Identifier(units.address.column),
    )
    row = connection.execute(query).fetchone()
    return Pattern(*row) if row is not None else None


@contextmanager
def _looking(connection: psycopg.Connection, schemas: tuple[str, ...]) -> Iterator[None]:
    """Let what belongs to the organisation look there for names in the block; an error undoes it with the savepoint.

    It runs with the settings of its database, as for its other callers: a trigger may take the day, or write to a table with
    row security. The console's own statements have settings of their own, and are refused where a policy would hide rows.
    """
    connection.execute(AS_CALLED)
    if schemas:
        connection.execute(_LOOK, (search_path_of(schemas),))
    yield
    if schemas:
        connection.execute(_LOOK, (search_path_of(()),))
    connection.execute(AS_SET, (list(OF_CALLERS), [SETTINGS[name] for name in OF_CALLERS]))


def check_deferred(connection: psycopg.Connection, search_path: tuple[str, ...]) -> Answer:
    """Have every deferred constraint and trigger fire now, as a COMMIT would."""
    try:
        with connection.transaction(), _looking(connection, search_path):
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return Answer("", f"{error.sqlstate}: {error.diag.message_primary or type(error).__name__}")
    return Answer("held", "")


def has_unit(connection: psycopg.Connection, mapping: SiteMapping, address: str) -> bool:
    """Return whether a unit has this address."""
    query = sql.SQL("SELECT EXISTS (SELECT FROM {} u WHERE u.{}::text = %s)").format(
        identifier(mapping.units.table), sql.Identifier(mapping.units.address.column)
    )
    row = connection.execute(query, (address,)).fetchone()
    return bool(row and row[0])


def taken_addresses(connection: psycopg.Connection, mapping: SiteMapping, addresses: list[str]) -> tuple[str, ...]:
    """Return the first four of these addresses that units have already."""
    query = sql.SQL(
        "SELECT u.{address}::text FROM {units} u WHERE u.{address}::text = ANY (%s) ORDER BY 1 LIMIT 4"
    ).format(units=identifier(mapping.units.table), address=sql.Identifier(mapping.units.address.column))
    return tuple(str(address) for (address,) in connection.execute(query, (addresses,)))
