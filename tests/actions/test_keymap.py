"""The operator's keymap: what it may change, what nobody can lose, and how a fault is told."""

import ast
import random
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.keys import _character_to_key
from textual.widgets import TextArea

from console.actions.action import NAMED_KEYS, Scope, key_name
from console.actions.actions import Registry, registry, replay_registry
from console.actions.keymap import RESERVED, _key, changeable, full_name, read_keys
from console.actions.keymap_file import OwnConsole, file_path, read_console, read_keymap
from console.actions.stopping import STOP_KEYS, STOPPING
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.theme_names import ThemeName
from console.widgets.field import _EDITS

WIDGETS = Path(__file__).parents[2] / "console" / "widgets"
HELP_AND_QUIT = {"quit": ("q", "ctrl+q"), "help": ("question_mark",)}


def consoles() -> tuple[Registry, ...]:
    """Return the registry of each kind of console."""
    kinds = [registry(read_only=read_only, demo=demo) for read_only in (False, True) for demo in (False, True)]
    return (*kinds, replay_registry())


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the file console.toml, in a folder of this test's."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file_path().parent.mkdir()
    return file_path()


def refusal(place: Path, text: str) -> UsageError:
    """The refusal of this text of the file."""
    place.write_text(text, encoding="utf-8")
    place.chmod(0o600)
    with pytest.raises(UsageError) as caught:
        read_keymap()
    assert caught.value.code is StopCode.REFUSED_INPUT
    return caught.value


def test_without_a_file_every_action_has_its_own_keys(place: Path) -> None:
    assert read_keymap() == {}
    known = registry(read_only=False, demo=False)
    assert known.with_keys({}) == known


def test_an_action_gets_other_keys_and_loses_its_own(place: Path) -> None:
    place.write_text('[keymap]\n"run.go_on" = "G, ctrl+b"\neverywhere.find = "^O,f3"\n', encoding="utf-8")
    place.chmod(0o600)

    known = registry(read_only=False, demo=False).with_keys(read_keymap())

    go_on, find = known.named("go_on"), known.named("find")
    assert go_on is not None
    assert find is not None
    assert go_on.keys == ("G", "ctrl+b")
    assert find.keys == ("ctrl+o", "f3")


def test_two_actions_can_change_their_keys_with_each_other() -> None:
    read = read_keys({"run.go_on": "e", "run.settle": "g"})

    assert read.faults == []
    assert read.keymap == {"go_on": ("e",), "settle": ("g",)}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("run.go_onn", "G", "there is no such action; did you mean run.go_on?"),
        ("run.go_on", "alt+g", "'alt+g' is no key"),
        ("run.go_on", "ctrl+shift+g", "is no key"),
        ("run.go_on", "é", "is no key"),
        ("run.go_on", "", "a key is missing"),
        ("run.go_on", "G,,f3", "a key is missing"),
        ("run.go_on", "G,G", "G stands there twice"),
        ("run.go_on", "f2,f3,f4,f5,G", "has 5 keys, at most 4"),
        ("run.go_on", 3, "needs a text with its keys"),
        ("run.go_on", "e", "e is the key of run.settle (Ask again what was committed) on the same screen"),
        ("run.go_on", "3", "3 is the key of everywhere.run (Go to Run) on the same screen"),
        ("everywhere.overview", "d", "d is the key of documents.start_dry"),
        ("everywhere.replay_go", "1", "1 is the key of everywhere.overview"),
        ("run.arm", "a", "a cannot be given: what is dangerous has a capital letter"),
        ("run.arm", "f3", "what is dangerous has a capital letter"),
        ("run.go_on", "^X", "^X cannot be given: it is the stop key"),
        ("run.go_on", "f12", "it is the stop key"),
        ("run.go_on", "q", "it is the key of Quit"),
        ("run.go_on", "?", "it is the key of Help"),
        ("run.go_on", "Esc", "every field and dialog needs it"),
        ("run.go_on", "enter", "every field and dialog needs it"),
        ("run.go_on", "tab", "every field and dialog needs it"),
        ("run.go_on", "ctrl+i", "terminals send it for Tab"),
        ("run.go_on", "ctrl+w", "a field needs it"),
        ("run.go_on", "j", "need it to move"),
        ("run.go_on", "ctrl+y", "it confirms in dialogs"),
        ("everywhere.panic", "f3", "keeps its keys"),
        ("everywhere.how_to_stop", "f3", "keeps its keys"),
        ("everywhere.quit", "f3", "keeps its keys"),
        ("everywhere.help", "f3", "keeps its keys"),
        ("gates.evidence", "x", "keeps its keys"),
    ],
)
def test_a_fault_names_the_entry_and_its_reason(name: str, value: object, words: str) -> None:
    read = read_keys({name: value})

    assert [entry for entry, _ in read.faults] == [name]
    assert words in read.faults[0][1]


def test_whatever_is_accepted_leaves_stop_quit_help_and_enter_and_no_key_does_two_things() -> None:
    drawn = random.Random(13)
    names = [*changeable(), *(full_name(action) for known in consoles() for action in known.actions)]
    keys = [*(chr(code) for code in range(32, 127)), "^X", "^Q", "f12", "f3", "f8", "f9", "^b", "^o", "enter", "escape"]
    n_accepted = 0
    for _ in range(300):
        read = read_keys({drawn.choice(names): drawn.choice(keys) for _ in range(drawn.choice((1, 1, 2, 3)))})
        if read.faults:
            continue
        n_accepted += 1
        for known in consoles():
            changed = known.with_keys(read.keymap)
            stop = [action for action in changed.actions if action.name in STOPPING]
            assert [set(action.keys) for action in stop] == [STOP_KEYS]
            assert {
                action.name: action.keys for action in changed.actions if action.name in HELP_AND_QUIT
            } == HELP_AND_QUIT
            for before, after in zip(known.actions, changed.actions, strict=True):
                assert ("enter" in before.keys) == ("enter" in after.keys)
                assert after.keys
            for scope in Scope:
                actions = {*changed.in_scope(scope), *changed.in_scope(Scope.EVERYWHERE)}
                taken = [key for action in actions for key in action.keys]
                assert len(taken) == len(set(taken)), (scope, read.keymap)
    assert n_accepted > 20


def test_no_action_can_be_given_a_key_that_a_field_or_a_widget_needs() -> None:
    of_areas = {key for binding in TextArea.BINDINGS if isinstance(binding, Binding) for key in binding.key.split(",")}
    of_widgets = {
        key
        for path in WIDGETS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Binding"
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        for key in node.args[0].value.split(",")
    }
    assert {"j", "N", "space"} <= of_widgets

    needed = {*_EDITS, *of_areas, *of_widgets}

    assert {key for key in needed if _key(key) is not None} <= set(RESERVED)


def test_every_sign_can_be_written_by_itself_and_by_its_name() -> None:
    for sign, name in NAMED_KEYS.items():
        assert name == _character_to_key(sign)
        assert _key(sign) == _key(name) == name
        assert key_name(name) in {sign, "Space", "comma"}


def test_each_fault_of_the_file_is_told_with_its_line(place: Path) -> None:
    error = refusal(place, 'keymapp = 1\n[keymap]\n"run.go_on" = "^X"\n\nrun.settl = "z"\n[keymap.gates]\nbundle = 3\n')

    assert error.message.split("\n") == [
        f"{place}, line 1: keymapp: is not known here; this file has the tables [keymap] and [display]",
        f"{place}, line 3: keymap.run.go_on: ^X cannot be given: it is the stop key",
        f"{place}, line 5: keymap.run.settl: there is no such action; did you mean run.settle?",
        f'{place}, line 7: keymap.gates.bundle: needs a text with its keys, such as "g" or "g,ctrl+g"',
    ]
    assert error.next_action == f"Correct {place}. See actions and keys: cutter-console config keys"


def test_a_table_that_is_not_known_leads_to_what_the_file_can_hold(place: Path) -> None:
    error = refusal(place, "[colours]\nbad = 3\n[display]\nmouse = true\n")

    assert (
        error.message == f"{place}, line 1: colours: is not known here; this file has the tables [keymap] and [display]"
    )
    assert error.next_action == f"Correct {place}. See what it can hold: cutter-console config schema console"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[keymap\n", "line 1"),
        ("keymap = 3\n", "must be a table: [keymap]"),
        ('[keymap]\n"run.go_on" = "G"\nrun.go_on = "f3"\n', "line 2: keymap.run.go_on: stands there twice"),
        ('[keymap]\n"a\\u001b[31m" = "G"\n', "there is no such action"),
        (f"[keymap]\nx = {'[' * 5000}\n", "nested too deeply"),
        (f"[keymap]\nx = {'9' * 5000}\n", "a number that is too long"),
    ],
    ids=["toml", "no table", "twice", "control", "deep", "long number"],
)
def test_a_file_that_is_no_keymap_is_refused(place: Path, text: str, words: str) -> None:
    error = refusal(place, text)

    assert words in error.message
    assert "\x1b" not in error.message


def test_theme_and_mouse_stand_in_a_table_beside_the_keys(place: Path) -> None:
    assert read_console() == OwnConsole({})
    for theme in ThemeName:
        place.write_text(f'[display]\nmouse = false\ntheme = "{theme}"\n', encoding="utf-8")
        place.chmod(0o600)
        assert read_console() == OwnConsole({}, theme, mouse=False)


def test_each_fault_of_theme_and_mouse_is_told_with_what_they_can_be(place: Path) -> None:
    error = refusal(place, '[display]\ntheme = "drak"\nmouse = "off"\ncolour = 3\n')

    assert error.message.split("\n") == [
        f"{place}, line 4: display.colour: is not known here; this table has theme and mouse",
        f'{place}, line 2: display.theme: must be "dark", "light" or "high-contrast"',
        f"{place}, line 3: display.mouse: must be true or false",
    ]
    assert error.next_action == f"Correct {place}. See what it can hold: cutter-console config schema console"
    inline, twice = '\ndisplay = { theme = "x", mouse = 1 }\n', "\n[[display]]\nmouse = true\n"
    assert all(f"{place}, line 2: display" in line for line in refusal(place, inline).message.split("\n"))
    assert f"{place}, line 2: display: must be a table" in refusal(place, twice).message
    for text in ("display = 3\n", "[display]\ntheme = [1]\n", "[display]\nmouse = 0\n"):
        assert f"{place}, line" in refusal(place, text).message


def test_a_file_that_others_may_write_is_refused(place: Path) -> None:
    place.write_text('[keymap]\n"run.go_on" = "G"\n', encoding="utf-8")
    place.chmod(0o666)

    with pytest.raises(UsageError, match="can be written by other accounts: it says what each key of yours does"):
        read_keymap()
