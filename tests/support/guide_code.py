"""Commands and statements that a part of the guide has somebody type."""

from console.backend.host.guide_pages import read_guide
from console.backend.model.guide import without_comment


def code_of(title: str) -> list[str]:
    """Return the lines of code right under the one heading of this title, without comments."""
    ((chapter, heading),) = (
        (chapter, heading)
        for chapter in read_guide().chapters
        for heading in chapter.headings
        if heading.title == title
    )
    code = (block.line for block in chapter.blocks if block.is_code and chapter.heading_at(block.line) == heading)
    return [line for number in code if (line := without_comment(chapter.lines[number]))]
