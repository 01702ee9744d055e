"""The likeness with the console installed beside it, in a cluster whose roles are the organisation's; and a passage on it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from console.backend.model.schema_names import SchemaNames
from console.backend.model.site_mapping import SiteMapping
from console.backend.model.states import Mode, Stage
from console.backend.postgres.connections import connect
from console.backend.postgres.migrations import migrate
from console.backend.postgres.site_catalogue import read_catalogue
from console.backend.postgres.site_proposal import propose
from console.backend.scratch.cluster import TransientCluster
from tests.adoption.conftest import MAJOR, TEMPLATE, cluster_with_likeness
from tests.conftest import Database
from tests.gateway.conftest import tie
from tests.support.fingerprint import Fingerprint, fingerprint
from tests.support.passage import REQUEST, UNITS, Passage, Stages, copy_database, silent, stages

INSTALLED = "likeness_installed"
MONITOR = "watcher"
KINDS = "INSERT INTO public.dot_config (key, value) VALUES ('vocab.unit_kind.document_unit', 'Unit of a document')"
BEFORE = {"public.information_unit": 158, "public.unit_version": 165, "public.iu_lifecycle_log": 60}
AFTER_CUT = {**BEFORE, "public.information_unit": 158 + UNITS, "public.unit_version": 165 + UNITS}


@dataclass(frozen=True)
class Beside:
    """The cluster, the mapping that was proposed before anything was installed, and what stood there then."""

    cluster: TransientCluster
    mapping: SiteMapping
    before: Fingerprint
    stages: Stages

    @property
    def names(self) -> SchemaNames:
        """Where the console's own tables stand."""
        return self.mapping.console


def theirs(passage: Passage) -> dict[str, int]:
    """Return the organisation's rows by table."""
    return {table: int(str(passage.rows(f"SELECT count(*) FROM {table}")[0][0])) for table in BEFORE}


def installed_beside(cluster: TransientCluster, template: str, change: str = "") -> tuple[SiteMapping, Fingerprint]:
    """Make the template: the likeness as `change` varies it, with the console's own tables where a proposal has them."""
    copy_database(cluster, TEMPLATE, template)
    database = Database(cluster, template)
    with database.connect() as connection:
        connection.execute(KINDS.encode())
        if change:
            connection.execute(change.encode())
    # As the console reads: the types in a signature are printed under the search_path of the session.
    with connect(database.conninfo(), read_only=True) as session:
        mapping = propose(session, read_catalogue(session)).mapping
    assert mapping is not None
    before = fingerprint(database)
    migrate(database.conninfo(), names=mapping.console)
    return mapping, before


@pytest.fixture(scope="session")
def beside() -> Iterator[Beside]:
    """The worker's cluster with the console installed beside the likeness."""
    with cluster_with_likeness(MAJOR) as cluster:
        mapping, before = installed_beside(cluster, INSTALLED)
        with stages(cluster, INSTALLED, MONITOR) as walked:
            yield Beside(cluster, mapping, before, walked)


@pytest.fixture
def tied(beside: Beside) -> Passage:
    """A passage tied to the organisation's functions, without a run."""
    return beside.stages.kept("tied", lambda: tie(beside.stages.at("fresh"), beside.mapping)).as_pinned()


def _signed(beside: Beside) -> Passage:
    def make() -> Passage:
        passage = tie(beside.stages.at("fresh"), beside.mapping)
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        return passage

    return beside.stages.kept("SG_1 imported beside the likeness", make).as_pinned()


def _drafted(beside: Beside) -> Passage:
    def make() -> Passage:
        passage = _signed(beside)
        passage.arm()
        assert passage.resume().state.stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION
        return passage

    return beside.stages.kept("drafts beside the likeness", make).as_pinned()


@pytest.fixture
def signed(beside: Beside) -> Passage:
    """A passage tied to the organisation's functions, whose run has its SG_1."""
    return _signed(beside)


@pytest.fixture
def drafted(beside: Beside) -> Passage:
    """The same run with its drafts, which were verified."""
    return _drafted(beside)


@pytest.fixture
def enacted(beside: Beside) -> Passage:
    """The same run, whose drafts are law."""

    def make() -> Passage:
        passage = _drafted(beside)
        passage.sign()
        assert passage.enact().state.stage is Stage.CLOSEOUT_REPORTED
        return passage

    return beside.stages.kept("law beside the likeness", make).as_pinned()
