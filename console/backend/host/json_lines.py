"""Lines of the keys of a JSON text, which the parser does not tell."""

import re

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]:,]|[^\s{}\[\]:,"]+|\n')


def lines_of_keys(text: str) -> dict[str, int]:
    """Return the line, counted from 1, of each key by its path with dots; of one that stands twice, the last, which counts.

    `text` is sound JSON. What is inside a list belongs to the key of the list.
    """
    lines: dict[str, int] = {}
    path: list[str] = []
    lists, number, last = 0, 1, ""
    for token in _TOKEN.findall(text):
        match token:
            case "\n":
                number += 1
                continue
            case "[":
                lists += 1
            case "]":
                lists -= 1
            case "{" if not lists:
                path.append("")
            case "}" if not lists:
                path.pop()
            case ":" if not lists and path:
                path[-1] = last
                lines[".".join(path)] = number
        last = token[1:-1] if token.startswith('"') else token
    return lines
