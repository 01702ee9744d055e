"""Answers of the database to a trial of the governance rows, and the verdict on each table; pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from pydantic import field_validator

from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText
from console.backend.model.site_governance import MADE_BY, Governance, Part
from console.backend.model.value import Value

CREATE, SETTLE = "create", "settle"
"""Attempts beside those of the parts: the unit that the rows are about, and what fires at the end of a step."""
_AGAIN = "then: cutter-console adopt check"
_RAISED_BY = re.compile(r"^PL/pgSQL function ([^\s(]+)\(")
_NOT_PERMITTED = "42501"


class Attempt(Value):
    """One attempt to write rows into a table, and what became of it."""

    step: str
    part: str
    table: str
    rows: int
    """Rows that were handed over."""
    added: int | None
    """Rows that were added; None if it was refused, and of what fires at the end of a step."""
    state: str
    """The SQLSTATE that refused it, or empty."""
    message: SafeText
    constraint: SafeText
    place: SafeText
    """The table that the error names."""
    context: SafeText
    difference: SafeText
    """Difference of the rows that stand there from those that were handed over; empty if there is none."""
    triggers: dict[str, str]
    """Triggers and rules of the table for an INSERT, with the functions that they call."""

    @property
    def refused(self) -> bool:
        """Return whether an error refused it."""
        return bool(self.state)


class TriedStep(Value):
    """The tables after one step of a trial."""

    step: str
    odd: SafeText
    """Tables whose rows cannot be counted on, with the reasons."""
    moved: dict[str, int]
    """Rows that each table gained, for those that changed."""


class Trial(Value):
    """One trial: a cut, a verification and one more step."""

    tried: tuple[Attempt, ...]
    steps: tuple[TriedStep, ...]
    finished: bool
    """False if something in the database ended it early."""

    @field_validator("tried", "steps", mode="before")
    @classmethod
    def _is_a_list(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


class Verdict(NamedTuple):
    """The verdict on one subject of a trial."""

    subject: str
    outcome: Outcome
    detail: str
    next_action: str


def verdicts(governance: Governance, trials: tuple[Trial, ...]) -> tuple[Verdict, ...]:
    """Return the verdict on the unit of the probe, on each mapped table, and on what each step has moved beside them."""
    if not all(trial.finished for trial in trials):
        lost = "not tried to its end: something in the database ended the trial early"
        action = f"Ask the owner of the tables; {_AGAIN}"
        return tuple(Verdict(name, Outcome.INCONCLUSIVE, lost, action) for name in governance.tables)
    tried = tuple(attempt for trial in trials for attempt in trial.tried)
    unit = next(attempt for attempt in tried if attempt.part == CREATE)
    if unit.added != 1:
        words = _refusal(unit) if unit.refused else f"the function that creates answered {unit.message}"
        lost = "not tried: the unit that its rows are about was not created"
        action = f"See the function that creates above; {_AGAIN}"
        tables = (Verdict(name, Outcome.INCONCLUSIVE, lost, action) for name in governance.tables)
        return (Verdict("unit of the probe", Outcome.FAIL, words, _action(unit)), *tables)
    failed = _failed(governance, tried)
    return (
        *(_of_table(governance, table, tried, failed) for table in governance.tables),
        *_of_ends(tried, failed),
        *_of_steps(trials, failed, governance.tables),
    )


def _failed(governance: Governance, tried: tuple[Attempt, ...]) -> dict[str, str]:
    """Return the parts without a row, each with the part that it had to refer to and that has none; empty for its own fault."""
    failed: dict[str, str] = {}
    refused = {attempt.part for attempt in tried if attempt.refused or attempt.added != attempt.rows}
    for part, table in governance.parts:
        makers = [MADE_BY[column.source] for column in table.columns if column.source in MADE_BY]
        lacking = next((maker.value for maker in makers if maker is not part and maker.value in failed), "")
        if part.value in refused:
            failed[part.value] = lacking
    return failed


def _of_table(governance: Governance, table: str, tried: tuple[Attempt, ...], failed: dict[str, str]) -> Verdict:
    parts = {part.value for part, governed in governance.parts if governed.table == table}
    attempts = [attempt for attempt in tried if attempt.part in parts]
    own = [attempt for attempt in attempts if _is_wrong(attempt) and not failed.get(attempt.part)]
    if own:
        words = "; ".join(dict.fromkeys(f"{_words(attempt)}: {_refusal(attempt)}" for attempt in own))
        return Verdict(table, Outcome.FAIL, words, _action(own[0]))
    lost = [attempt for attempt in attempts if _is_wrong(attempt)]
    if lost or parts - {attempt.part for attempt in attempts}:
        reasons = {
            f"{_words(attempt)}: not told, it refers to the {failed[attempt.part].replace('_', ' ')}, which was refused"
            for attempt in lost
        } or {"its rows were not tried"}
        action = f"Settle what was refused first; {_AGAIN}"
        return Verdict(table, Outcome.INCONCLUSIVE, "; ".join(sorted(reasons)), action)
    words = ", ".join(dict.fromkeys(f"{_words(attempt)} {attempt.added:+d}" for attempt in attempts))
    return Verdict(table, Outcome.PASS, f"{words}; read back as they were given", "")


def _is_wrong(attempt: Attempt) -> bool:
    return attempt.refused or attempt.added != attempt.rows or bool(attempt.difference)


def _of_ends(tried: tuple[Attempt, ...], failed: Mapping[str, str]) -> tuple[Verdict, ...]:
    """Return the verdict on what fires at the end of the transaction; a part without its rows has had nothing fire there."""
    subject = "end of the transaction"
    refused = [attempt for attempt in tried if attempt.part == SETTLE and attempt.refused]
    if refused:
        words = "; ".join(dict.fromkeys(_refusal(attempt) for attempt in refused))
        return (Verdict(subject, Outcome.FAIL, words, _action(refused[0])),)
    tables = {attempt.table for attempt in tried if attempt.added}
    detail = f"every deferred constraint and trigger held, behind rows in {len(tables)} tables"
    return (_of_all(subject, detail, failed),)


def _of_all(subject: str, detail: str, failed: Mapping[str, str]) -> Verdict:
    """Return PASS if every part had its rows, which the detail is about; else that it was seen of the others alone."""
    if not failed:
        return Verdict(subject, Outcome.PASS, detail, "")
    lost = ", ".join(part.replace("_", " ") for part in failed)
    action = f"Settle what was refused first; {_AGAIN}"
    return Verdict(subject, Outcome.INCONCLUSIVE, f"{detail}, but not behind those that were refused: {lost}", action)


def _of_steps(trials: tuple[Trial, ...], failed: Mapping[str, str], governed: tuple[str, ...]) -> tuple[Verdict, ...]:
    """Return the verdict on the rows of every table that the mapping names: each gains what it was given and no more.

    What the cut itself adds is counted where the function that creates is proven.
    """
    wrong: dict[str, None] = {}
    counted_only: dict[str, None] = {}
    for trial in trials:
        for step in trial.steps[1:]:
            expected: dict[str, int] = {}
            for attempt in trial.tried:
                if attempt.step == step.step and attempt.added:
                    expected[attempt.table] = expected.get(attempt.table, 0) + attempt.added
            wrong |= {
                f"{step.step}: {table} {step.moved.get(table, 0):+d}, expected {expected.get(table, 0):+d}": None
                for table in sorted({*step.moved, *expected})
                if step.moved.get(table, 0) != expected.get(table, 0)
            }
            counted_only |= dict.fromkeys(table for table in step.moved if table not in governed)
            if step.odd:
                wrong[step.odd] = None
    subject = "rows beside them"
    if wrong:
        action = (
            f"Ask the owner of the tables what adds or takes rows there; {only_counted(tuple(counted_only))}{_AGAIN}"
        )
        return (Verdict(subject, Outcome.FAIL, "; ".join(wrong), action),)
    detail = "each table has gained the rows that it was given after the cut, and no other row"
    return (_of_all(subject, detail, failed),)


_WITH_WORDS: dict[str, str] = {
    Part.DECISION: "cut = 'approved'",
    Part.VERIFICATION: "PASS = 'ok'",
    Part.ENTRY_STEP: "done = 'closed'",
}


def _own_words(part: str) -> str:
    """Return how words of the organisation's own are given for those of this program, as an insertion; empty if there are none."""
    example = _WITH_WORDS.get(part, "")
    return f" (words of its own: values = {{ {example} }} in the entry of the column)" if example else ""


def only_counted(tables: tuple[str, ...]) -> str:
    """Return how the mapping lets a trigger or a rule write into these tables, which it has only counted; empty without any."""
    if not tables:
        return ""
    names = ", ".join(tables)
    return f"if a trigger or a rule of theirs writes there and that is right, take {names} out of the list `ledger` of the site mapping: then it is not counted; "


def _words(attempt: Attempt) -> str:
    named = attempt.part.replace("_", " ")
    return named if attempt.step in {"record", "verify"} else f"{named} of the {attempt.step}"


def _trigger(attempt: Attempt) -> str:
    """Return the trigger that raised the error, with its function; or the function alone; empty if none did."""
    match = _RAISED_BY.match(attempt.context)
    if match is None or match[1].startswith("cutter_console."):
        return ""
    name = next((name for name, calls in attempt.triggers.items() if calls == match[1]), "")
    return f"trigger {name}, {match[1]}" if name else match[1]


def _refusal(attempt: Attempt) -> str:
    """Return what became of rows that do not stand there as they were given."""
    if attempt.refused:
        raised = _trigger(attempt)
        by = f"by {raised}" if raised else f"by constraint {attempt.constraint}" if attempt.constraint else ""
        where = f"of {attempt.place}" if attempt.place and attempt.place != attempt.table and not raised else ""
        return " ".join(part for part in (f"refused with {attempt.state}: {attempt.message}", by, where) if part)
    suspects = ", ".join(f"{name} ({calls})" for name, calls in sorted(attempt.triggers.items())) or "none"
    if attempt.added != attempt.rows:
        return f"{attempt.added} of {attempt.rows} rows were added; triggers and rules there: {suspects}"
    return f"{attempt.difference}; triggers and rules there: {suspects}"


def _action(attempt: Attempt) -> str:
    raised = _trigger(attempt)
    if attempt.state == _NOT_PERMITTED and not raised:
        return f"Have an administrator run what this prints: cutter-console adopt apply; {_AGAIN}"
    if attempt.part == CREATE:
        return f"Ask the owner of the function that creates; {_AGAIN}"
    if raised:
        return f"Ask the owner of {raised} to let such rows in; {_AGAIN}"
    if attempt.refused:
        named = f"[governance.{attempt.part}]" if attempt.part in set(Part) else "[governance]"
        return f"Fill its columns otherwise in {named} of the site mapping{_own_words(attempt.part)}, or ask the owner of the table; {_AGAIN}"
    return f"Ask the owner of the table what changes such rows; {_AGAIN}"
