"""The tables of the database, each once: which of them a run writes, and which rows may change."""

from enum import Enum, auto
from typing import NamedTuple


class Rows(Enum):
    """Changes that the rows of a table allow; none is ever deleted."""

    FIXED = auto()
    """Nothing: the table is added to."""
    CHANGING = auto()
    """It changes as its guards allow: the switch ends a lease, a run reaches its next stage."""


class Table(NamedTuple):
    """One table of the ledger, in the schema `cutter_governance`."""

    name: str
    rows: Rows = Rows.FIXED
    of_a_run: bool = True
    """True if a run writes it or depends on its rows; the backup of a run then contains it."""

    @property
    def full_name(self) -> str:
        """Return the table's name with the schema."""
        return f"cutter_governance.{self.name}"


UNIT, VERSION, LIFECYCLE_LOG = "public.information_unit", "public.unit_version", "public.iu_lifecycle_log"
READERS_TABLES = (UNIT, VERSION, LIFECYCLE_LOG)
"""Tables that readers see."""
LIFECYCLE_VOCABULARY = "public.iu_lifecycle_vocab"
CONFIGURATION = "public.dot_config"

LEDGER: tuple[Table, ...] = (
    Table("policy_pin"),
    Table("signing_key"),
    Table("signing_key_term"),
    Table("signing_key_end"),
    Table("manifest_seal"),
    Table("backup_proof"),
    Table("source_document_registry"),
    Table("source_document_version_registry"),
    Table("run", Rows.CHANGING),
    Table("run_event"),
    Table("run_effect"),
    Table("manifest_envelope"),
    Table("manifest_unit_block"),
    Table("batch"),
    Table("batch_member"),
    Table("batch_ruling"),
    Table("approval"),
    Table("approval_use"),
    Table("execution_lease", Rows.CHANGING),
    Table("hold_event"),
    Table("baseline_pin"),
    Table("review_decision"),
    Table("cut_change_set"),
    Table("cut_change_set_affected_row"),
    Table("verify_result"),
    Table("dot_pair_signature"),
    Table("canonical_address_alias"),
    Table("decision_backlog_entry"),
    Table("decision_backlog_history"),
    Table("kept_count", Rows.CHANGING, of_a_run=False),
    Table("kept_document", Rows.CHANGING, of_a_run=False),
    Table("execution_lock", Rows.CHANGING, of_a_run=False),
    Table("unit_vocabulary", of_a_run=False),
    Table("schema_pin", of_a_run=False),
    Table("schema_migration", of_a_run=False),
)

RUN_TABLES: tuple[str, ...] = (*READERS_TABLES, *(table.full_name for table in LEDGER if table.of_a_run))
"""Exactly the tables that a run can touch."""
ENVELOPE, BLOCK = "cutter_governance.manifest_envelope", "cutter_governance.manifest_unit_block"
AFFECTED, ALIAS = "cutter_governance.cut_change_set_affected_row", "cutter_governance.canonical_address_alias"
LARGE_TABLES = (*READERS_TABLES, BLOCK, AFFECTED)
"""Tables with a row a unit; the database keeps the number of their rows."""
VERIFY_RESULT, SIGNATURE = "cutter_governance.verify_result", "cutter_governance.dot_pair_signature"
BACKLOG_HISTORY = "cutter_governance.decision_backlog_history"
LEG_A = frozenset({UNIT, VERSION, ENVELOPE, BLOCK})
"""Tables that leg A of a cut writes: units, versions and the manifest."""
