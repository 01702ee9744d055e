"""Starts hooks: each has a thread and a queue of its own, so that a slow one delays nobody, and a full queue drops and counts."""

from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Condition

from console.backend.host.daemon import start
from console.backend.host.processes import ProgramError, finished_bounded, why
from console.backend.host.settings import HookProgram
from console.backend.host.trusted_file import distrust
from console.backend.model.canonical_json import canonical_json
from console.backend.model.errors import StopCode, UsageError
from console.backend.model.hook_kinds import HookKind
from console.backend.model.hooks import HookEvent
from console.backend.model.redaction import hide_known, redact
from console.backend.model.safe_text import SafeText, safe_text
from console.backend.model.value import Value

MOST_WAITING = 256
"""Events that wait for one hook; further ones are dropped and counted."""
_SHOWN, _KEPT_BYTES, _MOST_BYTES = 400, 4000, 1 << 20
_ROUTINE = frozenset({HookKind.WAITING})
"""Kinds that come in any number, at the start above all: all others go before them, and drop one if there is no room."""


class HookState(Value):
    """One hook, with what became of its calls."""

    program: SafeText
    events: tuple[HookKind, ...]
    """Empty: all kinds."""
    timeout_seconds: int
    refused: SafeText = ""
    """The reason why it is not started, or an empty text."""
    next_action: SafeText = ""
    called: int = 0
    failed: int = 0
    dropped: int = 0
    last: SafeText = ""
    """Outcome of the last call; empty before one."""
    wrote: SafeText = ""
    """Beginning of what it wrote at the last call."""
    is_well: bool = True
    """False if the last call failed."""


_TEXTS = ("sentence", "root", "database", "host", "waits_for", "next_action")


def event_line(event: HookEvent) -> bytes:
    """Return what a hook reads: the event on one line, without the secrets that are known."""
    shown = event.model_copy(
        update={name: hide_known(value) for name, value in event if isinstance(value, str) and name in _TEXTS}
    )
    return canonical_json(shown) + b"\n"


def refusal(hook: HookProgram, config: Path) -> tuple[str, str]:
    """Return why a hook is not started, and the next action: file and configuration must be out of the hands of others."""
    reason, action = distrust(config)
    return (reason, action) if reason else distrust(Path(hook.program), executable=True)


def require_trusted(hooks: tuple[HookProgram, ...], config: Path) -> None:
    """Raise UsageError naming every hook that would not be started, with its reason."""
    refused = {refusal(hook, config): hook for hook in hooks}
    wrong = [(reason, action) for reason, action in refused if reason]
    if wrong:
        message = "\n".join(safe_text(f"hooks.programs: {reason}") for reason, _ in wrong)
        raise UsageError(StopCode.REFUSED_INPUT, message, " ".join(dict.fromkeys(action for _, action in wrong)))


@dataclass
class _Hook:
    program: HookProgram
    urgent: deque[HookEvent] = field(default_factory=deque)
    routine: deque[HookEvent] = field(default_factory=deque)
    is_at_work: bool = False
    called: int = 0
    failed: int = 0
    dropped: int = 0
    last: str = ""
    wrote: str = ""
    is_well: bool = True

    def put(self, event: HookEvent) -> bool:
        """Let the event wait, and return whether it does."""
        is_routine = event.event in _ROUTINE
        if len(self.urgent) + len(self.routine) >= MOST_WAITING:
            self.dropped += 1
            if is_routine or not self.routine:
                return False
            self.routine.pop()
        (self.routine if is_routine else self.urgent).append(event)
        return True

    def take(self) -> HookEvent | None:
        """Return the next event, or None."""
        waiting = self.urgent or self.routine
        return waiting.popleft() if waiting else None


class HookCaller:
    """Tells events to the hooks. No call waits for one, and none of them can raise."""

    def __init__(self, hooks: tuple[HookProgram, ...], config: Path) -> None:
        self._config = config
        self._hooks = tuple(_Hook(hook) for hook in hooks)
        self._changed = Condition()

    def tell(self, event: HookEvent) -> None:
        """Put the event into the queue of each hook that wants it."""
        for hook in self._hooks:
            wanted = hook.program.events
            if wanted and event.event not in wanted and event.event is not HookKind.TEST:
                continue
            with self._changed:
                if hook.put(event) and not hook.is_at_work:
                    self._begin(hook)

    def _begin(self, hook: _Hook) -> None:
        """Begin the thread of a hook; a host that has none left leaves its events to the next one."""
        try:
            ended = start(partial(self._work, hook), "hook")
        except RuntimeError as error:
            hook.last, hook.is_well = f"not started: {error}", False
        else:
            hook.is_at_work = True
            ended.add_done_callback(partial(self._after_defect, hook))

    def _after_defect(self, hook: _Hook, ended: Future[None]) -> None:
        """Say that a call ended the thread of its hook, if it did, and begin another one for what waits."""
        error = ended.exception()
        if error is None:
            return
        with self._changed:
            hook.called, hook.failed = hook.called + 1, hook.failed + 1
            hook.last, hook.is_well, hook.is_at_work = f"not told: {type(error).__name__}", False, False
            if hook.urgent or hook.routine:
                self._begin(hook)
            self._changed.notify_all()

    def _work(self, hook: _Hook) -> None:
        """Call one hook for all that waits for it."""
        while True:
            with self._changed:
                event = hook.take()
                if event is None:
                    hook.is_at_work = False
                    self._changed.notify_all()
                    return
            outcome, wrote, is_well = self._called(hook.program, event)
            with self._changed:
                hook.called += 1
                hook.failed += not is_well
                hook.last, hook.wrote, hook.is_well = outcome, wrote, is_well

    def _called(self, program: HookProgram, event: HookEvent) -> tuple[str, str, bool]:
        # Looked at each time: it may have changed since, and so may a folder above it.
        reason, _ = refusal(program, self._config)
        if reason:
            return f"not started: {reason}", "", False
        try:
            ended = finished_bounded(
                [program.program],
                timeout_s=program.timeout_seconds,
                data=event_line(event),
                keep=_KEPT_BYTES,
                most=_MOST_BYTES,
            )
        except (OSError, ProgramError) as error:
            return why(error), "", False
        # Before it is shortened: the beginning of a secret is not recognised.
        wrote = redact(ended.text.strip())[:_SHOWN]
        return ("it was told" if ended.status == 0 else f"it ended with status {ended.status}"), wrote, not ended.status

    def wait(self) -> None:
        """Wait until every hook has been called for all that it was told; each call has a limit of its own."""
        with self._changed:
            self._changed.wait_for(lambda: not any(hook.is_at_work for hook in self._hooks))

    def states(self) -> tuple[HookState, ...]:
        """Return each hook, with what became of its calls."""
        with self._changed:
            return tuple(self._state(hook) for hook in self._hooks)

    def _state(self, hook: _Hook) -> HookState:
        reason, action = refusal(hook.program, self._config)
        return HookState(
            program=hook.program.program,
            events=hook.program.events,
            timeout_seconds=hook.program.timeout_seconds,
            refused=reason,
            next_action=action,
            called=hook.called,
            failed=hook.failed,
            dropped=hook.dropped,
            last=hook.last,
            wrote=hook.wrote,
            is_well=hook.is_well,
        )

    def trouble(self) -> str:
        """Return what is wrong with the last calls, in one sentence; empty if nothing is. Looks at no file."""
        with self._changed:
            bad = [f"{Path(hook.program.program).name}: {hook.last}" for hook in self._hooks if not hook.is_well]
            dropped = sum(hook.dropped for hook in self._hooks)
        words = bad + ([f"{dropped} events dropped"] if dropped else [])
        return safe_text("; ".join(words))
