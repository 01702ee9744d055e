"""Help: guide, runbook, STOP codes, reference, words; searched as a whole. Needs no network, no database and no root."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from console.actions.actions import Action, Scope
from console.actions.guide_keys import with_keys_in_force
from console.actions.keys_in_force import told
from console.backend.host.guide_pages import read_guide
from console.backend.model.errors import CutterError
from console.backend.model.guide import Chapter, Guide, Hit, Place, command_at
from console.backend.model.shell_word import shell_word
from console.screens import guide_text as words
from console.screens.copying import Copied
from console.screens.drawable import can_draw
from console.screens.faces import FacedScreen
from console.screens.guide_search import ChapterText, HitRows, Search
from console.widgets.list_rows import ListRows
from console.widgets.notice import refused
from console.widgets.rows import Rows

_CONTENTS, _BROAD_CONTENTS = 44, 64
"""Cells of the contents beside a text, at 110 and at 160 columns."""


class GuideScreen(FacedScreen):
    """Contents, or the hits of a search, beside the text of a chapter; below 110 columns the one or the other."""

    CSS_PATH = ["rows.tcss", "guide.tcss"]  # noqa: RUF012
    SCOPE: ClassVar[Scope] = Scope.GUIDE
    TITLE_WORD: ClassVar[str] = "Help"
    PARTS: ClassVar[dict[str, str]] = {"list": "#guide-left", "text": "#guide-text"}
    FOCUSED: ClassVar[dict[str, str]] = {"list": "#guide-contents", "text": "#guide-text"}
    HELP_TEXT: ClassVar[str] = (
        "The pages that came with this program: the operator's guide, the runbook, a page for each STOP code, "
        "the reference of commands, keys and settings, the words. Nothing is fetched.\n\n"
        "Enter goes from a chapter to its text, Esc back, and from the contents to the screen that you came "
        "from.\n"
        "<find> searches all pages: every word must occur in a paragraph, a row or a line, in any spelling of "
        "its signs; <guide_next> and <guide_previous> go through the hits.\n"
        "<copy_focus> copies the command on a line as it must be typed here, <copy_whole> the chapter.\n"
        "On a notice with a STOP code ? opens the page of the code."
    )

    def __init__(self) -> None:
        super().__init__()
        self._guide: Guide | None = None
        self._place = Place(0)
        self._search = Search(self._searched)
        self._hits: tuple[Hit, ...] = ()
        self._came_for_text = False
        """True if one came for this very text, and not by the contents."""
        self._began: tuple[Place, str] | None = None
        """Place and face from which the present search began."""

    def body(self) -> ComposeResult:
        """Compose contents and hits, of which one is seen, and the text."""
        with Container(id="guide-parts"):
            with Vertical(id="guide-left"):
                yield ListRows("Contents", empty="The pages are not read yet.", id="guide-contents")
                yield HitRows("Search", self._search, id="guide-hits")
            yield ChapterText("Text", self._search, id="guide-text")

    def opened(self) -> None:
        """Focus the contents."""
        super().opened()
        self._show_side()
        self.show_face("list")

    @property
    def _contents(self) -> ListRows:
        return self.query_one("#guide-contents", ListRows)

    @property
    def _hit_rows(self) -> HitRows:
        return self.query_one("#guide-hits", HitRows)

    @property
    def _text(self) -> ChapterText:
        return self.query_one("#guide-text", ChapterText)

    @property
    def row_width(self) -> int:
        """Cells of a row of the contents or the hits."""
        left = _BROAD_CONTENTS if self.has_class("-broad") else _CONTENTS if self.is_wide else self.size.width
        return left - 5

    def show_face(self, face: str) -> None:
        """Show this face; the list that has the focus is the one that is seen."""
        super().show_face(face)
        if face == "list" and self._search.needle.text:
            self._hit_rows.focus()

    def reload(self) -> None:
        """Read the pages, at the first time, and go to what is wanted."""
        if self._guide is None and not self._read():
            return
        wanted, self.console.wanted_guide = self.console.wanted_guide, ""
        if wanted:
            self._show_wanted(wanted)

    def _read(self) -> bool:
        try:
            self._guide = with_keys_in_force(read_guide())
        except CutterError as error:
            self._contents.say_empty("NOT KNOWN: the pages could not be read.")
            self.console.give_notice(refused("Reading the guide", error))
            return False
        self._contents.show_rows(words.contents_rows(self._guide))
        self._draw_text()
        return True

    def _show_wanted(self, wanted: str) -> None:
        guide = self._guide
        place = guide.code_page(wanted) if guide is not None else None
        if place is None:
            self.cannot("This code has no page.", told("Search for it: <find>"))
            return
        self._search.narrow("")
        self._contents.choose(words.key(place))
        self._go_to(place)
        self.show_face("text")
        self._came_for_text = True

    def draw_rows(self) -> None:
        """Draw for the width there is."""
        self._draw_hits()

    # The text

    @on(Rows.Moved, "#guide-contents")
    def _moved(self) -> None:
        if self._guide is not None and (index := self._contents.chosen) is not None:
            self._go_to(self._guide.contents[index][1])

    def _go_to(self, place: Place, *, is_hit: bool = False) -> None:
        self._place = place
        self._draw_text()
        if is_hit:
            self._text.show_hit(place.line)
        else:
            self._text.show_source_line(place.line)
        self.draw_frame()

    def _draw_text(self) -> None:
        if self._guide is None or not can_draw(self):
            return
        self._text.retitle(words.text_title(self._guide, self._place))
        self._text.show_source(self._guide.chapters[self._place.chapter].text, is_markdown=True)
        self._text.tell()

    @on(Rows.Chosen, "#guide-contents")
    def _open(self) -> None:
        self._came_for_text = False
        self._moved()
        self.show_face("text")

    def action_guide_open(self) -> None:
        """Go to the text of what is chosen."""
        if self.face == "list" and self._search.needle.text:
            self._open_hit()
        elif self._guide is not None:
            self._open()

    @property
    def has_step_back(self) -> bool:
        """True unless the contents are shown, and were the first that was."""
        return super().has_step_back or self.console.can_leave_guide

    def go_back(self) -> bool:
        """Go back from the text to the list; from there, or if one came for this text alone, to where one came from."""
        if self.face == "text" and not self._came_for_text:
            self.show_face("list")
            return True
        if self.console.leave_guide():
            # Whoever comes again begins with the contents.
            self._came_for_text = False
            self.show_face("list")
            return True
        return super().go_back()

    def action_dismiss_notice(self) -> None:
        """End the search, go back a step, or dismiss the notice: the notice is what one came to read about."""
        if not (self._end_filter() or self.go_back()):
            self.console.dismiss_notice()

    def notice_hint(self) -> str:
        """Return that Esc goes back: the notice is explained already, and is not dismissed here."""
        return "Esc goes back" if self.has_step_back else ""

    # The search

    def find_target(self) -> HitRows:
        """Return the hits: what is typed is searched in all pages."""
        return self._hit_rows

    def _searched(self) -> None:
        """Show the hits of what was typed, or the contents again."""
        guide, needle = self._guide, self._search.needle
        if guide is None:
            return
        self._began = self._began or (self._place, self.face)
        self._hits = guide.search(needle.is_in) if needle.terms else ()
        self._show_side()
        self._draw_hits()
        if self._hits:
            self._hit_rows.choose(words.key(self._first_hit().place))
            self._show_hit()
        elif not needle.text:
            self._end_search(guide)
        self.draw_frame()

    def _end_search(self, guide: Guide) -> None:
        """Show the contents where the search has led, or the text again if that was read when it began."""
        _, heading = guide.at(self._place)
        self._contents.choose(words.key(Place(self._place.chapter, heading.line)))
        self._text.tell()
        is_typed = self.filter_bar is not None and self.filter_bar.is_open
        if is_typed and self._began is not None:
            self.show_face(self._began[1])
        self._began = None

    def _first_hit(self) -> Hit:
        """Return the page of a STOP code that was typed; else the first hit from the place on at which the search began."""
        typed = self._search.needle.text.strip().upper()
        page = self._guide.code_page(typed) if self._guide is not None and typed.startswith("STOP_") else None
        if (heading := next((hit for hit in self._hits if hit.place == page), None)) is not None:
            return heading
        began = self._began[0] if self._began is not None else self._place
        return next((hit for hit in self._hits if hit.place >= began), self._hits[0])

    def _show_side(self) -> None:
        is_search = bool(self._search.needle.text)
        for widget, is_seen in ((self._contents, not is_search), (self._hit_rows, is_search)):
            widget.display = is_seen
            widget.can_focus = is_seen
        if not self.is_wide and is_search:
            self.query_one("#guide-left").display = True
            self._text.display = False
            self.face = "list"

    def _draw_hits(self) -> None:
        guide, needle = self._guide, self._search.needle
        if guide is None or not needle.text:
            return
        rows = words.hit_rows(guide, self._hits, needle, self.row_width)
        self._hit_rows.show_rows(rows or words.nothing(guide, needle, self.row_width))
        self._tell_hit()

    def _tell_hit(self) -> None:
        if self._guide is not None:
            self._search.told = words.told(self._guide, self._hits, self._hit_rows.cursor)
        self._hit_rows.tell()
        self._text.tell()

    @on(Rows.Moved, "#guide-hits")
    def _show_hit(self) -> None:
        index = self._hit_rows.cursor
        if index < len(self._hits):
            self._tell_hit()
            self._go_to(self._hits[index].place, is_hit=True)

    @on(Rows.Chosen, "#guide-hits")
    def _open_hit(self) -> None:
        if self._hits:
            self._came_for_text = False
            self._show_hit()
            self.show_face("text")

    def action_guide_next(self) -> None:
        """Go to the next hit."""
        self._step(1)

    def action_guide_previous(self) -> None:
        """Go to the previous hit."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if not self._hits:
            self.cannot("Nothing is searched, or no page has it.", told("Search in all pages: <find>"))
            return
        index = (self._hit_rows.cursor + by) % len(self._hits)
        self._hit_rows.choose(words.key(self._hits[index].place))
        self._show_hit()

    def shown_actions(self) -> tuple[Action, ...]:
        """Return the actions that make sense now."""
        is_search, names = bool(self._search.needle.text), set[str]()
        if self.face == "list" and (self._hits or (self._guide is not None and not is_search)):
            names.add("guide_open")
        if self._hits:
            names |= {"guide_next", "guide_previous"}
        return tuple(action for action in self.console_actions() if action.name in names)

    # Copies

    def copied(self) -> Copied | None:
        """Copy the command on the line of the text, as it must be typed here; without one, the line."""
        chapter = self._chapter
        if chapter is None or self.focused is not self._text:
            return super().copied()
        command = command_at(chapter, self._text.source_line)
        if command:
            return Copied("the command", self.console.full_command(command), is_command=True)
        return super().copied()

    def copied_whole(self) -> Copied | None:
        """Copy the chapter as it was written."""
        chapter = self._chapter
        if chapter is not None and self.focused is self._text:
            return Copied(
                f"the chapter {chapter.title}", chapter.text, f"cutter-console help {shell_word(chapter.title)}"
            )
        return super().copied_whole()

    @property
    def _chapter(self) -> Chapter | None:
        return self._guide.chapters[self._place.chapter] if self._guide is not None else None
