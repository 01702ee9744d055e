"""Numbers with their noun: one unit, two units, two entries."""

import re

_ENDS_WITH_Y = re.compile(r"(?<![aeiou])y\Z")


def counted(number: int, singular: str, form: str = "") -> str:
    """Return text such as `1 unit` or `2 units`; `form` is the format of the number, such as `,` for `1,234 units`."""
    return f"{number:{form}} {singular if number == 1 else _ENDS_WITH_Y.sub('ie', singular) + 's'}"
