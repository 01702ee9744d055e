"""Runs of one document on two hosts with one database, walked at random under fire.

A run whose document another run has is barred. Whatever is offered at either host is accepted there, also after its holder
was killed or has lost a COMMIT, and every run has a move that leads to its end.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from console.backend.host.runtime_tree import CONFIG_NAME, init_tree
from console.backend.model.states import Move
from tests import checker
from tests.torture import judging
from tests.torture.arena import DOCPREFIX, LIMIT_S, Arena, Done, Hung
from tests.torture.kills import POINTS
from tests.torture.network import through
from tests.torture.proxy import FAULTS, Proxy

MOST_RUNS, MOST_TO_THE_END = 4, 14
STAGES = ("two amendments", "two amendments", "two amendments", "waits for SG_1", "enacted")
"""Where a walk may begin: before a first cut, and with law that is amended."""
LOST = ("answer lost", "request lost", "delivered 1 s late")
ANSWERS = frozenset({0, 3, 4, 5, 6, 7})
_TRACEBACK = "Traceback (most recent call last)"
_OVER = {"voided", "reverted"}
_BESIDE = (Path("approvals/policy.json"), Path("artifacts/deploy-manifest.json"))
_UNDER_FIRE = 0.35
"""Share of the commands that are killed, or lose a COMMIT."""
_FIRST, _AMENDING = ("law.md", "law.md", "law.md", "rival.md"), ("revised.md", "rival.md", "revised.md", "rival.md", "")
"""Texts that a run is started with, before and after there is law; a repeal has none. A wrong one is refused."""


def beside(arena: Arena) -> Arena:
    """Another host's root for the same database, with a policy, a manifest and texts of its own, and no run."""
    there = copy(arena)
    there.root = arena.home / "beside"
    there.host = "host-b"
    shutil.rmtree(there.root, ignore_errors=True)
    config = json.loads((arena.root / CONFIG_NAME).read_bytes())
    config["pins"]["host"] = there.host
    init_tree(there.root, json.dumps(config).encode())
    for path in _BESIDE:
        shutil.copy2(arena.root / path, there.root / path)
    shutil.copytree(arena.root / "intake", there.root / "intake")
    return there


@dataclass
class Walk:
    """One walk: what was done, what was killed, what was barred, and everything that is wrong."""

    stage: str
    steps: int = 0
    killed: list[str] = field(default_factory=list)
    lost: int = 0
    barred: int = 0
    """How often a run was chosen that another one bars."""
    faults: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join([self.stage, *self.faults, *self.trail[-30:]])


class Walker:
    """Two operators on two hosts, who make the moves that they are shown."""

    def __init__(self, arena: Arena, random: Random, proxy: Proxy | None = None, stage: str = "") -> None:
        self.random, self.proxy = random, proxy
        self.walk = Walk(stage or random.choice(STAGES))
        self.snapshot = judging.before(arena, self.walk.stage)
        self.arena = judging.at(arena, self.walk.stage)
        self.log_from = judging.log_size(arena)
        self.hosts = {"here": self.arena, "there": beside(self.arena)}
        self.bundles = self.arena.home / "bundles"
        shutil.rmtree(self.bundles, ignore_errors=True)
        self.bundles.mkdir()
        self._signed: dict[Path, bytes] = {}
        self.is_safe = False
        """Set at the end, when nothing is killed any more."""

    def go(self, steps: int) -> Walk:
        """Make so many steps, bring every run to its end, and judge."""
        try:
            while self.walk.steps < steps and not self.walk.faults:
                self._step()
            self.is_safe = True
            if not self.walk.faults:
                self._end()
        except Hung as hung:
            self.walk.faults.append(f"hangs: {hung}")
        self.arena.settle()
        self.walk.faults += self._judged()
        return self.walk

    # What is done ---------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        self.walk.steps += 1
        host = self.random.choice(list(self.hosts))
        open_runs = [run_id for run_id in self._runs() if not self._is_over(run_id)]
        if not open_runs or (len(open_runs) < MOST_RUNS and self.random.random() < 0.2):
            self._start(host)
            return
        run_id = self.random.choice(open_runs)
        shown = self._shown(host, run_id)
        if shown is None:
            return
        self.walk.barred += shown.get("bar") is not None
        choices = [move for move in shown["moves"] if move != "report"]
        choices += ["hand over"] if shown.get("can_hand_over") else []
        choices += ["accept"] if self._bundle(run_id) is not None else []
        if choices:
            weights = [_WEIGHTS.get(choice, 1.0) for choice in choices]
            self._make(host, run_id, self.random.choices(choices, weights)[0])

    def _start(self, host: str) -> None:
        """Start a run of a text, after its dry run; it may be refused: no bar is about what is not there yet."""
        file = self.random.choice(_AMENDING if self._is_law() else _FIRST)
        for live in ((), ("--live",)):
            self._give(host, *self._start_words(host, file), *live)

    def _start_words(self, host: str, file: str) -> tuple[str, ...]:
        if not file:
            return ("document", "repeal", DOCPREFIX)
        amends = () if file == "law.md" else ("--amend",)
        return ("run", "start", str(self.hosts[host].root / "intake" / file), "--docprefix", DOCPREFIX, *amends)

    def _make(self, host: str, run_id: str, move: str) -> None:
        """Make a move that was offered: refused, it is a fault, unless it was killed on the way."""
        purpose = _NEEDS.get(move)
        if move == "accept":
            # A bundle of before may be one that is not waited for any more: whether it is accepted is not judged.
            self._give(host, "run", "accept", str(self._bundle(run_id)))
        elif move.startswith("import"):
            if not self._ruling(run_id, purpose or ""):
                self._sign(host, run_id)
        elif move in WORDS:
            self._ready(host, run_id, move)
            if purpose and not self._ruling(run_id, purpose):
                self._sign(host, run_id)
            if not purpose or self._ruling(run_id, purpose):
                named = {"RUN": run_id, "BUNDLE": str(self.bundles / f"{run_id}.{self.walk.steps}.tar")}
                self._offered(host, *(named.get(word, word) for word in WORDS[move]))
        elif move not in NOT_WALKED:
            self.walk.faults.append(f"no command is known for the move {move}")

    def _ready(self, host: str, run_id: str, move: str) -> None:
        """Bring about what the switch and the arming checks ask beside the run: no HOLD, no other lease, a dry run here."""
        if move not in {"arm", "enact", "revert", "continue"}:
            return
        switch = self.hosts[host].run("hold", "show").json
        if switch.get("state") == "HOLD":
            self.hosts[host].run("hold", "release", "--confirm", "RELEASE")
        elif switch.get("state") == "ARMED" and (switch.get("run_id") != run_id or move in {"enact", "revert"}):
            self.hosts[host].run("disarm")
        if move == "arm":
            # The same text, on this host, against the law of now.
            self._note(host, self.hosts[host].run(*self._start_words(host, self._file(run_id))))
            self._note(host, self.hosts[host].run("backup", "take", run_id))

    def _sign(self, host: str, run_id: str) -> None:
        drafted = self._offered(host, "approval", "draft", run_id)
        if drafted.killed or drafted.status not in {0, 3} or not drafted.json.get("statement_path"):
            return
        statement = Path(drafted.json["statement_path"])
        if self._signed.get(statement) != statement.read_bytes():
            # Drafted again with other contents, it is signed again.
            statement.with_name(f"{statement.name}.sovereign.asc").unlink(missing_ok=True)
        self._signed[statement] = statement.read_bytes()
        signature = self.hosts[host].sign(statement)
        self._offered(host, "approval", "import", str(statement), str(signature))

    def _offered(self, host: str, *words: str) -> Done:
        done = self._give(host, *words)
        if not done.killed and not self._was_lost and done.status not in {0, 3}:
            self.walk.faults.append(f"an offered move is refused at {host}: {done}")
        return done

    _was_lost = False

    def _give(self, host: str, *words: str) -> Done:
        """Give a command at a host: as it is, with a kill at a random point, or with a COMMIT that is lost."""
        arena, self._was_lost = self.hosts[host], False
        kill: dict[str, object] | None = None
        if not self.is_safe and self.random.random() < _UNDER_FIRE:
            if self.proxy is not None and self.random.random() < 0.3:
                return self._lost(host, *words)
            most = POINTS.get(" ".join(words[:2]), POINTS.get(words[0], 50))
            kill = {"ordinal": self.random.randint(1, most), "side": self.random.choice(("before", "half", "after"))}
        done = arena.run(*words, kill=kill)
        self._note(host, done)
        if done.killed:
            self.walk.killed.append(done.killed)
            arena.settle()
            self.walk.faults += [f"after {done.killed}: {wrong}" for wrong in self._dead(arena)]
        return done

    def _lost(self, host: str, *words: str) -> Done:
        assert self.proxy is not None
        arena = copy(self.hosts[host])
        arena.connections = through(arena, self.proxy)
        self.proxy.arm(FAULTS[self.random.choice(LOST)], self.random.choice((".", "fn_run", "fn_cut", "fn_lease")))
        done = arena.run(*words)
        if self.proxy.hit.is_set():
            self._was_lost = True
            self.walk.lost += 1
            self.proxy.over.wait(LIMIT_S)
        self.proxy.repair()
        arena.settle()
        self._note(host, done)
        return done

    def _note(self, host: str, done: Done) -> None:
        said = done.err.strip()[-400:] if done.status not in {0, 3} else ""
        said += f" KILLED {done.killed}" if done.killed else ""
        self.walk.trail.append(f"{host}: {' '.join(done.words)} → {done.status} {said}")
        if _TRACEBACK in done.err or _TRACEBACK in done.out:
            self.walk.faults.append(f"a traceback at {host}: {done}")
        elif not done.killed and done.status not in ANSWERS:
            self.walk.faults.append(f"exit status {done.status} at {host}: {done}")

    # What is looked at ----------------------------------------------------------------------------------------------

    def _runs(self) -> list[str]:
        rows = self.arena.rows("SELECT run_id FROM cutter_governance.run WHERE docprefix = %s ORDER BY 1", DOCPREFIX)
        return [str(run_id) for (run_id,) in rows]

    def _file(self, run_id: str) -> str:
        rows = self.arena.rows("SELECT origin FROM cutter_governance.run WHERE run_id = %s", run_id)
        return str(rows[0][0]).removeprefix("file:") if str(rows[0][0]).startswith("file:") else ""

    def _is_law(self) -> bool:
        query = "SELECT count(*) > 0 FROM public.information_unit WHERE doc_code = %s AND lifecycle_status = 'enacted'"
        return bool(self.arena.rows(query, DOCPREFIX)[0][0])

    def _ruling(self, run_id: str, purpose: str) -> bool:
        query = "SELECT count(*) > 0 FROM cutter_governance.approval WHERE run_id = %s AND purpose = %s"
        return bool(self.arena.rows(query, run_id, purpose)[0][0])

    def _bundle(self, run_id: str) -> Path | None:
        return next(iter(sorted(self.bundles.glob(f"{run_id}.*.tar"), reverse=True)), None)

    def _is_over(self, run_id: str) -> bool:
        rows = self.arena.rows("SELECT stage, family FROM cutter_governance.run WHERE run_id = %s", run_id)
        stage, family = rows[0]
        return stage == "closeout_reported" or family in _OVER

    def _shown(self, host: str, run_id: str) -> dict[str, Any] | None:
        """The run as a host shows it; a fault if it cannot, or offers nothing that goes on or ends it."""
        done = self.hosts[host].run("run", "show", run_id)
        shown = done.json
        if done.status != 0 or not set(shown.get("moves", ())) - {"report"}:
            self.walk.faults.append(f"run {run_id} has no move at {host}: {done} {json.dumps(shown)[:1500]}")
            return None
        return shown

    # How it ends ----------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Bring every run to its end, by the moves that a host offers; any of the hosts must have one."""
        for run_id in self._runs():
            host = self.random.choice(list(self.hosts))
            for _ in range(MOST_TO_THE_END):
                if self.walk.faults or self._is_over(run_id):
                    break
                shown = self._shown(host, run_id)
                if shown is None:
                    return
                offered = list(shown["moves"])
                ways = ("settle", "void", "revert", "continue", "take over", "arm", "enact")
                move = next((way for way in ways if way in offered), offered[0])
                self._make(host, run_id, move)
            else:
                self.walk.faults.append(f"run {run_id} does not come to its end at {host}")
        for host, arena in self.hosts.items():
            arena.run("disarm")
            for place in sorted((arena.root / "runs").glob("ictr-*")):
                # Not offered to a run that is over; it removes what a death has left, of a dry run too.
                self._give(host, "run", "settle", place.name)

    def _dead(self, arena: Arena) -> list[str]:
        """The violations just after a death, of what the database and this host's journals say."""
        judged = judging.subject(arena, self.snapshot, just_died=True)
        judged.keys = ()
        return self._filtered(checker.check(judged, without=(*_SLOW, *_OF_ONE_HOST)))

    def _judged(self) -> list[str]:
        """Every violation at the end: of the database beside the files of both hosts, and of each host's own files."""
        wrong: list[str] = []
        union = judging.subject(self._together(lambda _run: True), self.snapshot, log_from=self.log_from)
        wrong += self._filtered(checker.check(union, without=_OF_ONE_HOST))
        alone = judging.subject(self._together(self._is_of_one_host), self.snapshot)
        wrong += self._filtered([*checker.anchors_agree(alone), *checker.intent_before_effect(alone)])
        for host, arena in self.hosts.items():
            own = judging.subject(arena, self.snapshot)
            every = (checker.journals_are_chained, checker.every_run_has_a_move, checker.nothing_is_left_over)
            wrong += [f"at {host}: {line}" for line in self._filtered([v for each in every for v in each(own)])]
            wrong += self._journals(host, arena)
        return wrong

    def _journals(self, host: str, arena: Arena) -> Iterator[str]:
        for run_id in self._runs():
            if (arena.root / "runs" / run_id / "journal.jsonl").exists() and not self._stands_in(arena, run_id):
                done = arena.run("journal", "verify", run_id)
                # Refused where the run is not held and its journal is not here.
                if done.status != 4 and done.json.get("outcome") not in {"PASS", "PARTIAL"}:
                    yield f"the journal of {run_id} at {host}: {done} {done.out[-600:]}"

    def _is_of_one_host(self, run_id: str) -> bool:
        """Whether one host alone has ever written of it; who ends a run of another host has no journal that goes on."""
        rows = self.arena.rows(
            "SELECT count(*) = 0 FROM cutter_governance.run_event WHERE run_id = %s AND phase IN ('accept', 'take over')",
            run_id,
        )
        return bool(rows[0][0]) and not any(self._stands_in(arena, run_id) for arena in self.hosts.values())

    def _stands_in(self, arena: Arena, run_id: str) -> bool:
        """Whether a host's journal says itself that it stands in for one that is not there, or began with a take-over that never was."""
        chain = checker.read_chain(arena.root / "runs" / run_id / "journal.jsonl", run_id)
        begins = [record for record in chain.records[:2] if record.value("replaces") or record.value("taken over")]
        query = "SELECT count(*) > 0 FROM cutter_governance.run_event WHERE run_id = %s AND record::text LIKE %s"
        is_known = bool(chain.records) and bool(self.arena.rows(query, run_id, f"%{chain.records[0].hash}%")[0][0])
        return bool(begins) and not is_known

    def _together(self, wanted: Callable[[str], bool]) -> Arena:
        """A root with the directory of each run from the host that has the most of it."""
        together = copy(self.arena)
        together.root = self.arena.home / "together"
        shutil.rmtree(together.root, ignore_errors=True)
        shutil.copytree(self.arena.root, together.root, symlinks=True, ignore=shutil.ignore_patterns("ictr-*", "runs"))
        (together.root / "runs").mkdir()
        for run_id in self._all_runs():
            places = [arena.root / "runs" / run_id for arena in self.hosts.values()]
            there = [place for place in places if place.is_dir()]
            if there and wanted(run_id):
                (together.root / "runs" / run_id).symlink_to(max(there, key=lambda place: len(list(place.iterdir()))))
        return together

    def _all_runs(self) -> list[str]:
        return [str(run_id) for (run_id,) in self.arena.rows("SELECT run_id FROM cutter_governance.run")]

    @staticmethod
    def _filtered(violations: list[checker.Violation]) -> list[str]:
        return [str(one) for one in violations if "has no directory below this root" not in str(one)]


_NEEDS = {"import SG_1": "cut", "arm": "cut", "import SG_2": "enact", "enact": "enact"}
"""The ruling that a move imports, or needs."""
WORDS: dict[str, tuple[str, ...]] = {
    "settle": ("run", "settle", "RUN"),
    "continue": ("run", "resume", "RUN"),
    "arm": ("arm", "RUN", "--confirm", "RUN"),
    "enact": ("enact", "RUN", "--confirm", "RUN"),
    "revert": ("revert", "RUN", "--confirm", "RUN"),
    "void": ("run", "void", "RUN", "--reason", "walked"),
    "take over": ("run", "take-over", "RUN", "--confirm", "RUN"),
    "verify again": ("verify", "RUN"),
    "hand over": ("run", "hand-over", "RUN", "--to", "BUNDLE"),
}
"""Each move as a command. An edit of a draft has a text and a run of its own, and is no move of these walks."""
NOT_WALKED = frozenset({Move.EDIT, Move.APPLY, Move.REPLAN, Move.REPORT})
"""Moves that no run of these walks has."""
_WEIGHTS = {
    "arm": 3.0,
    "continue": 2.0,
    "void": 0.1,
    "revert": 0.3,
    "import SG_1": 0.2,
    "import SG_2": 0.3,
    "take over": 0.4,
    "hand over": 0.3,
}
"""How often a move is made beside the others: what ends a run seldom, so that others are barred by it."""
_SLOW = (*judging.ASKING, checker.nothing_is_deleted, checker.untouched_rows)
_OF_ONE_HOST = (
    checker.journals_are_chained,
    checker.anchors_agree,
    checker.intent_before_effect,
    *judging.ASKING,
    checker.nothing_is_left_over,
)
"""Invariants of the files of the host that has the run; `_judged` asks them by host."""
