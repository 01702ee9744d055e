"""G8: the register of known limits; each is measured now, and is CLOSED, PARTIAL or OPEN, with what would close it."""

import shlex

from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Verdict, check, fails, partial, passes, unclear
from console.backend.gates.residual_facts import (
    MOST_SIGNATURES,
    Facts,
    Hands,
    Interrupted,
    LiveText,
    Signatures,
    measure,
)
from console.backend.gates.residual_rules import Writer
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import Owner

SKEW_PARTIAL_S = 5.0
"""Seconds; beyond, the ends of leases and the age of backups are off by a part that matters."""
SKEW_OPEN_S = 60.0
"""Seconds; beyond, a lease of minutes and a backup's hour mean nothing."""
_PIN = "As an administrator: cutter-console policy pin --confirm DIGEST; see which: cutter-console policy show"


def closed(detail: str) -> Verdict:
    """Return PASS: the limit exists and has no effect now."""
    return passes(f"CLOSED: {detail}")


def narrowed(detail: str, next_action: str) -> Verdict:
    """Return PARTIAL: the limit has an effect in part; the next action would close it."""
    return partial(f"PARTIAL: {detail}", next_action)


def still_open(detail: str, next_action: str) -> Verdict:
    """Return FAIL: the limit has an effect now."""
    return fails(f"OPEN: {detail}", next_action)


def decide(facts: Facts) -> tuple[Check, ...]:
    """Pure: one check for each residual, in the order of the register."""
    return (
        check("F1 live writers", facts.writers, _writers),
        check("F2 live text", facts.texts, _texts),
        check("F3 generality: no document's own constant", facts.constants, _constants),
        check("F3 generality: every kind in the vocabulary", facts.kinds, _kinds),
        check("R1 both passwords in one hand", facts.hands, _hands),
        check("R2 signatures, verified by gpg and by PostgreSQL", facts.signatures, _signatures),
        check("R3 a run does not outlive its process", facts.interrupted, _interrupted),
        check("R4 durability of an acknowledged COMMIT", facts.durability, _durability),
        check("R5 two clocks", facts.skew_s, _clock),
        check("R6 leftovers after a kill", facts.leftovers, _leftovers),
    )


def _writers(writers: tuple[Writer, ...]) -> Verdict:
    if not writers:
        return closed("no session but those of the product's own roles is connected that could write units")
    writers_text = ", ".join(
        f"{writer.role}{' (superuser)' if writer.superuser else ''} in pid {writer.pid}" for writer in writers
    )
    pids = " ".join(f"SELECT pg_terminate_backend({writer.pid});" for writer in writers[:3])
    return still_open(
        f"can write units past the functions, now: {writers_text}", f"Ask whose it is; as an administrator: {pids}"
    )


def _texts(texts: tuple[LiveText, ...]) -> Verdict:
    refused = [f"{text.docprefix}: {text.refused}" for text in texts if text.refused]
    moving = [text.docprefix for text in texts if text.first != text.second]
    changed = [text.docprefix for text in texts if text.pinned and text.second != text.pinned]
    if refused:
        action = "Register a query that gives one text: cutter-console document register"
        return still_open("; ".join(refused), action)
    if moving:
        return still_open(
            f"two readings differ: {', '.join(moving)}", "Register a query that gives the same text twice."
        )
    if changed:
        detail = f"changed since it was pinned: {', '.join(changed)}"
        return narrowed(detail, "The run has its own copy; a revised text is cut under another document prefix.")
    return closed(
        f"{len(texts)} live texts, each one text and the same twice" if texts else "no live text is registered"
    )


def _constants(names: tuple[str, ...]) -> Verdict:
    if not names:
        return closed("no function names a registered document")
    return still_open(", ".join(names), "See who changed it: cutter-console drift; then: cutter-console migrate")


def _kinds(kinds: tuple[str, ...]) -> Verdict:
    if not kinds:
        return closed("every kind and section type in use is in the vocabulary")
    return still_open(
        f"in use and unknown: {', '.join(kinds)}", "Find out where they come from: cutter-console gates G5"
    )


def _hands(hands: Hands) -> Verdict:
    if hands.pinned:
        return closed(
            f"whoever holds the passwords: the database imports nothing that is not signed under policy {hands.pinned}"
        )
    if not hands.verifier:
        return closed("this account cannot connect as the verifier: who cuts cannot import an approval")
    if not hands.executor:
        return closed("this account cannot connect as the executor: who imports an approval cannot cut")
    detail = "this account connects as executor and as verifier, and no policy is pinned that the database verifies by"
    return narrowed(detail, _PIN)


def _signatures(signatures: Signatures) -> Verdict:
    bad = [answer for answer in signatures.answers if answer.outcome is Outcome.FAIL]
    unknown = [answer for answer in signatures.answers if answer.outcome is Outcome.INCONCLUSIVE]
    if bad:
        detail = "; ".join(f"{answer.kind} of {answer.run_id}: {answer.detail}" for answer in bad[:3])
        return still_open(
            detail,
            'Stop: cutter-console panic --reason "a recorded signature does not verify"; then call the sovereign.',
        )
    if unknown:
        detail = "; ".join(f"{answer.kind} of {answer.run_id}: {answer.detail}" for answer in unknown[:3])
        if all(answer.unpinned for answer in unknown):
            return unclear(detail, _PIN)
        return unclear(detail, f"Import that public key: gpg --homedir {shlex.quote(signatures.home)} --import FILE")
    if signatures.beyond:
        detail = f"the newest {MOST_SIGNATURES} verify, {signatures.beyond} older ones were not verified"
        return narrowed(detail, "Verify the older ones from the reports of their runs: cutter-console report RUN")
    return closed(
        f"{len(signatures.answers)} recorded signatures of used rulings, all of them verify again, by gpg and by PostgreSQL"
    )


def _interrupted(runs: tuple[Interrupted, ...]) -> Verdict:
    if not runs:
        return closed("no run is interrupted")
    states = ", ".join(f"{run.run_id} at {run.state}" for run in runs)
    return still_open(
        f"interrupted: {states}", f"See what the database says of it: cutter-console run show {runs[0].run_id}"
    )


def _durability(settings: tuple[str, ...]) -> Verdict:
    if not settings:
        return closed("fsync, full_page_writes and synchronous_commit are on, and wal_level lets the WAL be kept")
    names = ", ".join(settings)
    only_wal = all(line.startswith("wal_level") for line in settings)
    action = f"As an administrator, then restart the server: {' '.join(_durable(line) for line in settings)}"
    return narrowed(names, action) if only_wal else still_open(f"an acknowledged COMMIT could be lost: {names}", action)


def _durable(line: str) -> str:
    """Return the SQL that repairs one setting: the server's, or that of the role or database that the line names."""
    name, equals, _ = line.partition(" = ")
    if not equals:
        return f"ALTER {line.partition(' for ')[2]} RESET synchronous_commit;"
    return f"ALTER SYSTEM SET {name} = {'replica' if name == 'wal_level' else 'on'};"


def _clock(skew_s: float) -> Verdict:
    detail = f"the database's clock is {abs(skew_s):.1f} s {'ahead of' if skew_s > 0 else 'behind'} this host's"
    action = "Set both by the same time service; see what sets this one: timedatectl status"
    if abs(skew_s) > SKEW_OPEN_S:
        return still_open(detail, action)
    return narrowed(detail, action) if abs(skew_s) > SKEW_PARTIAL_S else closed(detail)


def _leftovers(paths: tuple[str, ...]) -> Verdict:
    if not paths:
        return closed("nothing half-written and no scratch cluster is left")
    more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
    return narrowed(
        f"left by a process that is gone: {', '.join(paths[:5])}{more}",
        f"Remove what no process uses: rm -r {' '.join(map(shlex.quote, paths[:5]))}",
    )


GATE = Gate(
    "G8", "Residuals", "Which known limits bite now, and what would close them?", Owner.OPERATOR, measure, decide
)
