"""The statement that a sovereign signs: canonical JSON, byte for byte, drafted by the run at its pause."""

import os
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
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

from console.backend.host.context import Context
from console.backend.host.durable import write_new_file
from console.backend.host.regular_file import open_regular
from console.backend.model.amendment import Amendment, Moved
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.draft_units import DraftUnit, draft_unit
from console.backend.model.errors import Refused, StopCode
from console.backend.model.kept_lines import KeptLines
from console.backend.model.plan_binding import TableDelta, Target
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

MAX_STATEMENT_BYTES = 64 * 1024
"""A statement is about 2 KB; more than this is not read."""


LIFETIME = {Kind.SG_1: timedelta(hours=24), Kind.SG_2: timedelta(hours=12)}
"""The longest that a ruling may be valid."""


def utc_second(moment: datetime) -> datetime:
    """Return a moment as a statement can name it, in UTC and whole seconds. Raises ValueError without a zone, or out of the calendar."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    try:
        # The text form has seconds alone: a statement that is read again must be equal.
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError("a time out of the calendar") from error


def utc_text(moment: datetime) -> str:
    """The one way a time is written in a statement: `2026-01-31T08:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


UtcSecond = Annotated[datetime, AfterValidator(utc_second), PlainSerializer(utc_text, when_used="json")]
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


class StatementProfile(Value):
    """An operator's own profile by its name and the digest of its file: the signer can compare it with what was read."""

    name: SafeText
    sha256: Sha256


class StatementAmendment(Value):
    """Effects of an amendment on the law in numbers; the plan, whose digest is signed, names every unit."""

    base_run_id: RunId
    base_digest: Sha256
    """Of the law that it amends, as `fn_base_digest` computes it."""
    unchanged: Annotated[int, Field(ge=0)]
    changed: Annotated[int, Field(ge=0)]
    new: Annotated[int, Field(ge=0)]
    gone: Annotated[int, Field(ge=0)]
    moved: tuple[Moved, ...] = ()
    """Renumberings that become aliases with the enactment."""

    @property
    def operation(self) -> Literal["amend", "repeal"]:
        """Return the operation of these effects: a repeal leaves nothing in force."""
        return "amend" if self.unchanged + self.changed + self.new else "repeal"

    @classmethod
    def of(cls, amendment: Amendment) -> Self:
        """Return the facts of a planned amendment."""
        return cls(
            base_run_id=amendment.base_run_id,
            base_digest=amendment.base_digest,
            unchanged=amendment.unchanged,
            changed=len(amendment.changed),
            new=len(amendment.new),
            gone=len(amendment.gone),
            moved=amendment.moved,
        )


class RunFacts(Value):
    """Facts of a run at its pause, which a ruling binds."""

    run_id: RunId
    document: StatementDocument
    plan_digest: Sha256
    source_sha256: Sha256
    canonical_sha256: Sha256
    """Of the canonical text: the bodies are slices of it."""
    manifest_digest: Sha256 | None = None
    """sha256 of the manifest that the database reads the rows out of; of a ruling to cut or to edit."""
    deploy_manifest_sha256: Sha256 | Literal["none"]
    """`none`, spelt out, if the deployment has no manifest yet."""
    baseline_digest: Sha256
    target: Target
    n_units: Annotated[int, Field(gt=0)]
    n_suspects: Annotated[int, Field(ge=0)]
    """Number of lines that read like the beginning of a unit and open none: the signer has been told of them."""
    n_acceptances: Annotated[int, Field(ge=0)]
    """Number of findings of the enacted text that a person accepted, each with a reason."""
    n_dropped: Annotated[int, Field(ge=0)] = 0
    """Number of spans of page furniture and footnotes that are in no unit; not stated if there are none."""
    own_profile: StatementProfile | None = None
    """Left out if the text is read by a profile that is shipped."""
    operation: Literal["amend", "repeal"] | None = None
    """`amend` if the text amends a document that is law, `repeal` if it is repealed; not stated for a first cut."""
    amendment: StatementAmendment | None = None
    expected_deltas: tuple[TableDelta, ...]


class StatementDrafts(Value):
    """Drafts that a ruling is over: all of them in a file beside the statement, and listed if they are not too many."""

    count: Annotated[int, Field(gt=0)]
    units: tuple[DraftUnit, ...] | None = None
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")]
    """Name of a file beside the statement: one line per unit, from which `draft_digest` can be computed."""
    file_sha256: Sha256

    @model_validator(mode="after")
    def _as_many_as_counted(self) -> Self:
        if self.units is not None and len(self.units) != self.count:
            raise ValueError(f"{len(self.units)} drafts are listed, {self.count} counted")
        return self

    @model_serializer(mode="wrap")
    def _without_unset_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        return {name: value for name, value in fields.items() if value is not None}


class DraftFacts(Value):
    """Further bindings of a ruling over drafts: the first ruling, the rows read back, the cut's own decision."""

    sg1_sha256: Sha256
    draft_digest: Sha256
    """Merkle root (RFC 6962) over one line per unit, as 64 hex digits."""
    cut_review_decision_id: Uuid
    drafts: StatementDrafts


class Statement(RunFacts):
    """One ruling, as it is signed; each purpose has fields of its own and none of another's."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    schema_id: Annotated[Literal["cutter-console/statement/2"], Field(alias="schema")] = "cutter-console/statement/2"
    kind: Kind
    purpose: Purpose
    irreversible: bool
    compensation: Literal["soft_revert", "none"]
    """`soft_revert`: the signature to cut also authorises taking exactly this draft cut back, softly, once."""
    policy_sha256: Sha256
    """The policy is part of what is signed: a quorum cannot be lowered behind the signature."""
    nonce: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    """Makes two statements over the same facts differ: an approval is known by its statement's sha256."""
    not_before: UtcSecond
    expires: UtcSecond
    allowance: Literal["explicit"]
    sg1_sha256: Sha256 | None = None
    draft_digest: Sha256 | None = None
    drafts: StatementDrafts | None = None
    review_decision_id: Uuid | None = None
    in_force_from: UtcSecond | None = None
    """Of an enactment: the later moment from which the text is in force; left out for the moment of the enactment."""

    @model_validator(mode="after")
    def _fields_of_its_kind(self) -> Self:
        if self.kind is not self.purpose.kind:
            raise ValueError(f"{self.kind} is no ruling to {self.purpose}")
        enacts, over_drafts = self.purpose is Purpose.ENACT, self.purpose.over_drafts
        for wanted, fields in (
            (enacts, {"sg1_sha256": self.sg1_sha256, "review_decision_id": self.review_decision_id}),
            (over_drafts, {"draft_digest": self.draft_digest, "drafts": self.drafts}),
            (not over_drafts, {"manifest_digest": self.manifest_digest}),
        ):
            if any((field is None) is wanted for field in fields.values()):
                raise ValueError(f"a ruling to {self.purpose} {'needs' if wanted else 'takes no'} {', '.join(fields)}")
        if (self.operation is None) != (self.amendment is None):
            raise ValueError("an amendment is stated with the operation amend or repeal, and with nothing else")
        if self.amendment is not None and self.operation != self.amendment.operation:
            raise ValueError(
                f"units are {'left' if self.operation == 'repeal' else 'not left'}: it is no {self.operation}"
            )
        if self.in_force_from is not None and not enacts:
            raise ValueError("a ruling to enact alone says from when a text is in force")
        if self.irreversible is not over_drafts:
            raise ValueError(f"a ruling to {self.purpose} is {'irreversible' if over_drafts else 'reversible'}")
        if self.compensation != ("soft_revert" if self.purpose is Purpose.CUT else "none"):
            raise ValueError(f"a ruling to {self.purpose} has another compensation")
        if self.drafts is not None and self.drafts.count != self.n_units:
            raise ValueError(f"it is about {self.n_units} units and counts {self.drafts.count} drafts")
        return self

    @model_validator(mode="after")
    def _a_bounded_life(self) -> Self:
        longest = LIFETIME[self.kind]
        if not timedelta(0) < self.expires - self.not_before <= longest:
            raise ValueError(f"{self.kind} is valid for at most {longest.total_seconds() / 3600:.0f} h")
        return self

    @model_serializer(mode="wrap")
    def _without_the_fields_of_other_purposes(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        fields: dict[str, object] = handler(self)
        stated = {name: value for name, value in fields.items() if value is not None}
        # Statements of plans without dropped spans stay what they were, and so do the signatures of them.
        return stated if self.n_dropped else {name: value for name, value in stated.items() if name != "n_dropped"}


def draft_statement(
    purpose: Purpose,
    facts: RunFacts,
    policy_sha256: str,
    context: Context,
    draft: DraftFacts | None = None,
    in_force_from: datetime | None = None,
) -> Statement:
    """Draft the ruling that is to be signed, valid from now for the LIFETIME of its kind; an enactment gets a new decision id.

    `draft` is set exactly for a ruling over drafts; `in_force_from` only for an enactment that counts from a later moment.
    """
    now = utc_second(context.now())
    enacts = purpose is Purpose.ENACT
    return Statement(
        **dict(facts),
        kind=purpose.kind,
        purpose=purpose,
        irreversible=purpose.over_drafts,
        compensation="soft_revert" if purpose is Purpose.CUT else "none",
        policy_sha256=policy_sha256,
        nonce=context.token_hex(16),
        not_before=now,
        expires=now + LIFETIME[purpose.kind],
        allowance="explicit",
        sg1_sha256=draft.sg1_sha256 if draft and enacts else None,
        draft_digest=draft.draft_digest if draft else None,
        drafts=draft.drafts if draft else None,
        review_decision_id=str(uuid.UUID(hex=context.token_hex(16), version=4)) if enacts else None,
        in_force_from=in_force_from,
    )


MAX_LISTED = 200
"""More drafts than this are not listed in the statement itself."""
_MAX_LISTED_BYTES = 48 * 1024


def list_drafts(lines: Iterable[str], file: str) -> StatementDrafts:
    """Return the drafts of a ruling from their lines (see `DraftState`), which stand in `file` beside the statement."""
    lines = lines if isinstance(lines, KeptLines) else KeptLines(lines)
    are_few = len(lines) <= MAX_LISTED and len(lines.data) - len(lines) + 1 <= _MAX_LISTED_BYTES
    return StatementDrafts(
        count=len(lines),
        units=tuple(draft_unit(line) for line in lines) if are_few else None,
        file=file,
        file_sha256=sha256_hex(lines.data),
    )


def statement_bytes(statement: Statement) -> bytes:
    """The bytes that are signed."""
    return canonical_json(statement)


def statement_sha256(statement: Statement) -> str:
    """Return the sha256 of the signed bytes: SG_2 names SG_1 by it, and it is the database's key of an approval."""
    return sha256_hex(statement_bytes(statement))


_SCHEMAS = b'"schema":"cutter-console/statement/'
"""In the bytes of a statement, whatever its version."""
_NAME_IT = "Name the file that was drafted, or draft it again: cutter-console approval draft RUN"


def parse_statement(data: bytes) -> Statement:
    """Parse the statement in these bytes, which must be its canonical form to the byte.

    Raises Refused (APPROVAL_INVALID) on any other bytes: a second spelling of the same content would
    be a second thing to sign.
    """
    if len(data) > MAX_STATEMENT_BYTES:
        raise _unreadable(f"the statement has {len(data)} bytes, more than {MAX_STATEMENT_BYTES}")
    try:
        statement = Statement.model_validate_json(data)
    except ValidationError as error:
        # Named as what it is, instead of by each field that the newer schema has and it lacks.
        if b'"schema":"cutter-console/statement/1"' in data:
            raise _unreadable(
                "it is a statement of version 0.2.0 (schema 1), which authorises nothing any more"
            ) from error
        if _SCHEMAS not in data:
            raise Refused(
                StopCode.APPROVAL_INVALID, "it is no statement: no schema of one is in it", _NAME_IT
            ) from error
        raise _unreadable(
            "; ".join(_reason(tuple(entry["loc"]), entry["msg"]) for entry in error.errors()[:5])
        ) from error
    if statement_bytes(statement) != data:
        raise _unreadable("these bytes are not the canonical form of the statement in them")
    return statement


def _reason(loc: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, loc)) or 'statement'}: {message}"


def _unreadable(message: str) -> Refused:
    return Refused(StopCode.APPROVAL_INVALID, message, "Draft it again: cutter-console approval draft RUN")


def read_statement(path: Path) -> bytes:
    """Read the bytes of a statement file, bounded. Raises Refused if there is no such file, or a symbolic link."""
    if path.is_symlink():
        raise _unreadable(f"{path} is a symbolic link; name the file itself")
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            # One byte more than is accepted, so that a longer file is refused and not cut.
            return stream.read(MAX_STATEMENT_BYTES + 1)
    except OSError as error:
        raise _unreadable(f"{path}: {error.strerror}") from error


def write_statement(path: Path, statement: Statement) -> None:
    """Write the signed bytes to a new file, 0640, whole or not at all.

    Raises Refused if the path is taken: a drafted statement is never replaced under a signer's hands.
    """
    try:
        write_new_file(path, statement_bytes(statement))
    except FileExistsError as error:
        raise _taken(path) from error


def _taken(path: Path) -> Refused:
    return Refused(StopCode.APPROVAL_INVALID, f"{path} exists already", "Move it away to draft another statement.")
