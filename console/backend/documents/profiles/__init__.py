"""Profiles: the lines that open a unit in each sort of document, declared as data in the TOML files beside this one."""

import re
import tomllib
from collections.abc import Iterator
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from console.backend.documents.akn_elements import elements_of, unknown_element
from console.backend.documents.furniture_rules import Furniture
from console.backend.documents.numbering import Alphabet
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.profile_names import TEXT_PROFILES
from console.backend.model.value import Value
from console.backend.model.vocabulary import VOCABULARY, SectionType, UnitKind

_FRAGMENT = re.compile(r"(?<!\?P)(?<!\(\?)<(\w+)>")
_LONGEST_PATTERN = 10_000
"""Number of characters of a pattern with its fragments; of fragments of fragments a short file could make gigabytes."""
_DEEPEST_FRAGMENTS = 4
_MOST_LEVELS = 100
_SHOWN = 200
"""Number of characters of a pattern that a message shows."""
_GROUPS = frozenset({"number", "ordinal", "title", "bare", "capitals", "text", "until"})


class Role(StrEnum):
    """Part that a level has in the tree."""

    CONTAINER = "container"
    """Groups articles: book, part, chapter."""
    ARTICLE = "article"
    """The unit that lawyers cite; its numbering runs through the document."""
    PARAGRAPH = "paragraph"
    POINT = "point"
    ANNEX = "annex"
    """Stands at the top and starts a numbering of its own."""
    MATTER = "matter"
    """Preamble, enacting formula, closing formula: at the top, unnumbered, without children."""
    CONTENTS = "contents"
    """A table of contents: no unit, a named span."""
    NAMED_PART = "named-part"
    """Text behind the last article, such as signatures: no unit, a span with the level's name."""


class Numbering(StrEnum):
    """Rule for the numbers of siblings; a breach is refused."""

    NONE = "none"
    INCREASING = "increasing"
    """Repealed numbers may be missing."""
    FROM_START = "from-start"
    """Increasing, and the first is the start."""
    CONSECUTIVE = "consecutive"
    """Begins at the start and has no gap."""
    UNBROKEN = "unbroken"
    """Has no gap; a first number that is not the start is a suspect."""


class Scope(StrEnum):
    """Parent of an address, and the unit within which numbering runs."""

    PARENT = "parent"
    DOCUMENT = "document"
    """Directly under the docprefix (or the annex), unless the document restarts it in every container."""


class Hierarchy(StrEnum):
    """Rule that decides which container encloses which."""

    DEPTH = "depth"
    """The depth of the Markdown heading, alone."""
    RANK = "rank"
    """The declared rank, alone."""
    LEARNED = "learned"
    """The depth if the document marks it; else the order in which the document nests its own levels."""
    RANK_AND_DEPTH = "rank-and-depth"
    """The declared rank between levels; between a level and a heading of none, the depth."""


class TitleBelow(StrEnum):
    """Place of the title of a heading that has none on its own line."""

    NONE = "none"
    NEXT_LINE = "next-line"
    AFTER_BLANK = "after-blank"
    """On the next line, or behind one blank line."""


class Level(Value):
    """One level of a profile. Patterns match a line without its `#` and `**`; groups: number, title."""

    name: str
    role: Role
    rank: int
    """Smaller encloses larger."""
    section_type: SectionType
    token: str = ""
    """First part of the address token; empty: the number alone, or without a number the slug of the title."""
    numbering: Numbering = Numbering.NONE
    scope: Scope = Scope.PARENT
    opaque: bool = False
    """Of an annex: it nests nothing but articles marked deeper than itself; tables and forms stay in its body."""
    if_refused: bool = False
    """It is tried only where the document is refused without it, and holds only if nothing is refused with it."""
    opaque_if_unclear: bool = False
    """Of an annex: it becomes opaque if the numbers in it do not hold, as in forms and tables."""
    titles_annex: bool = False
    """Of an annex: directly below the heading of another one it is that one's title."""
    repeats: bool = False
    """Its number can stand more than once, as on forms: further addresses are numbered, and each such unit is a suspect."""
    generated: bool = False
    """The text leaves the number open: addresses are numbered in the order of the units, and each unit is a suspect."""
    alphabet: Alphabet | None = None
    """Letters by which it is numbered; without, digits, Roman numerals or words."""
    path: bool = False
    """The number is a decimal path: `3.1` is the first part of 3, and stands nowhere else."""
    option: str = ""
    """Name of the option without which the level is not there."""
    list_item: bool = False
    """Its lines are items of a list: they may be indented, and text that stands behind the list is a suspect."""
    within: str = ""
    """Name of the level that must be open around it; elsewhere the line opens `otherwise`."""
    otherwise: str = ""
    """Name of the level that a line opens outside of `within`, or if it is unmarked in a document that marks this level."""
    title_below: TitleBelow | None = None
    """Place of a title that is not on the line; by default behind a blank line for a container, else on the next line."""
    first: str = ""
    """Every character that a line of this level can begin with, without its marking."""
    heads: tuple[str, ...] = ()
    """Prefixes of lines without `#` that can be marks; other lines are not examined."""
    inside: str = ""
    """Pattern of the number behind the end of a sentence within a line, `#` in its place; empty: it is not looked for."""
    pattern: str = ""
    plain: str = ""
    """For lines that carry no marking; empty: an unmarked line never opens this level."""
    confirmed_by: str = ""
    """Pattern that must be found within the next lines; a line of this level is none without it."""
    references: str = ""
    """Lines that look like the level and only refer to it."""

    @cached_property
    def type_name(self) -> str:
        """The section type as a plain string."""
        return self.section_type.value

    @cached_property
    def titled_below(self) -> TitleBelow:
        """Return where the title of a heading without one is looked for."""
        if self.title_below is not None:
            return self.title_below
        if self.role is Role.CONTAINER:
            return TitleBelow.AFTER_BLANK
        return TitleBelow.NEXT_LINE if self.role in {Role.ARTICLE, Role.ANNEX} else TitleBelow.NONE

    @cached_property
    def small(self) -> bool:
        """Return whether it is a part of an article."""
        return self.role is Role.PARAGRAPH or self.role is Role.POINT


class TitlePart(Value):
    """A part of the document's title, which reaches to the beginning of the next part."""

    name: str
    begins: str
    """Pattern of the beginning of its first line."""


class Option(Value):
    """A reading that a profile offers and that is off unless it is chosen; its levels name it in their key `option`."""

    says: str
    """Meaning for a person who chooses."""
    fragments: dict[str, str] = Field(default_factory=dict)
    """Fragments that take the place of those with the same name."""
    reads_like: tuple[str, ...] = ()
    """Patterns besides those of the profile."""
    list_items: tuple[str, ...] | None = None
    """Takes the place of the profile's key."""


class Profile(Value):
    """Rules for cutting one kind of document."""

    name: str
    unit_kind: UnitKind
    hierarchy: Hierarchy
    unknown_headings: Annotated[str, Field(pattern="^(refused|container)$")]
    """Kind of a Markdown heading that no level matches."""
    depth_jumps_refused: bool = False
    setext: bool = False
    """Underlined lines are headings where that is certain; where it is not, the document is refused."""
    page: bool = False
    """A text without a heading is one unit, if its front matter has a title and none of its lines has a number."""
    short_lines_end: bool = False
    """Texts are wrapped: a line that is much shorter than the others, or all in capitals, ends its paragraph, so that the
    heading that comes next may follow it."""
    ignore_case: bool = False
    """Match the first words of a line in upper and lower case."""
    reads_like: tuple[str, ...] = ()
    """Patterns of lines that read like the beginning of a unit, in lower case and without diacritics; one that opens
    none is a suspect."""
    seems: tuple[str, ...] = ()
    """Prefixes of lines that `reads_like` is asked about besides those with a sign, a number or a short word in front."""
    list_items: tuple[str, ...] = ()
    """Patterns, written the same way, of list items that are text of their unit: no suspects."""
    words: tuple[str, ...] = ()
    """Words before the number of a unit, in lower case and without diacritics; with one slip they make a suspect too."""
    title_part: tuple[TitlePart, ...] = ()
    """Parts of what stands above the first unit, such as number and legal bases; they are named, and no units."""
    furniture: Furniture | None = None
    """Rules for what is no text of the law in such documents; without them every line is text."""
    fragments: dict[str, str] = Field(default_factory=dict)
    akn: dict[SectionType, str] = Field(default_factory=dict)
    """Element of Akoma Ntoso for the units of a section type, where it is not the default."""
    option: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9]{0,19}$")], Option] = Field(default_factory=dict)
    """Readings that can be chosen besides, by `<profile>+<option>`."""
    level: Annotated[tuple[Level, ...], Field(min_length=1, max_length=_MOST_LEVELS)]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        names = [level.name for level in self.level]
        fault = self._unfit_options()
        if fault:
            raise ValueError(f"profile {self.name}: {fault}")
        for level in self.level:
            fault = self._fault(level, names)
            if fault:
                raise ValueError(f"profile {self.name}: level {level.name!r}: {fault}")
        for key, patterns in (("reads_like", self.reads_like), ("seems", self.seems), ("list_items", self.list_items)):
            for pattern in patterns:
                fault = self._unfit(pattern)
                if fault:
                    raise ValueError(f"profile {self.name}: key {key}: {fault}")
        for part in self.title_part:
            fault = self._unfit(part.begins)
            if fault:
                raise ValueError(f"profile {self.name}: title_part {part.name!r}: {fault}")
        unfit = self.furniture.fault() if self.furniture is not None else ""
        if unfit:
            raise ValueError(f"profile {self.name}: {unfit}")
        if fault := unknown_element(self.akn):
            raise ValueError(f"profile {self.name}: key akn: {fault}")
        return self

    def chosen(self, options: tuple[str, ...]) -> "Profile":
        """Return the profile with exactly these options on. Raises ValueError for one it lacks, and for another order."""
        unknown = [option for option in options if option not in self.option]
        if unknown:
            known = ", ".join(sorted(self.option)) or "none"
            raise ValueError(f"profile {self.name} has no option {unknown[0]!r}; its options: {known}")
        if list(options) != sorted(set(options)):
            # One selection has one name: another spelling would be another plan of the same units.
            raise ValueError(f"options are named once and in order: {'+'.join((self.name, *sorted(set(options))))}")
        if not self.option:
            return self
        fields = dict(self)
        fields["name"] = "+".join((self.name, *options))
        fields["level"] = tuple(level for level in self.level if not level.option or level.option in options)
        for option in map(self.option.__getitem__, options):
            fields["fragments"] = fields["fragments"] | option.fragments
            fields["reads_like"] = (*fields["reads_like"], *option.reads_like)
            fields["list_items"] = fields["list_items"] if option.list_items is None else option.list_items
        return _validated(fields)

    def _unfit_options(self) -> str:
        """Return the first fault of an option's own keys; its levels are judged as all are."""
        for name, option in self.option.items():
            strange = sorted(set(option.fragments) - set(self.fragments))
            if strange:
                return (
                    f"option {name!r}: there is no fragment {strange[0]!r} that it could replace: add it to [fragments]"
                )
        return ""

    def _fault(self, level: Level, names: list[str]) -> str:
        """Return the first fault of a level, and what to do about it; empty without one."""
        if (self.unit_kind.value, level.section_type.value) not in VOCABULARY:
            legal = ", ".join(sorted(section for kind, section in VOCABULARY if kind == self.unit_kind.value))
            return (
                f"section_type {level.section_type} is not in the vocabulary of {self.unit_kind}: choose one of {legal}"
            )
        if names.count(level.name) > 1:
            return "there is another level of this name: give each level a name of its own"
        if bool(level.pattern) != bool(level.first) and level.name not in {other.otherwise for other in self.level}:
            return "pattern and first belong together: list in first every character that its lines can begin with"
        for key, name, known in (
            *(("within", level.within, names), ("otherwise", level.otherwise, names)),
            ("option", level.option, list(self.option)),
        ):
            if name and name not in known:
                return f"{key} names {name!r}, which is no {'option' if key == 'option' else 'level'}: choose one of {', '.join(known) or 'none'}"
        if level.within and not level.otherwise:
            return "within needs otherwise: name the level that such a line opens elsewhere"
        patterns = [
            *(("pattern", level.pattern), ("plain", level.plain), ("references", level.references)),
            *(
                ("confirmed_by", level.confirmed_by),
                ("inside", level.inside.replace("#", "1")),
                *(("heads", head) for head in level.heads),
            ),
        ]
        faults = ((key, self._unfit(pattern)) for key, pattern in patterns if pattern)
        fault = next((f"key {key}: {fault}" for key, fault in faults if fault), "")
        return fault or next((f"key {key}: {fault}" for key, fault in self._unfit_groups(level) if fault), "")

    def _unfit(self, pattern: str) -> str:
        try:
            re.compile(self.regex(pattern))
        except KeyError as error:
            return f"there is no fragment {error.args[0]!r}: add it to [fragments], or write the pattern out"
        except (re.error, OverflowError, RecursionError) as error:
            return f"{pattern[:_SHOWN]!r} is no regular expression ({error}): correct it"
        return ""

    def without_spare_levels(self) -> Self:
        """Return the profile without the levels that are tried where a document is refused without them."""
        return self.model_copy(update={"level": tuple(level for level in self.level if not level.if_refused)})

    def with_spare_levels(self) -> Self:
        """Return the profile with those levels among its others."""
        levels = tuple(level.model_copy(update={"if_refused": False}) for level in self.level)
        return self.model_copy(update={"level": levels})

    def _unfit_groups(self, level: Level) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the groups of each pattern; a part of an article is found by its number."""
        for key, pattern in (("pattern", level.pattern), ("plain", level.plain)):
            groups = set(re.compile(self.regex(pattern)).groupindex)
            unknown = ", ".join(sorted(groups - _GROUPS))
            if unknown:
                yield key, f"the group {unknown} has no meaning: use {', '.join(sorted(_GROUPS))}, or (?:…)"
            if pattern and level.small and "number" not in groups:
                yield key, f"a {level.role} needs its number: write (?P<number>…) around it"
            if pattern and level.small and ("text" in groups) != ("until" in groups):
                yield key, "the groups text and until belong together: write both, or neither"

    def regex(self, pattern: str) -> str:
        """The pattern with the profile's `<fragment>` names replaced, also within fragments.

        Raises KeyError for a name without a fragment, re.error if the whole is too long, or fragments nest too deep.
        """
        for _ in range(_DEEPEST_FRAGMENTS):
            length = len(pattern) + sum(len(self.fragments[name]) for name in _FRAGMENT.findall(pattern))
            if length > _LONGEST_PATTERN:
                raise re.error(f"longer than {_LONGEST_PATTERN:,} characters with its fragments")
            pattern = _FRAGMENT.sub(lambda m: self.fragments[m[1]], pattern)
        if _FRAGMENT.search(pattern):
            raise re.error(f"fragments stand in each other deeper than {_DEEPEST_FRAGMENTS} times")
        return pattern


def split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a profile's name without its options, and those: `de-law+numbers` is de-law with one."""
    base, *options = name.split("+")
    return base, tuple(options)


@cache
def load_profile(name: str) -> Profile:
    """The shipped profile of that name, with the options that it names. Raises UsageError for any other."""
    base, options = split_name(name)
    if base not in TEXT_PROFILES:
        raise UsageError(
            StopCode.REFUSED_INPUT, f"unknown profile {name!r}", f"choose one of {', '.join(TEXT_PROFILES)}"
        )
    declared = declared_profile(files(__name__).joinpath(f"{base}.toml").read_text("utf-8"))
    try:
        return declared.chosen(options)
    except ValueError as error:
        raise UsageError(StopCode.REFUSED_INPUT, f"profile {name!r}: {error}", f"see: profile show {base}") from error


def akn_elements(name: str) -> dict[str, str]:
    """Return the element of Akoma Ntoso for each section type; a profile that is not shipped has the default ones."""
    shipped = split_name(name)[0] in TEXT_PROFILES
    return elements_of(load_profile(name).akn if shipped else {})


def declared_profile(text: str) -> Profile:
    """The profile with the levels of all its options. Raises ValueError, which names the level, the key and what to do."""
    try:
        return _validated(tomllib.loads(text))
    except RecursionError as error:
        raise ValueError("it is nested too deeply: write tables, strings and lists of strings") from error


def _validated(fields: dict[str, object]) -> Profile:
    """Return the profile of these fields. Raises ValueError with its first fault alone."""
    try:
        return Profile.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        raise ValueError(f"key {place}: {message}" if place else message) from error
