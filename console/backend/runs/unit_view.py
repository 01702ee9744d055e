"""One unit with its text, versions and history, and two of its versions compared; read as the monitoring role."""

from datetime import datetime

import psycopg

from console.backend.documents.word_diff import text_diff
from console.backend.host.installation import Installation
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.diff_text import DiffedPart, diff_lines
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.shown_time import in_force, shown_time
from console.backend.model.unit_search import (
    LIFECYCLES,
    UnitPeriod,
    UnitQuery,
    UnitVersion,
    UnitView,
    VersionDiff,
)
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import unit_states, unit_versions
from console.backend.postgres.unit_search import HitRow, Searched, indexed_page, installed
from console.backend.runs.document_states import reading
from console.backend.runs.other_layout import NOT_INSTALLED
from console.backend.runs.site import SiteUnit, unit_of_site
from console.backend.runs.unit_states import ShownUnit, UnitHistory, VersionView, history_of_unit, unit_as_of


def view_unit(installation: Installation, address: str, as_of: datetime | None) -> UnitView:
    """Return a unit as it is in force at a moment, or as it stands now. Raises Refused if there is none of this address."""
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, purpose="unit") as connection:
        own = installed(connection)
    if not own.view:
        if as_of is not None:
            message = f"{NOT_INSTALLED}: when a text was in force is not recorded there"
            raise Unmeasured(StopCode.DRIFT, message, f"See it as it stands: cutter-console unit show {address}")
        return _of_site(unit_of_site(installation, address))
    history = history_of_unit(installation, address)
    try:
        shown = unit_as_of(installation, history.address, as_of)
    except CutterError as error:
        if error.code is not StopCode.DOCUMENT_UNKNOWN:
            raise
        shown = None
    return _of_law(installation, history, shown) if shown is not None else _not_in_force(installation, history, as_of)


def _of_law(installation: Installation, history: UnitHistory, shown: ShownUnit) -> UnitView:
    row = _row(installation, history.address)
    return UnitView(
        address=history.address,
        followed=history.followed,
        former=history.former,
        as_of=shown.as_of,
        document=shown.docprefix,
        lifecycle=row.lifecycle if row is not None else "enacted",
        unit_kind=shown.unit_kind,
        section_type=shown.section_type,
        number=shown.number,
        parent=shown.parent,
        title=shown.title,
        body=shown.body,
        body_sha256=shown.body_sha256,
        version_seq=str(shown.version_seq),
        standing=in_force(shown.in_force_from, shown.in_force_until, is_later=shown.is_later),
        run_id=shown.run_id,
        statement_sha256=shown.statement_sha256,
        edited_by=shown.edited_by,
        reports=_reports(installation, shown.run_id),
        versions=tuple(map(_version, history.versions)),
    )


def _not_in_force(installation: Installation, history: UnitHistory, as_of: datetime | None) -> UnitView:
    """Return the unit with the text of its draft, if readers see one and no moment was asked for; else without a text."""
    row, draft, title = _row(installation, history.address), None, None
    version = next((version for version in history.versions if version.standing == "draft"), None)
    with reading(installation) as connection:
        for written in unit_versions(connection, history.address) if as_of is None else ():
            if written.draft_body is not None:
                draft, title = written.draft_body, written.draft_title
    at = f" at {shown_time(as_of)}" if as_of is not None else ""
    return UnitView(
        address=history.address,
        followed=history.followed,
        former=history.former,
        as_of=as_of,
        document=history.docprefix,
        lifecycle=row.lifecycle if row is not None else None,
        unit_kind=row.unit_kind if row is not None else None,
        section_type=row.section_type if row is not None else None,
        number=row.number if row is not None else None,
        parent=row.parent if row is not None else None,
        title=title,
        body=draft,
        body_sha256=sha256_hex(draft.encode()) if draft is not None else "",
        version_seq=str(version.version_seq) if version is not None and draft is not None else None,
        standing="a draft, not law" if draft is not None else f"not in force{at}; its versions say when it is",
        run_id=version.run_id if version is not None and draft is not None else "",
        statement_sha256=version.statement_sha256 if version is not None and draft is not None else "",
        reports=_reports(installation, version.run_id) if version is not None and draft is not None else (),
        versions=tuple(map(_version, history.versions)),
    )


def _row(installation: Installation, address: str) -> HitRow | None:
    """Return the unit as the list has it; None if it is in no list, or the list has no index here."""
    query = UnitQuery(lifecycles=LIFECYCLES, limit=1)
    with connect(installation.settings.database.monitor, read_only=True, purpose="unit") as connection:
        if not installed(connection).function:
            return None
        answer = indexed_page(connection, Searched(prefix=address), query, 1)
    return next((row for row in answer.rows if row.address == address), None)


def _reports(installation: Installation, run_id: str) -> tuple[str, ...]:
    folders = (path for path in (installation.root / "reports").glob(f"{run_id}-*") if run_id and path.is_dir())
    return tuple(sorted(map(str, folders)))


def _version(version: VersionView) -> UnitVersion:
    return UnitVersion(
        version_seq=version.version_seq,
        standing=version.standing,
        operation=version.operation,
        run_id=version.run_id,
        statement_sha256=version.statement_sha256,
        created_at=version.created_at,
        periods=tuple(
            UnitPeriod(
                in_force_from=period.in_force_from,
                in_force_until=period.in_force_until,
                run_id=period.run_id,
                statement_sha256=period.statement_sha256,
            )
            for period in version.periods
        ),
        is_readable=bool(version.body_sha256),
    )


def _of_site(unit: SiteUnit) -> UnitView:
    enacted = f", enacted {shown_time(unit.enacted_at)}" if unit.enacted_at else ""
    return UnitView(
        address=unit.address,
        as_of=None,
        document=unit.document,
        lifecycle=unit.lifecycle,
        unit_kind=unit.unit_kind,
        section_type=unit.section_type,
        number=unit.number,
        parent=unit.parent,
        title=unit.title,
        body=unit.body,
        body_sha256=unit.body_sha256,
        version_seq=unit.version_seq,
        standing=f"version {unit.version_seq or '?'} of {'?' if unit.versions is None else unit.versions}, "
        f"{unit.version_lifecycle or '?'}{enacted}",
        problems=unit.problems,
        not_measured=unit.not_measured,
    )


def compare_versions(installation: Installation, address: str, old: int | None, new: int | None) -> VersionDiff:
    """Compare two versions by words: else the newest one that may be read, with the one before it, or the only one with itself.

    Raises Refused for a version that there is not, or whose text was never law and is no draft for readers.
    """
    history = history_of_unit(installation, address)
    with reading(installation) as connection:
        texts = _texts(connection, history.address)
    known = sorted(texts)
    later = new if new is not None else next(iter(known[::-1]), None)
    earlier = old if old is not None else max((seq for seq in known if later is not None and seq < later), default=None)
    if len(known) == 1 and old is None and new is None:
        # An answer: the unit is known, and has nothing to be compared with.
        earlier = later
    if earlier is None or later is None:
        message = f"{history.address} has no two versions that can be read"
        raise Refused(StopCode.DOCUMENT_UNKNOWN, message, f"See them: cutter-console unit history {history.address}")
    for seq in (earlier, later):
        if seq not in texts:
            message = f"version {seq} of {history.address} is not there, or was never law: its text is nobody's to read"
            raise Refused(
                StopCode.DOCUMENT_UNKNOWN, message, f"See them: cutter-console unit history {history.address}"
            )
    (old_title, old_body), (new_title, new_body) = texts[earlier], texts[later]
    difference = text_diff(old_body, new_body)
    parts = difference.parts if old_body != new_body else ()
    return VersionDiff(
        address=history.address,
        old=earlier,
        new=later,
        old_title=old_title,
        new_title=new_title,
        body=tuple(DiffedPart(kind=part.kind, text=part.text) for part in parts),
        lines=tuple(diff_lines(parts)),
        is_coarse=difference.is_coarse,
    )


def _texts(connection: psycopg.Connection, address: str) -> dict[int, tuple[str, str]]:
    """Return title and body of each version that readers may read."""
    texts = {row.version_seq: (row.title, row.body) for row in unit_states(connection, address)}
    for version in unit_versions(connection, address):
        if version.draft_body is not None:
            texts.setdefault(version.version_seq, (version.draft_title or "", version.draft_body))
    return texts
