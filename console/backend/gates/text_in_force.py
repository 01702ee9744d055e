"""The text of each document in force, composed of its rows now, beside the canonical text that was pinned."""

import time
from collections.abc import Sequence
from datetime import datetime

from console.backend.gates.kept_numbers import ENOUGH_S, LEAST, TURNS, in_turn
from console.backend.gates.measurement import Measurement, Verdict, check, fails, partial, passes
from console.backend.gates.probe import Probe
from console.backend.model.counting import counted
from console.backend.model.outcome import Check
from console.backend.model.safe_text import SafeText
from console.backend.model.value import Value
from console.backend.postgres.asking import Asking
from console.backend.postgres.connections import connect
from console.backend.postgres.document_states import ComposedText, StateRow, all_states, composed_text
from console.backend.postgres.server import server_clock
from console.backend.runs.document_states import in_force_at

SHARE = 0.5
"""Part of the time that the gate has left, which the texts can take; the rest of it must not be lost by large ones."""
_MOST_NAMED = 5


class Text(Value):
    """One document in force: how its text compares with the pinned one."""

    docprefix: str
    fault: SafeText = ""
    """Reason why it is not what was pinned or signed."""
    not_comparable: SafeText = ""
    """Reason why the whole text cannot be the pinned one, though each unit is what was signed."""
    unknown: SafeText = ""
    """Reason why neither the text nor its units can be compared with anything that was signed."""


class Texts(Value):
    """The documents in force whose texts were composed, and those for which there was no time."""

    texts: tuple[Text, ...]
    not_in_time: tuple[str, ...]


def measure_texts(probe: Probe) -> Measurement[Texts]:
    """Compose the text of each document in force, as `in_turn` has them, for as long as there is time, and compare its sha256."""
    return probe.ask(
        "texts",
        "sha256 of the text of every document in force, composed of its rows, beside the pinned one",
        "v_document_state and fn_state_text, as the monitoring role",
        lambda: _texts(probe),
        _in_words,
    )


def _texts(probe: Probe) -> Texts:
    seconds = max(probe.seconds_left * SHARE, 0.1)
    # A statement may take as long as the gate has; that no other one is begun after a while is for the whole board.
    ends_at, conninfo = time.monotonic() + min(seconds, ENOUGH_S), probe.installation.settings.database.monitor
    texts: list[Text] = []
    with connect(conninfo, read_only=True, timeout_s=seconds, purpose=f"gate {probe.gate}") as connection:
        with Asking(connection) as asking:
            clock, states = asking.ask(server_clock), asking.ask(all_states)
        seed = probe.installation.context.token_hex(8)
        rows = in_turn(
            _in_force(states.value, clock.value), lambda row: row.enacted_at, lambda row: row.docprefix, seed
        )
        for row in rows:
            if len(texts) >= LEAST and time.monotonic() > ends_at:
                break
            composed = composed_text(connection, row)
            texts.append(repealed(row, composed) if row.is_repeal else compared(row, composed))
    return Texts(texts=tuple(texts), not_in_time=tuple(row.docprefix for row in rows[len(texts) :]))


def _in_force(rows: Sequence[StateRow], now: datetime) -> list[StateRow]:
    """Pure: the state of each document that is in force at this moment."""
    by_document: dict[str, list[StateRow]] = {}
    for row in rows:
        by_document.setdefault(row.docprefix, []).append(row)
    current = (in_force_at(states, now) for states in by_document.values())
    return [row for row in current if row is not None]


def repealed(row: StateRow, composed: ComposedText) -> Text:
    """Pure: whether a document that is repealed has no text and no unit in force."""
    if composed.left:
        fault = f"{counted(composed.left, 'unit')} in force, though run {row.run_id} has repealed the document"
        return Text(docprefix=row.docprefix, fault=fault)
    return compared(row, composed)


def compared(row: StateRow, composed: ComposedText) -> Text:
    """Pure: how the composed text of a state compares with what was pinned and signed."""
    if composed.text_sha256 == row.canonical_sha256:
        return Text(docprefix=row.docprefix)
    if composed.altered:
        fault = f"title or body is not the signed one: {', '.join(composed.altered)}"
        return Text(docprefix=row.docprefix, fault=fault)
    if not composed.is_sealed:
        unsealed = "its manifest, of version 0.2.0, does not hold and was not sealed"
        return Text(docprefix=row.docprefix, unknown=unsealed)
    if composed.text_sha256 is None:
        return Text(docprefix=row.docprefix, not_comparable="sealed by version 0.2.0, which kept no text between units")
    if composed.edits and composed.cut_sha256 == row.canonical_sha256:
        edits = f"edited between cut and enactment by {', '.join(composed.edits)}"
        return Text(docprefix=row.docprefix, not_comparable=edits)
    fault = f"sha256 {composed.text_sha256}, pinned by run {row.run_id}: {row.canonical_sha256}"
    return Text(docprefix=row.docprefix, fault=fault)


def texts_check(fact: Measurement[Texts]) -> Check:
    """Pure: FAIL if a text is not what was pinned and signed; PARTIAL if there was no time for all of them."""
    return check("text in force as pinned", fact, _as_pinned)


def _as_pinned(texts: Texts) -> Verdict:
    faults = [text for text in texts.texts if text.fault]
    if faults:
        named = "; ".join(f"{text.docprefix}: {text.fault}" for text in faults[:_MOST_NAMED])
        action = "Stop: cutter-console panic --reason text; then find out who changed it: cutter-console drift"
        return fails(f"{counted(len(faults), 'document')} not as pinned: {named}", action)
    unknown = tuple(f"{text.docprefix} ({text.unknown})" for text in texts.texts if text.unknown)
    if unknown:
        action = "Compare them with their pinned sources on the host that cut them: cutter-console document export"
        return partial(
            f"{counted(len(unknown), 'document')} cannot be compared with anything signed: {_some(unknown)}", action
        )
    apart = [text for text in texts.texts if text.not_comparable]
    equal = f"{counted(len(texts.texts) - len(apart), 'document')} in force with exactly the text that was pinned"
    if texts.not_in_time:
        first, count = texts.not_in_time[0], len(texts.texts) + len(texts.not_in_time)
        return partial(
            f"{equal}, of {count}: {TURNS}; each has its turn at another time",
            f"Compare others now: cutter-console gates G1; one by itself: cutter-console document show {first} --out NEW",
        )
    if not apart:
        return passes(equal)
    named = _some(tuple(f"{text.docprefix} ({text.not_comparable})" for text in apart))
    return passes(f"{equal}; {len(apart)} not comparable as a whole, each unit of which is the signed one: {named}")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _in_words(texts: Texts) -> str:
    faults = sum(bool(text.fault) for text in texts.texts)
    apart = sum(bool(text.not_comparable) for text in texts.texts)
    unknown = sum(bool(text.unknown) for text in texts.texts)
    equal = len(texts.texts) - faults - apart - unknown
    return f"equal: {equal}, not comparable: {apart}, unknown: {unknown}, not as pinned: {faults}, not in time: {len(texts.not_in_time)}"
