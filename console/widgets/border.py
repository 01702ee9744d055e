"""Words in the border of a widget. Textual reads them as markup; what stands here is text."""

from textual.widget import Widget


def set_upper(widget: Widget, words: str) -> None:
    """Set the words in the upper border; words that stand there already draw nothing again."""
    escaped = _escaped(words)
    if widget.border_title != escaped:
        widget.border_title = escaped


def set_lower(widget: Widget, words: str) -> None:
    """Set the words in the lower border; words that stand there already draw nothing again."""
    escaped = _escaped(words)
    if widget.border_subtitle != escaped:
        widget.border_subtitle = escaped


def _escaped(words: str) -> str:
    return words.replace("[", "\\[")
