"""Reads the settings of the installation that the options name; loads no driver."""

import os
from pathlib import Path

from console.backend.host.context import default_root
from console.backend.host.runtime_tree import CONFIG_NAME, DIRECTORIES
from console.backend.host.settings import Settings, load_settings
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.safe_text import safe_text
from console.cli.arguments import Options


def found_path(options: Options, path: Path) -> Path:
    """Return a path of the working directory, or of the root if nothing is there: the guide names a file of the root so."""
    return found_below(root_of(options), path)


def found_below(folder: Path, path: Path) -> Path:
    """Return a path of the working directory, or of this folder if nothing is there and something in the folder."""
    if path.is_absolute() or os.path.lexists(path):
        return path
    below = folder / path
    return below if os.path.lexists(below) else path


def root_of(options: Options) -> Path:
    """Return the runtime tree."""
    return (options.root or default_root()).absolute()


def require_named_root(options: Options) -> None:
    """Raise UsageError if CUTTER_ROOT is set to nothing, and stands for the root: a script's variable was empty."""
    if options.root is None and os.environ.get("CUTTER_ROOT") == "":
        raise UsageError(
            StopCode.REFUSED_INPUT, "CUTTER_ROOT is empty, and names no root", "Set it, or: unset CUTTER_ROOT"
        )


def require_root(options: Options) -> None:
    """Raise UsageError if there is no runtime tree at the root, and no configuration is named.

    The defaults would be in force, and the HOLD file of the root that is meant would not be seen.
    """
    require_named_root(options)
    root = root_of(options)
    if options.config is None and all(_is_missing(root / name) for name in (CONFIG_NAME, DIRECTORIES[0])):
        raise UsageError(
            StopCode.REFUSED_INPUT,
            f"{safe_text(str(root))} is no runtime tree: there is no {CONFIG_NAME} and no {DIRECTORIES[0]}/ in it",
            "Name the root that is meant, by its option or CUTTER_ROOT; a new one is made by: cutter-console init",
        )


def _is_missing(path: Path) -> bool:
    """Return whether there is nothing; what may not be looked at is told by whoever reads it."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def settings_of(options: Options, root: Path) -> Settings:
    """Return the settings in force. Those of a named installation are its files' alone: a variable is of no one name."""
    return load_settings(root, options.config, with_environment=not options.installation)
