"""Requests about the settings in force; imports no library. Part of the table of commands."""

from dataclasses import dataclass, field
from pathlib import Path

from console.cli.arguments import Argument, positional


@dataclass(frozen=True, slots=True)
class NoArguments:
    """A command without arguments of its own."""


@dataclass(frozen=True, slots=True)
class ValidateConfig:
    """Check a file of settings."""

    file: Path | None = field(
        default=None,
        metadata=positional(
            "CONFIG",
            "a configuration, an installations.toml or a console.toml; without it those in force",
            is_file=True,
        ),
    )


@dataclass(frozen=True, slots=True)
class ConfigSchema:
    """Print the JSON Schema of a file of settings, or of what a hook reads."""

    kind: str = field(
        metadata={
            "argument": Argument(
                "",
                "of which file, or of what a hook reads",
                positional=True,
                choices=("settings", "installations", "console", "hook-event"),
            )
        }
    )
