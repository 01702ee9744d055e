"""Documents: pick one, plan it, read the plan as a tree beside its text, start a run."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.model.amendment import Moved
from console.backend.model.amendment_report import AmendmentReport
from console.backend.model.errors import CutterError, StopCode
from console.backend.model.plan import Problem
from console.backend.model.profile_names import DEFAULT_PROFILE
from console.backend.model.repeal import repeal_origin
from console.backend.model.states import Mode
from console.backend.model.view_models import IntakeView, PlanView, RunRequest, RunView
from console.screens import documents_text as words
from console.screens.asked_in_turn import AskedInTurn
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.law_text import address_of, pair_of
from console.screens.law_text import head as law_head
from console.screens.law_view import LawView
from console.screens.operation import Operation
from console.screens.planned import Answer, Compared, Planned, compared, plan_of
from console.screens.run_text import came_to
from console.screens.start_live import StartLiveDialog
from console.screens.start_repeal import StartRepealDialog
from console.widgets.border import set_lower
from console.widgets.field import Field
from console.widgets.list_rows import ListRows
from console.widgets.narrowing import Narrowed
from console.widgets.notice import refused
from console.widgets.panel import Lines
from console.widgets.rows import Rows
from console.widgets.source_view import SourceView
from console.widgets.unit_tree import UnitTree
from console.widgets.yes_no import YesNo

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import OnProgress, Status

_EMPTY = "The intake folder is empty. Put a Markdown or text file there, then press <refresh>."


class DocumentsScreen(ConsoleScreen):
    """A screen with two faces: the list with its form, and the plan."""

    CSS_PATH = ["rows.tcss", "documents.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.DOCUMENTS
    TITLE_WORD: ClassVar[str] = "Documents"
    FIELD_KEYS: ClassVar = (("Enter", "plan"), ("Tab", "next field"), ("Esc", "leave the field"))
    HELP_TEXT: ClassVar[str] = (
        "Enter plans the chosen document. The form sets the prefix of its addresses, the profile that reads "
        "its headings, and ordinals for repeated headings. Planning writes nothing.\n\n"
        "A plan is shown as a tree beside the text.\n"
        "An ambiguous document is refused; <next_problem> and <previous_problem> go through its problems.\n"
        "A line that reads like the beginning of a unit and opens none is a suspect; <next_suspect> and "
        "<previous_suspect> go through them, and their number is part of what is signed. The lines of one "
        "quotation or annex stand in one row.\n"
        "What the enacted text itself does is accepted in a file beside the document: its name, then "
        ".accept.toml.\n"
        "Page furniture and footnotes that a profile's rules are certain about are in no unit; they are "
        "listed behind the suspects, with their bytes and sha256.\n\n"
        "A plan of a document that is law is compared with it: <compare> shows each unit that it changes, "
        "what is new and what is gone; Enter there goes to the unit's line. A run of such a plan is an "
        "amendment.\n"
        "A probable renumbering is shown, never assumed; <state_moved> states it, and the unit goes on under "
        "its new address.\n\n"
        "<repeal> repeals a document as a whole: it asks, and no text comes after it under its prefix."
    )

    def __init__(self) -> None:
        super().__init__()
        self.planned: Planned | None = None
        self._intake: tuple[IntakeView, ...] = ()
        self._profiles: tuple[str, ...] = ()
        self._problem = -1
        self._in_form = ("", "", "")
        """The document that the form was filled for, with the prefix and the profile that it was filled with."""
        self._comparing = AskedInTurn(self, self._compare)
        self.law: AmendmentReport | CutterError | Answer = Answer.AWAITED
        self._shows_law = False
        self._moved: tuple[Moved, ...] = ()
        """Renumberings that are stated for this plan."""
        self._last_moved: Moved | None = None
        """The one that was stated or taken back last; its row gets the cursor."""

    def body(self) -> ComposeResult:
        """Compose the list with its form, and the plan."""
        with Vertical(id="pick"):
            yield ListRows("Documents", empty="Reading the intake folder ...", id="intake")
            with Vertical(id="form"):
                yield Lines(id="form-hint")
                with Horizontal(classes="field"):
                    yield Lines(id="label-docprefix", classes="label")
                    yield Field(id="docprefix", placeholder="A-Z 0-9 -, 3 to 32", compact=True)
                with Horizontal(classes="field"):
                    yield Lines(id="label-profile", classes="label")
                    yield Field(id="profile", placeholder=DEFAULT_PROFILE, compact=True)
                with Horizontal(classes="field"):
                    yield Lines(id="label-ordinals", classes="label")
                    yield YesNo("repeated headings are numbered", "repeated headings are refused", id="ordinals")
        with Vertical(id="plan"):
            yield Lines(id="plan-head")
            with Horizontal(id="plan-body"):
                yield UnitTree("Units", id="tree")
                yield SourceView("Text", id="text")
            yield LawView(id="law")
            yield Lines(id="problem")
            yield ListRows("Problems", empty="No problems.", id="problems")

    def opened(self) -> None:
        """Start with the list."""
        super().opened()
        for name, label in (("docprefix", "prefix"), ("profile", "profile"), ("ordinals", "ordinals")):
            self.query_one(f"#label-{name}", Lines).show([words.label(label)])
        self.query_one("#form").border_title = "How to read it"
        self._show_face()
        self.query_one("#intake").focus()

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self.query_one("#intake", Rows).say_empty("NOT KNOWN: the intake folder could not be read.")
        self._retitle()

    def _retitle(self) -> None:
        self.query_one("#intake", Rows).retitle(f"Documents{self.age_of_list()}")

    def show_status(self, status: "Status") -> None:
        """Draw the age again; after a move read again: live documents come from the database, and what is law may have changed."""
        self._retitle()
        self.reread_if_moved(status)

    def reread(self) -> None:
        """Read the list again, and compare a plan again; what is chosen and typed stays."""
        self.measure_again()

    def reload(self) -> None:
        """Read the list and the profiles."""
        self.ask_in_turn("Reading the intake folder", lambda b: (b.intake(), b.profiles()), self._loaded)

    def on_screen_resume(self) -> None:
        """Compare a plan again: it may be law by now. Textual calls the handler of the base, which reads the list, after this one."""
        self._comparing.ask()

    def measure_again(self) -> None:
        """Compare a plan again too: what is law can have changed."""
        super().measure_again()
        self._comparing.ask()

    def _loaded(self, answer: tuple[tuple[IntakeView, ...], tuple[str, ...]]) -> None:
        self._intake, self._profiles = answer
        self._retitle()
        self.query_one("#intake", ListRows).show_rows(words.intake_rows(self._intake), empty=told(_EMPTY))
        self.query_one("#form-hint", Lines).show(words.form_hint(self._profiles))
        self._fill_form()

    @property
    def chosen(self) -> IntakeView | None:
        """The document under the cursor."""
        index = self.query_one("#intake", ListRows).chosen
        return self._intake[index] if index is not None else None

    def _fill_form(self) -> None:
        set_lower(self.query_one("#form"), words.state(self.chosen) if self.chosen is not None else "")
        view, fields = self.chosen, (self.query_one("#docprefix", Input), self.query_one("#profile", Input))
        # While a plan is shown, the form keeps the settings that it was made with.
        if view is None or self.planned is not None:
            return
        before = self._in_form
        is_another = view.origin != before[0]
        if not is_another and tuple(field.value for field in fields) != before[1:]:
            return  # what was typed for this document stays when the list is read again
        profile = view.profile or (self._profiles[0] if self._profiles else "")
        self._in_form = (view.origin, view.docprefix, profile)
        for field, value, filled in zip(fields, self._in_form[1:], before[1:], strict=True):
            if before[0] or field.value == filled:  # and what was typed before there was a list
                field.value = value
        if is_another:
            self.query_one("#ordinals", YesNo).value = False

    @on(Rows.Moved, "#intake")
    def _another_document(self) -> None:
        self._fill_form()

    @on(Rows.Chosen, "#intake")
    def _document_chosen(self) -> None:
        self.action_plan()

    @on(Input.Submitted)
    def _form_done(self) -> None:
        self.action_plan()

    def action_edit_form(self) -> None:
        """Go to the form."""
        self.action_pick()
        self.query_one("#docprefix", Input).focus()

    def action_dismiss_notice(self) -> None:
        """Leave the field of a form too: every other key is text in it, the help key included."""
        if isinstance(self.focused, Input):
            self.query_one("#intake").focus()
        super().action_dismiss_notice()

    def find_target(self) -> Narrowed | None:
        """Search in the text of a plan also from its tree."""
        if self.planned is not None and not self._shows_law and self.focused is not self.query_one("#problems"):
            return self.query_one(SourceView)
        return super().find_target()

    def copied(self) -> Copied | None:
        """Copy the name of the chosen document, or the address of the chosen unit of a plan."""
        if self.planned is None and self.chosen is not None:
            return Copied("the name of the document", str(self.chosen.name))
        entry = self.query_one(LawView).chosen if self._shows_law else None
        address = address_of(entry) if entry is not None else self._address_in_tree()
        return Copied(f"the address {address}", address) if address else super().copied()

    def _address_in_tree(self) -> str:
        """Return the address of the chosen unit while the tree has the focus."""
        tree = self.query_one(UnitTree)
        index, document = tree.unit_index, self.planned.view.document if self.planned is not None else None
        is_chosen = document is not None and index is not None and self.focused is tree
        return document.units[index].address if is_chosen and document is not None and index is not None else ""

    @property
    def has_step_back(self) -> bool:
        """True while the difference from what is law is shown; a plan is left by its own key, because it is not kept."""
        return self._shows_law

    def go_back(self) -> bool:
        """Go back from the difference to the plan."""
        if not self.has_step_back:
            return False
        self._turn(to_law=False)
        return True

    def action_pick(self) -> None:
        """Go back to the list."""
        self.planned, self._shows_law = None, False
        self._show_face()
        self.query_one("#intake").focus()

    def _show_face(self) -> None:
        self.query_one("#pick").display = self.planned is None
        self.query_one("#plan").display = self.planned is not None
        self.query_one("#law").display = self._shows_law
        self.query_one("#plan-body").display = not self._shows_law
        self._show_list()
        self.draw_frame()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions of planning, or of starting once there is a plan."""
        names = (
            {"plan", "edit_form", "repeal"}
            if self.planned is None
            else {"pick", *self._comparable(), *(self._startable() or {"edit_form"})}
        )
        return tuple(action for action in self.console_actions() if action.name in names)

    def _comparable(self) -> set[str]:
        if not isinstance(self.law, AmendmentReport):
            return set()
        return {"compare", "state_moved"} if self._shows_law else {"compare"}

    def _startable(self) -> set[str]:
        return {"start_dry", "start_live"} if self.planned is not None and not self.planned.view.problems else set()

    def action_plan(self) -> None:
        """Plan the chosen document with the settings of the form."""
        view = self.chosen
        if view is None:
            self.cannot(
                "There is no document to plan.",
                told("Put a Markdown or text file into the intake folder, then press <refresh>"),
            )
            return
        if view.refused:
            self.cannot(
                f"{view.name} cannot be planned: {view.refused}", told("Correct the file, then press <refresh>")
            )
            return
        if not self.query_one("#docprefix", Input).value.strip():
            self.cannot(f"{view.name} has no prefix yet.", "Type the prefix of its addresses, then press Enter")
            self.query_one("#docprefix", Input).focus()
            return
        request = RunRequest(
            origin=view.origin,
            docprefix=self.query_one("#docprefix", Input).value.strip(),
            profile=self.query_one("#profile", Input).value.strip(),
            ordinals=self.query_one("#ordinals", YesNo).value,
        )
        self.query_one("#form-hint", Lines).show([words.planning(view)])
        self.ask_about(f"Planning {view.name}", plan_of(request), self._show_plan, self._not_planned)

    def _not_planned(self) -> None:
        if can_draw(self):
            self.query_one("#form-hint", Lines).show(words.form_hint(self._profiles))

    def _show_plan(self, planned: Planned) -> None:
        self.planned = planned
        self._problem = -1
        self.law, self._shows_law, self._moved = Answer.AWAITED, False, ()
        view = planned.view
        units = view.document.units if view.document is not None else ()
        self._show_face()
        self.query_one("#form-hint", Lines).show(words.form_hint(self._profiles))
        self._draw_head(planned)
        tree = self.query_one(UnitTree)
        tree.load(units, planned.outline)
        tree.display = bool(units)
        lines = [entry.line for entry in words.entries_of(view)]
        self.query_one(SourceView).load(view.text, planned.outline, frozenset(lines))
        self._show_problems(view)
        (tree if units else self.query_one(SourceView)).focus()
        if view.problems:
            self.action_next_problem()
        else:
            self._comparing.ask()

    async def _compare(self) -> None:
        if self.planned is not None and not self.planned.view.problems:
            question = compared(self.planned, self._moved)
            await self._ask("Comparing with what is law", question, self._compared, lambda: None)

    def _draw_head(self, planned: Planned) -> None:
        lines = words.plan_head(planned.request, planned.view, wide=self.has_class("-wide"))
        if isinstance(self.law, AmendmentReport):
            lines.insert(2, law_head(self.law))
        self.query_one("#plan-head", Lines).show(lines)

    def _compared(self, answer: Compared) -> None:
        planned, moved, law = answer
        # Another document may have been planned since, or another renumbering stated.
        if planned is not self.planned or moved != self._moved or law == self.law:
            return
        if isinstance(law, CutterError) and law.code is StopCode.UNREACHABLE and self.law is not Answer.AWAITED:
            return  # It was asked again by itself: what was read stays, and the bar says that nothing can be measured.
        if isinstance(law, CutterError) and moved:
            self.console.give_notice(refused("Stating a renumbering", law))
            self._moved = ()
            self._comparing.ask()
            return
        self.law = law
        self._draw_head(planned)
        if self._shows_law:
            self._turn(to_law=isinstance(law, AmendmentReport), at=self._last_moved)
        self._last_moved = None
        self.draw_frame()

    def action_compare(self) -> None:
        """Show the difference from what is law, or go back to the plan."""
        if self.planned is None or self.planned.view.problems:
            self.cannot("There is no plan to compare with what is law.", told("Choose a document, then press <plan>"))
        elif self.law is Answer.AWAITED:
            self.cannot("The plan is being compared with what is law.", told("Press <compare> again in a moment"))
        elif isinstance(self.law, CutterError):
            self.console.give_notice(refused("Comparing with what is law", self.law))
        elif isinstance(self.law, AmendmentReport):
            self._turn(to_law=not self._shows_law)
        else:
            self.cannot(
                f"Nothing of {self.planned.request.docprefix} is law: there is nothing to compare the plan with.",
                told("Press <start_dry> or <start_live> to start a first cut"),
            )

    def action_state_moved(self) -> None:
        """State the probable renumbering under the cursor, or take a stated one back, and compare again."""
        entry = self.query_one(LawView).chosen if self._shows_law else None
        pair = pair_of(entry) if entry is not None else None
        if self.planned is None or pair is None:
            self.cannot(
                "No renumbering is chosen.",
                told("Press <compare>, go to a row that says renumbered?, then <state_moved>"),
            )
        elif self.law is Answer.AWAITED:
            self.cannot("The plan is being compared with what is law.", told("Press <state_moved> again in a moment"))
        else:
            stated = tuple(other for other in self._moved if other != pair)
            self._moved = stated if pair in self._moved else (*stated, pair)
            self._last_moved, self.law = pair, Answer.AWAITED
            self._comparing.ask()

    def _turn(self, *, to_law: bool, at: Moved | None = None) -> None:
        self._shows_law = to_law
        self._show_face()
        if to_law and isinstance(self.law, AmendmentReport):
            self.query_one(LawView).load(self.law, at)
        else:
            self.query_one(UnitTree).focus()

    @on(LawView.LineChosen)
    def _line_of_the_law_chosen(self, event: LawView.LineChosen) -> None:
        self._turn(to_law=False)
        self.query_one(SourceView).show_line(event.number)
        self._text_moved()

    def _show_list(self) -> None:
        has_entries = self.planned is not None and bool(words.entries_of(self.planned.view))
        self.query_one("#problems", Rows).display = has_entries and not self._shows_law
        has_problems = self.planned is not None and bool(self.planned.view.problems)
        self.query_one("#problem", Lines).display = has_problems and not self._shows_law

    def _show_problems(self, view: PlanView) -> None:
        problems = self.query_one("#problems", ListRows)
        problems.narrow("")
        problems.retitle(
            words.problems_title(view.problems) if view.problems else words.notes_title(words.notes_of(view))
        )
        problems.show_rows(words.entry_rows(view.problems, words.notes_of(view)))
        problems.cursor = 0

    @on(Rows.Moved, "#tree")
    def _tree_moved(self) -> None:
        index = self.query_one(UnitTree).unit_index
        if index is not None and self.planned is not None:
            self.query_one(SourceView).show_line(self.planned.outline.starts[index])

    @on(Rows.Moved, "#text")
    def _text_moved(self) -> None:
        if self.planned is None:
            return
        index = self.planned.outline.unit_at_line(self.query_one(SourceView).line_number)
        if index is not None:
            self.query_one(UnitTree).reveal(index)

    @on(Rows.Moved, "#problems")
    def _problem_moved(self) -> None:
        index = self.query_one("#problems", ListRows).chosen
        if index is not None:
            self._go_to_problem(index)

    def action_next_problem(self) -> None:
        """Go to the next problem and its line."""
        self._go_to_problem(self._problem + 1)

    def action_previous_problem(self) -> None:
        """Go to the previous problem and its line."""
        self._go_to_problem(self._problem - 1)

    def action_next_suspect(self) -> None:
        """Go to the next suspect, accepted finding or dropped span, and its line."""
        self._go_to_suspect(self._problem + 1)

    def action_previous_suspect(self) -> None:
        """Go to the previous suspect, accepted finding or dropped span, and its line."""
        self._go_to_suspect(self._problem - 1)

    def _go_to_suspect(self, index: int) -> None:
        if self.planned is None or self.planned.view.problems:
            self.cannot("There is no plan to look for suspects in.", told("Choose a document, then press <plan>"))
        elif not words.notes_of(self.planned.view):
            self.cannot("This plan has no suspects.", "Nothing to do: no other line reads like the beginning of a unit")
        else:
            self._go_to_problem(index)

    def _go_to_problem(self, index: int) -> None:
        entries = words.entries_of(self.planned.view) if self.planned is not None else ()
        if not entries:
            return
        self._problem = max(0, min(index, len(entries) - 1))
        self.query_one("#problems", ListRows).choose(str(self._problem), reveal=True)
        text, entry = self.query_one(SourceView), entries[self._problem]
        if isinstance(entry, Problem):
            self.query_one("#problem", Lines).show([words.problem_whole(entry)])
        text.show_line(entry.line)
        self._text_moved()

    def action_start_dry(self) -> None:
        """Start a dry run of the plan that is shown."""
        if self._may_start() and self.planned is not None:
            self.console.operate(_start(self._request(self.planned, Mode.DRYRUN), self._started))

    def action_start_live(self) -> None:
        """Ask, then start a LIVE run of the plan that is shown."""
        if not self._may_start() or self.planned is None or self.planned.view.document is None:
            return
        request = self._request(self.planned, Mode.LIVE)
        status, law = self.console.status, self.law if isinstance(self.law, AmendmentReport) else None
        dialog = StartLiveDialog(
            request,
            len(self.planned.view.document.units),
            status.target if status is not None else None,
            law,
            self.planned.view.deltas,
        )

        def answered(yes: bool | None) -> None:
            if yes:
                self.console.operate(_start(request, self._started))

        self.console.open_dialog(dialog, answered)

    def action_repeal(self) -> None:
        """Ask, then start a run that repeals the document of the plan that is shown, or of the form."""
        shown = self.planned.request.docprefix if self.planned is not None else ""
        docprefix = shown or self.query_one("#docprefix", Input).value.strip()
        if not docprefix:
            self.cannot(
                "No document is named.", told("Choose one, or type its prefix into the form, then press <repeal>")
            )
            return

        def read(law: AmendmentReport) -> None:
            if self.app.screen is not self:
                self.not_done(f"The repeal of {docprefix}")
                return
            status = self.console.status
            self.console.open_dialog(
                StartRepealDialog(docprefix, law, status.target if status is not None else None), answered
            )

        def answered(mode: Mode | None) -> None:
            if mode is not None:
                request = RunRequest(origin=repeal_origin(docprefix), docprefix=docprefix, mode=mode, repeal=True)
                self.console.operate(_start(request, self._started))

        self.ask_about(f"Reading what is law of {docprefix}", lambda backend: backend.repealed_by_plan(docprefix), read)

    def _request(self, planned: Planned, mode: Mode) -> RunRequest:
        """Return the request of a run: a plan that was compared with what is law amends it."""
        return planned.request.model_copy(
            update={"mode": mode, "amend": isinstance(self.law, AmendmentReport), "moved": self._moved}
        )

    def _may_start(self) -> bool:
        if self.planned is None:
            self.cannot("There is no plan to start a run from.", told("Choose a document, then press <plan>"))
        elif self.planned.view.problems or self.planned.view.document is None:
            self.cannot(
                "The plan has problems: no run can start from it.", told(words.how_to_correct(self.planned.view))
            )
        elif self.law is Answer.AWAITED:
            self.cannot(
                "The plan is being compared with what is law: whether it is a first cut is not known yet.",
                "Press the key again in a moment",
            )
        else:
            return True
        return False

    def _started(self, run: RunView) -> None:
        self.console.show_run(run.run_id)


def _start(request: RunRequest, then: Callable[[RunView], None]) -> Operation[RunView]:
    def call(backend: "Backend", progress: "OnProgress") -> RunView:
        return backend.start(request, progress)

    def done(run: RunView) -> str:
        then(run)
        return came_to(run)

    return Operation(f"Starting a {request.mode.value} run of {request.docprefix}", call, done)
