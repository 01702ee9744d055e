"""G0 goes red on another host, another database, another release, an armed switch, and where something acts by itself."""

import os
import py_compile
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from console.backend.gates import precheck_live
from console.backend.gates.precheck_live import GATE
from console.backend.gates.probe import Probe
from console.backend.host.settings import PinSettings
from console.backend.model.outcome import Outcome
from console.backend.release import host_processes
from console.backend.release.pins import machine_id, measure_pins
from console.backend.release.verify import REPIN
from console.backend.runs import kill_switch
from console.backend.scratch.cluster import TransientCluster
from console.cli.operations import OPERATIONS
from tests.backend.gates.conftest import SECONDS, is_red, measured, named
from tests.conftest import as_ordinary_user
from tests.support.passage import Passage, host_files

OTHER = 4_000_000
"""A pid that this machine does not give out in a test."""


@pytest.fixture
def host(fresh: Passage, tmp_path: Path) -> Passage:
    """A fresh site on a host whose files the test may change."""
    context = replace(fresh.installation.context, filesystem=host_files(tmp_path / "host"))
    return fresh.with_site(replace(fresh.installation, context=context))


@pytest.fixture
def deployed(fresh: Passage, tmp_path: Path) -> Passage:
    """A fresh site whose deployed tree the test may change."""
    shutil.copytree(fresh.installation.context.package.parent, tmp_path / "deployed")
    context = replace(fresh.installation.context, package=tmp_path / "deployed/console")
    return fresh.with_site(replace(fresh.installation, context=context))


def _probe(passage: Passage) -> Probe:
    return Probe(passage.installation, "G0", time.monotonic() + SECONDS)


def _files(passage: Passage) -> Path:
    return passage.installation.context.filesystem


def _pinned(passage: Passage, **changes: object) -> Passage:
    return passage.settings(pins=passage.installation.settings.pins.model_copy(update=changes))


def _runs(passage: Passage, *words: str, terminal: bool = True, root: str = "", parent: int = 1) -> None:
    """Another process, as /proc shows one."""
    place = _files(passage) / f"proc/{OTHER}"
    place.mkdir()
    (place / "cmdline").write_bytes(b"\0".join(word.encode() for word in words) + b"\0")
    (place / "environ").write_bytes(
        b"PATH=/bin\0CUTTER_ROOT=" + (root or str(passage.installation.root)).encode() + b"\0"
    )
    tty = 34816 if terminal else 0
    (place / "stat").write_text(f"{OTHER} (a (b) c) S {parent} {OTHER} {OTHER} {tty} 0 0")


def test_the_pinned_host_at_rest_passes(fresh: Passage) -> None:
    report = measured(GATE, fresh.installation)

    assert report.outcome is Outcome.PASS, report.detail
    assert all(check.evidence for check in report.checks)


@pytest.mark.parametrize(("pin", "name"), [("host", "host name"), ("machine_id", "machine id")])
def test_another_host_is_red_and_named(fresh: Passage, pin: str, name: str) -> None:
    report = measured(GATE, _pinned(fresh, **{pin: "elsewhere"}).installation)

    assert is_red(report, name, action="elsewhere")
    assert REPIN in named(report, name).next_action


@pytest.mark.parametrize(("pin", "name"), [("host", "host name"), ("machine_id", "machine id")])
def test_an_unpinned_host_is_red_until_it_is_pinned(fresh: Passage, pin: str, name: str) -> None:
    assert is_red(measured(GATE, _pinned(fresh, **{pin: ""}).installation), name, action="cutter-console init --pin")


@pytest.mark.parametrize(
    ("pin", "value", "said"),
    [
        ("database", "sandbox", "pinned sandbox"),
        ("system_identifier", "7", "pinned 7"),
        ("timeline", 9, "pinned 9"),
    ],
)
def test_another_database_is_red_and_named(fresh: Passage, pin: str, value: object, said: str) -> None:
    report = measured(GATE, _pinned(fresh, **{pin: value}).installation)

    assert is_red(report, "database", action=REPIN)
    assert said in named(report, "database").detail


def test_an_unpinned_database_is_red_and_says_what_it_is(fresh: Passage) -> None:
    report = measured(GATE, fresh.settings(pins=PinSettings()).installation)

    assert is_red(report, "database", action="cutter-console init --pin")
    assert fresh.installation.settings.pins.system_identifier in named(report, "database").detail


@contextmanager
def _standby() -> Iterator[str]:
    """A server that follows nobody, made from a base backup of one that has just been started; its connection string."""
    with TransientCluster.start(settings={"wal_level": "replica", "max_wal_senders": "2"}) as primary:
        data, sockets = primary.directory / "standby", primary.directory / "sockets"
        with psycopg.connect(primary.conninfo(), autocommit=True) as connection:
            connection.execute("SELECT pg_backup_start('copy', fast => true)")
            shutil.copytree(primary.data_dir, data, ignore=shutil.ignore_patterns("postmaster.*"))
            row = connection.execute("SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)").fetchone()
        assert row is not None
        (data / "backup_label").write_text(row[0])
        shutil.copytree(primary.data_dir / "pg_wal", data / "pg_wal", dirs_exist_ok=True)
        (data / "standby.signal").touch()
        sockets.mkdir()
        owner = primary.data_dir.stat()
        for path in (data, sockets, *data.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
        data.chmod(0o700)
        command: list[str | Path] = [
            primary.programs.program("postgres"),
            "-D",
            data,
            "-k",
            sockets,
            "-c",
            "wal_level=replica",
        ]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, user=owner.st_uid, group=owner.st_gid)
        assert server.stderr is not None
        try:
            assert any("ready to accept read-only" in line for line in server.stderr)
            yield f"host={sockets} port=5432 dbname=postgres user=postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.communicate(timeout=30)


def test_a_standby_is_red(fresh: Passage) -> None:
    database = fresh.installation.settings.database
    with _standby() as conninfo:
        passage = fresh.settings(database=database.model_copy(update={"monitor": conninfo}))
        report = measured(GATE, passage.installation)

    assert is_red(report, "database", action="Connect to the primary")
    assert "in recovery" in named(report, "database").detail


def test_a_changed_file_of_the_release_is_named(deployed: Passage) -> None:
    with (deployed.installation.context.package / "backend/model/plan.py").open("a") as stream:
        stream.write("# patched\n")

    report = measured(GATE, deployed.installation)

    assert is_red(report, "deployed tree", action="cutter-console manifest verify")
    assert "1 changed: console/backend/model/plan.py" in named(report, "deployed tree").detail


def test_a_missing_file_of_the_release_is_named(deployed: Passage) -> None:
    (deployed.installation.context.package / "samples/charter.md").unlink()

    assert (
        "1 missing: console/samples/charter.md" in named(measured(GATE, deployed.installation), "deployed tree").detail
    )


@pytest.mark.parametrize("name", ["extra.py", "extra.so", "backend/postgres/migrations/9999_x.sql", "x.tcss", "x.pyc"])
def test_a_file_that_is_not_of_the_release_is_named(deployed: Passage, name: str) -> None:
    (deployed.installation.context.package / name).write_text("")

    assert f"1 extra: console/{name}" in named(measured(GATE, deployed.installation), "deployed tree").detail


def test_bytecode_caches_are_no_extra_files(deployed: Passage) -> None:
    cache = deployed.installation.context.package / "__pycache__"
    cache.mkdir(exist_ok=True)
    (cache / "app.cpython-311.pyc").write_bytes(b"")

    assert named(measured(GATE, deployed.installation), "deployed tree").outcome is Outcome.PASS


@pytest.mark.parametrize("how", ["bytecode that is not compared", "no bytecode", "a link"])
def test_what_hides_in_a_bytecode_cache_is_named(deployed: Passage, tmp_path: Path, how: str) -> None:
    cache = deployed.installation.context.package / "backend/runs/__pycache__"
    cache.mkdir(exist_ok=True)
    planted = cache / ("evil.txt" if how == "no bytecode" else "kill_switch.cpython-311.pyc")
    planted.unlink(missing_ok=True)
    source = tmp_path / "kill_switch.py"
    source.write_text("def require_no_hold(site): pass\n")
    match how:
        case "bytecode that is not compared":
            py_compile.compile(
                str(source), str(planted), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )
        case "no bytecode":
            planted.write_text("hello")
        case "a link":
            planted.symlink_to(source)

    report = measured(GATE, deployed.installation)

    assert is_red(report, "deployed tree", action="cutter-console manifest verify")
    assert f"1 extra: console/backend/runs/__pycache__/{planted.name}" in named(report, "deployed tree").detail


def test_a_file_that_became_a_symlink_to_its_own_content_is_changed(deployed: Passage, tmp_path: Path) -> None:
    file = deployed.installation.context.package / "cli/main.py"
    file.rename(tmp_path / "main.py")
    file.symlink_to(tmp_path / "main.py")

    assert "1 changed: console/cli/main.py" in named(measured(GATE, deployed.installation), "deployed tree").detail


def test_a_replaced_manifest_is_red_though_it_fits_the_tree(fresh: Passage) -> None:
    manifest = fresh.installation.root / "artifacts/deploy-manifest.json"
    manifest.write_text(manifest.read_text().replace('"built_on":"host"', '"built_on":"mine"'))

    report = measured(GATE, fresh.installation)

    assert is_red(report, "deployed tree", action="who replaced")
    assert "pinned is" in named(report, "deployed tree").detail


def test_a_manifest_that_is_not_pinned_is_red(fresh: Passage) -> None:
    unpinned = fresh.settings(deploy_manifest_sha256="none")

    assert is_red(measured(GATE, unpinned.installation), "deployed tree", action="cutter-console init --pin")


def test_no_manifest_is_red_and_says_how_it_is_made(fresh: Passage) -> None:
    (fresh.installation.root / "artifacts/deploy-manifest.json").unlink()

    assert is_red(
        measured(GATE, fresh.installation), "deployed tree", action=": make manifest; copy deploy-manifest.json to "
    )


def test_an_armed_switch_is_partial_and_names_run_and_expiry(at: Callable[[str], Passage]) -> None:
    passage = at("SG_1 imported")
    passage.arm()

    report = measured(GATE, passage.installation)

    assert is_red(report, "switch off", Outcome.PARTIAL, action="cutter-console disarm")
    lease = kill_switch.measure_switch(passage.installation)
    assert lease.expires_at is not None
    assert passage.run_id in report.detail
    assert f"{lease.expires_at:%H:%M:%S}" in report.detail


def test_a_hold_is_red_with_who_why_and_since(fresh: Passage) -> None:
    fresh.backend.panic("the counts do not agree")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "switch off", action="cutter-console hold release --confirm RELEASE")
    detail = named(report, "switch off").detail
    assert "tester" in detail
    assert "the counts do not agree" in detail
    assert "since 20" in detail


def test_a_hold_that_only_a_file_sets_is_red_with_what_makes_it_whole(fresh: Passage) -> None:
    """Psql and other hosts do not know the file."""
    fresh.installation.hold_file.write_text("look\nanna\n", encoding="ascii")

    report = measured(GATE, fresh.installation)

    assert is_red(report, "switch off", action="cutter-console panic --reason look")
    assert "the database has no HOLD" in named(report, "switch off").detail


@pytest.mark.parametrize(
    "words",
    [
        ("/usr/bin/python3.11", "/opt/venv/bin/cutter-console"),
        ("python3", "-I", "-m", "console.cli.main"),
        ("python3", "-I", "-m", "console.cli"),
        ("/opt/venv/bin/cutter-console", "--json", "run", "resume", "ictr-1"),
    ],
    ids=" ".join,
)
def test_a_console_without_a_terminal_is_red(host: Passage, words: tuple[str, ...]) -> None:
    _runs(host, *words, terminal=False)

    report = measured(GATE, host.installation)

    assert is_red(report, "no other console", action=f"kill {OTHER}")
    assert f"pid {OTHER}" in report.detail


@pytest.mark.parametrize(("option", "manner"), [("--read-only", "only reads"), ("--json", "may write")])
def test_another_console_at_a_terminal_is_partial_and_says_whether_it_may_write(
    host: Passage, option: str, manner: str
) -> None:
    _runs(host, "python3", "/bin/cutter-console", option)

    report = measured(GATE, host.installation)

    assert is_red(report, "no other console", Outcome.PARTIAL, action=str(OTHER))
    assert manner in named(report, "no other console").detail


@pytest.mark.parametrize(
    "words",
    [
        ("vim", "/opt/venv/bin/cutter-console"),
        ("bash", "-c", "cutter-console status"),
        ("python3", "-c", "import console"),
        ("python3", "/bin/cutter-console", "demo"),
        ("python3", "/bin/cutter-console", "--root", "/srv/other"),
        ("python3", "/bin/cutter-console", "--root=/srv/other"),
        ("python3", "/bin/cutter-console", "--roo", "/srv/other"),
    ],
    ids=" ".join,
)
def test_an_editor_a_demo_and_another_installation_are_not_counted(host: Passage, words: tuple[str, ...]) -> None:
    _runs(host, *words, terminal=False)

    assert named(measured(GATE, host.installation), "no other console").outcome is Outcome.PASS


def test_a_demo_on_this_root_is_another_console_and_no_daemon(host: Passage) -> None:
    _runs(host, "python3", "/bin/cutter-console", "demo", "--root", str(host.installation.root), terminal=False)

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.PARTIAL)


def test_a_script_that_only_reads_is_partial_while_it_runs(host: Passage) -> None:
    _runs(host, "python3", "/bin/cutter-console", "status", "--json", terminal=False)

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.PARTIAL)


def test_the_console_does_not_count_itself_and_what_it_started(host: Passage) -> None:
    _runs(host, "python3", "/bin/cutter-console", terminal=False, parent=os.getpid())

    assert named(measured(GATE, host.installation), "no other console").outcome is Outcome.PASS


def test_a_process_that_may_be_on_this_root_is_counted(host: Passage) -> None:
    _runs(host, "python3", "/bin/cutter-console", terminal=False)
    (_files(host) / f"proc/{OTHER}/environ").unlink()

    assert is_red(measured(GATE, host.installation), "no other console")


@pytest.mark.parametrize(
    "words",
    [("-P", "prod"), ("-Pprod",), ("--installation", "prod"), ("--installation=prod",), ("--inst", "prod")],
    ids=" ".join,
)
def test_a_console_that_was_opened_by_a_name_may_be_on_this_root(host: Passage, words: tuple[str, ...]) -> None:
    """Its user's file says which root that is, and the process's variable does not."""
    _runs(host, "python3", "/bin/cutter-console", *words, root="/srv/other", terminal=False)

    assert is_red(measured(GATE, host.installation), "no other console")


def test_a_command_of_a_name_that_only_reads_is_told_as_one(host: Passage) -> None:
    _runs(host, "python3", "/bin/cutter-console", "-P", "prod", "status", terminal=False)

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.PARTIAL)


def test_hidden_processes_are_inconclusive(host: Passage) -> None:
    shutil.rmtree(_files(host) / "proc/1")
    (_files(host) / f"proc/{os.getpid()}").mkdir()

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.INCONCLUSIVE, action="root")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/systemd/system/cutter-console.service", ""),
        ("usr/lib/systemd/system/nightly.service", "[Service]\nExecStart=/opt/venv/bin/cutter-console bundle\n"),
        ("lib/systemd/system/cutter-console.timer", "[Timer]\nOnCalendar=daily\n"),
        ("etc/systemd/system/x.service.d/more.conf", "ExecStartPost=python3 -m console.cli.main gates\n"),
    ],
)
def test_a_unit_that_starts_the_console_is_red(host: Passage, path: str, text: str) -> None:
    place = _files(host) / path
    place.parent.mkdir(parents=True)
    place.write_text(text)

    report = measured(GATE, host.installation)

    assert is_red(report, "no service unit", action="systemctl disable")
    assert f"/{path}" in named(report, "no service unit").detail


@pytest.mark.parametrize(
    "path", ["etc/crontab", "etc/cron.d/rules", "var/spool/cron/crontabs/root", "etc/cron.daily/x"]
)
def test_a_cron_entry_that_starts_the_console_is_red(host: Passage, path: str) -> None:
    place = _files(host) / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("5 * * * * root /opt/venv/bin/cutter-console gates\n")

    report = measured(GATE, host.installation)

    assert is_red(report, "no cron entry", action="crontab -e")
    assert f"/{path}" in named(report, "no cron entry").detail


def test_a_comment_starts_nothing(host: Passage) -> None:
    (_files(host) / "etc/crontab").write_text("# cutter-console is started by hand\n17 * * * * root run-parts\n")

    assert named(measured(GATE, host.installation), "no cron entry").outcome is Outcome.PASS


def test_a_table_that_may_not_be_read_is_inconclusive_for_that_check_alone(fresh: Passage) -> None:
    facts = precheck_live.measure(_probe(fresh))
    with TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        spool = host_files(Path(place) / "host") / "var/spool/cron"
        spool.mkdir(parents=True, mode=0o700)
        spool.chmod(0)
        context = replace(fresh.installation.context, filesystem=Path(place) / "host")
        with as_ordinary_user():
            cron = precheck_live.cron(_probe(fresh.with_site(replace(fresh.installation, context=context))))

    checks = {check.name: check for check in precheck_live.decide(facts.model_copy(update={"cron": cron}))}

    assert checks["no cron entry"].outcome is Outcome.INCONCLUSIVE
    assert "sudo cutter-console gates G0" in checks["no cron entry"].next_action
    assert {check.outcome for name, check in checks.items() if name != "no cron entry"} == {Outcome.PASS}


def test_a_host_without_processes_to_look_at_is_inconclusive(host: Passage) -> None:
    shutil.rmtree(_files(host) / "proc")

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.INCONCLUSIVE)


def test_a_proc_on_which_nothing_is_mounted_is_inconclusive(host: Passage) -> None:
    shutil.rmtree(_files(host) / "proc/1")

    assert is_red(measured(GATE, host.installation), "no other console", Outcome.INCONCLUSIVE, action="mount -t proc")


def test_a_host_without_machine_id_is_inconclusive_and_says_what_makes_one(host: Passage) -> None:
    (_files(host) / "etc/machine-id").unlink()

    assert is_red(
        measured(GATE, host.installation), "machine id", Outcome.INCONCLUSIVE, action="systemd-machine-id-setup"
    )


def test_a_database_out_of_reach_is_inconclusive_and_the_host_is_still_measured(fresh: Passage) -> None:
    database = fresh.installation.settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=none"})

    report = measured(GATE, fresh.settings(database=database).installation)

    assert is_red(report, "database", Outcome.INCONCLUSIVE)
    assert is_red(report, "switch off", Outcome.INCONCLUSIVE)
    assert named(report, "host name").outcome is Outcome.PASS
    assert named(report, "deployed tree").outcome is Outcome.PASS


def test_commands_that_only_read_are_those_of_the_command_line() -> None:
    assert {command.words for command in OPERATIONS if not command.writes} >= host_processes.READING


@pytest.fixture
def superuser(fresh: Passage) -> Iterator[Passage]:
    """A superuser whom nobody installed; roles belong to the cluster, so he goes with the test."""
    fresh.execute("CREATE ROLE mallory SUPERUSER")
    yield fresh
    fresh.execute("DROP ROLE mallory")


def test_a_superuser_that_was_not_installed_is_red_and_named(superuser: Passage) -> None:
    report = measured(GATE, superuser.installation)

    assert is_red(report, "grants and definitions", action="cutter-console drift")
    assert "mallory" in named(report, "grants and definitions").detail


def test_a_dropped_grant_is_red(fresh: Passage) -> None:
    fresh.execute("REVOKE EXECUTE ON FUNCTION cutter_console.fn_cut_apply FROM cutter_exec")

    assert is_red(measured(GATE, fresh.installation), "grants and definitions", action="cutter-console drift")


def test_an_inventory_that_was_pinned_anew_behind_the_hosts_back_is_red(fresh: Passage) -> None:
    """Who owns the database can make it call anything installed; the host compares with a pin of its own."""
    fresh.execute("GRANT SELECT ON public.information_unit TO cutter_ro")
    fresh.execute(
        "INSERT INTO cutter_governance.schema_pin (batch, line)"
        " SELECT (SELECT max(batch) + 1 FROM cutter_governance.schema_pin), line FROM cutter_governance.v_schema_line"
    )

    report = measured(GATE, fresh.installation)

    assert is_red(report, "inventory pinned", action=REPIN)
    assert is_red(report, "grants and definitions")
    assert "pinned inventory" in fresh.backend.drift().differences[0].what


def test_a_host_without_a_pinned_inventory_is_red(fresh: Passage) -> None:
    assert is_red(
        measured(GATE, _pinned(fresh, schema_digest="").installation), "inventory pinned", action="init --pin"
    )


def test_pinning_a_host_whose_database_has_drifted_pins_what_was_installed(fresh: Passage) -> None:
    fresh.execute("GRANT SELECT ON public.unit_version TO cutter_exec WITH GRANT OPTION")

    pins = measure_pins(fresh.installation, machine_id(fresh.installation.context.filesystem)).pins

    assert pins.schema_digest == fresh.installation.settings.pins.schema_digest
    report = measured(GATE, fresh.settings(pins=pins).installation)
    assert named(report, "inventory pinned").outcome is Outcome.PASS
    assert is_red(report, "grants and definitions", action="cutter-console drift")
