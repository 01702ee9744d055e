"""Test totals from a JUnit file, counted test by test; nothing in the file is expanded, followed or believed unchecked."""

import math
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode, UsageError
from console.backend.release.manifest import RECORD_TESTS, TestTotals

MOST_BYTES = 64 << 20
_KINDS = {"failure": "failures", "error": "errors", "skipped": "skipped"}
_ADVICE = f"Make it again. {RECORD_TESTS}"


class _NotTotals(ValueError):
    """A JUnit file does not add up, or cannot be trusted."""


@dataclass
class _Count:
    """Counts while the file is read."""

    tests: int = 0
    bad_tests: int = 0
    in_bad_test: bool = False
    root: str = ""
    timestamp: str = ""
    duration_s: float = 0.0

    def __post_init__(self) -> None:
        self.counted = dict.fromkeys(_KINDS, 0)
        self.declared = dict.fromkeys(_KINDS, 0)

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        """Count one element as it begins. Raises _NotTotals, or ValueError for a number that is none."""
        self.root = self.root or name
        if self.root not in {"testsuites", "testsuite"}:
            raise _NotTotals(f"<{name}> is no JUnit file")
        match name:
            case "testsuite":
                self._suite(attributes)
            case "testcase":
                self.tests += 1
                self.in_bad_test = False
            case "failure" | "error" | "skipped":
                # One test can have several of these, such as a failure and an error at its teardown.
                self.counted[name] += 1
                self.bad_tests += not self.in_bad_test
                self.in_bad_test = True

    def _suite(self, attributes: dict[str, str]) -> None:
        for kind, attribute in _KINDS.items():
            self.declared[kind] += int(attributes.get(attribute, 0))
        self.duration_s += float(attributes.get("time", 0))
        self.timestamp = self.timestamp or attributes.get("timestamp", "")
        if not math.isfinite(self.duration_s) or self.duration_s < 0:
            raise _NotTotals("the suite's time is no number of seconds")

    def totals(self, junit_sha256: str) -> TestTotals:
        """Return the totals. Raises _NotTotals if the suites' own totals are not those of their tests."""
        if not self.tests:
            raise _NotTotals("it holds no test")
        for kind, attribute in _KINDS.items():
            if self.counted[kind] != self.declared[kind]:
                raise _NotTotals(f"the suites say {attribute}={self.declared[kind]}, their tests {self.counted[kind]}")
        return TestTotals(
            tests=self.tests,
            passed=self.tests - self.bad_tests,
            failed=self.counted["failure"],
            errors=self.counted["error"],
            skipped=self.counted["skipped"],
            duration_s=math.ceil(self.duration_s),
            junit_sha256=junit_sha256,
            timestamp=self.timestamp,
        )


def read_junit(path: Path) -> TestTotals:
    """Read the totals of a test run. Raises UsageError naming file and line for all that is no whole, plain JUnit file.

    A document type is refused, so that no entity is ever expanded, and so is a file beyond 64 MiB.
    """
    count, parser, whole = _Count(), expat.ParserCreate(), True
    parser.StartElementHandler = count.opened
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        data = _read(path)
        parser.Parse(data, whole)
        return count.totals(sha256_hex(data))
    except OSError as error:
        message = f"{path}: {error.strerror}"
    except expat.ExpatError as error:
        message = f"{path}, line {error.lineno}: {expat.ErrorString(error.code)}"
    except ValueError as error:
        message = f"{path}, line {parser.CurrentLineNumber}: {error}"
    raise UsageError(StopCode.REFUSED_INPUT, message, _ADVICE)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise _NotTotals(f"longer than {MOST_BYTES} bytes")
    return data


def _refuse_doctype(_name: str, _system: str | None, _public: str | None, _internal: bool) -> None:
    raise _NotTotals("a document type is refused")
