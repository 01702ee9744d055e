"""Compiled profiles: from a line to the mark it may be."""

import re
from collections.abc import Iterable
from enum import IntEnum
from functools import cache, cached_property
from typing import NamedTuple

from console.backend.documents.beginnings import DECORATION, notable
from console.backend.documents.folding import without_markup
from console.backend.documents.numbering import Number, parse_in, parse_number, parse_path
from console.backend.documents.profiles import Level, Profile, load_profile

TITLE_LIMIT = 200
# What could be a beginning that is written otherwise; suspects.py looks closer. Any sign may stand before it. Nothing is
# tried twice (possessive quantifiers): these are looked for in every line of a document.
_SEEMS_HEADING = r"[ \t\u00a0]*+[^\w\n#＃<]{0,12}+(?:<?[#＃]|<[hH][1-6]|\w{1,2}+[#＃])"
_SEEMS_NUMBERED = (
    r"[ \t\u00a0]*+(?:_|[^\w\n([{（§#＃<.)]){0,12}+(?:[(\[{（§#＃<.)]|\d(?:\w{0,5}+[^\w\n.)\]}:/．）\-–—]{0,2}+[.)\]}:/．）\-–—]|\d{0,2}+(?!\d))"
    r"|(?![a-zäöüß]{4})[^\W\d_]++(?:(?<!\w\w\w\w)[^\w\n.)\]}:/．）\-–—]{0,2}+[.)\]}:/．）\-–—]|(?<!\w\w\w)|[^\w\n]{0,6}+(?:$|(?<=[;:*§#,/()\[\]])\w|[a-z]?\d|[IVXLC]++(?!\w)))|[A-ZÄÖÜĐ](?=[^\n]{0,39}+$))"
)
_FRAGMENT_FIRST = re.compile(r"(<\w+>)(?![?*+{])([^|]+)")
_VOID = ("weggefallen", "aufgehoben", "entfällt", "entfallen", "gestrichen", "unbesetzt", "frei")


class Style(IntEnum):
    """Style in which a line is marked; the strongest marking of a level in a document is the one that counts."""

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
    """True if something may begin on this line: after a blank line, a heading or a finished sentence."""


class _Form(NamedTuple):
    """One level, compiled."""

    level: Level
    marked: re.Pattern[str]
    plain: re.Pattern[str] | None
    reference: re.Pattern[str] | None
    texts: bool
    """True if the pattern gives the text after the number, and the end of a range of numbers."""
    small: bool

    bare: bool
    """True if the patterns give number and title alone, as for most levels."""

    def values(self, match: re.Match[str]) -> tuple[str | None, str | None, str]:
        """Number, title, and the title again where it must be in capitals; None or empty without one."""
        if self.bare:
            number, title = match.group("number", "title")
            return number, title, ""
        groups = match.groupdict("")
        capitals = groups.get("capitals", "")
        title = groups.get("title") or groups.get("bare") or capitals
        return groups.get("number") or groups.get("ordinal"), title, capitals


class Matcher:
    """A profile, compiled."""

    def __init__(self, profile: Profile) -> None:
        self._whole = profile
        if any(level.if_refused for level in profile.level):
            profile = profile.without_spare_levels()
        self.profile = profile
        self.by_depth = not any(lv.pattern for lv in profile.level)
        self.lettered = any(level.alphabet for level in profile.level)
        self.confirming = {
            lv.name: re.compile(profile.regex(lv.confirmed_by)) for lv in profile.level if lv.confirmed_by
        }
        """Patterns by level of what must be found within the lines behind a line of it."""
        self.inside = {lv.name: profile.regex(lv.inside) for lv in profile.level if lv.inside}
        """Forms by level of a number within a line."""
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
        try:
            self._join(profile)
        except re.error as error:
            keys = "heads, reads_like, seems and list_items are joined into one pattern each"
            advice = "write flags such as (?i:…) around what they are for, and no group with a name"
            raise ValueError(f"profile {profile.name}: {keys}, and one is none ({error}): {advice}") from error

    def _join(self, profile: Profile) -> None:
        heads = _joined(profile, (head for lv in profile.level for head in lv.heads))
        firsts = "".join(map(re.escape, self._forms))
        unmarked = rf"|(?=[*_{firsts}])(?:\*\*|__|)(?:{heads})" if heads else ""
        flags = re.MULTILINE | (re.IGNORECASE if profile.ignore_case else re.NOFLAG)
        begins = rf" {{0,3}}(?:#{{1,6}}(?![^ \t\n]){unmarked})[^\n]*"
        items = "|".join(profile.regex(head) for lv in profile.level if lv.list_item for head in lv.heads)
        if items:
            begins = rf"(?:{begins}| {{4,24}}(?:{items})[^\n]*)"
        lists = rf"(?![ ]{{0,8}}(?:{'|'.join(map(profile.regex, profile.list_items))}))" if profile.list_items else ""
        further = "".join(f"|{profile.regex(pattern)}" for pattern in profile.seems)
        seems = rf"(?={_SEEMS_HEADING if self.by_depth else _SEEMS_NUMBERED}{further}){lists}[^\n]*"
        self.beginning = re.compile(begins, flags)
        """A line that can open a unit; others are not examined for it."""
        self.first_line = re.compile(rf"(?:({begins})|({seems}))", flags)
        self.lines = re.compile(rf"\n(?!\n)(?:({begins})|({seems}))", flags)
        """Group 1: a line that can open a unit; group 2: one that may only seem to. The leading LF makes the search fast.

        A blank line, as every second one is, can be neither.
        """
        self.reads_like = (
            re.compile(rf"{DECORATION}(?:{'|'.join(map(profile.regex, profile.reads_like))})")
            if profile.reads_like
            else None
        )
        self.notable = notable(self.reads_like, profile.words, lettered=self.lettered)
        """Beginnings that are worth a closer look, of lines that no level matches."""

    @cached_property
    def _spare(self) -> re.Pattern[str]:
        heads = "|".join(
            self._whole.regex(head) for level in self._whole.level if level.if_refused for head in level.heads
        )
        return re.compile(rf"\n {{0,3}}(?:[#*_][#*_ ]*)?(?:{heads})")

    def wider_for(self, text: str) -> "Matcher | None":
        """Return the matcher with those levels, if a line of the text begins like one of them."""
        return self.wider if self.wider is not None and self._spare.search(text) is not None else None

    @cached_property
    def wider(self) -> "Matcher | None":
        """The matcher with the levels that are tried where a document is refused; None if there are none."""
        return Matcher(self._whole.with_spare_levels()) if self._whole is not self.profile else None

    def _form(self, level: Level) -> _Form:
        marked = re.compile(self.profile.regex(level.pattern))
        plain = re.compile(self.profile.regex(level.plain)) if level.plain else None
        reference = re.compile(self.profile.regex(level.references)) if level.references else None
        groups = [set(pattern.groupindex) for pattern in (marked, plain) if pattern is not None]
        bare = all(names == {"number", "title"} for names in groups)
        return _Form(level, marked, plain, reference, "text" in marked.groupindex, level.small, bare)

    def match(self, line: str, number: int, start: int, fresh: bool) -> Mark | None:
        """The mark of an interesting line, or None. A Markdown heading is always a mark."""
        # The order of these tests is the rule, and they run for each line of a document: one function, and no call for other lines.
        form = self._small.get(line[0])
        match = form.marked.fullmatch(line) if form is not None else None
        if form is not None and match is not None:
            return _small_mark(form, match, _PLAIN, number, start, fresh)
        style, depth, content = _undecorated(line)
        if self.by_depth:
            if not depth:
                return None
            level = self.profile.level[min(depth, len(self.profile.level)) - 1]
            return Mark(level, style, depth, None, clean_title(content), number, start, fresh=True)
        for form in self._forms.get(content[:1], ()):
            pattern = form.plain if style is _PLAIN else form.marked
            if pattern is None or (form.small and style is _ATX):
                continue
            match = pattern.fullmatch(content)
            if match is None:
                continue
            if form.small:
                return _small_mark(form, match, style, number, start, fresh)
            read = _read(form, match, style)
            if read is not None:
                return Mark(form.level, style, depth, read[0], read[1], number, start, fresh)
        return Mark(None, style, depth, None, clean_title(content), number, start, fresh) if depth else None


def _small_mark(form: _Form, match: re.Match[str], style: Style, line: int, start: int, fresh: bool) -> Mark | None:
    """A paragraph or a point; one that goes on in lower case, as the rest of a sentence would, is not fresh."""
    level, raw = form.level, match["number"]
    if level.alphabet is not None:
        refers = form.reference is not None and form.reference.fullmatch(match.string.strip())
        return None if refers else Mark(level, style, 0, parse_in(level.alphabet, raw), "", line, start, fresh)
    if form.texts:
        until, text = match.group("until", "text")
        if until:
            raw = f"{raw} bis {until}"
        elif text is not None and text[0].islower():
            if form.reference is not None and form.reference.fullmatch(match.string.strip()):
                return None
            fresh = fresh and text.startswith(_VOID)
    return Mark(level, style, 0, parse_number(raw), "", line, start, fresh)


def _read(form: _Form, match: re.Match[str], style: Style) -> tuple[Number | None, str] | None:
    raw, title, capitals = form.values(match)
    if (capitals and not capitals.isupper()) or (style is _PLAIN and title and title[0].islower()):
        return None
    number = _number(form.level, raw) if raw else None
    if raw and number is None:
        return None
    return number, clean_title(title) if title else ""


def _number(level: Level, raw: str) -> Number | None:
    if level.path:
        return parse_path(raw)
    return parse_number(raw) if level.alphabet is None else parse_in(level.alphabet, raw)


def clean_title(text: str) -> str:
    """A title without emphasis, tags and link targets, on one line, at most 200 characters; the body keeps every byte."""
    if "<" in text or "[" in text or text.endswith("}"):
        text = without_markup(text)
    if "**" in text or "__" in text:
        text = text.replace("**", "").replace("__", "")
    title = " ".join(text.split()) if "  " in text or not text.isprintable() else text.strip(" ")
    return title if len(title) <= TITLE_LIMIT else title[: TITLE_LIMIT - 1].rstrip() + "…"


def _undecorated(line: str) -> tuple[Style, int, str]:
    text = line.strip()
    if text[0] == "#":
        content = text.lstrip("#")
        depth = len(text) - len(content)
        if content.endswith("#"):
            words = content.rstrip("#")
            content = words if not words or words[-1] in " \t" else content
        if "**" in content or "__" in content:
            content = content.replace("**", "").replace("__", "")
        plain = content.isprintable() and "  " not in content
        return _ATX, depth, content.strip(" ") if plain else " ".join(content.split())
    if text.startswith(("**", "__")):
        return _BOLD, 0, text.replace(text[:2], "").strip()
    return _PLAIN, 0, " ".join(text.split()) if "  " in text else text


def _joined(profile: Profile, heads: Iterable[str]) -> str:
    """Return one pattern for all: heads that begin with the same fragment share it, so that it is tried once a line."""
    rests: dict[str, list[str]] = {}
    for head in heads:
        shared = _FRAGMENT_FIRST.fullmatch(head)
        fragment, rest = shared.groups() if shared is not None else ("", head)
        if not _is_pattern(profile.regex(fragment)):  # Such as `(?:a`, which the rest closes.
            fragment, rest = "", head
        rests.setdefault(profile.regex(fragment), []).append(profile.regex(rest))
    return "|".join(f"{first}(?:{'|'.join(ends)})" if first else "|".join(ends) for first, ends in rests.items())


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


@cache
def matcher(profile: str) -> Matcher:
    """The compiled form of the profile of that name."""
    return Matcher(load_profile(profile))
