"""Rules for what is no text of a law: running heads, page numbers, stamps and footnotes; declared by a profile."""

import re
from functools import cached_property

from console.backend.model.value import Value

SPACES = " \t\f\u00a0"
"""Characters that leave a line blank; a form feed ends a page."""
MARK = "\x00"
"""Character in the place of a mark: no document holds it."""
_NO_NUMBER_GOES_ON = r"(?![\w.)])"


class Furniture(Value):
    """Page furniture and footnotes of one kind of document. A pattern matches a line without the spaces around it."""

    holds: str
    """Text in every running head; a document without it has no furniture, and nothing is looked for."""
    running_head: str
    """The head of a page, without the page's number."""
    stamp: tuple[str, ...] = ()
    """Lines of an electronic signature at the foot of a page, in their order; the second and later ones may be missing."""
    footnote: str = ""
    """First line of a footnote, its number as group `mark`; empty: footnotes are not looked for."""
    footnote_says: str = ""
    """Pattern that occurs in every footnote."""
    struck_out: str = ""
    """Pattern of what a footnote says of words that were struck out: its mark may have gone with them."""
    glued_marks: tuple[str, ...] = ()
    """Beginnings of lines in which the mark of a footnote, `#`, is glued to the number of a unit: `1.#` is `1.2 Text`."""

    def fault(self) -> str:
        """Return which pattern is no regular expression, and why; empty without one."""
        patterns = [
            *(("running_head", self.running_head), ("footnote", self.footnote), ("footnote_says", self.footnote_says)),
            ("struck_out", self.struck_out),
            *(("stamp", pattern) for pattern in self.stamp),
            *(("glued_marks", pattern) for pattern in self.glued_marks),
        ]
        for key, pattern in patterns:
            try:
                compiled = re.compile(pattern)
            except re.error as error:
                return f"furniture: key {key}: {pattern!r} is no regular expression ({error}): correct it"
            if key == "footnote" and pattern and "mark" not in compiled.groupindex:
                return (
                    f"furniture: key footnote: {pattern!r} has no group `mark`: name the footnote's number (?P<mark>…)"
                )
            if key == "glued_marks" and "#" not in pattern:
                return f"furniture: key glued_marks: {pattern!r} has no #: put it in the place of the mark"
        return ""

    @cached_property
    def head(self) -> re.Pattern[str]:
        """Return the pattern of a running head, which may have the page's number on its line."""
        return re.compile(
            rf"(?:(?P<before>\d{{1,4}})[ \t]+)?(?P<head>{self.running_head})(?:[ \t]+(?P<behind>\d{{1,4}}))?"
        )

    @cached_property
    def stamps(self) -> tuple[re.Pattern[str], ...]:
        """Return the patterns of a stamp's lines."""
        return tuple(re.compile(pattern) for pattern in self.stamp)

    @cached_property
    def opens_footnote(self) -> re.Pattern[str]:
        """Return the pattern of a footnote's first line."""
        return re.compile(self.footnote)

    @cached_property
    def says(self) -> re.Pattern[str]:
        """Return the pattern that occurs in every footnote."""
        return re.compile(self.footnote_says)

    @cached_property
    def strikes(self) -> re.Pattern[str] | None:
        """Return the pattern of a footnote whose mark may be gone; None without one."""
        return re.compile(self.struck_out) if self.struck_out else None

    @cached_property
    def signs(self) -> tuple[re.Pattern[str], ...]:
        """Return the patterns of lines in which a mark, replaced by MARK, is glued to the number of a unit."""
        parts = (sign.partition("#") for sign in self.glued_marks)
        return tuple(
            re.compile(rf"[ \t]*(?:{before}){MARK}{behind or _NO_NUMBER_GOES_ON}") for before, _, behind in parts
        )
