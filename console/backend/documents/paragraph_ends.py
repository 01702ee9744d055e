"""Ends of paragraphs that the layout shows: a line that is much shorter than the others, or all in capitals."""

from console.backend.documents.matching import Mark, clean_title
from console.backend.documents.page_lines import width_of

_SHORT = 0.7
"""Share of a full line up to which a line has room for the next word, so that its paragraph must have ended."""
LINES_OF_TITLE = 6
"""Most lines below a heading that can be the rest of its title."""


class ParagraphEnds:
    """The layout of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._width = -1

    def above(self, mark: Mark) -> bool:
        """Return whether the paragraph above a line has ended, though no sign ends it."""
        line = self._above(mark)
        return bool(line) and (line.isupper() or len(line) < _SHORT * self._full())

    def is_title_above(self, mark: Mark) -> bool:
        """Return whether the line above is all in capitals: a title, and no sentence that could go on."""
        return self._above(mark).isupper()

    def _above(self, mark: Mark) -> str:
        end = max(mark.start - 1, 0)
        return self._text[self._text.rfind("\n", 0, end) + 1 : end].strip()

    def title_below(self, mark: Mark) -> str:
        """Return the lines in capitals directly below a heading, which are its title."""
        lines = self._text[mark.start :].split("\n", LINES_OF_TITLE + 1)[1 : LINES_OF_TITLE + 1]
        first_other = next((at for at, line in enumerate(lines) if not line.isupper()), len(lines))
        return clean_title(" ".join(line.strip() for line in lines[:first_other]))

    def _full(self) -> int:
        if self._width < 0:
            self._width = width_of(self._text.split("\n"))
        return self._width
