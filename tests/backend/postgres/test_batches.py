"""One signed statement over a batch rules on exactly its members, each once; whatever is changed after it was signed stops."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from console.backend.model.canonical_json import sha256_hex
from console.backend.postgres import batches, ledger
from console.backend.postgres.document_rows import document_hashes
from console.backend.postgres.measure import rows_added_since
from console.backend.scratch.cluster import TransientCluster
from tests.backend.postgres.signed_batch import (
    BATCH,
    TEXT,
    Change,
    Package,
    SignedBatch,
    fresh_batch,
    record,
)
from tests.backend.postgres.signed_cut import canonical, counts, grown, plan_cut, start_cut, stopped
from tests.backend.postgres.tampering import age_backup_proofs, tamper
from tests.backend.postgres.test_kept_numbers import record_by_document
from tests.support.sovereign import sovereign, usurper

ZERO = "0" * 64


@pytest.fixture
def batch(cluster: TransientCluster, template_of: Callable[[int], str]) -> Iterator[SignedBatch]:
    """A batch of three documents at its first pause."""
    yield from fresh_batch(cluster, template_of(cluster.major))


def _rulings(batch: SignedBatch) -> list[tuple[object, ...]]:
    with batch.database.connect() as connection:
        return connection.execute(
            "SELECT run_id, purpose FROM cutter_governance.approval ORDER BY imported_at, run_id"
        ).fetchall()


def test_one_statement_each_way_takes_all_members_to_law(batch: SignedBatch) -> None:
    batch.to_second_pause()
    assert batch.stages() == ["awaiting_lifecycle_authorization/active"] * 3
    batch.rule("enact")
    batch.arm("enact")
    for run in batch.runs:
        batch.enact(run)
    assert batch.stages() == ["lifecycle_enacted/active"] * 3
    with batch.database.connect() as connection:
        signed = connection.execute("SELECT count(*) FROM cutter_governance.batch_ruling").fetchone()
        used = connection.execute(
            "SELECT count(*), count(DISTINCT statement_sha256), count(DISTINCT run_id) FROM cutter_governance.approval_use"
        ).fetchone()
    assert (signed, used) == ((2,), (6, 6, 3))


def test_a_member_is_cut_once_under_the_batch(batch: SignedBatch) -> None:
    batch.rule()
    batch.arm()
    first = batch.runs[0]
    batch.cut(first)
    with stopped("STOP_APPROVAL_USED"), first.executor() as connection:
        first.apply(connection)


def test_the_ruling_is_taken_again_without_effect(batch: SignedBatch) -> None:
    """A lost COMMIT of the import is answered by importing it again."""
    package = batch.package()
    signature = sovereign().sign(package.statement)
    first = batch.bring(package, signature)
    before = counts(batch.database)
    assert batch.bring(package, signature) == first
    assert grown(before, counts(batch.database)) == {}
    assert len(_rulings(batch)) == 3


def _said(**changes: object) -> Change:
    return lambda package: replace(package, said=package.said | changes)


def _line(number: int, **changes: object) -> Change:
    def change(package: Package) -> Package:
        listed = list(package.listed)
        listed[number] = listed[number].model_copy(update=changes)
        return package.over(tuple(listed), package.statements)

    return change


def _another_order(package: Package) -> Package:
    return package.over(package.listed[::-1], package.statements[::-1])


def _without_one(package: Package) -> Package:
    return package.over(package.listed[:-1], package.statements[:-1])


def _one_twice(package: Package) -> Package:
    return package.over((*package.listed, package.listed[0]), (*package.statements, package.statements[0]))


def _a_statement_less(package: Package) -> Package:
    return replace(package, statements=package.statements[:-1])


def _another_statement(package: Package) -> Package:
    return replace(package, statements=(package.statements[1], *package.statements[1:]))


def _changed_list(package: Package) -> Package:
    return replace(package, listed=package.listed[::-1])


INVALID = "STOP_APPROVAL_INVALID"
REFUSED: dict[str, tuple[str, Change]] = {
    "another schema": (INVALID, _said(schema="cutter-console/statement/2")),
    "another kind": (INVALID, _said(kind="SG_2")),
    "a purpose that is none of a batch": (INVALID, _said(purpose="revert")),
    "another allowance": (INVALID, _said(allowance="implied")),
    "another policy": ("STOP_POLICY_UNSATISFIABLE", _said(policy_sha256=ZERO)),
    "another batch": (INVALID, _said(batch_id="ictb-20260101T000000Z-00000002")),
    "no batch": (INVALID, _said(batch_id="")),
    "another digest of the plans": (INVALID, _said(batch_digest=ZERO)),
    "another number of members": (INVALID, _said(n_members=4)),
    "another timeline": (
        "STOP_IDENTITY_MISMATCH",
        _said(target={"database": "x", "system_identifier": "1", "timeline": 2}),
    ),
    "a placeholder": (INVALID, _said(nonce="kb:approval-sovereign-prod-write-1")),
    "no list": (INVALID, _said(members={})),
    "the list in another order": (INVALID, _another_order),
    "a member left out": (INVALID, _without_one),
    "a member named twice": (INVALID, _one_twice),
    "a list that was changed after it was signed": (INVALID, _changed_list),
    "a statement that does not come": (INVALID, _a_statement_less),
    "the statement of another member": (INVALID, _another_statement),
    "another plan in the list": (INVALID, _line(1, plan_digest=ZERO)),
    "another manifest in the list": (INVALID, _line(1, digest=ZERO)),
    "another number of units in the list": (INVALID, _line(1, n_units=1)),
    "another document in the list": (INVALID, _line(1, docprefix="ACME-OTHER")),
    "another place in the list": (INVALID, _line(1, position=3)),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_ruling_over_a_batch_that_says_something_else_is_not_taken(batch: SignedBatch, how: str) -> None:
    """Signed well, and wrong: nothing of it is recorded, of no member."""
    code, change = REFUSED[how]
    with stopped(code):
        batch.bring(change(batch.package()))
    assert _rulings(batch) == []


def test_a_signature_that_does_not_count_rules_on_nobody(batch: SignedBatch) -> None:
    with stopped(INVALID):
        package = batch.package()
        batch.bring(package, usurper().sign(package.statement))
    assert _rulings(batch) == []


def test_a_member_s_statement_does_not_count_by_itself(batch: SignedBatch) -> None:
    """The signature is over the batch: beside one member's statement it is nothing, and so is the batch's beside a run."""
    package = batch.package()
    signature = sovereign().sign(package.statement)
    for statement in (package.statements[0], package.statement):
        with stopped(INVALID), batch.runs[0].verifier() as connection:
            ledger.import_approval(connection, statement, (signature,))


def test_a_batch_s_ruling_does_not_arm_a_run_outside_of_it(batch: SignedBatch) -> None:
    """Not even if somebody who can switch every guard off gives the run a row that refers to the ruling."""
    other = start_cut(batch.database, "ACME-OTHER", TEXT, 9)
    sha256 = batch.rule()
    statement = other.statement()
    tamper(
        batch.database,
        "INSERT INTO cutter_governance.approval (statement_sha256, kind, run_id, plan_digest, manifest_digest, policy_sha256,"
        " baseline_digest, n_units, database, system_identifier, timeline, not_before, expires, signers, statement, signatures,"
        " purpose, canonical_sha256, batch_ruling)"
        f" SELECT '{sha256_hex(statement)}', a.kind, '{other.run_id}', r.plan_digest,"
        f" '{ledger.manifest_digest(other.units)}', a.policy_sha256, a.baseline_digest, a.n_units, a.database,"
        " a.system_identifier, a.timeline, a.not_before, a.expires, a.signers,"
        f" decode('{statement.hex()}', 'hex'), a.signatures, a.purpose, r.canonical_sha256, '{sha256}'"
        f" FROM cutter_governance.approval a, cutter_governance.run r WHERE r.run_id = '{other.run_id}'"
        f" AND a.run_id = '{batch.runs[0].run_id}'",
    )
    other.backup()
    with stopped(INVALID), other.executor() as connection:
        ledger.arm(connection, other.run_id, "cut", "tester", "host", 15)


CHANGED: dict[str, str] = {
    "the order of the members": "UPDATE cutter_governance.batch_member SET position = position + 3",
    "the plan of another member": f"UPDATE cutter_governance.run SET plan_digest = '{ZERO}' WHERE docprefix = 'ACME-TWO'",
    "the list": "UPDATE cutter_governance.batch_ruling SET members = members || 'x'::bytea",
    "the signed bytes": "UPDATE cutter_governance.batch_ruling SET statement = statement || ' '::bytea,"
    " statement_sha256 = encode(sha256(statement || ' '::bytea), 'hex')",
    "the statement of a member": "UPDATE cutter_governance.approval SET statement = statement || ' '::bytea,"
    " statement_sha256 = encode(sha256(statement || ' '::bytea), 'hex')",
    "the signatures": "UPDATE cutter_governance.batch_ruling SET signatures = ARRAY['x'::bytea]",
    "the times of a member's ruling": "UPDATE cutter_governance.approval SET expires = expires + interval '1 hour'",
}


@pytest.mark.parametrize("what", CHANGED)
def test_what_is_changed_after_the_signature_stops_the_write_of_every_member(batch: SignedBatch, what: str) -> None:
    """By somebody who can switch every guard off; what was signed is recomputed from the rows before each write."""
    batch.rule()
    batch.arm()
    with batch.database.connect() as connection:
        connection.execute("ALTER TABLE cutter_governance.approval DROP CONSTRAINT approval_batch_ruling_fkey")
    tamper(batch.database, CHANGED[what])
    first = batch.runs[0]
    with stopped(INVALID), first.executor() as connection:
        first.apply(connection)
    assert first.lifecycles() == []


def test_a_lease_of_a_batch_is_for_its_members_alone(batch: SignedBatch) -> None:
    other = start_cut(batch.database, "ACME-OTHER", TEXT, 9)
    other.rule()
    batch.rule()
    batch.arm()
    other.backup()
    with stopped("STOP_EXECUTION_DISABLED"), other.executor() as connection:
        other.apply(connection)


def test_what_is_left_of_a_cut_outside_of_a_batch_is_not_recorded_under_its_lease(batch: SignedBatch) -> None:
    """No ruling is asked for there any more, and the guards of the manifest have had their turn."""
    other = start_cut(batch.database, "ACME-OTHER", TEXT, 9)
    other.cut()
    other.disarm()
    batch.rule()
    batch.arm()
    with stopped("STOP_EXECUTION_DISABLED"):
        other.record()


def test_a_lease_of_a_batch_is_for_its_purpose_alone(batch: SignedBatch) -> None:
    batch.rule()
    batch.arm()
    batch.cut(batch.runs[0])
    with stopped("STOP_EXECUTION_DISABLED"), batch.runs[0].executor() as connection:
        batch.runs[0].enact(connection)
    with stopped("STOP_EXECUTION_DISABLED"), batch.runs[0].executor() as connection:
        batch.runs[0].revert(connection)


def test_a_batch_is_not_armed_while_one_of_its_members_waits_for_its_ruling(batch: SignedBatch) -> None:
    for run in batch.runs[:-1]:
        run.rule()
    with stopped("STOP_APPROVAL_REQUIRED"):
        batch.arm()


def test_a_batch_of_which_no_member_is_at_that_stage_is_not_armed(batch: SignedBatch) -> None:
    """A lease that nobody can use would keep every other one from being opened."""
    batch.rule()
    with stopped("STOP_EXECUTION_DISABLED"):
        batch.arm("enact")
    with stopped("STOP_EXECUTION_DISABLED"), batch.runs[0].executor() as connection:
        batches.arm_batch(connection, "ictb-20260101T000000Z-00000000", "cut", "tester", "host", 15)


def test_a_batch_without_a_proven_backup_is_not_armed(batch: SignedBatch) -> None:
    batch.rule()
    age_backup_proofs(batch.database)
    with stopped("STOP_BACKUP_NOT_PROVEN"), batch.runs[0].executor() as connection:
        batches.arm_batch(connection, BATCH, "cut", "tester", "host", 15)


def test_a_proof_that_is_older_than_the_batch_counts_for_its_own_run_alone(batch: SignedBatch) -> None:
    """Whoever records a batch gives nobody a backup that was proven before all of its members were planned."""
    planned = tuple(plan_cut(batch.database, prefix, TEXT, number) for number, prefix in ((7, "ACME-A"), (8, "ACME-B")))
    planned[0].backup()
    later = SignedBatch(batch.database, planned, "ictb-20260101T000000Z-00000002")
    record(later, tuple(run.run_id for run in planned))
    planned[0].to_first_pause()
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        planned[1].to_first_pause()


def test_a_backup_by_document_counts_for_the_members_whose_rows_it_holds(batch: SignedBatch) -> None:
    """One that holds a single document is no backup of another member, though it was recorded after the batch."""
    planned = tuple(plan_cut(batch.database, prefix, TEXT, number) for number, prefix in ((7, "ACME-A"), (8, "ACME-B")))
    later = SignedBatch(batch.database, planned, "ictb-20260101T000000Z-00000002")
    record(later, tuple(run.run_id for run in planned))
    record_by_document(planned[0], "ACME-A")
    planned[0].to_first_pause()
    with stopped("STOP_BACKUP_NOT_PROVEN"):
        planned[1].to_first_pause()
    record_by_document(planned[0], "ACME-A", "ACME-B")
    planned[1].to_first_pause()


def test_a_backup_by_document_has_the_documents_batch_and_what_was_ruled_over_it(batch: SignedBatch) -> None:
    batch.to_second_pause()
    tables = ("cutter_governance.batch", "cutter_governance.batch_member", "cutter_governance.batch_ruling")
    lease = ("cutter_governance.execution_lease",)
    with batch.database.connect() as connection:
        of_member = document_hashes(connection, tables + lease, (batch.runs[0].docprefix,))
        of_stranger = document_hashes(connection, tables + lease, ("NONE",))
    assert [proof.rows for proof in of_member] == ["1"] * 4
    assert [proof.rows for proof in of_stranger] == ["0"] * 4


def test_the_second_ruling_leaves_out_no_verified_member(batch: SignedBatch) -> None:
    batch.to_second_pause()
    with stopped(INVALID):
        batch.rule("enact", batch.runs[:2])
    batch.rule("enact", batch.runs)


def test_the_second_ruling_is_over_those_alone_that_were_verified(batch: SignedBatch) -> None:
    """One was not cut: the ruling over the others is taken, and it is no ruling over that one."""
    batch.rule()
    batch.arm()
    for run in batch.runs[:2]:
        batch.cut(run)
    batch.disarm()
    batch.rule("enact", batch.runs[:2])
    batch.arm("enact")
    for run in batch.runs[:2]:
        batch.enact(run)
    with stopped("STOP_APPROVAL_REQUIRED", "STOP_DRIFT"), batch.runs[2].executor() as connection:
        batch.runs[2].enact(connection)
    assert batch.stages() == [*["lifecycle_enacted/active"] * 2, "awaiting_cut_authorization/active"]


def test_a_draft_that_was_changed_after_the_second_ruling_does_not_become_law(batch: SignedBatch) -> None:
    batch.to_second_pause()
    batch.rule("enact")
    tamper(batch.database, "UPDATE public.unit_version SET title = 'Another' WHERE title = 'Alpha'")
    batch.arm("enact")
    with stopped("STOP_DRIFT"), batch.runs[0].executor() as connection:
        batch.runs[0].enact(connection)


def test_a_member_whose_document_was_cut_by_another_run_is_not_cut(batch: SignedBatch) -> None:
    """Its base has moved since it was planned; the other members are cut all the same."""
    batch.rule()
    rival = start_cut(batch.database, "ACME-TWO", TEXT, 9)
    rival.cut()
    rival.disarm()
    batch.arm()
    with stopped("STOP_REPLAY_CONFLICT"), batch.runs[1].executor() as connection:
        batch.runs[1].apply(connection)
    batch.cut(batch.runs[0])
    batch.cut(batch.runs[2])


def test_a_hold_ends_the_lease_of_a_batch(batch: SignedBatch) -> None:
    batch.rule()
    batch.arm()
    batch.cut(batch.runs[0])
    with batch.runs[0].executor() as connection:
        ledger.set_hold(connection, "stop", "tester", None)
        ledger.release_hold(connection, "go on", "tester")
    with stopped("STOP_EXECUTION_DISABLED"), batch.runs[1].executor() as connection:
        batch.runs[1].apply(connection)


NOT_RECORDED: dict[str, Callable[[SignedBatch], tuple[str, ...]]] = {
    "nobody": lambda _: (),
    "a run that is not there": lambda _: ("ictr-20260101T000000Z-ffffffff",),
    "a run of another batch": lambda batch: (batch.runs[0].run_id,),
    "a run that is past its plan": lambda batch: (start_cut(batch.database, "ACME-NEW", TEXT, 7).run_id,),
    "a run twice": lambda batch: (_planned(batch, "ACME-NEW", 7),) * 2,
    "a document twice": lambda batch: (_planned(batch, "ACME-NEW", 7), _planned(batch, "ACME-NEW", 8)),
}


def _planned(batch: SignedBatch, docprefix: str, number: int) -> str:
    return plan_cut(batch.database, docprefix, TEXT, number).run_id


@pytest.mark.parametrize("who", NOT_RECORDED)
def test_runs_that_cannot_be_ruled_on_together_are_no_batch(batch: SignedBatch, who: str) -> None:
    other = replace(batch, batch_id="ictb-20260101T000000Z-00000002")
    with stopped("STOP_REFUSED_INPUT"):
        record(other, NOT_RECORDED[who](batch))


def test_a_batch_keeps_its_members(batch: SignedBatch) -> None:
    run_ids = tuple(run.run_id for run in batch.runs)
    assert record(batch, run_ids) == batch.digest()
    with stopped("STOP_REPLAY_CONFLICT"):
        record(batch, run_ids[::-1])


def test_members_that_were_planned_before_and_after_the_cut_of_another_document_are_a_batch(
    batch: SignedBatch,
) -> None:
    """Each is bound to its own document."""
    before = _planned(batch, "ACME-A", 7)
    other = start_cut(batch.database, "ACME-OTHER", TEXT, 9)
    other.cut()
    after = _planned(batch, "ACME-B", 8)
    later = replace(batch, batch_id="ictb-20260101T000000Z-00000002")
    assert record(later, (before, after)) == later.digest()


def test_what_the_members_add_is_told_by_what_was_signed(batch: SignedBatch) -> None:
    """So that each of them finds the database as it was planned for, beside exactly that."""
    planned, last = counts(batch.database), batch.runs[2]
    world = last.plan.world
    assert world is not None
    batch.to_second_pause()
    batch.rule("enact")
    batch.arm("enact")
    batch.enact(batch.runs[0])
    batch.disarm()
    batch.arm("enact")
    with last.verifier() as connection:
        own = {count.table: count.rows for count in rows_added_since(connection, world.effects, last.run_id)}
    expected = {
        "public.information_unit": 2,
        "public.unit_version": 2,
        "cutter_governance.manifest_envelope": 1,
        "cutter_governance.manifest_unit_block": 2,
        "cutter_governance.review_decision": 1,
        "cutter_governance.cut_change_set": 1,
        "cutter_governance.cut_change_set_affected_row": 2,
        "cutter_governance.dot_pair_signature": 2,
        "cutter_governance.verify_result": 1,
        "cutter_governance.decision_backlog_entry": 1,
        "cutter_governance.decision_backlog_history": 1,
    }
    left = {
        table: rows - own.get(table, 0)
        for table, rows in grown(planned, counts(batch.database)).items()
        if rows != own.get(table, 0)
    }
    assert left == expected


def test_the_bytes_of_a_statement_over_a_batch_are_canonical(batch: SignedBatch) -> None:
    package = batch.package()
    spaced = canonical(package.said).replace(b'":', b'": ', 1)
    with stopped(INVALID), batch.runs[0].verifier() as connection:
        batches.import_batch(connection, spaced, package.members, package.statements, (sovereign().sign(spaced),))


def test_a_batch_is_planned_and_paused_as_single_runs_are(batch: SignedBatch) -> None:
    """One backup takes all of them to the pause."""
    assert batch.stages() == ["awaiting_cut_authorization/active"] * 3
    with batch.database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM cutter_governance.backup_proof").fetchone() == (1,)
