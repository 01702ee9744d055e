"""Compiled profiles: from a line to the mark it may be."""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from console.backend.documents.numbering import Number, parse_letter, parse_number
from console.backend.documents.profiles import Level, Profile, Role, load_profile

TITLE_LIMIT = 200
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_HEADING_ROLES = frozenset(Role) - {Role.PARAGRAPH, Role.POINT}
_VOID = ("weggefallen", "aufgehoben", "entfällt", "entfallen", "gestrichen", "unbesetzt", "frei")


class Style(IntEnum):
    """How a line is marked; the strongest marking of a level in a document is the one that counts."""

    PLAIN = 1
    BOLD = 2
    ATX = 3


@dataclass(frozen=True, slots=True)
class Mark:
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


class Matcher:
    """A profile, compiled."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._levels = [(lv, self._compiled(lv.pattern), self._compiled(lv.plain)) for lv in profile.level]
        self._references = {lv.name: re.compile(profile.regex(lv.references)) for lv in profile.level if lv.references}
        heads = "|".join(profile.regex(head) for lv in profile.level for head in lv.heads) or r"(?!)"
        flags = re.IGNORECASE if profile.name == "vi-law" else re.NOFLAG
        self.interesting = re.compile(rf" {{0,3}}(?:#{{1,6}}(?:[ \t]|$)|(?:\*\*|__)?(?:{heads}))", flags)
        """Lines that do not match this open no unit."""
        self.by_depth = not any(lv.pattern for lv in profile.level)

    def _compiled(self, pattern: str) -> re.Pattern[str] | None:
        return re.compile(self.profile.regex(pattern)) if pattern else None

    def match(self, line: str, number: int, start: int, fresh: bool) -> Mark | None:
        """The mark of an interesting line, or None. A Markdown heading is always a mark."""
        style, depth, content = _undecorated(line)
        if self.by_depth:
            return self._at_depth(depth, content, number, start) if depth else None
        found = self._find(content, style)
        if found is not None:
            level, num, title = found
            begins = fresh and not title.startswith("\0")
            return Mark(level, style, depth, num, title.removeprefix("\0"), number, start, begins)
        return Mark(None, style, depth, None, content, number, start, fresh) if depth else None

    def _at_depth(self, depth: int, content: str, number: int, start: int) -> Mark:
        level = self.profile.level[min(depth, len(self.profile.level)) - 1]
        return Mark(level, Style.ATX, depth, None, content, number, start, fresh=True)

    def _find(self, content: str, style: Style) -> tuple[Level, Number | None, str] | None:
        for level, marked, plain in self._levels:
            pattern = plain if style is Style.PLAIN else marked
            if pattern is None or (style is Style.ATX and level.role not in _HEADING_ROLES):
                continue
            match = pattern.fullmatch(content)
            if match is None:
                continue
            reference = self._references.get(level.name)
            if reference is not None and reference.fullmatch(content):
                return None
            found = _read(level, match, style)
            if found is not None:
                return found
        return None


def _read(level: Level, match: re.Match[str], style: Style) -> tuple[Level, Number | None, str] | None:
    groups = match.groupdict()
    capitals = groups.get("capitals") or ""
    title = groups.get("title") or groups.get("bare") or capitals
    if (capitals and not capitals.isupper()) or (style is Style.PLAIN and title[:1].islower()):
        return None
    raw = groups.get("number") or groups.get("ordinal") or ""
    if groups.get("until"):
        raw = f"{raw} bis {groups['until']}"
    number = None
    if raw:
        number = parse_letter(raw) if level.letters else parse_number(raw)
        if number is None and not level.letters:
            return None
    text = groups.get("text") or ""
    if text[:1].islower() and not text.startswith(_VOID):
        return level, number, "\0"
    return level, number, clean_title(title)


def clean_title(text: str) -> str:
    """A title without emphasis around it, on one line, at most 200 characters; the body keeps every byte."""
    title = " ".join(text.replace("**", "").replace("__", "").split())
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1].rstrip() + "…"


def _undecorated(line: str) -> tuple[Style, int, str]:
    match = _ATX.fullmatch(line)
    if match:
        content = " ".join((match[2] or "").replace("**", "").replace("__", "").split())
        return Style.ATX, len(match[1]), content.strip("#").strip() if content.strip("#") == "" else content
    text = line.strip()
    if text.startswith(("**", "__")):
        return Style.BOLD, 0, text.replace(text[:2], "").strip()
    return Style.PLAIN, 0, text


@cache
def matcher(profile: str) -> Matcher:
    """The compiled form of the profile of that name."""
    return Matcher(load_profile(profile))
