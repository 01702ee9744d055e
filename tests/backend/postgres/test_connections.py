"""What PostgreSQL says becomes one typed error; what could not be read is never a zero."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from console.backend.model.errors import CutterError, Drifted, ExitStatus, Refused, StopCode, Unmeasured
from console.backend.postgres.connections import CommitUnknown, connect, scalar, translate
from console.backend.postgres.measure import (
    measure_baseline,
    measure_counts,
    measure_identity,
    measure_world,
    readers_digest,
    world_differences,
)
from console.backend.postgres.records import transaction_status
from tests.backend.postgres.signed_cut import SignedCut
from tests.conftest import Database
from tests.support.lost_commit import CutsTheLine


@pytest.mark.parametrize(
    ("named", "meant", "words"),
    [
        ("user=nobody_knows", "cutter_ro", "tables of this database: cutter-console migrate"),
        (
            "dbname=nobody_knows",
            "no such",
            "createdb --template=template0 --encoding=UTF8 --locale=C 'no such'; then: cutter-console migrate",
        ),
        ("user=nobody_knows", "nobody_knows", "Check that the server runs"),
    ],
)
def test_what_is_still_to_be_made_is_named_with_the_command_that_makes_it(
    database: Database, named: str, meant: str, words: str
) -> None:
    """It said to check that the server runs, and that the service is there: both were right."""
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(f"{database.conninfo()} {named}")
    # The words of this server, about a role that it has: those of the product are of the whole cluster.
    error = translate(psycopg.OperationalError(str(refused.value).replace("nobody_knows", meant)))
    assert (type(error), error.code) == (Unmeasured, StopCode.UNREACHABLE)
    assert words in error.next_action


def test_a_function_that_raises_the_same_words_is_no_refused_connection(database: Database) -> None:
    """Of an organisation's function: a refusal, and not "not known" with a createdb."""
    with pytest.raises(psycopg.Error) as raised, psycopg.connect(database.conninfo()) as connection:
        connection.execute("DO $$ BEGIN RAISE EXCEPTION 'FATAL:  database \"x\" does not exist'; END $$")
    error = translate(raised.value)
    assert (error.code, "createdb" in error.next_action) == (StopCode.INVARIANT_FAILED, False)


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    """The connection had autocommit on; the server rolled back and the tool reported success."""
    insert = "SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)"
    with pytest.raises(RuntimeError), connect(database.conninfo("cutter_exec")) as connection:  # noqa: PT012
        assert connection.autocommit is False
        connection.execute(insert)
        raise RuntimeError
    with connect(database.conninfo("cutter_ro"), read_only=True) as fresh:
        assert scalar(fresh, "SELECT count(*) FROM cutter_governance.v_hold") == 0


def test_a_block_that_ends_is_there_for_another_role_on_a_fresh_connection(database: Database) -> None:
    """The row is read again by somebody else."""
    with connect(database.conninfo("cutter_exec")) as connection:
        connection.execute("SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)")
    with connect(database.conninfo("cutter_ro"), read_only=True) as fresh:
        assert scalar(fresh, "SELECT reason FROM cutter_governance.v_hold") == "a reason"


@pytest.mark.parametrize("view", ["v_row_count", "v_baseline", "v_run", "v_lease", "v_hold"])
def test_what_may_not_be_read_is_inconclusive_and_never_empty(database: Database, view: str) -> None:
    """A permission error (42501) was shown as "no rows"."""
    with database.connect() as administrator:
        administrator.execute(f"REVOKE SELECT ON cutter_governance.{view} FROM cutter_ro".encode())
    with pytest.raises(Unmeasured, match=f"42501.*{view}") as caught, connect(database.conninfo("cutter_ro")) as reader:
        reader.execute(f"SELECT * FROM cutter_governance.{view}".encode())
    assert caught.value.code is StopCode.GRANT_DELTA
    assert caught.value.exit_status is ExitStatus.INCONCLUSIVE


def _raised(sqlstate: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'a test' USING ERRCODE = '{sqlstate}'; END $$"


CAUSES: dict[str, tuple[str, type[CutterError], StopCode]] = {
    "read only": ("CREATE TABLE x ()", Drifted, StopCode.IDENTITY_MISMATCH),
    "privilege": ("SELECT * FROM cutter_governance.approval", Unmeasured, StopCode.GRANT_DELTA),
    "timeout": ("SELECT pg_sleep(5)", Unmeasured, StopCode.PANIC),
    "syntax": ("SELEC", Refused, StopCode.INVARIANT_FAILED),
    "a full volume": (_raised("53100"), Unmeasured, StopCode.UNREACHABLE),
    "no memory": (_raised("53200"), Unmeasured, StopCode.UNREACHABLE),
    "no connection": (_raised("53300"), Unmeasured, StopCode.UNREACHABLE),
    "a deadlock": (_raised("40P01"), Refused, StopCode.LOCKED),
    "a defect of the server": (_raised("XX000"), Unmeasured, StopCode.INVARIANT_FAILED),
    "an input error of the server's disk": (_raised("58030"), Unmeasured, StopCode.UNREACHABLE),
}


@pytest.mark.parametrize("how", CAUSES)
def test_each_cause_has_its_type_and_its_stop_code(database: Database, how: str) -> None:
    query, kind, code = CAUSES[how]
    with (
        pytest.raises(kind) as caught,
        connect(database.conninfo("cutter_ro"), read_only=True, timeout_s=0.05) as connection,
    ):
        connection.execute(query.encode())
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert caught.value.next_action
    if how.startswith(("a full", "no ", "a def")):
        assert "the same again" in caught.value.next_action


def test_a_server_that_only_reads_is_not_the_one_to_write_to(database: Database) -> None:
    """Three days pinned to a demoted primary because SELECT 1 passed; 25006 is what tells."""
    with (
        pytest.raises(Drifted, match="25006") as caught,
        connect(database.conninfo("cutter_exec"), read_only=True) as connection,
    ):
        connection.execute("SELECT cutter_console.fn_hold_set('a', 'b', NULL)")
    assert caught.value.code is StopCode.IDENTITY_MISMATCH
    assert caught.value.next_action == "Connect to the primary."


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    with pytest.raises(Unmeasured) as caught, connect(f"host={tmp_path} dbname=x"):
        pass
    assert caught.value.code is StopCode.UNREACHABLE


def test_a_role_or_a_database_that_is_not_there_is_unreachable(database: Database) -> None:
    for conninfo in (database.conninfo("nobody"), database.cluster.conninfo("nowhere")):
        with pytest.raises(Unmeasured), connect(conninfo):
            pass


def test_where_nothing_is_installed_the_step_is_named(empty_database: Database, database: Database) -> None:
    with (
        pytest.raises(Unmeasured, match="does not exist") as nowhere,
        connect(empty_database.conninfo()) as connection,
    ):
        connection.execute("SELECT cutter_console.fn_schema_digest()")
    with pytest.raises(Unmeasured) as gone, connect(database.conninfo()) as connection:
        connection.execute("SELECT cutter_console.fn_gone()")
    for caught in (nowhere, gone):
        assert "cutter-console migrate" in caught.value.next_action


def test_a_refusal_keeps_its_code_and_its_next_action(cut: SignedCut) -> None:
    with pytest.raises(Refused) as caught, connect(cut.database.conninfo("cutter_exec")) as connection:
        cut.apply(connection)
    assert caught.value.code is StopCode.EXECUTION_DISABLED
    assert "cutter-console arm" in caught.value.next_action


def test_escape_sequences_in_a_server_message_are_inert(database: Database) -> None:
    """Text of the database reaches no screen raw."""
    with pytest.raises(CutterError) as caught, connect(database.conninfo()) as connection:
        connection.execute("DO $$ BEGIN RAISE EXCEPTION E'a\\x1b[2Jb'; END $$")
    assert "\x1b" not in caught.value.message


@pytest.fixture
def cut_line(cut: SignedCut, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CutsTheLine]:
    """The proxy before the test's server."""
    proxy = CutsTheLine(tmp_path_factory.mktemp("p"), cut.database.cluster.socket_dir / ".s.PGSQL.5432")
    yield proxy
    proxy.close()


def test_a_lost_commit_says_so_and_the_transaction_id_settles_it(cut: SignedCut, cut_line: CutsTheLine) -> None:
    """The server committed, the acknowledgement was lost; pg_xact_status() knows."""
    xid, line = "", f"host={cut_line.directory} port=5432 dbname={cut.database.name} user=cutter_exec"
    with pytest.raises(CommitUnknown), connect(line) as connection:  # noqa: PT012
        connection.execute("SELECT cutter_console.fn_hold_set('a reason', 'somebody', NULL)")
        xid = str(scalar(connection, "SELECT pg_current_xact_id()::text"))
    assert cut_line.commit_seen.is_set()
    with connect(cut.database.conninfo("cutter_ro"), read_only=True) as fresh:
        assert transaction_status(fresh, xid) == "committed"
        assert transaction_status(fresh, "99999999") == "unknown"


def test_a_killed_backend_at_work_is_no_lost_commit(database: Database) -> None:
    """Before COMMIT was sent nothing can have been committed, and nothing says that it may have."""
    with pytest.raises(CutterError) as caught, connect(database.conninfo("cutter_exec")) as connection:  # noqa: PT012
        with database.connect() as administrator:
            administrator.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
        connection.execute("SELECT 1")
    assert not isinstance(caught.value, CommitUnknown)
    assert caught.value.code is StopCode.UNREACHABLE


def test_the_timeline_is_read_from_the_wal(database: Database) -> None:
    """Just after a promotion pg_control_checkpoint() still shows the old timeline."""
    with connect(database.conninfo("cutter_ro"), read_only=True) as connection:
        identity = measure_identity(connection, "host")
    assert (identity.target.timeline, identity.role, identity.superuser) == (1, "cutter_ro", False)
    assert identity.target.database == database.name


def test_every_difference_of_the_world_is_named(database: Database) -> None:
    """Database, system identifier, timeline and host are pinned and compared one by one."""
    with connect(database.conninfo("cutter_exec"), read_only=True) as connection:
        world = measure_world(connection, "host")
        assert readers_digest(connection) == world.baseline_digest
    target = world.target
    moved: dict[str, dict[str, object]] = {
        "host": {"target": target.model_copy(update={"host": "other"})},
        "database": {"target": target.model_copy(update={"database": "other"})},
        "system identifier": {"target": target.model_copy(update={"system_identifier": "1"})},
        "timeline": {"target": target.model_copy(update={"timeline": 2})},
        "server version": {"server_version": 150000},
        "grants, functions and triggers": {"schema_digest": "0"},
        "readers' view": {"baseline_digest": "0"},
    }
    assert world_differences(world, world, with_rows=True) == ()
    for name, change in moved.items():
        found = world_differences(world, world.model_copy(update=change), with_rows=True)
        assert [line.partition(":")[0] for line in found] == [name]


def test_rows_that_came_from_elsewhere_are_named_by_table(database: Database) -> None:
    with connect(database.conninfo("cutter_exec"), read_only=True) as connection:
        world, counts = measure_world(connection, "host"), measure_counts(connection)
        assert set(counts) == set(measure_baseline(connection))
    more = tuple(count.model_copy(update={"rows": count.rows + 1}) for count in counts[:1]) + counts[1:]
    found = world_differences(world, world.model_copy(update={"counts": more}), with_rows=True)
    assert found == (f"{counts[0].table}: planned 0 rows, now 1",)
    assert world_differences(world, world.model_copy(update={"counts": more}), with_rows=False) == ()


def test_the_readers_view_moves_with_a_cut_and_not_without_its_units(cut: SignedCut) -> None:
    assert cut.plan.world is not None
    cut.cut()
    with connect(cut.database.conninfo("cutter_verify"), read_only=True) as connection:
        assert readers_digest(connection) != cut.plan.world.baseline_digest
        assert readers_digest(connection, without_run=cut.run_id) == cut.plan.world.baseline_digest


def test_a_connection_names_the_program_and_its_purpose(database: Database) -> None:
    with connect(database.conninfo("cutter_ro"), purpose="status") as connection:
        assert scalar(connection, "SELECT current_setting('application_name')") == "cutter-console status"


def test_a_query_without_a_row_is_no_answer(database: Database) -> None:
    with pytest.raises(Unmeasured), connect(database.conninfo("cutter_ro")) as connection:
        scalar(connection, "SELECT 1 WHERE false")


def test_a_connection_is_closed_after_an_error(database: Database) -> None:
    kept: list[psycopg.Connection] = []
    with pytest.raises(CutterError), connect(database.conninfo("cutter_ro")) as connection:  # noqa: PT012
        kept.append(connection)
        connection.execute("SELEC")
    assert kept[0].closed
