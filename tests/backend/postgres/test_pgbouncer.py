"""A real PgBouncer in front of a real server is refused by its name, in each of its modes, before anything is written."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from console.backend.host import cluster_directory
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.view_models import SwitchState
from console.backend.postgres.connections import connect
from tests.conftest import Database
from tests.support.passage import Passage
from tests.support.waiting import until

PORT = 6432
PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
SETTINGS = """
[databases]
* = host={server} port=5432
[pgbouncer]
listen_port = {port}
unix_socket_dir = {directory}
auth_type = trust
auth_file = {directory}/users
pool_mode = {mode}
ignore_startup_parameters = {ignored}
"""
"""Without an address it listens on its socket alone."""


@contextmanager
def _pooler(database: Database | Passage, mode: str, ignored: str = "options,extra_float_digits") -> Iterator[str]:
    """PgBouncer in front of the server of this database, with the startup parameters that it ignores; its folder."""
    if PROGRAM is None:
        pytest.skip("no program pgbouncer is installed")
    # As root it refuses to run, and a path must be short enough for a socket.
    user = cluster_directory.server_user()
    directory = cluster_directory.owned_directory(Path("/tmp"))
    (directory / "users").write_text(
        "".join(f'"{name}" ""\n' for name in ("cutter_ro", "cutter_exec", "cutter_verify"))
    )
    configuration = directory / "ini"
    configuration.write_text(
        SETTINGS.format(server=database.cluster.socket_dir, port=PORT, directory=directory, mode=mode, ignored=ignored)
    )
    if user is not None:
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, user.uid, user.gid)
    with (
        (directory / "log").open("w+b") as log,
        subprocess.Popen(
            [PROGRAM, "-q", str(configuration)],
            stdout=log,
            stderr=log,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        ) as pooler,
    ):
        try:
            until(lambda: _listens(directory), "PgBouncer listens")
            yield f"host={directory} port={PORT}"
        finally:
            pooler.terminate()
            pooler.wait(30)
            shutil.rmtree(directory)


def _listens(directory: Path) -> bool:
    """Whether it takes connections: the socket's file is there before that."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(directory / f".s.PGSQL.{PORT}")) == 0


@pytest.mark.parametrize("mode", ["session", "transaction", "statement"])
def test_it_is_named_in_each_mode_whichever_role_connects(database: Database, mode: str) -> None:
    with _pooler(database, mode) as address:
        for role in ("cutter_ro", "cutter_exec", "cutter_verify"):
            conninfo = f"{address} dbname={database.name} user={role}"
            with psycopg.connect(conninfo, autocommit=True) as through:
                assert through.execute("SELECT current_user").fetchone() == (role,)
            with pytest.raises(Unmeasured, match="goes through a pooler") as caught, connect(conninfo):
                pytest.fail("it was let through")
            assert caught.value.code is StopCode.UNREACHABLE
            assert "host and port of the server itself" in caught.value.next_action


def test_it_is_named_too_where_the_environment_has_startup_parameters_that_it_refuses(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are taken out of the environment, and are no other reason for a refusal than the pooler itself."""
    monkeypatch.setenv("PGGEQO", "off")
    monkeypatch.setenv("PGTZ", "America/Lima")
    with _pooler(database, "transaction", ignored="") as address:
        conninfo = f"{address} dbname={database.name} user=cutter_ro"
        with (
            pytest.raises(Unmeasured, match="goes through a pooler"),
            connect(conninfo),
        ):
            pytest.fail("it was let through")


def test_a_site_that_is_served_through_it_says_so_and_writes_nothing_but_a_hold(at: Callable[[str], Passage]) -> None:
    passage = at("SG_1 imported")
    before = passage.counts()
    with _pooler(passage, "transaction") as address:
        names = {"executor": "cutter_exec", "verifier": "cutter_verify", "monitor": "cutter_ro"}
        database = passage.installation.settings.database
        through = database.model_copy(
            update={key: f"{address} dbname={passage.database} user={role}" for key, role in names.items()}
        )
        behind = passage.settings(database=through)
        assert "goes through a pooler" in behind.backend.status().unreachable
        for act in (behind.arm, behind.resume):
            with pytest.raises(Unmeasured, match="goes through a pooler"):
                act()
        stopped = behind.backend.panic("stop")
        assert stopped.state is SwitchState.HOLD
        assert "goes through a pooler" in stopped.incomplete
        assert "Name host and port of the server itself" in stopped.incomplete
    assert passage.counts() == before
    assert passage.rows("SELECT action FROM cutter_governance.hold_event") == [("set",)]
    assert passage.run().moves == at("SG_1 imported").run().moves
