"""A live document's query is one SELECT on the monitoring role; nothing of an operator's text runs as the administrator."""

import ast
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from console.backend.model.errors import CutterError, ExitStatus, Refused, StopCode, Unmeasured
from console.backend.postgres import live_registration, live_text
from console.backend.postgres.connections import connect, counted
from console.backend.postgres.live_text import read_live_text, read_query
from console.cli.main import main
from tests.conftest import Database
from tests.support.sources import ROOT, modules_with

MOST = 1000
Register = Callable[[Database, str], int]

ATTACKS = {
    "insert returning": "INSERT INTO public.page VALUES ('x') RETURNING text",
    "insert in a CTE": "WITH w AS (INSERT INTO public.page VALUES ('x') RETURNING text) SELECT text FROM w",
    "update in a CTE": "WITH w AS (UPDATE public.page SET text = 'x' RETURNING text) SELECT text FROM w",
    "delete in a CTE": "WITH w AS (DELETE FROM public.page RETURNING text) SELECT text FROM w",
    "drop behind a select": "SELECT 'a'::text; DROP TABLE public.page",
    "commit and drop": "SELECT 'a'::text; COMMIT; DROP TABLE public.page",
    "closed bracket and drop": "SELECT 'a'::text) AS live; DROP TABLE public.page; --",
    "open comment": "SELECT 'a'::text /*",
    "superuser": "CREATE ROLE intruder SUPERUSER LOGIN",
    "superuser behind a comment": "/* SELECT */ -- SELECT\n CREATE ROLE intruder SUPERUSER LOGIN",
    "block": "DO $$ BEGIN EXECUTE 'CREATE ROLE intruder SUPERUSER'; END $$",
    "call": "CALL public.writes_by_procedure()",
    "explain analyze": "EXPLAIN ANALYZE INSERT INTO public.page VALUES ('x')",
    "select into": "SELECT 'a'::text AS text INTO public.stolen",
    "create table as": "CREATE TABLE public.stolen AS SELECT 'a'::text",
    "copy to a program": "COPY (SELECT 'a') TO PROGRAM 'touch /tmp/stolen'",
    "copy from": "COPY public.page FROM STDIN",
    "role": "SELECT set_config('role', 'cutter_owner', false)",
    "set role": "SET ROLE cutter_owner",
    "reset": "RESET ALL",
    "session authorization": "SELECT set_config('session_authorization', 'postgres', false)",
    "read-write": "SELECT set_config('transaction_read_only', 'off', false) || public.writes()",
    "read-write by a function": "SELECT public.writes_after_switching()",
    "function that writes": "SELECT public.writes()",
    "terminate": "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() LIMIT 1",
    "cancel": "SELECT pg_cancel_backend(pg_backend_pid())::text",
    "quoted and in capitals": 'SELECT "pg_catalog" . "pg_terminate_backend" /* */ (1)::text',
    "escaped name": 'SELECT U&"pg_terminate\\005Fbackend"(1)::text',
    "notify": "SELECT pg_notify('a', 'b')::text",
    "advisory lock": "SELECT pg_advisory_lock(1668641908)::text",
    "large object": "SELECT lo_create(0)::text",
    "large object from a file": "SELECT lo_import('/etc/passwd')::text",
    "sequence": "SELECT nextval('public.numbers')::text",
    "row lock": "SELECT text FROM public.page FOR UPDATE",
    "key share": "SELECT text FROM public.page FOR KEY SHARE",
    "file": "SELECT pg_read_file('/etc/passwd')",
    "query in a string": "SELECT query_to_xml('SELECT pg_notify(''a'', ''b'')', true, true, '')::text",
    "dblink": "SELECT dblink_exec('dbname=postgres', 'CREATE ROLE intruder SUPERUSER')",
    "reload": "SELECT pg_reload_conf()::text",
    "statistics": "SELECT pg_stat_reset()::text",
    "password hashes": "SELECT rolpassword FROM pg_authid LIMIT 1",
    "our write function": "SELECT cutter_console.fn_hold_set('a', 'b', NULL)::text",
    "our registration": "SELECT cutter_console.fn_document_register('ACME-X', 'o', 'atx', 'SELECT 1')::text",
    "huge": f"SELECT repeat('x', {MOST + 1})",
    "larger than the server takes": "SELECT repeat('x', 2000000000) || repeat('x', 2000000000)",
    "slow": "SELECT pg_sleep(60)::text",
    "slow by work": "SELECT count(*)::text FROM generate_series(1, 1000000000000)",
    "parameter": "SELECT $1::text",
    "binary": "SELECT 'a'::bytea",
    "two columns": "SELECT 'a', 'b'",
    "endless query": f"SELECT 'a'::text -- {'x' * 70_000}",
}
WORLD = """
    CREATE TABLE public.page (text text);
    INSERT INTO public.page VALUES ('# Live');
    CREATE SEQUENCE public.numbers;
    GRANT ALL ON public.page, public.numbers TO cutter_ro;
    CREATE FUNCTION public.writes() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN INSERT INTO public.page VALUES ('written'); RETURN 'a'; END $$;
    CREATE FUNCTION public.writes_after_switching() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
        $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); INSERT INTO public.page VALUES ('written'); RETURN 'a'; END $$;
    CREATE PROCEDURE public.writes_by_procedure() LANGUAGE sql AS $$ INSERT INTO public.page VALUES ('written') $$;
"""
TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    UNION ALL SELECT unnest(ARRAY['pg_authid', 'pg_auth_members', 'pg_class', 'pg_proc', 'pg_db_role_setting', 'pg_largeobject_metadata'])
"""


def everything(database: Database) -> dict[str, tuple[object, ...] | None]:
    """Rows and digest of every table, with roles, settings, relations, functions and large objects."""
    digest = "SELECT count(*), md5(coalesce(string_agg(md5(t::text), '' ORDER BY t::text), '')) FROM {} t"
    with database.connect() as connection:
        tables = [name for (name,) in connection.execute(TABLES)]
        return {name: connection.execute(sql.SQL(digest).format(sql.SQL(name))).fetchone() for name in tables} | {
            "numbers": connection.execute("SELECT last_value, is_called FROM public.numbers").fetchone()
        }


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    """`document register`, with limits that are soon reached; the answer is the exit status."""
    monkeypatch.setattr(live_text, "TIME_LIMIT_S", 0.3)
    (tmp_path / "orchestrator.config.json").write_text(f'{{"limits": {{"max_bytes": {MOST}}}}}', encoding="ascii")

    def call(database: Database, query: str) -> int:
        monkeypatch.setenv("CUTTER_ADMINISTRATOR", database.conninfo())
        monkeypatch.setenv("CUTTER_MONITOR", database.conninfo("cutter_ro"))
        monkeypatch.setenv("CUTTER_EXECUTOR", database.conninfo("cutter_exec"))
        words = ["document", "register", "--docprefix", "ACME-LIVE", "--query", query]
        return main(["--root", str(tmp_path), *words])

    return call


@pytest.fixture
def world(database: Database) -> Database:
    """A page that the monitoring role was given every right on, and functions that write."""
    with database.connect() as administrator:
        administrator.execute(WORLD.encode())
    return database


def test_no_attack_by_a_registered_query_changes_anything(each_database: Database, register: Register) -> None:
    """The text ran as the administrator, several statements at once, and was committed."""
    with each_database.connect() as administrator:
        administrator.execute(WORLD.encode())
        if administrator.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'").fetchone():
            administrator.execute("CREATE EXTENSION dblink")
    before = everything(each_database)
    statuses = {name: register(each_database, query) for name, query in ATTACKS.items()}
    assert {name: status for name, status in statuses.items() if status not in {4, 7}} == {}
    assert everything(each_database) == before


def test_a_query_that_reads_is_registered_and_read_again(world: Database, register: Register) -> None:
    """What the guide shows works, a percent sign, a comment and a name without a schema included."""
    query = "SELECT text -- the page; 'DROP TABLE'\n FROM page WHERE text LIKE '# %' AND text <> '%s' AND text <> ';'"
    assert register(world, query) == 0
    assert read_live_text(world.conninfo("cutter_ro"), "ACME-LIVE", MOST) == b"# Live"
    with world.connect() as administrator:
        rows = administrator.execute("SELECT live_query FROM cutter_governance.source_document_registry").fetchall()
    assert rows == [(query,)]


@pytest.mark.parametrize(
    "query",
    [
        "VALUES ('# Live'::text)",
        "TABLE public.page",
        "(SELECT text FROM public.page)",
        "WITH w AS (SELECT text FROM public.page) SELECT text FROM w ORDER BY 1 LIMIT 1",
        "/* a /* nested */ comment */ SELECT 'über 100 % ’'::varchar(20) -- end",
        "select string_agg(text, '' order by text) from public.page",
    ],
)
def test_queries_of_every_form_are_read(world: Database, query: str) -> None:
    assert read_query(world.conninfo("cutter_ro"), "ACME-LIVE", query, MOST)


def test_the_query_is_run_on_the_monitoring_role_alone(world: Database) -> None:
    """The administrator stores a text that somebody else has run."""
    query = "SELECT current_user || ' ' || session_user || ' ' || current_setting('transaction_read_only')"
    assert read_query(world.conninfo("cutter_ro"), "ACME-LIVE", query, MOST) == b"cutter_ro cutter_ro on"
    conninfos = (world.conninfo("cutter_ro"), world.conninfo())
    with counted() as opened:
        live_registration.register_live_document(*conninfos, "ACME-LIVE", "atx", query, MOST)
    assert [(one.conninfo, one.purpose) for one in opened] == [
        (conninfos[0], "live text"),
        (conninfos[1], "register"),
    ]


@pytest.mark.parametrize("role", ["postgres", "cutter_exec", "cutter_verify"])
def test_a_monitoring_connection_that_is_more_than_that_runs_no_query(world: Database, role: str) -> None:
    """Which role runs the text is measured, not believed of the settings."""
    with pytest.raises(Refused, match=f"the monitoring connection is {role}") as caught:
        read_query(world.conninfo(role), "ACME-LIVE", "SELECT 'a'::text", MOST)
    assert caught.value.code is StopCode.GRANT_DELTA


CAUSES = {
    "nothing": ("", StopCode.REFUSED_INPUT, "begins with nothing, which is no query"),
    "insert": (ATTACKS["insert returning"], StopCode.REFUSED_INPUT, "it would write: INSERT INTO public.page"),
    "cte": (ATTACKS["insert in a CTE"], StopCode.REFUSED_INPUT, "it would write: INSERT INTO public.page"),
    "lock": (ATTACKS["row lock"], StopCode.REFUSED_INPUT, "it would write: FOR UPDATE"),
    "function": (ATTACKS["function that writes"], StopCode.REFUSED_INPUT, "it would write .cannot execute INSERT"),
    "mode": (ATTACKS["read-write by a function"], StopCode.REFUSED_INPUT, "it would write: it changes the transaction"),
    "two statements": (ATTACKS["drop behind a select"], StopCode.REFUSED_INPUT, "is more than one statement"),
    "effect": (ATTACKS["terminate"], StopCode.REFUSED_INPUT, "uses pg_terminate_backend, which can do more than read"),
    "slow": (ATTACKS["slow"], StopCode.CAP_EXCEEDED, "took longer than 0.3 s"),
    "large": (ATTACKS["huge"], StopCode.CAP_EXCEEDED, "gives 1001 bytes; the limit is 1000 .limits.max_bytes"),
    "too large": (ATTACKS["larger than the server takes"], StopCode.CAP_EXCEEDED, "more than the server can hold"),
    "no row": ("SELECT 'a'::text WHERE false", StopCode.REFUSED_INPUT, "gives no row, not one"),
    "rows": ("SELECT g::text FROM generate_series(1, 137) g", StopCode.REFUSED_INPUT, "gives 137 rows, not one"),
    "columns": ("SELECT 'a'::text, 'b'::text", StopCode.REFUSED_INPUT, "gives 2 columns, not one"),
    "type": ("SELECT 1 AS n", StopCode.REFUSED_INPUT, "the column n is int4, not text"),
    "null": ("SELECT NULL::text", StopCode.REFUSED_INPUT, "gives NULL, not a text"),
    "gone": ("SELECT text FROM public.gone", StopCode.REFUSED_INPUT, "42P01: relation .public.gone. does not exist"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_refusal_names_its_cause(world: Database, monkeypatch: pytest.MonkeyPatch, cause: str) -> None:
    monkeypatch.setattr(live_text, "TIME_LIMIT_S", 0.3)
    query, code, words = CAUSES[cause]
    with pytest.raises(Refused, match=words) as caught:
        read_query(world.conninfo("cutter_ro"), "ACME-LIVE", query, MOST)
    assert caught.value.code is code
    assert caught.value.message.startswith("live:ACME-LIVE: ")
    assert caught.value.next_action


def test_a_value_over_the_servers_memory_limit_is_too_large_where_the_server_has_no_code_for_it(
    world: Database,
) -> None:
    """Before version 15 such a text is an internal error, and for some functions after it too."""
    with world.connect() as connection:
        connection.execute(
            "CREATE FUNCTION public.huge() RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE 'invalid memory alloc request size 2000000004' USING ERRCODE = 'XX000'; END $$;"
            "GRANT EXECUTE ON FUNCTION public.huge() TO cutter_ro"
        )
    with pytest.raises(Refused, match="is more than the server can hold") as caught:
        read_query(world.conninfo("cutter_ro"), "ACME-LIVE", "SELECT public.huge()", MOST)
    assert caught.value.code is StopCode.CAP_EXCEEDED


@pytest.mark.parametrize(
    ("made", "query"),
    [
        ("CREATE TABLE public.closed (text text)", "SELECT text FROM public.closed"),
        ('CREATE SCHEMA kb; CREATE TABLE kb."Page" (text text)', 'SELECT text FROM kb."Page"'),
        (
            "CREATE TABLE public.below (text text); CREATE SCHEMA kb; CREATE VIEW kb.above AS SELECT text FROM public.below",
            "SELECT text FROM kb.above",
        ),
        (
            "CREATE FUNCTION public.render(int) RETURNS text LANGUAGE sql AS $$ SELECT 'a'::text $$;"
            " REVOKE ALL ON FUNCTION public.render FROM PUBLIC",
            "SELECT public.render(1)",
        ),
    ],
    ids=["table", "schema and quoted table", "view", "function"],
)
def test_a_missing_privilege_comes_with_the_grant_that_works_as_printed(
    database: Database, made: str, query: str
) -> None:
    conninfo = database.conninfo("cutter_ro")
    with database.connect() as administrator:
        administrator.execute(made.encode())
        with pytest.raises(Unmeasured, match="may not read it") as caught:
            read_query(conninfo, "ACME-LIVE", query, MOST)
        assert caught.value.code is StopCode.GRANT_DELTA
        grants = caught.value.next_action.removeprefix("As the administrator, in psql: ")
        assert grants.startswith("GRANT ")
        administrator.execute(grants.encode())
    try:
        read_query(conninfo, "ACME-LIVE", query, MOST)
    except Refused as refused:
        assert "gives no row" in refused.message  # noqa: PT017 - an empty table is readable


def test_a_text_beyond_the_limit_does_not_leave_the_server(world: Database) -> None:
    """One over the limit is measured there and stays there; one at the limit comes."""
    asked = "SELECT repeat('x', 5000000)"
    statement = live_text._READ.replace("{query}", asked).encode()
    with connect(world.conninfo("cutter_ro"), read_only=True) as connection:
        assert connection.execute(statement, (4999999,)).fetchone() == (1, 5000000, None, False)
    assert len(read_query(world.conninfo("cutter_ro"), "ACME-LIVE", asked, 5000000)) == 5000000


def test_a_limit_that_the_query_would_lift_holds(world: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_text, "TIME_LIMIT_S", 0.3)
    with world.connect() as administrator:
        administrator.execute(
            b"CREATE FUNCTION public.lifts() RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN"
            b" PERFORM set_config('statement_timeout', '0', false); RETURN 'a'; END $$"
        )
    with pytest.raises(Refused, match=r"took longer than 0\.3 s"):
        read_query(world.conninfo("cutter_ro"), "ACME-LIVE", "SELECT public.lifts() || pg_sleep(30)::text", MOST)


def test_a_cancel_by_somebody_else_is_not_taken_for_the_time_limit(world: Database) -> None:
    with world.connect() as administrator:
        administrator.execute(
            b"CREATE FUNCTION public.stops() RETURNS text LANGUAGE sql SECURITY DEFINER AS"
            b" $$ SELECT pg_cancel_backend(pg_backend_pid())::text || pg_sleep(5)::text $$"
        )
    with pytest.raises(CutterError) as caught:
        read_query(world.conninfo("cutter_ro"), "ACME-LIVE", "SELECT public.stops()", MOST)
    assert caught.value.code is StopCode.PANIC


@pytest.mark.parametrize(
    ("where", "attacks"),
    [("database", 2), ("database", len(ATTACKS)), ("file", len(ATTACKS))],
    ids=["database", "database, every attack", "file"],
)
def test_nothing_is_registered_under_a_hold(
    world: Database, register: Register, tmp_path: Path, where: str, attacks: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Registering worked under a HOLD, with exit status 0."""
    if where == "file":
        (tmp_path / "HOLD").touch()
    else:
        with world.connect("cutter_exec") as executor:
            executor.execute("SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)")
    before = everything(world)
    for query in ("SELECT '# One'::text", *list(ATTACKS.values())[:attacks]):
        assert register(world, query) == ExitStatus.HOLD
    assert "STOP_HOLD" in capsys.readouterr().err
    assert everything(world) == before


def test_the_database_is_asked_for_the_hold_in_the_transaction_that_stores(world: Database) -> None:
    """A HOLD that came after the first look stops it too."""
    with world.connect("cutter_exec") as executor:
        executor.execute("SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)")
    with pytest.raises(CutterError) as caught:
        live_registration.register_live_document(
            world.conninfo("cutter_ro"), world.conninfo(), "ACME-LIVE", "atx", "SELECT 'a'::text", MOST
        )
    assert (caught.value.code, caught.value.exit_status) == (StopCode.HOLD, ExitStatus.HOLD)


# The static half: who may use the administrator's connection, and with which statements.

ASKS_FOR_IT = {
    "console/backend/approvals/pinning.py",
    "console/cli/database.py",
    "console/cli/policies.py",
    "console/demo/installation.py",
}
OPENS_IT = {
    "console/backend/postgres/migrations.py",
    "console/backend/postgres/live_registration.py",
    "console/backend/approvals/pinning.py",
}
PASSED_ON = {
    "console/backend/postgres/existing_tables.py",
    "console/backend/postgres/policy_pins.py",
    "console/backend/postgres/role_settings.py",
}
"""What migrations.py and pinning.py hand their connection to."""
WRITES_NONE = {"console/backend/approvals/pinning.py"}
"""Opens the connection, and leaves every statement to policy_pins.py."""
RUNS_A_QUERY = {"scalar", "read_row", "read_rows", "read_column"}
"""Functions that are given a connection and a query; the query comes behind the type of the row, where there is one."""
OF_THE_PACKAGE = {"step.text.encode()", "f'CREATE TABLE {table} ({columns}\\n)'.encode()"}
"""The migrations themselves, which are files of this package, and the CREATE TABLE that is cut out of one."""


def test_the_administrators_connection_is_asked_for_and_opened_in_known_places() -> None:
    """A new use of it is a decision, and made here too."""
    modules = dict(modules_with("administrator"))
    asks = {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "administrator"
    }
    opens = {
        name
        for name, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "administrator"
    }
    assert (asks, opens) == (ASKS_FOR_IT, OPENS_IT)


def is_constant(node: ast.expr, constants: set[str]) -> bool:
    """Whether a statement is written in the module: a literal, a module's constant, or one with names quoted into it."""
    match node:
        case ast.Constant() | ast.BinOp(left=ast.Constant(), op=ast.Add(), right=ast.Constant()):
            return True
        case ast.Name(id=name):
            return name in constants
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Call(func=made, args=[ast.Constant()]))):
            return ast.unparse(made) == "sql.SQL"
        case ast.Call(func=ast.Attribute(attr="encode", value=value), args=[]) if is_constant(value, constants):
            return True
    return ast.unparse(node) in OF_THE_PACKAGE


@pytest.mark.parametrize("name", sorted(OPENS_IT | PASSED_ON))
def test_every_statement_of_the_administrator_is_a_constant(name: str) -> None:
    """Text from outside is a value there, never a statement."""
    tree = ast.parse((ROOT / name).read_bytes())
    constants = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    statements = [
        node.args[2 if ast.unparse(node.func) in {"read_row", "read_rows"} else 1]
        if ast.unparse(node.func) in RUNS_A_QUERY
        else node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            ast.unparse(node.func) in RUNS_A_QUERY
            or (isinstance(node.func, ast.Attribute) and node.func.attr in {"execute", "executemany", "copy", "stream"})
        )
    ]
    assert bool(statements) == (name not in WRITES_NONE)
    assert [ast.unparse(one) for one in statements if not is_constant(one, constants)] == []


def test_names_quoted_into_the_administrators_statements_are_quoted() -> None:
    """What `format` puts into a statement is an Identifier or a Literal, or SQL made of one word."""
    allowed = {"sql.Identifier", "sql.Literal"}
    for name in OPENS_IT | PASSED_ON:
        tree = ast.parse((ROOT / name).read_bytes())
        quoted = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(tuple(allowed))
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
                values = [*node.args, *(keyword.value for keyword in node.keywords)]
                said = {ast.unparse(value) for value in values}
                loose = {one for one in said if one not in quoted and not one.startswith(tuple(allowed))}
                assert loose <= {"sql.SQL(login)"}, name


def test_the_static_test_sees_what_it_is_there_for() -> None:
    bad = ["query.encode()", "query", "f'SELECT {x}'", "sql.SQL(query)", "sql.SQL(query).format(x)", "'a' + query"]
    assert [one for one in bad if is_constant(ast.parse(one, mode="eval").body, set())] == []
    assert isinstance(psycopg.sql.SQL("SELECT 1"), psycopg.sql.Composable)
