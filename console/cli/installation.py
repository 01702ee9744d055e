"""Makes settings, surroundings and backend of this host from the options."""

import getpass
import os
from typing import TYPE_CHECKING

from console.backend.host.context import Context
from console.backend.host.installation import Installation
from console.backend.host.named_installations import named
from console.backend.measuring import MeasuringService
from console.backend.model.safe_text import safe_text
from console.cli.arguments import Options
from console.cli.settings import require_root, root_of, settings_of

if TYPE_CHECKING:
    from console.backend.service import BackendService


def installation_of(options: Options, *, anywhere: bool = False) -> Installation:
    """Return settings, surroundings and operator. Raises UsageError for a bad configuration, or a root that is none.

    `anywhere` takes a root that is not there: what stops everything is not refused for it.
    """
    if not anywhere:
        require_root(options)
    context = context_of(options)
    return Installation(context, settings_of(options, context.root), operator())


def context_of(options: Options) -> Context:
    """Return the surroundings alone, for commands that need no configuration."""
    return Context(root=root_of(options))


def backend_of(options: Options, *, read_only: bool = False, anywhere: bool = False) -> "BackendService":
    """Return the backend of this host; `anywhere` as in `installation_of`."""
    # Here, because a console that is opened loads it only when something is asked that needs it.
    from console.backend.service import BackendService

    return BackendService(installation_of(options, anywhere=anywhere), read_only=read_only)


def measuring_of(options: Options, *, read_only: bool = False, anywhere: bool = False) -> MeasuringService:
    """Return what of the backend of this host measures and stops; `anywhere` as in `installation_of`."""
    return MeasuringService(installation_of(options, anywhere=anywhere), read_only=read_only)


def is_for_reading(options: Options) -> bool:
    """Return whether the name behind -P is one for reading only; commands that write are refused for it."""
    return bool(options.installation) and named(options.installation[0]).read_only


def operator() -> str:
    """Return the operator's name: the user who called sudo, if any; a number for a user without an account."""
    try:
        return safe_text(os.environ.get("SUDO_USER") or getpass.getuser())
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
