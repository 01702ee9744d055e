"""A panel of blocks of lines that can be filtered, such as the counts: what has no cursor, and is a list nevertheless."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from console.widgets.border import set_lower
from console.widgets.line import Line, plain
from console.widgets.narrowing import Narrowing, Needle, Row, narrowed, told_of
from console.widgets.panel import Panel


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that show together. A filter hides items; a heading shows if an item below it does.

    `alarm` is the word that is counted if the block is hidden.
    """

    lines: tuple[Line, ...]
    kind: Literal["item", "heading", "always"] = "item"
    alarm: str = ""


def block_lines(blocks: Sequence[Block]) -> list[Line]:
    """Return the lines of all blocks."""
    return [spans for block in blocks for spans in block.lines]


class ListPanel(Panel):
    """A panel whose blocks are filtered; the lower border says what the filter is, and what it hides."""

    HELP: ClassVar[str] = "Up, Down, PageUp and PageDown scroll. <find> filters: the lower border says what it hides."

    def __init__(self, title: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        self._blocks: tuple[Block, ...] = ()
        self._narrowing = Narrowing((), 0, ())
        super().__init__(title, id=id)

    def show_blocks(self, blocks: Sequence[Block]) -> None:
        """Show these blocks, as far as the filter lets them through."""
        self._blocks = tuple(blocks)
        self._apply()

    def _apply(self) -> None:
        items = [index for index, block in enumerate(self._blocks) if block.kind == "item"]
        rows = [_row(self._blocks[index]) for index in items]
        self._narrowing = narrowed(rows, self._needle)
        visible = {items[place] for place in self._narrowing.visible}
        self.show(block_lines(_with_headings(self._blocks, visible)))
        self._tell()

    def _draw(self, lines: list[Line]) -> None:
        self._lines = lines
        self._put(lines)

    @property
    def told(self) -> str:
        """Return how many blocks of all show, and what is hidden that nobody may miss."""
        return self._narrowing.told

    def narrow(self, text: str) -> None:
        """Filter by this text at once."""
        if text != self._needle.text:
            self._needle = Needle.of(text)
            self._apply()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the action is possible: a filter has no next match."""
        return False if action == "match" else super().check_action(action, parameters)

    def _tell(self) -> None:
        words = told_of(self._narrowing, self._needle, self.size.width - 2)
        set_lower(self, words)


def _row(block: Block) -> Row:
    words = " ".join(plain(spans) for spans in block.lines)
    return Row((), more=words, alarm=block.alarm)


def _with_headings(blocks: Sequence[Block], visible: set[int]) -> list[Block]:
    shown: list[Block] = []
    heading: Block | None = None
    for index, block in enumerate(blocks):
        if block.kind == "heading":
            heading = block
        elif block.kind == "always" or index in visible:
            if heading is not None and block.kind == "item":
                shown.append(heading)
                heading = None
            shown.append(block)
    return shown
