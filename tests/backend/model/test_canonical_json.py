"""One digest, one rule: canonical JSON and its sha256."""

import hashlib
import json
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from console.backend.approvals.policy import Policy
from console.backend.approvals.statement import Statement
from console.backend.backup.record import BackupRecord
from console.backend.host.regular_file import sha256_file
from console.backend.journal.journal_record import Record
from console.backend.model.canonical_json import canonical_json, digest, indented_json, sha256_hex
from console.backend.model.plan import CutPlan, DocumentPlan
from console.backend.model.value import Value
from console.backend.release.manifest import DeployManifest
from console.backend.runs.workspace import PhaseRecord, PlanFacts, RunRequestFile


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


class _Json(Value):
    value: JsonValue


_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
_INTEGERS = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
_NAMES = st.text(alphabet="ABCabc_019", min_size=1)
_JSON = st.recursive(
    st.none() | st.booleans() | _INTEGERS | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner),
)
_KEPT = (
    *(BackupRecord, CutPlan, DeployManifest, DocumentPlan, PhaseRecord, PlanFacts),
    *(Policy, Record, RunRequestFile, Statement),
)


@settings(max_examples=30)
@given(_JSON)
def test_the_form_is_that_of_rfc_8785(value: JsonValue) -> None:
    assert canonical_json(_Json(value=value)) == rfc8785.dumps({"value": value})


@pytest.mark.parametrize("indent", [1, 2])
@settings(max_examples=30)
@given(value=_JSON)
def test_what_is_shown_over_several_lines_is_what_python_writes(indent: int, value: JsonValue) -> None:
    assert indented_json(value, indent) == json.dumps(value, ensure_ascii=False, indent=indent).encode()


def test_a_lone_surrogate_is_not_shown() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        indented_json({"a": "\ud800"}, 1)


@pytest.mark.torture
@settings(max_examples=500)
@given(_JSON)
def test_the_form_of_many_values_is_that_of_rfc_8785(value: JsonValue) -> None:
    assert canonical_json(_Json(value=value)) == rfc8785.dumps({"value": value})


def _fields_with(schema: object, name: str, wanted: str) -> set[str]:
    """The names of the fields whose schema is a number, or an object with keys of any name."""
    if isinstance(schema, list):
        return set().union(*(_fields_with(one, name, wanted) for one in schema))
    if not isinstance(schema, dict):
        return set()
    found = {name} if schema.get("type") == wanted or isinstance(schema.get(wanted), dict) else set()
    for key, inner in schema.items():
        if key in {"properties", "$defs"}:
            found |= set().union(*(_fields_with(one, field, wanted) for field, one in inner.items()))
        else:
            found |= _fields_with(inner, name, wanted)
    return found


@pytest.mark.parametrize("kind", _KEPT, ids=lambda kind: kind.__name__)
def test_numbers_are_integers_and_keys_are_names_of_fields(kind: type[BaseModel]) -> None:
    schema = kind.model_json_schema()

    assert _fields_with(schema, "", "number") == set()
    assert _fields_with(schema, "", "additionalProperties") == set()


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
