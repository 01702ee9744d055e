"""The pages of the guide in their parts: chapters, headings and blocks; a search over all of them, and what a STOP code's page is.

Pure functions of texts. A page is shown as it was written, but for what only a browser can use: comments, pictures, targets of links.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from console.backend.model.folding import searched

STOP_PAGE, GLOSSARY = "stop-codes", "glossary"
PAGES = ("tutorial", "operator-guide", "runbook", STOP_PAGE, "reference", GLOSSARY, "profiles", "readiness-bundle")
"""Names of the pages, in the order of the contents."""
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_HEADING = re.compile(r"(#{1,3}) +(.+?)\s*$")
_ITEM = re.compile(r"\s*(?:[-*]|\d+\.) ")
_RULE = re.compile(r"\|[-| :]+\|\s*$")
_COMMENT = re.compile(r"<!--.*?-->\s*$")
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_MARKUP = re.compile(r"\*\*|`|^\s*(?:(?:> ?)+|#{1,6} |[-*] |\d+\. )|\\(?=[<|])")
_WORD = re.compile(r"[^\W\d_][\w-]{2,}")
_NUMBER = re.compile(r"^\d+\. ")
_MOST_NEAR = 3
_HERE = re.compile(r"<<'?(\w+)'?")
_PROGRAM = re.compile(r"(?:/\S+/)?(?:cutter-console|psql|gpg|pip|python3?|sha256sum|touch|make|git)\b")
"""Programs whose lines are commands; other code is configuration or an example."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, an item, a row of a table or a line of code: what is searched as a whole."""

    line: int
    """Number of its first line in the chapter; 0 is the heading."""
    text: str
    """Words, without markup."""
    searched: str
    is_code: bool


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a chapter: its words, level and line; 1 is the page's own, 2 the chapter's."""

    title: str
    level: int
    line: int


@dataclass(frozen=True)
class Chapter:
    """A part of a page from one heading of level 1 or 2 to the next one."""

    page: str
    headings: tuple[Heading, ...]
    text: str

    @property
    def title(self) -> str:
        """Return the words of its first heading."""
        return self.headings[0].title

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Return the lines as they are shown."""
        return tuple(self.text.split("\n"))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Return what is searched, in order."""
        return tuple(_blocks(self.lines))

    def heading_at(self, line: int) -> Heading:
        """Return the heading that this line stands under."""
        return next(heading for heading in reversed(self.headings) if heading.line <= max(line, 0))

    def part(self, heading: Heading) -> str:
        """Return the text under one heading, up to the next one of its level; all of it for the first."""
        if heading == self.headings[0]:
            return self.text
        end = next(
            (h.line for h in self.headings if h.line > heading.line and h.level <= heading.level), len(self.lines)
        )
        return "\n".join(self.lines[heading.line : end]).rstrip("\n")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the guide: a chapter by its number among all, and a line in it."""

    chapter: int
    line: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A block that a search takes, and its place."""

    place: Place
    text: str


@dataclass(frozen=True)
class Guide:
    """All pages, chapter by chapter."""

    chapters: tuple[Chapter, ...]

    @cached_property
    def contents(self) -> tuple[tuple[Heading, Place], ...]:
        """Return every heading with its place."""
        return tuple(
            (heading, Place(number, heading.line))
            for number, chapter in enumerate(self.chapters)
            for heading in chapter.headings
        )

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Return the STOP codes that have a page."""
        return tuple(c.title for c in self.chapters if c.page == STOP_PAGE and c.headings[0].level > 1)

    def at(self, place: Place) -> tuple[Chapter, Heading]:
        """Return the chapter of a place, and the heading that it stands under."""
        chapter = self.chapters[place.chapter]
        return chapter, chapter.heading_at(place.line)

    def title_of(self, page: str) -> str:
        """Return the title of a page."""
        return next(chapter.title for chapter in self.chapters if chapter.page == page)

    def code_page(self, text: str) -> Place | None:
        """Return the page of a STOP code, which may be written without its STOP_; None if there is no such code."""
        code = as_code(text)
        pages = (n for n, c in enumerate(self.chapters) if c.page == STOP_PAGE and c.title == code)
        return next((Place(number) for number in pages), None)

    def named(self, text: str) -> tuple[Place, ...]:
        """Return the places that have this name: a STOP code, a term of the glossary, a page, headings."""
        wanted = searched(" ".join(text.split()))
        code = self.code_page(text)
        places = [code] if code is not None else []
        for number, chapter in enumerate(self.chapters):
            if chapter.page == GLOSSARY:
                terms = (block for block in chapter.blocks if block.searched.partition(" | ")[0] == wanted)
                places += [Place(number, block.line) for block in terms]
        for heading, place in self.contents:
            page = self.chapters[place.chapter].page
            title = searched(heading.title)
            if wanted in {title, _NUMBER.sub("", title)} or (wanted == page and heading.level == 1):
                places.append(place)
        return tuple(dict.fromkeys(places))

    def text_at(self, place: Place) -> str:
        """Return the part under the heading of this line, or, of any other line, its words."""
        chapter, heading = self.at(place)
        if heading.line == place.line:
            return chapter.part(heading)
        return next((block.text for block in chapter.blocks if block.line == place.line), "")

    def search(self, takes: Callable[[str], bool]) -> tuple[Hit, ...]:
        """Return the blocks whose words, as `searched` makes them, this function takes; in the order of the contents."""
        return tuple(
            Hit(Place(number, block.line), block.text)
            for number, chapter in enumerate(self.chapters)
            for block in chapter.blocks
            if takes(block.searched)
        )

    def near(self, text: str) -> tuple[str, ...]:
        """Return the STOP codes, or else the words of the pages, that are nearest to a text which no page has."""
        codes = difflib.get_close_matches(as_code(text), self.codes, _MOST_NEAR, 0.75)
        if codes:
            return tuple(codes)
        words = searched(text).split()
        return tuple(difflib.get_close_matches(words[-1], self._words, _MOST_NEAR, 0.75)) if words else ()

    @cached_property
    def _words(self) -> Sequence[str]:
        return sorted({word for c in self.chapters for block in c.blocks for word in _WORD.findall(block.searched)})


def as_code(text: str) -> str:
    """Return a text as the STOP code that it may mean: `drift` is STOP_DRIFT."""
    word = re.sub(r"[\s-]+", "_", text.strip()).upper()
    return word if word.startswith("STOP_") else f"STOP_{word}"


def command_at(chapter: Chapter, number: int) -> str:
    """Return the command on a line of a chapter, or in its paragraph; "" if there is none.

    Of code it is the line without its comment, or all lines that a shell reads as one; of prose the first one of this program.
    """
    block = next((block for block in reversed(chapter.blocks) if block.line <= number), None)
    if block is not None and block.is_code:
        return _command_of_code(chapter, number) if number in {b.line for b in chapter.blocks if b.is_code} else ""
    end = next((block.line for block in chapter.blocks if block.line > number), len(chapter.lines))
    commands = re.findall(r"`\s*(cutter-console [^`]+)`", " ".join(chapter.lines[number:end]))
    return " ".join(commands[0].split()) if commands else ""


def _command_of_code(chapter: Chapter, number: int) -> str:
    for first, line in enumerate(chapter.lines[: number + 1]):
        if match := _HERE.search(line):
            last = next((i for i in range(first + 1, len(chapter.lines)) if chapter.lines[i] == match[1]), first)
            if first <= number <= last:
                return "\n".join(chapter.lines[first : last + 1])
    command = without_comment(chapter.lines[number])
    return command if _PROGRAM.match(command) else ""


def without_comment(line: str) -> str:
    """Return a line of a shell without the comment behind it."""
    quote = ""
    for index, char in enumerate(line):
        if char in "'\"" and quote in {"", char}:
            quote = "" if quote else char
        elif char == "#" and not quote and line[:index].endswith(" "):
            return line[:index].strip()
    return line.strip()


def chapters_of(page: str, text: str, titles: Callable[[str], str]) -> tuple[Chapter, ...]:
    """Return the chapters of a page. `titles` gives the title of another page by its name, for links."""
    chapters: list[Chapter] = []
    lines: list[str] = []
    headings: list[Heading] = []

    def close() -> None:
        if headings:
            chapters.append(Chapter(page, tuple(headings), "\n".join(lines).rstrip("\n")))

    for line, is_code in _with_fences(text.split("\n")):
        match = None if is_code else _HEADING.match(line)
        if match and len(match[1]) < 3:
            close()
            lines, headings = [], []
        if match:
            headings.append(Heading(match[2].replace("`", ""), len(match[1]), len(lines)))
        if is_code:
            lines.append(line)
        elif not _COMMENT.match(line):
            lines.append(_LINK.sub(lambda link: _told(link, titles), line))
    close()
    return tuple(chapters)


def title_in(text: str) -> str:
    """Return the title of a page, its first heading."""
    match = next((match for line in text.split("\n") if (match := _HEADING.match(line))), None)
    return match[2] if match else ""


def _with_fences(lines: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each line, and whether it is code or begins or ends it."""
    fence = ""
    for line in lines:
        match = _FENCE.match(line)
        if match and not fence:
            fence = match[1]
            yield line, True
        else:
            yield line, bool(fence)
            if match and fence and match[1].startswith(fence) and not line.strip(" `~"):
                fence = ""


def _told(link: re.Match[str], titles: Callable[[str], str]) -> str:
    """Return a link in words: no page of a browser opens here."""
    picture, words, target = link.groups()
    if picture:
        return f"(picture: {words})"
    page, _, part = target.partition("#")
    title = titles(page.removesuffix(".md")) if page.endswith(".md") else ""
    if title:
        is_title = words.endswith(".md") or words.casefold() == title.casefold()
        return title if is_title else f"{words} ({title})"
    if page.startswith("../"):
        return f"{page.removeprefix('../../')} of the source"
    return words if part and not page else link[0]


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    first, words = 0, list[str]()

    def closed() -> Iterator[Block]:
        if words:
            yield _block(first, " ".join(words))
        words.clear()

    for number, (line, is_code) in enumerate(_with_fences(lines)):
        alone = is_code or line.startswith("|") or _HEADING.match(line)
        if alone or not line.strip() or _ITEM.match(line):
            yield from closed()
        if is_code and not _FENCE.match(line) and line.strip():
            yield Block(number, line.strip(), searched(line), is_code=True)
        elif alone and not is_code and not _RULE.match(line):
            yield _block(number, line)
        elif not alone and line.strip():
            first = first if words else number
            words.append(line.strip())
    yield from closed()


def _block(line: int, text: str) -> Block:
    words = " ".join(_MARKUP.sub("", text).strip("| ").split())
    return Block(line, words, searched(words), is_code=False)
