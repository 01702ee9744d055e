"""Acceptances: what the enacted text itself does, accepted by a person by line and code, with a reason."""

import json
import re
import tomllib
from typing import Final

from console.backend.documents.canonical import RefusedText, canonical_text
from console.backend.documents.limits import Limits
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import Acceptance, Problem
from console.backend.model.safe_text import safe_text

SUFFIX_OF_FILE: Final = ".accept.toml"
"""End of the name of an accept file that stands beside its document."""
MOST_BYTES: Final = 1 << 20
"""Limit for an accept file."""

NUMBER_GAP: Final = "NUMBER_GAP"
NUMBER_BACKWARDS: Final = "NUMBER_BACKWARDS"
ADDRESS_REPEATED: Final = "ADDRESS_REPEATED"
UNKNOWN_HEADING: Final = "UNKNOWN_HEADING"
UNCLOSED_QUOTATION: Final = "UNCLOSED_QUOTATION"
DEPTH_JUMP: Final = "DEPTH_JUMP"
FOREIGN_LETTER: Final = "FOREIGN_LETTER"
AMBIGUOUS: Final = frozenset({"AMBIGUOUS_HEADING", "AMBIGUOUS_PARAGRAPH"})
"""Findings that are a question: an acceptance answers it."""
ACCEPTABLE: Final = (
    *(NUMBER_GAP, NUMBER_BACKWARDS, ADDRESS_REPEATED, UNKNOWN_HEADING, UNCLOSED_QUOTATION, DEPTH_JUMP, FOREIGN_LETTER),
    *sorted(AMBIGUOUS),
)
_READINGS: Final = ("text", "unit")
_KEYS: Final = frozenset({"line", "code", "reason", "suffix", "read_as"})
_TEXT: Final = "text_sha256"
"""Key of the digest of the canonical text whose lines the entries name; a file may leave it out."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
MORE: Final = "MORE"
"""Code of the problem that counts those that are not listed."""
_SUFFIX: Final = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*")
_LONGEST_SUFFIX: Final = 32
_LONGEST_REASON: Final = 500
_SHOWN: Final = 120
"""Number of characters of a line that a proposal shows."""
_PROPOSE: Final = "Let the console write the entries: cutter-console plan FILE --docprefix P --propose-acceptances NEW"


class Accepted:
    """The acceptances of one text, and which of them have met their finding."""

    def __init__(self, acceptances: tuple[Acceptance, ...] = ()) -> None:
        self._acceptances = acceptances
        self._by_finding = {(acceptance.code, acceptance.line): acceptance for acceptance in acceptances}
        self._met: set[tuple[str, int]] = set()

    def meets(self, code: str, line: int) -> Acceptance | None:
        """Return the acceptance of this finding, or None; it counts as met."""
        acceptance = self._by_finding.get((code, line))
        if acceptance is not None:
            self._met.add((code, line))
        return acceptance

    def again(self) -> "Accepted":
        """Return the same acceptances, of which the same have met their finding so far."""
        copied = Accepted(self._acceptances)
        copied._met = set(self._met)
        return copied

    def unmet(self) -> list[Problem]:
        """Return the acceptances that no finding has met: each of them refuses the text."""
        return [
            Problem(
                code="ACCEPTANCE_UNMATCHED",
                line=acceptance.line,
                message=f"entry {entry} accepts {acceptance.code} in line {acceptance.line}, and the text has no such finding "
                "there: remove the entry, or correct its line or code",
            )
            for entry, acceptance in enumerate(self._acceptances, 1)
            if (acceptance.code, acceptance.line) not in self._met
        ]


def acceptances_for(raw: bytes, data: bytes, name: str, limits: Limits) -> tuple[Acceptance, ...]:
    """Return the acceptances of an accept file for this text. Raises Refused if the file names another text.

    Lines of another text are other findings, so none of its entries is tried. A text that cannot be read is refused by
    its plan.
    """
    acceptances = parse_acceptances(data, name)
    stated = _stated_text(_content(data, name), name)
    if not stated:
        return acceptances
    try:
        digest = sha256_hex(canonical_text(raw, limits).data)
    except RefusedText:
        return acceptances
    if digest != stated:
        fault = f"was written for the text with sha256 {stated}; this text has sha256 {digest}"
        raise _refused(name, fault, f"Write its entries for this text. {_PROPOSE}")
    return acceptances


def _stated_text(content: dict[str, object], name: str) -> str:
    stated = content.get(_TEXT, "")
    if _TEXT in content and not (isinstance(stated, str) and _DIGEST.fullmatch(stated)):
        raise _refused(name, f"has a {_TEXT} that is no sha256", f"Remove it, or write the file again. {_PROPOSE}")
    return str(stated)


def parse_acceptances(data: bytes, name: str) -> tuple[Acceptance, ...]:
    """Return the acceptances of an accept file, in its order. Raises Refused, naming the line or the entry at fault."""
    if len(data) > MOST_BYTES:
        raise _refused(name, f"has more than {MOST_BYTES:,} bytes", "Accept fewer findings, or correct the document.")
    tables = _tables(data, name)
    acceptances = tuple(_Entry(name, number, table).acceptance() for number, table in enumerate(tables, 1))
    first_entries: dict[tuple[str, int], int] = {}
    for number, acceptance in enumerate(acceptances, 1):
        first = first_entries.setdefault((acceptance.code, acceptance.line), number)
        if first != number:
            fault = f"entry {number} accepts {acceptance.code} in line {acceptance.line} again, like entry {first}"
            raise _refused(name, fault, "Remove one of the two.")
    return acceptances


def _content(data: bytes, name: str) -> dict[str, object]:
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _refused(name, f"is not UTF-8 in line {line}", "Save it as UTF-8.") from error
    # A number with thousands of digits is a ValueError too, and deep nesting a RecursionError.
    except (ValueError, RecursionError) as error:
        raise _refused(name, f"is not TOML: {error}", "Correct that place.") from error


def _tables(data: bytes, name: str) -> list[object]:
    content = _content(data, name)
    _stated_text(content, name)
    tables = content.get("accept")
    if set(content) - {_TEXT} != {"accept"} or not isinstance(tables, list) or not tables:
        keys = ", ".join(sorted(content)) or "nothing"
        raise _refused(name, f"must hold [[accept]] entries and nothing else; it holds {keys}", _PROPOSE)
    return tables


class _Entry:
    """One entry of an accept file."""

    def __init__(self, name: str, number: int, table: object) -> None:
        self._name = name
        self._number = number
        if not isinstance(table, dict):
            raise self._fault("is no table", "Write [[accept]] above its keys.")
        self._table: dict[str, object] = table

    def acceptance(self) -> Acceptance:
        """Return the acceptance of this entry. Raises Refused if a key is missing, unknown or unfit."""
        unknown = sorted(set(self._table) - _KEYS)
        if unknown:
            raise self._fault(f"has {', '.join(map(repr, unknown))}", f"Its keys are {', '.join(sorted(_KEYS))}.")
        line = self._table.get("line")
        if not isinstance(line, int) or isinstance(line, bool) or line < 1:
            raise self._fault("has no line", "State the line of the finding: line = 11")
        code = self._text("code")
        if code not in ACCEPTABLE:
            fault = f"cannot accept {code}" if code else "has no code"
            raise self._fault(fault, f"What can be accepted: {', '.join(ACCEPTABLE)}. Correct the document otherwise.")
        return Acceptance(
            line=line, code=code, reason=self._reason(), suffix=self._suffix(code), read_as=self._reading(code)
        )

    def _reason(self) -> str:
        reason = " ".join(self._text("reason").split())
        if not reason:
            raise self._fault("has no reason", 'Write why this text stands as it is: reason = "…"')
        if len(reason) > _LONGEST_REASON:
            fault = f"has a reason of {len(reason)} characters"
            raise self._fault(fault, f"Shorten it to {_LONGEST_REASON} characters.")
        return reason

    def _suffix(self, code: str) -> str:
        suffix = self._text("suffix")
        if code != ADDRESS_REPEATED:
            if "suffix" in self._table:
                raise self._fault(f"has a suffix, and {code} takes none", "Remove the suffix.")
            return ""
        if not _SUFFIX.fullmatch(suffix) or len(suffix) > _LONGEST_SUFFIX:
            fault = f"has no suffix of A-Z, 0-9 and '-' within {_LONGEST_SUFFIX} characters"
            raise self._fault(fault, 'State what makes the second address another one: suffix = "2"')
        return suffix

    def _reading(self, code: str) -> str:
        reading = self._text("read_as")
        if code not in AMBIGUOUS:
            if "read_as" in self._table:
                raise self._fault(f"has read_as, and {code} takes none", "Remove read_as.")
            return ""
        if reading not in _READINGS:
            raise self._fault("does not answer the question", 'State read_as = "text" or read_as = "unit".')
        return reading

    def _text(self, key: str) -> str:
        text = self._table.get(key, "")
        if not isinstance(text, str):
            raise self._fault(f"has a {key} that is no text", f"Write {key} in quotation marks.")
        return text

    def _fault(self, fault: str, action: str) -> Refused:
        stated = self._table.get("line") if hasattr(self, "_table") else None
        place = f" (line {stated})" if isinstance(stated, int) else ""
        return _refused(self._name, f"entry {self._number}{place} {fault}", action)


def _refused(name: str, fault: str, action: str) -> Refused:
    return Refused(StopCode.REFUSED_INPUT, f"{name}: {fault}", action)


def proposal(
    canonical: bytes, document: str, acceptances: tuple[Acceptance, ...], problems: tuple[Problem, ...]
) -> str | None:
    """Return an accept file to be completed by a person: what is accepted already, and each finding that can be.

    None if no problem can be accepted. The reasons, suffixes and readings of new entries are empty, and an empty one
    is refused: only a person can state them.
    """
    findings = [problem for problem in problems if problem.code in ACCEPTABLE]
    if not findings:
        return None
    lines = canonical.decode().split("\n")
    unmet = {problem.line for problem in problems if problem.code == "ACCEPTANCE_UNMATCHED"}
    entries = [
        *((entry.line, _entry_text(entry, lines, "")) for entry in acceptances if entry.line not in unmet),
        *((finding.line, _finding_text(finding, lines)) for finding in findings),
    ]
    head = [
        f"# What the text of {safe_text(document)} does by itself. Each entry accepts exactly one finding.",
        "# State a reason for each that is right as it stands; remove the others and correct the document.",
        *(
            f"# This is not all: {safe_text(problem.message)}. Complete these entries, then propose again with --accept."
            for problem in problems
            if problem.code == MORE
        ),
        f"{_TEXT} = {_quoted(sha256_hex(canonical))}",
        "",
    ]
    return "\n".join([*head, *(text for _, text in sorted(entries, key=lambda entry: entry[0]))])


def _finding_text(finding: Problem, lines: list[str]) -> str:
    empty = Acceptance(line=finding.line, code=finding.code, reason="", suffix="", read_as="")
    return _entry_text(empty, lines, finding.message)


def _entry_text(entry: Acceptance, lines: list[str], message: str) -> str:
    shown = lines[entry.line - 1].strip()[:_SHOWN] if 0 < entry.line <= len(lines) else ""
    return "\n".join(
        [
            f"# {safe_text(shown)}",
            *([f"# {safe_text(message)}"] if message else []),
            "[[accept]]",
            f"line = {entry.line}",
            f"code = {_quoted(entry.code)}",
            *([f"suffix = {_quoted(entry.suffix)}"] if entry.code == ADDRESS_REPEATED else []),
            *([f"read_as = {_quoted(entry.read_as)}  # text, or unit"] if entry.code in AMBIGUOUS else []),
            f"reason = {_quoted(entry.reason)}",
            "",
        ]
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # Without control characters, the strings of TOML are those of JSON.
