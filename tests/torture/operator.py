"""An operator who knows the public commands and nothing else: asks what a run may do, and does that until it rests."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.arena import Arena, Done

GOALS = (
    "enacted",
    "reverted",
    "voided",
    "dry run done",
    "waits for SG_1",
    "SG_1 imported",
    "armed",
    "waits for SG_2",
    "SG_2 imported",
)
"""Where an operator may want a document to be."""
MOST_STEPS = 40
"""A passage takes ten commands; who needs four times as many goes in circles."""


@dataclass(frozen=True)
class Edition:
    """A text that amends the document, or its repeal: how the goals of its run begin, its file, and the stage that it amends."""

    begins: str
    file: str
    """Empty for a repeal, which has no text."""
    amends: str


EDITIONS = (
    Edition("amend: ", "revised.md", "enacted"),
    Edition("rival: ", "rival.md", "enacted"),
    Edition("after a revert: ", "rival.md", "amend: reverted"),
    Edition("amend again: ", "rival.md", "amend: enacted"),
    Edition("repeal: ", "", "enacted"),
    Edition("repeal again: ", "", "amend: enacted"),
)


def edition_of(goal: str) -> Edition | None:
    """The edition that a goal or a stage is of, by how it begins; None for the first text."""
    return next((edition for edition in EDITIONS if goal.startswith(edition.begins)), None)


_TRACEBACK = "Traceback (most recent call last)"
_SETTLED = {"closeout_reported", "reverted"}

Run = Callable[..., Done]


@dataclass
class Journey:
    """What an operator did, and where it led."""

    reached: bool = False
    trail: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What no operator should meet: a traceback, an offered move that is refused again and again, no move at all."""
    run_id: str = ""

    def __str__(self) -> str:
        return "\n".join((*self.faults, *self.trail[-12:]))


class Operator:
    """Takes one document towards a goal. `command` runs one command; it may be one that kills it on the way."""

    def __init__(
        self, arena: Arena, file: str = "law.md", docprefix: str = "ACME-LAW", command: Run | None = None
    ) -> None:
        self.arena, self.file, self.docprefix = arena, file, docprefix
        self._command = command or arena.run
        self.journey = Journey()
        self._again: dict[tuple[str, ...], int] = {}
        self._live_run = ""
        self._edition: Edition | None = None
        self._was_refused = True
        self._was_killed = False
        self._left = ""
        """A run whose void was killed behind its effect: no other command removes what is half written of it."""

    def reach(self, goal: str, most: int = MOST_STEPS) -> Journey:
        """Go on until the goal is reached, a fault stops it, or `most` commands have been given.

        A goal that begins as an edition's is one of the run that amends the document by its text.
        """
        self._edition = edition_of(goal)
        if self._edition is not None:
            self.file, goal = self._edition.file, goal.removeprefix(self._edition.begins)
        for _ in range(most):
            words = self.next(goal)
            if words is None:
                break
            self.give(*words)
            if self.journey.faults:
                break
        else:
            self.journey.faults.append(f"{most} commands did not lead to {goal}")
        return self.journey

    def settle(self) -> None:
        """Settle each run of the document: after a death behind the last effect nothing else is left to be done."""
        for one in self.ask("run", "list").json["runs"]:
            if one["docprefix"] == self.docprefix:
                settled = self.ask("run", "settle", str(one["run_id"]))
                self.journey.trail.append(str(settled))
                if settled.status != 0:
                    self.journey.faults.append(f"refused after a death behind the last effect: {settled}")

    def give(self, *words: str) -> Done:
        """Give one command; keep what it said."""
        done = self._command(*words)
        self.journey.trail.append(f"{done}{f' KILLED {done.killed}' if done.killed else ''}")
        if _TRACEBACK in done.err or _TRACEBACK in done.out:
            self.journey.faults.append(f"traceback: {done}")
        self._was_killed = bool(done.killed)
        if words == ("run", "settle", self._left) and not done.killed:
            self._left = ""
        self._was_refused = not done.killed and done.status not in {0, 3}
        if not done.killed and done.status not in {0, 3}:
            self._again[words] = self._again.get(words, 0) + 1
            if self._again[words] > 2:
                self.journey.faults.append(f"an offered move is refused three times: {done}")
        return done

    def ask(self, *words: str) -> Done:
        """Ask without an effect; never killed."""
        return self.arena.run(*words)

    def next(self, goal: str) -> tuple[str, ...] | None:
        """The next command towards the goal; None where it is reached or nothing can be done."""
        if self._was_refused and self.ask("hold", "show").json.get("state") == "HOLD":
            return ("hold", "release", "--confirm", "RELEASE")
        if self._left:
            return ("run", "settle", self._left)
        if self._live_run and goal != "at rest":
            return self._live(self._live_run, goal)
        listed = self.ask("run", "list")
        if listed.status != 0:
            self.journey.faults.append(f"runs cannot be listed: {listed}")
            return None
        return self._of(goal, [one for one in listed.json.get("runs", ()) if one["docprefix"] == self.docprefix])

    def _is_mine(self, run_id: str) -> bool:
        """Whether a run is of the operator's text: the first cut, or the amendment by the edition's file."""
        request = self.arena.root / "runs" / run_id / "request.json"
        wanted = json.loads(request.read_bytes()) if request.exists() else {}
        own = "cut" if self._edition is None else "amend" if self._edition.file else "repeal"
        return str(wanted.get("operation", "cut")) == own and str(wanted.get("origin", self.file)).endswith(self.file)

    def _of(self, goal: str, runs: list[dict[str, Any]]) -> tuple[str, ...] | None:
        """The next command, by all runs of the document."""
        if goal != "at rest":
            runs = [one for one in runs if self._is_mine(str(one["run_id"]))]
        dry = [one for one in runs if one["mode"] == "DRYRUN"]
        live = [str(one["run_id"]) for one in runs if one["mode"] == "LIVE" and not one["state"].startswith("voided")]
        is_walked = any(one["state"] == "closeout_reported" for one in dry)
        if goal == "at rest":
            return self._to_rest(live)
        if not is_walked:
            return self._dry(dry)
        if goal == "dry run done" or (goal == "voided" and not live and len(runs) > len(dry)):
            self.journey.reached = True
            return None
        return self._live(live[0], goal) if live else self._start("--live")

    def _to_rest(self, live: list[str]) -> tuple[str, ...] | None:
        """Whatever there is comes to a pause or an end, and the switch is closed."""
        for run_id in live:
            shown = self._shown(run_id)
            if shown is None:
                return None
            state, moves = state_name(shown["state"]), set(shown["moves"])
            if "settle" in moves or not (state.startswith("awaiting") or state in _SETTLED):
                return self._onward(run_id, state, moves, "at rest")
        if self.ask("hold", "show").json.get("state") == "ARMED":
            return ("disarm",)
        self.journey.reached = True
        return None

    @property
    def _amends(self) -> tuple[str, ...]:
        return () if self._edition is None else ("--amend",)

    def _start(self, *more: str) -> tuple[str, ...]:
        if self._edition is not None and not self.file:
            return ("document", "repeal", self.docprefix, *more)
        path = str(self.arena.root / "intake" / self.file)
        return ("run", "start", path, "--docprefix", self.docprefix, *self._amends, *more)

    def _dry(self, runs: list[dict[str, Any]]) -> tuple[str, ...] | None:
        for one in runs:
            if not re.match("voided|failed", one["state"]):
                shown = self._shown(str(one["run_id"]))
                if shown is None:
                    return None
                if "settle" in shown["moves"]:
                    return ("run", "settle", str(one["run_id"]))
                if "continue" in shown["moves"]:
                    return ("run", "resume", str(one["run_id"]))
        return self._start()

    def _shown(self, run_id: str) -> dict[str, Any] | None:
        shown = self.ask("run", "show", run_id)
        if shown.status != 0 or not shown.json.get("moves"):
            self.journey.faults.append(f"run {run_id} cannot be shown: {shown}")
            return None
        return shown.json

    def _live(self, run_id: str, goal: str) -> tuple[str, ...] | None:
        shown = self._shown(run_id)
        if shown is None:
            return None
        self.journey.run_id = run_id
        state, moves = state_name(shown["state"]), set(shown["moves"])
        self._live_run = run_id if not state.startswith("voided") else ""
        if not self._live_run:
            self._left = run_id if self._was_killed else ""
            return self.next(goal)
        if self._is_at(goal, state, run_id):
            self.journey.reached = True
            return None
        if "settle" not in moves and goal == "voided" and "void" in moves:
            return ("run", "void", run_id, "--reason", "not wanted")
        if goal == "reverted" and "revert" in moves and state == "awaiting_lifecycle_authorization":
            return ("revert", run_id, "--confirm", run_id)
        return self._onward(run_id, state, moves, goal)

    def _onward(self, run_id: str, state: str, moves: set[str], goal: str) -> tuple[str, ...] | None:
        enact = ("enact", run_id, "--confirm", run_id)
        if "settle" in moves:
            return ("run", "settle", run_id)
        if state == "awaiting_cut_authorization" and "import SG_1" in moves and not self._ruling(run_id, "cut"):
            return self._import(run_id, "SG_1")
        if state == "awaiting_lifecycle_authorization" and "continue" not in moves:
            return enact if self._ruling(run_id, "enact") else self._import(run_id, "SG_2")
        commands = {
            "arm": ("arm", run_id, "--confirm", run_id),
            "continue": ("run", "resume", run_id),
            **({"enact": enact} if goal == "enacted" else {}),
            "revert": ("revert", run_id, "--confirm", run_id),
            "void": ("run", "void", run_id, "--reason", "it failed"),
        }
        words = next((words for move, words in commands.items() if move in moves), None)
        if words is None and state not in _SETTLED:
            self.journey.faults.append(f"run {run_id} is {state} and offers {sorted(moves)}: no way on")
        return words

    def _is_at(self, goal: str, state: str, run_id: str) -> bool:
        where, is_so = _AT.get(goal, ("nowhere", lambda _self, _run: False))
        return bool(state == where and is_so(self, run_id))

    def _armed(self, run_id: str) -> bool:
        switch = self.ask("hold", "show").json
        return bool(switch.get("state") == "ARMED" and switch.get("run_id") == run_id)

    def _ruling(self, run_id: str, purpose: str) -> bool:
        """Whether a ruling is imported: what a person would see on the approvals' screen."""
        query = "SELECT count(*) > 0 FROM cutter_governance.approval WHERE run_id = %s AND purpose = %s"
        return bool(self.arena.rows(query, run_id, purpose)[0][0])

    def _import(self, run_id: str, kind: str) -> tuple[str, ...] | None:
        """Draft, have it signed elsewhere; the import is the next command."""
        statement = self.arena.root / "approvals" / f"{run_id}.{kind}.json"
        drafted = self.give("approval", "draft", run_id)
        if self.journey.faults or not drafted.json.get("statement_path"):
            if not drafted.killed and not self.journey.faults:
                self.journey.faults.append(f"no statement could be drafted: {drafted}")
            return ("approval", "draft", run_id) if drafted.killed else None
        signature = self.arena.sign(Path(drafted.json["statement_path"]))
        return ("approval", "import", str(statement), str(signature))


_AT: dict[str, tuple[str, Callable[[Operator, str], bool]]] = {
    "enacted": ("closeout_reported", lambda _self, _run: True),
    "reverted": ("reverted", lambda _self, _run: True),
    "waits for SG_1": ("awaiting_cut_authorization", lambda _self, _run: True),
    "SG_1 imported": ("awaiting_cut_authorization", lambda self, run: self._ruling(run, "cut")),
    "armed": ("awaiting_cut_authorization", lambda self, run: self._armed(run)),
    "waits for SG_2": ("awaiting_lifecycle_authorization", lambda _self, _run: True),
    "SG_2 imported": ("awaiting_lifecycle_authorization", lambda self, run: self._ruling(run, "enact")),
}
"""The state of each goal, and what must be so besides."""


def state_name(state: Any) -> str:
    """A run's state in one word, out of its stage and family."""
    if isinstance(state, str):
        return state
    match state["family"]:
        case "active":
            return str(state["stage"])
        case "reverted":
            return "reverted"
        case family:
            return f"{family}_{state['reason']}"
