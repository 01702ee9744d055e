"""The inspection of a database of another layout: the mapping that is proposed, what has no place in it, and the two scripts for its administrator."""

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_mapping
from console.backend.model.console_schema import CONSOLE_SCHEMA_OWNER
from console.backend.model.errors import Refused, StopCode
from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import INSPECT, NotMeasured, Proposal, SiteMapping
from console.backend.model.value import Value
from console.backend.postgres.connections import connect
from console.backend.postgres.rendering import schema_names
from console.backend.postgres.site_catalogue import UNIT_TABLE, is_of_another_layout, read_catalogue
from console.backend.postgres.site_functions import arguments_of, meaning_of
from console.backend.postgres.site_gateway import gateway_sql
from console.backend.postgres.site_layout import SiteLayout
from console.backend.postgres.site_proposal import changed_since, kinds_without_place, propose
from console.backend.postgres.site_removal import removal_of
from console.backend.postgres.site_script import END, recorded_mapping, script_of
from console.backend.postgres.site_shapes import shapes_in_words
from console.backend.postgres.site_units import commonest, kinds_in_use, kinds_in_vocabulary
from console.backend.runs.site import reading_site

_OTHER_NAMES = (
    f"See what is there: cutter-console status. A table of units is recognised by its name, {UNIT_TABLE}; where it has another one,"
    " write the site mapping: cutter-console help 'A site mapping by hand'"
)


class SiteInspection(Value):
    """A proposal, on one database."""

    database: SafeText
    role: SafeText
    mapping: SiteMapping | None
    """None if none can be proposed; `unmapped` then says why."""
    unmapped: tuple[NotMeasured, ...]


def preparing_script(installation: Installation) -> str:
    """Return the script with which an administrator prepares the database, for the mapping that this host keeps.

    In a database that has this product's own tables too, with those of the organisation in other schemas, it also ties
    the two together, so that a cut is written through the organisation's functions.

    Raises Refused without a mapping: what is recorded in the database must have been read by a person.
    """
    kept = kept_mapping(installation)
    if kept.mapping is None:
        message = f"there is no site mapping at {installation.site_mapping}"
        raise Refused(
            StopCode.REFUSED_INPUT,
            message,
            f"Have it proposed, and read it: {INSPECT} --out {installation.site_mapping}",
        )
    with reading_site(installation, "adopt apply") as (connection, layout):
        _require_schemas(connection, layout.mapping)
        script = script_of(
            connection, layout.catalogue, layout.mapping, kept.text, kept.sha256, installation.settings.console_schema
        )
        # Beside this product's own tables, units are written through the organisation's functions.
        if not is_of_another_layout(connection, layout.mapping.units.table):
            script += gateway_sql(connection, layout.mapping, kept.sha256)
        return script + END


def removing_script(installation: Installation) -> str:
    """Return the script with which an administrator takes the console out of the database of an organisation again.

    Raises Refused if the script of `adopt apply` was never run there.
    """
    schema = installation.settings.console_schema
    with connect(installation.settings.database.monitor, read_only=True, purpose="adopt remove") as connection:
        if recorded_mapping(connection, schema) is None:
            raise Refused(
                StopCode.REFUSED_INPUT,
                f"the database {connection.info.dbname} was not tied to an organisation's units: it has this console's own tables, or nothing of it",
                "How a database of the console's own is removed: cutter-console help 'Take the console away'",
            )
        return removal_of(connection, schema)


def _require_schemas(connection: psycopg.Connection, mapping: SiteMapping) -> None:
    """Raise Refused if the console's own tables stand in other schemas than the mapping says."""
    names = schema_names(connection)
    if not is_of_another_layout(connection, mapping.units.table) and names != mapping.console:
        raise Refused(
            StopCode.DRIFT,
            f"the console's own tables stand in {names.units} and {names.ledger},"
            f" by the site mapping in {mapping.console.units} and {mapping.console.ledger}",
            "Write where they stand below [console] in the site mapping, then: cutter-console adopt apply",
        )


def inspect_site(installation: Installation) -> SiteInspection:
    """Propose the mapping from the catalogue and the rows, as the monitoring role; nothing is written.

    Raises Refused if the database is this product's own, or has no units at all.
    """
    with connect(installation.settings.database.monitor, read_only=True, purpose="inspect") as connection:
        # Beside the console's own tables the organisation's are proposed as before these were made.
        catalogue, names = read_catalogue(connection).of_others(CONSOLE_SCHEMA_OWNER), schema_names(connection)
        if not any(table.name.partition(".")[2] == UNIT_TABLE for table in catalogue.tables):
            message = "this database has this console's own tables, or no table of units: there is nothing to adopt"
            if shapes := shapes_in_words(connection):
                message += f". By their shape alone, which proves nothing, these could be meant: {shapes}"
            raise Refused(StopCode.REFUSED_INPUT, message, _OTHER_NAMES)
        proposal = propose(connection, catalogue)
        unmapped = proposal.unmapped
        if proposal.mapping is not None:
            layout = SiteLayout(proposal.mapping, catalogue, is_kept=False)
            mapping, unmapped = _with_constants(connection, layout, unmapped)
            if not is_of_another_layout(connection):
                mapping = mapping.model_copy(update={"console": names})
            proposal = Proposal(mapping=mapping, unmapped=unmapped)
            unreadable = changed_since(catalogue, mapping)
            closed = {fault.subject for fault in unreadable}
            kinds = set(kinds_in_use(connection, layout.readable)) if not layout.readable.faults() else set()
            config = mapping.config
            if config is not None and not {config.table, f"{config.table}.{config.key.column}"} & closed:
                kinds |= set(kinds_in_vocabulary(connection, mapping))
            unmapped = (*unreadable, *unmapped, *kinds_without_place(tuple(sorted(kinds))))
    return SiteInspection(database=catalogue.database, role=catalogue.role, mapping=proposal.mapping, unmapped=unmapped)


def _with_constants(
    connection: psycopg.Connection, layout: SiteLayout, unmapped: tuple[NotMeasured, ...]
) -> tuple[SiteMapping, tuple[NotMeasured, ...]]:
    """Return the mapping with the owner and the type of publication that the function `create` must be given.

    Each is the one that most units have; what no unit tells is named instead.
    """
    mapping, units = layout.mapping, layout.mapping.units
    arguments = arguments_of(connection, mapping.functions.create) if mapping.functions.create else ()
    values: dict[str, str] = {}
    missing = []
    for name, column in (("owner", units.owner), ("publication", units.publication)):
        needed = next((row for row in arguments if not row.has_default and meaning_of(row) == name), None)
        if needed is None:
            continue
        closed = column is None or layout.readable.faults()
        value = None if closed or column is None else commonest(connection, layout.readable, column)
        if value is not None:
            values[name] = value
        else:
            reason = f"it must be given {needed.name}, and no unit tells a value"
            action = f"Write the value below [functions] in the site mapping, as {name}"
            missing.append(
                NotMeasured(subject=f"function {mapping.functions.create}", reason=reason, next_action=action)
            )
    functions = mapping.functions.model_copy(update=values)
    return mapping.model_copy(update={"functions": functions}), (*unmapped, *missing)
