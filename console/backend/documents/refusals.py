"""One refusal for all problems of a document, with the command that lists every one of them."""

import shlex
from pathlib import Path

from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Problem

_SHOWN = 10


def refused_document(subject: str, problems: tuple[Problem, ...], next_action: str) -> Refused:
    """Return the refusal with the first problems and their lines."""
    listed = "; ".join(f"{place_of(problem)}{problem.message} ({problem.code})" for problem in problems[:_SHOWN])
    more = f"; and {len(problems) - _SHOWN:,} more" if len(problems) > _SHOWN else ""
    return Refused(StopCode.REFUSED_INPUT, f"{subject}: {listed}{more}", next_action)


def plan_command(file: Path | str, docprefix: str, profile: str, *, ordinals: bool, accept: Path | None = None) -> str:
    """Return the command that plans a file in this way and lists every problem."""
    words = ["cutter-console", "plan", str(file), "--docprefix", docprefix, "--profile", profile]
    words += ["--ordinals"] if ordinals else []
    words += ["--accept", str(accept)] if accept is not None else []
    return shlex.join(words)


def place_of(problem: Problem) -> str:
    """Return the line of a problem, to be written before it; empty for one of the whole document."""
    return f"line {problem.line}: " if problem.line else ""
