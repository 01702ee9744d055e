"""From the options to the backend of this host."""

import getpass
import os

from console.backend.host.context import Context, default_root
from console.backend.host.installation import Installation
from console.backend.host.settings import load_settings
from console.backend.model.safe_text import safe_text
from console.backend.service import BackendService
from console.cli.operations import Options


def installation_of(options: Options) -> Installation:
    """Settings, surroundings and operator. Raises UsageError for a bad configuration."""
    context = context_of(options)
    return Installation(context, load_settings(context.root, options.config), operator())


def context_of(options: Options) -> Context:
    """The surroundings alone: for what needs no configuration."""
    return Context(root=(options.root or default_root()).absolute())


def backend_of(options: Options, *, read_only: bool = False) -> BackendService:
    """The backend of this host."""
    return BackendService(installation_of(options), read_only=read_only)


def operator() -> str:
    """Return the user at the keyboard: the one behind sudo if there is one; a number for a user without an account."""
    try:
        return safe_text(os.environ.get("SUDO_USER") or getpass.getuser())
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
