"""How often each command waits for the server: over a line of 100 ms each wait is a tenth of a second."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.scratch.cluster import PORT
from console.cli import installation
from console.cli.main import main
from tests.support.passage import DOCPREFIX, Passage
from tests.support.round_trips import CountingProxy, Line, counting_proxy


class Bound(NamedTuple):
    """The most round trips of a command, one for each login among them; and the number that this must not exceed, if there is one."""

    most: int
    asked: int | None = None


BOUNDS = {
    "status": Bound(3, 4),
    # Measured side by side: they took 36 or 37, and each session that one thread more needs takes one.
    "gates": Bound(40, 40),
    "run start": Bound(21),
    "run start --live": Bound(54, 60),
    "run show": Bound(2),
    "approval draft": Bound(11),
    "approval import": Bound(23),
    "arm": Bound(16, 20),
    "run resume": Bound(42, 50),
    "enact": Bound(40, 40),
    "panic": Bound(4, 4),
    "hold release": Bound(9),
}
"""As measured, without pg_dump, which has a session of its own. `console/guide/reference.md` says what they take on a slow line."""


LOGINS = {
    "status": {"monitor": 1},
    # Side by side, as far as the server gives sessions; see `test_two_sessions_for_each_role_are_enough_for_all_gates`.
    "gates": {},
    "run start": {"executor": 1, "monitor": 1},
    # The backup has a session of its own, whose snapshot stands while pg_dump works; the one before it ends, so that two are enough.
    "run start --live": {"executor": 1, "monitor": 1, "verifier": 3},
    "run show": {"monitor": 1},
    "approval draft": {"monitor": 1, "verifier": 1},
    "approval import": {"executor": 1, "monitor": 1, "verifier": 1},
    "arm": {"executor": 1, "monitor": 1, "verifier": 1},
    # One of the executor's is that of the lease, which lives with its session.
    "run resume": {"executor": 2, "monitor": 1, "verifier": 1},
    "enact": {"executor": 2, "monitor": 1, "verifier": 1},
    "panic": {"executor": 1, "monitor": 1},
    "hold release": {"executor": 1, "monitor": 1},
}
"""How often each command logs in, by the connection, in a database of the console's own."""


INVENTORIES = {
    "gates": (1, 0),
    "run start": (1, 1),
    "run start --live": (1, 1),
    "arm": (1, 0),
    "run resume": (1, 1),
    "enact": (2, 0),
}
"""How often a command has the server take the inventory of grants and definitions, which costs it more than all other questions,
and how often it asks if a row of the catalogues has moved since; the rest never do."""


ROWS_LOOKED_AT = {
    "run start": (3, 0),
    "run start --live": (2, 0),
    "arm": (1, 0),
    "run resume": (2, 1),
}
"""How often each command has the server compute what readers see, and count the rows of all large tables: what nothing is
compared with is not asked for. The rest never do, but for gates."""


class Operator:
    """Whoever gives one command after the other, each on connections of its own by way of the proxy."""

    def __init__(self, passage: Passage, proxy: CountingProxy, capsys: pytest.CaptureFixture[str]) -> None:
        self._passage, self._proxy, self._capsys = passage, proxy, capsys
        self.lines: dict[str, list[Line]] = {}
        """What the connections of each command sent; of a command that is given twice, in the costlier case."""
        self.dumped: list[Line] = []
        """What the connections of `pg_dump` sent."""
        config = passage.installation.root / CONFIG_NAME
        settings = json.loads(config.read_bytes())
        connections = settings["database"].items()
        settings["database"] = {name: proxy.conninfo(conninfo) for name, conninfo in connections if conninfo}
        config.write_text(json.dumps(settings), encoding="utf-8")

    def gives(self, name: str, *words: str) -> dict[str, str]:
        """Give the command, and return the texts of its answer."""
        self._capsys.readouterr()
        self._proxy.taken()
        main(["--root", str(self._passage.installation.root), "--json", *words])
        taken = self._proxy.taken()
        lines = [line for line in taken if line.is_of_the_console]
        self.dumped += [line for line in taken if line.application == "pg_dump"]
        self.lines[name] = max(lines, self.lines.get(name, []), key=_trips)
        answer = json.loads(self._capsys.readouterr().out)
        return {key: value for key, value in answer.items() if isinstance(value, str)}

    def signs(self, run_id: str) -> None:
        """Draft the statement that the run waits for, sign it as the sovereign, import it."""
        statement = self.gives("approval draft", "approval", "draft", run_id)["statement_path"]
        self._passage.backend.sign_as_demo_sovereign(Path(statement))
        self.gives("approval import", "approval", "import", statement)


def _trips(lines: list[Line]) -> int:
    return sum(line.trips for line in lines)


def other_logins(operator: Operator, monitor: str, expected: Mapping[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    """Return the logins of each command that has made others than expected; of gates they depend on the threads."""
    connections = {"cutter_exec": "executor", "cutter_verify": "verifier", monitor: "monitor"}
    logins = {name: dict(Counter(connections[line.user] for line in lines)) for name, lines in operator.lines.items()}
    return {name: made for name, made in logins.items() if expected[name] and made != expected[name]}


def _inventories(lines: list[Line]) -> tuple[int, int]:
    statements = [statement for line in lines for statement in line.statements]
    taken = ["FROM cutter_governance.v_schema_line" in statement for statement in statements]
    placed = ["FROM pg_default_acl c" in statement for statement in statements]
    return sum(taken), sum(moved and not inventory for moved, inventory in zip(placed, taken, strict=True))


def _rows_looked_at(lines: list[Line]) -> tuple[int, int]:
    statements = [statement for line in lines for statement in line.statements]
    return (
        sum("cutter_console.fn_readers_digest" in statement for statement in statements),
        sum("cutter_console.fn_count_audit" in statement for statement in statements),
    )


def goes_the_whole_way(operator: Operator, law: Path) -> None:
    operator.gives("status", "status")
    operator.gives("gates", "gates")
    operator.gives("run start", "run", "start", str(law), "--docprefix", DOCPREFIX)
    live = ("run", "start", str(law), "--docprefix", DOCPREFIX, "--live")
    run_id = operator.gives("run start --live", *live)["run_id"]
    operator.signs(run_id)
    operator.gives("run show", "run", "show", run_id)
    operator.gives("arm", "arm", run_id, "--confirm", run_id)
    operator.gives("run resume", "run", "resume", run_id)
    operator.signs(run_id)
    operator.gives("enact", "enact", run_id, "--confirm", run_id)
    assert operator.gives("run show", "run", "show", run_id)["outcome"] == "PASS"
    operator.gives("panic", "panic", "--reason", "counted")
    assert operator.gives("hold release", "hold", "release", "--confirm", "RELEASE")["state"] == "OFF"
    operator.gives("status", "status")


def test_a_command_waits_for_the_server_no_more_often_than_this(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the first look to the law, and a stop: a LIVE start took 329 round trips, gates 323, an enactment 275."""
    passage = at("fresh")
    monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
    with counting_proxy(passage.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        operator = Operator(passage, proxy, capsys)
        goes_the_whole_way(operator, passage.installation.intake / "law.md")
    assert operator.lines.keys() == BOUNDS.keys()
    assert passage.lifecycles() == ["enacted"] * 3
    # pg_dump asks three times for each pattern of tables: of 32 tables they were half of all that it asked.
    (dump,) = operator.dumped
    patterns = sum("RESET search_path" in statement for statement in dump.statements)
    assert patterns == len({"public", "cutter_governance"}), dump.statements
    assert other_logins(operator, "cutter_ro", LOGINS) == {}
    told = {name: (_trips(lines), len(lines)) for name, lines in operator.lines.items()}
    too_many = [
        (name, bound.most, [(line.user, line.trips, line.statements) for line in operator.lines[name]])
        for name, bound in BOUNDS.items()
        if told[name][0] > bound.most
    ]
    assert too_many == [], told
    assert all(trips > logins > 0 for trips, logins in told.values()), told
    assert [name for name, bound in BOUNDS.items() if bound.asked is not None and bound.most > bound.asked] == []
    inventories = {name: _inventories(lines) for name, lines in operator.lines.items()}
    assert {name: asked for name, asked in inventories.items() if any(asked)} == INVENTORIES
    looked_at = {name: _rows_looked_at(lines) for name, lines in operator.lines.items() if name != "gates"}
    assert {name: seen for name, seen in looked_at.items() if any(seen)} == ROWS_LOOKED_AT
