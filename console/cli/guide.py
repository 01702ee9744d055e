"""help: the pages that came with the program. A name shows its page, other words every place that has them."""

from collections.abc import Iterator

from console.actions.actions import registry
from console.actions.guide_keys import with_keys_in_force
from console.actions.keymap_file import read_keymap
from console.actions.keys_in_force import has_keymap, put_in_force
from console.backend.host.guide_pages import read_guide
from console.backend.model.errors import ExitStatus, StopCode, UsageError
from console.backend.model.folding import searched
from console.backend.model.guide import Guide, Hit, Place
from console.backend.model.outcome import Outcome
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.shell_word import shell_word
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.guide_requests import ReadGuide
from console.cli.output import as_typed, emit_law, narrate, report

_MOST_HITS = 200
_LONGEST = 160
"""Characters of a place that are printed for a person; JSON has all of them."""


class GuidePart(Value):
    """A heading of a page, with the text under it, or, in the contents and of a place that a search has met, its words alone."""

    page: str
    heading: str
    level: int
    line: int
    """Number of the line in the chapter; 0 is its heading."""
    text: str = ""


class GuideAnswer(Value):
    """The answer of the guide to some words."""

    asked: SafeText
    parts: tuple[GuidePart, ...] = ()
    """Pages, terms and headings of this name; without words, the contents."""
    hits: tuple[GuidePart, ...] = ()
    """Places that have every one of the words, if nothing has this name."""
    n_hits: int = 0


def read(options: Options, request: ReadGuide) -> ExitStatus:
    """Show what has this name, or else what has these words. Raises UsageError if nothing has."""
    guide, typed = _guide(), " ".join(" ".join(request.words).split())
    if not typed:
        parts = tuple(_part(guide, place) for _, place in guide.contents)
        answer = GuideAnswer(asked="", parts=parts)
        return report(options, "help", Outcome.PASS, _contents(parts), answer)
    places = guide.named(typed)
    if places:
        parts = tuple(_part(guide, place, with_text=True) for place in places)
        return _printed(options, GuideAnswer(asked=safe_text(typed), parts=parts), _texts(guide, parts))
    words = searched(typed).split()
    hits = guide.search(lambda block: all(word in block for word in words))
    if not hits or typed.upper().startswith("STOP_"):
        raise _nothing(guide, typed)
    answer = GuideAnswer(
        asked=safe_text(typed), hits=tuple(_hit(guide, hit) for hit in hits[:_MOST_HITS]), n_hits=len(hits)
    )
    status = _printed(options, answer, (_line(guide, hit) for hit in answer.hits))
    if len(hits) > _MOST_HITS:
        narrate(f"the first {_MOST_HITS} of {len(hits)} places; more words make them fewer")
    return status


def _guide() -> Guide:
    """Return the guide with the keys of the operator's keymap; with the program's own, and the fault, if console.toml is wrong."""
    try:
        put_in_force(registry(read_only=False, demo=False).with_keys(read_keymap()))
    except UsageError as error:
        # Who must correct the file may need the guide for it.
        narrate(f"the keys are the program's own, because console.toml is wrong: {error.message}")
        return read_guide()
    if has_keymap():
        narrate("sentences name the program's own keys; those of your keymap: cutter-console config keys")
    return with_keys_in_force(read_guide())


def _printed(options: Options, answer: GuideAnswer, lines: Iterator[str]) -> ExitStatus:
    """Print the pages as they were written: what reads like a secret in them is an example."""
    if options.json:
        return report(options, "help", Outcome.PASS, (), answer)
    # Its commands as they must be typed here.
    emit_law(as_typed(options, line) for line in lines)
    return report(options, "help", Outcome.PASS, ())


def _nothing(guide: Guide, typed: str) -> UsageError:
    near = guide.near(typed)
    question = f"; did you mean {' or '.join(near)}?" if near else ""
    next_action = f"See: cutter-console help {shell_word(near[0])}" if near else "See the contents: cutter-console help"
    return UsageError(StopCode.REFUSED_INPUT, f"no page has {safe_text(typed)}{question}", next_action)


def _part(guide: Guide, place: Place, *, with_text: bool = False) -> GuidePart:
    chapter, heading = guide.at(place)
    text = guide.text_at(place) if with_text else ""
    return GuidePart(page=chapter.page, heading=heading.title, level=heading.level, line=place.line, text=text)


def _hit(guide: Guide, hit: Hit) -> GuidePart:
    chapter, heading = guide.at(hit.place)
    return GuidePart(page=chapter.page, heading=heading.title, level=heading.level, line=hit.place.line, text=hit.text)


def _contents(parts: tuple[GuidePart, ...]) -> Iterator[str]:
    for part in parts:
        yield f"{part.page:<18}{part.heading}" if part.level == 1 else f"{'  ' * part.level}{part.heading}"
    yield "Read a part by its name: cutter-console help STOP_HOLD; search: cutter-console help WORD..."


def _texts(guide: Guide, parts: tuple[GuidePart, ...]) -> Iterator[str]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield f"[{guide.title_of(part.page)}]"
        yield from part.text.split("\n")


def _line(guide: Guide, hit: GuidePart) -> str:
    words = hit.text if len(hit.text) <= _LONGEST else f"{hit.text[: _LONGEST - 1]}…"
    return f"{guide.title_of(hit.page)}, {hit.heading}: {words}"
