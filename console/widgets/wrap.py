"""Text wrapped to a width, with a hanging indent behind a label."""

from rich.cells import cell_len, chop_cells

from console.widgets.line import Line, Span, Tone


def wrapped(text: str, width: int) -> list[str]:
    """Wrap at spaces, and inside a word only if it is wider than the row."""
    if cell_len(text) <= width:
        return [text]
    rows: list[str] = []
    current = ""
    for word in _words(text):
        if cell_len(current) + cell_len(word.rstrip()) <= width:
            current += word
            continue
        if current:
            rows.append(current)
        *whole, current = chop_cells(word, width) or [""]
        rows.extend(whole)
    return [*rows, current]


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + words[-1:]


def hanging(label: tuple[Span, ...], text: str, width: int, tone: Tone = "plain") -> list[Line]:
    """Return the label and the text behind it; further rows are indented to the text."""
    indent = sum(cell_len(span.text) for span in label)
    first, *more = wrapped(text, max(width - indent, 12))
    return [(*label, Span(first, tone)), *((Span(" " * indent), Span(row, tone)) for row in more)]


def labelled(label: str, text: str, width: int, tone: Tone = "plain", *, column: int, begins: Line = ()) -> list[Line]:
    """Return a label in a column of so many cells and the text behind it, which may begin with spans of their own."""
    name, begin = Span(f"{label:<{column}}", "muted"), "".join(span.text for span in begins)
    first, *more = hanging((name,), begin + text, width, tone)
    if not first[-1].text.startswith(begin):
        # No room for the text beside what it begins with.
        return hanging((name, *begins), text, width, tone)
    return [(name, *begins, Span(first[-1].text.removeprefix(begin), tone)), *more]
