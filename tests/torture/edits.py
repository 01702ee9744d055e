"""An operator who gives a draft another text by the public commands, and what runs are edits of drafts."""

import json
from pathlib import Path
from typing import Any

from tests.torture.arena import DOCPREFIX, Done
from tests.torture.operator import Operator, state_name

EDITED = "edited"
"""The goal: one draft has another text, and the drafts are verified again."""
ADDRESS = f"{DOCPREFIX}/ONE/ALPHA"
BODY = "## Alpha\n\nFirst, as it was meant.\n\n"
_OVER = ("voided", "failed", "reverted")


class Editor(Operator):
    """Takes a cut at its second pause to where one draft is edited; any other goal as every operator does."""

    _given: tuple[str, ...] = ()
    """The command that was given last."""

    def next(self, goal: str) -> tuple[str, ...] | None:
        """The next command towards the goal."""
        if goal != EDITED:
            return super().next(goal)
        if self._was_refused and self.ask("hold", "show").json.get("state") == "HOLD":
            return ("hold", "release", "--confirm", "RELEASE")
        if self._left:
            return ("run", "settle", self._left)
        listed = self.ask("run", "list")
        if listed.status != 0:
            self.journey.faults.append(f"runs cannot be listed: {listed}")
            return None
        return self._edited([one for one in listed.json["runs"] if one["docprefix"] == self.docprefix])

    def _edited(self, runs: list[dict[str, Any]]) -> tuple[str, ...] | None:
        """The next command, by the newest edit and the cut that it is of."""
        live = [one for one in runs if one["mode"] == "LIVE"]
        edit = next((one for one in live if self._is_edit(str(one["run_id"]))), None)
        cut = next(str(one["run_id"]) for one in live if not self._is_edit(str(one["run_id"])))
        if edit is not None and not edit["state"].startswith(_OVER):
            return self._edit(str(edit["run_id"]), cut)
        if edit is not None and self._was_killed and self._given[:2] == ("run", "void"):
            # Killed behind its effect: no other command removes what is half written of it.
            self._left = str(edit["run_id"])
            return ("run", "settle", self._left)
        return self._cut(cut, has_edit=False)

    def _is_edit(self, run_id: str) -> bool:
        request = self.arena.root / "runs" / run_id / "request.json"
        return request.exists() and str(json.loads(request.read_bytes())["origin"]).startswith("edits:")

    def _edit(self, run_id: str, cut: str) -> tuple[str, ...] | None:
        """The next command for the run of the edit, by its moves."""
        shown = self._shown(run_id)
        moves = set(shown["moves"]) if shown is not None else set[str]()
        if "import SG_1" in moves and "settle" not in moves:
            return self._import(run_id, "SG_1")
        commands = {
            "settle": ("run", "settle", run_id),
            "apply the edit": ("run", "apply", run_id, "--confirm", run_id),
            "void": ("run", "void", run_id, "--reason", "it was interrupted"),
        }
        words = next((words for move, words in commands.items() if move in moves), None)
        if words is None and shown is not None:
            if state_name(shown["state"]) == "closeout_reported":
                return self._cut(cut, has_edit=True)
            self.journey.faults.append(f"edit {run_id} offers {sorted(moves)}: no way on")
        return words

    def _cut(self, run_id: str, *, has_edit: bool) -> tuple[str, ...] | None:
        shown = self._shown(run_id)
        if shown is None:
            return None
        moves = list(shown["moves"])
        if "settle" in moves:
            return ("run", "settle", run_id)
        if moves[0] == "verify again":
            return ("verify", run_id)
        if has_edit:
            self.journey.reached = True
            return None
        if "edit a draft" not in moves:
            self.journey.faults.append(f"run {run_id} offers {moves}: its drafts cannot be edited")
            return None
        return ("run", "edit", run_id, ADDRESS, "--text", str(self._text()), "--live")

    def give(self, *words: str) -> Done:
        """Give one command, and know it afterwards."""
        self._given = words
        return super().give(*words)

    def _text(self) -> Path:
        path = self.arena.home / "alpha.md"
        if not path.exists():
            path.write_text(BODY, encoding="utf-8")
        return path
