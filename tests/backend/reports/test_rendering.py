"""What a report prints is inert, and a value that nobody measured stops it."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from console.backend.model.outcome import Evidence
from console.backend.model.redaction import redact
from console.backend.model.safe_text import safe_text
from console.backend.publication.rendering import Evidences, Inert, Unrendered, code, markdown, render, step

HOSTILE = st.text(
    alphabet=st.one_of(st.sampled_from("\\`*_{}[]<>#|!~&$-+=:.()/@'\"1aZ \n\r\t\x1b\u202e\u200b"), st.characters()),
    max_size=40,
)
_PARSER = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
_INERT = {"text", "text_special", "inline", "softbreak"}


def inline(markup: str) -> list[Token]:
    """Every inline token of the markup."""
    return [child for token in _PARSER.parse(markup) for child in token.children or ()]


def blocks(markup: str) -> list[str]:
    """The types of the block tokens."""
    return [token.type for token in _PARSER.parse(markup)]


@given(HOSTILE)
@example("[click](javascript:alert(1))")
@example("<script>alert(1)</script>")
@example("![x](http://evil)")
@example("a __b__ _c_ ~~d~~ `e` &lt;")
@example("| a | b |\n|---|---|")
@example("\x1b[31mred\u202e")
def test_a_value_opens_no_markup_in_a_sentence(text: str) -> None:
    shown = inline(f"Said: {markdown(text)} [G1.x]")

    assert {token.type for token in shown} <= _INERT


@given(HOSTILE)
@example("1. first")
@example("- item")
@example("# heading")
@example("```")
@example("===")
def test_a_value_opens_no_block_in_a_list_or_on_a_line_of_its_own(text: str) -> None:
    opened = {"paragraph_open", "inline", "paragraph_close"}

    assert set(blocks(markdown(text))) <= opened
    assert set(blocks(f"- {markdown(text)}")) <= {
        *opened,
        *(f"{a}_{b}" for a in ("bullet_list", "list_item") for b in ("open", "close")),
    }


@given(HOSTILE)
@example("a|b")
@example("a\\|b")
def test_a_value_stays_in_its_cell(text: str) -> None:
    table = f"| one | two |\n|---|---|\n| {markdown(text)} | second |\n"

    assert blocks(table).count("td_open") == 2
    assert inline(table)[-1].content == "second"


@given(HOSTILE)
@example("``a`")
@example("`")
@example("<b>")
def test_a_command_is_one_code_span(text: str) -> None:
    shown = [token for token in inline(f"Next: {code(text)} .") if token.type not in _INERT]

    assert [token.type for token in shown] == (["code_inline"] if code(text) else [])


@pytest.mark.parametrize(
    ("said", "commands"),
    [
        ("Let it rest, or: cutter-console disarm; then: cutter-console gates G4", ["cutter-console disarm", "cutter-console gates G4"]),
        ("See cutter-console hold show; when it is released", ["cutter-console hold show"]),
        ("Find out who did it (cutter-console run list), then: cutter-console bundle", ["cutter-console run list", "cutter-console bundle"]),
        ("Make room on the file system (see: cutter-console backup list).", ["cutter-console backup list"]),
        ('Stop: cutter-console panic --reason "a; b (c)"; then call the sovereign.', ['cutter-console panic --reason "a; b (c)"']),
        ("cutter-console init --pin (with --repin where another is pinned)", ["cutter-console init --pin"]),
        ("chmod 0640 /var/lib/a b/x.sql", ["chmod 0640 /var/lib/a b/x.sql"]),
        ("As an administrator: GRANT SELECT (a, b) ON t TO r;", ["GRANT SELECT (a, b) ON t TO r;"]),
        ("See the GRANT or REVOKE that repairs it: cutter-console drift", ["cutter-console drift"]),
        ("Write the policy file again, and have it agreed.", []),
    ],
)  # fmt: skip
def test_a_command_in_a_next_action_can_be_copied_without_the_words_around_it(said: str, commands: list[str]) -> None:
    tokens = inline(f"Next action: {step(said)}")

    assert [token.content for token in tokens if token.type == "code_inline"] == commands
    assert "".join(token.content for token in tokens) == f"Next action: {said}"


@given(HOSTILE)
def test_a_next_action_opens_nothing_but_code_spans(text: str) -> None:
    shown = inline(f"Next action: {step(f'{text}; then: cutter-console gates {text}')} .")

    assert {token.type for token in shown} <= {*_INERT, "code_inline"}


@given(HOSTILE)
def test_no_control_character_reaches_a_document(text: str) -> None:
    said = markdown(text) + code(text)

    assert safe_text(said) == said


def test_names_of_the_database_read_as_they_are_written() -> None:
    assert markdown("cutter_governance.run_event") == "cutter_governance.run_event"


def test_a_secret_is_taken_out() -> None:
    assert "hunter2" not in markdown("host=db password=hunter2") + code("psql postgresql://a:hunter2@db/x")


def test_evidence_that_nobody_measured_stops_the_document() -> None:
    with pytest.raises(Unrendered, match=r"G9\.never"):
        Evidences(()).get("G9.never")


def test_one_id_for_two_answers_stops_the_document() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    one = Evidence(id="G1.x", asked="a", source="b", answer="c", measured_at=now)

    with pytest.raises(Unrendered, match="two answers"):
        Evidences((one, one.model_copy(update={"answer": "d"})))


def test_a_name_that_is_not_there_stops_the_document() -> None:
    with pytest.raises(Unrendered, match="undefined"):
        render("bundle/01-precheck.md.j2", Evidences(()), {})


_PIECES = (
    *(
        "plain",
        "",
        " ",
        "two words",
        "password=hunter2",
        "password=",
        "token:",
        "hunter2",
        "<redacted>",
        "Bearer",
        "abcdefgh12345",
    ),
    *(
        "postgresql://a:",
        "b@db/x",
        "postgresql://a:b@db/x",
        "db:5432:x:",
        "db:5432:x:y:z",
        "-----BEGIN PRIVATE KEY-----",
        "MIIC",
    ),
    *(
        "-----END PRIVATE KEY-----",
        "a\x1b[2J",
        "a\nb",
        "\u202e",
        "\u00a0",
        "PASSWORD 'x'",
        "'",
        '"',
        "SCRAM-SHA-256$x",
        "SCRAM-SHA-256$",
    ),
)


@pytest.mark.parametrize("seed", range(300))
def test_texts_made_inert_together_are_those_made_inert_one_by_one(seed: int) -> None:
    """What precedes a text, or follows it, neither hides a secret in it nor makes one of it."""
    random = Random(seed)
    texts = ["".join(random.choices(_PIECES, k=random.randint(1, 3))) for _ in range(random.randint(1, 6))]
    together = Inert()
    together.add(texts)
    assert {text: together[text] for text in texts} == {text: safe_text(redact(text)) for text in texts}


def test_texts_with_nothing_to_hide_are_made_inert_in_one_pass() -> None:
    found = Inert()
    found.add(("one", "two"))
    assert dict(found) == {"one": "one", "two": "two"}
