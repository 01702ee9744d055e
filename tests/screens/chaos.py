"""A console that is handed keys, resizes, pastes and the mouse at random while the world behind it changes, from a seed.

It drives the screens through the messages that the terminal's driver sends, in bursts, without waiting for what they
do: a key comes before the screen that it was meant for, a dialog gets its answer twice, a worker answers to a screen
that has been left. What must hold: the console is still there, it ended only where quitting was asked for, and nothing
was written without the text that its dialog asks for.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.message import Message

import console
from console.app.application import ConsoleApp
from console.backend.model.errors import CutterError, Refused, StopCode, Unmeasured
from console.backend.model.states import Stage
from console.screens.panic import PanicDialog
from tests.support.fake_batches import BATCH_ID, BatchAt
from tests.support.fakes import ARMED, HOLD, NOW, OFF, RUN_ID, FakeBackend
from tests.support.unpainted import painted

STATES = ("read-only", "operating", "armed")
EPISODE = 250
"""Events that one console is handed; the next episode begins with a new one."""

_PATIENCE = 60
"""Seconds after which a console that does not come to rest is taken for one that never will."""

TYPED = frozenset({"arm", "enact", "revert", "void", "release"})
"""Calls that need the text which their dialog asks for."""
WRITING = TYPED | {
    "start",
    "resume",
    "draft",
    "import",
    "disarm",
    "panic",
    "demo",
    "settle",
    "replan",
    "verify",
    "set-aside",
    "prove",
    "export",
}

_NAVIGATION = [
    "up",
    "down",
    "left",
    "right",
    "pageup",
    "pagedown",
    "home",
    "end",
    "tab",
    "shift+tab",
    "enter",
    "enter",
    "escape",
    "space",
    "backspace",
    "delete",
    "ctrl+home",
    "ctrl+end",
    "shift+home",
    "shift+end",
    "ctrl+left",
    "ctrl+right",
    "ctrl+a",
    "ctrl+e",
    "ctrl+u",
    "ctrl+k",
    "ctrl+w",
    "ctrl+d",
    "ctrl+f",
]
_COMMANDS = [
    "e",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "7",
    "8",
    "8",
    "9",
    "9",
    "0",
    "t",
    "v",
    "x",
    "ctrl+r",
    "ctrl+r",
    "slash",
    "G",
    "r",
    "question_mark",
    "ctrl+p",
    "ctrl+p",
    "ctrl+x",
    "f12",
    "ctrl+t",
    "ctrl+l",
    "o",
    "H",
    "p",
    "f",
    "n",
    "N",
    "d",
    "L",
    "g",
    "s",
    "A",
    "E",
    "U",
    "V",
    "c",
    "i",
    "D",
    "m",
    "b",
    "w",
    "ctrl+y",
    "ctrl+y",
    "ctrl+s",
    "left_square_bracket",
    "right_square_bracket",
    "asterisk",
    "slash",
    "k",
    "j",
    "l",
    "h",
    "u",
]
_ODD = [
    "ctrl+c",
    "ctrl+z",
    "ctrl+q",
    "q",
    "ctrl+v",
    "f1",
    "f6",
    "alt+x",
    "ctrl+at",
    "ctrl+backslash",
    "ctrl+underscore",
    "insert",
    "circumflex_accent",
]
_NAMED = {"question_mark": "?", "left_square_bracket": "[", "right_square_bracket": "]", "asterisk": "*", "slash": "/"}
_PASTES = (
    "", "x", "two\nlines", "\x1b[31mred\x1b[0m", "[bold]markup[/bold] [/x]", "ictr-not-this-one", "Điều 5 é " * 40,
    "\u202eevil\u2066", "\ud83d\ude00", "q\x18s", "0" * 5000,
)  # fmt: skip
_SIZES = ((80, 24), (120, 40), (200, 60), (40, 10), (20, 5), (10, 3), (1, 1), (300, 4), (4, 100))


class WorldBackend(FakeBackend):
    """The fake backend with answers that take a moment, or are refused, as the dice have it."""

    dice: random.Random = random.Random(0)
    moody: bool = False

    def _moment(self) -> None:
        time.sleep(self.dice.choice((0, 0, 0, 0, 0.002, 0.01)))
        if self.moody and self.dice.random() < 0.2:
            raise self.dice.choice(_REFUSALS)

    def _call(self, name: str) -> None:
        super()._call(name)
        self._moment()

    def _asked(self, what: str) -> None:
        super()._asked(what)
        self._moment()


_REFUSALS: tuple[CutterError, ...] = (
    Refused(StopCode.EXECUTION_DISABLED, "the switch is OFF [/x] \x1b[31m", "Arm it: A"),
    Unmeasured(StopCode.UNREACHABLE, "the line is cut", "Repair the line, then r"),
)


class StayingApp(ConsoleApp):
    """Counts the ends that were asked for by quitting and goes on; any other end is one."""

    CSS_PATH = str(Path(console.__file__).with_name("app") / "console.tcss")
    asked_to_quit: int = 0

    async def action_quit(self) -> None:
        """As the console does it."""
        self._quitting = True
        try:
            await super().action_quit()
        finally:
            self._quitting = False

    async def on_event(self, event: events.Event) -> None:
        """Without what keeps the console alive where a widget is missing: here that is a finding."""
        await App.on_event(self, event)

    def _quit(self, answer: str | None) -> None:
        self._quitting = True
        try:
            super()._quit(answer)
        finally:
            self._quitting = False

    def exit(self, result: int | None = None, return_code: int = 0, message: object = None) -> None:
        """Not where it was asked for, so that the noise goes on."""
        if self._quitting or self.leave_when_done:
            self.asked_to_quit += 1
            self.leave_when_done = False
        else:
            super().exit(result, return_code)

    _quitting: bool = False


@dataclass
class Verdict:
    """What one episode came to."""

    events: int = 0
    handed: list[str] = field(default_factory=list)
    """The last events, for the report of a failure."""
    failure: str = ""
    written: list[str] = field(default_factory=list)


def backend(state: str, dice: random.Random) -> WorldBackend:
    """Return the fake backend for consoles in this state."""
    made = WorldBackend(switch=ARMED if state == "armed" else OFF, read_only=state == "read-only", demo=True)
    made.dice = dice
    return made


def _key(name: str) -> events.Key:
    character = _NAMED.get(name, name if len(name) == 1 else None)
    return events.Key(name, "\r" if name == "enter" else character)


class Noise:
    """Makes events from dice; every one of them is what the driver could have sent."""

    def __init__(self, dice: random.Random, backend: WorldBackend, *, may_type: bool) -> None:
        self._dice = dice
        self._backend = backend
        self._may_type = may_type
        self._size = (80, 24)

    def next(self) -> tuple[str, list[Message]]:
        """Some events and their name."""
        kind = self._dice.choices(
            (self._command, self._navigate, self._letter, self._odd, self._paste, self._resize, self._mouse, self._world,
             self._focus, self._twice, self._confirm),
            (30, 25, 8, 3, 4, 3, 12, 6, 2, 8, 4),
        )[0]  # fmt: skip
        return kind()

    def _command(self) -> tuple[str, list[Message]]:
        name = self._dice.choice(_COMMANDS)
        return name, [_key(name)]

    def _navigate(self) -> tuple[str, list[Message]]:
        name = self._dice.choice(_NAVIGATION)
        return name, [_key(name)]

    def _letter(self) -> tuple[str, list[Message]]:
        name = self._dice.choice("abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ0123456789-é日\u0301")
        return name, [_key(name)]

    def _odd(self) -> tuple[str, list[Message]]:
        name = self._dice.choice(_ODD)
        return name, [_key(name)]

    def _twice(self) -> tuple[str, list[Message]]:
        name = self._dice.choice(("enter", "escape", "ctrl+y", "ctrl+p", "ctrl+x", "s", "w"))
        return f"{name} twice", [_key(name), _key(name)]

    def _paste(self) -> tuple[str, list[Message]]:
        text = self._dice.choice(_PASTES)
        return f"paste {text[:20]!r}", [events.Paste(text)]

    def _confirm(self) -> tuple[str, list[Message]]:
        """To the field of a dialog, the text that it may ask for, the confirming key."""
        if not self._may_type:
            return "tab ctrl+y", [_key("tab"), _key("ctrl+y")]
        text = self._dice.choice((RUN_ID, BATCH_ID, "RELEASE"))
        return f"type {text}", [_key("tab"), events.Paste(text), _key("tab"), events.Paste("a reason"), _key("ctrl+y")]

    def _resize(self) -> tuple[str, list[Message]]:
        self._size = self._dice.choice(_SIZES)
        return f"resize {self._size}", [events.Resize(Size(*self._size), Size(*self._size))]

    def _mouse(self) -> tuple[str, list[Message]]:
        x, y = self._dice.randrange(self._size[0] + 2), self._dice.randrange(self._size[1] + 2)
        button = self._dice.choice((1, 1, 2, 3))
        made = self._dice.choice(
            (
                (events.MouseDown, events.MouseUp),
                (events.MouseMove,),
                (events.MouseScrollUp,),
                (events.MouseScrollDown,),
                (events.MouseDown,),
                (events.MouseUp,),
            )
        )
        return f"mouse {[one.__name__ for one in made]} {x},{y}", [
            one(None, x, y, 0, 0, button, shift=False, meta=False, ctrl=False, screen_x=x, screen_y=y) for one in made
        ]

    def _focus(self) -> tuple[str, list[Message]]:
        event = self._dice.choice((events.AppFocus, events.AppBlur))
        return event.__name__, [event()]

    def _world(self) -> tuple[str, list[Message]]:
        """Another console, or the database, has done something."""
        changes: dict[str, Callable[[], object]] = {
            "down": lambda: setattr(self._backend, "down", not self._backend.down),
            "moody": lambda: setattr(self._backend, "moody", not self._backend.moody),
            "run": lambda: setattr(self._backend, "has_run", not self._backend.has_run),
            "interrupted": lambda: setattr(self._backend, "interrupted", not self._backend.interrupted),
            "checks": lambda: setattr(self._backend, "open_checks", not self._backend.open_checks),
            "problems": lambda: setattr(self._backend, "with_problems", not self._backend.with_problems),
            "stage": lambda: setattr(self._backend, "stage", self._dice.choice(list(Stage))),
            "batch": lambda: setattr(self._backend, "batch_at", self._dice.choice(get_args(BatchAt))),
            "switch": lambda: setattr(self._backend, "switch", self._dice.choice((OFF, ARMED, HOLD))),
            "reports": lambda: setattr(self._backend, "n_reports", self._dice.choice((0, 1, 4, 60))),
            "changed": lambda: setattr(self._backend, "changed", self._dice.choice(("", "04-approval.md"))),
            "backups": lambda: setattr(self._backend, "n_backups", self._dice.choice((0, 1, 5, 40))),
            "hostile": lambda: setattr(self._backend, "hostile", self._dice.choice(("", "[/x]\x1b[31m\u202e"))),
        }
        name = self._dice.choice(list(changes))
        changes[name]()
        return f"world: {name}", []


async def episode(state: str, seed: str, count: int = EPISODE, *, may_type: bool = False) -> Verdict:
    """Hand one console this many events. The verdict says what failed; empty where everything held."""
    dice = random.Random(seed)
    world = backend(state, random.Random(f"{seed} answers"))
    app = StayingApp(
        world,
        read_only=state == "read-only",
        demo=True,
        clock=lambda: NOW,
        refresh_seconds=dice.choice((0.05, 86_400)),
    )
    noise, verdict = Noise(dice, world, may_type=may_type), Verdict()
    try:
        with painted():
            async with app.run_test(size=(80, 24)) as pilot:
                while verdict.events < count and app.is_running and app._exception is None:
                    for _ in range(dice.choice((1, 1, 2, 3, 6, 12))):
                        name, messages = noise.next()
                        verdict.events += 1
                        verdict.handed = [*verdict.handed[-39:], name]
                        for message in messages:
                            message.set_sender(app)
                            app.post_message(message)
                    if dice.random() < 0.3:
                        await asyncio.wait_for(pilot.pause(), _PATIENCE)
                    else:
                        await asyncio.sleep(dice.choice((0, 0, 0.003)))
                await asyncio.wait_for(pilot.pause(), _PATIENCE)
                verdict.failure = _ended(app) or await _still_answers(app, pilot.pause)
    except TimeoutError:
        verdict.failure = "the console no longer answers"
    except Exception as error:  # noqa: BLE001 - whatever ends the console is the finding
        import traceback

        verdict.failure = "".join(traceback.format_exception(error))
    verdict.written = [call for call in world.calls if call.split()[0] in WRITING]
    verdict.failure = verdict.failure or _unasked(verdict.written, state, may_type=may_type)
    return verdict


def _ended(app: StayingApp) -> str:
    return "" if app.is_running and app._exception is None else f"it ended by itself: {app._exception!r}"


async def _still_answers(app: StayingApp, pause: Callable[[], Awaitable[None]]) -> str:
    """After all of it the stop key opens its question, wherever the console is, unless that is what stands there."""
    for _ in range(3):
        app.post_message(_key("escape"))
        await asyncio.wait_for(pause(), _PATIENCE)
    app.post_message(_key("ctrl+x"))
    await asyncio.wait_for(pause(), _PATIENCE)
    stops = app.registry.named("panic") is not None
    return "" if isinstance(app.screen, PanicDialog) == stops else f"the stop key is not heard on {app.screen}"


def _unasked(written: list[str], state: str, *, may_type: bool) -> str:
    if state == "read-only" and written:
        return f"a read-only console wrote: {written}"
    if not may_type and (found := [call for call in written if call.split()[0] in TYPED]):
        return f"written without the typed text: {found}"
    return ""
