"""Facts that the database has of the runs under a ruling: asked at once, of all members of a batch as of one run."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from console.backend.host.installation import Installation
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.document_runs import DocumentRun, runs_beside_all
from console.backend.postgres.places import PlaceRow, places_of_runs
from console.backend.postgres.recorded_plans import recorded_manifests
from console.backend.postgres.records import ApprovalRow, RunRow, not_recorded, runs_of
from console.backend.postgres.rulings import CutRow, recorded_cuts
from console.backend.runs.bars import by_document


class RulingFacts(NamedTuple):
    """Facts of one run in the database, as they were at one moment; its plan is in its directory."""

    row: RunRow
    writers: tuple[DocumentRun, ...]
    """Runs that have written under its prefix."""
    place: PlaceRow
    """The server at hand, beside the one that verified its drafts."""
    manifest: str | None
    """Digest of its manifest as it was recorded with its plan; None if it was not."""
    cut: CutRow | None
    """Ruling and decision of its cut; None if they were not asked for, or are not recorded."""
    rulings: tuple[ApprovalRow, ...] | None = None
    """Its imported rulings, the newest first; None if they were not asked for."""


def measure_facts_of(
    installation: Installation, run_ids: Iterable[str], *, over_drafts: bool
) -> dict[str, RulingFacts]:
    """Return the facts of these runs, those of their cuts too if the ruling is over drafts. A run that is not recorded has none."""
    ids = list(run_ids)
    monitor = installation.settings.database.monitor
    with connect(monitor, read_only=True, purpose="rulings") as connection, Asking(connection) as asking:
        rows = asking.ask(partial(runs_of, run_ids=ids))
        writers = asking.ask(partial(runs_beside_all, run_ids=ids))
        places = asking.ask(partial(places_of_runs, run_ids=ids))
        manifests = asking.ask(partial(recorded_manifests, run_ids=ids))
    cuts: dict[str, CutRow] = {}
    if over_drafts:
        with connect(installation.settings.database.verifier, read_only=True, purpose="recorded cut") as connection:
            cuts = recorded_cuts(connection, ids)
    of_document = by_document(writers.value)
    return {
        run_id: RulingFacts(
            row,
            tuple(of_document.get(row.docprefix, ())),
            places.value[run_id],
            manifests.value.get(run_id),
            cuts.get(run_id),
        )
        for run_id, row in rows.value.items()
    }


def only_of(run_id: str, facts: RulingFacts | None) -> RulingFacts | None:
    """Return the facts if they are of this run: in place of a run's statement may stand that of another one."""
    return facts if facts is not None and facts.row.run_id == run_id else None


def facts_of_run(installation: Installation, run_id: str, *, over_drafts: bool) -> RulingFacts:
    """Return the facts of one run. Raises Refused if the database has none of that id."""
    facts = measure_facts_of(installation, (run_id,), over_drafts=over_drafts).get(run_id)
    if facts is None:
        raise not_recorded(run_id)
    return facts
