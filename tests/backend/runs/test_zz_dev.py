"""How often each command waits for the server: over a line of 100 ms each wait is a tenth of a second."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from console.backend.host.runtime_tree import CONFIG_NAME
from console.backend.postgres.sessions import Session
from console.cli import installation
from console.cli.main import main
from console.backend.scratch.cluster import PORT
from tests.support.passage import DOCPREFIX, Passage
from tests.support.round_trips import CountingProxy, Line, counting_proxy


class Bound(NamedTuple):
    """The most round trips of a command, as measured; and how many were asked for."""

    most: int
    logins: int
    asked: int | None


BOUNDS: dict[str, Bound] = {}


class Operator:
    """Whoever gives one command after the other, each on its own connections by way of the proxy."""

    def __init__(self, passage: Passage, proxy: CountingProxy, capsys: pytest.CaptureFixture[str]) -> None:
        self._passage, self._proxy, self._capsys = passage, proxy, capsys
        self.lines: dict[str, list[Line]] = {}
        config = passage.installation.root / CONFIG_NAME
        settings = json.loads(config.read_bytes())
        settings["database"] = {name: proxy.conninfo(conninfo) for name, conninfo in settings["database"].items()}
        config.write_text(json.dumps(settings), encoding="utf-8")

    def gives(self, name: str, *words: str) -> dict[str, object]:
        """Run the command, and keep what its connections sent."""
        self._capsys.readouterr()
        self._proxy.taken()
        main(["--root", str(self._passage.installation.root), "--json", *words])
        self.lines[name] = self._proxy.taken()
        answer: dict[str, object] = json.loads(self._capsys.readouterr().out)
        if answer.get("stop"): open("/tmp/w/stop.txt","a").write(name+str(answer["stop"])+"\n")
        return answer


def _text(answer: dict[str, object], name: str) -> str:
    value = answer[name]
    assert isinstance(value, str)
    return value


@pytest.fixture(scope="module")
def _nothing() -> None:
    return None


def test_a_command_waits_for_the_server_no_more_often_than_this(
    at: Callable[[str], Passage], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    passage = at("fresh")
    monkeypatch.setattr(installation, "context_of", lambda _: passage.installation.context)
    traced: dict[str, Counter[str]] = {}
    _trace(monkeypatch, traced)
    with counting_proxy(passage.cluster.socket_dir / f".s.PGSQL.{PORT}") as proxy:
        operator = Operator(passage, proxy, capsys)
        _walk(passage, operator, traced)
    with capsys.disabled():
        _print(operator, traced)


def _walk(passage, operator, traced):
    law = str(passage.installation.intake / "law.md")

    def gives(name, *words):
        traced["now"] = traced.setdefault(name, Counter())
        return operator.gives(name, *words)

    gives("status", "status")
    gives("gates", "gates")
    gives("dry run", "run", "start", law, "--docprefix", DOCPREFIX)
    run_id = _text(gives("LIVE start", "run", "start", law, "--docprefix", DOCPREFIX, "--live"), "run_id")
    gives("run show", "run", "show", run_id)
    _sign(passage, gives, run_id)
    gives("arm", "arm", run_id, "--confirm", run_id)
    gives("resume", "run", "resume", run_id)
    _sign(passage, gives, run_id)
    x = gives("enact", "enact", run_id, "--confirm", run_id)
    gives("panic", "panic", "--reason", "counted")
    gives("hold release", "hold", "release", "--confirm", "RELEASE")


def _sign(passage, gives, run_id):
    drafted = gives("approval draft", "approval", "draft", run_id)
    from pathlib import Path

    statement = _text(drafted, "statement_path")
    passage.backend.sign_as_demo_sovereign(Path(statement))
    gives("approval import", "approval", "import", statement)


def _trace(monkeypatch, traced):
    import traceback

    real = Session.wait

    def wait(self, *a, **k):
        frames = [f for f in traceback.extract_stack() if "/console/" in f.filename and "sessions.py" not in f.filename]
        where = " < ".join(f"{f.filename.rpartition('/')[2][:-3]}.{f.name}:{f.lineno}" for f in reversed(frames[-7:]))
        traced["now"][where] += 1
        return real(self, *a, **k)

    monkeypatch.setattr(Session, "wait", wait)


def _print(operator, traced):
    for name, lines in operator.lines.items():
        ours = [line for line in lines if line.is_of_the_console]
        print(
            f"\n== {name}: {sum(line.trips for line in ours)} trips, {len(ours)} logins {dict(Counter(l.user for l in ours))}; others {sum(line.trips for line in lines if line not in ours)}"
        )
        if os.environ.get("TRIPS") in (name, "all"):
            for line in ours:
                print("  --", line.user, line.application)
                for s in line.statements:
                    print("      ", s[:150])
        if os.environ.get("STACKS") in (name, "all"):
            for where, n in traced[name].most_common():
                print(f"   {n:3} {where}")
