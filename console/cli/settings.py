"""Reads the settings of the installation that the options name; loads no driver."""

import os
from pathlib import Path

from console.backend.host.context import default_root
from console.backend.host.settings import Settings, load_settings
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


def settings_of(options: Options, root: Path) -> Settings:
    """Return the settings in force. Those of a named installation are its files' alone: a variable is of no one name."""
    return load_settings(root, options.config, with_environment=not options.installation)
