"""G8: the register of known limits; each is measured now, and is CLOSED, PARTIAL or OPEN, with what would close it."""

import functools
import shlex
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypedDict, TypeVar

import psycopg

from console.backend.approvals.pinning import PolicyPin, pinned_policy
from console.backend.approvals.recorded import RecordedSignature, SignatureAnswer, verify_again
from console.backend.gates.gate import Gate
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes, unclear
from console.backend.gates.probe import Probe
from console.backend.host.cluster_directory import default_parents, leftovers
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.outcome import Check, Outcome
from console.backend.model.readiness import Owner
from console.backend.model.replication import Replication, in_evidence
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Answer, Asking
from console.backend.postgres.live_text import read_live_text
from console.backend.postgres.privileges import WritingSession, writing_sessions
from console.backend.postgres.registry import LiveDocument, live_documents
from console.backend.postgres.replication import measure_replication
from console.backend.postgres.routines import routines_naming_documents
from console.backend.postgres.rulings import UsedRuling, used_rulings
from console.backend.postgres.server import server_clock, weak_durability
from console.backend.postgres.units import unknown_kinds
from console.backend.runs.other_layout import not_installed
from console.backend.runs.phase_context import Role
from console.backend.runs.run_list import open_run_summaries


class Writer(Value):
    """A session that can write units without the product's functions."""

    pid: int
    role: SafeText
    superuser: bool


class _Own(NamedTuple):
    """Answers about this product's own tables."""

    writers: Answer[tuple[WritingSession, ...]]
    live: Answer[tuple[LiveDocument, ...]]
    constants: Answer[tuple[str, ...]]
    used: Answer[tuple[UsedRuling, ...]]
    pinned: Answer[PolicyPin | None]

    @classmethod
    def asked(cls, asking: Asking) -> "_Own":
        return cls(
            asking.ask(writing_sessions),
            asking.ask(live_documents),
            asking.ask(routines_naming_documents),
            asking.ask(functools.partial(used_rulings, most=MOST_SIGNATURES)),
            asking.ask(pinned_policy),
        )


class Answers:
    """Answers of one monitoring connection; an error is the answer to every question."""

    def __init__(self, probe: Probe) -> None:
        self._error: CutterError | None = None
        self._layout: CutterError | None = None
        """Set in a database of another layout, which answers about the server alone."""
        self.writers: tuple[Writer, ...] = ()
        self.live: tuple[LiveDocument, ...] = ()
        self.constants: tuple[str, ...] = ()
        self.weak_settings: tuple[str, ...] = ()
        self.replication: Replication | None = None
        self.used: list[RecordedSignature] = []
        self.all_signatures = 0
        self.skew_s = 0.0
        self.pinned: PolicyPin | None = None
        try:
            # Before a session is taken, which the role may have few of: the answer may be on its way on another one.
            if probe.is_of_another_layout():
                self._layout = not_installed()
            with probe.monitor() as connection:
                self.skew_s = _skew(connection, probe.installation.context.now)
                with Asking(connection) as asking:
                    weak, standbys = asking.ask(weak_durability), asking.ask(measure_replication)
                    own = None if self._layout else _Own.asked(asking)
                self.weak_settings, self.replication = weak.value, standbys.value
                if own is not None:
                    self._take(own)
        except CutterError as error:
            self._error = error

    def _take(self, own: "_Own") -> None:
        self.writers = tuple(Writer.model_validate(session._asdict()) for session in own.writers.value)
        self.live, self.constants, self.pinned = own.live.value, own.constants.value, own.pinned.value
        used = own.used.value
        self.all_signatures = used[0].all_signatures if used else 0
        self.used = [
            RecordedSignature(
                run_id=run_id,
                kind=kind,
                signer=signer,
                statement=statement,
                signature=signature,
                in_database=verdict or "",
            )
            for run_id, kind, signers, statement, signatures, verdicts, _ in used
            for signer, signature, verdict in zip(signers, signatures, verdicts or [""] * len(signers), strict=True)
        ]

    def require(self) -> None:
        """Raise what kept the connection from answering about this product's tables, if anything did."""
        self.require_server()
        if self._layout is not None:
            raise self._layout

    def require_server(self) -> None:
        """Raise the error that kept the connection from answering at all, if there was one."""
        if self._error is not None:
            raise self._error


def _skew(connection: psycopg.Connection, now: Callable[[], datetime]) -> float:
    """Return the seconds that the database's clock is ahead of the host's, taken as read halfway through the call."""
    before = now()
    database_time = server_clock(connection)
    after = now()
    return (database_time - (before + (after - before) / 2)).total_seconds()


T = TypeVar("T")
LEFT_FOR_S = 60.0
"""Seconds without a change after which a half-written file is a leftover."""
MOST_SIGNATURES = 50


class LiveText(Value):
    """A live document, read twice, beside the text that was pinned last."""

    docprefix: SafeText
    first: str
    second: str
    pinned: str
    """sha256 of the last pinned text; empty if none was pinned."""
    refused: SafeText = ""
    """Reason why it is not text."""


class Hands(Value):
    """Executing and verifying roles that this account can connect as."""

    executor: bool
    verifier: bool
    pinned: SafeText = ""
    """sha256 of the policy that the database verifies signatures by; empty if none is pinned."""


class Signatures(Value):
    """The signatures of the rulings that were used last, verified again; `beyond` is the number of those used before, which were not."""

    answers: tuple[SignatureAnswer, ...]
    beyond: int
    home: SafeText = ""
    """The key ring that was asked."""


class Interrupted(Value):
    """A run that has a beginning without an end."""

    run_id: SafeText
    state: SafeText


class _Database(TypedDict):
    writers: Measurement[tuple[Writer, ...]]
    constants: Measurement[tuple[SafeText, ...]]
    kinds: Measurement[tuple[SafeText, ...]]
    durability: Measurement[tuple[SafeText, ...]]
    replication: Measurement[Replication]
    skew_s: Measurement[float]


class _Host(TypedDict):
    texts: Measurement[tuple[LiveText, ...]]
    hands: Measurement[Hands]
    signatures: Measurement[Signatures]
    interrupted: Measurement[tuple[Interrupted, ...]]
    leftovers: Measurement[tuple[SafeText, ...]]


class Facts(Value):
    """The facts that G8 measures."""

    writers: Measurement[tuple[Writer, ...]]
    texts: Measurement[tuple[LiveText, ...]]
    constants: Measurement[tuple[SafeText, ...]]
    kinds: Measurement[tuple[SafeText, ...]]
    hands: Measurement[Hands]
    signatures: Measurement[Signatures]
    interrupted: Measurement[tuple[Interrupted, ...]]
    durability: Measurement[tuple[SafeText, ...]]
    replication: Measurement[Replication]
    skew_s: Measurement[float]
    leftovers: Measurement[tuple[SafeText, ...]]


def measure(probe: Probe) -> Facts:
    """Ask the database once as the monitoring role, then as verifier and executor, then gpg and the files."""
    answers = Answers(probe)
    database = _of_the_database(probe, answers)
    return Facts(**database, **_of_the_host(probe, answers, verifier=database["kinds"].value is not None))


def _of_the_database(probe: Probe, answers: Answers) -> _Database:
    return _Database(
        writers=probe.ask(
            "writers",
            "sessions that can write units past the functions",
            "pg_stat_activity",
            lambda: _answer_of(answers, lambda: answers.writers),
            lambda writers: ", ".join(f"{writer.role} (pid {writer.pid})" for writer in writers) or "none",
        ),
        constants=probe.ask(
            "constants",
            "functions that name a registered document",
            "pg_proc",
            lambda: _answer_of(answers, lambda: answers.constants),
            _list,
        ),
        kinds=probe.ask(
            "kinds",
            "kinds of units that no vocabulary has",
            "unit_vocabulary, as the verifier",
            lambda: _measured_kinds(probe),
            _list,
        ),
        durability=probe.ask(
            "durability",
            "settings that could lose an acknowledged COMMIT",
            "pg_settings, pg_db_role_setting",
            lambda: _answer_of_server(answers, lambda: answers.weak_settings),
            _list,
        ),
        replication=probe.ask(
            "standbys",
            "which standbys are connected, and which of them confirm a COMMIT",
            "synchronous_standby_names and pg_stat_replication",
            lambda: _answer_of_server(answers, lambda: _measured(answers.replication)),
            in_evidence,
        ),
        skew_s=probe.ask(
            "clock",
            "the database's time compared with the host's",
            "clock_timestamp()",
            lambda: _answer_of_server(answers, lambda: answers.skew_s),
            lambda skew: f"{skew:+.3f} s",
        ),
    )


def _of_the_host(probe: Probe, answers: Answers, *, verifier: bool) -> _Host:
    return _Host(
        texts=probe.ask(
            "texts",
            "live texts read twice, and the pinned ones",
            "the registered queries",
            lambda: _measured_texts(probe, answers),
            _say_texts,
            digest=lambda texts: sha256_hex("\n".join(text.second for text in texts).encode()),
        ),
        hands=probe.ask(
            "hands",
            "can this account connect as the executor and as the verifier",
            "the two connections",
            lambda: _measured_hands(probe, answers, verifier=verifier),
            lambda hands: f"executor: {_yes(hands.executor)}, verifier: {_yes(hands.verifier)}",
        ),
        signatures=probe.ask(
            "signatures",
            "do the recorded signatures still verify",
            "gpg --verify over v_approval",
            lambda: _measured_signatures(probe, answers),
            _say_signatures,
        ),
        interrupted=probe.ask(
            "interrupted",
            "runs with a beginning without an end",
            "the journals of the runs that are not over",
            lambda: _measured_interrupted(probe, answers),
            lambda runs: ", ".join(run.run_id for run in runs) or "none",
        ),
        leftovers=probe.ask(
            "leftovers",
            "half-written files and scratch clusters without a process",
            str(probe.installation.root),
            lambda: _measured_leftovers(probe),
            _list,
        ),
    )


def _answer_of(answers: Answers, answer: Callable[[], T]) -> T:
    answers.require()
    return answer()


def _answer_of_server(answers: Answers, answer: Callable[[], T]) -> T:
    answers.require_server()
    return answer()


def _measured(replication: Replication | None) -> Replication:
    # The server has answered, so it is there: for the type alone.
    assert replication is not None
    return replication


def _measured_hands(probe: Probe, answers: Answers, *, verifier: bool) -> Hands:
    """Try to connect as the executor and as the verifier.

    `verifier` is true if this account has just been connected as the verifier. Raises what kept the monitoring role
    from the server: only if the server answers does a refused connection say something about the password.
    """
    answers.require()
    return Hands(
        executor=_usable(probe, Role.EXECUTOR),
        verifier=verifier or _usable(probe, Role.VERIFIER),
        pinned=answers.pinned.policy_sha256 if answers.pinned else "",
    )


def _usable(probe: Probe, role: Role) -> bool:
    try:
        with probe.reading(role):
            return True
    except Unmeasured as error:
        # Any other code, such as that of a monitoring console, is no refusal by the server.
        if error.code is not StopCode.UNREACHABLE:
            raise
        return False


def _measured_kinds(probe: Probe) -> tuple[str, ...]:
    with probe.reading(Role.VERIFIER) as connection:
        return unknown_kinds(connection)


def _measured_texts(probe: Probe, answers: Answers) -> tuple[LiveText, ...]:
    answers.require()
    return tuple(_text(probe, docprefix, pinned or "") for docprefix, pinned in answers.live)


def _text(probe: Probe, docprefix: str, pinned: str) -> LiveText:
    settings = probe.installation.settings
    try:
        first, second = (
            sha256_hex(read_live_text(settings.database.monitor, docprefix, settings.limits.max_bytes))
            for _ in range(2)
        )
    except Refused as refused:
        return LiveText(docprefix=docprefix, first="", second="", pinned=pinned, refused=refused.message)
    return LiveText(docprefix=docprefix, first=first, second=second, pinned=pinned)


def _measured_signatures(probe: Probe, answers: Answers) -> Signatures:
    answers.require()
    last_used = tuple(answers.used[:MOST_SIGNATURES])
    home = probe.installation.gnupg_home
    return Signatures(
        answers=verify_again(last_used, home), beyond=answers.all_signatures - len(last_used), home=str(home)
    )


def _measured_interrupted(probe: Probe, answers: Answers) -> tuple[Interrupted, ...]:
    answers.require()
    runs = open_run_summaries(probe.installation)
    return tuple(Interrupted(run_id=run.run_id, state=run.state) for run in runs if run.interrupted)


def _measured_leftovers(probe: Probe) -> tuple[str, ...]:
    root = probe.installation.root
    unfinished = (
        path for folder in ("runs", "approvals", "artifacts", "backups", "reports") for path in _halves(root / folder)
    )
    files = sorted(str(path) for path in unfinished if _is_left_over(path))
    return (*files, *(str(directory) for directory in leftovers(default_parents())))


def _halves(folder: Path) -> Iterator[Path]:
    for pattern in (".*.part", ".*.partial", "*/.*.part", "*/.*.partial"):
        yield from folder.glob(pattern)


def _is_left_over(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > LEFT_FOR_S
    except FileNotFoundError:
        return False  # Its writer has renamed it since the folder was listed.


def _say_texts(texts: tuple[LiveText, ...]) -> str:
    return ", ".join(f"{text.docprefix} {text.refused or text.second[:16]}" for text in texts) or "none is registered"


def _say_signatures(signatures: Signatures) -> str:
    good = sum(answer.outcome is Outcome.PASS for answer in signatures.answers)
    more = f"; {signatures.beyond} more were not asked" if signatures.beyond else ""
    return f"{good} of {len(signatures.answers)} verify{more}"


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _yes(able: bool) -> str:
    return "yes" if able else "no"


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
        check("R7 standbys that may lack an acknowledged COMMIT", facts.replication, _standbys),
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
        detail = f"the {MOST_SIGNATURES} that were used last verify, {signatures.beyond} older ones were not verified"
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


def _standbys(measured: Replication) -> Verdict:
    match measured.outcome:
        case Outcome.PASS:
            return closed(measured.sentence)
        case Outcome.PARTIAL:
            return narrowed(measured.sentence, measured.next_action)
        case _:
            return still_open(measured.sentence, measured.next_action)


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
