"""The two rulings over a batch: drafted with the statement of every member that waits, signed once elsewhere, imported as one."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import psycopg

from console.backend.approvals.batch_statement import (
    BatchFacts,
    BatchStatement,
    ListedMember,
    draft_batch_statement,
    members_file,
    parse_batch_statement,
    parse_members,
)
from console.backend.approvals.bindings import fact_checks, placeholders_in
from console.backend.approvals.check import (
    StatementCheck,
    judge_signatures,
    measure_signatures,
    raise_if_invalid,
)
from console.backend.approvals.keyring import measure_keyring
from console.backend.approvals.policy import Policy, check_policy, load_policy, require_satisfiable
from console.backend.approvals.signatures import signatures_beside, signing_command
from console.backend.approvals.statement import Statement, parse_statement, read_statement, utc_text
from console.backend.host.durable import replace_file, write_new_file
from console.backend.host.installation import Installation
from console.backend.host.regular_file import read_regular
from console.backend.host.runtime_tree import close_to_others
from console.backend.model.canonical_json import canonical_json, indented_json, sha256_hex
from console.backend.model.counting import counted
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.full_command import command_to_import
from console.backend.model.ids import BATCH_PREFIX
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.purposes import Operation, Purpose
from console.backend.model.view_models import ApprovalStatus, ApprovalView
from console.backend.postgres import batches as recorded
from console.backend.postgres import ledger
from console.backend.postgres.connections import connect
from console.backend.postgres.document_runs import runs_of_documents
from console.backend.postgres.effects import Effect, EffectKind
from console.backend.postgres.records import approvals, runs_of
from console.backend.runs import approval_workflow
from console.backend.runs.bars import barred_error, measure_bars
from console.backend.runs.batch_files import BatchFolder
from console.backend.runs.batch_views import measure_holders
from console.backend.runs.phase_context import Role
from console.backend.runs.ruling_facts import RulingFacts, measure_facts_of
from console.backend.runs.run_views import plan_and_bar
from console.backend.runs.settling import commit_alone
from console.backend.runs.statement_status import as_of_use, obsolete_word, status_of
from console.backend.runs.unread_statements import unread_view
from console.backend.runs.workspace import Workspace

_MOST_BYTES = 1 << 22
BATCH_SCHEMA = b'"schema":"cutter-console/batch-statement/1"'
_KINDS = ("SG_1", "SG_2")


def is_over_batch(statement: Path) -> bool:
    """Return whether the file holds a statement over a batch, not of one run."""
    return BATCH_SCHEMA in read_statement(statement)


def draft(installation: Installation, batch_id: str) -> ApprovalView:
    """Draft the statement that the batch waits for, with one for each member that waits. One that can still be approved is kept.

    Raises Refused if no member waits for a ruling.
    """
    BatchFolder.open(installation.root, batch_id)
    purpose, run_ids = _waiting(installation, batch_id)
    _require_unbarred(installation, batch_id, purpose, run_ids)
    policy, now = load_policy(installation.policy), installation.context.now()
    require_satisfiable(check_policy(policy, measure_keyring(installation.gnupg_home, now), now))
    path = installation.statement(batch_id, purpose.kind.value)
    if path.exists():
        if not (word := _obsolete_as(installation, path)):
            return view(installation, path)
        _set_aside(installation, path, word)
    # One moment for all of them: the members' statements are valid exactly as long as the batch's.
    then = replace(installation, context=replace(installation.context, now=lambda: now))
    drafted: list[Statement] = []
    states: dict[str, ledger.DraftDigests] = {}
    known = measure_facts_of(then, run_ids, over_drafts=purpose.over_drafts)
    for run_id in run_ids:
        own = installation.statement(run_id, purpose.kind.value)
        if own.exists():
            approval_workflow.set_draft_aside(own, "outdated")
        of_run = known[run_id]
        plan, _ = plan_and_bar(then, of_run.row, of_run.writers)
        state = approval_workflow.write_drafted(then, of_run.row, plan, purpose, policy, own, None, of_run)
        if state is not None:
            states[run_id] = state
        drafted.append(parse_statement(read_statement(own)))
    facts, positions = _facts(installation, batch_id, drafted[0], policy.sha256)
    listed = tuple(ListedMember.of(positions[statement.run_id], statement) for statement in drafted)
    file = f"{path.stem}.members.tsv"
    # The list first, and the statement that names its digest last: after a kill in between it is drafted again.
    replace_file(path.with_name(file), members_file(listed))
    statement = draft_batch_statement(purpose, facts, listed, file, drafted[0], installation.context)
    write_new_file(path, canonical_json(statement))
    return view(installation, path, check(installation, path, signatures_beside(path), states))


def _waiting(installation: Installation, batch_id: str) -> tuple[Literal[Purpose.CUT, Purpose.ENACT], tuple[str, ...]]:
    with connect(installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
        purposes: tuple[Literal[Purpose.CUT, Purpose.ENACT], ...] = (Purpose.CUT, Purpose.ENACT)
        for purpose in purposes:
            if run_ids := recorded.waiting_members(connection, batch_id, purpose):
                return purpose, run_ids
    raise Refused(
        StopCode.APPROVAL_REQUIRED,
        f"batch {batch_id} waits for no ruling",
        f"See: cutter-console batch status {batch_id}",
    )


def _require_unbarred(installation: Installation, batch_id: str, purpose: Purpose, run_ids: tuple[str, ...]) -> None:
    """Raise what bars the first of these runs that is barred: no statement over it would be taken."""
    with connect(installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
        rows = runs_of(connection, run_ids)
        writers = runs_of_documents(connection, (row.docprefix for row in rows.values()))
    bars = {**measure_bars(installation, rows.values(), writers), **measure_holders(installation, rows.values())}
    for bar in bars.values():
        raise barred_error(bar, f"no {purpose.kind} is drafted for batch {batch_id}")


def _facts(
    installation: Installation, batch_id: str, statement: Statement, policy_sha256: str
) -> tuple[BatchFacts, dict[str, int]]:
    """Return the facts of the batch as the database has it, and the members' positions."""
    with connect(installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
        row, members = recorded.find_batch(connection, batch_id), recorded.members_of(connection, batch_id)
    if row is None:
        raise Refused(
            StopCode.REFUSED_INPUT,
            f"no batch {batch_id} in this database",
            f"Resume it first: cutter-console batch resume {batch_id}",
        )
    facts = BatchFacts(
        batch_id=batch_id,
        batch_digest=row.digest,
        n_members=row.n_members,
        target=statement.target,
        policy_sha256=policy_sha256,
    )
    return facts, {run_id: position for position, run_id in enumerate(members, 1)}


def _set_aside(installation: Installation, path: Path, word: str) -> None:
    """Rename a draft that can no longer be approved, with its signatures, its list and the statements that it names."""
    members = path.with_name(f"{path.stem}.members.tsv")
    for run_id in _listed_runs(members):
        own = installation.statement(run_id, path.suffixes[-2].removeprefix("."))
        if own.exists():
            approval_workflow.set_draft_aside(own, word)
    if members.exists():
        members.rename(members.with_name(f"{path.stem}.{word}-{sha256_hex(path.read_bytes())[:8]}.members.tsv"))
    approval_workflow.set_draft_aside(path, word)


def _listed_runs(members: Path) -> tuple[str, ...]:
    try:
        return tuple(member.run_id for member in parse_members(read_regular(members, _MOST_BYTES)))
    except (OSError, Refused):
        return ()


def _obsolete_as(installation: Installation, path: Path) -> str:
    return obsolete_word(
        lambda: parse_batch_statement(read_statement(path)).expires,
        lambda: check(installation, path, ()),
        installation.context.now(),
    )


class _Package:
    """The parts of a ruling over a batch, as they lie in approvals/."""

    def __init__(self, path: Path) -> None:
        self.data = read_statement(path)
        self.statement = parse_batch_statement(self.data)
        self.members = _read(path.with_name(self.statement.members.file))
        self.listed = parse_members(self.members)
        self.paths = tuple(
            path.with_name(f"{member.run_id}.{self.statement.kind.value}.json") for member in self.listed
        )


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _MOST_BYTES)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise Refused(
            StopCode.APPROVAL_INVALID, message, "Draft it again: cutter-console approval draft BATCH"
        ) from error


def check(
    installation: Installation,
    path: Path,
    signatures: tuple[Path, ...],
    states: Mapping[str, ledger.DraftDigests] | None = None,
) -> StatementCheck:
    """Check a statement over a batch: the batch, its list, every member's statement against its run, and the signatures.

    `states` are the drafts by run, if this command has just read them.
    """
    package, policy, now = _Package(path), load_policy(installation.policy), installation.context.now()
    measured = measure_signatures(package.data, signatures, installation.gnupg_home, now)
    statement = package.statement
    judged, signed_by = judge_signatures(measured, statement, policy, statement.kind, now, command_to_import(path))
    checks = (
        *_batch_checks(installation, package, policy.sha256),
        _members_check(installation, package, policy, states or {}),
        *judged,
        *check_policy(policy, measure_keyring(installation.gnupg_home, now), now),
    )
    return StatementCheck(
        data=package.data,
        sha256=sha256_hex(package.data),
        statement=None,
        checks=checks,
        signed_by=signed_by,
        solo=policy.solo,
        measured_at=now,
    )


def _batch_checks(installation: Installation, package: _Package, policy_sha256: str) -> tuple[Check, ...]:
    statement, now = package.statement, installation.context.now()
    first = parse_statement(read_statement(package.paths[0]))
    facts, positions = _facts(installation, statement.batch_id, first, policy_sha256)
    order = [positions.get(member.run_id) for member in package.listed]
    named = placeholders_in(package.data.decode("utf-8", "replace"))
    skew = statement.not_before.timestamp() - now.timestamp()
    return (
        _same(installation, statement.batch_id, "batch_digest", statement.batch_digest, facts.batch_digest),
        _same(installation, statement.batch_id, "n_members", str(statement.n_members), str(facts.n_members)),
        _same(installation, statement.batch_id, "policy_sha256", statement.policy_sha256, policy_sha256),
        _same(installation, statement.batch_id, "members", statement.members.file_sha256, sha256_hex(package.members)),
        _same(
            installation, statement.batch_id, "places", str(order), str([member.position for member in package.listed])
        ),
        _verdict(installation, statement.batch_id, "not_a_placeholder", ", ".join(named) or "none", good=not named),
        _verdict(installation, statement.batch_id, "not_before", utc_text(statement.not_before), good=skew <= 120),
        _verdict(
            installation, statement.batch_id, "expires", utc_text(statement.expires), good=now < statement.expires
        ),
    )


def _members_check(
    installation: Installation, package: _Package, policy: Policy, states: Mapping[str, ledger.DraftDigests]
) -> Check:
    """Check the statement of each member: the named bytes, and every fact of its run as it is now, as long as it waits."""
    behind, moved = _since(installation, package)
    waiting = [member.run_id for member in package.listed if member.run_id not in behind]
    known = measure_facts_of(installation, waiting, over_drafts=package.statement.purpose.over_drafts)
    wrong = [
        f"{member.docprefix}: {problem}"
        for member, path in zip(package.listed, package.paths, strict=True)
        if (
            problem := _member_problem(
                installation,
                policy,
                package.statement,
                member,
                path,
                behind,
                states.get(member.run_id),
                known.get(member.run_id),
            )
        )
    ]
    if moved:
        wrong.append(f"since it was drafted {', '.join(moved)} began or ceased to wait for it")
    n = len(package.listed)
    good = f"all {n} as their runs are now" + (f"; {len(behind)} of them no longer wait" if behind else "")
    answer = f"{len(wrong)} of {n} differ, first: {'; '.join(wrong[:3])}" if wrong else good
    return _verdict(installation, package.statement.batch_id, "statements", answer, good=not wrong)


def _since(installation: Installation, package: _Package) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the listed runs that wait for this ruling no longer, once it is imported: their facts have changed since.

    Before that, return second the runs in which its list and those that wait differ: as it is it will not be taken.
    """
    statement = package.statement
    with connect(installation.settings.database.monitor, read_only=True, purpose="approvals") as connection:
        rulings = recorded.batch_rulings(connection, statement.batch_id)
        waiting = recorded.waiting_members(connection, statement.batch_id, statement.purpose)
    listed = frozenset(member.run_id for member in package.listed)
    if sha256_hex(package.data) in {ruling.statement_sha256 for ruling in rulings}:
        return listed - frozenset(waiting), ()
    return frozenset(), tuple(sorted(listed ^ frozenset(waiting)))


def _member_problem(
    installation: Installation,
    policy: Policy,
    batch: BatchStatement,
    member: ListedMember,
    path: Path,
    behind: frozenset[str],
    state: ledger.DraftDigests | None,
    known: RulingFacts | None,
) -> str:
    try:
        data = read_statement(path)
        claimed = parse_statement(data)
        if sha256_hex(data) != member.statement_sha256 or ListedMember.of(member.position, claimed) != member:
            return f"{path.name} is not the statement that the list names"
        if (claimed.kind, claimed.not_before, claimed.expires) != (batch.kind, batch.not_before, batch.expires):
            return "its ruling or its times are not those of the batch"
        if member.run_id in behind:
            return ""
        expected = approval_workflow.expectation(installation, path, claimed, state, known)
        facts = fact_checks(claimed, policy, expected, installation.context.now())
    except Unmeasured:
        # No member is at fault for a database that did not answer: nothing is known of the statement.
        raise
    except CutterError as error:
        return error.message
    return "; ".join(f"{fact.name}: {fact.detail}" for fact in facts if fact.outcome is not Outcome.PASS)


def import_statement(installation: Installation, path: Path, signatures: tuple[Path, ...]) -> ApprovalView:
    """Check a statement over a batch, then record it with all members' statements, in one transaction, as cutter_verify."""
    checked = check(installation, path, signatures)
    raise_if_invalid(checked)
    package, policy = _Package(path), load_policy(installation.policy)
    for member in package.listed:
        # Before the import, so that no recorded ruling is without the policy that it was judged under.
        workspace = Workspace.open(installation.root, member.run_id)
        workspace.write(approval_workflow.policy_copy(policy.sha256), canonical_json(policy))
    statements = tuple(read_statement(own) for own in package.paths)
    counting = tuple(signer.data for signer in checked.signed_by)

    def record(connection: psycopg.Connection) -> Effect:
        recorded.import_batch(connection, package.data, package.members, statements, counting)
        # All of it is one transaction: the ruling of the first member is there if the others are.
        return Effect(kind=EffectKind.APPROVAL, key=package.listed[0].statement_sha256)

    limit_s = installation.settings.statement_limit_s
    commit_alone(installation, Operation.IMPORT, record, role=Role.VERIFIER, timeout_s=limit_s)
    for file in (path, *signatures):
        close_to_others(installation.root, file)
    return view(installation, path, checked)


def view(installation: Installation, path: Path, checked: StatementCheck | None = None) -> ApprovalView:
    """Return the statement over a batch for a screen, with the present outcome of every check; `checked` are those, if they were made just now."""
    package, signatures = _Package(path), signatures_beside(path)
    statement = package.statement
    checked = checked or check(installation, path, signatures)
    with connect(installation.settings.database.monitor, read_only=True, purpose="approvals") as connection:
        rows = [row for row in approvals(connection) if row.run_id in {member.run_id for member in package.listed}]
    named = {member.statement_sha256 for member in package.listed}
    own_rows = (row for row in rows if row.statement_sha256 in named)
    status = status_of(own_rows, statement.expires, checked, installation.context.now())
    return ApprovalView(
        kind=statement.kind.value,
        run_id=statement.batch_id,
        docprefix=counted(len(package.listed), "document"),
        status=status,
        statement_path=path,
        statement_sha256=checked.sha256,
        statement_lines=tuple(indented_json(json.loads(checked.data), 2).decode().split("\n")),
        expires_at=statement.expires,
        checks=as_of_use(checked.checks, {"statements"}) if status is ApprovalStatus.USED else checked.checks,
        sign_with="\n".join(signing_command(path, signer) for signer in load_policy(installation.policy).signers),
        signature_paths=signatures,
        purpose=next(purpose for purpose in (Purpose.CUT, Purpose.ENACT) if purpose.kind is statement.kind),
    )


def all_views(installation: Installation) -> tuple[tuple[ApprovalView, ...], frozenset[str]]:
    """Return the statements over batches below approvals/, and the names of the members' statements that they carry."""
    views: list[ApprovalView] = []
    carried: set[str] = set()
    for kind in _KINDS:
        for path in (installation.root / "approvals").glob(f"{BATCH_PREFIX}*Z-????????.{kind}.json"):
            try:
                views.append(view(installation, path))
                carried |= {own.name for own in _Package(path).paths}
            except CutterError as error:
                views.append(unread_view(path, error))
    return tuple(views), frozenset(carried)


def imported(installation: Installation, batch_id: str, purpose: Purpose) -> Check:
    """Check that the statement over the batch is the imported one, and verify its signatures again, now."""
    path = installation.statement(batch_id, purpose.kind.value)
    try:
        checked = check(installation, path, signatures_beside(path))
        raise_if_invalid(checked)
        with connect(installation.settings.database.monitor, read_only=True, purpose="approvals") as connection:
            known = {row.statement_sha256 for row in recorded.batch_rulings(connection, batch_id)}
    except Unmeasured as error:
        name, advice = purpose.kind.value, error.next_action
        return Check(name=name, outcome=Outcome.INCONCLUSIVE, detail=error.message, next_action=advice)
    except CutterError as error:
        return _verdict(installation, batch_id, purpose.kind.value, error.message, good=False)
    names = ", ".join(f"{signer.signer} {signer.primary_fingerprint[-16:]}" for signer in checked.signed_by)
    answer = f"signed by {names}" + (" (solo policy)" if checked.solo else "")
    is_same = checked.sha256 in known
    return _verdict(
        installation, batch_id, purpose.kind.value, answer if is_same else "the statement is not imported", good=is_same
    )


def waiting_runs(installation: Installation, batch_id: str, purpose: Purpose) -> tuple[str, ...]:
    """Return the members that wait to be cut, or to be enacted, as the database has them."""
    with connect(installation.settings.database.monitor, read_only=True, purpose="batch") as connection:
        return recorded.waiting_members(connection, batch_id, purpose)


def _same(installation: Installation, batch_id: str, name: str, signed: str, wanted: str) -> Check:
    answer = signed if signed == wanted else f"the statement says {signed}, the batch has {wanted}"
    return _verdict(installation, batch_id, name, answer, good=signed == wanted)


def _verdict(installation: Installation, batch_id: str, name: str, answer: str, *, good: bool) -> Check:
    evidence = Evidence(
        id=f"batch:{sha256_hex(answer.encode())[:12]}",
        asked=f"{name} of the statement over the batch",
        source="approvals/ and the database",
        answer=answer,
        measured_at=installation.context.now(),
    )
    return Check(
        name=name,
        outcome=Outcome.PASS if good else Outcome.FAIL,
        detail=answer,
        evidence=(evidence,),
        next_action="" if good else f"Draft it again: cutter-console approval draft {batch_id}",
    )
