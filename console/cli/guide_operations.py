"""The part of the table of commands about the pages that came with the program, and the console as a page."""

from console.cli.guide_requests import ReadGuide
from console.cli.operation import Operation
from console.cli.serve_request import Serve

GUIDE_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("help",),
        "show the page of a STOP code, or what the guide says about words; needs no database",
        ReadGuide,
        "console.cli.guide:read",
        ("console.cli.guide:GuideAnswer",),
        names_many=True,
    ),
    Operation(
        ("serve",),
        "show the console in a browser, to look only, until Ctrl-C",
        Serve,
        "console.app.serving:serve",
        (),
    ),
)
