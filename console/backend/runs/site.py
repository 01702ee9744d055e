"""A database of another layout, read as the monitoring role: its counts, its units, and its drift from the pinned inventory."""

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg

from console.backend.host.installation import Installation
from console.backend.host.site_files import kept_inventory, kept_mapping
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome, worst
from console.backend.model.readiness import DriftReport, first_three
from console.backend.model.safe_text import SafeText
from console.backend.model.site_mapping import INSPECT, NotMeasured, Refers, SiteMapping
from console.backend.model.unit_list import UnitPage
from console.backend.model.value import Value
from console.backend.model.view_models import CountView, Status
from console.backend.postgres.connections import connect
from console.backend.postgres.lines import line_of
from console.backend.postgres.measure import measure_identity
from console.backend.postgres.replication import measure_replication
from console.backend.postgres.site_catalogue import rights_to_write
from console.backend.postgres.site_inventory import site_drift, site_lines
from console.backend.postgres.site_layout import SiteLayout, read_layout
from console.backend.postgres.site_units import ReadUnit, count_tables, list_units, read_unit
from console.backend.runs.kill_switch import combined, hold_in_file, no_switch
from console.backend.runs.other_layout import NOT_INSTALLED

_MOST_ADDRESSES = 2000
"""Addresses that a misspelt one is compared with; more would take seconds."""


class SiteUnit(Value):
    """A unit of another layout with its text; None for what is not mapped, not readable, or not there."""

    address: SafeText
    id: SafeText
    document: SafeText | None
    lifecycle: SafeText | None
    deleted: bool | None
    unit_kind: SafeText | None
    section_type: SafeText | None
    number: SafeText | None
    parent: SafeText | None
    title: SafeText | None
    body: str | None
    """Exact; a terminal must not get it as it is."""
    body_sha256: str
    """Computed from the body by this program; empty without one."""
    content_hash: SafeText | None
    """As the database has it."""
    version_seq: SafeText | None
    version_lifecycle: SafeText | None
    enacted_at: datetime | None
    versions: int | None
    problems: tuple[SafeText, ...]
    """Contradictions in the unit: an anchor that leads nowhere, a digest that is not the body's."""
    not_measured: tuple[NotMeasured, ...]


@contextmanager
def reading_site(
    installation: Installation, purpose: str, *, by_rows: bool = True
) -> Iterator[tuple[psycopg.Connection, SiteLayout]]:
    """Open a READ ONLY transaction of the monitoring role on a database of another layout. Raises CutterError."""
    kept = kept_mapping(installation)
    with connect(installation.settings.database.monitor, read_only=True, timeout_s=10, purpose=purpose) as connection:
        yield connection, read_layout(connection, kept.mapping, by_rows=by_rows)


def site_mapping_of(installation: Installation) -> SiteMapping:
    """Return the mapping, kept or proposed, of a database of another layout. Raises CutterError."""
    with reading_site(installation, "mapping", by_rows=False) as (_, layout):
        return layout.mapping


def require_reading_role(installation: Installation) -> None:
    """Raise Refused, naming the privileges, if the monitoring role could write in a database of another layout."""
    with reading_site(installation, "role", by_rows=False) as (connection, layout):
        rights, role = rights_to_write(connection, layout.mapping.schemas), layout.catalogue.role
    if rights:
        message = f"the monitoring role {role} has {counted(len(rights), 'privilege')} to write: {first_three(rights)}"
        raise Refused(StopCode.GRANT_DELTA, message, "Give `database.monitor` a role that may only SELECT.")


def site_status(installation: Installation, now: datetime, *, read_only: bool, demo: bool) -> Status:
    """Measure what the Overview shows of a database of another layout. Raises CutterError."""
    with reading_site(installation, "status", by_rows=False) as (connection, layout):
        identity = measure_identity(connection, installation.context.host, standby=True)
        replication, line = measure_replication(connection), line_of(connection)
        counted_tables = count_tables(connection, layout.mapping, layout.catalogue)
    counts = tuple(
        CountView(
            table=row.table,
            rows=row.rows,
            baseline=None,
            outcome=Outcome.PASS if row.rows is not None else Outcome.INCONCLUSIVE,
            detail=f"{row.fault.reason}; next: {row.fault.next_action}" if row.fault is not None else "",
        )
        for row in counted_tables
    )
    in_file = hold_in_file(installation)
    return Status(
        measured_at=now,
        outcome=worst([Outcome.PARTIAL, *(count.outcome for count in counts)]),
        target=identity.target,
        role=identity.role,
        server_version=identity.server_version,
        line=line,
        replication=replication,
        root=str(installation.root),
        read_only=read_only,
        demo=demo,
        switch=combined(installation, in_file, no_switch()),
        counts=counts,
        layout=f"of its own; site mapping {installation.site_mapping}"
        if layout.is_kept
        else "of its own; site mapping proposed from the catalogue",
        not_measured=_not_measured(installation, layout),
    )


def _not_measured(installation: Installation, layout: SiteLayout) -> tuple[NotMeasured, ...]:
    """Return what the Overview of this product's own database shows, and this one cannot."""
    counted_apart = set(layout.mapping.tables)
    public = [row.signature for row in layout.catalogue.functions if row.public and row.definer]
    lines = [fault for fault in layout.faults if fault.subject not in counted_apart]
    if not layout.is_kept:
        reason = "the site mapping is proposed at each reading: nobody has looked at it"
        lines.append(
            NotMeasured(subject="layout", reason=reason, next_action=f"{INSPECT} --out {installation.site_mapping}")
        )
    if public:
        reason = f"everybody may execute {', '.join(public)}: that {layout.catalogue.role} only reads rests on READ ONLY transactions"
        lines.append(
            NotMeasured(subject="rights", reason=reason, next_action="Ask the functions' owner who is to call them")
        )
    lines += [
        NotMeasured(subject="baseline", reason="no closed run has pinned numbers of rows here", next_action=INSPECT),
        NotMeasured(subject="runs and rulings", reason=NOT_INSTALLED, next_action=INSPECT),
    ]
    return tuple(lines)


def drift_of_site(installation: Installation) -> DriftReport:
    """Compare a database of another layout with the inventory that this host has pinned.

    Raises Unmeasured if none is pinned here: then there is nothing to compare with, which is no PASS.
    """
    kept = kept_mapping(installation)
    pinned = kept_inventory(installation)
    if not pinned and installation.settings.pins.schema_digest:
        message = f"{installation.site_inventory} is gone: what this host has pinned is known by its digest alone"
        raise Unmeasured(
            StopCode.DRIFT,
            message,
            "Restore the file, or find out what changed, then: cutter-console init --pin --repin",
        )
    if not pinned:
        message = f"{NOT_INSTALLED}; no inventory of it is pinned on this host to compare it with"
        raise Unmeasured(StopCode.DRIFT, message, "cutter-console init --pin")
    with reading_site(installation, "drift", by_rows=False) as (connection, layout):
        return site_drift(connection, pinned, site_lines(connection, layout.mapping.schemas, kept.sha256))


def units_of_site(installation: Installation, document: str, after: str, most: int) -> UnitPage:
    """Return a page of the units of another layout, by address. Raises Unmeasured if they cannot be read."""
    with reading_site(installation, "units") as (connection, layout):
        require_units(layout)
        rows = list_units(connection, layout.readable, document, after, most + 1)
    return UnitPage(units=rows[:most], more=len(rows) > most, not_measured=parts_not_shown(layout))


def unit_of_site(installation: Installation, address: str) -> SiteUnit:
    """Return a unit of another layout. Raises Unmeasured if units cannot be read, Refused if there is none of this address."""
    with reading_site(installation, "unit") as (connection, layout):
        require_units(layout)
        read = read_unit(connection, layout.readable, address)
        if read is None:
            document = address.partition("/")[0]
            rows = list_units(connection, layout.readable, document, "", _MOST_ADDRESSES)
            near = difflib.get_close_matches(address, [row.address for row in rows], 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            message = f"no unit has the address {address}{hint}"
            raise Refused(StopCode.DOCUMENT_UNKNOWN, message, "See the units that there are: cutter-console unit list")
        return _unit(layout, read)


def require_units(layout: SiteLayout) -> None:
    """Raise Unmeasured, naming the reasons, if the units of this layout cannot be read."""
    faults = layout.readable.faults()
    if faults:
        message = "; ".join(f"{fault.subject}: {fault.reason}" for fault in faults)
        raise Unmeasured(StopCode.GRANT_DELTA, f"units cannot be read: {message}", faults[0].next_action)


def _unit(layout: SiteLayout, read: ReadUnit) -> SiteUnit:
    listed, text = read
    sha256 = sha256_hex(text.body.encode()) if text.body is not None else ""
    return SiteUnit(
        address=listed.address,
        id=text.id,
        document=text.document,
        lifecycle=listed.lifecycle,
        deleted=listed.deleted,
        unit_kind=listed.unit_kind,
        section_type=listed.section_type,
        number=listed.number,
        parent=listed.parent,
        title=listed.title,
        body=text.body,
        body_sha256=sha256,
        content_hash=text.content_hash,
        version_seq=text.version_seq,
        version_lifecycle=text.version_lifecycle,
        enacted_at=text.enacted_at,
        versions=text.versions,
        problems=_problems(layout, read, sha256),
        not_measured=(
            *parts_not_shown(layout),
            NotMeasured(
                subject="when and by which ruling it is in force",
                reason=f"{NOT_INSTALLED}: no run and no ruling of it is recorded",
                next_action=INSPECT,
            ),
        ),
    )


def _problems(layout: SiteLayout, read: ReadUnit, sha256: str) -> tuple[str, ...]:
    """Pure: what of the unit contradicts itself, as far as the mapping can tell."""
    text, units, problems = read.text, layout.mapping.units, []
    if text.version is not None and layout.readable.joins_version and text.version_id is None:
        problems.append(f"its anchor {text.version} leads to no version")
    if text.version_unit is not None and text.version_unit != text.id:
        problems.append(f"its anchored version belongs to another unit, {text.version_unit}")
    if text.content is not None and units.content is not None:
        anchored = {Refers.VERSION_ID: text.version_id, Refers.CONTENT_HASH: text.content_hash}.get(
            units.content.refers_to
        )
        if anchored is not None and anchored != text.content:
            problems.append(
                f"its content anchor is {text.content}, the anchored version's {units.content.refers_to} is {anchored}"
            )
    if text.content_hash is not None and sha256 and text.content_hash != sha256:
        problems.append(f"its content hash {text.content_hash} is not the body's sha256 {sha256}, or has another rule")
    return tuple(problems)


def parts_not_shown(layout: SiteLayout) -> tuple[NotMeasured, ...]:
    """Return the parts of a unit that are not shown, each with its reason."""
    units, versions = layout.mapping.units, layout.mapping.versions
    read = {units.table, *([versions.table] if versions is not None else [])}
    lines = [fault for fault in layout.faults if fault.subject in read or fault.subject.rpartition(".")[0] in read]
    parts = {"kind": units.kind, "section type": units.section_type, "number": units.number, "parent": units.parent}
    parts |= {"lifecycle": units.lifecycle, "deletion": units.deleted_at}
    if versions is None:
        lines.append(_no_part("title and body", "the site mapping has no table of versions"))
    else:
        parts |= {"title": versions.title, "body": versions.body, "content hash": versions.content_hash}
        if units.version is None:
            lines.append(_no_part("title and body", "the site mapping names no column that refers to a version"))
        elif units.version.refers_to is not Refers.VERSION_ID:
            lines.append(_no_part("title and body", f"{units.version.column} refers to: {units.version.refers_to}"))
    lines += [
        _no_part(name, "the site mapping names no column of it") for name, column in parts.items() if column is None
    ]
    if units.parent is not None and units.parent.refers_to is Refers.NOT_KNOWN:
        lines.append(_no_part("parent", f"{units.parent.column} refers to: {units.parent.refers_to}"))
    return tuple(lines)


def _no_part(subject: str, reason: str) -> NotMeasured:
    return NotMeasured(subject=subject, reason=reason, next_action=f"If the database has it, map it: {INSPECT}")
