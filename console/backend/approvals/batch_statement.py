"""The statement that a sovereign signs over a batch: it names the statement of each member by its sha256."""

import uuid
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from console.backend.approvals.statement import (
    LIFETIME,
    MAX_STATEMENT_BYTES,
    DocPrefix,
    RunId,
    Sha256,
    Statement,
    UtcSecond,
    statement_sha256,
)
from console.backend.host.context import Context
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan_binding import Target
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.value import Value

BatchId = Annotated[str, Field(pattern=r"^ictb-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$")]


class BatchList(Value):
    """The list of what a ruling over a batch is over, in a file beside the statement: one line per member."""

    count: Annotated[int, Field(gt=0)]
    n_units: Annotated[int, Field(gt=0)]
    """Units of all listed members together."""
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]
    file_sha256: Sha256


class BatchStatement(Value):
    """One ruling over a batch, as it is signed."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    schema_id: Annotated[Literal["cutter-console/batch-statement/1"], Field(alias="schema")] = (
        "cutter-console/batch-statement/1"
    )
    kind: Kind
    purpose: Literal[Purpose.CUT, Purpose.ENACT]
    batch_id: BatchId
    batch_digest: Sha256
    """Over the plan digests of all members, in their order."""
    n_members: Annotated[int, Field(gt=0)]
    """Members of the batch; the list may have fewer, if some were set aside."""
    members: BatchList
    irreversible: bool
    target: Target
    policy_sha256: Sha256
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    not_before: UtcSecond
    expires: UtcSecond
    allowance: Literal["explicit"]

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> Self:
        if self.kind is not self.purpose.kind:
            raise ValueError(f"{self.kind} is no ruling to {self.purpose}")
        if self.irreversible is not self.purpose.over_drafts:
            raise ValueError(f"a ruling to {self.purpose} is not so")
        if self.members.count > self.n_members:
            raise ValueError(f"{self.members.count} members are listed, the batch has {self.n_members}")
        if not timedelta(0) < self.expires - self.not_before <= LIFETIME[self.kind]:
            raise ValueError("it is valid for longer than such a ruling may be")
        return self


class ListedMember(Value):
    """One line of the list: a member and the digests that are ruled on."""

    position: Annotated[int, Field(gt=0)]
    run_id: RunId
    docprefix: DocPrefix
    n_units: Annotated[int, Field(gt=0)]
    plan_digest: Sha256
    digest: Sha256
    """Of the manifest that is to be cut, or of the drafts that are to become law."""
    statement_sha256: Sha256

    @classmethod
    def of(cls, position: int, statement: Statement) -> Self:
        """Return the line of a member's statement."""
        digest = statement.draft_digest or statement.manifest_digest
        assert digest is not None, "every ruling over a batch names a manifest or drafts"
        return cls(
            position=position,
            run_id=statement.run_id,
            docprefix=statement.document.docprefix,
            n_units=statement.n_units,
            plan_digest=statement.plan_digest,
            digest=digest,
            statement_sha256=statement_sha256(statement),
        )


def members_file(listed: tuple[ListedMember, ...]) -> bytes:
    """Return the bytes of the list: one line per member, fields split by TAB, lines joined by LF."""
    return "\n".join(
        "\t".join(
            (
                str(member.position),
                member.run_id,
                member.docprefix,
                str(member.n_units),
                member.plan_digest,
                member.digest,
                member.statement_sha256,
            )
        )
        for member in listed
    ).encode()


def parse_members(data: bytes) -> tuple[ListedMember, ...]:
    """Parse the list. Raises Refused (APPROVAL_INVALID) if a line is none."""
    names = tuple(ListedMember.model_fields)
    try:
        lines = [line.split("\t") for line in data.decode().split("\n")]
        # Strict: a line with another number of fields is none.
        return tuple(ListedMember.model_validate(dict(zip(names, fields, strict=True))) for fields in lines)
    except (ValueError, ValidationError) as error:
        message = f"the list of the batch's members is damaged: {str(error).splitlines()[0]}"
        raise Refused(StopCode.APPROVAL_INVALID, message, _REDRAFT) from error


_REDRAFT = "Draft it again: cutter-console approval draft BATCH"


class BatchFacts(Value):
    """Facts of a batch at its pause, which a ruling binds."""

    batch_id: BatchId
    batch_digest: Sha256
    n_members: int
    target: Target
    policy_sha256: Sha256


def draft_batch_statement(
    purpose: Literal[Purpose.CUT, Purpose.ENACT],
    facts: BatchFacts,
    listed: tuple[ListedMember, ...],
    file: str,
    times: Statement,
    context: Context,
) -> BatchStatement:
    """Return the statement that is to be signed over these members, valid as long as theirs (`times` is one of them)."""
    return BatchStatement(
        **dict(facts),
        kind=purpose.kind,
        purpose=purpose,
        members=BatchList(
            count=len(listed),
            n_units=sum(member.n_units for member in listed),
            file=file,
            file_sha256=sha256_hex(members_file(listed)),
        ),
        irreversible=purpose.over_drafts,
        nonce=uuid.UUID(hex=context.token_hex(16)).hex,
        not_before=times.not_before,
        expires=times.expires,
        allowance="explicit",
    )


def parse_batch_statement(data: bytes) -> BatchStatement:
    """Parse the statement in these bytes, which must be its canonical form to the byte. Raises Refused otherwise."""
    if len(data) > MAX_STATEMENT_BYTES:
        raise _unreadable(f"it has more than {MAX_STATEMENT_BYTES} bytes")
    try:
        statement = BatchStatement.model_validate_json(data)
    except ValidationError as error:
        raise _unreadable(str(error).splitlines()[0]) from error
    if canonical_json(statement) != data:
        raise _unreadable("these bytes are not the canonical form of the statement in them")
    return statement


def _unreadable(reason: str) -> Refused:
    return Refused(StopCode.APPROVAL_INVALID, f"no statement over a batch: {reason}", _REDRAFT)
