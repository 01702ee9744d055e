"""Canonical text by rule canon-md-v0.1.0: strict UTF-8, no byte order mark, NFC, LF; refused rather than repaired."""

import unicodedata
from dataclasses import dataclass

from console.backend.documents.limits import DEFAULT_LIMITS, Limits
from console.backend.model.canonical_json import sha256_hex, sha256_of
from console.backend.model.errors import Refused, StopCode
from console.backend.model.plan import SourceVersion

CANON_RULE = "canon-md-v0.1.0"
_PART = 1 << 20
_BOM = b"\xef\xbb\xbf"


class RefusedText(Refused):
    """The bytes are no document. `line` is the 1-based line at fault, 0 where it is the whole document."""

    def __init__(self, code: StopCode, message: str, next_action: str, line: int = 0) -> None:
        super().__init__(code, message, next_action)
        self.line = line


@dataclass(frozen=True, slots=True)
class CanonicalText:
    """One text twice: as characters, for the scanner, and as the bytes that spans and digests are about."""

    text: str
    encoded: bytes | None
    """None of a text in ASCII, which is as long in memory as its bytes and has them in a moment."""
    rule: str = CANON_RULE
    """Rule by which it was made from the raw bytes."""

    @property
    def data(self) -> bytes:
        """Return the bytes of the whole text."""
        return self.text.encode() if self.encoded is None else self.encoded

    def of(self, raw: bytes) -> bytes:
        """Return the bytes of the whole text, which was made of these: if they are the same, these themselves."""
        same = self.size == len(raw) and all(
            self.body(start, start + _PART) == raw[start : start + _PART] for start in range(0, self.size, _PART)
        )
        return raw if same else self.data

    @property
    def size(self) -> int:
        """Return the number of bytes."""
        return len(self.text if self.encoded is None else self.encoded)

    def body(self, start: int, end: int) -> bytes:
        """Return the bytes between two of them."""
        return self.text[start:end].encode() if self.encoded is None else self.encoded[start:end]

    def line_breaks(self, start: int, end: int) -> int:
        """Return the number of LF between two bytes."""
        return self.text.count("\n", start, end) if self.encoded is None else self.encoded.count(b"\n", start, end)

    def sha256(self) -> str:
        """Return the sha256 of the whole text."""
        return sha256_of(self.body(start, start + _PART) for start in range(0, self.size, _PART))


class Handover:
    """The bytes of a document on their way to where they are read: nobody on the way keeps them in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self) -> bytes:
        """Return the bytes, once."""
        data, self.data = self.data, b""
        return data


def canonical_text(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> CanonicalText:
    """The canonical text of a document's raw bytes.

    Raises RefusedText: REFUSED_INPUT for bytes that are not UTF-8, NUL bytes and blank documents;
    CAP_EXCEEDED for a document or a line beyond the limits.
    """
    text = decoded_text(raw, limits)
    body = raw.removeprefix(_BOM)
    plain = _with_lf(text)
    normal = unicodedata.normalize("NFC", plain)  # Of a text that is normal already, the same object.
    data = body if normal is text else normal.encode()
    _refuse_long_line(data, limits)
    return CanonicalText(normal, None if normal.isascii() else data)


def decoded_text(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """Return a document's raw bytes as text, without a byte order mark. Raises RefusedText as canonical_text does."""
    _refuse_oversize(raw, limits)
    _refuse_nul(raw)
    body = raw.removeprefix(_BOM)
    text = _decoded(body, len(raw) - len(body))
    if not text or text.isspace():
        raise RefusedText(StopCode.REFUSED_INPUT, "the document is empty", "give a document that has text")
    return text


def bounded(text: str, rule: str, limits: Limits = DEFAULT_LIMITS) -> CanonicalText:
    """Return text that another rule has derived, by the same limits. Raises RefusedText for a line beyond them."""
    data = text.encode()
    _refuse_long_line(data, limits)
    return CanonicalText(text, None if text.isascii() else data, rule)


def source_version(raw: bytes, canonical: bytes | CanonicalText, origin: str, rule: str = CANON_RULE) -> SourceVersion:
    """The pinned snapshot of a document; `origin` is `file:<name>` or `live:<registered name>`."""
    sha256 = sha256_hex(raw)
    same = canonical is raw or (isinstance(canonical, CanonicalText) and canonical.encoded is raw)
    return SourceVersion(
        origin=origin,
        bytes=len(raw),
        sha256=sha256,
        canonical_sha256=sha256
        if same
        else canonical.sha256()
        if isinstance(canonical, CanonicalText)
        else sha256_hex(canonical),
        canon_rule=rule,
    )


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _decoded(body: bytes, skipped: int) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise RefusedText(
            StopCode.REFUSED_INPUT,
            f"not UTF-8: byte 0x{body[error.start]:02x} at offset {error.start + skipped}, line {line}",
            "convert the document to UTF-8",
            line,
        ) from error


def _refuse_oversize(raw: bytes, limits: Limits) -> None:
    if len(raw) > limits.max_bytes:
        raise RefusedText(
            StopCode.CAP_EXCEEDED,
            f"the document has {len(raw):,} bytes, the limit is {limits.max_bytes:,}",
            "split the document, or raise the limit max_bytes in the settings",
        )


def _refuse_nul(raw: bytes) -> None:
    at = raw.find(b"\0")
    if at >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise RefusedText(StopCode.REFUSED_INPUT, f"NUL byte at offset {at}, line {line}", "give a text document", line)


def _refuse_long_line(data: bytes, limits: Limits) -> None:
    start, step = 0, limits.max_line_bytes + 1
    while len(data) - start >= step:
        last = data.rfind(b"\n", start, start + step)
        if last < 0:
            line = data.count(b"\n", 0, start) + 1
            raise RefusedText(
                StopCode.CAP_EXCEEDED,
                f"line {line} is longer than {limits.max_line_bytes:,} bytes",
                "break the line, or raise the limit max_line_bytes in the settings",
                line,
            )
        start = last + 1
