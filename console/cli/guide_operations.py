"""The part of the table of commands about the pages that came with the program."""

from console.cli.guide_requests import ReadGuide
from console.cli.operation import Operation

GUIDE_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("help",),
        "show the page of a STOP code, or what the guide says about words; needs no database",
        ReadGuide,
        "console.cli.guide:read",
        ("console.cli.guide:GuideAnswer",),
        names_many=True,
    ),
)
