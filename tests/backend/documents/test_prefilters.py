"""Searches that are quick because they look at less find all that the full ones find."""

import re
from random import Random

import pytest

from console.backend.documents import suspects
from console.backend.documents.canonical import bounded
from console.backend.documents.folding import HIDING, holds_invisible
from console.backend.documents.matching import _joined, matcher
from console.backend.documents.profiles import load_profile
from tests.backend.documents import beginnings
from tests.backend.documents.test_suspects import SAMPLES

_SURROGATES = range(0xD800, 0xE000)


def changed(sample: str, seeds: int) -> list[str]:
    """The sample, and as often as there are seeds and changes the sample with every third line changed."""
    lines = SAMPLES[sample].lstrip("\n").split("\n")
    changes = (*beginnings.CHANGES, beginnings.mistyped)
    return [
        "\n".join(lines),
        *(
            "\n".join(
                change(line, Random(seed)) if line and (at + seed) % 3 == 0 else line for at, line in enumerate(lines)
            )
            for seed in range(seeds)
            for change in changes
        ),
    ]


def test_each_invisible_character_is_found_and_no_other() -> None:
    signs = [chr(code) for code in range(1, 0x11000) if code not in _SURROGATES and code != ord("\n")]
    wrong = [sign for sign in signs if holds_invisible(bounded(f"a{sign}", "none")) != bool(HIDING.match(f"a{sign}"))]
    assert wrong == []


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_search_over_the_whole_text_finds_each_line_that_can_or_may_seem_to_begin_something(sample: str) -> None:
    compiled = matcher(sample.partition(",")[0])
    for text in changed(sample, seeds=4):
        whole = [(match.start() + 1, match.lastindex == 1) for match in compiled.lines.finditer(f"\n{text}")]
        start, alone = 1, []
        for line in text.split("\n"):
            match = compiled.first_line.match(line)
            alone += [(start, match.lastindex == 1)] if match is not None else []
            start += len(line) + 1
        assert whole == alone


@pytest.mark.parametrize("sample", SAMPLES)
def test_something_can_begin_behind_what_ends_as_a_sentence_does(sample: str) -> None:
    for text in changed(sample, seeds=2):
        start = 0
        for above, line in zip(["", *text.split("\n")], text.split("\n"), strict=False):
            ends = not above.strip() or above.rstrip().endswith(tuple('.;:!?…”“"»)]}|>—–'))
            assert suspects.follows_an_end(text, start) == ends
            start += len(line) + 1


@pytest.mark.parametrize("phrase", ["phu luc", "so do so", "a b"])
def test_a_phrase_with_one_slip_anywhere_is_near(phrase: str) -> None:
    places = range(len(phrase))
    slips = {
        *(phrase[:at] + phrase[at + 1 :] for at in places),
        *(phrase[:at] + letter + phrase[at:] for at in places for letter in "qx "),
        *(phrase[:at] + letter + phrase[at + 1 :] for at in places for letter in "qx "),
        *(phrase[:at] + phrase[at : at + 2][::-1] + phrase[at + 2 :] for at in places[:-1]),
    }
    far = [slip for slip in slips for rest in ("", " 1", "x") if not suspects._is_near_phrase(slip + rest, phrase)]
    assert all(slip.startswith(phrase) for slip in far), far
    assert not suspects._is_near_phrase(phrase, phrase)


@pytest.mark.parametrize("sample", SAMPLES)
def test_heads_that_share_a_fragment_find_each_line_that_one_of_them_finds(sample: str) -> None:
    compiled = matcher(sample.partition(",")[0])
    profile = compiled.profile
    flags = re.IGNORECASE if profile.ignore_case else re.NOFLAG
    heads = [
        re.compile(rf"(?:\*\*|__)?{profile.regex(head)}", flags) for level in profile.level for head in level.heads
    ]
    firsts = {"*", "_", *(sign for level in profile.level for sign in level.first)}
    for line in "\n".join(changed(sample, seeds=4)).split("\n"):
        text = line.removeprefix(" ").removeprefix(" ").removeprefix(" ")
        if text[:1] in firsts and any(head.match(text) for head in heads):
            assert compiled.beginning.match(line) is not None


def test_a_fragment_that_the_rest_of_a_head_closes_is_not_shared() -> None:
    profile = load_profile("de-law").model_copy(update={"fragments": {"open": "(?:a|b", "word": "a|b"}})
    heads = [r"<open>)c", r"<open>)d", r"<word>c", r"<word>d", r"<word>?e", r"<word>f|g"]
    joined, apart = re.compile(_joined(profile, heads)), [re.compile(profile.regex(head)) for head in heads]
    for line in ("ac", "bd", "bc", "a", "b", "be", "e", "bf", "g", "c", "d"):
        assert (joined.match(line) is not None) == any(head.match(line) for head in apart)
