"""An operator who takes a folder of documents to law as a batch, by the moves that the batch offers."""

from pathlib import Path
from typing import Any

from tests.support.batch import text_of
from tests.torture.arena import Done
from tests.torture.operator import Operator

BATCH = "batch: "
"""How the goals of a batch begin."""
NUMBER = 3
"""Documents in the folder: one on either side of that which is under fire."""
_FIRST_MOVE = {
    "waits for SG_1": "draft SG_1",
    "SG_1 imported": "arm",
    "waits for SG_2": "draft SG_2",
    "SG_2 imported": "enact",
}
"""The move that is offered first where a goal is reached."""


class BatchOperator(Operator):
    """Goes on with the newest batch by the first move that it offers, whatever its members offer by themselves."""

    def next(self, goal: str) -> tuple[str, ...] | None:
        """The next command towards the goal."""
        if self._was_refused and self.ask("hold", "show").json.get("state") == "HOLD":
            return ("hold", "release", "--confirm", "RELEASE")
        listed = self.ask("batch", "list")
        if listed.status != 0:
            self.journey.faults.append(f"batches cannot be listed: {listed}")
            return None
        return self._of_batches(listed.json["batches"], goal)

    def _of_batches(self, batches: list[dict[str, Any]], goal: str) -> tuple[str, ...] | None:
        """The next command, by the newest batch of each mode."""
        dry = next((one for one in batches if one["mode"] == "DRYRUN"), None)
        live = next((one for one in batches if one["mode"] == "LIVE"), None)
        if dry is None:
            return ("batch", "start", str(self._folder()))
        if "resume" in dry["moves"]:
            return ("batch", "resume", str(dry["batch_id"]))
        if goal == f"{BATCH}dry run done":
            self.journey.reached = True
            return None
        if live is None:
            return ("batch", "start", str(self._folder()), "--live")
        return self._live_batch(str(live["batch_id"]), goal.removeprefix(BATCH))

    def _live_batch(self, batch_id: str, goal: str) -> tuple[str, ...] | None:
        shown = self.ask("batch", "status", batch_id)
        if shown.status != 0 or not shown.json.get("moves"):
            self.journey.faults.append(f"batch {batch_id} offers nothing: {shown}")
            return None
        move = str(shown.json["moves"][0])
        if move == _FIRST_MOVE.get(goal) or (goal == "law" and shown.json["phase"] == "law"):
            self.journey.reached = True
            return None
        if move.startswith("draft"):
            return self._import(batch_id, move.removeprefix("draft "))
        commands = {
            "resume": ("batch", "resume", batch_id),
            "arm": ("arm", batch_id, "--confirm", batch_id),
            "enact": ("enact", batch_id, "--confirm", batch_id),
        }
        if move not in commands:
            self.journey.faults.append(f"batch {batch_id} offers {shown.json['moves']}: no way to {goal}")
        return commands.get(move)

    def settle(self) -> None:
        """Settle each run of each batch: after a death behind the last effect nothing else is left to be done."""
        for batch in self.ask("batch", "list").json["batches"]:
            self._settle_members(batch)

    def _settle_members(self, batch: dict[str, Any]) -> None:
        for member in batch["members"]:
            self._settled(self.ask("run", "settle", str(member["run_id"])))

    def _settled(self, done: Done) -> None:
        self.journey.trail.append(str(done))
        if done.status != 0:
            self.journey.faults.append(f"refused after a death behind the last effect: {done}")

    def _folder(self) -> Path:
        folder = self.arena.home / "laws"
        folder.mkdir(exist_ok=True)
        for number in range(1, NUMBER + 1):
            (folder / f"law-{number}.md").write_text(text_of(number), encoding="utf-8")
        return folder
