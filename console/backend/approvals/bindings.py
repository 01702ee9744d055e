"""Bindings of a statement, compared with what the run knows: one named check per binding. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Self

from pydantic import model_validator

from console.backend.approvals.policy import Policy
from console.backend.approvals.signatures import CLOCK_SKEW
from console.backend.approvals.statement import DraftFacts, RunFacts, Statement, parse_statement, utc_text
from console.backend.model.bars import Bar
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import TableDelta
from console.backend.model.purposes import Kind, Purpose
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value

PLACEHOLDERS = ("kb:approval-sovereign-prod-write-1", "kb:approval-u-w4b-grant-1")
"""Approval ids that lay about in packages and stand for no approval."""
_REDRAFT = "Draft a statement for this run as it is now, and have that signed: cutter-console approval draft RUN"
_READ_FIRST = "The statement must be readable first; see canonical_form."


class Expectation(Value):
    """Facts of the run to compare the statement with; `draft` is set exactly for a ruling over drafts."""

    purpose: Purpose
    facts: RunFacts
    draft: DraftFacts | None = None
    elsewhere: SafeText = ""
    """Reason why a ruling of this purpose cannot count on the server at hand, as after a promotion; empty if it can."""
    next_there: SafeText = ""
    """The command that goes on then."""
    bar: Bar | None = None
    """Another run of the document, while which a ruling to write cannot count; None if there is none."""

    @model_validator(mode="after")
    def _a_draft_to_enact(self) -> Self:
        if self.purpose.over_drafts != (self.draft is not None):
            raise ValueError(f"{self.purpose} {'needs' if self.draft is None else 'takes no'} draft facts")
        return self

    @property
    def kind(self) -> Kind:
        """The ruling that the purpose takes."""
        return self.purpose.kind


def fact_checks(statement: Statement | None, policy: Policy, expected: Expectation, now: datetime) -> tuple[Check, ...]:
    """Check every binding and both times; each is NOT_RUN if the statement could not be read."""
    if statement is None:
        return tuple(_unread(name) for name in _FACTS + (_DRAFT_FACTS if expected.draft else ()))
    return (*_bindings(statement, policy, expected, now), *_times(statement, now))


def canonical_form(data: bytes, now: datetime) -> tuple[Statement | None, Check]:
    """Parse the statement in these bytes; None if they are not its canonical form, with the check that says why."""
    try:
        statement = parse_statement(data)
    except Refused as refused:
        return None, _fail("canonical_form", refused.message, _evidence(data[:200].decode("utf-8", "replace"), now))
    digest = sha256_hex(data)
    return statement, _pass("canonical_form", f"{len(data)} bytes, sha256 {digest}", _evidence(digest, now))


def _bindings(statement: Statement, policy: Policy, expected: Expectation, now: datetime) -> Iterator[Check]:
    facts = expected.facts
    pairs = [
        ("kind", statement.kind, expected.kind),
        ("purpose", statement.purpose, expected.purpose),
        ("run_id", statement.run_id, facts.run_id),
        ("document", _text(statement.document), _text(facts.document)),
        ("plan_digest", statement.plan_digest, facts.plan_digest),
        ("source_sha256", statement.source_sha256, facts.source_sha256),
        ("canonical_sha256", statement.canonical_sha256, facts.canonical_sha256),
        ("manifest_digest", statement.manifest_digest or "none", facts.manifest_digest or "none"),
        ("deploy_manifest_sha256", statement.deploy_manifest_sha256, facts.deploy_manifest_sha256),
        ("baseline_digest", statement.baseline_digest, facts.baseline_digest),
        ("target", _text(statement.target), _text(facts.target)),
        ("n_units", str(statement.n_units), str(facts.n_units)),
        ("n_suspects", str(statement.n_suspects), str(facts.n_suspects)),
        ("n_acceptances", str(statement.n_acceptances), str(facts.n_acceptances)),
        ("n_dropped", str(statement.n_dropped), str(facts.n_dropped)),
        *_own_profile(statement, facts),
        *_amendment(statement, facts),
        ("expected_deltas", _deltas(statement.expected_deltas), _deltas(facts.expected_deltas)),
        ("policy_sha256", statement.policy_sha256, policy.sha256),
        ("allowance", statement.allowance, "explicit"),
    ]
    for name, signed, wanted in pairs:
        if name == "target" and expected.elsewhere:
            evidence = _evidence(f"statement: {signed}; run: {wanted}", now)
            yield _fail(name, expected.elsewhere, evidence).model_copy(update={"next_action": expected.next_there})
        else:
            yield _same(name, signed, wanted, now)
    if expected.bar is not None:
        bar = expected.bar
        yield _fail("document_free", str(bar.said), _evidence(f"run {bar.run_id}", now)).model_copy(
            update={"next_action": bar.next_action}
        )
    if expected.draft is not None:
        yield from _draft_bindings(statement, expected.draft, expected.purpose, now)


def _own_profile(statement: Statement, facts: RunFacts) -> list[tuple[str, str, str]]:
    """Return the binding of an operator's own profile; there is none if neither side has one."""
    signed, wanted = statement.own_profile, facts.own_profile
    if signed is None and wanted is None:
        return []
    return [("own_profile", _text(signed) if signed else "none", _text(wanted) if wanted else "none")]


def _amendment(statement: Statement, facts: RunFacts) -> list[tuple[str, str, str]]:
    """Return the bindings of an amendment to its law; there are none if neither side has one."""
    signed, wanted = statement.amendment, facts.amendment
    pairs = (
        ("operation", statement.operation, facts.operation),
        ("amendment", _text(signed) if signed else None, _text(wanted) if wanted else None),
    )
    return [(name, ours or "none", theirs or "none") for name, ours, theirs in pairs if ours or theirs]


_FACTS = (
    *("kind", "purpose", "run_id", "document", "plan_digest", "source_sha256", "canonical_sha256", "manifest_digest"),
    *("deploy_manifest_sha256", "baseline_digest"),
    *("target", "n_units", "n_suspects", "n_acceptances", "n_dropped", "expected_deltas"),
    *("policy_sha256", "allowance", "not_before", "expires"),
)
_DRAFT_FACTS = ("draft_digest", "drafts", "sg1_sha256", "review_decision_id")


def _draft_bindings(statement: Statement, draft: DraftFacts, purpose: Purpose, now: datetime) -> Iterator[Check]:
    yield _same("draft_digest", statement.draft_digest or "none", draft.draft_digest, now)
    drafts_text = _text(statement.drafts) if statement.drafts else "none"
    # Compared by digest: the list may hold hundreds of units, and the answer is one line.
    yield _same("drafts", sha256_hex(drafts_text.encode()), sha256_hex(_text(draft.drafts).encode()), now)
    if purpose is not Purpose.ENACT:
        return
    yield _same("sg1_sha256", statement.sg1_sha256 or "none", draft.sg1_sha256, now)
    review_decision, cut = statement.review_decision_id, draft.cut_review_decision_id
    evidence = _evidence(f"statement: {review_decision or 'none'}; the cut: {cut}", now)
    if review_decision is None or review_decision == cut:
        yield _fail("review_decision_id", "the enactment needs another review decision than the cut", evidence)
    else:
        yield _pass("review_decision_id", f"{review_decision}, not the cut's", evidence)


def _times(statement: Statement, now: datetime) -> Iterator[Check]:
    begins, ends = utc_text(statement.not_before), utc_text(statement.expires)
    evidence = _evidence(f"from {begins} to {ends}; now {utc_text(now)}", now)
    if now + CLOCK_SKEW < statement.not_before:
        yield _fail("not_before", f"valid from {begins}; now it is {utc_text(now)}", evidence)
    else:
        yield _pass("not_before", begins, evidence)
    if now >= statement.expires:
        yield _fail("expires", f"expired at {ends}; now it is {utc_text(now)}", evidence)
    else:
        yield _pass("expires", ends, evidence)


def no_placeholder(data: bytes, file_names: tuple[str, ...], expected: Expectation, now: datetime) -> Check:
    """Check that no placeholder id stands in the statement, in its file names or in the ids of run and decision."""
    cut = expected.draft.cut_review_decision_id if expected.draft else ""
    searched_text = "\n".join((data.decode("utf-8", "replace"), *file_names, expected.facts.run_id, cut))
    placeholders = placeholders_in(searched_text)
    evidence = _evidence(f"looked for {', '.join(PLACEHOLDERS)}", now)
    if placeholders:
        return _fail("not_a_placeholder", f"{', '.join(placeholders)} is a placeholder, not an approval", evidence)
    return _pass("not_a_placeholder", "no placeholder id in the statement or the file names", evidence)


def placeholders_in(text: str) -> list[str]:
    """Return the placeholder ids in a text, whatever their case, and with `_` or a space for `-`."""
    normalised = text.casefold().replace("_", "-").replace(" ", "-")
    return [placeholder for placeholder in PLACEHOLDERS if placeholder.removeprefix("kb:") in normalised]


def _text(value: Value) -> str:
    return canonical_json(value).decode()


def _deltas(deltas: tuple[TableDelta, ...]) -> str:
    return ", ".join(f"{delta.table} +{delta.rows}" for delta in deltas)


def _same(name: str, signed: str, wanted: str, now: datetime) -> Check:
    evidence = _evidence(f"statement: {signed}; run: {wanted}", now)
    if signed == wanted:
        return _pass(name, signed, evidence)
    return _fail(name, f"the statement says {signed}, the run has {wanted}", evidence)


def _evidence(answer: str, now: datetime) -> Evidence:
    return Evidence(
        id=f"statement:{sha256_hex(answer.encode())[:12]}",
        asked="the statement, compared with the run",
        source="statement file",
        answer=answer,
        measured_at=now,
    )


def _pass(name: str, detail: str, evidence: Evidence) -> Check:
    return Check(name=name, outcome=Outcome.PASS, detail=detail, evidence=(evidence,))


def _fail(name: str, detail: str, evidence: Evidence) -> Check:
    return Check(name=name, outcome=Outcome.FAIL, detail=detail, evidence=(evidence,), next_action=_REDRAFT)


def _unread(name: str) -> Check:
    return Check(name=name, outcome=Outcome.NOT_RUN, detail="the statement cannot be read", next_action=_READ_FIRST)
