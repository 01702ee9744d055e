"""console/guide: every page is found where the program is installed, reads as it was written, and each STOP code has its page."""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.backend.host import guide_pages
from console.backend.host.guide_pages import read_guide
from console.backend.model.errors import StopCode, Unmeasured
from console.backend.model.folding import searched
from console.backend.model.guide import PAGES, Chapter, Guide, Place, chapters_of, command_at, without_comment
from console.cli.command_line import build_parser
from console.widgets.line import plain
from console.widgets.markdown_lines import NOT_RENDERED, rendered

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "console" / "guide"
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PARTS = ("**What it means.** ", "**Your data.** ", "**What to do.** ")
_SHOWN = """
import sys
from console.backend.host.guide_pages import read_guide
from console.cli.main import main
sys.stderr.write(f"{sys.modules['console'].__file__}\\n{len(read_guide().chapters)}\\n")
sys.exit(main(["help", "STOP_HOLD"]))
"""


def anchor(heading: str) -> str:
    """The end of a link to a heading, as those who show Markdown make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def chapters() -> Iterator[Chapter]:
    """Every chapter of every page."""
    yield from read_guide().chapters


def test_the_folder_holds_the_pages_of_the_contents_and_nothing_else() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{name}.md" for name in PAGES)


def test_a_page_stands_in_one_place() -> None:
    assert [path.name for path in (ROOT / "docs").glob("*.md") if path.stem in PAGES] == []


def test_what_the_build_takes_has_the_pages_and_finds_them(tmp_path: Path) -> None:
    """As in an installed wheel: built from this tree, and run where nothing of the tree is on the path."""
    pytest.importorskip("setuptools", reason="this environment has no setuptools; make test-package builds the wheel")
    tree, built = tmp_path / "tree", tmp_path / "built"
    tree.mkdir()
    shutil.copytree(ROOT / "console", tree / "console", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, tree / name)
    build = "import setuptools; setuptools.setup()"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", build, "--quiet", "build_py", "--build-lib", str(built)],
        cwd=tree, check=True, capture_output=True, text=True,
    )  # fmt: skip
    shutil.rmtree(tree)
    done = subprocess.run(
        [sys.executable, "-c", _SHOWN],
        cwd=tmp_path, env={"PYTHONPATH": str(built), "PATH": ""}, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [str(built / "console" / "__init__.py"), str(len(read_guide().chapters))]
    assert done.stdout.startswith("[STOP codes]\n## STOP_HOLD\n")


def test_a_page_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "guide").mkdir()
    monkeypatch.setattr(guide_pages, "files", lambda _package: tmp_path)
    read_guide.cache_clear()
    try:
        with pytest.raises(Unmeasured, match=r"tutorial\.md .* No such file") as refused:
            read_guide()
    finally:
        read_guide.cache_clear()
    assert refused.value.next_action.endswith("cutter-console manifest verify")


def test_every_stop_code_has_a_page_and_every_page_a_code() -> None:
    assert read_guide().codes == tuple(code.value for code in StopCode)


@pytest.mark.parametrize("code", StopCode)
def test_the_page_of_a_code_says_what_it_means_what_became_of_the_data_and_what_to_do(code: StopCode) -> None:
    guide = read_guide()
    place = guide.code_page(code.value)
    assert place is not None
    chapter = guide.chapters[place.chapter]
    starts = [next(chapter.text.find(line) for line in chapter.lines if line.startswith(part)) for part in PARTS]

    assert starts == sorted(starts)
    assert [block.text for block in chapter.blocks if block.is_code and block.text.startswith("cutter-console ")] != []


def test_the_code_of_each_error_that_is_drawn_leads_to_its_page() -> None:
    """However it is written: with hyphens, without STOP_, small."""
    guide = read_guide()
    for code in StopCode:
        for text in (code.value, code.value.lower(), code.value.removeprefix("STOP_").replace("_", "-")):
            place = guide.code_page(text)
            assert place is not None
            assert guide.chapters[place.chapter].title == code.value


@pytest.mark.parametrize("page", PAGES)
def test_a_link_of_a_page_leads_to_what_is_there(page: str) -> None:
    headings = {c.page: set[str]() for c in chapters()}
    for chapter in chapters():
        headings[chapter.page] |= {anchor(heading.title) for heading in chapter.headings}
    for target in _LINK.findall((FOLDER / f"{page}.md").read_text(encoding="utf-8")):
        file, _, part = target.partition("#")
        assert (FOLDER / (file or f"{page}.md")).is_file(), target
        assert not part or part in headings[Path(file or page).stem], target


def test_every_command_of_a_page_is_one_that_the_program_takes() -> None:
    parser = build_parser()
    asked = [
        command
        for chapter in chapters()
        for block in chapter.blocks
        if block.is_code and (command := without_comment(block.text)).startswith("cutter-console ")
    ]
    taken = [command for command in asked if _is_taken(parser, command)]

    assert len(asked) > 100
    assert sorted(set(asked) - set(taken)) == []


def _is_taken(parser: argparse.ArgumentParser, command: str) -> bool:
    words = shlex.split(re.sub(r"\s*(?:>|\||;).*", "", command))[1:]
    try:
        parser.parse_args(words)
    except Exception:  # noqa: BLE001 - the parser's own, which is private
        return False
    return True


@pytest.mark.parametrize("width", [40, 76, 120])
def test_every_chapter_is_rendered_whole_and_fits(width: int) -> None:
    for chapter in chapters():
        lines, origins = rendered(chapter.text, width)
        assert not plain(lines[0]).startswith(NOT_RENDERED[:12]), chapter.title
        assert max(len(plain(spans)) for spans in lines) <= width, chapter.title
        assert origins == sorted(origins)
        assert len(origins) == len(lines)


def test_a_line_of_what_is_rendered_knows_the_line_that_it_comes_from() -> None:
    for chapter in chapters():
        lines, origins = rendered(chapter.text, 100)
        for block in (block for block in chapter.blocks if block.is_code):
            words = "".join(plain(lines[i]) for i, origin in enumerate(origins) if origin == block.line)
            assert block.text.replace(" ", "") in words.replace(" ", ""), (chapter.title, block.line)


PAGE = """# Points

<!-- made -->
See [the words](glossary.md#x), [runbook.md](runbook.md) and ![a picture](x.svg).

## One

A `long` paragraph
of **two** lines.

- an item
- a second one

| a | b |
|---|---|
| `c` | d \\| e |

```
# no heading
run it      # a comment
```

### Below

Words.
"""


def small() -> Guide:
    """A guide of one page."""
    titles = {"glossary": "Glossary", "runbook": "Runbook"}
    return Guide(chapters_of("points", PAGE, lambda name: titles.get(name, "")))


def test_a_page_is_cut_at_its_headings_and_what_only_a_browser_can_use_is_told() -> None:
    first, second = small().chapters

    assert first.text == "# Points\n\nSee the words (Glossary), Runbook and (picture: a picture)."
    assert [(heading.title, heading.level, heading.line) for heading in second.headings] == [
        ("One", 2, 0),
        ("Below", 3, 17),
    ]
    assert second.part(second.headings[1]) == "### Below\n\nWords."


def test_what_is_searched_is_a_paragraph_an_item_a_row_or_a_line_of_code() -> None:
    blocks = [(block.line, block.text, block.is_code) for block in small().chapters[1].blocks]

    assert blocks == [
        (0, "One", False),
        (2, "A long paragraph of two lines.", False),
        (5, "an item", False),
        (6, "a second one", False),
        (8, "a | b", False),
        (10, "c | d | e", False),
        (13, "# no heading", True),
        (14, "run it      # a comment", True),
        (17, "Below", False),
        (19, "Words.", False),
    ]


def test_a_search_finds_words_in_any_spelling_of_their_signs() -> None:
    guide = Guide(chapters_of("p", "# Điều kiện\n\nStraße\n", lambda _: ""))

    assert [hit.text for hit in guide.search(lambda text: searched("DIEU") in text)] == ["Điều kiện"]
    assert [hit.place for hit in guide.search(lambda text: searched("strasse") in text)] == [Place(0, 2)]


COMMANDS = """## Commands

Then `arm RUN`, and `cutter-console
verify RUN` again.

No command `here`.

```
cutter-console status          # what is so
psql -c 'SELECT 1 # 2' # a comment
[cutter_ro]
psql <<'SQL'
SELECT 1;
SQL
touch HOLD
```
"""


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (0, ""),
        (2, "cutter-console verify RUN"),
        (5, ""),
        (8, "cutter-console status"),
        (9, "psql -c 'SELECT 1 # 2'"),
        (10, ""),
        (11, "psql <<'SQL'\nSELECT 1;\nSQL"),
        (12, "psql <<'SQL'\nSELECT 1;\nSQL"),
        (14, "touch HOLD"),
        (15, ""),
    ],
)
def test_the_command_on_a_line(line: int, command: str) -> None:
    (chapter,) = chapters_of("p", COMMANDS, lambda _: "")

    assert command_at(chapter, line) == command


def test_a_word_that_no_page_has_is_told_the_nearest_ones() -> None:
    guide = read_guide()

    assert guide.near("STOP_DRFIT") == ("STOP_DRIFT",)
    assert guide.near("enactmnt")[0] == "enactment"
    assert guide.near("") == ()
    assert guide.near("\x1b[2J" * 50) == ()
