"""Counts Điều, Khoản and Điểm of a Vietnamese law by itself: a few lines that know nothing of profiles and scanner."""

import re
from collections import Counter

_LETTERS = "abcdđeghiklmnopqrstuvxy"
_ARTICLE = re.compile(r"[#*_\s]*[ĐÐ]iều\s+(\d+)([a-zđ]?)\s*[*_]*\s*(?:[.:]|[*_]+\s*$|$)", re.IGNORECASE)
_CLAUSE = re.compile(r"\s*[*_]*(\d{1,3})([a-zđ]?)\.(?![\d.])")
_POINT = re.compile(r"\s*[*_]*([a-zđ])(\d?)\)")
_SECTION = re.compile(r"\s*[IVX]+\.\s+\S")


def counted(text: str) -> Counter[str]:
    """The number of articles, clauses and points outside of quotations, each the next of its numbering."""
    found: Counter[str] = Counter()
    article, clause, point = 0, 0, 0
    depth = 0
    for line in text.split("\n"):
        quoted = depth > 0 or line.lstrip().startswith(("“", '"', "„"))
        closed = line.count("”") + (depth > 0 and line.rstrip().endswith('"'))
        depth = max(0, depth + line.count("“") - closed)
        if quoted:
            continue
        if _SECTION.match(line):
            clause, point = 0, 0  # The sections of a programme have clauses of their own.
        heading, number, letter = _ARTICLE.match(line), _CLAUSE.match(line), _POINT.match(line)
        if heading and (int(heading[1]) == article + 1 or (heading[2] and int(heading[1]) == article)):
            article, clause, point = int(heading[1]), 0, 0
            found["article"] += 1
        elif number and article and (int(number[1]) == clause + 1 or (number[2] and int(number[1]) == clause)):
            clause, point = int(number[1]), 0
            found["paragraph"] += 1
        elif letter and article and _is_next(letter, point):
            point = _LETTERS.index(letter[1]) + 1
            found["point"] += 1
    return found


def _is_next(letter: re.Match[str], point: int) -> bool:
    at = _LETTERS.find(letter[1]) + 1
    return at > 0 and (at == point + 1 or (bool(letter[2]) and at == point))
