"""Sessions set what the product relies on themselves, whatever server, role, database, environment or service file say."""

import ast
import shlex
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Unmeasured
from console.backend.postgres.connections import connect
from console.backend.postgres.kept_sessions import sessions_kept
from console.backend.postgres.ledger import import_approval, manifest_digest
from console.backend.postgres.measure import measure_world, readers_digest
from console.backend.postgres.migrations import migrate
from console.backend.postgres.role_settings import RoleSetting, is_harmless
from console.backend.postgres.session_settings import SETTINGS
from console.backend.postgres.sessions import open_session
from tests.backend.postgres.signed_cut import SignedCut, start_cut
from tests.conftest import Database
from tests.support.passage import Passage
from tests.support.sources import modules_with
from tests.support.sovereign import sovereign

HOSTILE = {
    "standard_conforming_strings": "off",
    "backslash_quote": "on",
    "bytea_output": "escape",
    "client_encoding": "LATIN1",
    "DateStyle": "German",
    "IntervalStyle": "iso_8601",
    "TimeZone": "Asia/Kathmandu",
    "quote_all_identifiers": "on",
    "search_path": "nowhere",
    "extra_float_digits": "-15",
    "row_security": "on",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "statement_timeout": "1s",
    "lock_timeout": "1s",
    "client_min_messages": "debug5",
    "jit": "on",
}


class Settled(Database):
    """A database that tests connect to as the product does."""

    def connect(self, user: str = "postgres", *, autocommit: bool = True) -> psycopg.Connection:
        """A session of the product."""
        connection = open_session(self.conninfo(user), application="test", statement_timeout_s=30)
        connection.autocommit = autocommit
        return connection

    @contextmanager
    def transaction(self, user: str) -> Iterator[psycopg.Connection]:
        """In a session of its own: what is set at its beginning is what these tests are about."""
        with self.connect(user, autocommit=False) as connection:
            yield connection


def make_hostile(database: Database, *roles: str) -> None:
    """Every setting of HOSTILE on the database, and on the roles in it; all of it goes with the database."""
    with database.connect() as connection:
        for name, value in HOSTILE.items():
            setting = sql.Identifier(name), sql.Literal(value)
            connection.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(sql.Identifier(database.name), *setting))
            for role in roles:
                names = sql.Identifier(role), sql.Identifier(database.name)
                connection.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(*names, *setting))


def shown(connection: psycopg.Connection, *names: str) -> dict[str, str]:
    """What the session is set to."""
    found = connection.execute("SELECT n, pg_catalog.current_setting(n) FROM unnest(%s::text[]) n", (list(names),))
    return dict(found.fetchall())


def settled(connection: psycopg.Connection) -> bool:
    """Whether the session has every one of SETTINGS, and its encoding."""
    return shown(connection, *SETTINGS, "client_encoding") == {**SETTINGS, "client_encoding": "UTF8"}


def test_what_wins_over_what(each_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options at the start win over role and database, PGDATESTYLE over those, and SET over all."""
    make_hostile(each_database, "cutter_ro")
    conninfo = each_database.conninfo("cutter_ro")
    options = "-c DateStyle=SQL,DMY -c bytea_output=hex -c statement_timeout=0"
    names = ("DateStyle", "bytea_output")
    with psycopg.connect(conninfo) as plain:
        assert shown(plain, *names) == {"DateStyle": "German, DMY", "bytea_output": "escape"}
    with psycopg.connect(conninfo, options=options) as started:
        assert shown(started, *names) == {"DateStyle": "SQL, DMY", "bytea_output": "hex"}
    monkeypatch.setenv("PGDATESTYLE", "Postgres, MDY")
    with psycopg.connect(conninfo, options=options) as under_environment:
        assert shown(under_environment, "DateStyle") == {"DateStyle": "Postgres, MDY"}
        under_environment.execute("SET DateStyle = 'ISO, YMD'")
        assert shown(under_environment, "DateStyle") == {"DateStyle": "ISO, YMD"}


def test_a_session_is_the_same_under_every_setting(
    each_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Role, database, environment, PGOPTIONS and service file together."""
    make_hostile(each_database, "cutter_ro", "postgres")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=public -c bytea_output=escape -c statement_timeout=1s")
    for name, value in (("PGDATESTYLE", "German"), ("PGTZ", "America/Lima"), ("PGCLIENTENCODING", "LATIN1")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGAPPNAME", "somebody else")
    service = tmp_path / "services"
    said = each_database.conninfo("cutter_ro").split()
    lines = [*said, "options=-c bytea_output=escape", "client_encoding=LATIN1", "keepalives=0"]
    service.write_text("\n".join(["[it]", *lines, ""]), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    for conninfo in (each_database.conninfo("cutter_ro"), each_database.conninfo(), "service=it"):
        with connect(conninfo, read_only=True, purpose="test") as connection:
            assert settled(connection)
            assert shown(connection, "statement_timeout", "lock_timeout", "application_name") == {
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "application_name": "cutter-console test",
            }
            assert shown(connection, "transaction_isolation", "transaction_read_only") == {
                "transaction_isolation": "read committed",
                "transaction_read_only": "on",
            }
            line = connection.info.get_parameters()
            assert {name: line[name] for name in ("keepalives", "keepalives_idle", "tcp_user_timeout")} == {
                "keepalives": "1",
                "keepalives_idle": "10",
                "tcp_user_timeout": "25000",
            }


@pytest.mark.parametrize(("limit_s", "idle"), [(5.0, "1min"), (30.0, "1min"), (3600.0, "10min"), (0.0, "10min")])
def test_a_transaction_of_whoever_fell_silent_ends_in_a_minute(database: Database, limit_s: float, idle: str) -> None:
    """Long work, which may compute between its statements, has ten."""
    with connect(database.conninfo("cutter_ro"), timeout_s=limit_s) as connection:
        name = "idle_in_transaction_session_timeout"
        assert shown(connection, name) == {name: idle}


def test_a_role_that_begins_as_another_one_is_itself(database: Database) -> None:
    with database.connect() as administrator:
        administrator.execute("GRANT pg_read_all_stats TO cutter_ro")
        name = sql.Identifier(database.name)
        administrator.execute(sql.SQL("ALTER ROLE cutter_ro IN DATABASE {} SET role = pg_read_all_stats").format(name))
        try:
            with database.connect("cutter_ro") as plain:
                assert plain.execute("SELECT current_user").fetchone() == ("pg_read_all_stats",)
            with connect(database.conninfo("cutter_ro")) as connection:
                assert connection.execute("SELECT current_user").fetchone() == ("cutter_ro",)
        finally:
            administrator.execute("REVOKE pg_read_all_stats FROM cutter_ro")


def test_settings_stay_when_a_transaction_is_rolled_back(database: Database) -> None:
    make_hostile(database, "cutter_ro")
    with connect(database.conninfo("cutter_ro")) as connection:
        connection.execute("SELECT 1")
        connection.rollback()
        assert settled(connection)


Rulings = list[tuple[str, bytes, list[bytes]]]
"""Purpose, statement and signatures, in the order of the purposes."""


def stored(run: SignedCut, sent: Rulings) -> dict[str, object]:
    """What the database holds of a run: digests as it computes them, and which rulings it holds exactly as they were sent."""
    with connect(run.database.conninfo()) as connection:
        rows = connection.execute(
            "SELECT purpose, statement, signatures, statement_sha256 = encode(sha256(statement), 'hex')"
            " FROM cutter_governance.approval ORDER BY purpose"
        ).fetchall()
        units = connection.execute(
            "SELECT u.canonical_address, v.title, v.body, v.content_hash, b.body_sha256, u.lifecycle_status"
            " FROM public.information_unit u JOIN public.unit_version v ON v.unit_id = u.id"
            " JOIN cutter_governance.manifest_unit_block b ON b.address = u.canonical_address ORDER BY 1"
        ).fetchall()
        world = measure_world(connection, "host")
        return {
            "exact rulings": [one[0] for one, there in zip(rows, sent, strict=True) if one == (*there, True)],
            "units": units,
            "manifest": connection.execute("SELECT cutter_console.fn_manifest_digest(%s)", (run.run_id,)).fetchone(),
            "readers": readers_digest(connection),
            "plan": (run.plan.document.content_digest, manifest_digest(run.units)),
            "version": world.server_version,
        }


def passage(database: Database, text: str) -> dict[str, object]:
    """From the text to law, on sessions of the product alone."""
    run = start_cut(Settled(database.cluster, database.name), text=text)
    sent: Rulings = []

    def rule(purpose: str = "cut") -> str:
        statement = run.statement(purpose)
        sent.append((purpose, statement, [sovereign().sign(statement)]))
        with run.verifier() as connection:
            return import_approval(connection, statement, tuple(sent[-1][2]))

    object.__setattr__(run, "rule", rule)
    run.enacted()
    assert run.lifecycles() == ["enacted"] * len(run.units)
    return stored(run, sent)


def test_a_passage_gives_the_same_digests_and_bytes_under_every_setting(
    database: Database, empty_database: Database
) -> None:
    """With standard_conforming_strings=off every stored signature was the text of its own escape."""
    text = "# One\n\nÜber \\x2d2d \\' '' € Điều.\n\n## Alpha\n\nFirst \\134.\n\n## Beta\n\nSecond 1.10.2025.\n"
    expected = passage(database, text)
    assert expected["exact rulings"] == ["cut", "enact"]
    migrate(empty_database.conninfo())
    make_hostile(empty_database, "cutter_exec", "cutter_verify", "cutter_ro", "cutter_owner", "postgres")
    assert passage(empty_database, text) == expected


def test_a_moment_is_read_whatever_style_the_server_has_told_so_far(database: Database) -> None:
    """The second session of a command asks with its settings, and hears of them only behind the answer."""
    with database.connect() as administrator:
        administrator.execute(f"ALTER ROLE cutter_ro IN DATABASE {database.name} SET datestyle = 'German'".encode())
        conninfo = database.conninfo("cutter_ro")
        with sessions_kept(), connect(conninfo, read_only=True) as first:
            first.execute("SELECT 1")
            with connect(conninfo, read_only=True) as second:
                row = second.execute("SELECT timestamptz '2026-03-31 12:00:00.5+00', date '2026-03-31'").fetchone()

    assert row == (datetime(2026, 3, 31, 12, 0, 0, 500_000, tzinfo=UTC), date(2026, 3, 31))


def test_a_whole_run_under_a_hostile_environment(at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch) -> None:
    """Files, gpg, pg_dump and reports too."""
    for name, value in (("PGDATESTYLE", "German"), ("PGTZ", "Asia/Kathmandu"), ("PGCLIENTENCODING", "LATIN1")):
        monkeypatch.setenv(name, value)
    options = ("standard_conforming_strings=off", "bytea_output=escape", "quote_all_identifiers=on")
    monkeypatch.setenv("PGOPTIONS", " ".join(f"-c {one}" for one in (*options, "search_path=nowhere")))
    run = at("SG_1 imported")
    run.arm()
    run.resume()
    run.sign()
    run.enact()
    assert run.lifecycles() == ["enacted"] * 3
    assert run.backend.drift().differences == ()


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_session_writes_whatever_access_its_role_begins_with(database: Database, autocommit: bool) -> None:
    """`migrate --accept` had taken the setting, and the switch could be armed; then the session of the lease could only read."""
    name, role = sql.Identifier(database.name), sql.Identifier("cutter_exec")
    with database.connect() as administrator:
        setting = sql.SQL("ALTER ROLE {} IN DATABASE {} SET default_transaction_read_only = on")
        administrator.execute(setting.format(role, name))
    with Settled(database.cluster, database.name).connect("cutter_exec", autocommit=autocommit) as session:
        assert shown(session, "transaction_read_only") == {"transaction_read_only": "off"}
    with connect(database.conninfo("cutter_exec"), read_only=True) as session:
        assert shown(session, "transaction_read_only") == {"transaction_read_only": "on"}


ENCODINGS = {"SQL_ASCII": "SQL_ASCII", "LATIN1": "LATIN1"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_database_in_another_encoding_is_refused(each_empty_database: Database, encoding: str) -> None:
    """Texts are compared by their bytes; the refusal names the command that makes another database."""
    cluster, name = each_empty_database.cluster, f"in {encoding.lower()}"
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE 'C'{}").format(
        sql.Identifier(name),
        sql.Literal(encoding),
        sql.SQL(" LOCALE_PROVIDER libc" if cluster.major >= 15 else ""),
    )
    gone = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    with each_empty_database.connect() as administrator:
        administrator.execute(made)
        try:
            other = Database(cluster, name)
            before = _objects(other)
            for attempt in (lambda: migrate(other.conninfo()), lambda: _open(other.conninfo())):
                with pytest.raises(Refused, match=f"{name} is encoded in {encoding}, not UTF8") as caught:
                    attempt()
                assert caught.value.code is StopCode.REFUSED_INPUT
            assert _objects(other) == before
            _run_as_printed(cluster.programs.bin_dir, cluster.conninfo(), caught.value.next_action)
            assert migrate(cluster.conninfo(f"{name}_utf8")).applied
        finally:
            for one in (name, f"{name}_utf8"):
                administrator.execute(gone.format(sql.Identifier(one)))


def _open(conninfo: str) -> None:
    with connect(conninfo):
        pass


def _objects(database: Database) -> object:
    with database.connect() as connection:
        return connection.execute("SELECT count(*) FROM pg_class").fetchone()


def _run_as_printed(bin_dir: Path, conninfo: str, next_action: str) -> None:
    """The command that was printed; where this version has no createdb, the statement that createdb would send."""
    words = shlex.split(next_action.partition(": ")[2])
    assert words[0] == "createdb"
    place = psycopg.conninfo.conninfo_to_dict(conninfo)
    if (bin_dir / "createdb").exists():
        where = [f"--host={place['host']}", f"--port={place['port']}", f"--username={place['user']}"]
        subprocess.run([bin_dir / "createdb", *where, *words[1:]], check=True, capture_output=True)
        return
    assert words[1:-1] == ["--template=template0", "--encoding=UTF8", "--locale=C"]
    with psycopg.connect(conninfo, autocommit=True) as administrator:
        made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
        administrator.execute(made.format(sql.Identifier(words[-1])))


REPLICA = {
    "role": "ALTER ROLE cutter_exec SET session_replication_role = replica",
    "role in database": "ALTER ROLE cutter_exec IN DATABASE {database} SET session_replication_role = replica",
    "database": "ALTER DATABASE {database} SET session_replication_role = replica",
}


@pytest.mark.parametrize("where", REPLICA)
def test_a_session_in_which_triggers_do_not_fire_is_refused_with_the_command_that_helps(
    database: Database, where: str
) -> None:
    """Nothing that a role begins with switches the guards off; the command works as printed."""
    with database.connect() as administrator:
        administrator.execute(sql.SQL(REPLICA[where]).format(database=sql.Identifier(database.name)))
        try:
            with pytest.raises(Drifted, match="session_replication_role is replica") as caught:
                _open(database.conninfo("cutter_exec"))
            assert caught.value.code is StopCode.DRIFT
            administrator.execute(caught.value.next_action.partition(": ")[2].encode())
            _open(database.conninfo("cutter_exec"))
        finally:
            administrator.execute("ALTER ROLE cutter_exec RESET session_replication_role")


SET_BEFORE = {
    "ALTER ROLE cutter_exec IN DATABASE {database} SET standard_conforming_strings = off": "standard_conforming_strings",
    "ALTER ROLE cutter_owner IN DATABASE {database} SET search_path = public": "search_path",
    "ALTER ROLE cutter_verify IN DATABASE {database} SET row_security = off": "row_security",
    "ALTER ROLE cutter_ro IN DATABASE {database} SET bytea_output = escape": "bytea_output",
    "ALTER ROLE cutter_exec IN DATABASE {database} SET default_transaction_read_only = on": "default_transaction",
    "ALTER DATABASE {database} SET default_transaction_isolation = serializable": "default_transaction_isolation",
    "ALTER DATABASE {database} SET synchronous_commit = off": "synchronous_commit",
}


@pytest.mark.parametrize("statement", SET_BEFORE)
def test_migrate_refuses_what_sessions_would_begin_with_and_names_the_command(
    empty_database: Database, database: Database, statement: str
) -> None:
    """It was installed over, and pinned as the state that is right."""
    conninfo = empty_database.conninfo()
    with empty_database.connect() as administrator:
        administrator.execute(sql.SQL(statement).format(database=sql.Identifier(empty_database.name)))
        with pytest.raises(Drifted, match=SET_BEFORE[statement]) as caught:
            migrate(conninfo)
        assert _objects(empty_database) == _objects(Database(database.cluster, "template1"))
        with pytest.raises(Drifted):
            migrate(conninfo, "0" * 64)
        command = caught.value.next_action.partition(": ")[2].partition(" Or accept it")[0]
        assert " RESET " in command
        administrator.execute(command.encode())
    assert migrate(conninfo).applied


def test_a_setting_is_accepted_by_its_digest_and_then_known(empty_database: Database, database: Database) -> None:
    """A person looks at it, once; another one is another digest."""
    name, conninfo = sql.Identifier(empty_database.name), empty_database.conninfo()
    with empty_database.connect() as administrator:
        administrator.execute(sql.SQL("ALTER ROLE cutter_ro IN DATABASE {} SET bytea_output = escape").format(name))
        with pytest.raises(Drifted) as caught:
            migrate(conninfo)
        digest = caught.value.next_action.split()[-1]
        assert migrate(conninfo, digest).applied
        assert migrate(conninfo).applied == ()
        administrator.execute(sql.SQL("ALTER DATABASE {} SET DateStyle = 'German'").format(name))
        with pytest.raises(Drifted, match="DATABASE: datestyle=German") as again:
            migrate(conninfo)
        assert "bytea_output" not in again.value.message
        with pytest.raises(Drifted):
            migrate(conninfo, digest)
        assert migrate(conninfo, again.value.next_action.split()[-1]).pinned
        assert not migrate(conninfo).pinned


@pytest.mark.parametrize("role", ["cutter_exec", "cutter_owner", "cutter_verify", "cutter_ro"])
def test_no_digest_accepts_that_triggers_do_not_fire(empty_database: Database, database: Database, role: str) -> None:
    """Session_replication_role=replica before migrate was accepted as installed."""
    names = sql.Identifier(role), sql.Identifier(empty_database.name)
    with empty_database.connect() as administrator:
        made = "ALTER ROLE {} IN DATABASE {} SET session_replication_role = replica"
        administrator.execute(sql.SQL(made).format(*names))
        with pytest.raises(Drifted, match=f"ROLE {role} IN DATABASE: session_replication_role=replica") as caught:
            migrate(empty_database.conninfo())
        assert "--accept" not in caught.value.next_action
        administrator.execute(caught.value.next_action.partition(": ")[2].encode())
    assert migrate(empty_database.conninfo()).applied


def test_no_query_of_a_session_is_compiled_whatever_its_role_begins_with(database: Database) -> None:
    """On a server with LLVM that took seconds of each of the many short queries, and gates ended at their limit."""
    make_hostile(database, "cutter_ro")
    with database.connect("cutter_ro") as plain:
        assert plain.execute("SHOW jit").fetchone() == ("on",)
    with connect(database.conninfo("cutter_ro")) as session:
        assert session.execute("SHOW jit").fetchone() == ("off",)


def test_harmless_settings_are_in_nobodys_way(empty_database: Database, database: Database) -> None:
    harmless = {"statement_timeout": "1h", "log_statement": "all", "work_mem": "8MB", "jit": "off"}
    with empty_database.connect() as administrator:
        for name, value in harmless.items():
            names = sql.Identifier(empty_database.name), sql.Identifier(name), sql.Literal(value)
            administrator.execute(sql.SQL("ALTER ROLE cutter_exec IN DATABASE {} SET {} = {}").format(*names))
        here = sql.Identifier(empty_database.name)
        administrator.execute(
            sql.SQL("ALTER ROLE cutter_ro IN DATABASE {} SET default_transaction_read_only = on").format(here)
        )
    assert migrate(empty_database.conninfo()).applied


def test_nothing_that_a_session_sets_itself_is_called_harmless() -> None:
    of_time_and_notices = {"idle_session_timeout", "client_min_messages", "jit", "plan_cache_mode"}
    both = [name for name in SETTINGS if is_harmless(RoleSetting(object="DATABASE", name=name, value="x", reset=""))]
    assert set(both) == of_time_and_notices


# Poolers.


@contextmanager
def listening(directory: Path, serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A Unix socket where clients are served one after the other; gives its connection string."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / ".s.PGSQL.5432"))
    listener.listen(4)

    def run() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                with closing(client):
                    serve(client)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"host={directory} port=5432 dbname=x user=cutter_ro"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("p")


def _error(message: str) -> bytes:
    fields = b"SFATAL\0VFATAL\0C08P01\0M" + message.encode() + b"\0\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


def test_a_pooler_that_refuses_a_startup_parameter_is_named(short: Path) -> None:
    """It was refused with "see that the server runs"."""

    def serve(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(_error("unsupported startup parameter: geqo"))

    with listening(short, serve) as conninfo, pytest.raises(Unmeasured) as caught:
        _open(conninfo)
    assert caught.value.code is StopCode.UNREACHABLE
    assert "pooler in front of the server refuses a startup parameter" in caught.value.message
    assert "geqo" in caught.value.message
    assert "host and port of the server itself" in caught.value.next_action


def test_no_startup_option_is_sent_that_a_pooler_could_refuse_or_drop(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent at the start is what every pooler knows."""
    monkeypatch.setenv("PGOPTIONS", "-c search_path=public")
    seen: list[bytes] = []

    def serve(client: socket.socket) -> None:
        seen.append(client.recv(4096))
        client.sendall(_error("enough"))

    with listening(short, serve) as conninfo, pytest.raises(CutterError):
        _open(conninfo)
    words = seen[0][8:].split(b"\0")
    sent = dict(zip(words[0::2], words[1::2], strict=False))
    sent.pop(b"", None)
    assert sent.keys() <= {b"user", b"database", b"application_name", b"client_encoding"}


def test_a_pooler_that_shares_sessions_is_named(short: Path, database: Database) -> None:
    """Behind one, settings and locks of a session belong to whoever comes next."""
    target = str(database.cluster.socket_dir / ".s.PGSQL.5432")

    def serve(client: socket.socket) -> None:
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.connect(target)

            def back() -> None:
                while data := server.recv(65536):
                    at = data.find(b"K\0\0\0\x0c")
                    if at >= 0:
                        data = data[: at + 5] + struct.pack("!I", 7) + data[at + 9 :]
                    client.sendall(data)

            thread = threading.Thread(target=back, daemon=True)
            thread.start()
            while data := client.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)

    with listening(short, serve) as conninfo, pytest.raises(Unmeasured, match="the connection goes through a pooler"):
        _open(conninfo.replace("dbname=x", f"dbname={database.name}"))


def test_one_module_opens_connections() -> None:
    found = {
        module
        for module, tree in modules_with(".connect(")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "connect"
        and ast.unparse(node.func) in {"psycopg.connect", "Connection.connect", "Session.connect"}
    }
    assert found == {"console/backend/postgres/sessions.py"}
