"""The likeness of an existing database in a cluster of its own, whose roles are the organisation's; and an installation on it."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.programs import NoFittingProgram
from console.backend.host.runtime_tree import init_tree
from console.backend.host.settings import DatabaseSettings, Settings, load_settings
from console.backend.model.canonical_json import canonical_json
from console.backend.scratch.cluster import TransientCluster
from console.backend.service import BackendService
from console.cli import installation as of_commands
from console.cli.main import main
from tests.conftest import Database, create_database, fresh_database

LIKENESS = Path(__file__).parents[1] / "support" / "existing_database.sql"
MAJOR = 16
"""The version of the database that the likeness is one of."""
TEMPLATE = "likeness"
ANY_CASE = """
    CREATE COLLATION public.any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    DROP VIEW public.v_units_in_force;
    ALTER TABLE public.information_unit ALTER canonical_address TYPE text COLLATE public.any_case, ALTER doc_code TYPE text COLLATE public.any_case;
    ALTER TABLE public.unit_version ALTER title TYPE text COLLATE public.any_case, ALTER body TYPE text COLLATE public.any_case;
    ALTER TABLE public.dot_config ALTER key TYPE text COLLATE public.any_case
"""
"""Columns of the likeness with a collation that calls texts of the other case equal."""
WITH_ICU = 15
"""A version whose programs, those of the system, are built with ICU; those of the embedded wheel are not."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Adopted:
    """An installation that is pointed at the likeness."""

    database: Database
    installation: Installation
    command: Callable[..., tuple[int, str, str]]
    """One command: exit status, standard output, standard error."""

    @property
    def backend(self) -> BackendService:
        """The backend of the installation as it is configured now."""
        settings = load_settings(self.installation.root)
        return BackendService(Installation(self.installation.context, settings, "olga"), read_only=True)

    def json(self, *words: str) -> tuple[int, dict[str, object]]:
        """One command with --json: exit status and object."""
        status, out, _ = self.command("--json", *words)
        answer: dict[str, object] = json.loads(out)
        return status, answer

    def execute(self, statements: str) -> None:
        """Change the likeness as the superuser."""
        with self.database.connect() as connection:
            connection.execute(statements.encode())


@contextmanager
def cluster_with_likeness(major: int) -> Iterator[TransientCluster]:
    """A cluster without the product's roles, with the likeness as a template; its directory is gone afterwards."""
    try:
        cluster = TransientCluster.start(major)
    except NoFittingProgram as reason:
        pytest.skip(reason.message)
    with cluster:
        template = create_database(cluster, "template0", TEMPLATE)
        with template.connect() as connection:
            connection.execute(LIKENESS.read_bytes())
        yield cluster


@pytest.fixture(scope="session")
def existing_cluster() -> Iterator[TransientCluster]:
    """The worker's cluster with the likeness."""
    with cluster_with_likeness(MAJOR) as cluster:
        yield cluster


@pytest.fixture
def likeness(existing_cluster: TransientCluster) -> Iterator[Database]:
    """A fresh copy of the likeness."""
    yield from fresh_database(existing_cluster, TEMPLATE, f"existing_{next(_numbers)}")


@pytest.fixture
def adopted(
    likeness: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Adopted:
    """An installation whose monitoring role may only SELECT; nothing of the console is in the database."""
    return pointed_at(likeness, tmp_path, monkeypatch, capsys)


def pointed_at(
    likeness: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Adopted:
    """Make an installation for a database, and let the commands find it."""
    root = tmp_path / "root"
    filesystem = tmp_path / "host"
    (filesystem / "etc").mkdir(parents=True)
    (filesystem / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    settings = Settings(
        database=DatabaseSettings(
            executor=likeness.conninfo("cutter_exec"),
            verifier=likeness.conninfo("cutter_verify"),
            monitor=likeness.conninfo("watcher"),
            administrator=likeness.conninfo(),
        )
    )
    init_tree(root, canonical_json(settings))
    (root / "intake").mkdir(mode=0o750)
    context = Context(root=root, host="db01", filesystem=filesystem)
    monkeypatch.setattr(of_commands, "context_of", lambda _: context)

    def command(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["--root", str(root), *words])
        said = capsys.readouterr()
        return status, said.out, said.err

    return Adopted(likeness, Installation(context, settings, "olga"), command)


def may_only_select(database: Database, role: str) -> None:
    """Prove that the role has no right to write: tried, outside any READ ONLY transaction, on every table and function."""
    with database.connect(role, autocommit=False) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind = 'r' AND n.nspname IN ('public', 'cutter_governance')"
            )
        ]
        assert len(tables) == 17
        calls = [f"DELETE FROM {table}" for table in tables]
        calls += ["SELECT fn_iu_create('A', 'B', 'C', 'D')", "SELECT fn_iu_enact('A', 'B', NULL)"]
        calls += ["CREATE TABLE public.mine ()", "CREATE SCHEMA mine"]
        for call in calls:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(call.encode())
