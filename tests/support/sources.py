"""The modules of the product for scans of their syntax: only those are parsed whose text has what the scan looks for."""

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BETWEEN_LITERALS = re.compile(r"""["']\s*[rbuf]{0,2}["']""", re.IGNORECASE)
"""Where one literal ends and the next one begins, which are one string to Python."""


def modules_with(*words: str, below: str = "console") -> Iterator[tuple[str, ast.Module]]:
    """Name and tree of each module in whose text one of the words stands.

    A name that a module uses stands in its text, in whatever letters of the same compatible form: a module that has
    none of the words can hold no call and no import by them, and no literal that has one but by an escape. To parse
    all of them takes seconds.
    Raises FileNotFoundError where there is no module at all: a scan of nothing passes whatever it looks for.
    """
    modules = sorted((ROOT / below).rglob("*.py"))
    if not modules:
        raise FileNotFoundError(f"no module below {ROOT / below}")
    for path in modules:
        source = path.read_bytes()
        text = unicodedata.normalize("NFKC", source.decode())
        if any(word in part for part in (text, _BETWEEN_LITERALS.sub("", text)) for word in words):
            yield str(path.relative_to(ROOT)), ast.parse(source)
