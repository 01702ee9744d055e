"""Profiles as data: what console/guide/profiles.md says of them holds, and a fault in one is named."""

import re
from pathlib import Path
from random import Random

import pytest

from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.matching import Matcher
from console.backend.documents.planning import PlanResult, plan_by
from console.backend.documents.profiles import Level, Profile, declared_profile
from console.backend.model.value import Value
from tests.backend.documents import beginnings
from tests.support.plans import accepted

PAGE = (Path(__file__).resolve().parents[3] / "console" / "guide" / "profiles.md").read_text("utf-8")
TEXT, TOML, ADDRESSES = re.findall(r"```(?:text|toml)\n(.*?)```", PAGE, re.DOTALL)

# A second profile, written from the page alone: the standing orders of a choir.
ORDERS = r"""
name = "standing-orders"
unit_kind = "document_unit"
hierarchy = "rank-and-depth"
unknown_headings = "container"
reads_like = ['[^a-z#]{0,2}#', 'order[ ]*(?:\d|$)', '\w?\d{1,3}[ ]?[/.][ ]?\d', '(?:[ivxlc]{1,6})[ ]?[.)\]]']
seems = ['[^\w\n]{0,8}+\w{5}[^\w\n]{1,3}\d']
words = ['order']

[[level]]
name = "Order"
first = "O"
role = "article"
rank = 10
section_type = "article"
token = "ORDER"
numbering = "increasing"
scope = "document"
heads = ['Order[ ]']
pattern = 'Order[ ]+(?P<number>\d{1,3})'
plain = 'Order[ ]+(?P<number>\d{1,3})'

[[level]]
name = "numeral"
first = "ivxlc"
role = "paragraph"
rank = 20
section_type = "principle"
alphabet = "roman"
numbering = "consecutive"
heads = ['[ivxlc]+\.']
pattern = '(?P<number>[ivxlc]{1,6})\.(?:[ ]+\S.*)?'
plain = '(?P<number>[ivxlc]{1,6})\.(?:[ ]+\S.*)?'
"""
CHOIR = "# Choir\n\nOrder 1\nRehearsals\n\ni. Monday.\n\nii. Friday.\n\nOrder 3\nConcerts\n\nTwo a year.\n"


def cut(profile: str, text: str, docprefix: str = "CLUB") -> PlanResult:
    """Plan a text by a profile that is not shipped."""
    return plan_by(
        Matcher(declared_profile(profile).chosen(())), text.encode(), origin="file:rules.txt", docprefix=docprefix
    )


def test_the_profile_of_the_page_cuts_its_text_into_the_units_of_the_page() -> None:
    plan = accepted(cut(TOML, TEXT))
    assert [unit.address for unit in plan.units] == ADDRESSES.split()
    assert [(s.reason.value, s.text) for s in plan.suspects] == [("in-annex", "1) Name")]


def test_a_profile_written_from_the_page_cuts_another_book() -> None:
    plan = accepted(cut(ORDERS, CHOIR, "CHOIR"))
    units = [(unit.address, unit.title) for unit in plan.units]
    assert units == [
        ("CHOIR/ORDER-1", "Rehearsals"),
        ("CHOIR/ORDER-1/I", ""),
        ("CHOIR/ORDER-1/II", ""),
        ("CHOIR/ORDER-3", "Concerts"),
    ]
    assert [(s.line, s.reason.value) for s in plan.suspects] == [(10, "missing-number")]


@pytest.mark.parametrize(("profile", "text"), [(TOML, TEXT), (ORDERS, CHOIR)], ids=["rule-book", "standing-orders"])
@pytest.mark.parametrize("change", beginnings.CHANGES, ids=lambda change: change.__name__)
def test_nothing_of_them_is_lost_in_silence(profile: str, text: str, change: beginnings.Change) -> None:
    before = accepted(cut(profile, text))
    for unit in before.units:
        for seed in range(12):
            lines = text.split("\n")
            lines[unit.line_start - 1] = change(lines[unit.line_start - 1], Random(seed))
            after = cut(profile, "\n".join(lines)).plan
            if after is not None and all(suspect.line != unit.line_start for suspect in after.suspects):
                assert [u.line_start for u in after.units] == [u.line_start for u in before.units], lines


@pytest.mark.parametrize(
    ("model", "heading"), [(Profile, "the profile"), (Level, "a level"), (Furniture, "`[furniture]`")]
)
def test_the_page_has_a_row_with_an_example_for_every_key(model: type[Value], heading: str) -> None:
    section = PAGE.split(f"## Keys of {heading}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `\[?(\w+)\]?` \| [^|]+ \| `[^|]+` \|$", section.replace("[[", "["), re.MULTILINE)
    assert sorted(rows) == sorted(set(model.model_fields) - {"level"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<sep><title>", "<sep><titel>", "level 'Chapter': key pattern: there is no fragment 'titel'"),
        ('section_type = "chapter"', 'section_type = "principle"', "choose one of annex, article"),
        (r"heads = ['Rule[ ]']", r"heads = ['Rule[ ']", "level 'Rule': key heads: 'Rule[ ' is no regular expression"),
        ('first = "R"', "", "level 'Rule': pattern and first belong together"),
        ('name = "point"', 'name = "clause"', "there is another level of this name"),
        ('first = "F"', 'first = "F"\nwithin = "Chapter"', "level 'Form': within needs otherwise"),
        ('first = "F"', 'first = "F"\notherwise = "Sheet"', "otherwise names 'Sheet', which is no level"),
        (r"'[^a-z#]{0,2}#',", "'(',", "key reads_like: '(' is no regular expression"),
        ('token = "FORM"', 'tokken = "FORM"', "tokken"),
        ('role = "annex"', 'role = "anex"', "'container', 'article'"),
    ],
)
def test_a_fault_names_the_level_the_key_and_what_to_do(old: str, new: str, message: str) -> None:
    assert old in TOML
    with pytest.raises(ValueError, match=re.escape(message)):
        declared_profile(TOML.replace(old, new, 1)).chosen(())
