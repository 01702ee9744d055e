"""`profile check`: faults by level and key, what never matches, what is never tried, what is too slow."""

from pathlib import Path

import pytest

from console.backend.documents.intake import Source
from console.backend.documents.limits import Limits
from console.backend.documents.own_profiles import MOST_BYTES
from console.backend.documents.profile_library import check_profile, list_profiles, shipped_text, show_profile
from console.backend.documents.profile_report import ProfileCheck
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import Refused, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.profile_names import PROFILE_NAMES, TEXT_PROFILES
from tests.backend.documents.test_own_profiles import BOMBS, LONG
from tests.support.profiles import TEXT, TOML, write_profile

LIMITS = Limits(profile_seconds=2)


def checked(folder: Path, toml: str = TOML, *texts: str) -> ProfileCheck:
    """Check the profile in a folder on texts."""
    write_profile(folder / "profiles", toml=toml)
    sources = tuple(Source(f"file:{number}.txt", text.encode()) for number, text in enumerate(texts, 1))
    return check_profile("rule-book", folder / "profiles", sources, LIMITS)


@pytest.mark.usefixtures("plans_here")
def test_each_level_is_counted_on_each_text(tmp_path: Path) -> None:
    check = checked(tmp_path, TOML, TEXT, "Rule 1: One\n\nText.\n")
    assert (check.outcome, check.profile.fault, check.profile.slow) == (Outcome.PASS, "", ())
    assert [(text.name, text.outcome, text.n_units) for text in check.texts] == [
        ("1.txt", Outcome.PASS, 10),
        ("2.txt", Outcome.PASS, 1),
    ]
    counts = [(count.level, count.lines, count.units) for count in check.texts[0].levels]
    assert counts == [("Chapter", 2, 2), ("Rule", 3, 3), ("clause", 3, 2), ("point", 2, 2), ("Form", 1, 1)]
    assert check.texts[0].suspects == {"in-annex": 1}
    assert check.texts[0].coverage is not None
    assert check.texts[0].coverage.lossless


@pytest.mark.usefixtures("plans_here")
def test_a_level_that_never_matched_is_named(tmp_path: Path) -> None:
    check = checked(tmp_path, TOML, "Rule 1: One\n\nText.\n", "Rule 1: One\n\n1) Text.\n")
    assert check.unused == ("Chapter", "point", "Form")
    assert checked(tmp_path, TOML).unused == ()


@pytest.mark.usefixtures("plans_here")
def test_a_refused_text_is_told_with_its_codes_and_lines(tmp_path: Path) -> None:
    check = checked(tmp_path, TOML, TEXT.replace("Rule 2", "Rule 4"), "nothing\n")
    assert check.outcome is Outcome.FAIL
    first, second = check.texts
    assert [(problem.code, problem.line) for problem in first.problems] == [
        ("NUMBER_GAP", 15),
        ("NUMBER_BACKWARDS", 21),
    ]
    assert [problem.code for problem in second.problems] == ["NO_UNITS"]
    assert [count.lines for count in first.levels] == [2, 3, 3, 2, 1]


@pytest.mark.usefixtures("plans_here")
def test_two_levels_that_match_one_line_are_named(tmp_path: Path) -> None:
    other = '\n[[level]]\nname = "Any"\nfirst = "R"\nrole = "article"\nrank = 21\nsection_type = "article"\n'
    toml = TOML + other + "pattern = 'R.*[ ](?P<number>\\d).*'\nplain = 'R.*[ ](?P<number>\\d).*'\n"
    text = checked(tmp_path, toml, TEXT).texts[0]
    assert [finding.line for finding in text.overlaps] == [5, 15, 21]
    assert text.overlaps[0].fault.startswith("Rule and Any match it, and Rule has it")


@pytest.mark.usefixtures("plans_here")
@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('first = "0123456789"', 'first = "023456789"', 7, "clause matches it, and its first lacks '1': add it"),
        ('first = "R"', 'first = "r"', 5, "Rule matches it, and its first lacks 'R': add it"),
        ("heads = ['Rule[ ]']", "heads = ['Rules[ ]']", 5, "Rule matches it, and no heads does"),
    ],
)
def test_a_line_that_a_pattern_matches_and_that_is_never_tried_is_named(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    assert old in TOML
    text = checked(tmp_path, TOML.replace(old, new), TEXT).texts[0]
    assert text.unreached[0].line == line
    assert said in text.unreached[0].fault
    assert text.n_unreached >= 2


@pytest.mark.parametrize("key", BOMBS)
def test_a_slow_pattern_is_named_by_its_level_and_key(tmp_path: Path, key: str) -> None:
    old, new = BOMBS[key]
    check = checked(tmp_path, TOML.replace(old, new), LONG)
    assert check.outcome is Outcome.FAIL
    assert [problem.code for problem in check.texts[0].problems] == ["PROFILE_TOO_SLOW"]
    named = {"lookbehind": "reads_like"}.get(key, key)
    assert any(f"key {named}" in slow for slow in check.profile.slow)
    assert all("repeat within a repeat" in slow for slow in check.profile.slow)


def test_a_slow_pattern_is_found_without_a_text(tmp_path: Path) -> None:
    old, new = BOMBS["list_items"]
    check = checked(tmp_path, TOML.replace(old, new))
    assert [slow.partition("'")[0] for slow in check.profile.slow] == ["key list_items: "]


@pytest.mark.usefixtures("plans_here")
def test_a_fault_names_the_level_the_key_and_what_to_do(tmp_path: Path) -> None:
    check = checked(tmp_path, TOML.replace("<sep><title>", "<sep><titel>"), TEXT)
    assert check.outcome is Outcome.FAIL
    assert "level 'Chapter': key pattern: there is no fragment 'titel': add it to [fragments]" in check.profile.fault
    assert check.texts == ()


@pytest.mark.usefixtures("plans_here")
def test_a_file_outside_of_the_folder_is_checked_by_its_path(tmp_path: Path) -> None:
    path = write_profile(tmp_path / "elsewhere")
    check = check_profile(str(path), tmp_path / "profiles", (Source("file:a", TEXT.encode()),), LIMITS)
    assert (check.outcome, check.sha256, check.texts[0].n_units) == (Outcome.PASS, sha256_hex(TOML.encode()), 10)
    assert (
        "its key name says 'rule-book'"
        in check_profile(str(path.rename(tmp_path / "other.toml")), tmp_path, (), LIMITS).profile.fault
    )


@pytest.mark.usefixtures("plans_here")
def test_a_name_that_no_own_profile_can_have_is_named(tmp_path: Path) -> None:
    for name in ("de-law", "edit", "Rule-Book"):
        path = write_profile(tmp_path, name, TOML.replace('"rule-book"', f'"{name}"'))
        assert repr(name) in check_profile(str(path), tmp_path / "none", (), LIMITS).profile.fault


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    for path in (tmp_path / "none.toml", tmp_path / "long.toml"):
        with pytest.raises(Refused):
            check_profile(str(path), tmp_path, (), LIMITS)
    with pytest.raises(UsageError):
        check_profile("none", tmp_path, (), LIMITS)


@pytest.mark.parametrize("name", TEXT_PROFILES)
def test_a_shipped_profile_is_fit_and_none_of_its_patterns_is_slow(tmp_path: Path, name: str) -> None:
    check = check_profile(name, tmp_path, (), Limits())
    assert (check.profile.fault, check.profile.slow) == ("", ())


@pytest.mark.usefixtures("plans_here")
def test_the_list_has_shipped_and_own_profiles_and_the_fault_of_each(tmp_path: Path) -> None:
    write_profile(tmp_path)
    write_profile(tmp_path, "broken", TOML.replace('"rule-book"', '"broken"').replace("<title>", "<titel>"))
    write_profile(tmp_path, "open").chmod(0o666)
    write_profile(tmp_path, "atx")
    listed = {profile.name + profile.origin[-4:]: profile for profile in list_profiles(tmp_path, LIMITS).profiles}
    assert len(listed) == len(PROFILE_NAMES) + 4
    assert listed["rule-booktoml"].sha256 == sha256_hex(TOML.encode())
    assert (listed["rule-booktoml"].unit_kind, listed["rule-booktoml"].fault) == ("law_unit", "")
    assert "there is no fragment 'titel'" in listed["brokentoml"].fault
    assert "can be written by other accounts" in listed["opentoml"].fault
    assert "has the name of a profile that is shipped" in listed["atxtoml"].fault
    assert listed["atxpped"].fault == ""


def test_a_profile_is_shown_as_its_file_has_it(tmp_path: Path) -> None:
    write_profile(tmp_path)
    assert show_profile("rule-book", tmp_path).toml == TOML
    assert show_profile("de-law", tmp_path).toml == shipped_text("de-law")


@pytest.mark.usefixtures("plans_here")
@pytest.mark.parametrize("table", ["[akn]\narticle = 'rule'", "[furniture]\nholds = 'X'\nrunning_head = 'X \\d+'"])
def test_a_check_refuses_what_a_plan_refuses(tmp_path: Path, table: str) -> None:
    check = checked(tmp_path, TOML.replace("[fragments]", f"{table}\n\n[fragments]", 1), TEXT)
    assert check.outcome is Outcome.FAIL
    assert "only shipped profiles" in check.profile.fault
    assert "pydantic" not in check.profile.fault


@pytest.mark.usefixtures("plans_here")
def test_an_indented_item_of_a_list_that_is_never_tried_is_named(tmp_path: Path) -> None:
    toml = TOML.replace('first = "abcdefghijklmnopqrstuvwxyz"', 'first = "a"\nlist_item = true')
    text = TEXT.replace("a. can swim;\n\nb. have paid.", "    a. can swim;\n\n    b. have paid.")
    assert (toml != TOML, text != TEXT) == (True, True)
    (found,) = checked(tmp_path, toml, text).texts[0].unreached
    assert (found.text.strip(), "first lacks 'b'" in found.fault) == ("b. have paid.", True)
