"""Text behind a list: it became text of the last item, and may belong to the unit that the list stands in."""

from collections.abc import Iterator

from console.backend.documents.indentation import indentation
from console.backend.documents.nesting import Node
from console.backend.documents.suspects import Sighting
from console.backend.model.plan import SuspectReason


def behind_lists(text: str, nodes: list[Node]) -> Iterator[Sighting]:
    """Yield the first line of each item that stands behind a blank line and is not indented as the item's text is.

    Only a person can tell whether such a line is a further sentence of the item, or goes on with what is around the list.
    """
    for node, end in zip(nodes, [*(node.mark.start for node in nodes[1:]), len(text)], strict=False):
        sighting = _behind(text, node, end) if node.level.list_item else None
        if sighting is not None:
            yield sighting


def _behind(text: str, node: Node, end: int) -> Sighting | None:
    start, indent = node.mark.start, indentation(text, node.mark.start)
    line, is_behind_blank = node.mark.line, False
    while (start := text.find("\n", start, end) + 1) > 0:
        line += 1
        stop = text.find("\n", start)
        content = text[start : stop if stop >= 0 else len(text)]
        if start < end and content.strip():
            if is_behind_blank and indentation(text, start) <= indent:
                return Sighting(line, start, SuspectReason.BEHIND_LIST)
            is_behind_blank = False
        else:
            is_behind_blank = True
    return None
