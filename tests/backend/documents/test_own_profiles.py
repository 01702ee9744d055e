"""An operator's own profiles: which file is trusted, what it is refused for, and that no pattern hangs the console."""

import os
import re
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.documents import own_planning
from console.backend.documents.folder_plan import list_documents, plan_entries
from console.backend.documents.folder_report import FolderRequest
from console.backend.documents.limits import Limits
from console.backend.documents.own_planning import plan_chosen, require_fit
from console.backend.documents.own_profiles import (
    MOST_BYTES,
    ChosenProfile,
    choose_profile,
    known_names,
    own_names,
)
from console.backend.documents.own_worker import plan_here
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.documents.profile_library import list_profiles
from console.backend.documents.time_limit import TimeUp, time_limit
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.errors import CutterError, Refused, Unmeasured, UsageError
from console.backend.model.outcome import Outcome
from console.backend.model.plan import Acceptance, Problem, bind
from console.backend.model.profile_names import EDIT_PROFILE, PROFILE_NAMES, SHIPPED_NAMES
from tests.support.plans import accepted
from tests.support.profiles import ADDRESSES, TEXT, TOML, write_profile


def cut(profile: str, text: str = TEXT, seconds: int = 60) -> PlanResult:
    """Plan a text by an own profile."""
    chosen = ChosenProfile("rule-book", profile.encode())
    limits = Limits(profile_seconds=seconds)
    return plan_chosen(chosen, text.encode(), origin="file:rules.txt", docprefix="CLUB", limits=limits)


@pytest.mark.usefixtures("plans_here")
def test_a_profile_of_the_folder_is_chosen_by_its_name_and_plans(tmp_path: Path) -> None:
    write_profile(tmp_path)
    chosen = choose_profile("rule-book", tmp_path)
    plan = accepted(plan_chosen(chosen, TEXT.encode(), origin="file:rules.txt", docprefix="CLUB"))
    assert [unit.address for unit in plan.units] == ADDRESSES
    assert (plan.profile, plan.profile_sha256) == ("rule-book", sha256_hex(TOML.encode()))
    assert known_names(tmp_path) == (*SHIPPED_NAMES, "rule-book")


def test_every_byte_of_the_file_is_part_of_the_plans_digest() -> None:
    first, other = accepted(cut(TOML)), accepted(cut(TOML + "# later\n"))
    assert first.units == other.units
    assert first.content_digest != other.content_digest
    assert bind(first, None).plan_digest != bind(other, None).plan_digest


@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_a_plan_by_a_shipped_profile_says_nothing_of_a_file(tmp_path: Path, name: str) -> None:
    text = b"# One\n\nText.\n\n## Article 1\n\n1. Text.\n"
    chosen = plan_chosen(choose_profile(name, tmp_path / "none"), text, origin="file:a.md", docprefix="CLUB")
    shipped = plan_document(text, origin="file:a.md", docprefix="CLUB", profile=name)
    assert chosen == shipped
    if chosen.plan is not None:
        assert "profile_sha256" not in chosen.plan.model_dump()


@pytest.mark.parametrize(
    "name",
    ["nothing", "", "..", "../rule-book", "rule-book.toml", "/etc/passwd", "Rule-Book", "a" * 41, "edit", "rule\nbook"],
)
def test_an_unknown_name_lists_the_shipped_and_the_own_ones(tmp_path: Path, name: str) -> None:
    write_profile(tmp_path / "profiles")
    (tmp_path / "rule-book.toml").write_text(TOML)
    (tmp_path / "profiles" / "edit.toml").write_text(TOML)
    with pytest.raises(UsageError) as caught:
        choose_profile(name, tmp_path / "profiles")
    assert all(shipped in caught.value.next_action for shipped in PROFILE_NAMES)
    assert caught.value.next_action.endswith(": rule-book")


def test_a_folder_that_is_not_there_or_cannot_be_listed_is_named(tmp_path: Path) -> None:
    assert own_names(tmp_path / "none") == ()
    (tmp_path / "file").write_text("")
    for folder, said in ((tmp_path / "none", "there is none of your own in"), (tmp_path / "file", "cannot be listed")):
        with pytest.raises(UsageError) as caught:
            choose_profile("rule-book", folder)
        assert said in caught.value.next_action
        assert known_names(folder) == SHIPPED_NAMES


@pytest.mark.parametrize("name", [*PROFILE_NAMES, EDIT_PROFILE])
def test_a_shipped_name_cannot_be_shadowed(tmp_path: Path, name: str) -> None:
    write_profile(tmp_path, name)
    with pytest.raises(CutterError) as caught:
        choose_profile(name, tmp_path)
    if name != EDIT_PROFILE:
        assert f"{name}.toml has the name of a profile that is shipped" in caught.value.message
    assert known_names(tmp_path) == SHIPPED_NAMES


def link(path: Path) -> None:
    """Let the name lead to a profile elsewhere."""
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def pipe(path: Path) -> None:
    """Put a FIFO there, which would be waited for."""
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    """Put a folder there."""
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (link, "is a symbolic link"),
        (pipe, "is no regular file"),
        (directory, "is no regular file"),
        (lambda path: path.chmod(0o664), "can be written by other accounts"),
        (lambda path: path.chmod(0o602), "can be written by other accounts"),
        (lambda path: path.parent.chmod(0o777), "can be written by other accounts"),
        (lambda path: path.write_bytes(b"#" * 10_000_000), f"is longer than {MOST_BYTES:,} bytes"),
        (lambda path: path.write_bytes(b"# \xff\n"), "is not UTF-8 in line 1"),
        (lambda path: path.write_bytes(b" \n"), "is empty"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, damage: Callable[[Path], object], said: str) -> None:
    path = write_profile(tmp_path / "profiles")
    damage(path)
    with pytest.raises(Refused) as caught:
        choose_profile("rule-book", path.parent)
    assert said in caught.value.message
    assert str(path.parent) in caught.value.message
    assert caught.value.next_action


def test_a_linked_folder_and_one_of_another_owner_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(tmp_path / "real")
    (tmp_path / "linked").symlink_to("real")
    with pytest.raises(Refused, match="is a symbolic link"):
        choose_profile("rule-book", tmp_path / "linked")
    if os.geteuid() == 0:
        os.chown(tmp_path / "real" / "rule-book.toml", 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(Refused, match="belongs to uid"):
        choose_profile("rule-book", tmp_path / "real")


@pytest.mark.usefixtures("plans_here")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "rule-book"', 'name = "de-law"', "its key name says 'de-law', and its file's name 'rule-book'"),
        ("<sep><title>", "<sep><titel>", "level 'Chapter': key pattern: there is no fragment 'titel'"),
        ('name = "rule-book"', 'name = "rule-book', "(at line 1, column 18)"),
        (r"(?P<number>\d{1,3})\)", r"\d{1,3}\)", "level 'clause': key pattern: a paragraph needs its number"),
        ("(?P<number>[A-Z])", "(?P<nummer>[A-Z])", "the group nummer has no meaning"),
        (r"[ ]+\S.*)?'", r"[ ]+(?P<text>\S.*))?'", "the groups text and until belong together"),
        ("sep = '[ ]*[:–-][ ]*'", "sep = '" + "(" * 4000 + "'", "key pattern"),
        ("sep = '[ ]*[:–-][ ]*'", "sep = '" + "<title>" * 4000 + "'", "longer than 10,000 characters"),
        ("fragments]", "fragments]\nx = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_faulty_profile_refuses_the_document_and_says_where(old: str, new: str, said: str) -> None:
    assert old in TOML
    result = cut(TOML.replace(old, new))
    assert (result.plan, [problem.code for problem in result.problems]) == (None, ["PROFILE_UNFIT"])
    assert said in result.problems[0].message
    with pytest.raises(Refused, match="cannot be used"):
        require_fit(ChosenProfile("rule-book", TOML.replace(old, new).encode()), Limits())


def _numbered_by(number: str, more: str = "") -> str:
    """The profile whose clauses have another pattern of their number, and can begin with what is no digit."""
    toml: str = TOML.replace(r"(?P<number>\d{1,3})\)", number + r"\)").replace(r"\d{1,3}\)']", r"\S*\)']", 1)
    toml = toml.replace('section_type = "paragraph"', f'section_type = "paragraph"\n{more}')
    return toml.replace('first = "0123456789"', 'first = "0123456789)abê٣"')


ODD = TEXT.replace("Chapter B", "٣) Text.\n\na1x) Text.\n\na.b) Text.\n\n) Text.\n\nChapter B")
LETTERS, NUMERALS, PATHS = 'alphabet = "vietnamese"', 'alphabet = "roman"', "path = true"
NO_NUMBERS = {
    (r"(?P<number>\d)?", ""): "TypeError",
    (r"(?P<number>\d)?", LETTERS): "TypeError",
    (r"(?P<number>\d)?", PATHS): "TypeError",
    (r"(?P<number>\w*)", LETTERS): "invalid literal",
    (r"(?P<number>.*)", LETTERS): "invalid literal",
    (r"(?P<number>)", LETTERS): "IndexError",
}
"""Patterns with which a line of ODD has no number that can be read, and the fault that is named."""


@pytest.mark.parametrize(
    "number", [r"(?P<number>\d)?", r"(?P<number>\w*)", r"(?P<number>.*)", r"(?P<number>)", r"(?P<number>٣|\d+)"]
)
@pytest.mark.parametrize("more", ["", LETTERS, NUMERALS, PATHS])
def test_what_is_captured_may_be_no_number(number: str, more: str) -> None:
    """Asked in this process, so that an exception reaches the test."""
    result = _planned_here(_numbered_by(number, more), ODD)
    said = result.message if isinstance(result, Problem) else ""
    assert (NO_NUMBERS[number, more] in said) if (number, more) in NO_NUMBERS else said == ""


def test_a_letter_that_no_address_can_hold_cannot_be_accepted() -> None:
    toml = _numbered_by(r"(?P<number>\w)", 'alphabet = "latin"')
    text = TEXT.split("1) A boat")[0] + "a) First.\n\nê) Second.\n\nb) Third.\n"
    for acceptances, codes in (
        ((), {"FOREIGN_LETTER"}),
        (
            (Acceptance(line=9, code="FOREIGN_LETTER", reason="as enacted"),),
            {"FOREIGN_LETTER", "ACCEPTANCE_UNMATCHED"},
        ),
    ):
        result = _planned_here(toml, text, acceptances)
        assert isinstance(result, PlanResult)
        assert (result.plan, {problem.code for problem in result.problems}) == (None, codes)


def _planned_here(toml: str, text: str, acceptances: tuple[Acceptance, ...] = ()) -> PlanResult | Problem:
    return plan_here(
        ChosenProfile("rule-book", toml.encode()),
        text.encode(),
        origin="file:rules.txt",
        docprefix="CLUB",
        ordinals=False,
        acceptances=acceptances,
        limits=Limits(),
    )


@pytest.mark.usefixtures("plans_here")
def test_a_profile_that_captures_no_number_is_at_fault_and_the_document_is_not_cut() -> None:
    result = cut(_numbered_by(r"(?P<number>.*)", LETTERS), ODD)
    assert (result.plan, [problem.code for problem in result.problems]) == (None, ["PROFILE_UNFIT"])


BOMBS = {
    "pattern": (r"pattern = 'Rule[ ]+(?P<number>\d{1,3})(?:<sep><title>)?'", r"pattern = 'Rule[ ]+(?P<number>\d{1,3})(?:(?:\w+)+)+!'"),
    "plain": (r"plain = 'Rule[ ]+(?P<number>\d{1,3})(?:<sep><title>)?'", r"plain = 'Rule[ ]+(?P<number>\d{1,3})(?:a|aa)*!'"),
    "heads": ("heads = ['Rule[ ]']", r"heads = ['Rule[ ](?:\w+[ ]?)+!', 'Rule[ ]']"),
    "reads_like": ("reads_like = [", r"reads_like = ['(?:\w+[ ]?)+!',"),
    "seems": ("seems = [", r"seems = ['(?:\w+[ ]?)+!',"),
    "list_items": ("words = [", "list_items = ['(?:[^!]+)+!']\nwords = ["),
    "confirmed_by": ('first = "R"', "first = \"R\"\nconfirmed_by = '(?:[\\w -]+)+!'"),
    "inside": (r"inside = '#\)'", r"inside = '(?:\w+[ ]?)+#!'"),
    "lookbehind": ("reads_like = [", r"reads_like = ['(?=(?:\w+)+!)r',"),
}  # fmt: skip


_MORE = f"""**Rule 4{"a" * 400}**

Rule 4{"a" * 400}

Rule 4 - Long {"word " * 17}end

1) Text. Then {"a" * 400} 2

R{"a" * 36}

{"a" * 80}

"""
LONG = TEXT.replace("Form 1", f"{_MORE}Form 1")


@pytest.mark.parametrize("key", BOMBS)
def test_a_regular_expression_that_takes_for_ever_is_stopped_and_named(key: str) -> None:
    old, new = BOMBS[key]
    assert old in TOML
    # Without its limit the pattern would not end in a lifetime.
    result = cut(TOML.replace(old, new), LONG, seconds=1)
    assert [problem.code for problem in result.problems] == ["PROFILE_TOO_SLOW"]
    assert "profile check rule-book" in result.problems[0].message


def test_a_pattern_that_takes_all_memory_is_stopped_and_named() -> None:
    toml = TOML.replace("seems = [", r"seems = ['(?:(w)|(o)|[\s\S])*!',")
    result = cut(toml, TEXT + "word \n" * 8_000_000)
    assert [problem.code for problem in result.problems] == ["PROFILE_TOO_LARGE"]


def test_the_limits_of_a_process_are_what_they_were_afterwards() -> None:
    limits = (resource.RLIMIT_CPU, resource.RLIMIT_AS)
    before = [resource.getrlimit(limit) for limit in limits]
    with time_limit(60):
        assert resource.getrlimit(resource.RLIMIT_AS)[0] == 4 << 30
        assert resource.getrlimit(resource.RLIMIT_CPU)[0] != resource.RLIM_INFINITY
    with pytest.raises(TimeUp), time_limit(0.05):
        time.sleep(5)
    assert [resource.getrlimit(limit) for limit in limits] == before
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_process_that_hears_no_alarm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = "import time; from {module} import main; time.sleep(60)"
    monkeypatch.setattr(own_planning, "_CODE", deaf)
    monkeypatch.setattr(own_planning, "GRACE_S", 0)
    # Left alone it would end by itself, after a minute, with no answer: that is another error.
    assert [problem.code for problem in cut(TOML, seconds=1).problems] == ["PROFILE_TOO_SLOW"]


def test_a_process_that_has_used_up_its_processor_time_was_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = "import os, signal; from {module} import main; os.kill(os.getpid(), signal.SIGXCPU)"
    monkeypatch.setattr(own_planning, "_CODE", spent)
    assert [problem.code for problem in cut(TOML).problems] == ["PROFILE_TOO_SLOW"]


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "{module}", "import os; os.kill(os.getpid(), 9)"])
def test_a_process_that_dies_is_no_result(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(own_planning, "_CODE", code)
    with pytest.raises(Unmeasured, match="gave no answer"):
        cut(TOML)


@pytest.mark.usefixtures("plans_here")
def test_an_own_profile_leaves_nothing_out_of_the_text() -> None:
    """What is dropped is checked against the profile in the console's process, which matches no own pattern."""
    furniture = "[furniture]\nholds = 'GAZETTE'\nrunning_head = 'GAZETTE No[.] \\d+'\n\n[fragments]"
    problem = cut(TOML.replace("[fragments]", furniture, 1)).problems[0]
    assert problem.code == "PROFILE_UNFIT"
    assert "pydantic" not in problem.message
    assert "key furniture: only shipped profiles leave page furniture out" in problem.message


@pytest.mark.parametrize(
    "forged",
    [
        {"docprefix": "OTHER"},
        {"profile": "another"},
        {"ordinals": True},
        {"profile_sha256": "0" * 64},
        {"source": None},
        None,
    ],
    ids=lambda forged: next(iter(forged)) if forged else "nothing",
)
def test_an_answer_is_believed_only_if_it_is_one_to_this_request(
    monkeypatch: pytest.MonkeyPatch, forged: dict[str, object] | None
) -> None:
    plan = accepted(cut(TOML))
    if forged is not None and "source" in forged:
        forged = {"source": accepted(cut(TOML, TEXT + "\n")).source}
    told = plan.model_copy(update=forged).model_dump_json() if forged is not None else "null"
    monkeypatch.setattr(own_planning, "run_worker", lambda *_: f'{{"plan": {told}, "problems": []}}'.encode())
    assert [problem.code for problem in cut(TOML).problems] == ["PROFILE_UNFIT"]


def test_a_plan_whose_spans_were_moved_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = accepted(cut(TOML))
    moved = plan.units[1].model_copy(update={"byte_end": plan.units[1].byte_end - 1})
    wrong = plan.model_copy(update={"units": (plan.units[0], moved, *plan.units[2:])})
    answer = f'{{"plan": {wrong.model_dump_json()}, "problems": []}}'.encode()
    monkeypatch.setattr(own_planning, "run_worker", lambda *_: answer)
    assert "SPANS_DO_NOT_MEET" in {problem.code for problem in cut(TOML).problems}


def test_a_profile_whose_patterns_match_every_line_is_bounded() -> None:
    toml = re.sub(r"(?m)^(plain|pattern) = .*$", r"\1 = '(?P<number>\\d*).*'", TOML)
    greedy = re.sub(
        r"(?m)^first = .*$", 'first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"', toml
    )
    greedy = re.sub(r"(?m)^heads = .*$", "heads = ['.']", greedy)
    result = cut(greedy, "line of text\n" * 150_000, seconds=60)
    assert result.plan is None
    assert result.problems


def test_a_folder_is_planned_by_an_own_profile_and_a_slow_document_is_named(tmp_path: Path) -> None:
    (tmp_path / "good.md").write_text(TEXT)
    (tmp_path / "slow.md").write_text(TEXT + "\nRule 4" + "a" * 400 + "\n")
    old, new = BOMBS["plain"]
    profile = TOML.replace(old, new.replace("!", "(?:!|<sep><title>)")).encode()
    request = FolderRequest(tmp_path, ChosenProfile("rule-book", profile), limits=Limits(profile_seconds=1))
    documents = list(plan_entries(request, list_documents(tmp_path), 2))
    assert [(d.name, d.outcome, [r.code for r in d.refused]) for d in documents] == [
        ("good.md", Outcome.PASS, []),
        ("slow.md", Outcome.FAIL, ["PROFILE_TOO_SLOW"]),
    ]


FAULTY = {
    "flags in heads": ("heads = ['Rule[ ]']", "heads = ['(?i)rule[ ]']"),
    "flags in reads_like": ("reads_like = [", "reads_like = ['(?i)zzz', '(?i)yyy',"),
    "a group twice": ("seems = [", "seems = ['(?P<a>z)', '(?P<a>y)',"),
}


@pytest.mark.usefixtures("plans_here")
def test_a_file_with_a_name_that_no_profile_can_have_is_listed_with_the_reason(tmp_path: Path) -> None:
    write_profile(tmp_path)
    for name in (b"Rule-Book", b"r\xfcle", b"rule\x1b[31mbook", b""):
        (tmp_path / os.fsdecode(name + b".toml")).write_text(TOML)
    listed = list_profiles(tmp_path, Limits()).profiles[-5:]
    assert listed[0].name == "rule-book"
    assert listed[0].fault == ""
    assert {profile.name for profile in listed[1:]} == {"", "Rule-Book", "r<U+DCFC>le", "rule\u241b[31mbook"}
    assert all("is no name of a profile: a small letter" in profile.fault for profile in listed[1:])
    assert all("rename the file" in profile.fault for profile in listed[1:])
    assert known_names(tmp_path) == (*SHIPPED_NAMES, "rule-book")


@pytest.mark.parametrize("name", ["akn+bis", "akn+numbers+bis", "akn+x"])
def test_an_option_of_the_profile_that_has_none_is_refused_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="profile akn has no options: the structure is that of the markup") as caught:
        choose_profile(name, tmp_path)
    assert caught.value.next_action == "choose akn"


@pytest.mark.usefixtures("plans_here")
@pytest.mark.parametrize("fault", FAULTY)
def test_patterns_that_cannot_be_joined_are_the_profiles_fault(fault: str, tmp_path: Path) -> None:
    toml = TOML.replace(*FAULTY[fault])
    assert toml != TOML
    (problem,) = cut(toml).problems
    assert (problem.code, problem.line) == ("PROFILE_UNFIT", 0)
    assert "are joined into one pattern each, and one is none" in problem.message
    assert "pydantic" not in problem.message
    write_profile(tmp_path, toml=toml)
    listed = {profile.name: profile for profile in list_profiles(tmp_path, Limits()).profiles}
    assert "joined" in listed["rule-book"].fault


@pytest.mark.usefixtures("plans_here")
def test_fragments_work_in_every_pattern() -> None:
    toml = TOML.replace("[fragments]", "[fragments]\nboat = 'boatword'\nclose = '\\)'", 1)
    named = toml.replace("reads_like = [", "reads_like = ['<boat>',").replace("inside = '#\\)'", "inside = '#<close>'")
    text = TEXT.replace("2) A boat is returned by night.", "Boatword is here.")
    text = text.replace("1) A boat is lent to members who:", "1) A boat is lent. 2) It is lent to members who:")
    reasons = {suspect.reason.value for suspect in accepted(cut(named, text)).suspects}
    assert {"spelling", "inside-line"} <= reasons


@pytest.mark.usefixtures("plans_here")
def test_the_parts_of_a_title_are_named_by_an_own_profile_too() -> None:
    toml = TOML.replace("[fragments]", "[[title_part]]\nname = 'head'\nbegins = 'RULE'\n\n[fragments]", 1)
    assert [part.name for part in cut(toml).title_parts] == ["head"]
