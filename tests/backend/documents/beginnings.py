"""Changes of one beginning, as converters, keyboards and scanners make them."""

from collections.abc import Callable
from random import Random

LOOK_ALIKE = {
    **dict(zip("AaeopcKCM", "Ааеорс" + "КСМ", strict=True)),
    **dict(zip("().12", "（）．１２", strict=True)),
    "Đ": "Ð",
}
_SPACES = ["\u00a0", "\u2009", "\t", "  ", "\u202f", "\u3000"]
_INDENTS = [" ", "   ", "    ", "\t", "\u00a0", "- ", "* "]
_INVISIBLE = ["\u200b", "\ufeff", "\u00ad"]
_SIGNS = "abcxyz0123456789 .,;:()[]-/§#*"
_WITHIN = 8
"""Number of characters of a line that count as its beginning here."""


def another_space(line: str, random: Random) -> str:
    """Put another space after the sign."""
    place = line.find(" ", len(line) - len(line.lstrip("# *")))
    return line if place < 0 else line[:place] + random.choice(_SPACES) + line[place + 1 :]


def look_alike(line: str, random: Random) -> str:
    """Replace one letter or sign by one that looks the same."""
    places = [i for i, letter in enumerate(line[:_WITHIN]) if letter in LOOK_ALIKE]
    if not places:
        return line
    place = random.choice(places)
    return line[:place] + LOOK_ALIKE[line[place]] + line[place + 1 :]


def escaped(line: str, random: Random) -> str:
    """Escape a sign, as converters to Markdown do."""
    places = [i for i, letter in enumerate(line[:_WITHIN]) if letter in ".()#*"]
    if not places:
        return line
    place = random.choice(places)
    return f"{line[:place]}\\{line[place:]}"


def indented(line: str, random: Random) -> str:
    """Indent the line, or make a list item of it."""
    return random.choice(_INDENTS) + line


def hidden(line: str, random: Random) -> str:
    """Insert a character that nobody sees."""
    place = random.randrange(min(_WITHIN, len(line)))
    return line[:place] + random.choice(_INVISIBLE) + line[place:]


def mistyped(line: str, random: Random) -> str:
    """Delete, insert or replace one character."""
    place, sign = random.randrange(min(_WITHIN, len(line))), random.choice(_SIGNS)
    return line[:place] + random.choice(["", sign + line[place : place + 1], sign]) + line[place + 1 :]


Change = Callable[[str, Random], str]
CHANGES: tuple[Change, ...] = (another_space, look_alike, escaped, indented, hidden)
"""Changes after which no reader sees another text, or only another indentation."""
