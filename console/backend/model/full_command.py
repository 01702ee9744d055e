"""Commands in texts as they must be typed: with the root, where that is not the usual one."""

import re
import shlex

PROGRAM = "cutter-console"
USUAL_ROOT = "/var/lib/cutter"


def full_command(text: str, root: str) -> str:
    """The text with `--root` behind the program's name in each command; typed without it, it would act on another root."""
    if root in {"", USUAL_ROOT} or "--root" in text:
        return text
    return re.sub(rf"\b{PROGRAM} (?=[a-z])", lambda _found: f"{PROGRAM} --root {shlex.quote(root)} ", text)
