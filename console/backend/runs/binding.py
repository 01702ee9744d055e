"""The server that the next step of a run is bound to, beside the server at hand.

A cut is bound to the server that it was planned for. An enactment is bound to the server on which the drafts were
verified: after the promotion of a standby they are verified again, and SG_2 is signed again. Pure.
"""

from console.backend.model.plan_binding import Target
from console.backend.model.safe_text import SafeText
from console.backend.model.states import DRAFT_STAGES, Move, Stage
from console.backend.model.value import Value
from console.backend.postgres.places import PlaceRow


class Place(Value):
    """A server by system identifier and timeline."""

    system_identifier: str
    timeline: int

    @property
    def words(self) -> str:
        """Return the place for a message."""
        return f"server {self.system_identifier}, timeline {self.timeline}"


class Displacement(Value):
    """The next step of a run is bound to another server than the one at hand."""

    said: SafeText
    """The server that the step is bound to, and the one at hand, in words."""
    is_promoted: bool
    """True for another timeline of the same database: a standby was promoted. Otherwise it is another database."""
    is_standby: bool = False
    """True for a server that only replays what another one writes: it is for reading."""


_PLANNED_STAGES = frozenset(
    {Stage.CUTPLAN_OK, Stage.PRE_WRITE_BACKUP_TAKEN, Stage.GRANTS_PROBED, Stage.AWAITING_CUT_AUTHORIZATION}
)
"""A plan is there, and nothing is written: it can be made again on another server."""


def place_of(target: Target) -> Place:
    """Return the server that a target names."""
    return Place(system_identifier=target.system_identifier, timeline=target.timeline)


def here(planned: Target, at_hand: PlaceRow, host: str) -> Target:
    """Return the planned database on the timeline at hand; another system identifier stays the planned one."""
    return planned.model_copy(update={"host": host, "timeline": at_hand.timeline})


def enactment_target(planned: Target, at_hand: PlaceRow, host: str) -> Target:
    """Return the server that an enactment is bound to: the plan's or, after a promotion, the one that verified the drafts."""
    same = at_hand.verified_timeline in {None, planned.timeline}
    # Another system identifier is another database, whoever has verified there.
    if same or at_hand.verified_on != planned.system_identifier or at_hand.verified_timeline is None:
        return planned
    return planned.model_copy(update={"host": host, "timeline": at_hand.verified_timeline})


def displacement(stage: Stage, planned: Target | None, at_hand: PlaceRow) -> Displacement | None:
    """Return how the server at hand differs from the one that the run's next step is bound to; None if it does not.

    A standby takes no step at all, whichever timeline it replays.
    """
    if at_hand.is_standby:
        return Displacement(
            said=f"server {at_hand.system_identifier} is a standby; a step of the run is made on its primary",
            is_promoted=False,
            is_standby=True,
        )
    present = Place(system_identifier=at_hand.system_identifier, timeline=at_hand.timeline)
    if stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION:
        # Version 0.2.0 recorded no server: its drafts are verified again before SG_2 is drafted, wherever they are.
        if at_hand.verified_on is None or at_hand.verified_timeline is None:
            return None
        bound = Place(system_identifier=at_hand.verified_on, timeline=at_hand.verified_timeline)
        word = "the drafts were verified on"
    elif planned is not None and (stage in _PLANNED_STAGES or stage in DRAFT_STAGES):
        bound, word = place_of(planned), "it was planned for"
    else:
        return None
    if bound == present:
        return None
    is_promoted = planned is None or (planned.database, planned.system_identifier) == (
        at_hand.database,
        at_hand.system_identifier,
    )
    return Displacement(said=f"{word} {bound.words}; this is {present.words}", is_promoted=is_promoted)


def moves_elsewhere(
    displaced: Displacement, stage: Stage, moves: tuple[Move, ...], *, can_replan: bool
) -> tuple[Move, ...]:
    """Return the moves that are left on another server than the next step is bound to, the first the one that goes on."""
    if displaced.is_standby:
        return (Move.REPORT,)
    ends = tuple(move for move in moves if move in {Move.VOID, Move.REVERT, Move.REPORT})
    if not displaced.is_promoted:
        return ends
    if stage is Stage.AWAITING_LIFECYCLE_AUTHORIZATION:
        return (Move.VERIFY, *ends)
    if stage in _PLANNED_STAGES:
        return (Move.REPLAN, *ends) if can_replan else ends
    # What another role reads back is no write; the rest of a cut would be one under the old ruling.
    reads = stage in {Stage.CUT_LEG_A_COMMITTED, Stage.LEG_B_RECORDED} and Move.CONTINUE in moves
    return (Move.CONTINUE, *ends) if reads else ends
