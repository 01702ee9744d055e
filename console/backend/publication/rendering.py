"""Markdown from templates: every value is escaped, and a value that nobody measured stops the build."""

import re
from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, UndefinedError

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.outcome import Evidence
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_text

_MARKDOWN = re.compile(r"([\\`*{}\[\]<>#|!~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=:])")
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_LINK = re.compile(r"(?i)(:)(//)|\b(www)(\.)")
_STATEMENT = r"(?:GRANT|REVOKE|ALTER|CREATE|DROP|SET|SELECT) .*"
"""SQL, which has commas, brackets and semicolons of its own: it goes to the end of the text."""
_PROGRAM = (
    r"(?:(?:sudo )?(?:cutter-console|gpg|gpgconf|chmod|chown|psql|pg_dump|pip|systemctl|timedatectl|crontab|kill|rm|mv|apt-get|bash)"
    r"|python -m|sha256sum)(?= [-a-z0-9/…]|$|[).;,])"
)
_WORD = r"(?:\"[^\"]*\"|'[^']*'|(?![;,.)]+(?:\s|$))\S)+"
_COMMAND = re.compile(
    rf"(?:^|(?<=: )){_STATEMENT}|(?:^|(?<=: )|(?<=; )|(?<=\()|(?<=[Ss]ee )|(?<=[Rr]un )|(?<=, )|(?<=or ))"
    rf"(?:{_PROGRAM}(?: (?!\(|(?:of|and|or|then|to|again|where|names|shows) ){_WORD})*)"
)
_TICKS = re.compile("`+")


class Unrendered(CutterError):
    """A template names a value that was not measured, or an evidence id stands for two answers; nothing is written."""


class Trusted(str):
    """Markdown that the console itself has made; everything else is escaped."""

    __slots__ = ()


class Evidences:
    """The evidence of a report by its id. A template can reach a measured value through here alone."""

    def __init__(self, found: tuple[Evidence, ...]) -> None:
        self._by_id: dict[str, Evidence] = {}
        for one in found:
            if self._by_id.setdefault(one.id, one) != one:
                raise Unrendered(
                    StopCode.INVARIANT_FAILED, f"evidence {one.id} has two answers", "Report this: ids must be unique."
                )

    @property
    def all(self) -> tuple[Evidence, ...]:
        """Every piece, in the order of its id."""
        return tuple(sorted(self._by_id.values(), key=lambda one: _natural(one.id)))

    def get(self, name: str) -> Evidence:
        """One piece. Raises Unrendered where nobody measured it."""
        if name not in self._by_id:
            raise Unrendered(StopCode.INVARIANT_FAILED, f"evidence {name} was not measured", "Report this template.")
        return self._by_id[name]

    def say(self, name: str) -> Trusted:
        """The answer, escaped, with the id it came from."""
        return Trusted(f"{markdown(self.get(name).answer)} [{name}]")


def markdown(text: str) -> str:
    """The text as inert Markdown: no secret, no control character, no markup, no link; one line.

    An underscore within a word opens nothing and stays as it is, so that a table's name reads as it is written.
    """
    said = _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", safe_text(redact(text)).strip()))
    return _LINK.sub(r"\1\3\\\2\4", said)


def code(text: str) -> Trusted:
    """A command as a code span, so that it can be copied as it is; not for a cell of a table, which a `|` would end."""
    said = safe_text(redact(text)).strip()
    fence = "`" * (1 + max((len(ticks) for ticks in _TICKS.findall(said)), default=0))
    return Trusted(f"{fence} {said} {fence}" if "`" in said else f"{fence}{said}{fence}") if said else Trusted("")


def step(text: str) -> Trusted:
    """A next action: words escaped, each command in it a code span of its own, without the words around it. Not for a cell."""
    said = safe_text(redact(text)).strip()
    made, at = "", 0
    for match in _COMMAND.finditer(said):
        made += f"{_prose(said[at : match.start()])}{code(match[0])}"
        at = match.end()
    return Trusted(f"{made}{_prose(said[at:])}")


def _prose(text: str) -> str:
    """Escaped, with the spaces at its ends, which part it from a command."""
    return (
        f"{text[: len(text) - len(text.lstrip())]}{markdown(text)}{text[len(text.rstrip()) :] if text.strip() else ''}"
    )


def _final(value: object) -> object:
    return value if isinstance(value, Trusted) else markdown(str(value))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("console.backend.publication"),
        undefined=StrictUndefined,
        finalize=_final,
        autoescape=False,  # noqa: S701 - Markdown, not HTML: `_final` escapes every value
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, evidences: Evidences, values: Mapping[str, object]) -> bytes:
    """One document as UTF-8; `values` and three functions are all that a template can reach.

    `ev("id")` gives an answer with its id, `code(value)` a command, `step(value)` a next action.

    Raises Unrendered where the template names what is not there.
    """
    try:
        text = _environment().get_template(template).render({**values, "ev": evidences.say, "code": code, "step": step})
    except UndefinedError as error:
        raise Unrendered(StopCode.INVARIANT_FAILED, f"{template}: {error.message}", "Report this template.") from error
    return text.encode()


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """G2 before G10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))
