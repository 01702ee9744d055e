"""The parts of a document's title: motto, number, place and date, legal bases, enacting formula. Named, and no units."""

import re
from collections.abc import Iterator

from console.backend.documents.canonical import CanonicalText
from console.backend.documents.profiles import Profile
from console.backend.model.plan import DocumentPlan, DroppedSpan, OtherSpan
from console.backend.model.view_models import TitlePart

TITLE = "title"
"""Name of the span above the first unit."""
ISSUER = "issuer"
"""Name of what stands above the first part."""

_MARKING = " \t\n#*_"


def title_parts(plan: DocumentPlan, text: CanonicalText, profile: Profile) -> tuple[OtherSpan, ...]:
    """Return the named parts of what stands above the first unit, in order and without a gap.

    They are read out of the plan's title span, and are no part of the plan: its digest and what is signed stay the same.
    """
    title = next((span for span in plan.others if span.name == TITLE), None)
    if title is None or not profile.title_part:
        return ()
    dropped = {span.byte_start: span.byte_end for span in plan.dropped}
    canonical = text.body(0, title.byte_end)
    parts: list[OtherSpan] = []
    for name, line, start, end in _lines(profile, canonical, title, dropped):
        if parts and name in {"", parts[-1].name}:
            parts[-1] = parts[-1].model_copy(update={"line_end": line, "byte_end": end})
        else:
            parts.append(OtherSpan(name=name or ISSUER, line_start=line, line_end=line, byte_start=start, byte_end=end))
    return tuple(parts)


def title_in_words(
    parts: tuple[OtherSpan, ...], canonical: bytes, dropped: tuple[DroppedSpan, ...]
) -> tuple[TitlePart, ...]:
    """Return the parts with their text on one line each, without what is dropped; the ones that are nothing else are left out."""
    named = ((part.name, _words(part, canonical, dropped)) for part in parts)
    return tuple(TitlePart(name=name, text=text) for name, text in named if text)


def _words(part: OtherSpan, canonical: bytes, dropped: tuple[DroppedSpan, ...]) -> str:
    inside = (span for span in dropped if part.byte_start <= span.byte_start and span.byte_end <= part.byte_end)
    edges = [part.byte_start, *(edge for span in inside for edge in (span.byte_start, span.byte_end)), part.byte_end]
    text = b"".join(canonical[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)).decode()
    return " ".join(words for line in text.split("\n") if (words := " ".join(line.strip(_MARKING).split())))


def _lines(
    profile: Profile, canonical: bytes, title: OtherSpan, dropped: dict[int, int]
) -> Iterator[tuple[str, int, int, int]]:
    """Yield each line of the title: the part that it begins, or nothing; its number; its bytes."""
    patterns = [(part.name, re.compile(profile.regex(part.begins))) for part in profile.title_part]
    at, line, kept_from = title.byte_start, title.line_start, title.byte_start
    while at < title.byte_end:
        end = canonical.find(b"\n", at, title.byte_end) + 1 or title.byte_end
        kept_from = max(kept_from, dropped.get(at, 0))
        text = canonical[at:end].decode().strip(_MARKING) if at >= kept_from else ""
        yield next((name for name, pattern in patterns if pattern.match(text)), ""), line, at, end
        at, line = end, line + 1
