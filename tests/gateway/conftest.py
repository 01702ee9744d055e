"""A passage beside an organisation's tables in schemas of their own, written through its functions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from console.backend.host.durable import replace_file
from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.model.site_mapping import SiteMapping, mapping_toml
from console.backend.model.states import Mode
from console.backend.model.view_models import RunView
from console.backend.postgres.connections import connect
from console.backend.postgres.migrations import migrate
from console.backend.postgres.site_catalogue import read_catalogue
from console.backend.postgres.site_inventory import site_lines
from console.backend.postgres.site_proposal import propose
from console.backend.release.pins import machine_id, measure_pins, with_pins, write_pins
from console.backend.runs.site_inspection import preparing_script
from tests.support.passage import REQUEST, UNITS, Kept, Passage, silent

At = Callable[[str], Passage]
LIKENESS = Path(__file__).parents[1] / "support" / "existing_database.sql"
SCHEMAS = ("library", "library_governance")
_OF_ROLES = ('["grant"', '["role"', '["membership"')
KINDS = "INSERT INTO library.dot_config (key, value) VALUES ('vocab.unit_kind.document_unit', 'Unit of a document')"
"""An organisation that has the kinds which the console plans."""
BEFORE = {"library.information_unit": 158, "library.unit_version": 165, "library.iu_lifecycle_log": 60}
AFTER_CUT = {**BEFORE, "library.information_unit": 158 + UNITS, "library.unit_version": 165 + UNITS}


def likeness_beside() -> str:
    """Return the likeness with its tables in the schemas `library` and `library_governance`.

    Without members of the console's roles: roles are of the whole cluster, where other tests have databases too.
    """
    text = LIKENESS.read_text(encoding="utf-8").replace("cutter_governance", "library_governance")
    text = (
        text.replace("public.", "library.")
        .replace("SCHEMA public", "SCHEMA library")
        .replace(", public,", ", library,")
        .replace(" IN ROLE cutter_ro", "")
    )
    return (
        "DO $$ BEGIN CREATE ROLE directus LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\nCREATE SCHEMA library AUTHORIZATION directus;\nGRANT USAGE ON SCHEMA library TO PUBLIC;\n"
        + text
    )


def mapping_beside(passage: Passage) -> SiteMapping:
    """Return the mapping that is proposed for these schemas alone."""
    with passage.connect() as connection:
        catalogue = read_catalogue(connection)
        theirs = tuple(row for row in catalogue.tables if row.name.startswith("library"))
        names = {row.name for row in theirs}
        columns = tuple(row for row in catalogue.columns if row.table in names)
        mapping = propose(connection, catalogue.model_copy(update={"tables": theirs, "columns": columns})).mapping
    assert mapping is not None
    return mapping


def install(passage: Passage, change: str = KINDS) -> Passage:
    """Make the organisation's database as `change` varies it, and tie the console to it; then pin what stands there."""
    with passage.connect() as connection:
        connection.execute(likeness_beside().encode())
        if change:
            connection.execute(change.encode())
    return tie(passage)


def tie(passage: Passage, mapping: SiteMapping | None = None) -> Passage:
    """Run the printed script as the administrator, and accept the inventory as it is then, there and on the host."""
    replace_file(passage.installation.site_mapping, mapping_toml(mapping or mapping_beside(passage)).encode())
    script = preparing_script(passage.installation)
    with passage.connect() as connection:
        connection.execute(script.encode())
    # As the console asks: what a session of this database begins with may change how a definition is printed.
    with connect(passage.installation.settings.database.administrator, read_only=True) as session:
        digest = session.execute("SELECT cutter_console.fn_schema_digest()").fetchone()
    assert digest is not None
    migrate(passage.installation.settings.database.administrator, str(digest[0]))
    installation = passage.installation
    pins = measure_pins(installation, machine_id(installation.context.filesystem))
    write_pins(installation.root / CONFIG_NAME, pins)
    return passage.with_site(replace(installation, settings=with_pins(installation.settings, pins)))


def theirs(passage: Passage) -> dict[str, int]:
    """Return the organisation's rows by table."""
    return {table: int(str(passage.rows(f"SELECT count(*) FROM {table}")[0][0])) for table in BEFORE}


def their_objects(passage: Passage) -> set[str]:
    """Return every line of the organisation's schemas, but for the privileges that the console's roles were given."""
    with passage.connect() as connection:
        lines = site_lines(connection, SCHEMAS, "")
    return {line for line in lines if "cutter_" not in line or not line.startswith(_OF_ROLES)}


def _signed(at: At, kept: Kept) -> Passage:
    def make() -> Passage:
        passage = install(at("fresh"))
        passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent)
        passage = replace(passage, run_id=passage.backend.start(REQUEST, silent).run_id)
        passage.sign()
        return passage

    return kept("written through functions, SG_1 imported", make).as_pinned()


def _drafted(at: At, kept: Kept) -> Passage:
    def make() -> Passage:
        passage = _signed(at, kept)
        cut(passage)
        return passage

    return kept("written through functions, with drafts", make).as_pinned()


@pytest.fixture
def signed(at: At, kept: Kept) -> Passage:
    """A passage tied to the organisation's functions, whose run has its SG_1."""
    return _signed(at, kept)


@pytest.fixture
def drafted(at: At, kept: Kept) -> Passage:
    """The same run with its drafts, which were verified."""
    return _drafted(at, kept)


def changed(passage: Passage, *transactions: str) -> None:
    """Change the organisation's side as the owner of its tables."""
    with passage.connect() as connection:
        connection.execute(b"SET ROLE directus")
        for statements in transactions:
            connection.execute(statements.encode())


def cut(passage: Passage) -> RunView:
    """Arm, and cut and verify the drafts."""
    passage.arm()
    return passage.resume()


def readers(passage: Passage) -> list[tuple[object, ...]]:
    """Return what readers of the organisation's database see."""
    return passage.rows("SELECT * FROM library.v_units_in_force ORDER BY 1")
