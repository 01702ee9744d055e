"""The profile of console/guide/profiles.md, its text and its addresses, and its file in a folder of own profiles."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[2] / "console" / "guide" / "profiles.md").read_text("utf-8")
TEXT, TOML, _LISTED = re.findall(r"```(?:text|toml)\n(.*?)```", PAGE, re.DOTALL)[:3]
ADDRESSES = _LISTED.split()


def write_profile(folder: Path, name: str = "rule-book", toml: str = TOML) -> Path:
    """Put the profile into a folder, which is made, under a name; return its path."""
    folder.mkdir(exist_ok=True, mode=0o750)
    path = folder / f"{name}.toml"
    path.write_text(toml)
    path.chmod(0o640)
    return path
