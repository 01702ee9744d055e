"""Log records of libraries: redacted, and on standard error only while no screen is drawn there.

psycopg logs warnings. A record that no handler takes is written by Python itself, without a filter for secrets.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from console.cli.printing import say

MOST = 20
"""The records that are kept while the screen is drawn; more of them are counted."""
_LAYOUT = "%(levelname)s %(name)s: %(message)s"


class _Redacting(logging.Handler):
    """A handler for warnings and worse; pydantic, which the formatter loads, is loaded with the first record."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of the record without secrets and escapes, each with its line end."""
        from console.backend.model.redaction import RedactingFormatter
        from console.backend.model.safe_text import safe_text

        try:
            text = RedactingFormatter(_LAYOUT).format(record)
        except (TypeError, ValueError, LookupError, AttributeError):
            # Python would print the arguments of the record and a traceback, neither of them redacted.
            text = f"{record.levelname} {record.name}: a message that could not be formatted"
        return "".join(f"{safe_text(line)}\n" for line in text.splitlines())


class _Immediate(_Redacting):
    """A handler that writes each record to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        say(self.format(record))


class _Collector(_Redacting):
    """A handler that keeps the first records, so that nothing is written into the screen."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[str] = []
        self._more = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record, or count it."""
        if len(self._records) < MOST:
            self._records.append(self.format(record))
        else:
            self._more += 1

    def text(self) -> str:
        """Return the kept records, and the number of further ones."""
        return "".join(self._records) + (f"and {self._more} more warnings\n" if self._more else "")


@contextmanager
def to_standard_error() -> Iterator[None]:
    """Write records to standard error, redacted, as long as the command runs."""
    with _installed(_Immediate()):
        yield


@contextmanager
def after_the_screen() -> Iterator[None]:
    """Keep records back while the console is drawn; then write them to standard error, redacted."""
    collector = _Collector()
    root = logging.getLogger()
    # The command's own handler would print into the screen.
    immediate_handlers = [handler for handler in root.handlers if isinstance(handler, _Redacting)]
    for handler in immediate_handlers:
        root.removeHandler(handler)
    try:
        with _installed(collector):
            yield
    finally:
        for handler in immediate_handlers:
            root.addHandler(handler)
        say(collector.text())


@contextmanager
def _installed(handler: logging.Handler) -> Iterator[None]:
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
