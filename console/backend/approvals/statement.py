"""The statement that a sovereign signs: canonical JSON, byte for byte, drafted by the run at its pause."""

import os
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from console.backend.canonical_json import canonical_json, sha256_hex
from console.backend.context import Context
from console.backend.errors import Refused, StopCode
from console.backend.regular_file import open_regular
from console.backend.safe_text import SafeText
from console.backend.value import Value
from console.backend.world import TableDelta, Target

MAX_STATEMENT_BYTES = 64 * 1024
"""A statement is about 2 KB; more than this is not read."""


class Kind(StrEnum):
    """The sovereign's two rulings: cut into draft, enact."""

    SG_1 = "SG_1"
    SG_2 = "SG_2"


LIFETIME = {Kind.SG_1: timedelta(hours=24), Kind.SG_2: timedelta(hours=12)}
"""The longest that a ruling may be valid (design section 6)."""


def _utc_second(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError("a time out of the calendar") from error


def utc_text(moment: datetime) -> str:
    """The one way a time is written in a statement: `2026-01-31T08:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


UtcSecond = Annotated[datetime, AfterValidator(_utc_second), PlainSerializer(utc_text, when_used="json")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
RunId = Annotated[str, Field(pattern=r"^ictr-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
DocPrefix = Annotated[str, Field(pattern=r"^[A-Z0-9](?:[A-Z0-9-]{1,30})[A-Z0-9]$")]


def new_run_id(context: Context) -> str:
    """A fresh run id, `ictr-<YYYYMMDDTHHMMSSZ>-<8 hex>`."""
    return f"ictr-{context.now().astimezone(UTC):%Y%m%dT%H%M%SZ}-{context.token_hex(4)}"


class StatementDocument(Value):
    """The document by its prefix and where its text came from."""

    docprefix: DocPrefix
    origin: SafeText


class RunFacts(Value):
    """What the run knows at its pause, and what a ruling therefore binds."""

    run_id: RunId
    document: StatementDocument
    plan_digest: Sha256
    source_sha256: Sha256
    deploy_manifest_sha256: Sha256 | Literal["none"]
    """`none`, spelt out, where the deployment has no manifest yet."""
    baseline_digest: Sha256
    target: Target
    n_units: Annotated[int, Field(gt=0)]
    expected_deltas: tuple[TableDelta, ...]


class DraftFacts(Value):
    """What an enactment binds besides: the first ruling, the draft rows read back, the cut's own decision."""

    sg1_sha256: Sha256
    draft_digest: Sha256
    cut_review_decision_id: Uuid


class Statement(RunFacts):
    """One ruling, as it is signed; SG_1 carries none of the SG_2 fields and SG_2 all of them."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    schema_id: Annotated[Literal["cutter-console/statement/1"], Field(alias="schema")] = "cutter-console/statement/1"
    kind: Kind
    irreversible: bool
    compensation: Literal["soft_revert", "none"]
    """`soft_revert`: the SG_1 signature also authorises taking exactly this draft cut back, softly, once."""
    policy_sha256: Sha256
    """The policy is part of what is signed: a quorum cannot be lowered behind the signature (incident 18)."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    not_before: UtcSecond
    expires: UtcSecond
    allowance: Literal["explicit"]
    sg1_sha256: Sha256 | None = None
    draft_digest: Sha256 | None = None
    review_decision_id: Uuid | None = None

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> Self:
        second = (self.sg1_sha256, self.draft_digest, self.review_decision_id)
        enacts = self.kind is Kind.SG_2
        if any((field is None) is enacts for field in second):
            raise ValueError(
                f"{self.kind} {'needs' if enacts else 'takes no'} sg1_sha256, draft_digest, review_decision_id"
            )
        if self.irreversible is not enacts:
            raise ValueError(f"{self.kind} is {'irreversible' if enacts else 'reversible'}")
        if self.compensation != ("none" if enacts else "soft_revert"):
            raise ValueError(f"{self.kind} has another compensation")
        return self

    @model_validator(mode="after")
    def _a_bounded_life(self) -> Self:
        longest = LIFETIME[self.kind]
        if not timedelta(0) < self.expires - self.not_before <= longest:
            raise ValueError(f"{self.kind} is valid for at most {longest.total_seconds() / 3600:.0f} h")
        return self

    @model_serializer(mode="wrap")
    def _without_the_fields_of_the_other_kind(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        return {name: value for name, value in fields.items() if value is not None}


def draft_sg1(facts: RunFacts, policy_sha256: str, context: Context) -> Statement:
    """The ruling that lets this plan be cut into draft; valid for 24 h from now."""
    return _draft(Kind.SG_1, facts, policy_sha256, context, None)


def draft_sg2(facts: RunFacts, draft: DraftFacts, policy_sha256: str, context: Context) -> Statement:
    """The ruling that lets this draft be enacted, under a review decision of its own; valid for 12 h (incident 13)."""
    return _draft(Kind.SG_2, facts, policy_sha256, context, draft)


def _draft(kind: Kind, facts: RunFacts, policy_sha256: str, context: Context, draft: DraftFacts | None) -> Statement:
    now = _utc_second(context.now())
    return Statement(
        **dict(facts),
        kind=kind,
        irreversible=kind is Kind.SG_2,
        compensation="none" if kind is Kind.SG_2 else "soft_revert",
        policy_sha256=policy_sha256,
        nonce=context.token_hex(16),
        not_before=now,
        expires=now + LIFETIME[kind],
        allowance="explicit",
        sg1_sha256=draft.sg1_sha256 if draft else None,
        draft_digest=draft.draft_digest if draft else None,
        review_decision_id=str(uuid.UUID(hex=context.token_hex(16), version=4)) if draft else None,
    )


def statement_bytes(statement: Statement) -> bytes:
    """The bytes that are signed."""
    return canonical_json(statement)


def statement_sha256(statement: Statement) -> str:
    """Their sha256: what SG_2 names SG_1 by, and the database's key of an approval."""
    return sha256_hex(statement_bytes(statement))


def parse_statement(data: bytes) -> Statement:
    """The statement in these bytes, which must be its canonical form to the byte.

    Raises Refused (APPROVAL_INVALID) on any other bytes: a second spelling of the same content would
    be a second thing to sign (incident 38).
    """
    if len(data) > MAX_STATEMENT_BYTES:
        raise _unreadable(f"the statement has {len(data)} bytes, more than {MAX_STATEMENT_BYTES}")
    try:
        statement = Statement.model_validate_json(data)
    except ValidationError as refused:
        raise _unreadable("; ".join(_reason(tuple(e["loc"]), e["msg"]) for e in refused.errors()[:5])) from refused
    if statement_bytes(statement) != data:
        raise _unreadable("these bytes are not the canonical form of the statement in them")
    return statement


def _reason(loc: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, loc)) or 'statement'}: {message}"


def _unreadable(message: str) -> Refused:
    return Refused(StopCode.APPROVAL_INVALID, message, "Draft it again: cutter-console approval draft RUN")


def read_statement(path: Path) -> bytes:
    """The bytes of a statement file, bounded. Raises Refused where there is no such file."""
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            return stream.read(MAX_STATEMENT_BYTES + 1)
    except OSError as error:
        raise _unreadable(f"{path}: {error.strerror}") from error


def write_statement(path: Path, statement: Statement) -> None:
    """Write the signed bytes to a file, 0640, whole or not at all, and only where no such file is yet.

    Raises Refused where the path is taken: a drafted statement is never replaced under a signer's hands.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, 0o640)
            stream.write(statement_bytes(statement))
            stream.flush()
            os.fsync(descriptor)
        os.link(draft, path)
    except FileExistsError as error:
        raise _taken(path) from error
    finally:
        draft.unlink()
    _sync_directory(path.parent)


def _taken(path: Path) -> Refused:
    return Refused(StopCode.APPROVAL_INVALID, f"{path} exists already", "Move it away to draft another statement.")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
