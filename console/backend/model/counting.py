"""Numbers with their noun: one unit, two units."""


def counted(number: int, singular: str, form: str = "") -> str:
    """Return text such as `1 unit` or `2 units`; `form` is the format of the number, such as `,` for `1,234 units`."""
    return f"{number:{form}} {singular if number == 1 else singular + 's'}"
