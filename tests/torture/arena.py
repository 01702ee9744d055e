"""An installation to torture: a server, a root, keys, and the real command line in processes that can be killed.

Stages of a run are made once and given back as copies, as in tests/support/passage.py; here each command is a process.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from console.backend.approvals.pinning import pin_policy
from console.backend.approvals.policy import Policy, Signer, Thresholds, load_policy
from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.runtime_tree import CONFIG_NAME, init_tree
from console.backend.host.settings import DatabaseSettings, Settings, load_settings
from console.backend.model.canonical_json import canonical_json
from console.backend.model.states import Mode
from console.backend.model.view_models import RunRequest
from console.backend.postgres.migrations import migrate
from console.backend.release.build import build_manifest
from console.backend.release.pins import machine_id, manifest_path, measure_pins, write_pins
from console.backend.scratch.cluster import TransientCluster
from console.backend.service import BackendService
from console.cli.installation import operator
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.support.passage import Passage, copy_database, deploy_copy, silent
from tests.support.places import folder_of_tests
from tests.support.standby import follower_of
from tests.torture.launch import ASKED, HOST, MOVED, PASSWORD, SOCKET, STANDBY

TEXT = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n"
REVISED = "# One\n\nText one.\n\n## Alpha\n\nFirst, changed.\n\n## Gamma\n\nThird.\n\nTail.\n"
"""Amends TEXT: Alpha is changed, Beta gone, Gamma new, and One as it was."""
RIVAL = "# One\n\nText one.\n\n## Alpha\n\nFirst, in another way.\n\n## Beta\n\nSecond.\n\n## Gamma\n\nThird.\n"
"""Amends TEXT in another way, and REVISED too: there Beta returns; where REVISED was taken back, Gamma does."""
DOCPREFIX = "ACME-LAW"
STEPS = ("waits for SG_1", "SG_1 imported", "waits for SG_2", "SG_2 imported", "enacted")
"""The stages that a document goes through to law, each of which leads to the next one."""
FOREIGN = "OTHER-LAW"
"""A document that is law before anything is tortured: its rows are nobody's business."""
APPLICATION = "cutter-console"
SERVER_SETTINGS: Mapping[str, str] = {
    "log_statement": "all",
    "log_line_prefix": "%p|%d|%u|%a|",
    "max_connections": "60",
    # What was acknowledged survives a crash of the server's processes.
    "synchronous_commit": "on",
    # A standby can follow it.
    "wal_level": "replica",
    "max_wal_senders": "2",
}
LIMIT_S = 120.0
"""No command takes this long; one that does is taken for hung, killed and reported."""
_LAUNCHER = Path(__file__).with_name("launch.py")
_LOADER = Path(__file__).with_name("loader.py")
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")


class Hung(Exception):
    """A command did not end."""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    words: tuple[str, ...]
    status: int
    """The exit status; negative: the signal that ended it."""
    out: str
    err: str
    hits: tuple[str, ...] = ()
    """The names of the choke points that it passed, in order, where they were recorded."""
    killed: str = ""
    """Side and name of the choke point at which it was killed."""

    @property
    def json(self) -> dict[str, Any]:
        """The object that it printed; empty where there is none."""
        try:
            found = json.loads(self.out)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def __str__(self) -> str:
        return f"cutter-console {' '.join(self.words)} → {self.status}: {self.err.strip()[-600:]}"


@dataclass
class Running:
    """A command under way."""

    words: tuple[str, ...]
    pid: int
    out: Path
    err: Path
    record: Path | None
    ended: threading.Event = field(default_factory=threading.Event)
    status: int = 0

    def wait(self, limit_s: float = LIMIT_S) -> Done:
        """Wait for its end. Raises Hung, after killing it, where there is none."""
        if not self.ended.wait(limit_s):
            os.kill(self.pid, 9)
            self.ended.wait(10)
            raise Hung(f"cutter-console {' '.join(self.words)} did not end: {self.err.read_text()[-2000:]}")
        return self.done()

    def done(self) -> Done:
        """What is known of it after its end."""
        recorded = self.record.read_text() if self.record is not None and self.record.exists() else ""
        notes = [json.loads(line) for line in recorded.splitlines()]
        return Done(
            self.words,
            self.status,
            self.out.read_text(errors="replace") if self.out.exists() else "",
            self.err.read_text(errors="replace") if self.err.exists() else "",
            tuple(note["name"] for note in notes if "name" in note),
            next((str(note["killed"]) for note in notes if "killed" in note), ""),
        )


class Launcher:
    """The process of launch.py, which forks one process for each command."""

    def __init__(self, package: Path, scratch: Path) -> None:
        self._scratch = scratch
        self._numbers = count(1)
        self._running: dict[int, Running] = {}
        self._waiting: dict[int, Running] = {}
        self._begun: dict[int, threading.Event] = {}
        self._early: dict[int, int] = {}
        self._mutex = threading.Lock()
        self._errors = (scratch / "launcher.err").open("wb")
        environment = {**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_LAUNCHER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            cwd="/",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(
        self,
        words: tuple[str, ...],
        environment: Mapping[str, str],
        kill: dict[str, object] | None,
        *,
        record: bool,
    ) -> Running:
        """Start a command; it may end before this returns."""
        number = next(self._numbers)
        stem = self._scratch / f"{number}"
        running = Running(
            words, 0, Path(f"{stem}.out"), Path(f"{stem}.err"), Path(f"{stem}.rec") if record or kill else None
        )
        request = {
            "id": number,
            "argv": list(words),
            "environment": dict(environment),
            "stdout": str(running.out),
            "stderr": str(running.err),
            "record": str(running.record) if running.record else "",
            "kill": kill,
        }
        begun = threading.Event()
        with self._mutex:
            self._waiting[number], self._begun[number] = running, begun
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()
        if not begun.wait(LIMIT_S):
            raise Hung((self._scratch / "launcher.err").read_text()[-3000:])
        return running

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            with self._mutex:
                if "id" in said:
                    running = self._waiting.pop(said["id"])
                    running.pid = said["pid"]
                    self._running[running.pid] = running
                    self._begun.pop(said["id"]).set()
                    if running.pid in self._early:
                        self._end(running.pid, self._early.pop(running.pid))
                elif said["pid"] in self._running:
                    self._end(said["pid"], said["ended"])
                else:
                    self._early[said["pid"]] = said["ended"]

    def _end(self, pid: int, status: int) -> None:
        running = self._running.pop(pid)
        running.status = status
        running.ended.set()

    def close(self) -> None:
        """End the launcher and what it still runs."""
        with self._mutex:
            left = list(self._running)
        for pid in left:
            os.kill(pid, 9)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()


class Arena:
    """One installation at a time, in one database and one root; its stages are kept as copies."""

    def __init__(self, cluster: TransientCluster, home: Path, keys: DemoKeys, name: str = "arena") -> None:
        self.cluster, self.home, self.keys, self.database = cluster, home, keys, name
        self.root = home / "root"
        self.package = deploy_copy(home / "deployed")
        (home / "commands").mkdir()
        self.launcher = Launcher(self.package, home / "commands")
        self.host = ""
        """The name of the host that its commands run on; empty: this one's."""
        self.connections: dict[str, str] = {}
        """Replaces how each role connects: a proxy's address stands here."""
        self.seen: dict[str, dict[str, Any]] = {}
        """The checker's snapshots, once it has taken them, by stage: of the fresh arena, and of the law that is amended."""
        self._kept: dict[str, str] = {}
        self._beside = ExitStack()
        self._standby: TransientCluster | None = None
        """A standby, once somebody wants one."""

    @property
    def dsn(self) -> str:
        """The superuser's connection string."""
        return self.cluster.conninfo(self.database)

    @property
    def server_log(self) -> Path:
        """What the server wrote; with it every statement that reached it."""
        return self.cluster.directory / "log"

    @property
    def standby_log(self) -> Path:
        """What the standby wrote; with it every session that began there."""
        assert self._standby is not None
        return self._standby.directory / "log"

    @property
    def public_key(self) -> Path:
        """The sovereign's public key, as gpg exports it."""
        path = self.home / "sovereign.pub"
        if not path.exists():
            command = ["gpg", "--homedir", str(self.keys.home), "--batch", "--quiet", "--export"]
            path.write_bytes(
                subprocess.run([*command, self.keys.sovereign_fingerprint], capture_output=True, check=True).stdout
            )
        return path

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """All rows of a query as the superuser."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def start(
        self, *words: str, kill: dict[str, object] | None = None, record: bool = False, as_json: bool = True
    ) -> Running:
        """Start a command on this root."""
        environment = self._environment()
        return self.launcher.start((*words, *(["--json"] if as_json else [])), environment, kill, record=record)

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"CUTTER_ROOT": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", **self.connections}
        return environment | ({HOST: self.host} if self.host else {})

    def load(self, *words: str, number: int = 0) -> Done:
        """Run a command in an interpreter of its own to its end, or until it begins to import the module of this number.

        Where it lives, its one hit is how many it has imported.
        """
        record = self.home / "commands" / "loaded"
        record.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-P", str(_LOADER), str(number), str(record), *words, "--json"],
            env={**self._environment(), "PYTHONPATH": str(self.package.parent)},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        noted = record.read_text() if record.exists() else ""
        was_killed = noted == "killed"
        hits = (noted,) if noted and not was_killed else ()
        killed = f"before import {number}" if was_killed else ""
        return Done(words, done.returncode, done.stdout, done.stderr, hits, killed)

    def run(self, *words: str, kill: dict[str, object] | None = None, record: bool = False) -> Done:
        """Run a command to its end."""
        return self.start(*words, kill=kill, record=record).wait()

    def heal(self) -> None:
        """Repair what an interference has left of the server: it is up, and takes the roles and connections that it took.

        A password that was changed stays so, and is written down where the console's settings lead to.
        """
        if (moved := self.cluster.socket_dir / MOVED).exists():
            moved.replace(self.cluster.socket_dir / SOCKET)
        if (changed := self.cluster.directory / PASSWORD).exists():
            self._passwords.write_text(f"*:*:*:cutter_exec:{changed.read_text()}\n")
        until = time.monotonic() + LIMIT_S
        while True:
            try:
                with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
                    connection.execute("ALTER ROLE cutter_exec LOGIN")
                    connection.execute(
                        sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(sql.Identifier(self.database))
                    )
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return

    @property
    def _passwords(self) -> Path:
        """libpq's file of passwords; without effect as long as the server asks nobody for one."""
        return self.home / "pgpass"

    def _ask_nobody_for_a_password(self) -> None:
        rules, until = self.cluster.data_dir / "pg_hba.conf", time.monotonic() + LIMIT_S
        if not rules.read_text().startswith(ASKED):
            return
        rules.write_text(rules.read_text().removeprefix(ASKED))
        (self.cluster.directory / PASSWORD).unlink()
        self._passwords.write_text("")
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            connection.execute("SELECT pg_reload_conf()")
        while True:
            try:
                psycopg.connect(self.cluster.conninfo(user="cutter_exec")).close()
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.02)
            else:
                return

    def have_a_standby(self) -> None:
        """Start a standby that follows from now on, unless there is one."""
        if self._standby is None:
            self._standby = standby = self._beside.enter_context(follower_of(self.cluster))
            with psycopg.connect(standby.conninfo(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET log_connections = on")
                connection.execute("SELECT pg_reload_conf()")
            (self.cluster.socket_dir / STANDBY).symlink_to(standby.socket_dir / SOCKET)

    def settle(self) -> None:
        """Wait until no session of a dead command is left in the server; bounded by how long a server takes to notice.

        In a black hole it is the limit of an idle transaction that ends the session of one who gave up.
        """
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND (application_name LIKE %s OR application_name = 'pg_dump')"
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            for _ in range(4800):
                if connection.execute(query.encode(), (self.database, f"{APPLICATION}%")).fetchone() == (0,):
                    return
                threading.Event().wait(0.025)
        raise Hung(
            f"sessions are left: {self.rows('SELECT pid, application_name, state, query FROM pg_stat_activity')}"
        )

    def sign(self, statement: Path) -> Path:
        """Sign as the sovereign does elsewhere; a signature that is there stays."""
        signature = statement.with_name(f"{statement.name}.sovereign.asc")
        if not signature.exists():
            command = [
                "gpg",
                "--homedir",
                str(self.keys.home),
                "--no-options",
                "--batch",
                "--quiet",
                "--digest-algo",
                "SHA256",
            ]
            whom = ["--local-user", self.keys.sovereign_fingerprint]
            wanted = ["--detach-sign", "--armor", "--output", str(signature), "--", str(statement)]
            subprocess.run([*command, *whom, *wanted], check=True, capture_output=True)
            signature.chmod(0o640)
        return signature

    def keep(self, name: str) -> None:
        """Keep database and root as they are now under a name."""
        kept = f"{self.database}_kept_{len(self._kept)}"
        self._copy_database(self.database, kept)
        shutil.copytree(self.root, self.home / kept, symlinks=True)
        self._kept[name] = kept

    def has(self, name: str) -> bool:
        """Whether something is kept under this name."""
        return name in self._kept

    def reset(self, name: str = "fresh") -> None:
        """Have database and root as they were kept."""
        if name == "fresh" and not self.has(name):
            self._make()
        kept = self._kept[name]
        self._ask_nobody_for_a_password()
        self._copy_database(kept, self.database)
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.home / kept, self.root, symlinks=True)
        self.connections = {}

    def _make(self) -> None:
        """A pinned site with one document that is law already, and one that waits to be cut."""
        with psycopg.connect(self.cluster.conninfo(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))
        migrate(self.dsn)
        of = {
            "executor": "cutter_exec",
            "verifier": "cutter_verify",
            "monitor": "cutter_ro",
            "administrator": "postgres",
        }
        self._passwords.touch(0o600)
        conninfos = {
            name: self.cluster.conninfo(self.database, role, passfile=str(self._passwords)) for name, role in of.items()
        }
        database = DatabaseSettings(**conninfos)
        settings = Settings(
            database=database,
            gnupg_home=str(self.keys.home),
            backup_gpg_fpr=self.keys.backup_fingerprint,
            untested=True,
        )
        installation = Installation(Context(root=self.root, package=self.package), settings, "tester")
        init_tree(self.root, json.dumps(json.loads(canonical_json(settings)), indent=2).encode())
        installation.intake.mkdir(mode=0o750)
        sovereign = Signer(name="sovereign", fingerprint=self.keys.sovereign_fingerprint)
        policy = Policy(signers=(sovereign,), thresholds=Thresholds(SG_1=1, SG_2=1), solo=True, operators=())
        installation.policy.write_bytes(canonical_json(policy))
        installation.policy.chmod(0o640)
        pin_policy(installation, load_policy(installation.policy).sha256)
        manifest_path(installation).write_bytes(
            canonical_json(build_manifest(installation.context, None, no_commit="a copy"))
        )
        manifest_path(installation).chmod(0o640)
        write_pins(self.root / CONFIG_NAME, measure_pins(installation, machine_id(installation.context.filesystem)))
        texts = {
            "law.md": TEXT,
            "other.md": TEXT.replace("One", "Other"),
            "third.md": TEXT.replace("One", "Third"),
            "revised.md": REVISED,
            "rival.md": RIVAL,
        }
        for name, text in texts.items():
            (installation.intake / name).write_text(text, encoding="utf-8")
            (installation.intake / name).chmod(0o640)
        for step in STEPS:
            self.step(step, "other.md", FOREIGN)
        self.keep("fresh")

    def step(self, stage: str, file: str = "law.md", docprefix: str = DOCPREFIX) -> None:
        """Take a document to the next of STEPS, by calls and not by commands: each process takes its time, and none is tortured here."""
        context = Context(root=self.root, package=self.package)
        installation = Installation(context, load_settings(self.root), operator())
        backend = BackendService(installation, demo_signer=self.keys.sign_as_demo_sovereign)
        query = "SELECT run_id FROM cutter_governance.run WHERE docprefix = %s"
        run_id = next((str(run_id) for (run_id,) in self.rows(query, docprefix)), "")
        passage = Passage(backend, self.cluster, self.database, run_id)
        if stage == "waits for SG_1":
            request = RunRequest(origin=f"file:{file}", docprefix=docprefix, mode=Mode.DRYRUN)
            backend.start(request, silent)
            backend.start(request.model_copy(update={"mode": Mode.LIVE}), silent)
        elif stage == "waits for SG_2":
            passage.arm()
            passage.resume()
        elif stage == "enacted":
            passage.enact()
        else:
            passage.sign()
        self.settle()

    def _copy_database(self, source: str, target: str) -> None:
        copy_database(self.cluster, source, target)

    def close(self) -> None:
        """End the launcher, and the standby."""
        self.launcher.close()
        self._beside.close()


@contextmanager
def arena(name: str = "arena", settings: Mapping[str, str] | None = None) -> Iterator[Arena]:
    """An arena with a server, keys and files of its own; nothing is left of it."""
    home = folder_of_tests("torture-")
    keys: DemoKeys | None = None
    made: Arena | None = None
    try:
        with TransientCluster.start(settings={**SERVER_SETTINGS, **(settings or {})}) as cluster:
            keys = create_demo_keys(home / "gpg")
            made = Arena(cluster, home, keys, name)
            yield made
    finally:
        if made is not None:
            made.close()
        if keys is not None:
            stop_agent(keys.home)
            stop_agent(keys.elsewhere)
        shutil.rmtree(home, ignore_errors=True)
