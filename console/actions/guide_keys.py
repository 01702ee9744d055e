"""The guide under a keymap: its table of keys has those in force, and each chapter says of which keys its text speaks."""

from dataclasses import replace

from console.actions.key_table import HEADER, key_table
from console.actions.keys_in_force import has_keymap, key_of
from console.backend.model.guide import Chapter, Guide

_OWN = "The keys below are the program's own."
_IN_FORCE = "The keys below are those of your keymap."


def with_keys_in_force(guide: Guide) -> Guide:
    """Return the guide as it is true of this console's keys; without a keymap as it was written."""
    return Guide(tuple(map(_told, guide.chapters))) if has_keymap() else guide


def _told(chapter: Chapter) -> Chapter:
    lines = chapter.text.split("\n")
    has_table = HEADER in lines
    if has_table:
        # As many rows as before: both are made from the same actions.
        first = lines.index(HEADER)
        rows = key_table().rstrip("\n").split("\n")
        lines[first : first + len(rows)] = rows
        lines = [line.replace(_OWN, _IN_FORCE) for line in lines]
    note = ["", f"**{_note(has_table=has_table)}**"]
    headings = tuple(
        replace(heading, line=heading.line + len(note) if heading.line else 0) for heading in chapter.headings
    )
    return Chapter(chapter.page, headings, "\n".join([lines[0], *note, *lines[1:]]))


def _note(*, has_table: bool) -> str:
    where = (
        "The table has the keys of your keymap"
        if has_table
        else f"Those of your keymap: {key_of('help')} on each screen"
    )
    return f"Default keys in this text. {where}."
