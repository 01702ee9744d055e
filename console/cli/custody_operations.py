"""The part of the table of commands about who holds a run."""

from console.cli.custody_requests import AcceptRun, HandOverRun
from console.cli.operation import Operation
from console.cli.run_requests import ConfirmedRun

_RUN_VIEW = ("console.backend.model.view_models:RunView",)

CUSTODY_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        ("run", "hand-over"),
        "write a run's files into one bundle for another host, and let go of the run",
        HandOverRun,
        "console.cli.custody:hand_over",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("run", "accept"),
        "verify the bundle of a run that was handed over, and go on with it here",
        AcceptRun,
        "console.cli.custody:accept",
        _RUN_VIEW,
        writes=True,
    ),
    Operation(
        ("run", "take-over"),
        "hold a run whose host is gone; the run id is typed",
        ConfirmedRun,
        "console.cli.custody:take_over",
        _RUN_VIEW,
        writes=True,
        dangerous=True,
    ),
)
