"""Number and title of a unit apart from its text: the first lines of its body, without their Markdown marks."""

import re
from dataclasses import dataclass

from console.backend.documents.matching import clean_title

_UNDERLINE = re.compile(r"[ ]{0,3}(?:=+|-+)[ \t]*")
_CLOSERS = re.compile(r"[\\.)\]:°]*")
_SEPARATORS = " \t\u00a0:-–—"
_BETWEEN = r"[\s()\[\].]+"
_RANGE = 3
"""Words of a range: its first number, a word, its last."""
_LABEL_LIMIT = 40
"""A number stands within as many characters of the beginning of its line."""
_TITLE_LINES = 12
"""A title is looked for in as many lines below a number that stands alone."""


@dataclass(frozen=True, slots=True)
class Head:
    """Number and title that a unit begins with, and the rest of its lines."""

    number: str
    """As it stands in the text: `§ 3`, `(1)`, `Chapter I`; empty without one."""
    heading: str
    lines: tuple[str, ...]
    """The other lines that are not blank, as they stand."""
    source: str
    """The lines that number and heading were read from, if these do not tell them; else empty."""
    before: str = ""
    """Of a number whose text goes on on its line: what stands before that text, if it is not the number alone."""
    joins: bool = False
    """True if there is a heading and the text goes on on its line: then `source` is what stands before the text."""


def head_of(text: str, number: str, title: str) -> Head:
    """Return the head of a unit; number and title are those of its plan. What is not certain stays in the heading."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return Head("", "", (), "")
    plain, used, label = _unmarked(lines[0]), 1, ""
    if title and (run_in := _run_in(lines, number, title)) is not None:
        return run_in
    if title:
        label, heading, used = _titled(plain, lines, number, title)
    else:
        label, rest = _numbered(lines[0].strip(), number)
        if label and rest:
            return _before_text(lines, label, rest)
        if label:
            # Without the line it could not be told from a number whose text goes on beside it.
            return Head(_unmarked(label), "", tuple(lines[1:]), lines[0])
        heading = plain
    head = "\n".join(lines[:used])
    is_told = used == 1 and head == f"{label} {heading}".strip()
    return Head(label, heading, tuple(lines[used:]), "" if is_told else head)


def _before_text(lines: list[str], label: str, rest: str) -> Head:
    """Return the number of a unit whose text begins on the same line, where it keeps its own marks."""
    first, number = lines[0].rstrip(), _unmarked(label)
    before = first[: len(first) - len(rest)]
    return Head(number, "", (rest, *lines[1:]), "", "" if before == f"{number} " else before)


def _run_in(lines: list[str], number: str, title: str) -> Head | None:
    """Return the head of a unit whose text goes on behind its title on the same line; None if it does not."""
    line = lines[0].strip()
    label, rest = _numbered(line, number)
    if not label or not rest.startswith(title):
        return None
    match = re.fullmatch(r"[.:]?\s+(\S.*)", rest[len(title) :])
    if match is None:
        return None
    before = line[: len(line) - len(match[1])]
    return Head(label, title, (match[1], *lines[1:]), before, joins=True)


def _titled(plain: str, lines: list[str], number: str, title: str) -> tuple[str, str, int]:
    """Return number, heading and the number of lines that they take, for a unit that has a title."""
    used = 1
    if len(lines) > 1 and clean_title(plain) == title and _UNDERLINE.fullmatch(lines[1]):
        used = 2
    at = _title_in(plain, title)
    if at > 0:
        return plain[:at].rstrip(_SEPARATORS), plain[at:], used
    if at == 0:
        label, rest = _numbered(plain, number)
        return label, rest.lstrip(_SEPARATORS), used
    return _title_below(plain, lines, title) or ("", plain, used)


def _title_in(plain: str, title: str) -> int:
    """Return where the title begins in its line; -1 if it is not all of the rest of it."""
    if plain.endswith(title):
        return len(plain) - len(title)
    starts = (match.start() for match in re.finditer(r"(?<![^\W_])(?=\S)", plain))
    return next((at for at in starts if clean_title(plain[at:]) == title), -1)


def _title_below(plain: str, lines: list[str], title: str) -> tuple[str, str, int] | None:
    """Return number, title and their lines, for a title that begins or ends below the first line; None if it does not."""
    joined = plain
    for used, line in enumerate(lines[1:_TITLE_LINES], 2):
        joined = f"{joined} {_unmarked(line)}"
        at = _title_in(joined, title)
        if 0 <= at <= len(plain) + 1:
            return joined[:at].rstrip(_SEPARATORS), joined[at:], used
    return None


def _numbered(plain: str, number: str) -> tuple[str, str]:
    """Return the line up to its number, and the rest; nothing and the line if it does not begin with the number."""
    if not number:
        return "", plain
    words = [re.escape(word) for word in number.split()]
    start = plain[: _LABEL_LIMIT + len(number)]
    match = re.search(rf"(?<!\w){_BETWEEN.join(words)}(?!\w)", start)
    if match is None and len(words) == _RANGE:
        # A range is written in more ways than its number: (4) u. (5).
        match = re.search(rf"(?<!\w){words[0]}\W.{{0,8}}?\W{words[-1]}(?!\w)", start)
    if match is None:
        return "", plain
    closers = _CLOSERS.match(plain, match.end())
    end = closers.end() if closers is not None else match.end()
    return ("", plain) if plain[end : end + 1].isdigit() else (plain[:end].strip(), plain[end:].strip())


def _unmarked(line: str) -> str:
    """Return a line without `#`, `**` and `__`, as the scanner reads it."""
    text = line.strip()
    if text.startswith("#"):
        text = text.lstrip("#").strip()
        words = text.rstrip("#")
        text = words.strip() if not words or words[-1:] in " \t" else text
        return text.replace("**", "").replace("__", "").strip()
    if text.startswith(("**", "__")):
        return text.replace(text[:2], "").strip()
    return text
