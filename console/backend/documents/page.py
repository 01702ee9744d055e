"""A page: a text without a heading whose front matter gives its title, which is one unit."""

import re

from console.backend.documents.matching import Mark, Style, clean_title
from console.backend.documents.profiles import Profile

_TITLE = re.compile(
    r"^title:[ \t]+(?P<quote>['\"]?)(?P<title>[^\s|>&*!\[{].*?)(?P=quote)[ \t]*$", re.MULTILINE | re.IGNORECASE
)
# Numbers and the words of laws: such a text has parts, and to make one unit of it would hide them.
_NUMBERED = re.compile(
    r"^[ \t>*_]*(?:\d{1,3}[.)]|\(\w{1,4}\)|[ivxlc]{1,7}[.)]|[a-z][.)]\s|§|(?:"
    r"art|article|artikel|section|sec|chapter|part|title|rule|clause|annex|appendix|schedule|"
    r"abschnitt|kapitel|teil|titel|buch|anlage|điều|chương|mục|phần|khoản|điểm|phụ lục"
    r")\b[ .]*(?:\d|[ivxlc]+\b|[a-z]\b))",
    re.MULTILINE | re.IGNORECASE,
)


def page_mark(text: str, profile: Profile, front_end: int, front_lines: int) -> Mark | None:
    """Return the mark of the one unit that a page is, or None where the profile knows none or the text has parts."""
    if not profile.page or not text[front_end:].strip() or _NUMBERED.search(text, front_end):
        return None
    title = _TITLE.search(text, 0, front_end)
    if title is None:
        return None
    return Mark(
        profile.level[0], Style.ATX, 1, None, clean_title(title["title"]), front_lines + 1, front_end, fresh=True
    )
