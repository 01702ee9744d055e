"""Doubles of the function that plans one document in a worker; importable there by name."""

import os
import time
from pathlib import Path

from console.backend.documents.folder_plan import plan_one
from console.backend.documents.folder_report import FolderDocument, FolderRequest

DIES, DIES_ONCE, FAILS, HANGS = "dies.md", "dies-once.md", "fails.md", "hangs.md"


def plan_or_die(request: FolderRequest, name: str, number: int) -> FolderDocument:
    """Plan a document; the names above end, fail or block the worker instead."""
    marker = request.folder / ".died"
    if name == DIES or (name == DIES_ONCE and not marker.exists()):
        marker.touch()
        os._exit(9)
    if name == FAILS:
        raise LookupError("no such thing")
    return plan_one(request, name, number)


def plan_and_hang(request: FolderRequest, name: str, number: int) -> FolderDocument:
    """Leave the worker's process id beside the document, and block."""
    marker = Path(request.folder) / f".{name}.pid"
    marker.with_suffix(".part").write_text(str(os.getpid()))
    marker.with_suffix(".part").rename(marker)
    time.sleep(600)
    return plan_one(request, name, number)


HANGING_COMMAND = """
import sys
from console.backend.documents import folder_plan
from console.cli.main import main
from tests.support.dying import plan_and_hang

if __name__ == "__main__":
    folder_plan.plan_entries.__kwdefaults__["plan"] = plan_and_hang
    sys.exit(main(sys.argv[1:]))
"""
"""A program: the command line, with workers that hang in each document."""
