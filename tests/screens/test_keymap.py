"""A console whose actions have other keys: every screen shows those that hold, none of the old ones, and stops as ever."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import pytest

from console.actions.action import Action, Scope, key_name
from console.actions.actions import ACTIONS, registry, replay_registry
from console.actions.guide_keys import with_keys_in_force
from console.actions.key_table import HEADER
from console.actions.keymap import RESERVED, changeable, full_name, read_keys
from console.actions.keymap_file import file_path
from console.actions.keys_in_force import key_of, put_in_force, told
from console.app import application, launch
from console.app.application import ConsoleApp
from console.backend.host.guide_pages import read_guide
from console.backend.model.errors import ExitStatus
from console.backend.model.recording import line_of
from console.cli.main import main
from console.screens.base import ConsoleScreen
from console.screens.guide_search import ChapterText
from console.screens.help import HelpDialog
from console.screens.panic import PanicDialog
from console.screens.run_text import _EDIT_CAME_TO, _REPEAL_CAME_TO, _filled
from console.widgets.bars import TopBar
from console.widgets.line import plain
from console.widgets.panel import Lines
from tests.screens.conftest import press, settle
from tests.support.fakes import NOW, RUN_ID, FakeBackend

CONSOLE = Path(__file__).parents[2] / "console"
SHOWN = ("screens", "widgets", "app", "actions")
SIGNS = "!#$%&'();:+-<=>^_`|~\"\\."
PLACES = (*(f"f{number}" for number in (2, 3, 4, 5, 8, 9, 10, 11)), *(f"ctrl+{letter}" for letter in "bglopr"), *SIGNS)
"""Keys for what can be done everywhere: none is a key of any action without a keymap, beside ctrl+ ones."""


def other_keys() -> dict[str, tuple[str, ...]]:
    """A keymap by which every action that can be changed has a key that it did not have."""
    entries: dict[str, object] = {}
    for scope in Scope:
        actions = [action for action in changeable().values() if action.scope is scope]
        entries |= dict(_others(scope, actions))
    read = read_keys(entries)
    assert read.faults == []
    return read.keymap


def _others(scope: Scope, actions: list[Action]) -> Iterator[tuple[str, str]]:
    own = {key for action in ACTIONS if action.scope is scope for key in action.keys}
    free = [letter for letter in ascii_uppercase + ascii_lowercase if letter not in {*own, *RESERVED}]
    places = [place for place in PLACES if place not in own]
    for action in sorted(actions, key=lambda action: not action.dangerous):
        yield full_name(action), places.pop(0) if scope is Scope.EVERYWHERE else free.pop(0)


@pytest.fixture
def keymap() -> Iterator[dict[str, tuple[str, ...]]]:
    """Other keys for everything; afterwards sentences name the program's own again."""
    yield other_keys()
    put_in_force(registry(read_only=False, demo=False))


def console_with(keymap: dict[str, tuple[str, ...]], backend: FakeBackend) -> ConsoleApp:
    """A console on this backend with these keys."""
    known = registry(read_only=False, demo=False).with_keys(keymap)
    return ConsoleApp(backend, read_only=False, demo=False, clock=lambda: NOW, refresh_seconds=86_400, actions=known)


def shown(app: ConsoleApp) -> str:
    """All lines on the screen."""
    return "\n".join(plain(line) for panel in app.screen.query(Lines) for line in panel.shown)


def keys_named(text: str) -> set[str]:
    """The keys that the sentences of a screen tell one to press."""
    named = re.findall(r"\b[Pp]ress (\S+?)(?=[ ,.;)\n]|$)", text)
    named += re.findall(r"\((\S{1,3})\)(?=[:.,; ]|$)", text)
    for first, second in re.findall(r"(?<![\w-])(\S{1,3}), then (\S{1,3}?)(?=[ ,.;:)\n]|$)", text):
        named += [first.lstrip("("), second]
    return {key for key in named if not key.isdigit() or len(key) == 1}


async def test_every_screen_shows_the_keys_that_hold_and_no_old_one(keymap: dict[str, tuple[str, ...]]) -> None:
    app = console_with(keymap, FakeBackend())
    held = {key_name(key) for action in app.registry.actions for key in action.keys}
    of_the_fake = "Import the signed statement: 4, then i"
    async with app.run_test(size=(160, 50)) as pilot:
        await settle(pilot)
        for mode in (app.DEFAULT_MODE, *app.MODES):
            await press(pilot, *keymap.get(mode, ()))
            assert app.current_mode == mode
            text = shown(app).replace(of_the_fake, "")
            assert f" {key_name(keymap['find'][0])} Find" in text, mode
            assert " / Find" not in text, mode
            assert re.search(rf"^ ?{re.escape(key_name(keymap['overview'][0]))}[ []*Overview", text, re.M), mode
            assert keys_named(text) <= {*held, "Enter", "Esc"}, mode


async def test_help_has_the_keys_that_hold_and_says_of_its_text_that_it_names_the_default_ones(
    keymap: dict[str, tuple[str, ...]],
) -> None:
    """The table of keys is that of this console; every heading stays where the contents lead to."""
    own = read_guide()
    assert with_keys_in_force(own) is own
    app = console_with(keymap, FakeBackend())
    changed = with_keys_in_force(own)
    for chapter, before in zip(changed.chapters, own.chapters, strict=True):
        assert chapter.lines[2].startswith("**Default keys in this text."), chapter.title
        assert [chapter.lines[heading.line] for heading in chapter.headings] == [
            before.lines[heading.line] for heading in before.headings
        ]
    (keys,) = (chapter for chapter in changed.chapters if HEADER in chapter.lines)
    assert "The keys below are those of your keymap." in keys.text
    assert not any("The keys below are the program's own." in chapter.text for chapter in changed.chapters)
    rows = [line.split(" | ")[:3] for line in keys.lines if line.startswith("| ") and line != HEADER]
    wanted = {
        action.title: " ".join(f"`{key_name(key)}`" for key in keymap.get(action.name, action.keys))
        for action in ACTIONS
    }
    assert len(rows) == len(ACTIONS)
    assert {title.replace("\\", ""): shown for _screen, shown, title in rows} == wanted
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, *keymap["guide"], "enter")
        text = app.screen.query_one(ChapterText)
        assert any("Default keys in this text" in text.render_line(y).text for y in range(text.size.height))


async def test_on_a_narrow_screen_no_screen_loses_its_name_to_a_longer_key(keymap: dict[str, tuple[str, ...]]) -> None:
    app = console_with(keymap, FakeBackend())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        first = plain(app.screen.query_one(TopBar).shown[0])
        names = ("Docs", "Run", "Appr", "Gates", "Drift", "Batch", "Units", "Bkup", "Jrnl")
        assert all(name in first for name in names), first


async def test_the_old_key_does_nothing_and_the_new_one_acts(keymap: dict[str, tuple[str, ...]]) -> None:
    app = console_with(keymap, FakeBackend())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "3")
        assert app.current_mode == "overview"
        await press(pilot, keymap["run"][0])
        assert app.current_mode == "run"
        await press(pilot, "slash")
        assert isinstance(app.screen, ConsoleScreen)
        assert app.screen.filter_bar is None
        await press(pilot, keymap["find"][0])
        assert app.screen.filter_bar is not None


async def test_help_shows_the_keys_that_hold_in_its_lists_and_in_its_sentences(
    keymap: dict[str, tuple[str, ...]],
) -> None:
    app = console_with(keymap, FakeBackend())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, keymap["documents"][0], "question_mark")
        assert isinstance(app.screen, HelpDialog)
        text = " ".join(shown(app).split())
        assert f"{key_of('compare')} shows each unit" in text
        assert key_of("compare") != "v"
        assert f"{key_name(keymap['guide'][0])} guide" in text
        await press(pilot, keymap["guide"][0])
        assert app.current_mode == "guide"


@pytest.mark.parametrize("key", ["ctrl+x", "f12"])
async def test_the_stop_key_stops_whatever_the_keymap(key: str, keymap: dict[str, tuple[str, ...]]) -> None:
    backend = FakeBackend()
    app = console_with(keymap, backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, keymap["palette"][0], key)
        assert isinstance(app.screen, PanicDialog)
        await press(pilot, "s")
    assert [call for call in backend.calls if call.startswith("panic ")]


def test_every_action_that_a_sentence_names_exists_and_no_sentence_names_a_key_itself() -> None:
    known = {action.name for action in (*ACTIONS, *replay_registry().actions)}
    marks, literal = set(), []
    for folder in SHOWN:
        for path in sorted((CONSOLE / folder).glob("*.py")):
            for text in _texts(ast.parse(path.read_text())):
                marks |= set(re.findall(r"(?<!P)<([a-z_]+)>", text))
                if _NAMES_A_KEY.search(text) and not _OF_A_DIALOG.search(text):
                    literal.append(f"{path.name}: {text}")
    assert {"plan", "refresh", "find"} <= marks <= known
    assert literal == []
    assert "<" not in told("".join(f"<{mark}>" for mark in marks))


def test_keys_and_the_command_behind_them_are_joined_in_one_place() -> None:
    """`keys_alone` takes the command away again, where lines are few: of a sentence that another joint holds it would not."""
    joined = [
        f"{path.name}: {text}"
        for folder in SHOWN
        for path in sorted((CONSOLE / folder).glob("*.py"))
        for text in _texts(ast.parse(path.read_text()))
        if ", or: " in text
    ]
    assert joined == ["keys_in_force.py: , or: "]


_NAMES_A_KEY = re.compile(
    r"[Pp]ress [A-Za-z0-9](?![\w])|(?<!\w)\((?:[b-zB-Z]|\d)\)|(?<![\w>])[a-zA-Z0-9], then [a-zA-Z](?!\w)"
    r"|(?:^|[.;:] |, | and )(?:[b-zB-HJ-Z]|/) (?:[a-z]+s|it|them|goes|go) "
    r"|: (?:[a-z]|/)$"
    r"|\b(?:Esc|Enter|Tab),? (?:and|then|and then) (?:[a-zA-Z0-9]|/)(?!\w)"
)
_OF_A_DIALOG = re.compile(r"s stops now|d: a dry run|n and N go|cutter-console|[%{]")
"""Keys of dialogs and of texts, which no keymap changes; formats."""


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield every text of a module that is not its documentation."""
    documentation = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The place of console.toml for a console that thinks that it has a terminal."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(launch, "refusal_here", lambda: "")
    file_path().parent.mkdir(parents=True)
    yield file_path()
    put_in_force(registry(read_only=False, demo=False))


@pytest.mark.parametrize("words", [(), ("--read-only",), ("--replay", "{recording}")], ids=["", "read-only", "replay"])
def test_the_console_opens_with_the_keys_of_the_file_or_not_at_all(
    words: tuple[str, ...],
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recording = tmp_path / "recording.jsonl"
    recording.write_bytes(line_of(FakeBackend().status()).rstrip(b"\n") + b"\n")
    asked = ["--root", str(tmp_path), *(word.format(recording=recording) for word in words)]
    opened: list[ConsoleApp] = []

    def run(app: ConsoleApp, **_named: object) -> int:
        opened.append(app)
        return 0

    monkeypatch.setattr(application, "run", run)
    place.write_text('[keymap]\neverywhere.find = "f3"\n', encoding="utf-8")
    place.chmod(0o600)

    assert main(asked) == 0
    find = opened.pop().registry.named("find")
    assert find is not None
    assert find.keys == ("f3",)

    place.write_text('[keymap]\neverywhere.find = "^X"\n', encoding="utf-8")
    assert main(asked) == ExitStatus.USAGE
    assert opened == []
    said = capsys.readouterr().err
    assert f"{place}, line 2: keymap.everywhere.find: ^X cannot be given: it is the stop key" in said
    assert f"cutter-console --root {tmp_path} config keys" in said


@pytest.mark.parametrize("mouse", [True, False], ids=["", "no-mouse"])
@pytest.mark.parametrize("words", [(), ("--replay", "{recording}")], ids=["", "replay"])
@pytest.mark.usefixtures("place")
def test_the_console_opens_with_the_mouse_unless_it_is_left_to_the_terminal(
    words: tuple[str, ...], *, mouse: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = tmp_path / "recording.jsonl"
    recording.write_bytes(line_of(FakeBackend().status()).rstrip(b"\n") + b"\n")
    opened: list[tuple[bool, bool]] = []

    def run(app: ConsoleApp, *, mouse: bool = True) -> int:
        opened.append((app.is_replay, mouse))
        return 0

    monkeypatch.setattr(application, "run", run)
    asked = [word.format(recording=recording) for word in words]
    assert main(["--root", str(tmp_path), *asked, *(() if mouse else ("--no-mouse",))]) == 0
    assert opened == [(bool(words), mouse)]


def test_the_help_command_has_the_keys_in_force_and_with_a_wrong_keymap_the_own_ones(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def row_of_find() -> tuple[str, str]:
        assert main(["help", "keys"]) == 0
        shown = capsys.readouterr()
        return next(
            row for row in shown.out.splitlines() if row.startswith("| everywhere |") and "Filter" in row
        ), shown.err

    own, said = row_of_find()
    assert "| `/` |" in own
    assert said == ""

    place.write_text('[keymap]\neverywhere.find = "f3"\n', encoding="utf-8")
    place.chmod(0o600)
    row, said = row_of_find()
    assert row == own.replace("`/`", "`F3`")
    assert "cutter-console config keys" in said

    place.write_text('[keymap]\neverywhere.find = "^X"\n', encoding="utf-8")
    row, said = row_of_find()
    assert row == own
    assert f"{place}, line 2: keymap.everywhere.find: ^X cannot be given: it is the stop key" in said


@pytest.mark.parametrize("sentence", [*_REPEAL_CAME_TO.values(), *_EDIT_CAME_TO.values()])
def test_a_key_that_is_a_brace_stands_in_a_sentence_as_it_is(sentence: str) -> None:
    read = read_keys({"run.draft": "{", "everywhere.run": "}", "run.verify_again": "<"})
    put_in_force(registry(read_only=False, demo=False).with_keys(read.keymap))
    try:
        filled = _filled(sentence, FakeBackend().run(RUN_ID), "7 units")
    finally:
        put_in_force(registry(read_only=False, demo=False))

    assert "7 units of BDSG-2018" in filled or filled.startswith("BDSG-2018 is repealed: 7 units")
    assert ("}, then {" in filled) == ("<run>, then <draft>" in sentence)
