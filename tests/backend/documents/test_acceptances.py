"""Acceptances: what the enacted text itself does is accepted by line and code, and nothing else is hidden by it."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.backend.documents.acceptances import (
    ACCEPTABLE,
    ADDRESS_REPEATED,
    AMBIGUOUS,
    MORE,
    acceptances_for,
    parse_acceptances,
    proposal,
)
from console.backend.documents.limits import DEFAULT_LIMITS
from console.backend.documents.planning import PlanResult, plan_document
from console.backend.model.canonical_json import canonical_json, sha256_hex
from console.backend.model.errors import Refused
from console.backend.model.plan import Acceptance, DocumentPlan, Problem, acceptances_in_words
from tests.backend.documents.planned import addresses, planned, refusals
from tests.backend.documents.test_suspects import suspects
from tests.support.plans import accepted

SHARED = Path(__file__).resolve().parents[4] / "shared"
CASES = Path(os.environ.get("CUTTER_CASES", SHARED / "cases"))
VI_CORPUS = Path(os.environ.get("CUTTER_CORPUS", SHARED / "corpus")) / "vi"

REPEATED = "## § 1 Zweck\n\n(1) Eins.\n\n(2) Zwei.\n\n(2) (weggefallen)\n\n(3) Drei.\n"
TWO_GAPS = "Điều 1. A\n\nx\n\n2. Hai.\n\n4. Bốn.\n"
UNCLOSED = "## § 1 A\n\n„Ein Wort.\n\n## § 2 B\n\nx\n"
UNKNOWN = "## Điều 1. A\n\nx\n\n## Ghi chú\n\ny\n\n## Điều 2. B\n\nx\n"
AMBIGUOUS_PARAGRAPH = "Điều 1. A\n\n1. Một\nhai\n2. Ba.\n"
AMBIGUOUS_HEADING = "Điều 1. A\n\nMột câu dài\nĐiều 2. B\n\nx\n"


def accept(line: int, code: str, suffix: str = "", read_as: str = "") -> Acceptance:
    """An acceptance with a reason."""
    return Acceptance(line=line, code=code, reason="as it was enacted", suffix=suffix, read_as=read_as)


def accepting(text: str, profile: str, *acceptances: Acceptance) -> PlanResult:
    """Plan a text with acceptances."""
    raw = text.encode()
    return plan_document(raw, origin="file:doc.md", docprefix="DOC", profile=profile, acceptances=acceptances)


@dataclass(frozen=True)
class Finding:
    """A text whose only problem is accepted, and the addresses that it then has."""

    text: str
    profile: str
    acceptance: Acceptance
    addresses: str


FINDINGS = (
    Finding("## § 1 A\n\nx\n\n(2) Zwei.\n", "de-law", accept(5, "NUMBER_GAP"), "PAR-1 PAR-1/ABS-2"),
    Finding("Điều 1. A\n\nx\n\nĐiều 3. B\n\nx\n", "vi-law", accept(5, "NUMBER_GAP"), "DIEU-1 DIEU-3"),
    Finding(
        "## § 1 A\n\nx\n\n## § 3 B\n\nx\n\n## § 2 C\n\nx\n",
        "de-law",
        accept(9, "NUMBER_BACKWARDS"),
        "PAR-1 PAR-3 PAR-2",
    ),
    Finding(
        REPEATED,
        "de-law",
        accept(7, "ADDRESS_REPEATED", suffix="OLD"),
        "PAR-1 PAR-1/ABS-1 PAR-1/ABS-2 PAR-1/ABS-2-OLD PAR-1/ABS-3",
    ),
    Finding(UNKNOWN, "vi-law", accept(5, "UNKNOWN_HEADING"), "DIEU-1 DIEU-2"),
    Finding(UNCLOSED, "de-law", accept(3, "UNCLOSED_QUOTATION"), "PAR-1 PAR-2"),
    Finding(
        AMBIGUOUS_PARAGRAPH,
        "vi-law",
        accept(5, "AMBIGUOUS_PARAGRAPH", read_as="unit"),
        "DIEU-1 DIEU-1/KHOAN-1 DIEU-1/KHOAN-2",
    ),
    Finding(AMBIGUOUS_PARAGRAPH, "vi-law", accept(5, "AMBIGUOUS_PARAGRAPH", read_as="text"), "DIEU-1 DIEU-1/KHOAN-1"),
    Finding(AMBIGUOUS_HEADING, "vi-law", accept(4, "AMBIGUOUS_HEADING", read_as="unit"), "DIEU-1 DIEU-2"),
    Finding(AMBIGUOUS_HEADING, "vi-law", accept(4, "AMBIGUOUS_HEADING", read_as="text"), "DIEU-1"),
    Finding("# A\n\nx\n\n### B\n\ny\n\n## C\n\nz\n", "atx", accept(5, "DEPTH_JUMP"), "A A/B A/C"),
    Finding(
        "Điều 1. A\n1. Một:\n" + "".join(f"{letter}) Điểm {letter};\n" for letter in "abcdđeghijk"),
        "vi-law",
        accept(12, "FOREIGN_LETTER"),
        "DIEU-1 DIEU-1/KHOAN-1" + "".join(f" DIEU-1/KHOAN-1/DIEM-{letter}" for letter in (*"ABCD", "DD", *"EGHIJK")),
    ),
)


def test_each_acceptable_code_is_tried_here() -> None:
    assert {finding.acceptance.code for finding in FINDINGS} == set(ACCEPTABLE)


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: f"{finding.acceptance.code}-{finding.profile}")
def test_exactly_one_finding_is_accepted_by_line_and_code(finding: Finding) -> None:
    acceptance = finding.acceptance
    assert refusals(planned(finding.text.encode(), finding.profile)) == [(acceptance.line, acceptance.code)]
    result = accepting(finding.text, finding.profile, acceptance)
    assert addresses(result) == finding.addresses.split()
    assert accepted(result).acceptances == (acceptance,)


@pytest.mark.parametrize(
    ("finding", "named"),
    [
        (FINDINGS[0], (5, "missing-number", "PAR-1")),
        (FINDINGS[1], (5, "missing-number", "DIEU-1")),
        (FINDINGS[4], (5, "unknown-heading", "DIEU-1")),
        (FINDINGS[7], (5, "continues", "DIEU-1/KHOAN-1")),
        (FINDINGS[9], (4, "continues", "DIEU-1")),
    ],
)
def test_what_an_acceptance_leaves_without_a_unit_is_a_suspect(finding: Finding, named: tuple[int, str, str]) -> None:
    assert suspects(accepting(finding.text, finding.profile, finding.acceptance)) == [named]


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.acceptance.code)
def test_an_acceptance_that_meets_no_finding_is_refused(finding: Finding) -> None:
    """Another line, and another code in this line: neither is taken for the finding."""
    line, code = finding.acceptance.line, finding.acceptance.code
    other = accept(line, next(name for name in ("NUMBER_GAP", "UNCLOSED_QUOTATION") if name != code))
    for wrong in (finding.acceptance.model_copy(update={"line": line + 2}), other):
        result = accepting(finding.text, finding.profile, wrong)
        assert refusals(result) == sorted([(line, code), (wrong.line, "ACCEPTANCE_UNMATCHED")])
    message = next(p.message for p in result.problems if p.code == "ACCEPTANCE_UNMATCHED")
    assert message == (
        f"entry 1 accepts {other.code} in line {line}, and the text has no such finding there: remove the entry, or "
        "correct its line or code"
    )


def test_an_acceptance_of_a_sound_text_is_refused() -> None:
    assert refusals(accepting("## § 1 A\n\nx\n", "de-law", accept(1, "NUMBER_GAP"))) == [(1, "ACCEPTANCE_UNMATCHED")]


@pytest.mark.parametrize(
    ("text", "profile", "acceptances", "left"),
    [
        # The same code in another line.
        (TWO_GAPS, "vi-law", (accept(5, "NUMBER_GAP"),), [(7, "NUMBER_GAP")]),
        # The third number of its kind is not accepted with the second.
        (REPEATED + "\n(2) Zeta\n", "de-law", (accept(7, "ADDRESS_REPEATED", "OLD"),), [(11, "ADDRESS_REPEATED")]),
        # The mark hid a unit whose number is missing.
        ("## § 1 A\n\n„Wort.\n\n(2) Beta\n", "de-law", (accept(3, "UNCLOSED_QUOTATION"),), [(5, "NUMBER_GAP")]),
        # Behind the mark another quotation stays open.
        (
            "## § 1 A\n\n„Wort.\n\n„Noch eins.\n\n## § 2 B\n\nx\n",
            "de-law",
            (accept(3, "UNCLOSED_QUOTATION"),),
            [(5, "UNCLOSED_QUOTATION")],
        ),
        # An unmarked line with the missing number.
        (
            "**Điều 1. A**\n\nx\n\nĐiều 2. B\n\nx\n\n**Điều 3. C**\n\nx\n",
            "vi-law",
            (accept(9, "NUMBER_GAP"),),
            [(5, "MIXED_MARKING")],
        ),
        # What follows a line that is read as text.
        (
            AMBIGUOUS_PARAGRAPH + "\n3. Bốn.\n",
            "vi-law",
            (accept(5, "AMBIGUOUS_PARAGRAPH", read_as="text"),),
            [(7, "NUMBER_GAP")],
        ),
        # The heading's line is text; the numbers below it are still those of the article.
        (
            "## Điều 1. A\n\n1. a\n\n## Ghi chú\n\n3. c\n",
            "vi-law",
            (accept(5, "UNKNOWN_HEADING"),),
            [(7, "NUMBER_GAP")],
        ),
    ],
)
def test_an_accepted_finding_hides_no_other(
    text: str, profile: str, acceptances: tuple[Acceptance, ...], left: list[tuple[int, str]]
) -> None:
    assert refusals(accepting(text, profile, *acceptances)) == left


def test_a_quotation_behind_an_accepted_mark_still_hides_and_names() -> None:
    text = "## § 1 A\n\n„Wort.\n\n## § 2 B\n\n„Zitat:\n\n## § 9 Z\n\nEnde.“\n\n## § 3 C\n\nx\n"
    # The last mark closes the first, until the first is text.
    result = accepting("## § 1 A\n\n„Wort „innen.\n\n## § 2 B\n\nx\n", "de-law", accept(3, "UNCLOSED_QUOTATION"))
    assert addresses(result) == ["PAR-1", "PAR-2"]
    assert refusals(planned(text.encode(), "de-law")) == [(3, "UNCLOSED_QUOTATION")]
    result = accepting(text, "de-law", accept(3, "UNCLOSED_QUOTATION"))
    assert addresses(result) == ["PAR-1", "PAR-2", "PAR-3"]
    assert suspects(result) == [(9, "quoted", "PAR-2")]


def test_an_accepted_suffix_must_make_the_address_unique() -> None:
    text = REPEATED + "\n(2) Zeta\n"
    twice = (accept(7, "ADDRESS_REPEATED", "OLD"), accept(11, "ADDRESS_REPEATED", "OLD"))
    assert refusals(accepting(text, "de-law", *twice)) == [(11, "ACCEPTANCE_SUFFIX")]
    once = (twice[0], accept(11, "ADDRESS_REPEATED", "OLDER"))
    assert addresses(accepting(text, "de-law", *once))[-1] == "PAR-1/ABS-2-OLDER"


def test_what_stands_below_a_repeated_heading_is_no_finding_of_its_own() -> None:
    text = "# A\n\nx\n\n## B\n\nx\n\n# A\n\nx\n\n## B\n\nx\n\n## B\n\nx\n"
    assert refusals(planned(text.encode())) == [(9, "ADDRESS_REPEATED"), (17, "ADDRESS_REPEATED")]
    both = (accept(9, "ADDRESS_REPEATED", "TWO"), accept(17, "ADDRESS_REPEATED", "TWO"))
    assert addresses(accepting(text, "atx", *both)) == ["A", "A/B", "A-TWO", "A-TWO/B", "A-TWO/B-TWO"]


def test_acceptances_are_part_of_what_is_signed() -> None:
    finding = FINDINGS[0]
    plan = accepted(accepting(finding.text, finding.profile, finding.acceptance))
    other_reason = finding.acceptance.model_copy(update={"reason": "another"})
    assert plan.content_digest != accepted(accepting(finding.text, finding.profile, other_reason)).content_digest
    without = DocumentPlan.model_validate({**plan.model_dump(), "acceptances": ()})
    assert plan.content_digest != without.content_digest
    assert DocumentPlan.model_validate_json(canonical_json(plan)) == plan


def test_the_order_of_the_entries_does_not_change_the_digest() -> None:
    two = (accept(5, "NUMBER_GAP"), accept(7, "NUMBER_GAP"))
    assert (
        accepted(accepting(TWO_GAPS, "vi-law", *two)).content_digest
        == accepted(accepting(TWO_GAPS, "vi-law", *reversed(two))).content_digest
    )


def test_a_plan_without_acceptances_keeps_its_digest() -> None:
    """It is what version 0.2.0 computed."""
    assert b"acceptances" not in canonical_json(accepted(planned("# A\n\nText.\n")))


def test_acceptances_in_words_name_each_with_its_reason() -> None:
    assert acceptances_in_words(()) == "none"
    assert acceptances_in_words((accept(5, "NUMBER_GAP"),)) == "1: line 5 NUMBER_GAP: as it was enacted"


ENTRY = '[[accept]]\nline = 5\ncode = "NUMBER_GAP"\nreason = "enacted so"\n'


def test_an_accept_file_is_read_in_its_order() -> None:
    text = (
        ENTRY
        + '[[accept]]\nline = 2\ncode = "ADDRESS_REPEATED"\nsuffix = "2"\nreason = """enacted\n  so"""\n'
        + '[[accept]]\nline = 5\ncode = "AMBIGUOUS_HEADING"\nread_as = "text"\nreason = "bell \\u0007"\n'
    )
    assert parse_acceptances(text.encode(), "a.toml") == (
        Acceptance(line=5, code="NUMBER_GAP", reason="enacted so"),
        Acceptance(line=2, code="ADDRESS_REPEATED", suffix="2", reason="enacted so"),
        Acceptance(line=5, code="AMBIGUOUS_HEADING", read_as="text", reason="bell ␇"),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.toml: must hold [[accept]] entries and nothing else; it holds nothing"),
        ("accept = []\n", "a.toml: must hold [[accept]] entries"),
        ("accept = [1]\n", "a.toml: entry 1 is no table"),
        (ENTRY + "[other]\n", "nothing else; it holds accept, other"),
        ("[[accept]]\nline = \n", "a.toml: is not TOML: Invalid value (at line 2, column 8)"),
        ("line = " + "[" * 20_000, "a.toml: is not TOML"),
        ("line = " + "9" * 20_000, "a.toml: is not TOML"),
        ("x" * 2_000_000, "a.toml: has more than 1,048,576 bytes"),
        (ENTRY + ENTRY, "entry 2 accepts NUMBER_GAP in line 5 again, like entry 1"),
        (ENTRY.replace("5", "0"), "entry 1 (line 0) has no line"),
        (ENTRY.replace("5", "true"), "has no line"),
        (ENTRY.replace("line = 5\n", ""), "entry 1 has no line"),
        (ENTRY.replace('code = "NUMBER_GAP"\n', ""), "entry 1 (line 5) has no code"),
        (ENTRY.replace('"NUMBER_GAP"', "7"), "has a code that is no text"),
        (ENTRY.replace("NUMBER_GAP", "MIXED_MARKING"), "entry 1 (line 5) cannot accept MIXED_MARKING"),
        (ENTRY.replace("enacted so", ""), "entry 1 (line 5) has no reason"),
        (ENTRY.replace("enacted so", " \\t\\n "), "has no reason"),
        (ENTRY.replace('reason = "enacted so"\n', ""), "has no reason"),
        (ENTRY.replace("enacted so", "x" * 501), "has a reason of 501 characters"),
        (ENTRY + 'resaon = "x"\n', "has 'resaon'"),
        (ENTRY + 'suffix = "2"\n', "has a suffix, and NUMBER_GAP takes none"),
        (ENTRY + 'read_as = "unit"\n', "has read_as, and NUMBER_GAP takes none"),
        (ENTRY.replace("NUMBER_GAP", "ADDRESS_REPEATED"), "has no suffix of A-Z"),
        (ENTRY.replace("NUMBER_GAP", "ADDRESS_REPEATED") + 'suffix = "-2"\n', "has no suffix of A-Z"),
        (ENTRY.replace("NUMBER_GAP", "ADDRESS_REPEATED") + 'suffix = "a/B"\n', "has no suffix of A-Z"),
        (ENTRY.replace("NUMBER_GAP", "ADDRESS_REPEATED") + f'suffix = "{"9" * 33}"\n', "has no suffix of A-Z"),
        (ENTRY.replace("NUMBER_GAP", "AMBIGUOUS_HEADING"), "does not answer the question"),
        (ENTRY.replace("NUMBER_GAP", "AMBIGUOUS_HEADING") + 'read_as = "title"\n', "does not answer the question"),
    ],
)
def test_an_unfit_accept_file_is_refused_with_its_entry_and_what_to_do(content: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_acceptances(content.encode(), "a.toml")
    assert message in refused.value.message
    assert refused.value.next_action


def test_an_accept_file_that_is_not_utf_8_is_refused_with_its_line() -> None:
    with pytest.raises(Refused, match=r"a\.toml: is not UTF-8 in line 4"):
        parse_acceptances(ENTRY.encode().replace(b"enacted", b"\xff"), "a.toml")


def proposed(result: PlanResult) -> str:
    """The accept file that is proposed for a text."""
    text = proposal(result.canonical, "doc.md", result.request.acceptances, result.problems)
    assert text is not None
    return text


def completed(text: str) -> tuple[Acceptance, ...]:
    """A proposed file with reasons, suffixes and readings written into it."""
    filled = text.replace('reason = ""', 'reason = "so"').replace('read_as = ""', 'read_as = "text"')
    pieces = filled.split('suffix = ""')
    numbered = "".join(f'{piece}suffix = "N{n}"' for n, piece in enumerate(pieces[:-1])) + pieces[-1]
    return parse_acceptances(numbered.encode(), "a.toml")


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda finding: finding.acceptance.code)
def test_a_proposal_has_the_finding_and_waits_for_a_person(finding: Finding) -> None:
    text = proposed(planned(finding.text.encode(), finding.profile))
    line = finding.text.split("\n")[finding.acceptance.line - 1]
    assert f"# {line}\n" in text
    with pytest.raises(Refused, match=r"entry 1 \(line \d+\) has no reason"):
        parse_acceptances(text.encode(), "a.toml")
    assert [(entry.line, entry.code) for entry in completed(text)] == [
        (finding.acceptance.line, finding.acceptance.code)
    ]


def test_a_proposal_keeps_what_is_accepted_already() -> None:
    quoting = accept(5, "NUMBER_GAP").model_copy(update={"reason": 'said "so" \\ here'})
    unmatched = accept(3, "UNCLOSED_QUOTATION")
    entries = completed(proposed(accepting(TWO_GAPS, "vi-law", quoting, unmatched)))
    assert entries == (quoting, Acceptance(line=7, code="NUMBER_GAP", reason="so"))


def test_a_proposal_names_its_text_and_is_refused_for_any_other() -> None:
    """Acceptances are for lines: with one line more, they would accept another finding or none."""
    text = TWO_GAPS.encode()
    data = proposed(planned(text, "vi-law")).replace('reason = ""', 'reason = "so"').encode()
    assert [entry.line for entry in acceptances_for(text, data, "a.toml", DEFAULT_LIMITS)] == [5, 7]
    # The digest is that of the canonical text: the same lines with other line ends are the same text.
    assert len(acceptances_for(text.replace(b"\n", b"\r\n"), data, "a.toml", DEFAULT_LIMITS)) == 2
    other = b"\n" + text
    with pytest.raises(Refused) as caught:
        acceptances_for(other, data, "a.toml", DEFAULT_LIMITS)
    assert caught.value.message == (
        f"a.toml: was written for the text with sha256 {sha256_hex(text)}; this text has sha256 {sha256_hex(other)}"
    )
    assert "--propose-acceptances" in caught.value.next_action
    without = b"\n".join(line for line in data.split(b"\n") if not line.startswith(b"text_sha256"))
    assert len(acceptances_for(other, without, "a.toml", DEFAULT_LIMITS)) == 2


@pytest.mark.parametrize("stated", ['""', "3", '"0000"', f'"{"A" * 64}"'])
def test_a_digest_that_is_none_is_refused(stated: str) -> None:
    content = f'text_sha256 = {stated}\n[[accept]]\nline = 5\ncode = "NUMBER_GAP"\nreason = "so"\n'
    with pytest.raises(Refused, match="has a text_sha256 that is no sha256"):
        parse_acceptances(content.encode(), "a.toml")


def test_a_proposal_says_that_it_is_not_all() -> None:
    many = "Điều 1. A\n\n" + "".join(f"{2 * number}. Khoản.\n\n" for number in range(1, 211))
    result = planned(many, "vi-law")
    assert result.problems[-1].code == MORE
    text = proposed(result)
    assert "# This is not all: 10 more problems. Complete these entries, then propose again with --accept.\n" in text
    assert len(completed(text)) == 200
    assert "This is not all" not in proposed(planned(TWO_GAPS, "vi-law"))


def test_a_proposal_shows_a_hostile_line_inert() -> None:
    text = "## § 1 A\n\nx\n\n(2) Beta \x1b[2J\x07\n"
    assert [entry.line for entry in completed(proposed(planned(text.encode(), "de-law")))] == [5]


def test_nothing_is_proposed_for_a_text_without_such_findings() -> None:
    result = planned("# A\n\nText.\n")
    assert proposal(result.canonical, "doc.md", (), result.problems) is None
    unfit = (Problem(code="SETEXT_HEADING", line=1, message="x"),)
    assert proposal(result.canonical, "doc.md", (), unfit) is None


_LINES = st.sampled_from(
    [
        *(
            "Điều 1. A",
            "Điều 3. B",
            "Điều 2. C",
            "1. Một",
            "3. Ba",
            "a) x",
            "đ) y",
            "## Ghi chú",
            "Chương I",
            "Chương III",
        ),
        *(
            "## § 1 A",
            "## § 3 B",
            "(1) eins",
            "(3) drei",
            "„Zitat",
            "Ende“",
            '"auf',
            "text",
            "text.",
            "",
            "",
            "Phụ lục",
            "x:",
        ),
    ]
)


@given(lines=st.lists(_LINES, min_size=1, max_size=30), profile=st.sampled_from(["vi-law", "de-law", "atx"]))
def test_accepting_all_that_can_be_gives_a_plan_or_other_problems(lines: list[str], profile: str) -> None:
    text = "\n".join(lines) + "\n"
    result = planned(text.encode(), profile)
    for _ in range(40):
        findings = [problem for problem in result.problems if problem.code in ACCEPTABLE]
        unmet = {problem.line for problem in result.problems if problem.code == "ACCEPTANCE_UNMATCHED"}
        kept = tuple(entry for entry in result.request.acceptances if entry.line not in unmet)
        if not findings and kept == result.request.acceptances:
            break
        added = tuple(_any_acceptance(problem, number) for number, problem in enumerate(findings, len(kept)))
        assert len({(entry.line, entry.code) for entry in (*kept, *added)}) == len(kept) + len(added)
        result = accepting(text, profile, *kept, *added)
    else:
        raise AssertionError(f"no end: {result.problems}")
    if result.plan is not None:
        assert result.plan.coverage.lossless
        assert {(entry.line, entry.code) for entry in result.plan.acceptances} == {
            (entry.line, entry.code) for entry in result.request.acceptances
        }


def _any_acceptance(problem: Problem, number: int) -> Acceptance:
    suffix = f"N{number}-{problem.line}" if problem.code == ADDRESS_REPEATED else ""
    return accept(problem.line, problem.code, suffix, "unit" if problem.code in AMBIGUOUS else "")


@pytest.mark.skipif(not CASES.is_dir(), reason=f"no cases in {CASES}; set CUTTER_CASES")
@pytest.mark.parametrize(
    ("case", "profile", "acceptance", "expected"),
    [
        ("de/09-no-first-paragraph-number.md", "de-law", accept(7, "NUMBER_GAP"), "PAR-1 PAR-1/ABS-2"),
        (
            "de/10-weggefallen-doppelt.md",
            "de-law",
            accept(9, "ADDRESS_REPEATED", "2"),
            "PAR-1 PAR-1/ABS-1 PAR-1/ABS-2 PAR-1/ABS-2-2",
        ),
        (
            "vi/09-gap-in-enacted-text.md",
            "vi-law",
            accept(11, "NUMBER_GAP"),
            "DIEU-1 DIEU-1/KHOAN-1 DIEU-1/KHOAN-1/DIEM-A DIEU-1/KHOAN-1/DIEM-B DIEU-1/KHOAN-1/DIEM-C DIEU-1/KHOAN-1/DIEM-DD",
        ),
    ],
)
def test_a_case_is_planned_with_its_acceptance(case: str, profile: str, acceptance: Acceptance, expected: str) -> None:
    text = (CASES / case).read_text()
    assert refusals(planned(text.encode(), profile)) == [(acceptance.line, acceptance.code)]
    assert addresses(accepting(text, profile, acceptance)) == expected.split()


@pytest.mark.skipif(not VI_CORPUS.is_dir(), reason=f"no corpus in {VI_CORPUS}; set CUTTER_CORPUS")
@pytest.mark.parametrize(("name", "count"), [("constitution.md", 4), ("law-of-data-and-connection.md", 4)])
def test_a_refused_document_is_planned_from_its_completed_proposal(name: str, count: int) -> None:
    raw = (VI_CORPUS / name).read_bytes()
    refused = planned(raw, "vi-law")
    acceptances = completed(proposed(refused))
    assert len(acceptances) == count
    plan = accepted(accepting(raw.decode(), "vi-law", *acceptances))
    assert len(plan.acceptances) == count
    assert {entry.line for entry in acceptances} <= {suspect.line for suspect in plan.suspects}
