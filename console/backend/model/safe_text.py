"""Makes text from documents, the database and gpg inert before a screen, a log or a report sees it."""

import re
from typing import Annotated

from pydantic import AfterValidator

_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def safe_text(text: str) -> str:
    """The text on one line with every control, bidi and zero-width character made visible.

    C0 and DEL become their control pictures, everything else `<U+XXXX>`; nothing is dropped, so a
    reader sees that something was there.
    """
    # Nothing printable is in the set, and a plan asks this of every title and number of a hundred thousand units.
    return text if text.isprintable() else _CONTROL.sub(_shown, text)


def safe_lines(text: str) -> tuple[str, ...]:
    """The text as inert lines, split at LF only; tabs become spaces."""
    return tuple(safe_text(line.replace("\t", "    ")) for line in text.split("\n"))


SafeText = Annotated[str, AfterValidator(safe_text)]
"""A model field whose text is inert from the moment the model exists."""
