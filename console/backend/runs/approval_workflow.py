"""The two rulings of a run: drafted at its pause, signed elsewhere, checked here, imported as cutter_verify."""

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from console.backend.approvals.batch_statement import parse_batch_statement, parse_members
from console.backend.approvals.bindings import Expectation
from console.backend.approvals.check import SignedBy, StatementCheck, check_statement, raise_if_invalid
from console.backend.approvals.draft_files import read_drafts
from console.backend.approvals.keyring import measure_keyring
from console.backend.approvals.policy import Policy, check_policy, load_policy, require_satisfiable
from console.backend.approvals.signatures import signatures_beside, signing_command
from console.backend.approvals.statement import (
    DraftFacts,
    RunFacts,
    Statement,
    StatementAmendment,
    StatementDocument,
    StatementDrafts,
    StatementProfile,
    draft_statement,
    list_drafts,
    parse_statement,
    read_statement,
    utc_second,
    write_statement,
)
from console.backend.host.durable import replace_file
from console.backend.host.installation import Installation
from console.backend.host.runtime_tree import close_to_others
from console.backend.host.site_files import run_tables
from console.backend.journal.journal_record import Field
from console.backend.model.canonical_json import canonical_json, indented_json, sha256_hex
from console.backend.model.errors import CutterError, Drifted, Refused, StopCode, Waiting
from console.backend.model.full_command import command_to_import
from console.backend.model.ids import BATCH_PREFIX
from console.backend.model.outcome import Outcome
from console.backend.model.plan import CutPlan
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.purposes import PURPOSE_AT, Operation, Purpose
from console.backend.model.run_tables import NOT_RECORDED
from console.backend.model.view_models import ApprovalStatus, ApprovalView
from console.backend.model.written_plan import as_written
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.effects import Effect, EffectKind
from console.backend.postgres.places import PlaceRow
from console.backend.postgres.records import ApprovalRow, RunRow, approvals
from console.backend.postgres.rulings import CutRow
from console.backend.runs.bars import barred_error
from console.backend.runs.binding import Place, displacement, enactment_target, here, place_of
from console.backend.runs.custody import require_holder
from console.backend.runs.draft_reading import drafts_as_known, read_drafts_back, read_drafts_for, with_cut_and_drafts
from console.backend.runs.known_run import known_run
from console.backend.runs.later_texts import require_later
from console.backend.runs.operations import commit_without_event, operation
from console.backend.runs.phase_context import Role
from console.backend.runs.ruling_facts import RulingFacts, facts_of_run, only_of
from console.backend.runs.run_views import plan_and_bar, run_and_plan
from console.backend.runs.statement_status import as_of_use, obsolete_word, status_of
from console.backend.runs.unread_statements import unread_view
from console.backend.runs.workspace import Workspace

_OF_DRAFTS = frozenset({"draft_digest", "drafts", "n_units", "expected_deltas", "target"})
"""Checks that a used ruling fails by its own effect, or by the time that has passed."""
_STATEMENTS = {".SG_1", ".SG_2", ".REVERT"}
_NONE = "0" * 64
_NO_DECISION = "00000000-0000-0000-0000-000000000000"


def draft(
    installation: Installation, run_id: str, *, revert: bool = False, in_force_from: datetime | None = None
) -> ApprovalView:
    """Draft the statement that the run waits for; with `revert`, the one that takes exactly its drafts back.

    `in_force_from` is for an enactment: the later moment from which the text is in force.

    Raises Refused if it waits for none, and Drifted, naming the units, if its drafts are not what was signed
    or were not verified since: then SG_2 is not even drafted.
    """
    row, plan, bar = run_and_plan(installation, run_id)
    require_holder(Workspace.open(installation.root, run_id).directory, row)
    purpose = Purpose.REVERT if revert else PURPOSE_AT.get((row.stage, row.operation))
    if purpose is None:
        raise Refused(
            StopCode.APPROVAL_REQUIRED,
            f"run {run_id} is at {row.state.name} and waits for no ruling",
            f"See: cutter-console run show {run_id}",
        )
    if bar is not None:
        raise barred_error(bar, f"no SG_1 is drafted for run {run_id}")
    require_later(in_force_from, purpose, installation, row)
    policy = load_policy(installation.policy)
    now = installation.context.now()
    # Before anything is drafted: a statement that nobody can sign would be noticed only at its import.
    require_satisfiable(check_policy(policy, measure_keyring(installation.gnupg_home, now), now))
    path = installation.statement(run_id, statement_name(purpose))
    state: ledger.DraftDigests | None = None
    _make_room(path, installation)
    # A draft that is still valid is kept: signatures may already have been made over its bytes.
    if path.exists():
        _require_same_moment(path, in_force_from)
        _restore_units(installation, run_id, path)
    else:
        state = write_drafted(installation, row, plan, purpose, policy, path, in_force_from)
    return view(installation, path, state)


def _require_same_moment(path: Path, moment: datetime | None) -> None:
    """Raise Refused if a moment is asked for that the drafted statement, which may be signed already, does not name."""
    drafted = parse_statement(read_statement(path)).in_force_from
    if moment is not None and drafted != utc_second(moment):
        named = drafted.isoformat() if drafted else "no later moment"
        raise Refused(
            StopCode.APPROVAL_INVALID,
            f"{path} is drafted already and names {named}",
            f"Move it and its signatures away to draft another one: {path}",
        )


def statement_name(purpose: Purpose) -> str:
    """Return the part of a statement's file name that follows the run id: its ruling, or REVERT."""
    return "REVERT" if purpose is Purpose.REVERT else purpose.kind.value


def write_drafted(
    installation: Installation,
    row: RunRow,
    plan: CutPlan,
    purpose: Purpose,
    policy: Policy,
    path: Path,
    in_force_from: datetime | None,
    known: RulingFacts | None = None,
) -> ledger.DraftState | None:
    """Write the statement of this purpose for the run as it is now, and the file of its drafts if it is over drafts.

    Returns the drafts that it is over, as they were read for it. `known` is what the database has of the run, if this
    command has just asked for it.
    """
    known = known or facts_of_run(installation, row.run_id, over_drafts=purpose.over_drafts)
    place = known.place
    # What is to be signed is computed of the plan's file; the recorded digest is what it is compared with.
    facts = _facts(installation, row, plan, purpose, place)
    if not purpose.over_drafts:
        elsewhere, action = said_elsewhere(
            facts.target, row.run_id, purpose, place, in_batch=bool(_batch_of(installation, row.run_id))
        )
        if elsewhere:
            raise Drifted(StopCode.IDENTITY_MISMATCH, f"no SG_1 is drafted for run {row.run_id}: {elsewhere}", action)
        write_statement(path, draft_statement(purpose, facts, policy.sha256, installation.context))
        return None
    refusal, state = read_drafts_for(installation, row.run_id, purpose)
    displaced = displacement(row.stage, None, place)
    if refusal and displaced is not None and displaced.is_standby:
        # What the drafts lack elsewhere cannot be made up for here: a standby neither verifies nor takes back.
        message = f"no SG_2 is drafted for run {row.run_id}: {displaced.said}"
        raise Drifted(StopCode.IDENTITY_MISMATCH, message, "Connect to the primary.")
    if refusal:
        raise Drifted(
            StopCode.DRIFT,
            f"no SG_2 is drafted for run {row.run_id}: {refusal}",
            f"Verify the drafts: cutter-console verify {_batch_of(installation, row.run_id) or row.run_id}. If they are not what was signed, take them back: "
            f"cutter-console approval draft {row.run_id} --revert",
        )
    if not state.count:
        raise Refused(StopCode.EXECUTION_DISABLED, f"run {row.run_id} has no drafts", "There is nothing to rule on.")
    draft_facts = _draft_facts(known, state, path, cut=purpose is Purpose.ENACT)
    # The statement names the digest of this file, so the file is written first.
    replace_file(path.with_name(draft_facts.drafts.file), state.lines.data)
    counted = _counted(installation, row, facts, plan, purpose, state)
    drafted = draft_statement(purpose, counted, policy.sha256, installation.context, draft_facts, in_force_from)
    write_statement(path, drafted)
    return state


def _restore_units(installation: Installation, run_id: str, path: Path) -> None:
    """Write the file of the drafts beside a statement again, if it is not the signed one and can be made from the database."""
    signed = parse_statement(read_statement(path))
    _, compared = read_drafts(path, signed, installation.context.now())
    if signed.drafts is None or all(check.outcome is Outcome.PASS for check in compared):
        return
    data = read_drafts_back(installation, run_id).lines.data
    if sha256_hex(data) == signed.drafts.file_sha256:
        replace_file(path.with_name(signed.drafts.file), data)


def _counted(
    installation: Installation,
    row: RunRow,
    facts: RunFacts,
    plan: CutPlan,
    purpose: Purpose,
    state: ledger.DraftDigests,
) -> RunFacts:
    """Return the facts of a ruling over the drafts in the database, which may differ from the planned ones."""
    deltas = _step_deltas(installation, row, plan, purpose, state.count)
    return facts.model_copy(update={"n_units": state.count, "expected_deltas": deltas})


def _make_room(path: Path, installation: Installation) -> None:
    """Rename a draft that can no longer be approved, with its signatures; it is never overwritten."""
    word = _obsolete_as(path, installation) if path.exists() else ""
    if word:
        set_draft_aside(path, word)


def set_draft_aside(path: Path, word: str) -> None:
    """Rename a draft with its signatures and its file of units; `word` says why."""
    aside = path.with_suffix(f".{word}-{sha256_hex(path.read_bytes())[:8]}.json")
    # The statement is renamed last: after a crash in between, the next draft finds it and goes on.
    for signature in signatures_beside(path):
        signature.rename(signature.with_name(aside.name + signature.name.removeprefix(path.name)))
    units = path.with_name(f"{path.stem}.units.tsv")
    if units.exists():
        units.rename(units.with_name(f"{aside.stem}.units.tsv"))
    path.rename(aside)


def _obsolete_as(path: Path, installation: Installation) -> str:
    return obsolete_word(
        lambda: parse_statement(read_statement(path)).expires,
        lambda: check(installation, path, ()),
        installation.context.now(),
    )


def check(
    installation: Installation,
    statement: Path,
    signatures: tuple[Path, ...],
    state: ledger.DraftDigests | None = None,
    known: RulingFacts | None = None,
) -> StatementCheck:
    """Check a statement against its run as the database has it now, with gpg's own words on each signature.

    `state` is the drafts, `known` the run's facts without its cut, if this command has just read them.
    """
    data = read_statement(statement)
    claimed = parse_statement(data)
    known = only_of(claimed.run_id, known)
    if known is not None and claimed.purpose.over_drafts:
        known, state = with_cut_and_drafts(installation, known)
    expected = expectation(installation, statement, claimed, state, known)
    over_batch, beside = _signed_over_its_batch(statement, data, claimed)
    return check_statement(
        data,
        signatures or beside,
        policy=load_policy(installation.policy),
        gnupg_home=installation.gnupg_home,
        now=installation.context.now(),
        expected=expected,
        name=statement.name,
        import_with=command_to_import(statement),
        signed=over_batch if not signatures else None,
    )


def expectation(
    installation: Installation,
    statement: Path,
    claimed: Statement,
    state: ledger.DraftDigests | None = None,
    known: RulingFacts | None = None,
) -> Expectation:
    """Return what a statement must say of its run, as the database has it now, or as `state` has its drafts and `known` the rest."""
    known = known or facts_of_run(installation, claimed.run_id, over_drafts=claimed.purpose.over_drafts)
    row, place = known.row, known.place
    plan, bar = plan_and_bar(installation, row, known.writers)
    facts, drafted = _facts(installation, row, plan, claimed.purpose, place, known.manifest), None
    in_batch = bool(_batch_of(installation, claimed.run_id))
    elsewhere, action = said_elsewhere(facts.target, claimed.run_id, claimed.purpose, place, in_batch=in_batch)
    if claimed.purpose.over_drafts:
        state = state or drafts_as_known(installation, claimed.run_id)
        enacts = claimed.purpose is Purpose.ENACT
        drafted = _draft_facts(known, state, statement, cut=enacts)
        # A revert is over the drafts that are there; an enactment must find those that were planned.
        facts = facts if enacts else _counted(installation, row, facts, plan, claimed.purpose, state)
    return Expectation(
        purpose=claimed.purpose, facts=facts, draft=drafted, elsewhere=elsewhere, next_there=action, bar=bar
    )


def _signed_over_its_batch(statement: Path, data: bytes, claimed: Statement) -> tuple[bytes | None, tuple[Path, ...]]:
    """Return the bytes of the statement over a batch that names this one, and the signatures beside it; none without one."""
    kind = claimed.kind.value
    for path in sorted(statement.parent.glob(f"{BATCH_PREFIX}*.{kind}.json")):
        try:
            signed = read_statement(path)
            listed = path.with_name(parse_batch_statement(signed).members.file).read_bytes()
        except (Refused, OSError):
            continue
        if sha256_hex(listed) == parse_batch_statement(signed).members.file_sha256 and any(
            member.run_id == claimed.run_id and member.statement_sha256 == sha256_hex(data)
            for member in parse_members(listed)
        ):
            return signed, signatures_beside(path)
    return None, ()


def import_statement(installation: Installation, statement: Path, signatures: tuple[Path, ...]) -> ApprovalView:
    """Check a statement, then record it as cutter_verify. Raises Refused or Waiting naming every failed check."""
    claimed = parse_statement(read_statement(statement))
    # The database compares them again with the statement, and each line with what was signed, as it records the ruling.
    state = drafts_as_known(installation, claimed.run_id) if claimed.purpose.over_drafts else None
    checked = check(installation, statement, signatures, state)
    raise_if_invalid(checked)
    signed = checked.statement
    if signed is None:
        raise Refused(
            StopCode.APPROVAL_INVALID, f"{statement}: no statement", "Draft it again: cutter-console approval draft RUN"
        )
    workspace = Workspace.open(installation.root, signed.run_id)
    plan = workspace.plan()
    policy = load_policy(installation.policy)
    # Before the import, so that no recorded ruling is without the policy that it was judged under.
    workspace.write(policy_copy(policy.sha256), canonical_json(policy))
    if plan.plan_digest != signed.plan_digest:
        raise Refused(
            StopCode.APPROVAL_INVALID, "the plan in the run's directory is not the signed one", "Start another run."
        )
    counted = tuple(signer.data for signer in checked.signed_by)
    own = _kept_here(installation.statement(signed.run_id, statement_name(signed.purpose)), statement, checked.data)
    _keep_beside(own, (*signatures_beside(statement), *signatures), checked.signed_by)
    fields = (Field(key="statement_sha256", value=checked.sha256),)
    # As the verifying role: the role that cuts cannot bring a ruling into the database.
    with operation(
        installation, workspace, known_run(installation, signed.run_id).request, Operation.IMPORT, fields
    ) as journal:
        commit_without_event(
            installation,
            journal,
            signed.run_id,
            Operation.IMPORT,
            lambda connection: Effect(
                kind=EffectKind.APPROVAL, key=ledger.import_approval(connection, checked.data, counted)
            ),
            role=Role.VERIFIER,
        )
    counted_names = {signer.file_name for signer in checked.signed_by}
    uncounted = tuple(path for path in signatures if path.name not in counted_names)
    for path in (statement, *signatures):
        close_to_others(installation.root, path)
    return view(installation, statement, state, uncounted)


def _kept_here(own: Path, statement: Path, data: bytes) -> Path:
    """Return where the statement lies that each later check reads: in the root, where a copy is kept if none is there.

    One that was imported from elsewhere while another one lies there stays the other one's neighbour: neither is replaced.
    """
    if not os.path.lexists(own):
        replace_file(own, data)
    return own if read_statement(own) == data else statement


def _keep_beside(statement: Path, known: tuple[Path, ...], signed_by: tuple[SignedBy, ...]) -> None:
    """Copy the signatures that count and lie elsewhere to the statement: each later check reads those beside it."""
    beside = {path.resolve() for path in signatures_beside(statement)}
    elsewhere = {path.name for path in known if path.resolve() not in beside}
    for signed in signed_by:
        if signed.file_name in elsewhere:
            replace_file(statement.with_name(f"{statement.name}.{sha256_hex(signed.data)[:16]}.asc"), signed.data)


def policy_copy(sha256: str) -> str:
    """Return the file name, in a run's directory, of the policy of an imported statement, kept for the auditor."""
    return f"policy-{sha256}.json"


def view(
    installation: Installation,
    statement: Path,
    state: ledger.DraftDigests | None = None,
    named: tuple[Path, ...] = (),
    known: RulingFacts | None = None,
) -> ApprovalView:
    """Return the statement for a screen, with the present outcome of every check; `state` and `known` as for `check`.

    Beside the signatures beside the statement, those that were `named` are judged: one that does not count is said.
    """
    signed = parse_statement(read_statement(statement))
    beside = signatures_beside(statement)
    known_files = {path.resolve() for path in beside}
    signatures = (*beside, *(path for path in named if path.resolve() not in known_files))
    known = only_of(signed.run_id, known)
    checked = check(installation, statement, signatures, state, known)
    rows = known.rulings if known is not None else None
    if rows is None:
        with connect(installation.settings.database.monitor, read_only=True, purpose="approvals") as connection:
            rows = approvals(connection, signed.run_id)
    own_rows = (row for row in rows if row.statement_sha256 == checked.sha256)
    status = status_of(own_rows, signed.expires, checked, installation.context.now())
    read_already = (state.file_sha256, state.digest) if state is not None else None
    drafts, drafts_check = read_drafts(statement, signed, installation.context.now(), read_already)
    shown = (*checked.checks, *drafts_check)
    return ApprovalView(
        kind=statement_name(signed.purpose),
        run_id=signed.run_id,
        docprefix=signed.document.docprefix,
        status=status,
        statement_path=statement,
        statement_sha256=checked.sha256,
        statement_lines=tuple(indented_json(json.loads(checked.data), 2).decode().split("\n")),
        expires_at=signed.expires,
        checks=as_of_use(shown, _OF_DRAFTS) if status is ApprovalStatus.USED else shown,
        purpose=signed.purpose,
        drafts=drafts,
        sign_with="\n".join(signing_command(statement, signer) for signer in load_policy(installation.policy).signers),
        signature_paths=signatures,
    )


def all_views(installation: Installation, carried: frozenset[str] = frozenset()) -> tuple[ApprovalView, ...]:
    """Return every drafted statement of a run below approvals/; one that could not be checked says why.

    Those that a statement over a batch carries are shown by that one.
    """
    return tuple(
        _view_or_reason(installation, path)
        for path in (installation.root / "approvals").glob("ictr-*.json")
        if path.suffixes[-2:-1] and path.suffixes[-2] in _STATEMENTS and path.name not in carried
    )


def newest_first(views: Iterable[ApprovalView]) -> tuple[ApprovalView, ...]:
    """Return the statements in the order of their files' times, the newest first."""
    return tuple(sorted(views, key=lambda view: view.statement_path.stat().st_mtime, reverse=True))


def _view_or_reason(installation: Installation, path: Path) -> ApprovalView:
    try:
        return view(installation, path)
    except CutterError as error:
        return unread_view(path, error)


def ruling_for(rows: Iterable[ApprovalRow], purpose: Purpose, now: datetime) -> ApprovalRow | None:
    """Pure: the first of a run's rulings that is for this purpose, unused and unexpired; None without one."""
    return next((row for row in rows if row.purpose == purpose and row.used_for is None and row.expires > now), None)


def _target(planned: Target, purpose: Purpose, place: PlaceRow, host: str) -> Target:
    """Return the server that a ruling is for: the plan's, for an enactment the one that verified, for a revert this one."""
    match purpose:
        case Purpose.CUT | Purpose.EDIT:
            return planned
        case Purpose.ENACT:
            return enactment_target(planned, place, host)
        case Purpose.REVERT:
            # Taking back stays possible after a promotion, on the timeline at hand.
            return planned if place.timeline == planned.timeline else here(planned, place, host)


def _batch_of(installation: Installation, run_id: str) -> str:
    try:
        return Workspace.open(installation.root, run_id).request().batch_id
    except Refused:
        return ""


def said_elsewhere(
    target: Target, run_id: str, purpose: Purpose, place: PlaceRow, *, in_batch: bool = False
) -> tuple[str, str]:
    """Return why a ruling for this server cannot count on the one at hand, and the next action; both empty if it can. Pure."""
    bound, at_hand = place_of(target), Place(system_identifier=place.system_identifier, timeline=place.timeline)
    if (target.database, bound) == (place.database, at_hand):
        return "", ""
    reason = f"it is for {target.database} on {bound.words}; this is {place.database} on {at_hand.words}"
    if (target.database, target.system_identifier) != (place.database, place.system_identifier):
        return reason, "This is another database: connect to the one that the plan was made for."
    match purpose:
        case Purpose.CUT if in_batch:
            return (
                reason,
                f"A batch is planned as a whole. End this run, and start another batch: cutter-console run void {run_id} --reason TEXT",
            )
        case Purpose.CUT:
            return reason, f"Plan the run again for this server: cutter-console run replan {run_id}"
        case Purpose.ENACT:
            return reason, (
                f"Verify the drafts here: cutter-console verify {run_id}; "
                f"then have another statement signed: cutter-console approval draft {run_id}"
            )
        case Purpose.EDIT | Purpose.REVERT:
            return reason, f"See what the run can do here: cutter-console run show {run_id}"


def _facts(
    installation: Installation,
    row: RunRow,
    plan: CutPlan,
    purpose: Purpose,
    place: PlaceRow,
    manifest: str | None = None,
) -> RunFacts:
    """Return what a statement says of the run. `manifest` is the recorded digest of its manifest; without it, it is computed."""
    if plan.world is None:
        raise Refused(StopCode.INVARIANT_FAILED, "the plan is bound to no database", "Start another run.")
    of_plan = not purpose.over_drafts
    amendment = StatementAmendment.of(plan.amendment) if plan.amendment else None
    return RunFacts(
        run_id=row.run_id,
        document=StatementDocument(docprefix=row.docprefix, origin=row.origin),
        plan_digest=plan.plan_digest,
        source_sha256=plan.document.source.sha256,
        canonical_sha256=plan.document.source.canonical_sha256,
        manifest_digest=manifest or ledger.manifest_digest(as_written(plan.document).units) if of_plan else None,
        deploy_manifest_sha256=installation.settings.deploy_manifest_sha256,
        baseline_digest=plan.world.baseline_digest,
        target=_target(plan.world.target, purpose, place, installation.context.host),
        n_units=plan.n_units,
        n_suspects=len(plan.document.suspects),
        n_acceptances=len(plan.document.acceptances),
        n_dropped=len(plan.document.dropped),
        own_profile=_own_profile(plan),
        operation=amendment.operation if amendment else None,
        amendment=amendment,
        expected_deltas=plan.expected_deltas
        if of_plan
        else _step_deltas(installation, row, plan, purpose, plan.n_units),
    )


def _step_deltas(
    installation: Installation, row: RunRow, plan: CutPlan, purpose: Purpose, n_units: int
) -> tuple[TableDelta, ...]:
    """Return the rows of a ruling over `n_units` drafts."""
    tables, amendment = run_tables(installation).of_plan(plan.expected_deltas), plan.amendment
    counts = amendment.counts if amendment else None
    if purpose is Purpose.ENACT:
        return tables.enactment(n_units, counts)
    return tables.revert(n_units, counts, recorded=row.stage not in NOT_RECORDED)


def _own_profile(plan: CutPlan) -> StatementProfile | None:
    name, sha256 = plan.document.profile, plan.document.profile_sha256
    return StatementProfile(name=name, sha256=sha256) if sha256 else None


def _draft_facts(known: RulingFacts, state: ledger.DraftDigests, statement: Path, *, cut: bool) -> DraftFacts:
    """Return the facts that a ruling over drafts binds; with `cut` the recorded cut too, as for an enactment."""
    recorded_cut = CutRow(_NONE, _NO_DECISION)
    if cut:
        if known.cut is None:
            raise Refused(
                StopCode.APPROVAL_REQUIRED,
                f"run {known.row.run_id} has no recorded cut",
                f"Resume the run to its second pause: cutter-console run resume {known.row.run_id}",
            )
        recorded_cut = known.cut
    drafts = _listed(state, f"{statement.stem}.units.tsv") if state.count else _NOTHING
    return DraftFacts(
        sg1_sha256=recorded_cut.ruling,
        draft_digest=state.digest,
        cut_review_decision_id=recorded_cut.decision,
        drafts=drafts,
    )


def _listed(state: ledger.DraftDigests, file: str) -> StatementDrafts:
    if isinstance(state, ledger.DraftState):
        return list_drafts(state.lines, file)
    return StatementDrafts(count=state.count, file=file, file_sha256=state.file_sha256)


_NOTHING = StatementDrafts(count=1, file="none", file_sha256=_NONE)
"""Placeholder for drafts that are gone: no statement names them."""


def waiting(run_id: str, kind: str, next_action: str) -> Waiting:
    """Return the error for a run that waits for a ruling."""
    return Waiting(StopCode.APPROVAL_REQUIRED, f"run {run_id} waits for {kind} and the operator", next_action)
