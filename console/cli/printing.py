"""Writes to standard output and standard error, even if they are closed, full, without a reader or of another encoding."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from console.backend.model.unreadable import why_unreadable


class Unprinted(Exception):
    """Standard output could not be written; the message says why. The effect of the command stands."""


class ReaderGone(Exception):
    """The reader of standard output has gone, as in `cutter-console status | head -1`."""


def keep_standard_descriptors() -> None:
    """Open /dev/null for each of the descriptors 0, 1 and 2 that is closed.

    Otherwise the next file that is opened gets the number, and what a library says to standard error lands in it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def emit(text: str) -> None:
    """Write data to standard output. Raises Unprinted, ReaderGone."""
    _emit(lambda stream: _write(stream, text))


def emit_bytes(data: bytes) -> None:
    """Write bytes to standard output as they are, whatever its encoding. Raises Unprinted, ReaderGone."""
    _emit(lambda stream: _write_bytes(stream, data))


def _emit(write: Callable[[TextIO], None]) -> None:
    # Python sets it to None if the descriptor was closed at the start.
    stream = sys.stdout
    if stream is None:
        raise Unprinted("standard output is closed")
    try:
        write(stream)
    except BrokenPipeError as error:
        _abandon(stream)
        raise ReaderGone from error
    except (OSError, ValueError) as error:
        _abandon(stream)
        raise Unprinted(why_unreadable(error)) from error


def say(text: str) -> None:
    """Write to standard error. A failure is ignored: it is no reason to stop what is being done."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        _write(stream, text)
    except (OSError, ValueError):
        _abandon(stream)


def is_unicode(stream: TextIO | None) -> bool:
    """Return whether the stream takes every character."""
    return (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-").startswith("utf-")


def _write(stream: TextIO, text: str) -> None:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    # At once: an error must come now, as an answer of this command, and not at the interpreter's end.
    stream.flush()


def _write_bytes(stream: TextIO, data: bytes) -> None:
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()


def _abandon(stream: TextIO) -> None:
    """Discard what is still in the buffer: the interpreter would try to write it again at its end, and complain."""
    with suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
        stream.flush()
