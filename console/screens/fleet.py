"""Fleet: the named installations, read at once; which one needs a person, and why one was not measured. Changes nothing."""

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from console.actions.actions import Action, Scope
from console.backend.model.fleet import Fleet, FleetRow
from console.screens import fleet_text as words
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.faces import FacedScreen
from console.widgets.list_rows import ListRows
from console.widgets.panel import Panel
from console.widgets.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from console.backend.api import Backend
    from console.backend.model.view_models import Status

T = TypeVar("T")
_NO_BACKEND = cast("Backend", None)
"""Stands for the backend in the questions of this screen, none of which asks it."""


class FleetScreen(FacedScreen):
    """The list of installations over the chosen one, beside it from 160 columns on."""

    CSS_PATH = ["rows.tcss", "shelves.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.FLEET
    TITLE_WORD: ClassVar[str] = "Fleet"
    PARTS: ClassVar[dict[str, str]] = {"list": "#fleet-list", "row": "#fleet-row"}
    FOCUSED: ClassVar[dict[str, str]] = PARTS
    HELP_TEXT: ClassVar[str] = (
        "Every installation of your file installations.toml, all read at once as their monitoring roles; "
        "nothing is written to any.\n\n"
        "One that is down or silent is a row with the reason, and how old its last answer is; it delays no "
        "other.\n"
        "Gates are not measured here.\n"
        "If two names lead to one database, both rows say so.\n\n"
        "Enter opens the chosen one's own console in this terminal, for reading only unless its entry says "
        "otherwise; <fleet>, <quit>, or Esc on its Overview come back.\n"
        "<fleet_row> shows its row whole.\n"
        "<copy_focus> copies the command that opens it for reading only, in another terminal.\n"
        "<find> filters by any word, or by name:, banner:, switch: and outcome:.\n"
        "<refresh> reads all of them again."
    )

    def __init__(self) -> None:
        super().__init__()
        self._fleet: Fleet | None = None

    def body(self) -> ComposeResult:
        """Compose the list and one installation."""
        with Container(id="fleet-parts"):
            yield ListRows("Fleet", empty="Reading the installations ...", id="fleet-list")
            yield Panel("Installation", id="fleet-row")

    def opened(self) -> None:
        """Focus the list."""
        super().opened()
        self.query_one("#fleet-row", Panel).can_focus = True
        self.show_face("list")

    @property
    def _list(self) -> ListRows:
        return self.query_one("#fleet-list", ListRows)

    @property
    def is_wide(self) -> bool:
        """True: the list is as high as its rows, and what is chosen stands below or beside it on every screen."""
        return True

    @property
    def row_width(self) -> int:
        """Cells of a row: the list has the whole width until it stands beside."""
        return super().row_width if self.has_class("-broad") else self.size.width - 5

    def reload(self) -> None:
        """Read all of them again."""
        self.ask_in_turn("Reading the fleet", lambda _backend: self.console.read_fleet(), self._loaded)

    async def answer(self, question: "Callable[[Backend], T]") -> T:
        """Ask without this console's own backend, which need not be one that can be opened."""
        return await self.console.ask_beside(lambda: question(_NO_BACKEND))

    def not_read(self) -> None:
        """Keep what was read before, with its age; say so if nothing was."""
        self._list.say_empty("NOT KNOWN: the installations could not be read.")
        self._draw()

    def show_status(self, status: "Status") -> None:  # noqa: ARG002 - each measurement of the console is the heartbeat
        """Read again, and draw the ages again."""
        self.reload()
        self._draw()

    def _loaded(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._list.say_empty(words.NOTHING)
        self._draw()

    def draw_rows(self) -> None:
        """Draw for the width there is."""
        self._draw()

    def _draw(self) -> None:
        if not can_draw(self):
            return
        fleet, now = self._fleet, self.console.clock()
        if fleet is not None:
            self._list.show_rows(tuple(words.row(row, now, self.row_width) for row in fleet.rows))
        self._list.retitle(words.list_title(fleet, now, is_old=self.failed_since is not None))
        self._draw_row()

    @property
    def _chosen(self) -> FleetRow | None:
        key = self._list.key
        rows = self._fleet.rows if self._fleet is not None else ()
        return next((row for row in rows if row.name == key), None)

    @on(Rows.Moved, "#fleet-list")
    def _draw_row(self) -> None:
        panel, row, now = self.query_one("#fleet-row", Panel), self._chosen, self.console.clock()
        panel.title = str(row.name) if row is not None else "Installation"
        if row is None and self._fleet is not None and not self._fleet.rows:
            panel.show_wrapped(words.how_to_name)
        elif row is None:
            panel.show([])
        else:
            panel.show_wrapped(lambda width: words.detail(row, now, width))
        self.draw_frame()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        wanted = (
            {"list": {"fleet_open", "fleet_row"}, "row": {"fleet_open"}}[self.face]
            if self._chosen is not None
            else set()
        )
        return tuple(action for action in self.console_actions() if action.name in wanted)

    @on(Rows.Chosen, "#fleet-list")
    def action_fleet_open(self) -> None:
        """Open the console of the chosen installation in this terminal, until it ends."""
        if (row := self._chosen) is not None:
            self.console.visit(row, words.looks_at(row))
        else:
            self._say_nothing_is_chosen()

    def action_fleet_row(self) -> None:
        """Show the chosen installation whole."""
        if self._chosen is not None:
            self.show_face("row")
        else:
            self._say_nothing_is_chosen()

    def _say_nothing_is_chosen(self) -> None:
        self.cannot("There is no installation here to open.", "Name some: cutter-console config path shows the file")

    def copied(self) -> Copied | None:
        """Copy the command that opens the chosen installation's console for reading only, from the list and from the row."""
        row = self._chosen
        if row is None:
            return super().copied()
        return Copied(f"the command that opens {row.name}, for reading only", words.looks_at(row), is_command=True)
