"""The texts of Batch: pure functions of a batch, or of a planned folder."""

from collections.abc import Callable
from datetime import datetime

from rich.cells import cell_len, set_cell_size

from console.actions.actions import Action, key_name
from console.actions.keys_in_force import key_of, keys_or, told
from console.backend.model.batches import (
    BatchMove,
    BatchPlan,
    BatchProgress,
    BatchSource,
    BatchView,
    MemberView,
    OnFailure,
    PlannedDocument,
)
from console.backend.model.ended_runs import counts_now
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import ReportView
from console.backend.model.safe_text import safe_text
from console.backend.model.states import BEFORE_CUT, DRAFT_STAGES, ENACTED_STAGES, Family, Mode, Stage
from console.backend.model.view_models import SwitchView
from console.screens.run_text import keys_and_words
from console.screens.under_hold import after_hold, split_by_hold
from console.widgets.formatting import age, count, left, plural
from console.widgets.line import Line, Span, Tone, line
from console.widgets.narrowing import Row
from console.widgets.wrap import hanging, labelled

_BAR = 20
"""Cells of the progress bar."""
_ROOMY = 100
"""Width from which on the head has the first and last document, the digest and the legal moves."""


def batches_title(number: int, most: int | None) -> str:
    """Return the number of batches, or that more than `most` are there."""
    return (
        f"Batches: the newest {most}, {key_of('batch_list')}: all"
        if most is not None and number > most
        else f"Batches: {count(number)}"
    )


def documents_done(view: BatchView) -> str:
    """Return text such as `1/3`: documents that the present step is behind, of those that are not set aside."""
    return f"{view.n_done:,}/{view.n_done + view.n_open:,}"


def units_done(view: BatchView) -> str:
    """Return text such as `3/9`: units of these documents."""
    return f"{view.n_units_done:,}/{view.n_units_done + view.n_units_open:,}"


def names(view: BatchView) -> str:
    """Return the first and the last document."""
    if not view.members:
        return "no document is known"
    first, last = view.members[0].docprefix, view.members[-1].docprefix
    return first if len(view.members) == 1 else f"{first} to {last}"


def batch_rows(views: tuple[BatchView, ...], *, wide: bool) -> tuple[Row, ...]:
    """Return a row for each batch; one that has stopped or is damaged is told also where a filter hides it."""
    return tuple(
        Row(
            batch_row(view, wide=wide),
            view.batch_id,
            _batch_alarm(view),
            f"{view.operator} {view.in_words} {' '.join(member.docprefix for member in view.members)}",
            (
                ("state", view.in_words),
                ("mode", view.mode.value),
                ("who", str(view.operator)),
                ("document", " ".join(member.docprefix for member in view.members)),
            ),
        )
        for view in views
    )


def _batch_alarm(view: BatchView) -> str:
    if not view.members:
        return Outcome.INCONCLUSIVE.value
    if any(member.family is Family.FAILED and not member.set_aside for member in view.members):
        return Outcome.FAIL.value
    if view.armed_until is not None:
        return "ARMED"
    return "SET ASIDE" if view.set_aside else ""


def batch_row(view: BatchView, *, wide: bool) -> Line:
    """Return id, mode, documents, units and state of a batch; a wide row has the operator, the documents and the next step."""
    state = _at_work(view) if view.at_work else view.in_words
    spans = [
        Span(f"{view.batch_id} "),
        Span(f"{view.mode.value:<7}", _mode_tone(view)),
        Span(f"{documents_done(view)} docs {units_done(view)} units  "),
        Span(state, "accent" if view.at_work else "muted"),
    ]
    if view.set_aside:
        spans.append(Span(f"  {len(view.set_aside)} SET ASIDE", "warn"))
    if wide:
        spans.append(Span(f"  by {view.operator}, {names(view)}", "muted"))
        if view.moves:
            spans.append(Span(f"  next: {view.next_command}", "muted"))
    return tuple(spans)


def _mode_tone(view: BatchView) -> Tone:
    return "warn" if view.mode is Mode.LIVE else "muted"


def _at_work(view: BatchView) -> str:
    progress = view.progress
    return f"at work: {progress.step} {progress.done:,} of {progress.total:,}" if progress is not None else "at work"


def head(
    view: BatchView,
    now: datetime,
    actions: tuple[Action, ...],
    full: Callable[[str], str],
    width: int,
    switch: SwitchView | None = None,
) -> list[Line]:
    """Return state, the next step with key and command, progress, countdown, rulings and documents; the first come first."""
    if not view.members:
        return hanging((Span("state    ", "muted"),), view.in_words, width, "bad")
    roomy = width >= _ROOMY
    aside = f", {len(view.set_aside)} set aside" if view.set_aside else ""
    content = f"{plural(len(view.members), 'document')}, {plural(view.n_units, 'unit')}{aside}"
    origin = f"by {view.operator}, {age(view.started_at, now)}"
    if roomy:
        rule = "stops at a document that fails" if view.on_failure is OnFailure.STOP else "leaves out content fails"
        content = f"{content}, {names(view)}; {rule}"
        origin = f"by {view.operator} on {view.host}, started {age(view.started_at, now)}"
    lines = [
        *hanging((Span(f"{view.mode.value:<9}", _mode_tone(view)),), f"{content}; {origin}", width),
        *hanging((Span("state    ", "muted"),), _state(view), width, "strong"),
        *_stopped(view, split_by_hold(actions, switch)[0], width),
        *_next(view, actions, full, width, switch),
        *_progress(view, now, width),
    ]
    if view.armed_until is not None:
        armed = f"armed to {view.armed_to}, ends in {left(view.armed_until, now)}"
        lines.append(line(Span("switch   ", "muted"), Span(armed, "warn")))
    lines += _rulings(view, width)
    if roomy and view.digest:
        lines += hanging((Span("digest   ", "muted"),), view.digest, width)
    return [*lines, *_allowed(view, actions, switch)] if roomy else lines


def _stopped(view: BatchView, actions: tuple[Action, ...], width: int) -> list[Line]:
    """Return the first document that has failed, and the key that goes on without it."""
    failed = [member for member in view.members if member.family is Family.FAILED and not member.set_aside]
    if not failed or view.at_work:
        return []
    more = f" and {len(failed) - 1:,} more" if len(failed) > 1 else ""
    key = next((key_name(action.keys[0]) for action in actions if BatchMove.SET_ASIDE in moves_of(action)), "")
    then = f"; {key} goes on without" if key else ""
    return hanging((Span("stopped  ", "muted"),), f"{failed[0].docprefix}: {failed[0].state}{more}{then}", width, "bad")


def _state(view: BatchView) -> str:
    """Return where the batch stands; what it waits for is not so while a process works on it."""
    if not view.at_work:
        return view.in_words
    return f"a process works on it: {view.progress.step}" if view.progress is not None else "a process works on it"


def _step(view: BatchView) -> str:
    """Return what is counted of the present step, in a word."""
    stages = {member.stage for member in view.members if not member.set_aside}
    if view.mode is Mode.DRYRUN:
        return "passed"
    if stages & {None, *BEFORE_CUT} - {Stage.AWAITING_CUT_AUTHORIZATION}:
        return "at the first pause"
    if stages & {Stage.AWAITING_CUT_AUTHORIZATION, *DRAFT_STAGES} - {Stage.AWAITING_LIFECYCLE_AUTHORIZATION}:
        return "cut"
    return "enacted" if Stage.AWAITING_LIFECYCLE_AUTHORIZATION in stages else "law"


def _progress(view: BatchView, now: datetime, width: int) -> list[Line]:
    progress = view.progress
    if progress is None:
        done = f"{documents_done(view)} documents, {units_done(view)} units {_step(view)}"
        return hanging(_bar(view.n_units_done, view.n_units_done + view.n_units_open), done, width)
    words = f"{progress.step} {progress_words(progress, now)}"
    return hanging(_bar(progress.done, progress.total), words, width, "accent")


def _bar(done: int, total: int) -> tuple[Span, ...]:
    filled = _BAR * done // total if total else 0
    return (Span("progress ", "muted"), Span(f"[{'#' * filled}{'-' * (_BAR - filled)}] "))


def progress_words(progress: BatchProgress, now: datetime) -> str:
    """Return documents, units, rate and remaining time of the present step, counted down since it was reported."""
    words = f"{progress.done:,} of {progress.total:,} documents"
    if progress.units_total:
        words += f", {progress.units_done:,} of {progress.units_total:,} units"
    if progress.units_per_s is not None:
        rate = f"{progress.units_per_s:,.0f}" if progress.units_per_s >= 10 else f"{progress.units_per_s:.1f}"
        words += f", {rate} units/s"
    if progress.docprefix:
        words += f", {_remaining(progress, now)}; now {progress.docprefix}"
    return words


def _remaining(progress: BatchProgress, now: datetime) -> str:
    if progress.remaining_s is None:
        return "time left not known yet"
    seconds = int(max(progress.remaining_s - (now - progress.at).total_seconds(), 0))
    if seconds < 60:
        return f"{seconds} s left"
    return f"{seconds // 60} min left" if seconds < 7200 else f"{seconds // 3600} h left"


def _rulings(view: BatchView, width: int) -> list[Line]:
    """Return the one ruling each way: imported, or not yet."""
    if view.mode is Mode.DRYRUN:
        return []
    known = dict(ruling.split(" ", 1) for ruling in view.rulings)
    kinds = ("SG_1", "SG_2")
    words = ", ".join(f"{kind} {known[kind][:16]} imported" if kind in known else f"{kind} none yet" for kind in kinds)
    return hanging((Span("rulings  ", "muted"),), words, width)


MOVES: dict[str, BatchMove] = {
    "batch_go_on": BatchMove.RESUME,
    "batch_without": BatchMove.SET_ASIDE,
    "batch_arm": BatchMove.ARM,
    "batch_enact": BatchMove.ENACT,
    "batch_report": BatchMove.REPORT,
}
"""Moves by the name of their action; the one that drafts is for two of them."""


def moves_of(action: Action) -> frozenset[BatchMove]:
    """Return the moves that an action makes; none for an action that is no move."""
    if action.name == "batch_draft":
        return frozenset({BatchMove.DRAFT_SG_1, BatchMove.DRAFT_SG_2})
    return frozenset({MOVES[action.name]} if action.name in MOVES else ())


_THEN = {
    BatchMove.DRAFT_SG_1: "then it is signed, and imported: <approvals>, then <import_statement>",
    BatchMove.DRAFT_SG_2: "then it is signed, and imported: <approvals>, then <import_statement>",
    BatchMove.REPORT: "nothing else is left to do",
}


def _next(
    view: BatchView,
    actions: tuple[Action, ...],
    full: Callable[[str], str],
    width: int,
    switch: SwitchView | None,
) -> list[Line]:
    if not view.moves:
        wait = told("wait until it has ended; <panic> stops everything")
        return hanging((Span("Next     ", "muted"),), wait, width)
    if view.bar is not None:
        return hanging((Span("Next     ", "muted"),), safe_text(full(str(view.bar.next_action))), width)
    move = view.moves[0]
    making = tuple(action for action in actions if move in moves_of(action))
    is_signed = view.leads_to_ruling != ""
    key = told("<approvals>, then <import_statement>") if is_signed and making else ""
    key = key or next((key_name(action.keys[0]) for action in making), "")
    command = full(view.next_command)
    then = f"; {told(_THEN[move])}" if move in _THEN and not is_signed else ""
    words = f"{keys_or(key, safe_text(command))}{then}"
    waits = (after_hold(),) if split_by_hold(making, switch)[1] else ()
    return labelled("Next", words, width, column=9, begins=waits)


def _allowed(view: BatchView, actions: tuple[Action, ...], switch: SwitchView | None) -> list[Line]:
    """Return the legal moves with their keys, those that a HOLD refuses apart; on a narrow screen the footer alone has the first."""
    legal = [action for action in actions if moves_of(action) & set(view.moves)]
    free, waiting = split_by_hold(legal, switch)
    labelled = ((Span("allowed  ", "muted"), free), (Span("after the HOLD  ", "bad"), waiting))
    return [(label, *keys_and_words(some)) for label, some in labelled if some]


_STAGES: dict[Stage, tuple[str, Tone]] = {
    Stage.CUTPLAN_OK: ("planned", "plain"),
    Stage.AWAITING_CUT_AUTHORIZATION: ("waits for the cut", "plain"),
    Stage.AWAITING_LIFECYCLE_AUTHORIZATION: ("drafts, verified", "plain"),
    Stage.LIFECYCLE_ENACTED: ("law, to be closed", "good"),
    Stage.CLOSEOUT_REPORTED: ("law", "good"),
    **dict.fromkeys((Stage.CREATED, Stage.SOURCE_PINNED, Stage.MARKED), ("being planned", "accent")),
    **dict.fromkeys((Stage.PRE_WRITE_BACKUP_TAKEN, Stage.GRANTS_PROBED), ("being prepared", "accent")),
    **dict.fromkeys(
        (Stage.CUT_LEG_A_COMMITTED, Stage.STRUCTURAL_VERIFIED, Stage.LEG_B_RECORDED, Stage.WRITE_VERIFIED),
        ("cut, to be verified", "accent"),
    ),
}


def member_words(member: MemberView, mode: Mode) -> tuple[str, Tone]:
    """Return where a document of a batch stands, in few words."""
    if member.set_aside:
        return "SET ASIDE", "warn"
    if member.stage is None:
        return "not started", "muted"
    if member.family is not Family.ACTIVE:
        return str(member.state), "bad"
    if mode is Mode.DRYRUN:
        passed = member.stage is Stage.CLOSEOUT_REPORTED
        return ("dry run passed", "good") if passed else ("dry run", "accent")
    if member.stage in ENACTED_STAGES and not counts_now(member.became):
        return str(member.became or "enacted"), "plain"
    return _STAGES[member.stage]


def member_rows(view: BatchView, *, wide: bool) -> tuple[Row, ...]:
    """Return the documents in their order: position, prefix, units, state and the reason where one was set aside."""
    longest = max((cell_len(member.docprefix) for member in view.members), default=0)
    digits = max((len(count(member.n_units or 0)) for member in view.members), default=1)
    return tuple(
        Row(
            _member_row(member, view.mode, longest, digits, wide=wide),
            member.run_id or str(member.position),
            _member_alarm(member),
            f"{member.run_id} {member.state} {member.in_words} {member.name}",
            (
                ("document", member.docprefix),
                ("state", f"{member_words(member, view.mode)[0]} {member.state} {member.in_words}"),
            ),
        )
        for member in view.members
    )


def _member_alarm(member: MemberView) -> str:
    if member.set_aside:
        return "SET ASIDE"
    if member.family in {None, Family.ACTIVE}:
        return ""
    return Outcome.FAIL.value if member.family is Family.FAILED else str(member.family.value).upper()


def _member_row(member: MemberView, mode: Mode, longest: int, digits: int, *, wide: bool) -> Line:
    words, tone = member_words(member, mode)
    units = "-" if member.n_units is None else count(member.n_units)
    spans = [
        Span(f"{member.position:>4}  ", "muted"),
        Span(f"{set_cell_size(member.docprefix, longest)}  "),
        Span(f"{units:>{digits}}  ", "muted"),
        Span(words, tone),
    ]
    if member.set_aside:
        spans.append(Span(f": {member.set_aside}", "warn"))
    spans.append(Span(f"  {member.name}", "muted"))
    if wide and member.plan_digest:
        spans.append(Span(f"  plan {member.plan_digest[:16]}", "muted"))
    return tuple(spans)


def member_detail(member: MemberView, view: BatchView, full: Callable[[str], str], width: int) -> list[Line]:
    """Return one document: where it stands and why, its run and plan, and the command that shows it."""
    words, tone = member_words(member, view.mode)
    lines = hanging((Span("reason   ", "muted"),), str(member.set_aside), width, "warn") if member.set_aside else []
    lines += hanging((Span("state    ", "muted"),), words, width, tone)
    lines += hanging((Span("file     ", "muted"),), str(member.name), width)
    if member.stage is None:
        return [*lines, *hanging((), "No run was started for it.", width, "muted")]
    lines += hanging((Span("run      ", "muted"),), member.run_id, width)
    lines += hanging((Span("stage    ", "muted"),), member.in_words, width)
    lines += hanging((Span("plan     ", "muted"),), member.plan_digest or "no digest yet", width)
    shown = full(f"cutter-console run show {member.run_id}")
    return [*lines, line(""), *hanging((Span(keys_or("Enter", ""), "muted"),), safe_text(shown), width)]


def has_reason(member: MemberView) -> bool:
    """Return whether there is more to say of a document than its row has room for."""
    return bool(member.set_aside) or member.family not in {None, Family.ACTIVE}


# A planned folder


def plan_title(plan: BatchPlan) -> str:
    """Return the numbers of a planned folder."""
    refused = f", {plan.n_refused:,} REFUSED" if plan.n_refused else ""
    return f"Planned: {plural(plan.n_planned, 'document')}{refused}"


def plan_head(source: BatchSource, plan: BatchPlan, full: Callable[[str], str], width: int) -> list[Line]:
    """Return source, numbers and digest of a planned folder, and what can be done with it."""
    where = f"{safe_text(str(source.path))}, profile {safe_text(source.profile)}"
    took = f"{plural(plan.n_units, 'unit')}, planned in {plan.seconds:.1f} s by {plural(plan.workers, 'worker')}"
    lines = [
        *hanging((Span("from     ", "muted"),), where, width),
        *hanging((Span("units    ", "muted"),), took, width),
        *hanging((Span("digest   ", "muted"),), plan.digest, width),
    ]
    if plan.n_refused:
        words = f"correct them, then {key_of('batch_plan')}; or without them: {full(start_command(source))} --on-failure set-aside"
        return [*lines, *hanging((Span("Next     ", "muted"),), words, width, "strong")]
    words = (
        f"{key_of('batch_dry')} dry run of each, then {key_of('batch_live')} LIVE; or: {full(start_command(source))}"
    )
    return [*lines, *hanging((Span("Next     ", "muted"),), words, width)]


def start_command(source: BatchSource) -> str:
    """Return the command that starts dry runs of this source."""
    import shlex

    ordinals = " --ordinals" if source.ordinals else ""
    profile = shlex.quote(source.profile)
    return safe_text(f"cutter-console batch start {shlex.quote(str(source.path))} --profile {profile}{ordinals}")


def planned_rows(plan: BatchPlan) -> tuple[Row, ...]:
    """Return the documents of a planned folder, in their order, each with its units or the reason why it is refused."""
    longest = max((cell_len(document.docprefix) for document in plan.documents), default=0)
    return tuple(
        Row(
            _planned_row(document, longest),
            str(document.position),
            "REFUSED" if document.outcome is not Outcome.PASS else "",
            columns=(("document", document.docprefix), ("state", "planned" if not document.detail else "refused")),
        )
        for document in plan.documents
    )


def _planned_row(document: PlannedDocument, longest: int) -> Line:
    spans = [
        Span(f"{document.position:>4}  ", "muted"),
        Span(f"{set_cell_size(document.docprefix, longest)}  "),
    ]
    if document.outcome is not Outcome.PASS:
        return (*spans, Span("REFUSED ", "bad"), Span(f"{document.detail}  "), Span(str(document.name), "muted"))
    suspects = Span(f"{plural(document.n_suspects, 'suspect')}  " if document.n_suspects else "", "warn")
    return (*spans, Span(f"{plural(document.n_units, 'unit')}  "), suspects, Span(str(document.name), "muted"))


def planned_detail(document: PlannedDocument, width: int) -> list[Line]:
    """Return one planned document."""
    lines = hanging((Span("file     ", "muted"),), str(document.name), width)
    if document.detail:
        lines += hanging((Span("REFUSED  ", "bad"),), str(document.detail), width)
    lines += hanging((Span("profile  ", "muted"),), document.profile, width)
    lines += hanging((Span("units    ", "muted"),), count(document.n_units), width)
    return [*lines, *hanging((Span("plan     ", "muted"),), document.plan_digest or "none", width)]


# Notices


def came_to(view: BatchView) -> str:
    """Return the result of a step in a sentence, with the next step."""
    documents, units = (
        plural(len(view.members) - len(view.set_aside), "document"),
        plural(view.n_units_done + view.n_units_open, "unit"),
    )
    aside = f" {plural(len(view.set_aside), 'document')} set aside." if view.set_aside else ""
    match view.moves[:1]:
        case (BatchMove.DRAFT_SG_1,):
            return f"{documents}, {units} planned and backed up.{aside} Next: SG_1, the ruling to cut ({key_of('batch')}, then {key_of('batch_draft')})."
        case (BatchMove.DRAFT_SG_2,):
            return f"{documents}, {units} written as drafts and verified.{aside} Next: SG_2, the ruling to enact ({key_of('batch')}, then {key_of('batch_draft')})."
        case (BatchMove.REPORT,) if view.mode is Mode.DRYRUN:
            return f"The dry runs of {documents} passed: {units} planned, nothing written.{aside}"
        case (BatchMove.REPORT,) if view.n_done and view.is_over:
            return f"{units} of {documents} are {'law' if view.is_law else 'enacted'}.{aside}"
        case _:
            return f"{view.batch_id}: {view.in_words}.{aside}"


def written_by_batch(view: BatchView) -> str:
    """Return in a sentence what the batch has written."""
    enacted = [member for member in view.members if member.stage in ENACTED_STAGES]
    law, word = len(enacted), "law" if all(counts_now(member.became) for member in enacted) else "enacted"
    drafts = sum(member.stage in DRAFT_STAGES and member.family is not Family.REVERTED for member in view.members)
    rest = len(view.members) - law - drafts
    return (
        f"Of the {plural(len(view.members), 'document')} of {view.batch_id}, {law:,} are {word}, {drafts:,} are drafts, "
        f"and {rest:,} have written nothing. None is half done."
    )


def report_done(written: ReportView) -> str:
    """Return the directory of the report, and whether anything changed."""
    were_there = ", the same bytes as before" if written.unchanged else ""
    return f"Report of the batch{were_there}: {written.directory}"
