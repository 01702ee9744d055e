"""The texts of Documents: pure functions of the backend's answers."""

from collections import Counter
from itertools import accumulate

from console.actions.keys_in_force import key_of, told
from console.backend.model.plan import Acceptance, DocumentPlan, DroppedSpan, Problem, omissions_in_words
from console.backend.model.states import state_in_words
from console.backend.model.suspect_groups import SuspectGroup, grouped
from console.backend.model.view_models import IntakeView, PlanView, RunRequest, TitlePart
from console.widgets.formatting import count, in_column, plural, shortened, size
from console.widgets.line import Line, Span, line
from console.widgets.narrowing import Row

_TELLING = ("number", "title", "place and date")
"""Parts of a law's title that tell which law it is; they come first, as there is room for one line."""
UNREAD = "NOT KNOWN"
"""The state of a document of which the database did not say what it has."""
_PART_WIDTH = 36
_MOST_OF_NAMES = 240
"""Letters of the names of profiles that the form shows: with them 24 rows of 80 columns have room for all its fields and
for some documents. A name has up to 40, and 24 such names pushed a field off the screen."""


def label(word: str) -> Line:
    """Return the name of a field."""
    return line(Span(f"{word:<10}", "muted"))


def intake_rows(views: tuple[IntakeView, ...]) -> tuple[Row, ...]:
    """Return a row for each document; one that is refused is told also where a filter hides it."""
    return tuple(
        Row(
            intake_row(view),
            view.origin,
            "REFUSED" if view.refused else "",
            f"{view.name} {view.origin}",
            (
                ("document", view.docprefix),
                ("profile", view.profile),
                ("state", "refused" if view.refused else _in_a_word(view)),
            ),
        )
        for view in views
    )


def intake_row(view: IntakeView) -> Line:
    """Return a document, or the reason why it cannot be planned."""
    bytes_ = "" if view.bytes is None else size(view.bytes)
    name = f"{in_column(view.name, 34)} {bytes_:>9}  "
    if view.refused:
        return line(Span(name, "muted"), Span("REFUSED  ", "bad"), str(view.refused))
    kind = "live text" if view.origin.startswith("live:") else "file"
    registered = f"{view.docprefix} {view.profile}".strip()
    if view.standing is None and not view.docprefix:
        # What the registry has of it was not read: it need not be new.
        return line(name, Span(f"{kind:<10}", "muted"), Span("NOT KNOWN  ", "warn"), Span(view.profile, "muted"))
    return line(
        name,
        Span(f"{kind:<10}", "muted"),
        Span(registered or told("new: <edit_form> names it"), "plain" if registered else "muted"),
    )


def state(view: IntakeView) -> str:
    """Return what became of a document: what is in force of it, its drafts, its last run."""
    if view.refused:
        return ""
    if view.standing is None:
        return f"{UNREAD}: what became of it"
    if not view.standing:
        return "new: no run has registered it"
    # What decides comes first: at 80 columns the end is cut off.
    last_run = (
        f"; last run {view.last_run_became or state_in_words(view.last_run_state)}: {view.last_run}"
        if view.last_run
        else ""
    )
    return f"{view.standing}{last_run}"


def _in_a_word(view: IntakeView) -> str:
    """Return the state as a filter finds it."""
    return UNREAD if view.standing is None else view.standing or "new"


def form_hint(profiles: tuple[str, ...]) -> list[Line]:
    """Return how to go on from the list, and which profiles there are."""
    shown = [name for name, end in zip(profiles, accumulate(map(len, profiles)), strict=True) if end <= _MOST_OF_NAMES]
    more = len(profiles) - len(shown)
    names = ", ".join(shown) + (f" and {more} more: cutter-console profile list" if more else "")
    return [
        line(
            Span(told("Enter or <plan>"), "accent"),
            " plans the chosen document; ",
            Span(key_of("edit_form"), "accent"),
            " changes how it is read.",
        ),
        line(Span("profiles  ", "muted"), names or "none"),
    ]


def planning(view: IntakeView) -> Line:
    """Return the text shown while the plan is made."""
    return line(Span(f"Planning {view.name} ...", "accent"))


def plan_head(request: RunRequest, view: PlanView, *, wide: bool) -> list[Line]:
    """Return the plan in short: units, histogram, coverage, digest; or that it is refused."""
    options = f"{', ordinals' if request.ordinals else ''}{', with its .accept.toml' if request.accept else ''}"
    own = f" (your own, sha256 {shortened(request.profile_sha256, 9)})" if request.profile_sha256 else ""
    identity = f"{request.docprefix}  {request.origin}  {request.profile}{own}{options}"
    if view.document is None:
        return [
            line(Span(identity, "strong")),
            line(Span("REFUSED ", "bad"), f"{plural(len(view.problems), 'problem')}; there is no plan."),
        ]
    document = view.document
    verdict = (
        line(Span("REFUSED ", "bad"), f"{plural(len(view.problems), 'problem')}. ")
        if view.problems
        else line(
            Span("PLANNED ", "good"),
            f"{plural(len(document.units), 'unit')}: {histogram(document)}  ",
            *_suspects_in_short(document),
        )
    )
    return [
        line(Span(identity, "strong")),
        verdict,
        line(
            Span("coverage ", "muted"),
            coverage(document),
            Span("  digest ", "muted"),
            view.plan_digest if wide else shortened(view.plan_digest, 17),
        ),
        *(
            [line(Span("not in the text ", "muted"), omissions_in_words(document.omissions))]
            if document.omissions
            else []
        ),
        *([_title_in_short(view.title)] if view.title else []),
    ]


def _title_in_short(parts: tuple[TitlePart, ...]) -> Line:
    ordered = [part for name in _TELLING for part in parts if part.name == name]
    ordered += [part for part in parts if part.name not in _TELLING]
    named = ((Span(f"{part.name} ", "muted"), f"{shortened(part.text, _PART_WIDTH)}  ") for part in ordered)
    return line(*(piece for pair in named for piece in pair))


def _suspects_in_short(document: DocumentPlan) -> list[Span]:
    accepted = [Span(f"  {count(len(document.acceptances))} accepted", "warn")] if document.acceptances else []
    if document.dropped:
        accepted.append(Span(f"  {count(len(document.dropped))} dropped", "warn"))
    if not document.suspects:
        return [Span("no suspects", "muted"), *accepted]
    places = len(grouped(document.suspects))
    folded = f" in {plural(places, 'place')}" if places < len(document.suspects) else ""
    return [Span(f"{plural(len(document.suspects), 'suspect')}{folded} ({key_of('next_suspect')})", "warn"), *accepted]


def histogram(document: DocumentPlan) -> str:
    """Return counts such as `42 article, 15 principle, 3 section`, the most frequent first."""
    counted = Counter(unit.section_type for unit in document.units)
    return ", ".join(f"{count(n)} {kind}" for kind, n in counted.most_common())


def coverage(document: DocumentPlan) -> str:
    """Return the share of the text that is in units, and whether all bytes are accounted for."""
    cover = document.coverage
    total = max(cover.unit_bytes + cover.other_bytes, 1)
    share = 100 * cover.unit_bytes / total
    return f"{share:.1f} % in units, {'LOSSLESS' if cover.lossless else 'NOT LOSSLESS'}"


def how_to_correct(view: PlanView) -> str:
    """Return what to do about the problems: those of the form are not in the text."""
    if view.problems and all(problem.code == "DOCPREFIX_INVALID" for problem in view.problems):
        return "Correct the prefix: <edit_form>"
    return "Press <next_problem> to see each problem. Correct the text, then <pick> and <plan>"


def problems_title(problems: tuple[Problem, ...]) -> str:
    """Return the number of problems, and the keys."""
    return f"{plural(len(problems), 'problem')} ({key_of('next_problem')} next, {key_of('previous_problem')} previous)"


def notes_title(notes: tuple[SuspectGroup | Acceptance | DroppedSpan, ...]) -> str:
    """Return the number of suspects by reason, those of accepted findings and dropped spans, and the keys."""
    groups = [entry for entry in notes if isinstance(entry, SuspectGroup)]
    reasons = Counter(suspect.reason.value for group in groups for suspect in group.suspects)
    counted = ", ".join(f"{count(n)} {reason}" for reason, n in reasons.most_common())
    n_accepted = sum(isinstance(entry, Acceptance) for entry in notes)
    n_dropped = len(notes) - len(groups) - n_accepted
    accepted = f", {count(n_accepted)} accepted" if n_accepted else ""
    accepted += f", {count(n_dropped)} dropped" if n_dropped else ""
    return f"{plural(reasons.total(), 'suspect')}{accepted} ({key_of('next_suspect')} next, {key_of('previous_suspect')} previous){': ' if counted else ''}{counted}"


def entry_rows(
    problems: tuple[Problem, ...], notes: tuple[SuspectGroup | Acceptance | DroppedSpan, ...]
) -> tuple[Row, ...]:
    """Return a row for each problem or, of a plan without any, for what it tells; suspects are counted where they are hidden."""
    if problems:
        return tuple(Row(problem_row(problem), str(i), "problems") for i, problem in enumerate(problems))
    return tuple(
        Row(note_row(note), str(i), "suspects" if isinstance(note, SuspectGroup) else "")
        for i, note in enumerate(notes)
    )


def note_row(note: SuspectGroup | Acceptance | DroppedSpan) -> Line:
    """Return suspects, an accepted finding or a dropped span by its line."""
    if isinstance(note, DroppedSpan):
        return _dropped_row(note)
    return _suspects_row(note) if isinstance(note, SuspectGroup) else _acceptance_row(note)


def _acceptance_row(accepted: Acceptance) -> Line:
    stated = accepted.suffix or accepted.read_as
    return line(
        Span(f"line {accepted.line:<7}", "accent"),
        Span(f"{accepted.code} accepted  ", "warn"),
        f"{stated}{': ' if stated else ''}{accepted.reason}",
    )


def _dropped_row(span: DroppedSpan) -> Line:
    return line(
        Span(f"line {span.line:<7}", "accent"),
        Span(f"{span.rule.value:<14}", "warn"),
        f"{shortened(' '.join(span.text.split()), 48)}  ",
        Span(f"{size(span.byte_end - span.byte_start)} sha256 {span.sha256[:16]} in {span.within}", "muted"),
    )


def _suspects_row(group: SuspectGroup) -> Line:
    number = f"{plural(len(group.suspects), 'line')} " if len(group.suspects) > 1 else ""
    return line(
        Span(f"line {group.lines:<7}", "accent"),
        Span(f"{group.first.reason.value:<16}", "warn"),
        f"{shortened(group.first.text, 48)}  ",
        Span(f"{number}in {group.first.swallowed_by}", "muted"),
    )


def problem_row(problem: Problem) -> Line:
    """Return line, code and message of a problem; one of the document as a whole has no line."""
    place = f"line {problem.line}" if problem.line else "document"
    return line(Span(f"{place:<12}", "accent"), Span(f"{problem.code}  ", "bad"), str(problem.message))


def problem_whole(problem: Problem) -> Line:
    """Return the message of the chosen problem, for where it has the room that its row lacks."""
    place = f"line {problem.line}: " if problem.line else ""
    return line(Span(place, "accent"), str(problem.message))


def notes_of(view: PlanView) -> tuple[SuspectGroup | Acceptance | DroppedSpan, ...]:
    """Return the suspects and accepted findings of a plan, in the order of their lines; behind them what is dropped."""
    if view.document is None:
        return ()
    by_line: list[SuspectGroup | Acceptance] = [*view.document.acceptances, *grouped(view.document.suspects)]
    by_line.sort(key=lambda note: note.line)
    return (*by_line, *view.document.dropped)


def entries_of(view: PlanView) -> tuple[Problem | SuspectGroup | Acceptance | DroppedSpan, ...]:
    """Return what the list below the plan shows: its problems or, of a plan without any, what it tells."""
    return view.problems or notes_of(view)
