"""Units and texts to compare, made by hand or by chance."""

from hypothesis import strategies as st

from console.backend.model.compared_unit import ComparedUnit

_ADDRESSES = [f"ACME-LAW/PAR-{number}" for number in range(8)]
_TEXTS = st.sampled_from(
    ["", "One.\n", "Two.\n", "A text that is long enough to say where it came from.\n", "Ünï\u0301\n"]
)


def unit(address: str, body: str = "Text.\n", number: str = "", line: int = 0) -> ComparedUnit:
    """One article of the document."""
    return ComparedUnit(f"ACME-LAW/{address}", None, "law_unit", "article", number, "", body, line)


@st.composite
def documents(draw: st.DrawFn) -> tuple[ComparedUnit, ...]:
    """Units of some addresses, each once, in any order."""
    addresses = draw(st.lists(st.sampled_from(_ADDRESSES), unique=True))
    return tuple(
        ComparedUnit(
            address=address,
            parent=draw(st.sampled_from([None, *_ADDRESSES])),
            unit_kind=draw(st.sampled_from(["law_unit", "policy_unit"])),
            section_type=draw(st.sampled_from(["article", "section"])),
            number=draw(st.sampled_from(["", "1", "2"])),
            title=draw(_TEXTS),
            body=draw(_TEXTS),
            line=draw(st.integers(0, 3)),
        )
        for address in addresses
    )
