"""Real PostgreSQL and real gpg for the tests: one cluster a worker and major version, a fresh database a test."""

import gc
import itertools
import os
import pkgutil
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from _pytest.mark import ParameterSet
from psycopg import sql

import console
from console.backend.host.cluster_directory import TMPFS, default_parents
from console.backend.host.gpg import end_agent
from console.backend.host.programs import NoFittingProgram
from console.backend.postgres.migrations import migrate
from console.backend.scratch.cluster import SUPERUSER, TransientCluster
from tests.matrices import leave_the_rest
from tests.support import property_settings
from tests.support.administrator import administer, administered
from tests.support.compiled_once import compile_once
from tests.support.css_once import css_once
from tests.support.digest_once import digest_once
from tests.support.initdb_once import initdb_once
from tests.support.kept_logins import end_kept_logins, kept_login
from tests.support.large_pages import heaps_of_large_pages
from tests.support.marks_told import COLLECTED
from tests.support.parser_once import parser_once
from tests.support.passage import Kept, Passage, Stages, Untouched, copy_database, stages
from tests.support.planned_here import planned_here
from tests.support.quiet import quiet
from tests.support.scratch_kept import scratch_kept
from tests.support.styles_once import styles_once
from tests.support.unpainted import unpainted

MAJORS = (14, 15, 16, 17, 18)
"""16 and 18 come with the embedded wheel, the others where the machine, or the folder named to `make`, has them."""
DEFAULT_MAJOR = int(os.environ.get("CUTTER_TESTED_MAJOR", "18"))
"""The server of the tests that want no particular one."""
TEMPLATE = "cutter_template"
_REPLICATES = {"wal_level": "replica", "max_wal_senders": "2"}
"""So that a COMMIT can wait for a standby."""
_READS_BY_ITSELF = {"io_method": "sync"}
"""From 18 on sessions can leave reading to processes of its own; of data in memory that costs each session a fifth of its time."""
_FREE_FOR_TESTS = 4 << 30
"""Bytes; a run of all tests leaves about 500 MB of files while it goes on."""
_numbers = itertools.count(1)

ClusterOf = Callable[[int], TransientCluster]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more than there are processors: much of what the tests do is to wait for a server, a lock or a limit."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config: pytest.Config) -> None:
    """Collect garbage rarely: it took a quarter of the time of the screens' tests, and a worker has the memory.

    Hypothesis's examples are the same in each run of `make test`; `make test-rest` looks for others.

    Signals that are ignored, as in the background of a shell or under nohup, would be ignored by the programs that
    tests start and end by them; what is handled, if by doing nothing, begins in a program as usual.

    The files of the tests are in memory where there is room: a passage costs a tenth less processor time there.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    gc.freeze()
    gc.set_threshold(500_000, 20, 100)
    if TMPFS.is_dir() and shutil.disk_usage(TMPFS).free >= _FREE_FOR_TESTS:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(TMPFS))
    # The installations that the developer has named are none of the tests'.
    os.environ["XDG_CONFIG_HOME"] = "/nonexistent"
    property_settings.load(same_each_time=config.option.markexpr != "torture")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Compile program and tests where workers are about to start."""
    if session.config.getoption("dist", "no") != "no" and not hasattr(session.config, "workerinput"):
        compile_once(session.config)


def pytest_unconfigure() -> None:
    """Look twice for objects that complain when they are thrown away; pytest looks five times, at some hundred thousand."""
    for _ in range(2):
        gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """End the sessions that a test and its fixtures have kept: those of another database count for a role's limit, too."""
    end_kept_logins()


def pytest_collection_finish() -> None:
    """Import every module of the program before the first test.

    A module that is first imported while a test has replaced a function of another would keep the replacement.
    """
    for module in pkgutil.walk_packages(console.__path__, "console."):
        if not module.name.endswith(".__main__"):
            import_module(module.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the rest of the long matrices to `make test-rest`, and begin with the longest tests.

    An update of snapshots removes those of tests that do not run, and so leaves none.
    """
    config.stash[COLLECTED] = tuple(items)
    if not config.getoption("update_snapshots", default=False):
        leave_the_rest(items)
    items.sort(key=lambda item: item.get_closest_marker("longest") is None)


def of_each_version(majors: Iterable[int]) -> list[ParameterSet]:
    """Parameters for a test that runs on each of these; `make test` takes the default, `make test-versions` the others."""
    marks = {major: () if major == DEFAULT_MAJOR else (pytest.mark.versions,) for major in majors}
    return [pytest.param(major, marks=marks[major], id=f"pg{major}") for major in marks]


@dataclass(frozen=True)
class Database:
    """A database of one test's own; roles belong to the cluster, and other tests of this worker see them."""

    cluster: TransientCluster
    name: str

    def conninfo(self, user: str = SUPERUSER) -> str:
        """A libpq connection string; any role that exists may connect, without a password."""
        return self.cluster.conninfo(self.name, user)

    def connect(self, user: str = SUPERUSER, *, autocommit: bool = True) -> psycopg.Connection:
        """A new connection; close it, or use it in a `with` block."""
        return psycopg.connect(self.conninfo(user), autocommit=autocommit)

    def transaction(self, user: str) -> AbstractContextManager[psycopg.Connection]:
        """One transaction of a role, in the session that it has kept; COMMIT at the end of the block."""
        return kept_login(self.conninfo(), user, lambda: self.connect(user, autocommit=False))


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Be somebody whom permission bits stop: root, whom they do not, becomes user 65534 for a moment.

    What the test closes must be what stops it: pytest's own folders are closed to that user too, /tmp is not.
    """
    mine = os.geteuid()
    os.seteuid(65534 if mine == 0 else mine)
    try:
        yield
    finally:
        os.seteuid(mine)


def prepare_template(conninfo: str) -> None:
    """Install the product's schema and roles into the template of `database`; runs once a cluster."""
    migrate(conninfo)


@pytest.fixture(scope="session", autouse=True)
def _once_a_worker() -> Iterator[None]:
    """Scratch clusters begin with a copy, consoles with parsed CSS, commands with a parser; a test of the starting itself runs initdb."""
    once = (initdb_once, css_once, styles_once, parser_once, digest_once)
    with ExitStack() as stack:
        for prepared in (*once, unpainted, quiet, administered, scratch_kept):
            stack.enter_context(prepared())
        yield


@pytest.fixture(scope="session")
def cluster_of() -> Iterator[ClusterOf]:
    """The worker's cluster of a major version; the test is skipped, with the reason, where there are no programs."""
    running: dict[int, TransientCluster] = {}
    with ExitStack() as stack:

        def start(major: int) -> TransientCluster:
            if major not in running:
                try:
                    settings = _REPLICATES | (_READS_BY_ITSELF if major >= 18 else {})
                    with heaps_of_large_pages():
                        running[major] = stack.enter_context(TransientCluster.start(major, settings=settings))
                except NoFittingProgram as reason:
                    pytest.skip(reason.message)
            return running[major]

        yield start


@pytest.fixture(scope="session")
def cluster(cluster_of: ClusterOf) -> TransientCluster:
    """The worker's cluster of the default major version."""
    return cluster_of(DEFAULT_MAJOR)


@pytest.fixture(params=of_each_version(MAJORS))
def each_cluster(request: pytest.FixtureRequest, cluster_of: ClusterOf) -> TransientCluster:
    """The test runs once on every major version there is."""
    return cluster_of(int(request.param))


@pytest.fixture(scope="session")
def template_of(cluster_of: ClusterOf) -> Callable[[int], str]:
    """The name of the template database in the worker's cluster of a major version, prepared once."""
    prepared: set[int] = set()

    def prepare(major: int) -> str:
        cluster = cluster_of(major)
        if major not in prepared:
            administer(cluster, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
            prepare_template(cluster.conninfo(TEMPLATE))
            # Migrations leave dead rows in the catalogue; a sixth of the files and bytes of each copy are theirs.
            with psycopg.connect(cluster.conninfo(TEMPLATE), autocommit=True) as connection:
                connection.execute("VACUUM (FULL)")
            # The next session leaves what it has read of the catalogue in a file, which each copy gets: half of what its first session costs.
            psycopg.connect(cluster.conninfo(TEMPLATE)).close()
            prepared.add(major)
        return TEMPLATE

    return prepare


def create_database(cluster: TransientCluster, template: str, name: str) -> Database:
    """A database made from a template; nobody drops it."""
    copy_database(cluster, template, name)
    return Database(cluster, name)


_UNWRITTEN: dict[tuple[str, str], Database] = {}
"""Of a cluster and template a database in which the test that had it wrote nothing at all: the next test has it."""


def fresh_database(cluster: TransientCluster, template: str, name: str = "") -> Iterator[Database]:
    """A database made from a template, dropped when the iterator ends: for fixtures of a wider scope than a test.

    One without a name of its own is kept where nobody wrote in it: to make and drop it costs more than most tests do.
    """
    place = cluster.conninfo(), template
    database = None if name else _UNWRITTEN.pop(place, None)
    if database is None:
        database = create_database(cluster, template, name or f"test_{next(_numbers)}")
    copied = Untouched(cluster, database.name)
    yield database
    if not name and place not in _UNWRITTEN and copied.is_unwritten():
        _UNWRITTEN[place] = database
        return
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
    administer(cluster, drop.format(sql.Identifier(database.name)))


@pytest.fixture
def database(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Database]:
    """A fresh database with the product's schema, on the default major version."""
    yield from fresh_database(cluster, template_of(cluster.major))


@pytest.fixture
def each_database(each_cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Database]:
    """A fresh database with the product's schema; the test runs once on every major version there is."""
    yield from fresh_database(each_cluster, template_of(each_cluster.major))


@pytest.fixture
def empty_database(cluster: TransientCluster) -> Iterator[Database]:
    """A fresh, empty database on the default major version."""
    yield from fresh_database(cluster, "template0")


@pytest.fixture
def each_empty_database(each_cluster: TransientCluster) -> Iterator[Database]:
    """A fresh, empty database; the test runs once on every major version there is."""
    yield from fresh_database(each_cluster, "template0")


@pytest.fixture(scope="session")
def stages_of_a_run(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[Stages]:
    """The worker's passages, each made once; they share one database, so a test has one at a time."""
    with stages(cluster, template_of(cluster.major)) as made:
        yield made


@pytest.fixture
def at(stages_of_a_run: Stages) -> Callable[[str], Passage]:
    """`at("waits for SG_1")`: a site whose run has just come to that stage; the stages are `passage.STAGES` and `passage.ARMED`."""
    return stages_of_a_run.at


@pytest.fixture
def kept(stages_of_a_run: Stages) -> Kept:
    """`kept(name, make)`: a site in a state that is made once a worker, as a stage is."""
    return stages_of_a_run.kept


@pytest.fixture
def plans_here() -> Iterator[None]:
    """Folders and own profiles are planned in this process: what the test asks of is not the workers."""
    with planned_here():
        yield


@pytest.fixture
def gnupg_home() -> Iterator[Path]:
    """An empty GNUPGHOME of mode 0700 with a path short enough for the agent's socket; its agent ends with the test."""
    home = Path(tempfile.mkdtemp(prefix="gpg-", dir=default_parents()[0]))
    yield home
    end_agent(home)
    shutil.rmtree(home, ignore_errors=True)
