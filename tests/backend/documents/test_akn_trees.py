"""Generated markup: whatever its nesting, it is refused, or every text of it is in exactly one unit or named span."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backend.documents.akn.intake import akn_text
from console.backend.documents.coverage import check_algebra, spans
from console.backend.model.plan import SuspectReason
from tests.backend.documents.exporting import akn_of
from tests.backend.documents.test_akn_intake import taken, xml
from tests.support.akn_reader import schema_faults, squeezed
from tests.support.plans import accepted

_WORDS = st.sampled_from(
    ["Text", "§ 2", "(2) two", "a) x", "&amp;", "&lt;b&gt;", "  two  spaces\n", "Đ", "e\u0301", "\u202e", "|", "2"]
)
_INLINE = st.one_of(
    _WORDS,
    _WORDS.map(lambda text: f"<b>{text}</b>"),
    _WORDS.map(lambda text: f"<ref href='#x'>{text}</ref>"),
    st.just("<br/>"),
    st.just("<!-- no -->"),
    st.just("<authorialNote><p>foot</p></authorialNote>"),
)
_P = st.lists(_INLINE, min_size=1, max_size=4).map(lambda parts: f"<p>{''.join(parts)}</p>")
_NUMBER = st.sampled_from(["", "1", "(1)", "2.", "§ 3", "a)", "II", "…"])
_HEADING = st.sampled_from(["", "", "Fees", "§ 1", "<b>Bold</b> title"])
_TAGS = st.sampled_from(
    ["part", "chapter", "section", "article", "article", "paragraph", "point", "list", "subsection"]
)


def _element(parts: st.SearchStrategy[list[str]]) -> st.SearchStrategy[str]:
    def built(tag: str, number: str, heading: str, intro: str, parts: list[str], last: str) -> str:
        head = (f"<num>{number}</num>" if number else "") + (f"<heading>{heading}</heading>" if heading else "")
        if not parts:
            return f"<{tag}>{head}<content>{intro or '<p/>'}</content></{tag}>"
        before = f"<intro>{intro}</intro>" if intro else ""
        behind = f"<wrapUp>{last}</wrapUp>" if last else ""
        return f"<{tag}>{head}{before}{''.join(parts)}{behind}</{tag}>"

    text = st.one_of(st.just(""), _P)
    wrap_up = st.one_of(st.just(""), st.just(""), st.just(""), _P)
    return st.builds(built, _TAGS, _NUMBER, _HEADING, text, parts, wrap_up)


_LEAF = _element(st.just([]))
_TREES = st.lists(
    st.recursive(_LEAF, lambda inner: _element(st.lists(inner, max_size=3)), max_leaves=8), min_size=1, max_size=4
).map("".join)


def texts_of(raw: bytes) -> str:
    """Every text of the file outside of metadata and notes, read with expat."""
    return _texts(ET.fromstring(raw))


def _texts(element: ET.Element) -> str:
    if element.tag.rpartition("}")[2] in {"meta", "authorialNote"}:
        return ""
    return (element.text or "") + "".join(_texts(child) + (child.tail or "") for child in element)


def _parts_of(raw: bytes) -> int:
    """Elements of the hierarchy with a number or a heading: what a reader takes for a unit."""
    tags = ("part", "chapter", "section", "article", "paragraph", "point", "subsection")
    root = ET.fromstring(raw)
    heads = (element for tag in tags for element in root.iter(f"{root.tag.partition('}')[0]}}}{tag}"))
    return sum(
        any(child.tag.endswith(("}num", "}heading")) and "".join(child.itertext()).strip() for child in element)
        for element in heads
    )


def is_refused_or_taken_whole(body: str) -> None:
    """Whatever is generated."""
    raw = xml(body)
    result = taken(raw, ordinals=True)
    if result.plan is None:
        assert all(problem.line > 0 or "has no text" in problem.message for problem in result.problems)
        return
    plan = accepted(result)
    assert check_algebra(plan, result.canonical) == ()
    assert b"".join(result.canonical[s.byte_start : s.byte_end] for s in spans(plan)) == result.canonical
    assert akn_text(raw).data == result.canonical
    assert accepted(taken(raw, ordinals=True)).content_digest == plan.content_digest
    # The canonical text is NFC, and so is what it is compared with.
    assert squeezed(result.canonical.decode()) == squeezed(texts_of(raw)).replace("e\u0301", "é")
    kept = sum(suspect.reason is SuspectReason.TEXT_FOLLOWS for suspect in plan.suspects)
    assert len(plan.units) + kept == _parts_of(raw)
    assert schema_faults(akn_of(result)) == []


@settings(max_examples=50)
@given(body=_TREES)
def test_generated_markup_is_refused_or_taken_whole(body: str) -> None:
    is_refused_or_taken_whole(body)


@pytest.mark.torture
@settings(max_examples=500)
@given(body=_TREES)
def test_any_generated_markup_is_refused_or_taken_whole(body: str) -> None:
    is_refused_or_taken_whole(body)
