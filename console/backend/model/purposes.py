"""Rulings and their purposes, and the operations of a run that are no phases: each name once."""

from enum import StrEnum

from console.backend.model.states import Stage


class Kind(StrEnum):
    """The sovereign's two rulings: cut into draft, enact."""

    SG_1 = "SG_1"
    SG_2 = "SG_2"


class Purpose(StrEnum):
    """Purpose of one ruling, used once. A purpose that has been served takes no other ruling."""

    CUT = "cut"
    """Write a document, or the differences of an amendment, into draft; of a repeal, seal that nothing is left."""
    EDIT = "edit"
    ENACT = "enact"
    REVERT = "revert"
    """Take back exactly the drafts that are named, even if there are more or other drafts than were cut."""

    @property
    def kind(self) -> Kind:
        """Return the kind of ruling that serves it."""
        return Kind.SG_2 if self is Purpose.ENACT else Kind.SG_1

    @property
    def over_drafts(self) -> bool:
        """Return whether the ruling names existing drafts, not a plan that is to be written."""
        return self in {Purpose.ENACT, Purpose.REVERT}


class RunOperation(StrEnum):
    """Operation of a run on units: cut a document into new ones, amend or repeal one that is law, or write new versions of drafts."""

    CUT = "cut"
    AMEND = "amend"
    REPEAL = "repeal"
    """End a whole document: it has no text, and every unit that is law goes out of force."""
    EDIT = "edit"

    @property
    def of_law(self) -> bool:
        """Return whether it is about a document that is law already, its base."""
        return self in {RunOperation.AMEND, RunOperation.REPEAL}


PURPOSE_AT: dict[tuple[Stage, RunOperation], Purpose] = {
    (Stage.AWAITING_CUT_AUTHORIZATION, RunOperation.CUT): Purpose.CUT,
    (Stage.AWAITING_CUT_AUTHORIZATION, RunOperation.AMEND): Purpose.CUT,
    (Stage.AWAITING_CUT_AUTHORIZATION, RunOperation.REPEAL): Purpose.CUT,
    (Stage.AWAITING_CUT_AUTHORIZATION, RunOperation.EDIT): Purpose.EDIT,
    (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, RunOperation.CUT): Purpose.ENACT,
    (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, RunOperation.AMEND): Purpose.ENACT,
    (Stage.AWAITING_LIFECYCLE_AUTHORIZATION, RunOperation.REPEAL): Purpose.ENACT,
}
"""The ruling that a run waits for at a pause; one to revert is asked for by name, at no pause of its own."""
KIND_AT: dict[Stage, Kind] = {stage: purpose.kind for (stage, _), purpose in PURPOSE_AT.items()}
"""The kind of that ruling, which is the same for each operation."""


class Operation(StrEnum):
    """A step of a run that is no phase, as journal and database record it."""

    START = "start"
    RESUME = "resume"
    STOP = "stop"
    REST = "rest"
    IMPORT = "import"
    ARM = "arm"
    PLAN_EDITS = "plan edits"
    EDIT = "edit"
    REVERT = "revert"
    VERIFY_AGAIN = "verify again"
    REPLAN = "replan"
    VOID = "void"
    HAND_OVER = "hand over"
    ACCEPT = "accept"
    TAKE_OVER = "take over"


CHANGES_OF_HANDS = frozenset({Operation.HAND_OVER, Operation.ACCEPT, Operation.TAKE_OVER})
"""Operations after which another console holds the run, or nobody until somebody accepts it."""
