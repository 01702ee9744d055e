"""The arguments of the `batch` commands; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.backend.model.profile_names import DEFAULT_PROFILE
from console.cli.arguments import option, positional, switch
from console.cli.plan_request import PROFILE
from console.cli.watching import Watched, watch_option

ON_FAILURE = ("stop", "set-aside")
"""Reactions of a batch to a document that fails."""


@dataclass(frozen=True, slots=True)
class PlanBatch:
    """Plan the documents of a batch."""

    source: Path = field(
        metadata=positional("SOURCE", "a folder with documents, or a queue file that lists them: TOML", is_file=True)
    )
    profile: str = field(default=DEFAULT_PROFILE, metadata=PROFILE)
    ordinals: bool = field(
        default=False, metadata=switch("with a folder: number repeated headings instead of refusing them")
    )


@dataclass(frozen=True, slots=True)
class StartBatch(PlanBatch):
    """Start a batch."""

    live: bool = field(
        default=False,
        metadata=switch("allow the runs to write, after SG_1; without it nothing can be written", dangerous=True),
    )
    on_failure: str = field(
        default="stop", metadata=option("", "if a document fails: stop, or go on without it", choices=ON_FAILURE)
    )


@dataclass(frozen=True, slots=True)
class OneBatch:
    """A command about one batch."""

    batch: str = field(metadata=positional("BATCH", "the batch's id, its unique beginning, or latest"))


@dataclass(frozen=True, slots=True)
class WatchedBatch(OneBatch, Watched):
    """A command about one batch that can be watched."""

    watch: int = watch_option()


@dataclass(frozen=True, slots=True)
class ResumeBatch(OneBatch):
    """Resume a batch."""

    on_failure: str = field(
        default="",
        metadata=option("", "change what it does if a document fails; set-aside goes on without", choices=ON_FAILURE),
    )
