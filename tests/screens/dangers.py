"""The dialogs in which something dangerous is confirmed: how each is opened, and what was done behind it."""

from console.backend.model.states import Stage
from tests.support.fakes import HOLD, FakeBackend

SG_2 = Stage.AWAITING_LIFECYCLE_AUTHORIZATION
DANGERS = {
    "arm": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "A")),
    "void": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "V")),
    "take over": (Stage.AWAITING_CUT_AUTHORIZATION, ("3", "T")),
    "enact": (SG_2, ("3", "E")),
    "revert": (SG_2, ("3", "U")),
    "release": (SG_2, ("H",)),
}


def backend_of(name: str) -> FakeBackend:
    """Return a backend behind which this dialog can be opened."""
    stage, _keys = DANGERS[name]
    return FakeBackend(stage=stage, switch=HOLD, taken_over=name == "take over")


def done(backend: FakeBackend) -> list[str]:
    """Return what the backend was told to do, not what it was asked."""
    names = {"arm", "void", "take", "enact", "revert", "release", "start"}
    return [call for call in backend.calls if call.split()[0] in names]
