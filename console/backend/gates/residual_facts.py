"""Measurements of G8: sessions, texts, generality, passwords, signatures, runs, durability, clocks, leftovers."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict, TypeVar

from console.backend.approvals.recorded import SignatureAnswer, verify_again
from console.backend.gates.measurement import Measurement
from console.backend.gates.probe import Probe
from console.backend.gates.residual_rules import Answers, Writer
from console.backend.host.cluster_directory import default_parents, leftovers
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode, Unmeasured
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.live_text import read_live_text
from console.backend.postgres.units import unknown_kinds
from console.backend.runs.phase_context import Role
from console.backend.runs.run_views import list_runs

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
    """The newest signatures of used rulings, verified again; `beyond` is the number of older ones, which were not."""

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
            lambda: _kinds(probe),
            _list,
        ),
        durability=probe.ask(
            "durability",
            "settings that could lose an acknowledged COMMIT",
            "pg_settings, pg_db_role_setting",
            lambda: _answer_of(answers, lambda: answers.weak_settings),
            _list,
        ),
        skew_s=probe.ask(
            "clock",
            "the database's time compared with the host's",
            "clock_timestamp()",
            lambda: _answer_of(answers, lambda: answers.skew_s),
            lambda skew: f"{skew:+.3f} s",
        ),
    )


def _of_the_host(probe: Probe, answers: Answers, *, verifier: bool) -> _Host:
    return _Host(
        texts=probe.ask(
            "texts",
            "live texts read twice, and the pinned ones",
            "the registered queries",
            lambda: _texts(probe, answers),
            _say_texts,
            digest=lambda texts: sha256_hex("\n".join(text.second for text in texts).encode()),
        ),
        hands=probe.ask(
            "hands",
            "can this account connect as the executor and as the verifier",
            "the two connections",
            lambda: _hands(probe, answers, verifier=verifier),
            lambda hands: f"executor: {_yes(hands.executor)}, verifier: {_yes(hands.verifier)}",
        ),
        signatures=probe.ask(
            "signatures",
            "do the recorded signatures still verify",
            "gpg --verify over v_approval",
            lambda: _signatures(probe, answers),
            _say_signatures,
        ),
        interrupted=probe.ask(
            "interrupted",
            "runs with a beginning without an end",
            "the journals of the runs that are not over",
            lambda: _interrupted(probe, answers),
            lambda runs: ", ".join(run.run_id for run in runs) or "none",
        ),
        leftovers=probe.ask(
            "leftovers",
            "half-written files and scratch clusters without a process",
            str(probe.installation.root),
            lambda: _leftovers(probe),
            _list,
        ),
    )


def _answer_of(answers: Answers, answer: Callable[[], T]) -> T:
    answers.require()
    return answer()


def _hands(probe: Probe, answers: Answers, *, verifier: bool) -> Hands:
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
        with probe.writing(role):
            return True
    except Unmeasured as error:
        # Any other code, such as that of a monitoring console, is no refusal by the server.
        if error.code is not StopCode.UNREACHABLE:
            raise
        return False


def _kinds(probe: Probe) -> tuple[str, ...]:
    with probe.writing(Role.VERIFIER) as connection:
        return unknown_kinds(connection)


def _texts(probe: Probe, answers: Answers) -> tuple[LiveText, ...]:
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


def _signatures(probe: Probe, answers: Answers) -> Signatures:
    answers.require()
    newest = tuple(answers.used[:MOST_SIGNATURES])
    home = probe.installation.gnupg_home
    return Signatures(answers=verify_again(newest, home), beyond=len(answers.used) - len(newest), home=str(home))


def _interrupted(probe: Probe, answers: Answers) -> tuple[Interrupted, ...]:
    answers.require()
    runs = list_runs(probe.installation)
    return tuple(Interrupted(run_id=run.run_id, state=run.state) for run in runs if run.interrupted)


def _leftovers(probe: Probe) -> tuple[str, ...]:
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
