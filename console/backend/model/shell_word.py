"""A file name or path as one word of a shell: what is printed can be copied, whatever bytes the name has."""

import os
import shlex


def shell_word(text: str) -> str:
    """Return the text as one word of bash or zsh; bytes that cannot be shown are written as escapes."""
    if text.isprintable():
        return shlex.quote(text)
    return "$'" + "".join(map(_escaped, text)) + "'"


def _escaped(character: str) -> str:
    if character in "\\'":
        return f"\\{character}"
    return character if character.isprintable() else "".join(f"\\x{byte:02x}" for byte in os.fsencode(character))
