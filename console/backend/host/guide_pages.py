"""Reads the pages of the guide, which are data of the package: the same in a wheel, an editable installation and a checkout."""

from functools import cache
from importlib.resources import files

from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.guide import PAGES, Guide, chapters_of, title_in


@cache
def read_guide() -> Guide:
    """Return all pages; they are read once. Raises Unmeasured if one is missing or no text."""
    folder = files("console") / "guide"
    texts: dict[str, str] = {}
    for name in PAGES:
        try:
            texts[name] = (folder / f"{name}.md").read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            message = f"the page {name}.md of the guide cannot be read: {reason}"
            raise Unmeasured(
                StopCode.UNREACHABLE, message, "See which files are missing: cutter-console manifest verify"
            ) from error
    titles = {name: title_in(text) for name, text in texts.items()}
    return Guide(
        tuple(
            chapter for name, text in texts.items() for chapter in chapters_of(name, text, lambda n: titles.get(n, ""))
        )
    )
