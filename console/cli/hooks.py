"""hooks list, test, run: the programs that are told of events."""

from functools import cache
from typing import TYPE_CHECKING

from console.backend.hooks import HookTeller, hooked
from console.backend.host.hooks import HookState
from console.backend.host.installation import Installation
from console.backend.host.settings import CONFIG_NAME
from console.backend.late_service import loaded_late
from console.backend.measuring import MeasuringService
from console.backend.model.errors import ExitStatus
from console.backend.model.hooks import HookEvent
from console.backend.model.outcome import Outcome
from console.backend.model.value import Value
from console.cli.arguments import Options
from console.cli.config_requests import NoArguments
from console.cli.hook_requests import RunHooks
from console.cli.installation import installation_of
from console.cli.output import as_typed, report

if TYPE_CHECKING:
    from console.backend.api import Backend


class HookStates(Value):
    """Each hook, with what became of its calls."""

    hooks: tuple[HookState, ...]


class HooksRun(Value):
    """Events of one measurement that were new, and the hooks that they were told to."""

    events: tuple[HookEvent, ...]
    hooks: tuple[HookState, ...]


def teller_of(options: Options, installation: Installation) -> HookTeller:
    """Return one who tells the hooks of this configuration."""
    config = (options.config or installation.root / CONFIG_NAME).absolute()
    return HookTeller(installation, config, *options.installation)


def list_all(options: Options, _request: NoArguments) -> ExitStatus:
    """Print each hook, and why one would not be started."""
    states = teller_of(options, installation_of(options)).states()
    outcome = Outcome.FAIL if any(state.refused for state in states) else Outcome.PASS
    lines = [line for state in states for line in _listed(options, state)]
    return report(options, "hooks list", outcome, lines or _none(options), HookStates(hooks=states))


def test(options: Options, _request: NoArguments) -> ExitStatus:
    """Tell every hook a test, wait for all of them, and print what became of it."""
    teller = teller_of(options, installation_of(options))
    teller.try_out()
    teller.wait()
    states = teller.states()
    lines = [line for state in states for line in _called(options, state)]
    return report(options, "hooks test", _outcome(states), lines or _none(options), HookStates(hooks=states))


def run(options: Options, request: RunHooks) -> ExitStatus:
    """Measure once, and print what is new; with --watch, what was told before is not told again."""
    backend, teller = _measured_and_told(options)
    seen: list[HookEvent] = []
    teller.listener = seen.extend
    shown = hooked(backend, teller)
    shown.status()
    if request.gates:
        shown.gates()
    if not request.watch:
        teller.wait()
    states = teller.states()
    lines = [as_typed(options, f"{event.event:<15} {event.sentence}") for event in seen]
    lines += [line for state in states if not state.is_well or state.dropped for line in _called(options, state)]
    answer = HooksRun(events=tuple(seen), hooks=states)
    return report(options, "hooks run", _outcome(states), lines or ["nothing new"], answer)


@cache
def _measured_and_told(options: Options) -> "tuple[Backend, HookTeller]":
    """Return backend and teller of this process: with --watch it knows what was told."""
    installation = installation_of(options)
    return loaded_late(MeasuringService(installation, read_only=True)), teller_of(options, installation)


def _outcome(states: tuple[HookState, ...]) -> Outcome:
    return Outcome.PASS if all(state.is_well for state in states) else Outcome.FAIL


def _none(options: Options) -> list[str]:
    return [as_typed(options, "no hook is configured; the settings are in: cutter-console config path")]


def _listed(options: Options, state: HookState) -> list[str]:
    kinds = ", ".join(state.events) or "all events"
    lines = [f"{state.program}  {kinds}  at most {state.timeout_seconds} s"]
    if state.refused:
        lines += [f"  NOT STARTED: {state.refused}", as_typed(options, f"  next: {state.next_action}")]
    return lines


def _called(options: Options, state: HookState) -> list[str]:
    lines = [f"{'PASS' if state.is_well else 'FAIL'}  {state.program}: {state.last or 'not called yet'}"]
    if state.refused:
        lines.append(as_typed(options, f"  next: {state.next_action}"))
    if state.wrote:
        lines.append(f"  it wrote: {state.wrote}")
    if state.dropped:
        lines.append(f"  dropped: {state.dropped}, because {state.called} calls were all that it had time for")
    return lines
