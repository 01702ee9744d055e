"""Options of profiles: off unless they are chosen, part of the plan, and what they read is a unit, refused or told."""

import re
from pathlib import Path

import pytest

from console.backend.documents.intake import Source
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import plan_chosen
from console.backend.documents.own_profiles import ChosenProfile, choose_profile
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.documents.profile_library import check_profile, list_profiles, shipped_text
from console.backend.documents.profiles import declared_profile, load_profile
from console.backend.model.errors import UsageError
from console.backend.model.profile_names import (
    AKN_PROFILE,
    PROFILE_NAMES,
    PROFILE_OPTIONS,
    SHIPPED_NAMES,
    TEXT_PROFILES,
)
from tests.support.plans import accepted
from tests.support.profiles import TEXT, TOML, write_profile

LAW = """# Gesetz

# § 1 Eins

(1) Verboten ist:

1.  das eine,
    das lang ist;

1a. das eingefügte;

2.  das andere, nämlich

    a)  dies,

    b)  jenes, also

        aa) doppelt,

        bb) dreifach,

3.  das dritte

und alles, was ihm gleicht.

(2) Am
1. Oktober ist es erlaubt.

# § 2 Zwei

1. Eins;
2. zwei.

4. bis 6. (weggefallen)

7. Sieben.
"""
UNITS = [
    *("PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-1/NR-1", "PAR-1/ABS-1/NR-1A", "PAR-1/ABS-1/NR-2"),
    *("PAR-1/ABS-1/NR-2/BUCHST-A", "PAR-1/ABS-1/NR-2/BUCHST-B", "PAR-1/ABS-1/NR-2/BUCHST-B/DBUCHST-AA"),
    *("PAR-1/ABS-1/NR-2/BUCHST-B/DBUCHST-BB", "PAR-1/ABS-1/NR-3", "PAR-1/ABS-2"),
    *("PAR-2", "PAR-2/NR-1", "PAR-2/NR-2", "PAR-2/NR-4-6", "PAR-2/NR-7"),
]
SWISS = """# Gesetz

# Art. 6 Grundsatz

(1) Text.

(1bis) Text.

(1ter) Text.

(2) Text.

# Art. 6bis Ausnahme

Text.

# Art. 6ter Weitere

Text.

# Art. 7 Ende

Text.
"""


def cut(text: str, profile: str, *, ordinals: bool = False) -> PlanResult:
    """Plan a text by a shipped profile."""
    return plan_document(text.encode(), origin="file:a.md", docprefix="LAW", profile=profile, ordinals=ordinals)


def addresses(result: PlanResult) -> list[str]:
    """The addresses without the prefix."""
    return [unit.address.removeprefix("LAW/") for unit in accepted(result).units]


def suspects(result: PlanResult) -> dict[int, str]:
    """The reason by line."""
    return {suspect.line: suspect.reason.value for suspect in accepted(result).suspects}


def test_the_table_of_options_is_that_of_the_files() -> None:
    declared = {name: tuple(sorted(declared_profile(shipped_text(name)).option)) for name in TEXT_PROFILES}
    assert {name: options for name, options in declared.items() if options} == PROFILE_OPTIONS
    assert {name.partition("+")[0] for name in SHIPPED_NAMES} == set(PROFILE_NAMES)


@pytest.mark.parametrize("name", [name for name in SHIPPED_NAMES if name != AKN_PROFILE])
def test_each_shipped_name_is_a_profile_with_that_name_and_no_level_of_another_option(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert {level.option for level in profile.level} <= {"", *name.split("+")[1:]}


def test_without_the_option_a_list_is_text_and_with_it_each_item_is_a_unit() -> None:
    assert addresses(cut(LAW, "de-law")) == ["PAR-1", "PAR-1/ABS-1", "PAR-1/ABS-2", "PAR-2"]
    numbered = cut(LAW, "de-law+numbers")
    assert addresses(numbered) == UNITS
    assert suspects(numbered) == {24: "behind-list", 27: "spelling", 34: "missing-number"}
    assert {unit.section_type for unit in accepted(numbered).units if "/NR-" in unit.address} == {"point"}


def test_the_option_is_part_of_the_plan_and_of_its_digest() -> None:
    plain = "# § 1 Eins\n\n(1) Text.\n"
    without, chosen = accepted(cut(plain, "de-law")), accepted(cut(plain, "de-law+numbers"))
    assert without.units == chosen.units
    assert (without.profile, chosen.profile) == ("de-law", "de-law+numbers")
    assert without.content_digest != chosen.content_digest


def test_latin_words_behind_numbers_are_units_with_the_option_and_told_without() -> None:
    chosen = cut(SWISS, "de-law+bis")
    assert addresses(chosen) == [
        *("ART-6", "ART-6/ABS-1", "ART-6/ABS-1BIS", "ART-6/ABS-1TER", "ART-6/ABS-2"),
        *("ART-6BIS", "ART-6TER", "ART-7"),
    ]
    assert suspects(chosen) == {3: "missing-number"}
    assert {7: "spelling", 9: "spelling", 13: "unknown-heading"}.items() <= suspects(cut(SWISS, "de-law")).items()


def test_an_inserted_number_stands_behind_its_base_number() -> None:
    swapped = SWISS.replace("# Art. 6bis", "# Art. 5bis")
    problems = cut(swapped, "de-law+bis").problems
    assert [(problem.code, problem.line) for problem in problems] == [("NUMBER_BACKWARDS", 13)]
    convention = "Article 1\n\n1. Text.\n\nArticle 1bis\n\n1. Text.\n\n1bis. Text.\n\nArticle 1ter\n\nText.\n\nArticle 2\n\nText.\n"
    assert addresses(cut(convention, "eu-act+bis")) == [
        *("ART-1", "ART-1/PAR-1", "ART-1BIS", "ART-1BIS/PAR-1", "ART-1BIS/PAR-1BIS", "ART-1TER", "ART-2"),
    ]


@pytest.mark.parametrize("range_", ["§§ 6 bis 8", "§ 6bis 8"])
def test_the_word_for_a_range_is_no_latin_word(range_: str) -> None:
    law = f"# § 5\n\nText.\n\n# {range_}\n\n(weggefallen)\n\n# § 9\n\nText.\n"
    assert "PAR-6BIS" not in addresses(cut(law, "de-law+bis"))


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        # A second list of the paragraph: its numbers are cited by the sentence.
        ("# § 1\n\n(1) Eins:\n\n1. a;\n\n2. b.\n\nFerner:\n\n1. c;\n\n2. d.\n", "ADDRESS_REPEATED", 11),
        # Numbers within a letter.
        ("# § 1\n\na)  eins:\n\n    1.  x;\n\n    2.  y.\n", "AMBIGUOUS_LIST", 5),
        # A list of numbers within a number.
        ("# § 1\n\n1.  eins:\n\n    1.  x;\n", "AMBIGUOUS_LIST", 5),
        # A letter that the layout puts outside of the number.
        ("# § 1\n\n    1.  eins:\n\na) x;\n", "AMBIGUOUS_LIST", 5),
        # It may be the number of the list, or an ordinal of the sentence.
        ("# § 1\n\n(1) Für die\n1. Rate gilt nichts.\n", "AMBIGUOUS_PARAGRAPH", 4),
        ("# § 1\n\n2. zwei;\n\n3. drei.\n", "NUMBER_GAP", 3),
    ],
)
def test_a_list_that_is_ambiguous_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    assert (code, line) in [(problem.code, problem.line) for problem in cut(text, "de-law+numbers").problems]
    assert accepted(cut(text, "de-law")).units


def test_a_second_list_can_be_planned_with_ordinals() -> None:
    text = "# § 1\n\n(1) Eins:\n\n1. a;\n\n2. b.\n\nFerner:\n\n1. c;\n"
    result = cut(text, "de-law+numbers", ordinals=True)
    assert addresses(result)[-1] == "PAR-1/ABS-1/NR-1-2"
    assert suspects(result) == {9: "behind-list"}


def test_items_that_are_aligned_by_their_digits_are_of_one_list() -> None:
    items = "".join(f"{number:>3}. Text;\n\n" for number in range(1, 12))
    assert len(addresses(cut(f"# § 1\n\n{items}", "de-law+numbers"))) == 12


def test_an_item_that_begins_with_the_name_of_a_month_is_told() -> None:
    text = "# § 1\n\n1.  Januar bis Juni\n\n2.  Juli bis Dezember.\n"
    assert suspects(cut(text, "de-law+numbers")) == {3: "spelling", 5: "spelling"}


def test_what_an_annex_holds_is_told() -> None:
    text = "# § 1\n\n1. a;\n\n# Anlage 1\n\n1. b;\n\n    a) c.\n"
    result = cut(text, "de-law+numbers")
    assert addresses(result) == ["PAR-1", "PAR-1/NR-1", "ANLAGE-1"]
    assert suspects(result) == {7: "in-annex", 9: "in-annex"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("de-law+letters", "profile de-law has no option 'letters'; its options: bis, numbers"),
        ("atx+numbers", "profile atx has no option 'numbers'; its options: none"),
        ("de-law+numbers+bis", "options are named once and in order: de-law+bis+numbers"),
        ("de-law+bis+bis", "options are named once and in order: de-law+bis"),
        ("de-law+", "has no option ''"),
        ("+numbers", "unknown profile '+numbers'"),
    ],
)
def test_one_selection_has_one_name(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        choose_profile(name, tmp_path)


OWN = TOML.replace(
    "[fragments]\n", "[option.notes]\nsays = \"Notes are units.\"\nreads_like = ['note']\n\n[fragments]\n"
) + (
    '\n[[level]]\nname = "Note"\noption = "notes"\nfirst = "N"\nrole = "article"\nrank = 25\nsection_type = "article"\n'
    'token = "NOTE"\nnumbering = "consecutive"\nheads = [\'Note[ ]\']\n'
    "pattern = 'Note[ ]+(?P<number>\\d)'\nplain = 'Note[ ]+(?P<number>\\d)'\n"
)


@pytest.mark.usefixtures("plans_here")
def test_an_own_profile_can_have_options(tmp_path: Path) -> None:
    write_profile(tmp_path, toml=OWN)
    text = TEXT.replace("Rule 2", "Note 1\n\nText.\n\nRule 2").encode()
    without, chosen = (
        accepted(plan_chosen(choose_profile(name, tmp_path), text, origin="file:a", docprefix="LAW"))
        for name in ("rule-book", "rule-book+notes")
    )
    assert len(chosen.units) == len(without.units) + 1
    assert (chosen.profile, chosen.profile_sha256) == ("rule-book+notes", without.profile_sha256)
    unknown = plan_chosen(ChosenProfile("rule-book+forms", OWN.encode()), text, origin="file:a", docprefix="LAW")
    assert "has no option 'forms'; its options: notes" in unknown.problems[0].message
    assert list_profiles(tmp_path, Limits()).profiles[-1].options == ("notes",)
    check = check_profile("rule-book+notes", tmp_path, (Source("file:a", text),), Limits())
    assert {count.level: count.units for count in check.texts[0].levels}["Note"] == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('option = "notes"', 'option = "forms"', "level 'Note': option names 'forms', which is no option: choose one of notes"),
        ("reads_like = ['note']", "fragments = { nothing = 'x' }", "option 'notes': there is no fragment 'nothing'"),
        ("reads_like = ['note']", "fragments = { sep = '(' }", "level 'Chapter': key pattern"),
        ("reads_like = ['note']", "reads_like = ['(']", "key reads_like"),
        ("reads_like = ['note']", "wrong = 1", "wrong"),
        ('first = "R"', 'first = "R"\nwithin = "Note"\notherwise = "Note"', "'Note', which is no level"),
        ("[option.notes]", "[option.'No Tes']", "No Tes"),
    ],
)  # fmt: skip
def test_a_fault_in_an_option_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in OWN
    check = check_profile(str(write_profile(tmp_path, toml=OWN.replace(old, new, 1))), tmp_path, (), Limits())
    assert said in check.profile.fault
