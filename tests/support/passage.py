"""Whole runs for tests: a site with real keys and a real backup, and its database and files at a chosen stage.

A worker walks one run to each stage once and keeps copies; every test gets one back, which costs a
CREATE DATABASE and a copy of a small tree instead of a walk.
"""

import itertools
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

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
from console.backend.model.view_models import Progress, RunRequest, RunView
from console.backend.postgres.connections import connect
from console.backend.postgres.measure import measure_counts
from console.backend.release.build import build_manifest
from console.backend.release.junit import read_junit
from console.backend.release.pins import MeasuredPins, machine_id, manifest_path, measure_pins, with_pins, write_pins
from console.backend.scratch.cluster import TransientCluster
from console.backend.service import BackendService
from console.demo.keys import DemoKeys, create_demo_keys, stop_agent
from tests.support.administrator import administer, answer
from tests.support.kept_logins import end_kept_logins
from tests.support.places import folder_of_tests

TEXT = "# One\n\nText one.\n\n## Alpha\n\nFirst.\n\n## Beta\n\nSecond.\n"
UNITS = 3
WAITS_AT_MOST = "ALTER FUNCTION cutter_console.fn_lock(boolean) SET lock_timeout = '{}'"
"""How long the product's own lock waits for another transaction: ten seconds, which a test that is to wait in vain makes shorter.

It is a difference from what was installed, as long as it is another one.
"""
_CLOSED_S = 20.0
"""Far more than a session's process takes to end behind its client."""
NOWHERE = "host=/nonexistent dbname=x"
"""Connection string of a server that is not there."""
DOCPREFIX = "ACME-LAW"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
JUNIT = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="1" tests="3" time="1.250" timestamp="2026-03-01T12:00:00">
<testcase classname="tests.one" name="a" time="0.5"/><testcase classname="tests.one" name="b" time="0.75"/>
<testcase classname="tests.one" name="c"><skipped message="no such server here"/></testcase></testsuite></testsuites>
"""
Kept = Callable[[str, Callable[[], "Passage"]], "Passage"]
"""A state of a site that several tests begin with, by its name, and how it is made; see `Stages.kept`."""
STAGES = ("fresh", "waits for SG_1", "SG_1 imported", "waits for SG_2", "SG_2 imported", "enacted")
ARMED = "armed"
"""What `at` takes beside the stages: SG_1 is imported, and the switch armed to cut."""
_ARMED_ANEW_S = 300.0
"""How long that is kept: a lease ends by the clock, and an Overview names one that is armed for ten minutes."""
_LEASE_MINUTES = 60
REQUEST = RunRequest(origin="file:law.md", docprefix=DOCPREFIX, mode=Mode.LIVE)


def silent(_: Progress) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Passage:
    """A site at one stage of one run; `run_id` is empty where none has been started."""

    backend: BackendService
    cluster: TransientCluster
    database: str
    run_id: str

    @property
    def installation(self) -> Installation:
        """The site."""
        return self.backend.installation

    def connect(self, role: str = "postgres") -> psycopg.Connection:
        """A new autocommit connection of a role; at the limit of one, as soon as a session that was closed counts no more."""
        end = time.monotonic() + _CLOSED_S
        while True:
            try:
                return psycopg.connect(self.cluster.conninfo(self.database, role), autocommit=True)
            except psycopg.OperationalError as error:
                if "too many connections for role" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def execute(self, statement: str, *values: object) -> None:
        """One statement as the superuser."""
        with self.connect() as connection:
            connection.execute(statement.encode(), values)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """All rows of a query as the superuser."""
        with self.connect() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def counts(self) -> dict[str, int]:
        """Rows by table, on a fresh connection, as the monitoring role."""
        with connect(self.installation.settings.database.monitor, read_only=True) as connection:
            return {count.table: count.rows for count in measure_counts(connection)}

    def lifecycles(self) -> list[object]:
        """The lifecycle of every unit."""
        return [
            row[0]
            for row in self.rows("SELECT lifecycle_status FROM public.information_unit ORDER BY canonical_address")
        ]

    def run(self) -> RunView:
        """The run as it is shown now."""
        return self.backend.run(self.run_id)

    def start(self) -> None:
        """Start the run that every stage begins with."""
        self.backend.start(REQUEST, silent)

    def sign(self, run_id: str = "", *, in_force_from: datetime | None = None) -> None:
        """Draft, sign as the demo sovereign if it is not signed, import; with a moment, SG_2 that counts from then."""
        drafted = self.backend.draft_statement(run_id or self.run_id, in_force_from=in_force_from)
        signed = drafted.signature_paths or (self.backend.sign_as_demo_sovereign(drafted.statement_path),)
        self.backend.import_statement(drafted.statement_path, signed)

    def arm(self) -> None:
        """Arm the switch to cut."""
        self.backend.arm(self.run_id, self.run_id)

    def resume(self, on_progress: Callable[[Progress], None] = silent) -> RunView:
        """Go on."""
        return self.backend.resume(self.run_id, on_progress)

    def enact(self) -> RunView:
        """Enact under SG_2."""
        return self.backend.enact(self.run_id, self.run_id, silent)

    def settings(self, **changes: object) -> "Passage":
        """The same passage with other settings."""
        changed = self.installation.settings.model_copy(update=changes)
        return self.with_site(replace(self.installation, settings=changed))

    def without_database(self) -> "Passage":
        """The same passage where no role reaches a database."""
        nowhere = dict.fromkeys(("executor", "verifier", "monitor"), NOWHERE)
        return self.settings(database=self.installation.settings.database.model_copy(update=nowhere))

    def with_site(self, installation: Installation) -> "Passage":
        """The same passage at another site: other settings, another clock."""
        return replace(self, backend=BackendService(installation, demo_signer=self.backend._demo_signer))

    def as_pinned(self) -> "Passage":
        """The same passage with the settings that stand in its root, such as those of a site mapping."""
        return self.with_site(replace(self.installation, settings=load_settings(self.installation.root)))

    def write(self, name: str, text: str) -> str:
        """A document in the intake folder; its origin."""
        (self.installation.intake / name).write_text(text, encoding="utf-8")
        return f"file:{name}"


def taken(passage: Passage, statements: Mapping[str, Iterable[str]]) -> list[tuple[str, str, str]]:
    """Those of the statements that the server does not refuse to the role that gives them, each in a session of its own.

    An error that is no refusal, such as that there is no such function, keeps nobody from anything: it is named.
    """
    tries = [(role, statement) for role, given in statements.items() for statement in given]
    return [(*one, said) for one in tries if (said := _answer(passage, *one)) is not None]


def _answer(passage: Passage, role: str, statement: str) -> str | None:
    """What became of a statement; None if it was refused."""
    with passage.connect(role) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            is_refusal = error.sqlstate == "42501" or str(error.sqlstate).startswith("CU")
            return None if is_refusal else f"{error.sqlstate} {error}"
    return "taken"


_TABLES = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'
       AND c.relnamespace::regnamespace::text IN ('public', 'cutter_governance') ORDER BY 1
"""
_NEXT_ID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"


def fingerprint(passage: Passage) -> dict[str, object]:
    """A digest of every row of every table, and the next transaction id: it moves with the first write of anybody."""
    with passage.connect() as connection:
        tables = [str(table) for (table,) in connection.execute(_TABLES)]
        rows = " UNION ALL ".join(
            f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            for table in tables
        )
        seen: dict[str, object] = dict(connection.execute(rows.encode()).fetchall())
        (seen["next transaction id"],) = connection.execute(_NEXT_ID).fetchone() or ("",)
    return seen


def copy_database(cluster: TransientCluster, source: str, target: str) -> None:
    """Make a database from a template, in the place of one of that name: as files, which costs half of a copy through the log."""
    end_kept_logins()
    # Before 15 there was no other way, and no word for it.
    strategy = " STRATEGY file_copy" if cluster.major >= 15 else ""
    statements = ("DROP DATABASE IF EXISTS {0} WITH (FORCE)", "CREATE DATABASE {0} TEMPLATE {1}" + strategy)
    names = sql.Identifier(target), sql.Identifier(source)
    administer(cluster, *(sql.SQL(statement).format(*names) for statement in statements))


def deploy_copy(into: Path) -> Path:
    """A copy of this source tree as it would be deployed; the folder of the package in it."""
    package = Path(__file__).parents[2] / "console"
    shutil.copytree(package, into / "console", ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    for beside in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(package.parent / beside, into / beside)
    return into / "console"


def host_files(filesystem: Path) -> Path:
    """The files of a host on which nothing runs and nothing is installed but a machine id."""
    for folder in ("etc", "proc"):
        (filesystem / folder).mkdir(parents=True)
    (filesystem / "proc/1").mkdir()
    (filesystem / "proc/1/cmdline").write_bytes(b"/sbin/init\0")
    (filesystem / "proc/1/stat").write_text("1 (init) S 0 1 1 0 0 0")
    (filesystem / "etc/machine-id").write_text(f"{MACHINE_ID}\n", encoding="ascii")
    return filesystem


_OLDEST_UNDER_WAY = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text"
_COME_TO_NOTHING = """
    SELECT coalesce(bool_and(pg_xact_status(id::text::xid8) IS NOT DISTINCT FROM 'aborted'), true)
      FROM generate_series({0}::bigint, pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1) id
"""
_END_ALL = """
    SELECT coalesce(bool_and(pg_terminate_backend(pid, {1})), true)
      FROM pg_stat_activity WHERE datname = {0} AND pid <> pg_backend_pid()
"""
_OID = "SELECT oid FROM pg_database WHERE datname = {0}"
_numbers = itertools.count(1)
_ENDED_MS = 5000
"""How long a session may take to end; one that stays would live on in the next test, and the copy is not used again."""


class Untouched:
    """A copy of a database in which nobody has committed anything yet: the next test may have it as it is.

    A fresh copy costs each test a tenth of a second and more: the copy itself, and what its first sessions read of a new catalogue.
    Whoever writes has a transaction id; those that were under way when it was made, or came later, are asked for.
    A sequence goes on without one: what was taken of it by whoever rolled back stays taken.
    """

    def __init__(self, cluster: TransientCluster, database: str, number: int = 0) -> None:
        self._cluster, self._database, self._number = cluster, database, number
        (self._since,) = answer(cluster, sql.SQL(_OLDEST_UNDER_WAY))
        self._oid = self._oid_now()

    def _oid_now(self) -> object:
        return answer(self._cluster, sql.SQL(_OID).format(sql.Literal(self._database)))

    def is_still(self, number: int) -> bool:
        """Whether it is the copy of this number, every session has ended, and every transaction since then has come to nothing."""
        # Other stages of the same cluster have their copies under the same name.
        if number != self._number or not self._is_at_rest():
            return False
        return answer(self._cluster, sql.SQL(_COME_TO_NOTHING).format(sql.Literal(self._since))) == (True,)

    def is_unwritten(self) -> bool:
        """Whether every session has ended, and no transaction has had an id since then: not even one that came to nothing."""
        return self._is_at_rest() and answer(self._cluster, sql.SQL(_NEXT_ID)) == (self._since,)

    def _is_at_rest(self) -> bool:
        """Whether it is still the same database, and every session in it has ended."""
        if self._oid_now() != self._oid:
            return False
        return answer(self._cluster, sql.SQL(_END_ALL).format(sql.Literal(self._database), _ENDED_MS)) == (True,)


class Stages:
    """Makes each stage once and gives it back as often as it is asked for; one passage at a time."""

    def __init__(
        self, cluster: TransientCluster, template: str, keys: DemoKeys, home: Path, monitor: str = "cutter_ro"
    ) -> None:
        self._monitor = monitor
        self._cluster, self._template, self._keys, self._home = cluster, template, keys, home
        self._database = "passage"
        self._copies, self._of_copies = f"passage_{next(_numbers)}", itertools.count()
        self._armed_until = 0.0
        self._kept: dict[str, tuple[int, str]] = {}
        """Number of the copies and id of the run, by stage and by the name of each other state that is kept."""
        self._untouched: Untouched | None = None
        """The database as it was when it was last made to be a copy, while nobody has asked for another state."""
        self._package, self._filesystem = deploy_copy(home / "deployed"), host_files(home / "host")
        self._pins: MeasuredPins | None = None

    def at(self, stage: str) -> Passage:
        """The site as it was when the run had just come to this stage."""
        if stage != ARMED:
            return self.kept(stage, lambda: self._walk_to(stage))
        if time.monotonic() > self._armed_until:
            self._forget(ARMED)
            self._armed_until = time.monotonic() + _ARMED_ANEW_S
        return self.kept(ARMED, self._armed)

    def _armed(self) -> Passage:
        passage = self.at("SG_1 imported")
        passage.settings(lease_minutes=_LEASE_MINUTES).arm()
        return passage

    def _forget(self, name: str) -> None:
        if name not in self._kept:
            return
        number, _ = self._kept.pop(name)
        shutil.rmtree(self._home / f"{number}")
        drop = sql.SQL("DROP DATABASE {}").format(sql.Identifier(f"{self._copies}_{number}"))
        administer(self._cluster, drop)

    def kept(self, name: str, make: Callable[[], Passage]) -> Passage:
        """The site as `make` left it when it was first asked for under this name; it is called once.

        `make` begins with `at` or `kept`, and leaves no session open.
        """
        if name not in self._kept:
            run_id = make().run_id
            number = next(self._of_copies)
            self._copy_database(self._database, f"{self._copies}_{number}")
            shutil.copytree(self._root, self._home / f"{number}", symlinks=True)
            self._kept[name] = number, run_id
            # What was just copied is what the copy of it would be.
            self._untouched = Untouched(self._cluster, self._database, number)
            return self._passage(run_id)
        number, run_id = self._kept[name]
        if self._untouched is None or not self._untouched.is_still(number):
            self._copy_database(f"{self._copies}_{number}", self._database)
            self._untouched = Untouched(self._cluster, self._database, number)
        shutil.rmtree(self._root, ignore_errors=True)
        shutil.copytree(self._home / f"{number}", self._root, symlinks=True)
        return self._passage(run_id)

    @property
    def _root(self) -> Path:
        return self._home / "root"

    def _walk_to(self, stage: str) -> Passage:
        number = STAGES.index(stage)
        passage = self._fresh() if number == 0 else self.at(STAGES[number - 1])
        return replace(passage, run_id=_STEPS[stage](passage))

    def _fresh(self) -> Passage:
        self._copy_database(self._template, self._database)
        passage = self._passage("")
        installation = passage.installation
        init_tree(installation.root, canonical_json(installation.settings))
        installation.intake.mkdir(mode=0o750)
        sovereign = Signer(name="demo sovereign", fingerprint=self._keys.sovereign_fingerprint)
        policy = Policy(signers=(sovereign,), thresholds=Thresholds(SG_1=1, SG_2=1), solo=True, operators=())
        installation.policy.write_bytes(canonical_json(policy))
        installation.policy.chmod(0o640)
        passage.write("law.md", TEXT)
        pin_policy(installation, load_policy(installation.policy).sha256)
        self._pin(installation)
        return self._passage("")

    def _pin(self, installation: Installation) -> None:
        """The deploy manifest with a test run, and what `init --pin` would write."""
        junit = self._home / "junit.xml"
        junit.write_text(JUNIT, encoding="utf-8")
        manifest_path(installation).write_bytes(canonical_json(build_manifest(installation.context, read_junit(junit))))
        manifest_path(installation).chmod(0o640)
        self._pins = measure_pins(installation, machine_id(installation.context.filesystem))
        write_pins(installation.root / CONFIG_NAME, self._pins)

    def _passage(self, run_id: str) -> Passage:
        def conninfo(role: str) -> str:
            return self._cluster.conninfo(self._database, role)

        database = DatabaseSettings(
            executor=conninfo("cutter_exec"),
            verifier=conninfo("cutter_verify"),
            monitor=conninfo(self._monitor),
            administrator=conninfo("postgres"),
        )
        settings = Settings(
            database=database, gnupg_home=str(self._keys.home), backup_gpg_fpr=self._keys.backup_fingerprint
        )
        if self._pins is not None:
            settings = with_pins(settings, self._pins)
        context = Context(root=self._root, filesystem=self._filesystem, package=self._package, host="host")
        installation = Installation(context, settings, "tester")
        backend = BackendService(installation, demo_signer=self._keys.sign_as_demo_sovereign)
        return Passage(backend, self._cluster, self._database, run_id)

    def _copy_database(self, source: str, target: str) -> None:
        copy_database(self._cluster, source, target)


def _started(passage: Passage) -> str:
    """A dry run first, without which nothing is armed; then the run itself."""
    passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
    return passage.backend.start(REQUEST, silent).run_id


def _signed(passage: Passage) -> str:
    passage.sign()
    return passage.run_id


def _cut(passage: Passage) -> str:
    passage.arm()
    passage.resume()
    return passage.run_id


def _enacted(passage: Passage) -> str:
    passage.enact()
    return passage.run_id


_STEPS: dict[str, Callable[[Passage], str]] = {
    "fresh": lambda _: "",
    "waits for SG_1": _started,
    "SG_1 imported": _signed,
    "waits for SG_2": _cut,
    "SG_2 imported": _signed,
    "enacted": _enacted,
}


@contextmanager
def stages(cluster: TransientCluster, template: str, monitor: str = "cutter_ro") -> Iterator[Stages]:
    """The stages of one worker, read as the role `monitor`: keys, files and databases are gone at the end."""
    home = folder_of_tests("passage-")
    keys: DemoKeys | None = None
    try:
        keys = create_demo_keys(home / "gpg", algorithm="rsa2048")
        yield Stages(cluster, template, keys, home, monitor)
    finally:
        if keys is not None:
            stop_agent(keys.home)
        shutil.rmtree(home, ignore_errors=True)
