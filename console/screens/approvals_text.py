"""The texts of Approvals: pure functions of a statement."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from console.actions.actions import Registry
from console.actions.keys_in_force import key_of, told
from console.backend.model.batches import BatchMove
from console.backend.model.counting import counted
from console.backend.model.full_command import Full
from console.backend.model.ids import is_batch
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Purpose
from console.backend.model.safe_text import safe_text
from console.backend.model.states import Move
from console.backend.model.view_models import ApprovalStatus, ApprovalView, SwitchView
from console.screens.batch_text import MOVES as BATCH_MOVES
from console.screens.danger_text import check_lines
from console.screens.run_text import MOVES as RUN_MOVES
from console.screens.under_hold import after_hold, has_hold
from console.widgets.formatting import coarse_left, day_and_clock
from console.widgets.line import Line, Span, Tone, line
from console.widgets.narrowing import Row
from console.widgets.notice import Notice

if TYPE_CHECKING:
    from console.backend.api import Backend

_TONES: dict[ApprovalStatus, Tone] = {
    ApprovalStatus.DRAFTED: "accent",
    ApprovalStatus.IMPORTED: "good",
    ApprovalStatus.INVALID: "bad",
    ApprovalStatus.EXPIRED: "warn",
    ApprovalStatus.USED: "muted",
    ApprovalStatus.NOT_KNOWN: "warn",
}


_ALARMS = frozenset({ApprovalStatus.INVALID, ApprovalStatus.EXPIRED, ApprovalStatus.NOT_KNOWN})


def statement_rows(views: tuple[ApprovalView, ...]) -> tuple[Row, ...]:
    """Return a row for each statement; one that is invalid, expired or not known is told also where a filter hides it."""
    return tuple(
        Row(
            statement_row(view),
            view.statement_sha256 or view.statement_path.name,
            view.status.value if view.status in _ALARMS else "",
            f"{view.statement_sha256} {view.statement_path.name}",
            (("document", view.docprefix), ("state", view.status.value), ("run", view.run_id), ("kind", view.kind)),
        )
        for view in views
    )


def statement_row(view: ApprovalView) -> Line:
    """Return kind, status, document and run in a line."""
    return line(
        Span(f"{view.kind} ", "strong"),
        Span(f"{view.status.value:<8} ", _TONES[view.status]),
        f"{view.docprefix} ",
        Span(view.run_id, "muted"),
    )


def checks_title(view: ApprovalView) -> str:
    """Return a title such as `Checks: 4 of 6 PASS`."""
    passed = sum(check.outcome is Outcome.PASS for check in view.checks)
    return f"Checks: {passed} of {len(view.checks)} PASS"


def checks(view: ApprovalView, full: Full, width: int) -> list[Line]:
    """Return every check, those that are not PASS first, each with its next action."""
    if not view.checks:
        return [line(Span("NOT_RUN ", "muted"), told("nothing has been checked yet. Press <check>."))]
    ordered = sorted(view.checks, key=lambda check: check.outcome is Outcome.PASS)
    return [part for check in ordered for part in check_lines(check, full, width)]


MOST_DRAFTS = 500
"""Units of a ruling that the screen lists; the file beside the statement has them all."""


def statement(view: ApprovalView) -> list[Line]:
    """Return the digest of the exact bytes, the units of a ruling over drafts, then the text."""
    return [
        line(Span("sha256 of the file's bytes", "muted")),
        line(Span(view.statement_sha256, "strong")),
        line(""),
        *_drafts(view),
        *(line(str(text)) for text in view.statement_lines),
    ]


def _drafts(view: ApprovalView) -> list[Line]:
    if not view.drafts:
        return []
    more = len(view.drafts) - MOST_DRAFTS
    head = f"{counted(len(view.drafts), 'unit')}, each with the sha256 of its body"
    return [
        line(Span(head, "strong")),
        *(
            line(Span(f"{unit.body_sha256[:16]}  ", "muted"), f"{unit.address}  ", Span(str(unit.title), "muted"))
            for unit in view.drafts[:MOST_DRAFTS]
        ),
        *([line(Span(f"and {more} more: see the file beside the statement", "muted"))] if more > 0 else []),
        line(""),
    ]


_USED_BY = {
    Purpose.CUT: "arm",
    Purpose.EDIT: "apply_edit",
    Purpose.ENACT: "enact",
    Purpose.REVERT: "revert",
}
"""The action that a ruling is imported for; over a batch there are rulings to cut and to enact alone."""


def drafted(view: ApprovalView) -> Notice:
    """Return the notice of a statement that was drafted; of one that is kept and recorded already, that it is."""
    if view.status in {ApprovalStatus.IMPORTED, ApprovalStatus.USED}:
        return Notice("done", f"Nothing was drafted: {view.kind} for {view.run_id} is {view.status.value} already.")
    then = told("Have it signed, put the signature file beside it, then <import_statement>")
    return Notice("done", f"{view.kind} statement drafted: {view.statement_path.name}", "", then)


def demo_signed(signature: Path) -> Notice:
    """Return the notice of a signature with the demo's key."""
    return Notice("done", f"DEMO signature written: {signature.name}", "", told("Import it (<import_statement>)"))


def imported(before: ApprovalView, after: ApprovalView) -> Notice:
    """Return the notice of an import. The database accepts the same statement twice and keeps the first record.

    What comes next is said beside it, where a HOLD and the moves of the run are known.
    """
    statement = f"{after.kind} for {after.run_id}"
    if before.status in {ApprovalStatus.IMPORTED, ApprovalStatus.USED}:
        return Notice("done", f"{statement} was {before.status.value} before; its record is unchanged.")
    return Notice("done", f"{statement} is {after.status.value}.")


def _used_with(view: ApprovalView) -> str:
    """Return the action that an imported statement is for."""
    action = _USED_BY[view.purpose or Purpose.CUT]
    return f"batch_{action}" if is_batch(view.run_id) else action


def _keys(view: ApprovalView) -> str:
    return f"{key_of('batch' if is_batch(view.run_id) else 'run')}, then {key_of(_used_with(view))}"


def sign_title(view: ApprovalView) -> str:
    """Return kind and run."""
    return f"{view.kind} for {view.run_id}"


def _moves_of(action: str) -> frozenset[Move | BatchMove]:
    """Return the moves that this action makes, of a run or of a batch."""
    return frozenset({BATCH_MOVES[action]} if action in BATCH_MOVES else RUN_MOVES[action])


def moves_now(backend: "Backend", run_id: str) -> frozenset[Move | BatchMove]:
    """Return the legal moves of the run, or of the batch, that a statement is over."""
    return frozenset(backend.batch(run_id).moves if is_batch(run_id) else backend.run(run_id).moves)


def _next(
    view: ApprovalView, known: Registry, moves: Collection[Move | BatchMove], switch: SwitchView | None
) -> list[Line]:
    """Return the keys of the action that an imported statement is for; nothing where it is not the next step, or not of this console."""
    action = _used_with(view)
    if known.named(action) is None or not _moves_of(action) & set(moves):
        return []
    wait = (after_hold(),) if has_hold(switch) else ()
    return [line(Span("next  ", "muted"), *wait, _keys(view))]


def _expiry(view: ApprovalView, now: datetime) -> Line:
    """Return when the statement expires by its own words; that it is not known if those could not be read."""
    if view.expires_at is None:
        return (Span(", its expiry is not known", "muted"),)
    left = coarse_left(view.expires_at, now)
    return Span(f", expires {day_and_clock(view.expires_at)} (", "muted"), Span(left), Span(")", "muted")


def sign(
    view: ApprovalView,
    now: datetime,
    known: Registry,
    *,
    moves: Collection[Move | BatchMove] = (),
    switch: SwitchView | None = None,
) -> list[Line]:
    """Return status, expiry, what comes next, the command for the sovereign, and the path of the file.

    `known` are the actions of this console, `moves` those of the run now; none while they are not known.
    """
    lines = [line(Span(view.status.value, _TONES[view.status]), *_expiry(view, now))]
    if view.status is ApprovalStatus.IMPORTED:
        lines += _next(view, known, moves, switch)
    if view.status in {ApprovalStatus.DRAFTED, ApprovalStatus.INVALID}:
        imports = told("<import_statement> imports") if known.named("import_statement") is not None else ""
        if view.checks and all(check.outcome is Outcome.PASS for check in view.checks):
            then = f" Next: {imports} it" if imports else ""
            lines.append(line(Span("signed", "good"), f": every check is PASS.{then}"))
        elif known.named("demo_sign") is not None:
            lines.append(
                line(Span("DEMO  ", "accent"), told("<demo_sign> signs as the demo sovereign, with a throw-away key"))
            )
        lines += [line(Span("sign  ", "muted"), safe_text(command)) for command in view.sign_with.splitlines()]
        lines.append(
            line(
                Span("then  ", "muted"),
                told("put the signature file beside the statement; <check> checks"),
                f", {imports}" if imports else "",
            )
        )
    return [*lines, line(Span("file  ", "muted"), safe_text(str(view.statement_path)))]
