"""The error tree: every refusal has a stable STOP code, an exit status and a next action.

CutterError
 ├─ Refused          a rule says no (switch, approval, policy, input, replay)        exit 4
 │   └─ Waiting      a ruling is missing and may still come                          exit 3
 ├─ Drifted          a measurement differs from the plan or the pinned value         exit 5
 ├─ Held             a HOLD is set, or has just been set                             exit 6
 ├─ Unmeasured       it could not be measured: never a zero, never a PASS            exit 7
 └─ UsageError       the call itself is wrong                                        exit 2
"""

import re
from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """Exit statuses of the command line."""

    DONE = 0
    """Done, or PASS."""
    FAIL = 1
    """Measured, and the answer is FAIL."""
    USAGE = 2
    """The command line is wrong."""
    WAITING = 3
    """A run rests at a pause and waits for an approval."""
    REFUSED = 4
    """Switch, approval, gate or policy says no."""
    DRIFT = 5
    """The database or the host is not the pinned one."""
    HOLD = 6
    """A HOLD is set; only a typed release clears it."""
    INCONCLUSIVE = 7
    """It could not be measured."""


class StopCode(StrEnum):
    """Stable names of the reasons to stop."""

    DOCUMENT_UNKNOWN = "STOP_DOCUMENT_UNKNOWN"
    REFUSED_INPUT = "STOP_REFUSED_INPUT"
    REPLAY_CONFLICT = "STOP_REPLAY_CONFLICT"
    DRIFT = "STOP_DRIFT"
    IDENTITY_MISMATCH = "STOP_IDENTITY_MISMATCH"
    GRANT_DELTA = "STOP_GRANT_DELTA"
    APPROVAL_REQUIRED = "STOP_APPROVAL_REQUIRED"
    APPROVAL_INVALID = "STOP_APPROVAL_INVALID"
    APPROVAL_USED = "STOP_APPROVAL_USED"
    POLICY_UNSATISFIABLE = "STOP_POLICY_UNSATISFIABLE"
    EXECUTION_DISABLED = "STOP_EXECUTION_DISABLED"
    BACKUP_GPG_PUBKEY_MISSING = "STOP_BACKUP_GPG_PUBKEY_MISSING"
    BACKUP_NOT_PROVEN = "STOP_BACKUP_NOT_PROVEN"
    COUNT_MISMATCH = "STOP_COUNT_MISMATCH"
    INVARIANT_FAILED = "STOP_INVARIANT_FAILED"
    LOCKED = "STOP_LOCKED"
    HOLD = "STOP_HOLD"
    PANIC = "STOP_PANIC"
    CAP_EXCEEDED = "STOP_CAP_EXCEEDED"
    UNREACHABLE = "STOP_UNREACHABLE"


_RUN_ID = r"\bictr-\d{8}T\d{6}Z-[0-9a-f]{8}\b"


def for_the_run(named_in: str, next_action: str) -> str:
    """Replace the placeholder RUN in a command by the run id that this text names, if it names exactly one.

    The database's functions and the checks print commands with the placeholder; a command must work as it is printed.
    """
    run_ids = set(re.findall(_RUN_ID, named_in))
    return re.sub(r"\bRUN\b", run_ids.pop(), next_action) if len(run_ids) == 1 else next_action


class CutterError(Exception):
    """Base of all errors that the console raises on purpose.

    `message` says what is wrong with what (for a document, in which line); `next_action` is what to do about it.
    """

    exit_status: ClassVar[ExitStatus] = ExitStatus.FAIL

    def __init__(self, code: StopCode, message: str, next_action: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.next_action = for_the_run(message, next_action)


class Refused(CutterError):
    """A rule says no; nothing was written."""

    exit_status = ExitStatus.REFUSED


class Waiting(Refused):
    """The run rests for a person: a ruling is missing, or the step behind it was not taken."""

    exit_status = ExitStatus.WAITING


class RunHasEnded(Refused):
    """The run is at its end: nothing of it, such as its drafts, can be worked on any more."""


class Drifted(CutterError):
    """A measurement differs from what the plan or the configuration was made for."""

    exit_status = ExitStatus.DRIFT


class Held(CutterError):
    """A HOLD stands in the way; only a typed release clears it."""

    exit_status = ExitStatus.HOLD


class Unmeasured(CutterError):
    """Measurement failed (database down, SQLSTATE 42501, timeout)."""

    exit_status = ExitStatus.INCONCLUSIVE


class UsageError(CutterError):
    """The call is wrong: a missing file, an option out of place."""

    exit_status = ExitStatus.USAGE
