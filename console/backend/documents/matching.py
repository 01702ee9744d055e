"""Compiled profiles: from a line to the mark it may be."""

import re
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from console.backend.documents.numbering import Number, parse_letter, parse_number
from console.backend.documents.profiles import Level, Profile, load_profile

TITLE_LIMIT = 200
_CLOSING_HASHES = re.compile(r"(?:^|[ \t]+)#+$")
_VOID = ("weggefallen", "aufgehoben", "entfällt", "entfallen", "gestrichen", "unbesetzt", "frei")


class Style(IntEnum):
    """How a line is marked; the strongest marking of a level in a document is the one that counts."""

    PLAIN = 1
    BOLD = 2
    ATX = 3


_PLAIN, _BOLD, _ATX = Style.PLAIN, Style.BOLD, Style.ATX


class Mark(NamedTuple):
    """A line that may open a unit."""

    level: Level | None
    """None: a Markdown heading that no level of the profile knows."""
    style: Style
    depth: int
    """Depth of the Markdown heading; 0 without one."""
    number: Number | None
    title: str
    line: int
    start: int
    """Offset of the line in characters."""
    fresh: bool
    """Whether the line stands where something may begin: after a blank line, a heading or a finished sentence."""


class _Form(NamedTuple):
    """One level, compiled."""

    level: Level
    marked: re.Pattern[str]
    plain: re.Pattern[str] | None
    reference: re.Pattern[str] | None
    texts: bool
    """Whether the pattern tells the text after the number, and the end of a range of numbers."""
    small: bool


class Found(NamedTuple):
    """What a line turned out to be."""

    level: Level
    number: Number | None
    title: str
    doubtful: bool
    """It goes on in lower case, as the rest of a sentence would."""


class Matcher:
    """A profile, compiled."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.by_depth = not any(lv.pattern for lv in profile.level)
        self._forms: dict[str, list[_Form]] = {}
        self._small: dict[str, _Form] = {}
        """The parts of articles by first character: the most frequent lines, so they are tried first."""
        for level in profile.level:
            if level.pattern:
                form = self._form(level)
                for first in level.first:
                    self._forms.setdefault(first, []).append(form)
                    if form.small:
                        self._small[first] = form
        heads = "|".join(profile.regex(head) for lv in profile.level for head in lv.heads)
        firsts = "".join(map(re.escape, self._forms))
        unmarked = rf"|(?=[*_{firsts}])(?:\*\*|__)?(?:{heads})" if heads else ""
        flags = re.IGNORECASE if profile.ignore_case else re.NOFLAG
        line = rf" {{0,3}}(?:#{{1,6}}(?![^ \t\n]){unmarked})[^\n]*"
        self.first_line = re.compile(line, flags)
        self.lines = re.compile(rf"\n({line})", flags)
        """Lines that do not match this open no unit; the leading LF makes the search fast."""

    def _form(self, level: Level) -> _Form:
        marked = re.compile(self.profile.regex(level.pattern))
        plain = re.compile(self.profile.regex(level.plain)) if level.plain else None
        reference = re.compile(self.profile.regex(level.references)) if level.references else None
        return _Form(level, marked, plain, reference, "text" in marked.groupindex, level.small)

    def match(self, line: str, number: int, start: int, fresh: bool) -> Mark | None:
        """The mark of an interesting line, or None. A Markdown heading is always a mark."""
        form = self._small.get(line[0])
        match = form.marked.fullmatch(line) if form is not None else None
        if form is not None and match is not None:
            small = _read_small(form, match)
            if small is None:
                return None
            fresh = fresh and not small.doubtful
            return Mark(small.level, _PLAIN, 0, small.number, "", number, start, fresh)
        style, depth, content = _undecorated(line)
        if self.by_depth:
            if not depth:
                return None
            level = self.profile.level[min(depth, len(self.profile.level)) - 1]
            return Mark(level, style, depth, None, content, number, start, fresh=True)
        found = self._find(content, style)
        if found is not None:
            return Mark(
                found.level, style, depth, found.number, found.title, number, start, fresh and not found.doubtful
            )
        return Mark(None, style, depth, None, content, number, start, fresh) if depth else None

    def _find(self, content: str, style: Style) -> Found | None:
        for form in self._forms.get(content[:1], ()):
            pattern = form.plain if style is _PLAIN else form.marked
            if pattern is None or (form.small and style is _ATX):
                continue
            match = pattern.fullmatch(content)
            if match is None:
                continue
            found = _read_small(form, match) if form.small else _read(form, match, style)
            if found is not None:
                return found
        return None


def _read_small(form: _Form, match: re.Match[str]) -> Found | None:
    """A paragraph or a point: its number, and whether it goes on as the rest of a sentence would."""
    level, raw = form.level, match["number"]
    if level.letters:
        reference = form.reference is not None and form.reference.fullmatch(match.string.strip())
        return None if reference else Found(level, parse_letter(raw), "", doubtful=False)
    text = match["text"] if form.texts else None
    if text is None or not text[0].islower():
        if form.texts and match["until"]:
            raw = f"{raw} bis {match['until']}"
        return Found(level, parse_number(raw), "", doubtful=False)
    if form.reference is not None and form.reference.fullmatch(match.string.strip()):
        return None
    return Found(level, parse_number(raw), "", not text.startswith(_VOID))


def _read(form: _Form, match: re.Match[str], style: Style) -> Found | None:
    found = match.groupdict()
    capitals = found.get("capitals") or ""
    title = found.get("title") or found.get("bare") or capitals
    if (capitals and not capitals.isupper()) or (style is _PLAIN and title[:1].islower()):
        return None
    raw = found.get("number") or found.get("ordinal")
    number = parse_number(raw) if raw else None
    if raw and number is None:
        return None
    return Found(form.level, number, clean_title(title), doubtful=False)


def clean_title(text: str) -> str:
    """A title without emphasis around it, on one line, at most 200 characters; the body keeps every byte."""
    if "**" in text or "__" in text:
        text = text.replace("**", "").replace("__", "")
    title = " ".join(text.split())
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1].rstrip() + "…"


def _undecorated(line: str) -> tuple[Style, int, str]:
    text = line.strip()
    if text[0] == "#":
        content = text.lstrip("#")
        depth = len(text) - len(content)
        if content.endswith("#"):
            content = _CLOSING_HASHES.sub("", content)
        if "**" in content or "__" in content:
            content = content.replace("**", "").replace("__", "")
        return _ATX, depth, " ".join(content.split())
    if text.startswith(("**", "__")):
        return _BOLD, 0, text.replace(text[:2], "").strip()
    return _PLAIN, 0, text


@cache
def matcher(profile: str) -> Matcher:
    """The compiled form of the profile of that name."""
    return Matcher(load_profile(profile))
