"""A text without its furniture: what is scanned and becomes bodies, and where each place of it is in the whole text."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from itertools import pairwise

from console.backend.documents.canonical import CANON_RULE, CanonicalText, source_version
from console.backend.documents.furniture import find_furniture
from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.page_lines import Piece
from console.backend.documents.scanner import Scan
from console.backend.model.canonical_json import sha256_hex
from console.backend.model.plan import DroppedSpan, Problem, SourceVersion

KEPT_RULE = f"{CANON_RULE}+furniture-v1"
"""Rule of a canonical text out of which something was dropped."""


@dataclass(slots=True)
class KeptText:
    """The rest of a whole text. Offsets are in characters; without pieces both texts are the same object."""

    whole: CanonicalText
    kept: CanonicalText
    pieces: list[Piece]
    _places: list[int] = field(default_factory=list)
    """Offset in the kept text at which each piece was taken out."""
    _removed: list[int] = field(default_factory=lambda: [0])
    """Number of characters taken out before each of these places, and at the end."""
    _lines: list[int] = field(default_factory=list)
    """First line of the kept text behind each of these places."""
    _removed_lines: list[int] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        line, counted = 1, 0
        for piece in self.pieces:
            place = piece.start - self._removed[-1]
            line += self.kept.text.count("\n", counted, place)
            counted = place
            self._places.append(place)
            self._lines.append(line)
            self._removed.append(self._removed[-1] + piece.end - piece.start)
            self._removed_lines.append(self._removed_lines[-1] + self.whole.text.count("\n", piece.start, piece.end))

    def offset(self, place: int) -> int:
        """Return where a place of the kept text is in the whole text: behind what was dropped there."""
        return place + self._removed[bisect_right(self._places, place)]

    def line(self, number: int) -> int:
        """Return the number that a line of the kept text has in the whole text."""
        return number + self._removed_lines[bisect_right(self._lines, number)]

    def lines_between(self, start: int, end: int) -> int:
        """Return the number of lines of the whole text that end between two places of the kept text."""
        return self.whole.text.count("\n", self.offset(start), self.offset(end))

    def located(self, scanned: Scan) -> Scan:
        """Return what was seen in the kept text by the lines of the whole text."""
        if not self.pieces:
            return scanned
        return replace(
            scanned,
            marks=tuple(mark._replace(line=self.line(mark.line)) for mark in scanned.marks),
            front_lines=self.line(scanned.front_lines) if scanned.front_lines else 0,
            sightings=[sighting._replace(line=self.line(sighting.line)) for sighting in scanned.sightings],
        )

    def source(self, raw: bytes, origin: str) -> SourceVersion:
        """Return the pinned snapshot: the canonical text is the one that bodies are slices of."""
        version = source_version(raw, self.kept, origin)
        return version.model_copy(update={"canon_rule": KEPT_RULE}) if self.pieces else version

    def dropped(self) -> tuple[DroppedSpan, ...]:
        """Return what was dropped, by bytes of the whole text."""
        text, at, line, size = self.whole.text, 0, 1, 0
        spans: list[DroppedSpan] = []
        for piece in self.pieces:
            line += text.count("\n", at, piece.start)
            size += len(text[at : piece.start].encode())
            at = piece.start
            data = text[piece.start : piece.end].encode()
            span = DroppedSpan(
                rule=piece.rule,
                line=line,
                byte_start=size,
                byte_end=size + len(data),
                sha256=sha256_hex(data),
                text=" ".join(text[piece.start : piece.end].split()),
                mark=piece.mark,
            )
            spans.append(span)
        return tuple(spans)


def keep(whole: CanonicalText, rules: Furniture | None) -> tuple[KeptText, list[Problem]]:
    """Return the text without what the rules are certain about, and what nothing decides."""
    pieces, problems = find_furniture(whole.text, rules) if rules is not None else ([], [])
    if not pieces:
        return KeptText(whole, whole, []), problems
    edges = [0, *(edge for piece in pieces for edge in (piece.start, piece.end)), len(whole.text)]
    text = "".join(whole.text[start:end] for start, end in list(pairwise(edges))[::2])
    return KeptText(whole, CanonicalText(text, text.encode()), pieces), problems
