"""Numbers with their noun: one unit, two units, two entries."""

import re

_ENDS_WITH_Y = re.compile(r"(?<![aeiou])y\Z")
_HISSES = re.compile(r"(?:s|x|ch|sh)\Z")


def several(singular: str) -> str:
    """Return the plural of a noun, or of words that end with one: `units`, `entries`, `batches`."""
    return _HISSES.sub(r"\g<0>e", _ENDS_WITH_Y.sub("ie", singular)) + "s"


def counted(number: int, singular: str, form: str = ",") -> str:
    """Return text such as `1 unit` or `1,234 units`: written in one way wherever it stands.

    `form` is the format of the number in a column, such as `>7,`.
    """
    return f"{number:{form}} {singular if number == 1 else several(singular)}"
