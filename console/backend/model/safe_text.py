"""Makes text from documents, the database and gpg inert before a screen, a log or a report sees it."""

import re
from typing import Annotated

from pydantic import AfterValidator

NOT_INERT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control, bidi and zero-width characters, and lone surrogates: what a screen would obey, or not show."""


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def safe_text(text: str) -> str:
    """Return the text on one line with every control, bidi and zero-width character made visible.

    C0 and DEL become their control pictures, everything else `<U+XXXX>`; nothing is dropped, so that a reader sees
    that there was something.
    """
    # A shortcut, for a plan has titles and numbers of up to a hundred thousand units: nothing printable is in the set.
    return text if text.isprintable() else NOT_INERT.sub(_shown, text)


def safe_lines(text: str) -> tuple[str, ...]:
    """Return the text as inert lines, split at LF only; each tab becomes four spaces."""
    return tuple(safe_text(line.replace("\t", "    ")) for line in text.split("\n"))


SafeText = Annotated[str, AfterValidator(safe_text)]
"""A model field whose text is inert from the moment the model exists."""
