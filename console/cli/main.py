"""The entry point: answers `--version` before anything is imported, and hands the rest to the command line."""

import sys
import time
from collections.abc import Sequence

from console import __version__
from console.cli.ending import at_once, leave
from console.cli.printing import ReaderGone, Unprinted, emit, keep_standard_descriptors, say

BROKEN_PIPE = 141
"""The exit status of a command whose reader has gone: 128 + SIGPIPE."""
INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells report it: 128 + SIGINT."""
_HALF_LOADED = (ImportError, SystemError)
"""Errors of a module that could not be loaded for a missing file or memory; met again, it has no such name (`_is_half_loaded`)."""
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Errors that nothing outside the program explains; those of a command's own work are reported where it is called."""
_UNEXPLAINED = "the command could not go on, nor say more than: {}; what it had done until then stands"
_SEE = "See what is so: cutter-console status"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command or open the console. Returns the exit status; as a program it may end the process instead."""
    if argv is not None:
        return _run(argv)
    sys.unraisablehook = _unheard
    try:
        exit_status = _run(None)
        at_once()
    except KeyboardInterrupt:
        # Ctrl-C while the command is still being loaded, or at its end; in between the command itself answers.
        at_once()
        say("interrupted\n")
        exit_status = INTERRUPTED
    except SystemExit as ending:
        at_once()
        exit_status = ending.code if isinstance(ending.code, int) else 1
    leave(exit_status)
    return exit_status


def _unheard(unheard: "sys.UnraisableHookArgs") -> None:
    """Print nothing of what fails while it is taken away, as what an end without memory leaves half done: it would be a traceback.

    A signal that was raised there ends the program all the same.
    """
    if issubclass(unheard.exc_type, KeyboardInterrupt | SystemExit):
        from console.backend.host.signals import raise_again

        raise_again(unheard.exc_value)


def _run(argv: Sequence[str] | None) -> int:
    # First of all: the next file to be opened would get the number of a closed standard stream.
    keep_standard_descriptors()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        return _answered(arguments)
    except ReaderGone:
        return BROKEN_PIPE
    except (Unprinted, OSError, MemoryError, RecursionError, *_HALF_LOADED) as error:
        return _last_words(error, as_json="--json" in arguments)
    except _DEFECTS as error:
        as_json = "--json" in arguments
        return (
            _last_words(error, as_json=as_json)
            if _is_half_loaded(error)
            else _defect(error, arguments, as_json=as_json)
        )


def _is_half_loaded(error: Exception) -> bool:
    """Return whether it is the missing name of a module, which was loaded by half when memory or a file was missing."""
    return isinstance(error, AttributeError) and isinstance(error.obj, type(sys))


def _named_root(arguments: Sequence[str]) -> str | None:
    """Return the root that stands among arguments that nobody has parsed, or None."""
    for number, word in enumerate(arguments):
        if word.startswith("--root="):
            return word.removeprefix("--root=")
        if word == "--root" and number + 1 < len(arguments):
            return arguments[number + 1]
    return None


def _defect(error: Exception, arguments: Sequence[str], *, as_json: bool) -> int:
    """Report a defect outside the work of a command, with a log, as one inside it is reported. Returns the exit status."""
    try:
        from pathlib import Path

        from console.cli.arguments import Options
        from console.cli.failures import report_failure

        root = _named_root(arguments)
        options = Options(root=None if root is None else Path(root), json=as_json)
        return int(report_failure(options, "usage", error))
    except ReaderGone:
        return BROKEN_PIPE
    except (Unprinted, OSError, MemoryError, *_HALF_LOADED, *_DEFECTS) as second:
        return _last_words(second if isinstance(second, Unprinted) else error, as_json=as_json)


def _last_words(error: Exception, *, as_json: bool) -> int:
    """Say why the command ended if nothing more can be loaded or printed. Returns the exit status."""
    # Without any import: the cause can be a missing file or memory. Without the error's text: it could hold a secret.
    reason = getattr(error, "strerror", None) or type(error).__name__
    try:
        if not isinstance(error, Unprinted):
            if as_json:
                emit(_object(_UNEXPLAINED.format(reason)))
            say(f"STOP_INVARIANT_FAILED: {_UNEXPLAINED.format(reason)}\nnext: {_SEE}\n")
            return 7
    except (ReaderGone, Unprinted) as unprinted:
        error = unprinted
    say(f"STOP_INVARIANT_FAILED: the answer could not be printed: {error}\n")
    say("next: Make room where the output goes, and see that it can be written; what the command did stands.\n")
    return 1


def _object(message: str) -> str:
    """Return the one object of --json, without the module that writes it otherwise."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    stop = f'{{"code": "STOP_INVARIANT_FAILED", "message": "{message}", "next_action": "{_SEE}"}}'
    head = '"schema": "cutter-console/usage/1", "outcome": "INCONCLUSIVE"'
    return f'{{{head}, "measured_at": "{now}", "stop": {stop}}}\n'


def _answered(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        emit(f"cutter-console {__version__}\n")
        return 0
    from console.cli import command_line

    return command_line.main(arguments)
