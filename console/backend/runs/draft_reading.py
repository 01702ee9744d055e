"""Drafts of a run, read back from the database as the role that must not execute."""

from functools import partial

from console.backend.approvals.statement import MAX_LISTED
from console.backend.host.installation import Installation
from console.backend.model.purposes import Purpose
from console.backend.postgres import ledger
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.rulings import recorded_cuts
from console.backend.runs.ruling_facts import RulingFacts


def read_drafts_back(installation: Installation, run_id: str) -> ledger.DraftState:
    """Read the drafts back from the database as the role that must not execute."""
    with connect(installation.settings.database.verifier, read_only=True, purpose="drafts") as connection:
        return ledger.draft_state(connection, run_id)


def drafts_as_known(installation: Installation, run_id: str) -> ledger.DraftDigests:
    """Return the drafts as that role has them: with their lines where a statement lists them, or where they are not known."""
    with connect(installation.settings.database.verifier, read_only=True, purpose="drafts") as connection:
        return ledger.draft_digests(connection, run_id, lines_to=MAX_LISTED)


def with_cut_and_drafts(installation: Installation, facts: RulingFacts) -> tuple[RulingFacts, ledger.DraftDigests]:
    """Add ruling and decision of the run's cut to its facts, and return the drafts beside them: a ruling over drafts is judged by both."""
    run_id = facts.row.run_id
    with connect(installation.settings.database.verifier, read_only=True, purpose="drafts") as connection:
        with Asking(connection) as asking:
            cuts = asking.ask(partial(recorded_cuts, run_ids=(run_id,)))
            known = asking.ask(partial(ledger.known_digests, run_id=run_id))
        drafts = ledger.read_unless_known(connection, run_id, known.value, lines_to=MAX_LISTED)
    return facts._replace(cut=cuts.value.get(run_id)), drafts


def read_drafts_for(installation: Installation, run_id: str, purpose: Purpose) -> tuple[str, ledger.DraftState]:
    """Read the drafts back, and of an enactment why it could not be; empty for what may be ruled on."""
    limit_s = installation.settings.statement_limit_s
    with connect(
        installation.settings.database.verifier, read_only=True, timeout_s=limit_s, purpose="drafts"
    ) as connection:
        if purpose is Purpose.ENACT:
            return ledger.draft_reading(connection, run_id)
        return "", ledger.draft_state(connection, run_id)
