"""The man page, made from the parser; `make man` writes it to build/."""

from pathlib import Path

from argparse_manpage.manpage import Manpage

from console import __version__
from console.cli.command_line import build_parser

WRITTEN = Path(__file__).parents[2] / "build" / "cutter-console.1"


def man_page() -> str:
    """Return the page in roff."""
    parser = build_parser()
    page = Manpage(parser, format="single-commands-section")
    page.description = parser.description
    page.source = f"cutter-console {__version__}"
    page.manual = "cutter-console"
    return str(page)


if __name__ == "__main__":
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_text(man_page(), encoding="utf-8")
