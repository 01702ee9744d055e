"""Edits of drafts that an operator asks for: what one would change, and its run under a ruling of its own."""

import unicodedata

from console.backend.documents.amendment_report import changed_report
from console.backend.documents.canonical import canonical_text
from console.backend.documents.comparison import compare
from console.backend.documents.limits import limits_of
from console.backend.host.installation import Installation
from console.backend.model.amendment_report import ChangedReport
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.compared_unit import ComparedUnit
from console.backend.model.errors import Drifted, Refused, StopCode
from console.backend.model.plan_binding import TableDelta
from console.backend.model.purposes import RunOperation
from console.backend.model.safe_text import NOT_INERT, SafeText
from console.backend.model.states import Family, Move, RunState, Stage
from console.backend.model.value import Value
from console.backend.model.view_models import Confirmation
from console.backend.postgres.connections import connect
from console.backend.postgres.records import RunRow, require_run
from console.backend.postgres.units import ReaderUnit, reader_unit
from console.backend.runs.custody import require_holder
from console.backend.runs.edits import DraftEdit, expected_edit_deltas, plan_edits
from console.backend.runs.moves import require_move
from console.backend.runs.run_ids import require_live
from console.backend.runs.run_views import measure_facts
from console.backend.runs.site_preflight import refuse_all_but_a_cut
from console.backend.runs.workspace import Workspace


class EditView(Value):
    """An edit of one draft: the difference, the rows that it adds, and its run, once it has one."""

    run_id: str
    """The cut that the draft is of."""
    docprefix: str
    address: SafeText
    title: SafeText
    changed: ChangedReport
    deltas: tuple[TableDelta, ...]
    edit_run: str
    """Run of the edit, which waits for SG_1; empty for a look."""
    seen: str = ""
    """Digest of title and body of the draft as it was compared."""


class EditBriefing(Value):
    """An edit as it is shown before its run is made, and what stands in its way."""

    view: EditView
    confirmation: Confirmation


def look_at_edit(installation: Installation, run_id: str, address: str, body: str, title: str) -> EditView:
    """Return what an edit of a draft would change; nothing is made and nothing written.

    Without a title the draft keeps its own, which needs the same first line. Raises Refused for anything but another text
    of a draft of this run, which rests at its second pause, and for characters that a screen does not show.
    """
    require_live(installation, run_id)
    body = canonical_text(body.encode("utf-8", "surrogatepass"), limits_of(installation.settings)).text
    title = unicodedata.normalize("NFC", title)
    with connect(installation.settings.database.monitor, read_only=True, purpose="edit") as connection:
        run, unit = require_run(connection, run_id), reader_unit(connection, address)
    _require_editable(run)
    if unit is None or unit.lifecycle != "draft" or address.partition("/")[0] != run.docprefix:
        message = f"{address} is no draft of {run.docprefix}"
        raise Refused(
            StopCode.REFUSED_INPUT,
            message,
            f"See its drafts: cutter-console document export --docprefix {run.docprefix} --format md --drafts --out NEW",
        )
    _refuse_unseen(unit, title, body)
    new_title = title or _kept_title(unit, body)
    old = _compared(unit)
    comparison = compare((old,), (old._replace(title=new_title, body=body),))
    if not comparison.changed:
        raise Refused(StopCode.REFUSED_INPUT, f"{address} has exactly this text and title", "There is nothing to edit.")
    return EditView(
        run_id=run_id,
        docprefix=run.docprefix,
        address=address,
        title=new_title,
        changed=changed_report(comparison.changed[0]),
        deltas=expected_edit_deltas(1),
        edit_run="",
        seen=draft_digest(unit.title, unit.body),
    )


def draft_digest(title: str, body: str) -> str:
    """Return the digest by which a draft is told from the same one with another text."""
    return sha256_hex(f"{title}\0{body}".encode())


def start_edit(
    installation: Installation, run_id: str, address: str, body: str, title: str, seen: str = ""
) -> EditView:
    """Make the run of an edit and bring it to its pause for SG_1, with a proven backup. Raises as `look_at_edit` does.

    `seen` is the digest of the draft that was shown. Raises Drifted if it is another one by now.
    """
    view = look_at_edit(installation, run_id, address, body, title)
    if seen not in {"", view.seen}:
        message = f"{address} is another draft by now than was shown: nothing was planned"
        raise Drifted(StopCode.DRIFT, message, f"Look at it: cutter-console unit show {address}")
    refuse_all_but_a_cut(installation, "an edit")
    require_move(Move.EDIT, measure_facts(installation, run_id), run_id)
    body = canonical_text(body.encode(), limits_of(installation.settings)).text
    edit = DraftEdit(address=address, title=view.title, body=body)
    return view.model_copy(update={"edit_run": plan_edits(installation, view.docprefix, (edit,))})


def require_edit_run(installation: Installation, run_id: str) -> RunState:
    """Return the state of an edit's run.

    Raises Refused if the run edits nothing, is over without its effect, or is to be written and held by somebody else.
    """
    require_live(installation, run_id)
    with connect(installation.settings.database.monitor, read_only=True, purpose="edit") as connection:
        run = require_run(connection, run_id)
    if run.operation is not RunOperation.EDIT:
        message = f"run {run_id} is no edit of a draft: it is to {run.operation}"
        raise Refused(
            StopCode.REFUSED_INPUT, message, "Plan one: cutter-console run edit RUN ADDRESS --text FILE --live"
        )
    if run.family is not Family.ACTIVE:
        message = f"run {run_id} is {run.state.name}"
        raise Refused(StopCode.EXECUTION_DISABLED, message, f"See: cutter-console run show {run_id}")
    if run.stage is not Stage.CLOSEOUT_REPORTED:
        require_holder(Workspace.open(installation.root, run_id).directory, run)
    return run.state


def _require_editable(run: RunRow) -> None:
    """Raise Refused unless the run is a first cut whose verified drafts wait for SG_2."""
    if run.operation.of_law:
        message = f"run {run.run_id} is to {run.operation} law: its drafts are not edited"
        raise Refused(
            StopCode.REFUSED_INPUT,
            message,
            f"Take it back, and plan the corrected text: cutter-console revert {run.run_id} --confirm {run.run_id}",
        )
    at_the_pause = (run.family, run.stage) == (Family.ACTIVE, Stage.AWAITING_LIFECYCLE_AUTHORIZATION)
    if run.operation is not RunOperation.CUT or not at_the_pause:
        message = f"run {run.run_id} at {run.state.name} has no drafts that wait for SG_2"
        raise Refused(StopCode.REFUSED_INPUT, message, f"See: cutter-console run show {run.run_id}")


def _refuse_unseen(unit: ReaderUnit, title: str, body: str) -> None:
    """Raise Refused for a character that no screen shows and that the draft does not have already."""
    known = set(unit.body) | set(unit.title) | {"\n", "\t"}
    for words, text in (("title", title.replace("\n", "\x85")), ("text", body)):
        for match in NOT_INERT.finditer(text):
            if (sign := match.group()) not in known:
                line = text.count("\n", 0, match.start()) + 1
                name = unicodedata.name(sign, "a control character")
                message = f"line {line} of the {words} has U+{ord(sign):04X}, {name}, which a screen does not show"
                raise Refused(StopCode.REFUSED_INPUT, message, "Write it without; nothing was planned.")


def _kept_title(unit: ReaderUnit, body: str) -> str:
    if body.partition("\n")[0] != unit.body.partition("\n")[0]:
        message = f"the first line of {unit.address} would change; its title is {unit.title or 'empty'}"
        raise Refused(StopCode.REFUSED_INPUT, message, "State the title that it has then: --title TEXT")
    return unit.title


def _compared(unit: ReaderUnit) -> ComparedUnit:
    return ComparedUnit(
        address=unit.address,
        parent=unit.parent,
        unit_kind=unit.unit_kind,
        section_type=unit.section_type,
        number="",
        title=unit.title,
        body=unit.body,
    )
