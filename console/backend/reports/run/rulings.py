"""Pure: the chapters of the two pauses: each statement as it was signed, its signers, its import and its use."""

import contextlib
import json

from console.backend.model.canonical_json import sha256_hex
from console.backend.model.outcome import Outcome
from console.backend.model.purposes import Kind
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_lines
from console.backend.model.states import Mode, Stage
from console.backend.model.value import Value
from console.backend.reports.run.evidence_index import Register, plain, utc
from console.backend.reports.run.phases import TITLES, Title
from console.backend.reports.run.record import Ruling, RunRecord


class RulingTold(Value):
    """One imported statement as a document shows it; all names but `lines` and `fence` are evidence ids."""

    statement: str
    lines: tuple[str, ...]
    """The statement indented for reading; inert, and without what looks like a secret."""
    whole: bool
    """True if the lines are the signed content; false if something in them had to be hidden."""
    fence: str
    facts: tuple[str, ...]


class Pause(Value):
    """Outcome of one of the two pauses."""

    title: Title
    outcome: Outcome
    rulings: tuple[RulingTold, ...]
    unreached: str
    used: str
    """Evidence id of the use that let the run go on; empty if there was none."""

    @property
    def detail(self) -> str:
        """One line for the roll-up."""
        if self.unreached:
            return self.unreached
        return f"{len(self.rulings)} imported, " + ("one used" if self.used else "none used")


def pauses(record: RunRecord, register: Register) -> tuple[Pause, ...]:
    """Return both pauses."""
    return tuple(_pause(record, title, register) for title in TITLES if title.kind)


def _pause(record: RunRecord, title: Title, register: Register) -> Pause:
    own_rulings = [ruling for ruling in record.rulings if ruling.kind == title.kind]
    prefix = f"{title.number:02d}"
    told_rulings = tuple(
        _ruling_told(ruling, f"{prefix}.{number}", register) for number, ruling in enumerate(own_rulings, 1)
    )
    used = next((fact for ruling in told_rulings for fact in ruling.facts if ".use-" in fact), "")
    return Pause(
        title=title,
        outcome=Outcome.PASS if used else Outcome.NOT_RUN,
        rulings=told_rulings,
        unreached="" if told_rulings else _why_no_ruling(record, title),
        used=used,
    )


def _why_no_ruling(record: RunRecord, title: Title) -> str:
    if record.head.mode is Mode.DRYRUN:
        return f"a dry run needs no ruling: it passes the pause for {title.kind} and can write nothing"
    if record.head.is_edit and title.kind == Kind.SG_2:
        return "an edit of drafts enacts nothing and needs no SG_2"
    before = Stage.AWAITING_CUT_AUTHORIZATION if title.kind == Kind.SG_1 else Stage.AWAITING_LIFECYCLE_AUTHORIZATION
    pause_reached = tuple(Stage).index(record.head.state.stage) >= tuple(Stage).index(before)
    progress = "the run waits, or waited, for it" if pause_reached else "the run did not reach its pause"
    return f"no {title.kind} was imported; {progress} (state {record.head.state.name})"


def _ruling_told(ruling: Ruling, prefix: str, register: Register) -> RulingTold:
    lines, whole = _pretty(ruling.statement)
    longest = max((len(run) for line in lines for run in _runs(line)), default=0)
    actual = sha256_hex(ruling.statement)
    digest_words = (
        "which is the sha256 of the bytes" if actual == ruling.statement_sha256 else f"but the bytes have {actual}"
    )
    statement = register.put(
        f"{prefix}.statement",
        f"{ruling.kind} as it was signed",
        "cutter_governance.approval",
        f"sha256 {ruling.statement_sha256}, {digest_words}; {len(ruling.statement)} bytes",
        ruling.imported_at,
        actual,
    )
    return RulingTold(
        statement=statement,
        lines=lines,
        whole=whole,
        fence="`" * max(3, longest + 1),
        facts=_facts(ruling, prefix, register),
    )


def _pretty(statement: bytes) -> tuple[tuple[str, ...], bool]:
    text = statement.decode("utf-8", "replace")
    # Bytes that are no JSON are shown as they are.
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    lines = tuple(safe_lines(redact(text)))
    return lines, "\n".join(lines) == text


def _runs(line: str) -> list[str]:
    return [run for run in "".join(c if c == "`" else " " for c in line).split() if run]


def _facts(ruling: Ruling, prefix: str, register: Register) -> tuple[str, ...]:
    names = {signer.fingerprint: signer.name for signer in ruling.policy.signers} if ruling.policy else {}
    source = "cutter_governance.approval"

    def put(name: str, question: str, answer: str, digest: str = "", table: str = source) -> str:
        return register.put(f"{prefix}.{name}", question, table, answer, ruling.imported_at, digest)

    signers = tuple(
        put(
            f"signer-{number}",
            "signed by",
            f"primary key {key}" + (f", {names[key]} in the policy" if key in names else ""),
            sha256_hex(ruling.signatures[number - 1]) if number <= len(ruling.signatures) else "",
        )
        for number, key in enumerate(ruling.signers, 1)
    )
    uses = tuple(
        put(
            f"use-{plain(use.purpose)}",
            f"used to {use.purpose}",
            f"at {utc(use.used_at)}" + (f" by {use.used_by} in transaction {use.xid}" if use.xid else ""),
            table="cutter_governance.approval_use",
        )
        for use in ruling.uses
    )
    return (
        *signers,
        put("imported", "imported", f"at {utc(ruling.imported_at)} by {ruling.imported_by}"),
        put("valid", "valid", f"from {utc(ruling.not_before)} to {utc(ruling.expires)}"),
        put("policy", "policy", _policy(ruling), ruling.policy_sha256, "approval and the run's copy of the policy"),
        put("manifest", "deploy manifest that it binds", _bound(ruling, "deploy_manifest_sha256")),
        *(uses or (put("unused", "use", "it was not used", table="cutter_governance.approval_use"),)),
    )


def _policy(ruling: Ruling) -> str:
    if ruling.policy is None:
        return f"sha256 {ruling.policy_sha256}; its text is not in the record, so whether it is solo is not proven here"
    policy = ruling.policy
    solo = "SOLO: the operator may be one of the signers" if policy.solo else "not solo: no operator may be a signer"
    threshold = policy.thresholds.SG_1 if ruling.kind == Kind.SG_1 else policy.thresholds.SG_2
    return f"sha256 {ruling.policy_sha256}; {threshold} of {len(policy.signers)} signers needed; {solo}"


def _bound(ruling: Ruling, key: str) -> str:
    """Return one value of the statement as it was signed, in words."""
    try:
        content = json.loads(ruling.statement)
    except ValueError:
        return "the statement is not JSON"
    value = content.get(key, "not named") if isinstance(content, dict) else "not named"
    return "none: the deployment had no manifest" if value == "none" else str(value)
