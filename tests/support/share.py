"""What an installation has beside the package: the man page and the completions of the shells, where each is looked for.

`make package` writes them to share/, from where the wheel and the source archive take them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.man_page import man_page

SHARE = Path(__file__).parents[2] / "share"
COMPLETIONS = {
    "bash": "bash-completion/completions/cutter-console",
    "zsh": "zsh/site-functions/_cutter-console",
}
"""The file below share/ in which a shell looks for the completion of this command; tcsh looks for none by itself."""
MAN_PAGE = "man/man1/cutter-console.1"


def write_share(share: Path) -> None:
    """Write all of them, in the place of what was there."""
    shutil.rmtree(share, ignore_errors=True)
    texts = {MAN_PAGE: man_page()}
    for shell, name in COMPLETIONS.items():
        words = [str(Path(sys.executable).with_name("cutter-console")), "completion", shell]
        texts[name] = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for name, text in texts.items():
        (share / name).parent.mkdir(parents=True)
        (share / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_share(SHARE)
