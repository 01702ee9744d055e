"""What counts as one text: encodings, line ends and forms become canonical, and what is no text is refused."""

import pytest

from console.backend.documents.canonical import Handover, RefusedText, bounded, canonical_text, source_version
from console.backend.documents.limits import Limits
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import StopCode


def test_line_ends_byte_order_mark_and_decomposed_letters_do_not_change_the_canonical_text() -> None:
    plain = canonical_text("# Điều\n\nGrüße\n".encode())
    disguised = canonical_text("\ufeff# Đie\u0302\u0300u\r\n\rGru\u0308ße\r".encode())
    assert disguised.data == plain.data
    assert disguised.text == plain.text == plain.data.decode()


def test_the_raw_digest_tells_apart_what_the_canonical_digest_does_not() -> None:
    unix, dos = b"# A\n", b"# A\r\n"
    one, other = (source_version(raw, canonical_text(raw).data, "file:a.md") for raw in (unix, dos))
    assert one.canonical_sha256 == other.canonical_sha256
    assert one.sha256 != other.sha256
    assert (one.bytes, other.bytes) == (4, 5)


@pytest.mark.parametrize(
    ("raw", "said", "line"),
    [
        (b"# A\n\xff\n", "byte 0xff at offset 4, line 2", 2),
        (b"\xef\xbb\xbf# A\n\n\xc3(\n", "byte 0xc3 at offset 8, line 3", 3),
        (b"# A\na\0b", "NUL byte at offset 5, line 2", 2),
        (b"", "empty", 0),
        (b" \n\t\r\n", "empty", 0),
        (b"\xef\xbb\xbf", "empty", 0),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(raw: bytes, said: str, line: int) -> None:
    with pytest.raises(RefusedText, match=said) as caught:
        canonical_text(raw)
    assert (caught.value.code, caught.value.line) == (StopCode.REFUSED_INPUT, line)
    assert caught.value.next_action


def test_limits_are_inclusive_and_refuse_instead_of_truncating() -> None:
    limits = Limits(max_bytes=20, max_line_bytes=5)
    assert canonical_text(b"12345\n12345\n12345\n12", limits).data.endswith(b"12")
    with pytest.raises(RefusedText, match="21 bytes, the limit is 20") as large:
        canonical_text(b"12345\n12345\n12345\n123", limits)
    with pytest.raises(RefusedText, match="line 2 is longer than 5 bytes") as wide:
        canonical_text(b"12345\n123456\n1", limits)
    assert large.value.code == wide.value.code == StopCode.CAP_EXCEEDED
    assert wide.value.line == 2


def test_a_last_line_without_line_end_is_measured_too() -> None:
    with pytest.raises(RefusedText, match="line 2"):
        canonical_text("a\nÄÖÜ".encode(), Limits(max_line_bytes=5))


@pytest.mark.parametrize(
    "text", ["a\nb\n", "a\r\nb", "a\rb\n", "\ufeffa\nb", "\ufeffGr\u00fc\u00dfe\r", "Gru\u0308\u00dfe\n"]
)
def test_a_text_has_the_same_bytes_however_it_is_asked_for_them(text: str) -> None:
    raw = text.encode()
    known = canonical_text(raw)
    assert known.data == known.text.encode() == known.of(raw) == known.body(0, known.size)
    assert (known.size, known.sha256()) == (len(known.data), sha256_hex(known.data))
    assert known.line_breaks(1, known.size) == known.data.count(b"\n", 1)
    assert source_version(raw, known, "file:a.md") == source_version(raw, known.data, "file:a.md")


def test_a_text_that_was_derived_is_not_taken_for_the_bytes_of_its_file() -> None:
    assert bounded("abcd", "derived").of(b"<x/>") == b"abcd"


def test_bytes_are_handed_over_once() -> None:
    given = Handover(b"a")
    assert (given.take(), given.data) == (b"a", b"")
