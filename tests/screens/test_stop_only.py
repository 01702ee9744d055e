"""A read-only console stops under the same keys as any other where the role for it is configured, and says how far that goes."""

from console.actions.actions import Scope
from console.actions.stopping import STOP_KEYS
from console.backend.model.errors import Held, StopCode
from console.backend.model.view_models import OnStep, SwitchView, untold
from console.screens.how_to_stop import HowToStopDialog
from console.screens.palette import matching_actions
from console.screens.panic import PanicDialog
from console.widgets.line import plain
from console.widgets.panel import Panel
from tests.screens.conftest import opened, press, settle
from tests.support.fakes import ARMED, RUN_ID, FakeBackend


def _reader() -> FakeBackend:
    return FakeBackend(switch=ARMED, read_only=True, stopper=True)


def _stops(backend: FakeBackend) -> list[str]:
    return [call for call in backend.calls if call.startswith("panic")]


async def test_the_stop_key_asks_for_the_second_key_on_every_screen_dialog_and_field_and_then_stops() -> None:
    for keys in ((), ("5",), ("question_mark",), ("5", "slash"), ("ctrl+p",)):
        for key in STOP_KEYS:
            backend = _reader()
            async with opened(backend, *keys, key, read_only=True) as (app, pilot):
                assert isinstance(app.screen, PanicDialog), keys
                await press(pilot, "s")
                await settle(pilot)
                assert _stops(backend) == ["panic stopped from the console, no reason given"]


async def test_no_and_enter_stop_nothing() -> None:
    for key in ("escape", "enter"):
        backend = _reader()
        async with opened(backend, "ctrl+x", key, read_only=True) as (app, _pilot):
            assert not isinstance(app.screen, PanicDialog)
            assert _stops(backend) == []


async def test_the_dialog_says_what_its_role_does_and_what_it_does_not() -> None:
    async with opened(_reader(), "ctrl+x", read_only=True) as (app, _pilot):
        words = "\n".join(plain(spans) for spans in app.screen.query_one("#dialog-body", Panel).shown)
        assert "Sets a HOLD" in words
        assert "Cancels nothing" in words
        assert "Cancels the running statement" not in words


async def test_it_is_the_only_action_that_a_read_only_console_gains() -> None:
    async with (
        opened(_reader(), read_only=True) as (app, _pilot),
        opened(FakeBackend(read_only=True), read_only=True) as (
            other,
            _,
        ),
    ):
        gained = {action.name for action in app.registry.actions} - {action.name for action in other.registry.actions}
        assert gained == {"panic"}
        assert app.registry.named("how_to_stop") is None
        titles = [action.title for action in matching_actions(app.registry, Scope.OVERVIEW, "stop everything")]
        assert titles == ["Stop everything (panic)"]


async def test_a_console_whose_backend_is_not_there_yet_names_the_command() -> None:
    """It is not known by then if it can stop: the command is right in any case."""

    class Down(FakeBackend):
        def can_stop(self) -> bool:
            raise Held(StopCode.UNREACHABLE, "the database cannot be reached", "See its log.")

    async with opened(Down(read_only=True, stopper=True), "ctrl+x", read_only=True) as (app, _pilot):
        assert isinstance(app.screen, HowToStopDialog)


class _InPart(FakeBackend):
    """Its role set the HOLD; the file could not be written, and a transaction is open."""

    def panic(self, reason: str, on_step: OnStep = untold) -> SwitchView:
        super().panic(reason, on_step)
        told = {
            "incomplete": "running statements: 1 open of roles that may write, and not cancelled: this role may not",
            "complete_with": "cutter-console panic --reason x",
        }
        self.switch = self.switch.model_copy(update=told)
        return self.switch


async def test_what_the_role_could_not_do_is_in_the_notice_with_the_command_that_does() -> None:
    async with opened(_InPart(read_only=True, stopper=True), "ctrl+x", "s", read_only=True) as (app, pilot):
        await settle(pilot)
        assert app.notice.what.startswith("Stopped in part: running statements: 1 open")
        assert app.notice.next_action == "cutter-console panic --reason x"


async def test_the_notice_offers_no_key_that_a_read_only_console_has_not() -> None:
    async with opened(_reader(), "ctrl+x", "s", read_only=True) as (app, pilot):
        await settle(pilot)
        assert app.notice.what.startswith("Stopped. The switch is HOLD.")
        assert RUN_ID in app.notice.what
        assert "then H" not in app.notice.next_action
        assert "cutter-console hold release --confirm RELEASE" in app.notice.next_action
