"""One digest, one rule: canonical JSON and its sha256."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.host.regular_file import sha256_file
from console.backend.model.canonical_json import canonical_json, digest, sha256_hex
from console.backend.model.value import Value


class _One(Value):
    b: str = ""
    a: int = 0
    c: tuple[str, ...] = ()


class _Two(Value):
    c: tuple[str, ...] = ()
    a: int = 0
    b: str = ""


class _Number(Value):
    x: float


def test_keys_are_sorted_and_no_space_is_wasted() -> None:
    assert canonical_json(_One(b="ö\n", a=1, c=("x",))) == '{"a":1,"b":"ö\\n","c":["x"]}'.encode()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers())
def test_the_digest_is_of_the_content_and_not_of_the_order_of_fields(b: str, a: int) -> None:
    """Two digests of one manifest lived side by side."""
    assert digest(_One(b=b, a=a)) == digest(_Two(b=b, a=a))
    assert digest(_One(b=b, a=a)) == hashlib.sha256(canonical_json(_Two(b=b, a=a))).hexdigest()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_what_is_written_is_read_back(text: str) -> None:
    assert json.loads(canonical_json(_One(b=text)))["b"] == text


def test_equal_looking_text_of_another_normal_form_is_another_digest() -> None:
    assert digest(_One(b="\u00e9")) != digest(_One(b="e\u0301"))


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_cannot_say_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(_Number.model_construct(x=number))


def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"abc" * 100_000)
    assert sha256_file(path) == sha256_hex(b"abc" * 100_000)
