"""Units: a list of any length by address or word, and one unit with its text, its versions and where they came from."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.keys_in_force import told
from console.backend.model.states import Move, state_in_words
from console.backend.model.unit_search import (
    SearchedBy,
    UnitHit,
    UnitHits,
    UnitQuery,
    UnitVersion,
    UnitView,
    VersionDiff,
)
from console.screens import unit_text as words
from console.screens.base import ConsoleScreen
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.unit_dialogs import SearchDialog
from console.widgets.line import Line
from console.widgets.paged_rows import PagedRows, Side
from console.widgets.panel import Panel
from console.widgets.plain_text import PlainText
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from console.backend.api import Backend
    from console.backend.model.view_models import RunView, Status
    from console.backend.runs.typed_edits import TypedEdit

PAGE = 150
"""Units of one page that is asked for."""
_ABOVE = 70
"""Rows above the cursor that are read again with it."""
Face = Literal["list", "text", "versions"]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A unit that is to be shown, as it is in force at a moment or as it stands."""

    address: str
    as_of: datetime | None


class UnitsScreen(ConsoleScreen):
    """The list beside one unit; below 110 columns, the one or the other."""

    CSS_PATH = ["rows.tcss", "units.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.UNITS
    TITLE_WORD: ClassVar[str] = "Units"
    HELP_TEXT: ClassVar[str] = (
        "Every unit that readers see, in the order of the documents: each before those below it.\n\n"
        "<find> searches for words, in any spelling of their signs, or for the beginning of an address; in "
        "the text of a unit, in that text.\n"
        "Enter opens a unit: text, state, and the run, ruling and report that it came from; <unit_versions> "
        "shows its versions, each with what it changed, Enter on one the text as it was then.\n"
        "<edit_draft> edits a draft: its text is written here, and gets a run and a ruling of its own.\n"
        "Read-only, on a standby and in a database of another layout all of it works that is recorded there."
    )

    def __init__(self) -> None:
        super().__init__()
        self._query = UnitQuery(limit=PAGE)
        self._at = ""
        """The moment as it was typed."""
        self._hits: UnitHits | None = None
        self._reached: dict[Side, tuple[str, str]] = {}
        """Of each end of the list, its unit and how far was looked beyond it, if that was not to a page's end."""
        self._asked = 0
        """Number of searches so far: the answer to an earlier one is dropped."""
        self._face: Face = "list"
        self._unit: UnitView | None = None
        self._wanted: _Wanted | None = None
        self._is_reading = False
        self._marked: int | None = None
        self._diff: VersionDiff | None = None
        self._why_no_diff = ""
        self._unkept: dict[tuple[str, str], TypedEdit] = {}
        """Texts that were typed for drafts and could not be kept beside their run, by run and address."""

    def body(self) -> ComposeResult:
        """Compose the list and the unit."""
        with Container(id="units-screen"):
            yield PagedRows[UnitHit]("Units", self._row, empty="Reading the units ...", id="unit-list")
            with Vertical(id="unit"):
                yield Panel("Unit", id="unit-head")
                yield PlainText("Text", id="unit-text")
                yield Rows("Versions", empty="No version is known.", id="unit-versions")
                yield Panel("Difference", id="unit-diff")

    def _row(self, unit: UnitHit) -> Line:
        return words.row(unit, self._list.row_width)

    @property
    def _list(self) -> PagedRows[UnitHit]:
        return self.query_one("#unit-list", PagedRows)

    @property
    def _is_wide(self) -> bool:
        return self.has_class("-wide")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        for panel in ("#unit-head", "#unit-diff"):
            self.query_one(panel, Panel).can_focus = True
        self._show_face("list")

    # The list

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self._list.say_empty("NOT KNOWN: the units could not be read.")
        self._list.unanswered()
        self._retitle()

    def _retitle(self) -> None:
        looked = words.looked_words(self._looked_to(Side.BEFORE), self._looked_to(Side.BEHIND))
        self._list.retitle(words.list_title(self._query, self._hits, looked) + self.age_of_list())

    def reload(self) -> None:
        """Read the list again around the cursor, and the unit that is shown; or the drafts that are asked for."""
        if wanted := self.console.wanted_drafts:
            self.console.wanted_drafts = ""
            self._at = ""
            self._begin(UnitQuery(document=wanted, lifecycles=("draft",)))
            return
        rows, above = self._list, self._list.cursor - _ABOVE
        begins_there = above < 0 and not rows.has_more(Side.BEFORE)
        after = rows.items[max(above, 0)].address if rows.items and not begins_there else ""
        self._search(after=after, chosen=rows.chosen.address if rows.chosen is not None else "")
        if self._unit is not None:
            self._read_unit(_Wanted(self._unit.address, self._wanted.as_of if self._wanted is not None else None))

    def show_status(self, status: "Status") -> None:
        """Draw the age of the list again; read it after a move, around the cursor, or if it has none to show."""
        self._retitle()
        if self.console.current and status.target is not None and self._hits is None:
            self.reload()
        else:
            self.reread_if_moved(status)

    def _search(self, *, after: str = "", before: str | None = None, chosen: str = "") -> None:
        """Read a page in place of what is shown."""
        self._asked += 1
        number = self._asked
        # From the beginning the meaning of the text is asked for again; any other page has that of what is shown.
        by = SearchedBy.EITHER if not after and before is None else self._meaning
        query = self._query.model_copy(update={"after": after, "before": before, "by": by})

        def read(hits: UnitHits) -> None:
            if number != self._asked:
                return
            self._hits = hits
            rows, is_last = self._list, before is not None
            rows.say_empty(words.nothing(self._query, hits, is_last=is_last))
            index = next((i for i, unit in enumerate(hits.units) if unit.address == chosen), 0)
            rows.begin(
                hits.units,
                before=bool(after) or (is_last and hits.more),
                behind=not is_last and hits.more,
                cursor=len(hits.units) - 1 if is_last else index,
            )
            self._reached = {}
            self._note_reached(Side.BEFORE if is_last else Side.BEHIND, hits)
            self._retitle()
            self._follow()

        self.ask("Reading the units", lambda backend: backend.search_units(query), read)

    @on(PagedRows.Wanted)
    def _page_wanted(self, event: PagedRows.Wanted) -> None:
        rows, side = self._list, event.side
        if side is Side.FIRST:
            self._search()
        elif side is Side.LAST:
            self._search(before="")
        elif rows.items or side in self._reached:
            self._read_page(side, self._beyond(side))

    def _note_reached(self, side: Side, hits: UnitHits) -> None:
        """Keep how far a page was looked for: the next one goes on there and not at the last unit."""
        self._reached.pop(side, None)
        if hits.looked_to:
            self._reached[side] = self._edge(side), hits.looked_to

    def _edge(self, side: Side) -> str:
        items = self._list.items
        return items[-1 if side is Side.BEHIND else 0].address if items else ""

    def _looked_to(self, side: Side) -> str:
        """Return how far was looked beyond this end of the list; empty if to a page's end, or another end was meant."""
        unit, looked_to = self._reached.get(side, ("", ""))
        # A unit that was dropped from the list since stands before what was looked at: then from the list's end.
        return looked_to if unit == self._edge(side) else ""

    def _beyond(self, side: Side) -> str:
        """Return the address that the next page of this side goes on at."""
        return self._looked_to(side) or self._edge(side)

    @property
    def _meaning(self) -> SearchedBy:
        """Meaning of the text of the search, for the pages that go on with what is shown."""
        return self._hits.searched_by if self._hits is not None else SearchedBy.EITHER

    def _read_page(self, side: Side, beside: str) -> None:
        number = self._asked
        bound = {"after": beside, "before": None} if side is Side.BEHIND else {"after": "", "before": beside}
        query = self._query.model_copy(update={**bound, "by": self._meaning})

        def read(hits: UnitHits) -> None:
            if number != self._asked:
                return
            was_empty, self._hits = not self._list.items, hits
            self._list.say_empty(words.nothing(self._query, hits, is_last=side is Side.BEFORE))
            self._list.add(side, hits.units, more=hits.more)
            self._note_reached(side, hits)
            self._retitle()
            if was_empty:
                self._follow()

        self.ask("Reading more units", lambda backend: backend.search_units(query), read)

    @on(Rows.Moved, "#unit-list")
    def _follow(self) -> None:
        """Show the unit under the cursor, where there is room for it beside the list."""
        chosen = self._list.chosen
        if chosen is None and not self.has_step_back:
            self._show_nothing()
        elif chosen is None:
            pass  # What was opened is being read: the list behind it has no say in it.
        elif self._is_wide and (self._unit is None or self._unit.address != chosen.address):
            self._read_unit(_Wanted(chosen.address, self._query.as_of))
        self.draw_frame()

    def _show_nothing(self) -> None:
        self._unit = self._wanted = None
        self._draw_unit()

    # One unit

    def _read_unit(self, wanted: _Wanted) -> None:
        """Read a unit; of those that are wanted while one is read, the last."""
        self._wanted = wanted
        if self._is_reading:
            return
        self._is_reading = True

        def question(backend: "Backend") -> UnitView:
            return backend.unit(wanted.address, wanted.as_of)

        def ended() -> None:
            self._is_reading = False
            if self._wanted is not None and self._wanted != wanted:
                self._read_unit(self._wanted)

        def read(unit: UnitView) -> None:
            if self._wanted == wanted:
                is_another = self._unit is None or self._unit.address != unit.address
                self._unit = unit
                if is_another:
                    self._marked = None
                    readable = (i for i, version in enumerate(self._versions) if version.is_readable)
                    self.query_one("#unit-versions", Rows).set_reactive(Rows.cursor, next(readable, 0))
                self._draw_unit()
            ended()

        def unanswered() -> None:
            if self._wanted == wanted and self._unit is not None and self._unit.address != wanted.address:
                self._unit = None
                self._draw_unit("NOT KNOWN: the unit could not be read.")
            ended()

        self.ask_about(f"Reading {wanted.address}", question, read, unanswered)

    def _draw_unit(self, none: str = "") -> None:
        head, text, unit = self.query_one("#unit-head", Panel), self.query_one("#unit-text", PlainText), self._unit
        if unit is None:
            head.title = "Unit"
            head.show([])
            text.retitle("Text")
            text.say_empty(none or "No unit is chosen.")
            text.show_text("")
        else:
            head.title = unit.address
            report = self.console.full_command(f"cutter-console report {unit.run_id}")
            head.show_wrapped(lambda width: words.head(unit, report, width))
            at = f" at {unit.as_of:%Y-%m-%d %H:%M:%SZ}" if unit.as_of is not None and self._is_past else ""
            text.retitle(f"Text{at}")
            text.say_empty(
                "This text is nobody's to read, or there is none." if unit.body is None else "The text is empty."
            )
            text.show_text(unit.body or "")
        self._draw_versions()
        self.draw_frame()

    @property
    def _is_past(self) -> bool:
        return self._wanted is not None and self._wanted.as_of is not None

    def _draw_versions(self) -> None:
        rows, unit = self.query_one("#unit-versions", Rows), self._unit
        rows.retitle(words.versions_title(unit) if unit is not None else "Versions")
        lines = tuple(
            words.version_row(version, marked=version.version_seq == self._marked) for version in self._versions
        )
        rows.show(lines, empty="No version is known: none is recorded in this database.")
        if self._face == "versions":
            self._compare()

    @property
    def _versions(self) -> tuple[UnitVersion, ...]:
        """The versions, the newest first."""
        return self._unit.versions[::-1] if self._unit is not None else ()

    @property
    def _version(self) -> UnitVersion | None:
        index = self.query_one("#unit-versions", Rows).cursor
        return self._versions[index] if index < len(self._versions) else None

    @on(Rows.Moved, "#unit-versions")
    def _compare(self) -> None:
        """Compare the chosen version with the marked one, or with the one before it that can be read."""
        unit, version = self._unit, self._version
        self._diff = None
        if unit is None or version is None:
            self._why_no_diff = ""
        elif not version.is_readable:
            self._why_no_diff = "This text was never law and is no draft of readers: it is nobody's to read."
        elif (old := self._compared_with(version)) is None:
            self._why_no_diff = "There is no version before it that can be read."
        else:
            self._why_no_diff = "Comparing ..."
            self._read_diff(unit, *sorted((old, version.version_seq)))
        self._draw_diff()

    def _compared_with(self, version: UnitVersion) -> int | None:
        if self._marked is not None and self._marked != version.version_seq:
            return self._marked
        earlier = (v.version_seq for v in self._versions if v.is_readable and v.version_seq < version.version_seq)
        return max(earlier, default=None)

    def _read_diff(self, unit: UnitView, old: int, new: int) -> None:
        def read(diff: VersionDiff) -> None:
            version = self._version
            if self._unit is unit and version is not None and version.version_seq in {old, new}:
                self._diff = diff
                self._draw_diff()

        self.ask_about(
            f"Comparing {unit.address}", lambda backend: backend.compare_versions(unit.address, old, new), read
        )

    def _draw_diff(self) -> None:
        panel, unit, version = self.query_one("#unit-diff", Panel), self._unit, self._version
        if unit is None or version is None:
            panel.title = "Difference"
            panel.show([])
            return
        diff, reason = self._diff, self._why_no_diff
        panel.title = f"Version {version.version_seq}"
        panel.show_wrapped(lambda width: words.version_detail(unit, version, diff, reason, width))

    # What is shown

    def _show_face(self, face: Face) -> None:
        self._face = face
        self.query_one("#unit-list").display = self._is_wide or face == "list"
        self.query_one("#unit").display = self._is_wide or face != "list"
        is_versions = face == "versions"
        for name, shown in (
            ("head", not is_versions),
            ("text", not is_versions),
            ("versions", is_versions),
            ("diff", is_versions),
        ):
            self.query_one(f"#unit-{name}").display = shown
        self.query_one({"list": "#unit-list", "text": "#unit-text", "versions": "#unit-versions"}[face]).focus()
        if is_versions:
            self._compare()
        self.draw_frame()

    def on_resize(self) -> None:
        """Show both or the one that was looked at, for the new width."""
        self.call_after_refresh(self._draw_again)

    def _draw_again(self) -> None:
        if can_draw(self):
            self._show_face(self._face)
            self._list.redraw()
            self._follow()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        query, names = self._query, {"unit_lifecycle"}
        if query.text or query.document or query.lifecycles or query.as_of is not None:
            names.add("unit_all")
        if self._list.chosen is not None or self._unit is not None:
            names |= {"unit_versions"} if self._face == "text" else {"unit_open", "unit_versions"}
        if self._face == "versions":
            names.add("unit_mark")
        if self._chosen_draft:
            names.add("edit_draft")
        return tuple(action for action in self.console_actions() if action.name in names)

    # Actions

    @property
    def has_step_back(self) -> bool:
        """True while a unit is open."""
        return self._face != "list"

    def go_back(self) -> bool:
        """Go back from the versions or the unit to the list."""
        if not self.has_step_back:
            return False
        self._show_face("list")
        return True

    async def find(self) -> None:
        """Search in the text or difference that has the focus; else ask what to search for in the database."""
        texts = {self.query_one(f"#unit-{name}") for name in ("text", "head", "diff")}
        if self.focused in texts:
            await super().find()
        else:
            self._ask_for_query()

    def _ask_for_query(self) -> None:

        def answered(query: UnitQuery | None) -> None:
            if query is not None:
                self._at = f"{query.as_of:%Y-%m-%dT%H:%M:%SZ}" if query.as_of is not None else ""
                self._begin(query)

        self.console.open_dialog(SearchDialog(self._query, self._at), answered)

    def _begin(self, query: UnitQuery) -> None:
        self._query, self._hits = query.model_copy(update={"limit": PAGE}), None
        self._unit = self._wanted = None
        self._reached = {}
        self._list.say_empty("Searching ...")
        self._list.begin((), before=False, behind=False)
        self._draw_unit()
        self._show_face("list")
        self._retitle()
        self._search()

    def action_unit_all(self) -> None:
        """Drop search and filters."""
        self._at = ""
        self._begin(UnitQuery())

    def action_unit_lifecycle(self) -> None:
        """Go to the next lifecycle; a search at a moment has none."""
        if self._query.as_of is not None:
            self.cannot(
                "What is in force at a moment has no other lifecycle.",
                told("Press <unit_all> to drop the moment, then <unit_lifecycle>"),
            )
            return
        index = words.FILTERS.index(self._query.lifecycles)
        self._begin(self._query.model_copy(update={"lifecycles": words.FILTERS[(index + 1) % len(words.FILTERS)]}))

    @on(Rows.Chosen, "#unit-list")
    def _open(self) -> None:
        chosen = self._list.chosen
        if chosen is not None:
            if (
                self._unit is None
                or self._unit.address != chosen.address
                or self._is_past != (self._query.as_of is not None)
            ):
                self._read_unit(_Wanted(chosen.address, self._query.as_of))
            self._show_face("text")

    @on(Rows.Chosen, "#unit-versions")
    def _as_it_was(self) -> None:
        """Show the text as it was when the chosen version began to count."""
        unit, version = self._unit, self._version
        if unit is None or version is None:
            return
        if not version.periods:
            self.cannot(
                f"Version {version.version_seq} was never in force.", "Choose another; Esc goes back to the list"
            )
            return
        self._read_unit(_Wanted(unit.address, version.periods[-1].in_force_from))
        self._show_face("text")

    def action_unit_open(self) -> None:
        """Open what is chosen in the list that has the focus."""
        if self._face == "versions":
            self._as_it_was()
        elif self._list.chosen is None:
            self.cannot("No unit is chosen.", told("Search with <find>, or drop the filters with <unit_all>"))
        else:
            self._open()

    def action_unit_versions(self) -> None:
        """Show versions and differences, or the text again."""
        if self._face == "versions":
            self._show_face("text")
            return
        chosen = self._list.chosen
        if self._unit is None and chosen is None:
            self.cannot("No unit is chosen.", told("Search with <find>, or drop the filters with <unit_all>"))
            return
        if chosen is not None and self._face == "list" and (self._unit is None or self._unit.address != chosen.address):
            self._read_unit(_Wanted(chosen.address, self._query.as_of))
        self._show_face("versions")

    @property
    def _chosen_draft(self) -> str:
        """The address of the chosen unit if it is a draft, else an empty text."""
        chosen, unit = self._list.chosen, self._unit
        if self._face != "list" and unit is not None:
            return str(unit.address) if unit.lifecycle == "draft" and not self._is_past else ""
        return str(chosen.address) if chosen is not None and chosen.lifecycle == "draft" else ""

    def action_edit_draft(self) -> None:
        """Read the chosen draft again, and let its text be written."""
        address = self._chosen_draft
        if address:
            self._read_draft(address)
        else:
            self.cannot(
                "No draft is chosen: what is law is amended.",
                told("Filter with <unit_lifecycle> for drafts, and choose one"),
            )

    def _read_draft(self, address: str) -> None:
        def question(backend: "Backend") -> "tuple[UnitView, RunView, tuple[TypedEdit, ...]]":
            unit = backend.unit(address)
            return unit, backend.run(unit.run_id), backend.typed_edits(unit.run_id, unit.address)

        def read(answer: "tuple[UnitView, RunView, tuple[TypedEdit, ...]]") -> None:
            from console.screens.edit_draft import EditFlow
            from console.screens.typed_texts import Draft, unwritable

            unit, run, before = answer
            draft = Draft(str(unit.run_id), str(unit.address), str(unit.title or ""), unit.body or "")
            by_file = f"cutter-console run edit {run.run_id} {unit.address} --text FILE --live"
            if Move.EDIT not in run.moves:
                moves = told("See what is allowed now: <run>")
                self.cannot(f"Run {run.run_id} is {state_in_words(run.state.name)}: its drafts are not edited.", moves)
            elif reason := unwritable(draft):
                self.cannot(reason, f"Edit it as a file: {by_file}")
            elif self.app.screen is self:
                EditFlow(self.console, draft, before, self._unkept).write()

        self.ask_about(f"Reading {address}", question, read)

    def action_unit_mark(self) -> None:
        """Mark the chosen version, or drop the mark."""
        version = self._version
        if self._face != "versions" or version is None:
            self.cannot("No version is chosen.", told("Press <unit_versions> on a unit, then choose one"))
            return
        self._marked = None if self._marked == version.version_seq else version.version_seq
        self._draw_versions()

    def copied(self) -> Copied | None:
        """Copy the address of the chosen unit."""
        chosen, unit = self._list.chosen, self._unit
        address = unit.address if self._face != "list" and unit is not None else chosen.address if chosen else ""
        return Copied(f"the address {address}", address, f"cutter-console unit show {address}") if address else None

    def copied_whole(self) -> Copied | None:
        """Copy the exact text that is shown."""
        unit = self._unit
        if unit is None or unit.body is None or not (self._is_wide or self._face != "list"):
            return None
        return Copied(f"the text of {unit.address}", unit.body, f"cutter-console unit show {unit.address}")
