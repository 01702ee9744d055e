"""Markdown from templates: every value is escaped, and a value that was not measured stops the build."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from console.backend.model.errors import CutterError, StopCode
from console.backend.model.outcome import Evidence
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_text

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKDOWN = re.compile(r"([\\`*{}\[\]<>#|!~&$]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^[-+=:])")
_ANY_MARKUP = re.compile(r"[\\`*{}\[\]<>#|!~&$_]|^[-+=:\d]|//|(?i:www\.)")
"""A part that each rule of an escape needs somewhere in a text: words, numbers and digests, which most texts are, have none of it."""
_NUMBERED = re.compile(r"^(\d{1,9})([.)])(?=\s|$)")
_LINK = re.compile(r"(?i)(:)(//)|\b(www)(\.)")
_STATEMENT = r"(?:GRANT|REVOKE|ALTER|CREATE|DROP|SET|SELECT) .*"
"""SQL, which has commas, brackets and semicolons of its own: it goes to the end of the text."""
_PROGRAM = (
    r"(?:(?:sudo )?(?:cutter-console|gpg|gpgconf|chmod|chown|psql|pg_dump|pip|systemctl|timedatectl|crontab|kill|rm|mv|apt-get|bash)"
    r"|python -m|sha256sum)(?= [-a-z0-9/…]|$|[).;,])"
)
_WORD = r"(?:\"[^\"]*\"|'[^']*'|(?![;,.)]+(?:\s|$))\S)+"
# A command begins at the start of the text or behind one of these signs and words, and ends before a word that goes on
# in prose: an operator copies the whole code span.
_COMMAND = re.compile(
    rf"(?:^|(?<=: )){_STATEMENT}|(?:^|(?<=: )|(?<=; )|(?<=\()|(?<=[Ss]ee )|(?<=[Rr]un )|(?<=, )|(?<=or ))"
    rf"(?:{_PROGRAM}(?: (?!\(|(?:of|and|or|then|to|again|where|names|shows) ){_WORD})*)"
)
_TICKS = re.compile("`+")


class Unrendered(CutterError):
    """A template names a value that was not measured, or two answers have one evidence id; nothing is written."""


class Trusted(str):
    """Markdown that the console itself has made; everything else is escaped."""

    __slots__ = ()


class Inert(dict[str, str]):
    """Texts without secrets and control characters, by the text as it was; each is made inert once per report."""

    def __missing__(self, text: str) -> str:
        clean = redact(text)
        self[text] = inert = clean if clean.isprintable() else safe_text(clean)
        return inert

    def add(self, texts: Iterable[str]) -> None:
        """Make all these texts inert: in one pass if nothing in them has to be hidden, else one by one."""
        new_texts = [text for text in dict.fromkeys(texts) if text not in self]
        # A secret within one text is found in the joined texts too: a line feed never hides one. The reverse does not hold, hence one by one.
        if redact(joined := "\n".join(new_texts)) == joined and all(map(str.isprintable, new_texts)):
            self.update(zip(new_texts, new_texts, strict=True))


class Evidences:
    """The evidence of a report by its id. A template reaches measured values only through it.

    The documents of a report share one, so that a text that stands in several of them is redacted and escaped once.
    """

    def __init__(self, evidences: tuple[Evidence, ...]) -> None:
        self._by_id: dict[str, Evidence] = {}
        self._answers: dict[str, Trusted] = {}
        self._escaped: dict[str, str] = {}
        self.inert = Inert()
        for piece in evidences:
            if self._by_id.setdefault(piece.id, piece) != piece:
                raise Unrendered(
                    StopCode.INVARIANT_FAILED,
                    f"evidence {piece.id} has two answers",
                    "Report this: ids must be unique.",
                )

    @property
    def all(self) -> tuple[Evidence, ...]:
        """Return every piece, sorted by id, numbers within ids as numbers."""
        return tuple(sorted(self._by_id.values(), key=lambda piece: _natural(piece.id)))

    def get(self, name: str) -> Evidence:
        """Return one piece of evidence. Raises Unrendered if it was not measured."""
        if name not in self._by_id:
            raise Unrendered(StopCode.INVARIANT_FAILED, f"evidence {name} was not measured", "Report this template.")
        return self._by_id[name]

    def say(self, name: str) -> Trusted:
        """Return the answer, escaped, with the id it came from."""
        if name not in self._answers:
            self._answers[name] = Trusted(f"{self.escape(self.get(name).answer)} [{name}]")
        return self._answers[name]

    def answers(self) -> dict[str, Trusted]:
        """Return what `say` gives, by id."""
        return {name: self.say(name) for name in self._by_id}

    def citations(self) -> dict[str, Trusted]:
        """Return each id as a document cites it, by id."""
        return {name: Trusted(f"[{name}]") for name in self._by_id}

    def escape(self, text: str) -> str:
        """Return the text as inert Markdown, as `markdown` does."""
        if text not in self._escaped:
            self._escaped[text] = _escaped(self.inert[text])
        return self._escaped[text]


def markdown(text: str) -> str:
    """Return the text as inert Markdown: no secret, no control character, no markup, no link; one line.

    An underscore within a word is no markup and stays, so that a table's name reads as it is written.
    """
    return _escaped(safe_text(redact(text)))


def _escaped(inert: str) -> str:
    text = inert.strip()
    if _ANY_MARKUP.search(text) is None:
        return text
    # A function is called once for each sign, and a template that holds a backslash is read again for each as well.
    return _LINK.sub(r"\1\3\\\2\4", _NUMBERED.sub(r"\1\\\2", _MARKDOWN.sub(_behind_backslash, text)))


def _behind_backslash(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"


def code(text: str) -> Trusted:
    """Return a command as a code span, to be copied as it is; not for a cell of a table, which a `|` would end."""
    command = safe_text(redact(text)).strip()
    # Markdown ends a code span at the first run of as many backticks as opened it.
    fence = "`" * (1 + max((len(ticks) for ticks in _TICKS.findall(command)), default=0))
    return (
        Trusted(f"{fence} {command} {fence}" if "`" in command else f"{fence}{command}{fence}")
        if command
        else Trusted("")
    )


def step(text: str) -> Trusted:
    """Return a next action: words escaped, each command in it a code span of its own. Not for a cell of a table."""
    words = safe_text(redact(text)).strip()
    parts, at = "", 0
    for match in _COMMAND.finditer(words):
        parts += f"{_prose(words[at : match.start()])}{code(match[0])}"
        at = match.end()
    return Trusted(f"{parts}{_prose(words[at:])}")


def _prose(text: str) -> str:
    """Return the words escaped, with the spaces at both ends: they separate the words from the commands beside them."""
    return (
        f"{text[: len(text) - len(text.lstrip())]}{markdown(text)}{text[len(text.rstrip()) :] if text.strip() else ''}"
    )


def _final(context: Mapping[str, Any], value: object) -> str:
    if isinstance(value, Trusted):
        return value
    escaped: str = context["escape"](str(value))
    return escaped


@cache
def _environment() -> "Environment":
    # 3 MB of memory that only what writes a document needs.
    from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context

    return Environment(
        loader=PackageLoader("console.backend.publication"),
        undefined=StrictUndefined,
        finalize=pass_context(_final),
        # A template is a file of the program, and of those no one is read again while it runs.
        auto_reload=False,
        autoescape=False,  # noqa: S701 - Markdown, not HTML: `_final` escapes every value
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, evidences: Evidences, values: Mapping[str, object]) -> bytes:
    """Render one document as UTF-8. A template reaches `values` and four functions, nothing else.

    `ev("id")` gives an answer with its id, `code(value)` a command, `step(value)` a next action, `escape(text)` a text.

    Raises Unrendered if the template names what is not there.
    """
    from jinja2 import UndefinedError

    functions = {"ev": evidences.say, "code": code, "step": step, "escape": evidences.escape}
    try:
        text = _environment().get_template(template).render({**values, **functions})
    except UndefinedError as error:
        raise Unrendered(StopCode.INVARIANT_FAILED, f"{template}: {error.message}", "Report this template.") from error
    return text.encode()


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Return a sort key that compares numbers as numbers: G2 comes before G10."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))
