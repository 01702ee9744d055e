"""The request of the command that shows the guide; imports no library."""

from dataclasses import dataclass, field

from console.cli.arguments import positional


@dataclass(frozen=True, slots=True)
class ReadGuide:
    """Read the guide."""

    words: tuple[str, ...] = field(
        default=(), metadata=positional("WORD", "a STOP code, a term, a page, a heading, or words; none: the contents")
    )
