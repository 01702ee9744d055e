"""SQL stands in console/backend/postgres alone: elsewhere no statement is written, built or executed.

A text is a statement if it begins with a command of SQL in the spelling of this project's statements (upper case, with the
words that the command needs) or holds a whole query. What people are to type is told apart by its end, not by a list: such SQL
ends with a semicolon, which no statement that psycopg executes here does, or stands in a sentence that ends with a full stop.
A statement that is disguised so could still not be executed: no call that executes or composes one is allowed either.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from console.backend.model.console_schema import CONSOLE_SCHEMA

ROOT = Path(__file__).parents[1]
HOME = ROOT / "console" / "backend" / "postgres"
OUTSIDE = sorted(path for path in (ROOT / "console").rglob("*.py") if not path.is_relative_to(HOME))

VALUE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for what an f-string fills in."""
_COMMAND = re.compile(
    r"""\W*(?:
        SELECT\ | WITH\ .+\ (?:SELECT|UPDATE|INSERT|DELETE)\ | INSERT\ INTO\ | UPDATE\ .+\ SET\ | DELETE\ FROM\ | MERGE\ INTO\ | TRUNCATE\ | VALUES\ ?\(
      | (?:CREATE|ALTER|DROP|COMMENT\ ON)\ (?:OR\ REPLACE\ )?(?:DATABASE|SCHEMA|ROLE|USER|TABLE|VIEW|FUNCTION|TRIGGER|INDEX|SEQUENCE|TYPE|SYSTEM|COLUMN)\b
      | (?:GRANT|REVOKE)\ .+\ (?:TO|FROM)\ | SET\ (?:LOCAL|SESSION|ROLE|TRANSACTION)\b | SET\ \w+\ (?:=|TO)\ | RESET\ \w+$ | SHOW\ \w+$
      | (?:BEGIN|COMMIT|ROLLBACK|DISCARD\ ALL|CHECKPOINT)(?:;|$|\ (?:TRANSACTION|WORK|TO|AND)\b) | START\ TRANSACTION | SAVEPOINT\ \w+$
      | (?:UN)?LISTEN\ \w+$ | NOTIFY\ \w+ | COPY\ .+\ (?:TO|FROM)\ | LOCK\ TABLE\ | DO\ \$ | CALL\ \w+\( | EXECUTE\ \w+\(
    )""",
    re.VERBOSE,
)
_NOTE = re.compile(r"^\s*(?:/\*.*?\*/\s*)+")
_QUERY = re.compile(r"\b(?:SELECT\b.+\bFROM|INSERT INTO|DELETE FROM|UPDATE [\w.]+ SET)\b")
_FRAGMENT = re.compile(r"\W*(?:FROM|WHERE|JOIN|UNION|ORDER BY|GROUP BY|RETURNING) \w")
_EXECUTES = {"execute", "executemany", "copy", "stream"}
_OF_POSTGRES = {"scalar", "read_row", "read_rows", "read_column"}
"""Functions of console.backend.postgres.connections that take a query."""


def texts(nodes: list[ast.AST]) -> list[tuple[int, str]]:
    """Every text of a module with its line, on one line: f-strings and texts added to each other as a whole; no docstrings."""
    whole = [node for node in nodes if isinstance(node, ast.JoinedStr | ast.BinOp)]
    parts = {id(inner) for node in whole for inner in ast.walk(node) if inner is not node}
    documentation = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    return [
        (node.lineno, " ".join(text.split()))
        for node in nodes
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
        and id(node) not in parts | documentation
        and (text := _text(node))
    ]


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(raw)):
            return raw.decode(errors="replace")
        case ast.JoinedStr(values=values):
            return "".join(map(_text, values))
        case ast.BinOp(left=left, right=right):
            return _text(left) + _text(right)
    return VALUE


_CALL = re.compile(r"([\w.]*)\b((?:fn|guard|keep)_\w+)\(")
_NAME = re.compile(r"(?:fn|guard|keep)_")
"""Without it a module has no text with such a call."""


def strange_calls(text: str) -> list[str]:
    """Functions of the database that a text calls by another name than the one of the console's schema."""
    return [f"{schema}{name}" for schema, name in _CALL.findall(text) if schema != f"{CONSOLE_SCHEMA}."]


def is_statement(text: str) -> bool:
    """Return whether a text is SQL to be executed, not SQL that a person is to type."""
    text = _NOTE.sub("", text)
    looks_like_one = _COMMAND.match(text) or _QUERY.search(text) or _FRAGMENT.match(text)
    return looks_like_one is not None and not text.rstrip(VALUE + " ").endswith((";", "."))


@cache
def nodes_of(source: str) -> list[ast.AST]:
    """All nodes of a module, kept for the tests of this file, which ask for them one after the other."""
    return list(ast.walk(ast.parse(source)))


@pytest.fixture(scope="module", autouse=True)
def _nodes_of_this_module_alone() -> Iterator[None]:
    yield
    nodes_of.cache_clear()


def findings(name: str, source: str) -> list[str]:
    """Each statement that is written, and each call that executes or composes one."""
    nodes = nodes_of(source)
    found = [f"{name}:{line}: {text[:60]}" for line, text in texts(nodes) if is_statement(text)]
    for node in nodes:
        if isinstance(node, ast.Call):
            last = _last_name(node.func)
            executes = isinstance(node.func, ast.Attribute) and last in _EXECUTES and bool(node.args or node.keywords)
            if executes or last in {*_OF_POSTGRES, "SQL", "Composed"}:
                found.append(f"{name}:{node.lineno}: calls {ast.unparse(node.func)}")
        elif isinstance(node, ast.ImportFrom) and node.module == "console.backend.postgres.connections":
            found += [f"{name}:{node.lineno}: imports {one.name}" for one in node.names if one.name in _OF_POSTGRES]
    return found


def _last_name(called: ast.expr) -> str:
    """What stands behind the last dot; to write out the whole expression of each call takes longer than all the rest."""
    match called:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ast.unparse(called).rsplit(".", 1)[-1]


def test_no_statement_is_written_outside_of_postgres() -> None:
    found = [findings(str(path.relative_to(ROOT)), path.read_text()) for path in OUTSIDE]

    assert list(chain.from_iterable(found)) == []


def test_every_function_is_called_where_it_stands() -> None:
    """The schema's name is a constant; a statement that names another, or none, would be answered by somebody else's function."""
    sources = {path: path.read_text() for path in sorted((ROOT / "console").rglob("*.py"))}
    told = [
        (path.name, line, text)
        for path, source in sources.items()
        if _NAME.search(source)
        for line, text in texts(nodes_of(source))
        if _CALL.search(text)
    ]
    assert len(told) > 70
    assert [(name, line, calls) for name, line, text in told if (calls := strange_calls(text))] == []


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("SELECT fn_schema_digest()", ["fn_schema_digest"]),
        ("SELECT public.fn_schema_digest()", ["public.fn_schema_digest"]),
        ("SELECT cutter_governance.fn_target(), cutter_console.fn_target()", ["cutter_governance.fn_target"]),
        ("SELECT my_cutter_console.fn_target()", ["my_cutter_console.fn_target"]),
    ],
)
def test_a_call_elsewhere_is_found(text: str, calls: list[str]) -> None:
    assert strange_calls(text) == calls


@pytest.mark.parametrize(
    "planted",
    [
        'QUERY = "SELECT 1"',
        'QUERY = """\n    WITH a AS (SELECT 1)\n    SELECT * FROM a\n"""',
        'query = f"SELECT {column} FROM public.information_unit"',
        'query = "UPDATE public.unit_version" + " SET title = title"',
        'query = b"DELETE FROM public.unit_version"',
        'query = "INSERT INTO x (y) SELECT 1"',
        'query = "/* a note */ TRUNCATE public.unit_version"',
        'query = f"ALTER TABLE {table} DISABLE TRIGGER ALL"',
        'query = f"GRANT SELECT ON {table} TO {role}"',
        'query = "SET LOCAL ROLE cutter_owner"',
        'query = "SHOW fsync"',
        'query = "BEGIN"',
        'query = "LISTEN news"',
        'query = f"COPY {table} TO STDOUT"',
        'where = " WHERE run_id = %s"',
        "connection.execute(query)",
        "cursor.executemany(query, rows)",
        "cursor.copy(query)",
        "sql.SQL(query)",
        "scalar(connection, query)",
        "from console.backend.postgres.connections import connect, read_rows",
    ],
)
def test_a_planted_statement_is_found(planted: str) -> None:
    assert findings("planted.py", planted)


@pytest.mark.parametrize(
    "message",
    [
        '"""SELECT of units FROM a table: a docstring."""',
        'action = f"As an administrator: SELECT pg_terminate_backend({pid});"',
        'repair = f"REVOKE {privileges} ON TABLE {table} FROM {role};"',
        'action = "Find out who changed them; ALTER TABLE … ENABLE ALWAYS TRIGGER repairs it."',
        'said = "the server answered COMMIT with a warning"',
        'asked = "INSERT, UPDATE and DELETE on units and versions"',
        'words = "SELECT on a table"',
        "done = pool.copy()",
    ],
)
def test_a_message_to_people_is_none(message: str) -> None:
    wanted = message.startswith("words")

    assert bool(findings("message.py", message)) is wanted
