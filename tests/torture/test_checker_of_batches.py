"""The checker says so when an invariant of a batch is broken: each is broken by a superuser with triggers off, or by what is answered."""

import json
from typing import Any

import pytest

from tests import checker
from tests.torture import judging
from tests.torture.arena import Arena
from tests.torture.breaking import break_rows
from tests.torture.journals import rechained

_LAW_2 = "run_id = (SELECT run_id FROM cutter_governance.run WHERE docprefix = 'LAW-2')"


def _rewritten(statement: str, members: str = "convert_from(members, 'UTF8')") -> str:
    """Another statement over the batch, or another list that it names, with every digest as it has to be then."""
    return f"""
        WITH list AS (SELECT statement_sha256 AS old, convert_to({members}, 'UTF8') AS m FROM cutter_governance.batch_ruling),
             text AS (SELECT old, m, convert_to(replace({statement}, encode(sha256(members), 'hex'), encode(sha256(m), 'hex')), 'UTF8') AS t
                        FROM list JOIN cutter_governance.batch_ruling ON statement_sha256 = old)
        UPDATE cutter_governance.batch_ruling SET members = m, statement = t, statement_sha256 = encode(sha256(t), 'hex')
          FROM text WHERE statement_sha256 = old;
        UPDATE cutter_governance.approval SET batch_ruling = (SELECT statement_sha256 FROM cutter_governance.batch_ruling)
         WHERE batch_ruling IS NOT NULL
    """


def _said(old: str, new: str) -> str:
    """A statement over the batch that says something else."""
    return _rewritten(f"regexp_replace(convert_from(statement, 'UTF8'), '{old}', '{new}')")


def _listed(old: str, new: str) -> str:
    """A list that says something else, and a statement that names it."""
    return _rewritten(
        "convert_from(statement, 'UTF8')", f"regexp_replace(convert_from(members, 'UTF8'), E'{old}', E'{new}')"
    )


_LEASE = (
    "INSERT INTO cutter_governance.execution_lease (batch_id, purpose, operator, host, expires_at)"
    " SELECT batch_id, 'enact', 'a', 'b', clock_timestamp() + interval '5 minutes' FROM cutter_governance.batch"
)
_CUT, _RULED = "batch: waits for SG_2", "batch: SG_1 imported"
BROKEN: dict[str, tuple[str, str, str]] = {
    "a member is gone": (_RULED, "DELETE FROM cutter_governance.batch_member WHERE position = 2", "of places [1, 3]"),
    "it is of more members": (_RULED, "UPDATE cutter_governance.batch SET n_members = 4", "is of 4 members"),
    "a member is no first cut": (
        _RULED,
        f"UPDATE cutter_governance.run SET operation = 'edit' WHERE {_LAW_2}",
        "has members that are no first cuts",
    ),
    "a document is in it twice": (
        _RULED,
        f"UPDATE cutter_governance.run SET docprefix = 'LAW-1' WHERE {_LAW_2}",
        "has LAW-1 2 times",
    ),
    "the members change places": (
        _RULED,
        "CREATE TEMP TABLE swapped AS SELECT * FROM cutter_governance.batch_member; DELETE FROM cutter_governance.batch_member;"
        "INSERT INTO cutter_governance.batch_member SELECT batch_id, 4 - position, run_id FROM swapped",
        "its file names",
    ),
    "a plan is another": (
        _RULED,
        f"UPDATE cutter_governance.run SET plan_digest = repeat('0', 64) WHERE {_LAW_2}",
        "its statement says batch_digest",
    ),
    "the statement is not in canonical form": (
        _RULED,
        _rewritten("convert_from(statement, 'UTF8') || ' '"),
        "in canonical form",
    ),
    "the statement is no JSON": (_RULED, _rewritten("'{'"), "its statement is no JSON"),
    "the statement is of another kind": (_RULED, _said('"kind":"SG_1"', '"kind":"SG_2"'), "says kind SG_2"),
    "the statement is to another purpose": (_RULED, _said('"purpose":"cut"', '"purpose":"edit"'), "says purpose edit"),
    "the statement is of one run": (_RULED, _said("batch-statement/1", "statement/1"), "says schema"),
    "the statement is over another batch": (_RULED, _said('"batch_id":"ictb-2', '"batch_id":"ictb-3'), "says batch_id"),
    "the statement counts other members": (_RULED, _said('"n_members":3', '"n_members":4'), "says n_members 4"),
    "the statement allows nothing": (_RULED, _said('"explicit"', '"implicit"'), "says allowance implicit"),
    "the statement is valid for a century": (
        _RULED,
        _said('"expires":"20', '"expires":"21'),
        "it is valid from",
    ),
    "the ruling was imported after its time": (
        _RULED,
        "UPDATE cutter_governance.batch_ruling SET imported_at = imported_at + interval '2 days'",
        "it was imported at",
    ),
    "the list is another": (
        _RULED,
        "UPDATE cutter_governance.batch_ruling SET members = members || '\\x0a'::bytea",
        "it names list",
    ),
    "the list has half a line": (_RULED, _listed(r"\tLAW-2\t", r"\t"), "its list has lines that are none"),
    "the list has fewer members than are counted": (_RULED, _said('"count":3', '"count":2'), "it counts 2 members"),
    "the list is in another order": (_RULED, _listed("^1", "9"), "is not in the order"),
    "a place is another": (_RULED, _listed("^1", "0"), "at place 0, where the batch does not have it"),
    "a line is of another document": (_RULED, _listed("LAW-2", "LAW-9"), "as ['LAW-9'"),
    "a line is of another plan": (
        _RULED,
        _listed(r"(LAW-2\t3\t)[0-9a-f]{64}", r"\\1" + "0" * 64),
        f"as ['LAW-2', '3', '{'0' * 64}'",
    ),
    "a line is of another manifest": (
        _RULED,
        _listed(r"(LAW-2\t3\t[0-9a-f]{64}\t)[0-9a-f]{64}", r"\\1" + "0" * 64),
        f"'{'0' * 64}', ",
    ),
    "a line is of another statement": (
        _RULED,
        _listed(r"(LAW-2\t3\t[0-9a-f]{64}\t[0-9a-f]{64}\t)[0-9a-f]{64}", r"\\1" + "0" * 64),
        f"'{'0' * 64}'], and it is",
    ),
    "a member's ruling is valid for another time": (
        _RULED,
        _said('"not_before":"2', '"not_before":"1'),
        "its not_before is",
    ),
    "a member has no ruling of those that are listed": (
        _RULED,
        f"UPDATE cutter_governance.approval SET batch_ruling = NULL WHERE {_LAW_2}",
        "and rules on",
    ),
    "the ruling is gone": (_RULED, "DELETE FROM cutter_governance.batch_ruling", "which is not there"),
    "a signature over it is none": (
        _RULED,
        "UPDATE cutter_governance.batch_ruling SET signatures = ARRAY['x'::bytea]",
        "to cut: gpg verifies",
    ),
    "it is signed by a stranger": (
        _RULED,
        "UPDATE cutter_governance.batch_ruling SET signers = ARRAY[repeat('A', 40)]",
        "who is not in the policy",
    ),
    "a member has other signatures": (
        _RULED,
        f"UPDATE cutter_governance.approval SET signatures = ARRAY['x'::bytea] WHERE {_LAW_2}",
        "are others than those over the batch",
    ),
    "a member was written by a ruling that is signed by nobody": (
        _CUT,
        f"UPDATE cutter_governance.approval SET batch_ruling = NULL WHERE kind = 'SG_1' AND {_LAW_2}",
        "signed: ",
    ),
    "a lease is open at rest": (_CUT, _LEASE, "switch: ictb-"),
    "it is law and armed": ("batch: law", _LEASE, "is over (active at closeout_reported) and armed"),
    "a member was written under no lease": (
        _CUT,
        "DELETE FROM cutter_governance.execution_lease WHERE batch_id IS NOT NULL",
        "under no lease",
    ),
    "a member was written under a lease to something else": (
        _CUT,
        "UPDATE cutter_governance.execution_lease SET purpose = 'enact' WHERE batch_id IS NOT NULL",
        "under no lease",
    ),
    "a member was written before its lease": (
        _CUT,
        "UPDATE cutter_governance.execution_lease SET armed_at = armed_at + interval '1 day',"
        " expires_at = expires_at + interval '1 day', ended_at = ended_at + interval '1 day' WHERE batch_id IS NOT NULL",
        "under no lease",
    ),
    "a member was written after its lease was over": (
        _CUT,
        "UPDATE cutter_governance.execution_lease SET expires_at = armed_at + interval '1 microsecond' WHERE batch_id IS NOT NULL",
        "under no lease",
    ),
    "a member was written after its lease was ended": (
        _CUT,
        "UPDATE cutter_governance.execution_lease SET ended_at = armed_at WHERE batch_id IS NOT NULL",
        "under no lease",
    ),
}
"""What is done, at which stage, and words of the violation that must be named."""


@pytest.mark.parametrize("what", BROKEN)
def test_names_what_is_wrong_with_a_batch(an_arena: Arena, what: str) -> None:
    """Each row that a protection exists for, broken behind its back; a sound batch is judged by the test below."""
    stage, statement, says = BROKEN[what]
    judging.at(an_arena, stage)
    break_rows(an_arena, statement)
    found = checker.check(judging.subject(an_arena), without=judging.ASKING)
    assert [one for one in map(str, found) if says in one], found


STAGES = ("dry run done", "waits for SG_1", "SG_1 imported", "waits for SG_2", "SG_2 imported", "law")


@pytest.mark.parametrize("stage", STAGES)
def test_finds_nothing_where_nothing_is_wrong_with_a_batch(an_arena: Arena, stage: str) -> None:
    snapshot = judging.before(an_arena)
    log_from = judging.log_size(an_arena)
    judging.at(an_arena, f"batch: {stage}")
    assert judging.violations(an_arena, snapshot, log_from=log_from) == []


def test_names_a_dry_run_of_a_batch_that_is_in_the_database(an_arena: Arena) -> None:
    judging.at(an_arena, "batch: dry run done")
    (file,) = (an_arena.root / "runs").glob("ictb-*/batch.json")
    run_id = json.loads(file.read_bytes())["members"][0]["run_id"]
    row = f"INSERT INTO cutter_governance.batch (batch_id, n_members, operator, host) VALUES ('{file.parent.name}', 1, 'a', 'b')"
    break_rows(
        an_arena, f"{row}; INSERT INTO cutter_governance.batch_member VALUES ('{file.parent.name}', 1, '{run_id}')"
    )
    found = list(map(str, checker.dry_runs_write_nothing(judging.subject(an_arena))))
    assert found == [
        f"dry run: {run_id}: has a row in batch_member",
        f"dry run: {file.parent.name}: is a dry run, and is in the database",
    ]


MEMBER: dict[str, Any] = {"stage": "awaiting_cut_authorization", "set_aside": "", "bar": None}
LAW: dict[str, Any] = {**MEMBER, "stage": "closeout_reported"}
ANSWERS: dict[str, tuple[list[dict[str, Any]], list[str], bool]] = {
    "waits and goes on": ([MEMBER], ["draft SG_1", "report"], False),
    "waits and offers nothing": ([MEMBER], [], True),
    "waits and offers a report alone": ([LAW, MEMBER], ["report"], True),
    "waits for another run": ([LAW, {**MEMBER, "bar": {"run_id": "x"}}], ["report"], False),
    "is law": ([LAW, {**MEMBER, "set_aside": "it failed"}], ["report"], False),
    "is law and goes on": ([LAW], ["enact", "report"], True),
}
"""The members and moves of a batch as it is listed, and whether that is a fault."""


@pytest.mark.parametrize("what", ANSWERS)
def test_names_a_batch_without_a_move(an_arena: Arena, what: str) -> None:
    """What the console would have to answer for that."""
    judging.at(an_arena, _RULED)
    judged, (members, moves, is_fault) = judging.subject(an_arena), ANSWERS[what]
    (batch,) = judged.ledger("batch")
    listed = {"batches": [{"batch_id": batch["batch_id"], "members": members, "moves": moves, "phase": what}]}
    judged.ask = lambda _words: (0, listed, "")
    assert [one.invariant for one in checker.every_batch_has_a_move(judged)] == (["moves"] if is_fault else [])


def test_names_a_batch_that_is_not_listed_and_a_list_that_fails(an_arena: Arena) -> None:
    judging.at(an_arena, _RULED)
    answers: tuple[tuple[tuple[int, dict[str, Any], str], str], ...] = (
        ((0, {"batches": []}, ""), "is not listed"),
        ((7, {}, "no"), "ends with 7"),
    )
    for answer, says in answers:
        judged = judging.subject(an_arena)
        judged.ask = lambda _words, said=answer: said
        (found,) = checker.every_batch_has_a_move(judged)
        assert says in str(found)


def test_a_lease_of_a_batch_whose_holder_died_is_told_from_one_that_waits(an_arena: Arena) -> None:
    """Armed and not taken up is no fault just after a death; taken up for any member by a process that is gone it is."""
    judging.at(an_arena, _RULED)
    (batch_id,) = (str(row[0]) for row in an_arena.rows("SELECT batch_id FROM cutter_governance.batch"))
    assert an_arena.run("arm", batch_id, "--confirm", batch_id).status == 0
    an_arena.settle()
    assert list(checker.switch_is_off(judging.subject(an_arena, just_died=True))) == []
    (run_id,) = (str(row[0]) for row in an_arena.rows(f"SELECT run_id FROM cutter_governance.run WHERE {_LAW_2}"))
    path = an_arena.root / "runs" / run_id / "journal.jsonl"
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    later = {**records[-1], "kind": "intent", "phase": "cut_leg_a", "time": "2126-01-01T00:00:00.000000+00:00"}
    path.write_bytes(rechained([*records, later]))
    found = list(checker.switch_is_off(judging.subject(an_arena, just_died=True)))
    assert [(one.invariant, one.thing) for one in found] == [("switch", batch_id)]
