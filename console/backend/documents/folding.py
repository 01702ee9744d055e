"""Folds the beginning of a line to what a reader sees, so that another space or a look-alike letter hides no unit."""

import html
import re
import unicodedata
from typing import Final

from console.backend.documents.canonical import CanonicalText

REACH: Final = 48
"""Number of characters in which a beginning is folded; sign, number and separator stand within them."""
_TAB_STOP: Final = "    "
_SPACES: Final = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE: Final = "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
# Letters of other alphabets and sizes that no reader can tell from these. The source keeps its own bytes.
_LOOK_ALIKE: Final = {
    **dict(zip("ÐƉðɖ", "ĐĐđđ", strict=True)),
    **dict(zip("АВСЕНІЈКМОРЅТХаеіјорѕсух", "ABCEHIJKMOPSTXaeijopscyx", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True)),
    **{chr(0xFEE0 + ord(sign)): sign for sign in "0123456789().:#/-"},  # full width
    "․": ".",
}
_TABLE: Final = str.maketrans(
    {**dict.fromkeys(_SPACES, " "), **dict.fromkeys(_INVISIBLE, ""), **_LOOK_ALIKE},
)
_TO_FOLD: Final = re.compile(f"[{''.join(_LOOK_ALIKE)}{_SPACES}{_INVISIBLE}\\\\<&]")
_COMBINING: Final = re.compile("[\u0300-\u036f]")
BREAKS: Final = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""Line breaks of Unicode that are none here: lines end at LF alone."""
BROKEN: Final = re.compile(f"[{BREAKS}]([^\n{BREAKS}]+)")
_RARE_INVISIBLE: Final = "\u00ad\u034f\u061c\u180e\ufeff"
_INVISIBLE_PUNCTUATION: Final = re.compile(rb"\xe2(?:\x80[\x8b-\x8f\xaa-\xae]|\x81[\xa0-\xa4\xa6-\xa9])")
HIDING: Final = re.compile(f"(?:\\A|\n)([^\n]{{0,{REACH // 2}}}[{_INVISIBLE}][^\n]*)")
"""A line with an invisible character in its beginning (group 1)."""
_ESCAPED: Final = re.compile(r"\\([!\"$-/:-@\[-`{-~])")  # An escaped `#` is meant to open no heading.
_TAG: Final = re.compile(r"</?[A-Za-z][^<>\n]*>")
# Tags within a line of text. Those of tables, lists and deleted text stay: what they hold is no line of its own.
_INLINE_TAG: Final = re.compile(r"</?(?:a|span|b|strong|i|em|u|font|sup|sub|p|div)\b[^<>\n]*>", re.IGNORECASE)
_LINK: Final = re.compile(r"!?\[([^\[\]\n]*)\](?:\([^()\n]*\)|\{[^{}\n]*\})")
_ATTRIBUTES: Final = re.compile(r"\{[ \t]*(?:[#.][^{}\n]*|[A-Za-z-]+=[^{}\n]*)\}")


def holds_invisible(document: CanonicalText) -> bool:
    """Return whether a text holds an invisible character.

    Most of these begin with the same byte, which is rare; as characters they would be searched for one by one.
    """
    encoded, text = document.encoded, document.text
    hides = encoded is not None and _INVISIBLE_PUNCTUATION.search(encoded) is not None
    return hides or any(sign in text for sign in _RARE_INVISIBLE)


def needs_folding(line: str) -> bool:
    """Return whether a sign in the beginning of a line is, or may be, another than it looks."""
    return _TO_FOLD.search(line, 0, REACH) is not None


def folded_beginning(line: str) -> str:
    """Return the line with the spaces, invisible characters, escapes and look-alike letters of its beginning folded.

    A leading tab counts as four spaces, as in Markdown. The number of characters can change; what follows the
    beginning stays as it is.
    """
    if not needs_folding(line):
        return line
    text = _INLINE_TAG.sub("", line) if "<" in line[:REACH] else line
    if "&" in text[:REACH]:
        text = html.unescape(text[:REACH]) + text[REACH:]
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    head, tail = text[len(indent) : REACH], text[max(REACH, len(indent)) :]
    head = head.translate(_TABLE)
    if "\\" in head:
        head = _ESCAPED.sub(r"\1", head)
    return (_TAB_STOP if "\t" in indent else indent) + head + tail


def bare(text: str) -> str:
    """Return a text in lower case, without diacritics and with plain digits: `Điều ②` is `dieu 2`."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.lower().replace("đ", "d").replace("ß", "ss"))
    return _COMBINING.sub("", apart)


def without_tags(text: str) -> str:
    """Return a text without HTML tags."""
    return _TAG.sub("", text)


def without_markup(title: str) -> str:
    """Return a title without HTML tags, Pandoc's attributes and the targets of links; their texts stay."""
    if "<" in title:
        title = without_tags(title)
    if title.endswith("}"):
        # Not by one pattern for the whole: it would try each of a million spaces before the brace.
        at = title.rfind("{")
        if at >= 0 and _ATTRIBUTES.fullmatch(title, at):
            title = title[:at].rstrip()
    return _LINK.sub(r"\1", title) if "[" in title else title
