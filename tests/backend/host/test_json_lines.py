"""The line of each key of a JSON text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.host.json_lines import lines_of_keys


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("{}", {}),
        ('{\n  "a": 1,\n  "b": {\n    "c": "x"\n  }\n}', {"a": 2, "b": 3, "b.c": 4}),
        ('{"a": [{"x": 1},\n {"x": 2}],\n "b": 1}', {"a": 1, "b": 3}),
        ('{"a": "{\\"b\\": 1}",\n"c": ": , {"}', {"a": 1, "c": 2}),
        ('{"a": 1,\n"a": 2}', {"a": 2}),
        ('{"a": {}, "b":\n{"c"\n:\n1}}', {"a": 1, "b": 1, "b.c": 3}),
    ],
)
def test_a_key_has_the_line_where_its_value_begins(text: str, lines: dict[str, int]) -> None:
    json.loads(text)
    assert lines_of_keys(text) == lines


_KEYS = st.text(alphabet="abc", min_size=1, max_size=3)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_every_key_outside_of_a_list_has_a_line_with_it(value: dict[str, object]) -> None:
    text = json.dumps(value, indent=2)

    def keys(inner: object, before: str) -> set[str]:
        if not isinstance(inner, dict):
            return set()
        own = {f"{before}{name}" for name in inner}
        return own.union(*(keys(deeper, f"{before}{name}.") for name, deeper in inner.items()))

    lines = lines_of_keys(text)
    assert lines.keys() == keys(value, "")
    rows = text.split("\n")
    assert all(f'"{key.rpartition(".")[2]}":' in rows[line - 1] for key, line in lines.items())
