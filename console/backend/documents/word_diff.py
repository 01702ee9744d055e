"""The difference of two texts by words, without loss: kept and removed parts are the old text, kept and added the new."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import NamedTuple

from console.backend.model.diff_text import DiffKind, DiffPart

__all__ = ["DiffKind", "DiffPart", "TextDiff", "least_moved", "text_diff", "word_diff"]

_WORD = re.compile(r"\w+|[^\w\s]")
"""A word or a sign; what stands between two of them is space, and is compared where both are kept."""
_BUDGET = 2_000_000
"""Limit of the pairs of equal words that are looked at for one text: about a second, whatever the text says."""
_ISLAND = 2
"""Number of words that stay part of a change if longer changes stand on both sides: a lone `der,` says nothing."""


class TextDiff(NamedTuple):
    """The parts of two texts in order, and how they were told apart."""

    parts: tuple[DiffPart, ...]
    is_coarse: bool = False
    """True if the texts are too long to compare each word: equal lines were looked for first, and a stretch between
    them can be shown as replaced though some of its words are the same."""

    @property
    def only_space(self) -> bool:
        """Return whether the texts differ in nothing but space and line ends."""
        return all(part.kind is DiffKind.KEPT or not part.text.strip() for part in self.parts)


NO_DIFFERENCE = TextDiff(())
"""Of two texts of which nothing is shown, because they are the same."""


def word_diff(old: str, new: str) -> tuple[DiffPart, ...]:
    """Return the difference by words and line ends, the removed part of a change before the added one."""
    return text_diff(old, new).parts


def text_diff(old: str, new: str, budget: int = _BUDGET) -> TextDiff:
    """Return the difference of two texts; beyond the budget, in pairs of equal words, lines are compared first."""
    if _Work(budget).affords(_words(old), _words(new)):
        work, parts = _Work(budget), _Parts()
        _add_words(parts, old, new, work)
        if not work.is_exhausted:
            return TextDiff(parts.done())
    return TextDiff(_by_lines(old, new, _Work(budget)), is_coarse=True)


def _by_lines(old: str, new: str, work: "_Work") -> tuple[DiffPart, ...]:
    """Return the parts of long texts: equal lines that stand in each once are kept, words compared between them."""
    parts = _Parts()
    old_lines, new_lines = old.splitlines(keepends=True), new.splitlines(keepends=True)
    anchors = [(-1, -1), *_anchors(old_lines, new_lines), (len(old_lines), len(new_lines))]
    for (i, j), (next_i, next_j) in pairwise(anchors):
        _add_lines(parts, "".join(old_lines[i + 1 : next_i]), "".join(new_lines[j + 1 : next_j]), work)
        parts.keep("".join(old_lines[next_i : next_i + 1]))
    return parts.done()


def least_moved(places: Sequence[int]) -> int:
    """Return how many of these distinct places must move, at least, for the others to be in ascending order."""
    return len(places) - len(_ascending(places))


class _Work:
    """Counts pairs of equal words, which is what a comparison takes its time for."""

    def __init__(self, budget: int) -> None:
        self._left = budget
        self.is_exhausted = False

    def affords(self, old: Sequence[str], new: Sequence[str]) -> bool:
        """Return whether one look at all between their equal ends is within what is left."""
        front, back = _ends(old, new)
        inner, counts = old[front : len(old) - back], Counter(new)
        return sum(counts[word] for word in inner) + len(inner) <= self._left

    def take(self, pairs: int) -> bool:
        """Use up so many pairs; False if fewer are left."""
        if pairs > self._left:
            self.is_exhausted = True
            return False
        self._left -= pairs
        return True


class _Parts:
    """Collects parts in order; a change is one removed and one added part, whatever it is made of."""

    def __init__(self) -> None:
        self._parts: list[DiffPart] = []
        self._kept: list[str] = []
        self._removed: list[str] = []
        self._added: list[str] = []

    def keep(self, text: str) -> None:
        if text:
            self._end_change()
            self._kept.append(text)

    def change(self, removed: str, added: str) -> None:
        if removed or added:
            self._end(self._kept, DiffKind.KEPT)
            self._removed.append(removed)
            self._added.append(added)

    def done(self) -> tuple[DiffPart, ...]:
        self._end(self._kept, DiffKind.KEPT)
        self._end_change()
        return tuple(self._parts)

    def _end_change(self) -> None:
        self._end(self._removed, DiffKind.REMOVED)
        self._end(self._added, DiffKind.ADDED)

    def _end(self, texts: list[str], kind: DiffKind) -> None:
        if text := "".join(texts):
            self._parts.append(DiffPart(kind, text))
        texts.clear()


class _Block(NamedTuple):
    """A run of equal words: where it begins in both texts, and its length."""

    old: int
    new: int
    size: int


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _add_lines(parts: _Parts, old: str, new: str, work: _Work) -> None:
    """Add the text between two equal lines: by words, if that is affordable."""
    if old == new:
        parts.keep(old)
    elif old and new and work.affords(_words(old), _words(new)):
        _add_words(parts, old, new, work)
    else:
        parts.change(old, new)


def _add_words(parts: _Parts, old: str, new: str, work: _Work) -> None:
    old_spans = [match.span() for match in _WORD.finditer(old)]
    new_spans = [match.span() for match in _WORD.finditer(new)]
    blocks = _without_islands(
        _blocks([old[i:j] for i, j in old_spans], [new[i:j] for i, j in new_spans], work),
        len(old_spans),
        len(new_spans),
    )
    old_at = new_at = 0
    for block in blocks:
        for k in range(block.size):
            old_start, old_end = old_spans[block.old + k]
            new_start, new_end = new_spans[block.new + k]
            # The words before this one that are not kept, then the space before it, which may differ by itself.
            old_gap = old_spans[block.old + k - 1][1] if block.old + k else 0
            new_gap = new_spans[block.new + k - 1][1] if block.new + k else 0
            parts.change(old[old_at:old_gap], new[new_at:new_gap])
            _add_space(parts, old[old_gap:old_start], new[new_gap:new_start])
            parts.keep(old[old_start:old_end])
            old_at, new_at = old_end, new_end
    old_tail = old_spans[-1][1] if old_spans else 0
    new_tail = new_spans[-1][1] if new_spans else 0
    parts.change(old[old_at:old_tail], new[new_at:new_tail])
    _add_space(parts, old[old_tail:], new[new_tail:])


def _add_space(parts: _Parts, old: str, new: str) -> None:
    if old == new:
        parts.keep(old)
    else:
        parts.change(old, new)


def _blocks(old: list[str], new: list[str], work: _Work) -> list[_Block]:
    """Return the runs of equal words, longest first looked for, within what may be spent."""
    front, back = _ends(old, new)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    # difflib would do the same without a limit: a text can be made for which it takes hours.
    pairs = Counter(new)
    ranges = [(front, len(old) - back, front, len(new) - back)]
    inner: list[_Block] = []
    while ranges:
        i, i_end, j, j_end = ranges.pop()
        if i == i_end or j == j_end or not work.take(sum(pairs[word] + 1 for word in old[i:i_end])):
            continue
        match = matcher.find_longest_match(i, i_end, j, j_end)
        if match.size:
            inner.append(_Block(match.a, match.b, match.size))
            ranges.append((i, match.a, j, match.b))
            ranges.append((match.a + match.size, i_end, match.b + match.size, j_end))
    blocks = [_Block(0, 0, front), *sorted(inner), _Block(len(old) - back, len(new) - back, back)]
    return [block for block in blocks if block.size]


def _ends(old: Sequence[str], new: Sequence[str]) -> tuple[int, int]:
    """Return how many words are equal at the beginning, and how many of the others at the end."""
    shorter = min(len(old), len(new))
    front = next((k for k in range(shorter) if old[k] != new[k]), shorter)
    back = next((k for k in range(shorter - front) if old[-1 - k] != new[-1 - k]), shorter - front)
    return front, back


def _without_islands(blocks: list[_Block], n_old: int, n_new: int) -> list[_Block]:
    """Return the blocks without short ones between two longer changes."""
    kept = [_Block(0, 0, 0)]
    edges = [*blocks[1:], _Block(n_old, n_new, 0)] if blocks else []
    for block, following in zip(blocks, edges, strict=True):
        last = kept[-1]
        before = max(block.old - last.old - last.size, block.new - last.new - last.size)
        after = max(following.old - block.old - block.size, following.new - block.new - block.size)
        if not block.size <= _ISLAND < min(before, after):
            kept.append(block)
    return kept[1:]


def _anchors(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return pairs of places of lines that stand in both texts exactly once, in the same order."""
    places = _places_of_unique(new)
    pairs = [(i, places[line]) for line, i in _places_of_unique(old).items() if line in places]
    ascending = set(_ascending([j for _, j in pairs]))
    return [(i, j) for i, j in pairs if j in ascending]


def _places_of_unique(lines: Iterable[str]) -> dict[str, int]:
    listed = list(lines)
    counts = Counter(listed)
    return {line: place for place, line in enumerate(listed) if counts[line] == 1}


def _ascending(places: Sequence[int]) -> list[int]:
    """Return a longest ascending subsequence of distinct numbers."""
    tails: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(tails, place)
        tails[length : length + 1] = [place]
        at[length : length + 1] = [index]
        before.append(at[length - 1] if length else -1)
    chain: list[int] = []
    index = at[-1] if at else -1
    while index >= 0:
        chain.append(places[index])
        index = before[index]
    return chain[::-1]
