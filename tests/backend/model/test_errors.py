"""Every refusal has a stable code, an exit status and a next action."""

import pytest

from console.backend.model.errors import (
    CutterError,
    Drifted,
    ExitStatus,
    Held,
    Refused,
    StopCode,
    Unmeasured,
    UsageError,
    Waiting,
)

DESIGN = [
    "STOP_DOCUMENT_UNKNOWN",
    "STOP_REFUSED_INPUT",
    "STOP_REPLAY_CONFLICT",
    "STOP_DRIFT",
    "STOP_IDENTITY_MISMATCH",
    "STOP_GRANT_DELTA",
    "STOP_APPROVAL_REQUIRED",
    "STOP_APPROVAL_INVALID",
    "STOP_APPROVAL_USED",
    "STOP_POLICY_UNSATISFIABLE",
    "STOP_EXECUTION_DISABLED",
    "STOP_BACKUP_GPG_PUBKEY_MISSING",
    "STOP_BACKUP_NOT_PROVEN",
    "STOP_COUNT_MISMATCH",
    "STOP_INVARIANT_FAILED",
    "STOP_LOCKED",
    "STOP_HOLD",
    "STOP_PANIC",
    "STOP_CAP_EXCEEDED",
    "STOP_UNREACHABLE",
]


def test_the_stop_codes_are_those_that_scripts_know() -> None:
    assert [code.value for code in StopCode] == DESIGN


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Refused, ExitStatus.REFUSED),
        (Waiting, ExitStatus.WAITING),
        (Drifted, ExitStatus.DRIFT),
        (Held, ExitStatus.HOLD),
        (Unmeasured, ExitStatus.INCONCLUSIVE),
        (UsageError, ExitStatus.USAGE),
        (CutterError, ExitStatus.FAIL),
    ],
)
def test_each_kind_has_its_exit_status(kind: type[CutterError], status: ExitStatus) -> None:
    error = kind(StopCode.HOLD, "a message", "a next action")
    assert (error.exit_status, error.code, error.message, error.next_action) == (
        status,
        StopCode.HOLD,
        "a message",
        "a next action",
    )
    assert str(error) == "STOP_HOLD: a message"


def test_the_exit_statuses_are_those_of_the_design() -> None:
    assert [(status.name, int(status)) for status in ExitStatus] == [
        ("DONE", 0),
        ("FAIL", 1),
        ("USAGE", 2),
        ("WAITING", 3),
        ("REFUSED", 4),
        ("DRIFT", 5),
        ("HOLD", 6),
        ("INCONCLUSIVE", 7),
    ]
