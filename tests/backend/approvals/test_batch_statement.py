"""The statement over a batch: one spelling, its own fields, a bounded life, and a list that is read as it was written."""

import json

import pytest

from console.backend.approvals.batch_statement import (
    BatchFacts,
    BatchStatement,
    ListedMember,
    draft_batch_statement,
    members_file,
    parse_batch_statement,
    parse_members,
)
from console.backend.approvals.statement import MAX_STATEMENT_BYTES
from console.backend.host.context import Context
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import Refused, StopCode
from console.backend.model.purposes import Kind, Purpose
from tests.backend.approvals.conftest import FACTS, draft_of

BATCH = BatchFacts(
    batch_id="ictb-20260302T085900Z-0a1b2c3d",
    batch_digest="1" * 64,
    n_members=3,
    target=FACTS.target,
    policy_sha256="a" * 64,
)


@pytest.fixture
def listed(context: Context) -> tuple[ListedMember, ...]:
    """Two of the batch's three members: the third was set aside."""
    return tuple(ListedMember.of(position, draft_of(Kind.SG_1, "a" * 64, context)) for position in (1, 2))


@pytest.fixture
def statement(context: Context, listed: tuple[ListedMember, ...]) -> BatchStatement:
    """The ruling to cut them."""
    times = draft_of(Kind.SG_1, "a" * 64, context)
    return draft_batch_statement(Purpose.CUT, BATCH, listed, "members.tsv", times, context)


def _changed(statement: BatchStatement, **fields: object) -> bytes:
    raw = json.loads(canonical_json(statement)) | fields
    return json.dumps(raw, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_what_is_signed_reads_back_to_the_byte(statement: BatchStatement) -> None:
    assert parse_batch_statement(canonical_json(statement)) == statement
    assert parse_batch_statement(_changed(statement)) == statement


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "SG_2"},
        {"purpose": "enact"},
        {"purpose": "revert"},
        {"irreversible": True},
        {"n_members": 1},
        {"n_members": 0},
        {"expires": "2026-03-03T09:00:01Z"},
        {"expires": "2026-03-02T09:00:00Z"},
        {"allowance": "implicit"},
        {"batch_id": "ictb-today-0a1b2c3d"},
        {"surprise": 1},
    ],
    ids=str,
)
def test_a_statement_outside_its_kind_cannot_be_read(statement: BatchStatement, fields: dict[str, object]) -> None:
    with pytest.raises(Refused, match="no statement over a batch") as refused:
        parse_batch_statement(_changed(statement, **fields))
    assert refused.value.code is StopCode.APPROVAL_INVALID


def test_any_other_spelling_is_refused(statement: BatchStatement) -> None:
    data = canonical_json(statement)
    for spelling in (data + b"\n", b" " + data, data.replace(b'":"', b'": "', 1), data[:-1], b"\xff" + data):
        with pytest.raises(Refused, match="no statement over a batch"):
            parse_batch_statement(spelling)


def test_a_file_that_is_too_long_is_not_parsed(statement: BatchStatement) -> None:
    long = canonical_json(statement) + b" " * MAX_STATEMENT_BYTES
    with pytest.raises(Refused, match=f"it has more than {MAX_STATEMENT_BYTES} bytes"):
        parse_batch_statement(long)


def test_the_list_reads_back_to_the_byte(listed: tuple[ListedMember, ...]) -> None:
    assert parse_members(members_file(listed)) == listed


@pytest.mark.parametrize("damage", ["a field less", "a field more", "a line more", "no number", "no text"])
def test_a_damaged_list_is_refused(listed: tuple[ListedMember, ...], damage: str) -> None:
    data = members_file(listed)
    damaged = {
        "a field less": data.rpartition(b"\t")[0],
        "a field more": data + b"\t" + b"0" * 64,
        "a line more": data + b"\n",
        "no number": b"x" + data,
        "no text": b"\xff" + data,
    }[damage]
    with pytest.raises(Refused, match="the list of the batch's members is damaged") as refused:
        parse_members(damaged)
    assert refused.value.code is StopCode.APPROVAL_INVALID
