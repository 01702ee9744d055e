"""Every program that the console starts gets an allow list of variables; pg_dump alone gets a password."""

import ast
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.backup.prove import prove
from console.backend.backup.record import BackupRequest
from console.backend.backup.selftest import round_trip
from console.backend.backup.take import take_backup
from console.backend.host.child_environment import _EVERY_PROGRAM, _LIBPQ, child_environment, libpq_environment
from console.backend.host.cluster_directory import default_parents
from console.backend.host.context import Context
from console.backend.host.gpg import end_agent
from console.backend.model.redaction import is_denied_key
from console.backend.scratch.cluster import TransientCluster
from tests.support.sources import modules_with

pytestmark = pytest.mark.usefixtures("server_for_each_proof")
CANARY = "canary-7f3a"
PLANTED = ("PGPASSWORD", "CUTTER_API_KEY", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL", "GITHUB_TOKEN", "HARMLESS_NAME")
_WRAPPER = """#!/bin/sh
env -0 > "{records}/{name}.$$" || exit 99
exec "{real}" "$@"
"""


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the console's own environment."""
    for name in PLANTED:
        monkeypatch.setenv(name, f"{CANARY}-{name}")


@pytest.fixture
def records(cluster: TransientCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which each program that is started leaves the environment that it was given."""
    home = Path(tempfile.mkdtemp(prefix="wrapped-", dir=default_parents()[0]))
    wrappers, written = home / "bin", home / "records"
    for folder, mode in ((home, 0o755), (wrappers, 0o755), (written, 0o777)):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    real = {name: str(cluster.programs.program(name)) for name in ("initdb", "postgres", "pg_dump", "pg_restore")}
    real |= {name: shutil.which(name) or "" for name in ("gpg", "gpgconf", "git")}
    for name, path in real.items():
        (wrappers / name).write_text(_WRAPPER.format(records=written, name=name, real=path), encoding="utf-8")
        (wrappers / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrappers}:{os.environ['PATH']}")
    yield written
    shutil.rmtree(home, ignore_errors=True)


def carriers(records: Path) -> dict[str, set[str]]:
    """The names of the planted variables that each program was given."""
    found: dict[str, set[str]] = {}
    for record in records.iterdir():
        lines = record.read_bytes().decode("utf-8", "replace").split("\0")
        program = record.name.partition(".")[0]
        found.setdefault(program, set()).update(line.partition("=")[0] for line in lines if CANARY in line)
    return found


def agents(home: Path) -> dict[int, bytes]:
    """The environments of the gpg-agents of a home, by process."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command = (place / "cmdline").read_bytes()
            if b"gpg-agent" in command and str(home).encode() in command:
                found[int(place.name)] = (place / "environ").read_bytes()
        except OSError:
            continue
    return found


def test_pg_dump_alone_gets_the_password(
    planted: None, records: Path, request_: BackupRequest, context: Context
) -> None:
    """PGPASSWORD stood in the environment of gpg, its agent, initdb, the scratch server and pg_restore."""
    home = request_.gnupg_home
    assert home is not None
    end_agent(home)
    for started in records.iterdir():
        started.unlink()
    record = take_backup(request_, context)
    assert not round_trip(home).failures
    prove(request_.backups / record.file_name, context, gnupg_home=home)
    given = carriers(records)
    assert {"gpg", "gpgconf", "initdb", "postgres", "pg_dump", "pg_restore"} <= given.keys()
    assert {name: seen for name, seen in given.items() if seen} == {"pg_dump": {"PGPASSWORD"}}
    serving = agents(home)
    assert serving
    assert [pid for pid, environment in serving.items() if CANARY.encode() in environment] == []


def test_the_running_server_and_its_guard_hold_no_secret(planted: None) -> None:
    """What /proc says of the processes themselves, not of what was asked for."""
    with TransientCluster.start() as cluster:
        postmaster = int((cluster.data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
        for pid in (postmaster, cluster._guard.pid):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert CANARY.encode() not in environment
            assert b"LC_ALL=C.UTF-8" in environment


def test_a_child_gets_what_is_on_the_list_and_a_fixed_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.ISO-8859-1")
    monkeypatch.setenv("PGOPTIONS", "-c role=cutter_owner")
    monkeypatch.setenv("PGSERVICEFILE", "/etc/cutter/pg_service.conf")
    child, dump = child_environment(), libpq_environment({"PGPASSWORD": "x"})
    assert child["PATH"] == os.environ["PATH"]
    assert (child["LC_ALL"], dump["LC_ALL"]) == ("C.UTF-8", "C.UTF-8")
    assert not [name for name in child if name.startswith("PG")]
    assert (dump["PGSERVICEFILE"], dump["PGPASSWORD"]) == ("/etc/cutter/pg_service.conf", "x")
    assert "PGOPTIONS" not in dump


def test_no_variable_on_a_list_names_a_secret_but_pg_dumps_password() -> None:
    assert [name for name in (*_EVERY_PROGRAM, *_LIBPQ) if is_denied_key(name)] == ["PGPASSWORD"]


STARTS = {"run", "Popen", "call", "check_call", "check_output"}
STARTERS = {
    "console/backend/host/processes.py": "the one module that starts programs",
    "console/backend/host/process_guard.py": "a script of its own, which starts the program that it guards",
    "console/backend/scratch/cluster_guard.py": "a script of its own, which starts the server that it guards",
}
"""Who starts programs: in a group of their own, within a time, so that one that hangs is ended whole."""
OTHER_WAYS = (
    "os.system",
    "os.popen",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "create_subprocess",
    "getoutput",
    "fork",
)


def started(module: str, tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a module that start a program."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.startswith("subprocess.") and name.split(".")[1] in STARTS:
                yield f"{module}:{node.lineno}", node


def test_every_program_is_started_with_an_environment_of_this_module() -> None:
    """Whoever starts another one decides what it may see."""
    given = {
        where: next((ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "env"), "inherited")
        for module, tree in modules_with("subprocess")
        for where, call in started(module, tree)
    }
    allowed = {
        "child_environment()",
        "child_environment() if environment is None else environment",
        "dict(os.environ)",
    }
    assert {where.partition(":")[0] for where in given} == set(STARTERS)
    assert {where: how for where, how in given.items() if how not in allowed} == {}
    whole = [where.partition(":")[0] for where, how in given.items() if how == "dict(os.environ)"]
    assert whole == ["console/backend/host/process_guard.py", "console/backend/scratch/cluster_guard.py"]


def test_no_other_module_imports_what_starts_programs() -> None:
    """The others name the types and errors that processes.py hands on."""
    found = {
        module
        for module, tree in modules_with("subprocess")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name == "subprocess" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "subprocess")
    }

    assert found == set(STARTERS)


def test_no_program_is_started_in_another_way() -> None:
    """What the scan above looks for is all there is, but for two whole consoles: the page of a browser, on streams of asyncio under
    the same guard, and the one that Fleet opens in the terminal, which ends with the one behind it."""
    found = [
        f"{module} {name}"
        for module, tree in modules_with(*OTHER_WAYS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and any(way in (name := ast.unparse(node.func)) for way in OTHER_WAYS)
    ]
    assert found == [
        "console/app/browser_server.py asyncio.create_subprocess_exec",
        "console/app/visiting.py asyncio.create_subprocess_exec",
    ]
