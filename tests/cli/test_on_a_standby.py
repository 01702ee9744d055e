"""On a streaming standby each reading command and each call of the screens answers as on the primary."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.model.outcome import Outcome
from console.backend.model.readiness import GateReport
from console.backend.model.states import Move
from console.backend.model.view_models import Danger
from console.backend.service import BackendService
from console.cli.operations import OPERATIONS
from tests.cli.conftest import Run
from tests.cli.test_surroundings import ROLES, commands
from tests.support.passage import Passage
from tests.support.standby import follower_of

At = Callable[[str], Passage]
ELSEWHERE = {
    ("adopt", "inspect"),
    ("adopt", "check"),
    ("adopt", "apply"),
    ("adopt", "remove"),
    ("demo",),
    ("completion",),
}
"""Of another layout, of a server of their own, or of none."""
OF_NO_DATABASE = {
    *(
        ("plan",),
        ("plan", "--folder"),
        ("batch", "plan"),
        ("profile", "list"),
        ("profile", "show"),
        ("profile", "check"),
    ),
    *(("config", "schema"), ("config", "path"), ("config", "keys"), ("help",), ("backup", "selftest")),
}
"""Commands that open no session of a database, so that it makes no difference to them what the server is."""
OF_THE_PRIMARY = {
    *("dry run takes no transaction id", "rolled-back create leaves nothing", "soft revert", "rolled back"),
    *("direct writes refused as the executor", "direct writes refused as the verifier"),
    *("direct writes refused as the monitor", "N = 1", "N = 3", "N = 60", "N = 137"),
}
"""Checks that try a write and roll it back: a standby cannot be asked, and they say so."""
OF_THE_SERVER = {
    "database",
    "PRE-4 green dry run",
    "PRE-10 standbys",
    "R4 durability of an acknowledged COMMIT",
    "R7 standbys that may lack an acknowledged COMMIT",
}
"""Checks whose answer is about the server itself: that it is a standby, or how it keeps its files."""
_REFUSED_THERE = re.compile(r"\b(0A000|25006)\b")
"""SQLSTATEs of a standby's refusal, as words of their own: a digest has every five digits sooner or later."""


def _judged(gates: tuple[GateReport, ...]) -> dict[tuple[str, str], Outcome]:
    return {(gate.gate, check.name): check.outcome for gate in gates for check in gate.checks}


def _alike(primary: tuple[GateReport, ...], standby: tuple[GateReport, ...]) -> None:
    """Each check has the outcome of the primary's, but for those that only a primary can answer."""
    there, here = _judged(primary), _judged(standby)
    differing = {name for (_, name) in there if any(there[k] != here[k] for k in there if k[1] == name)}
    assert differing <= OF_THE_PRIMARY | OF_THE_SERVER
    unclear = {name for (_, name), outcome in here.items() if outcome is Outcome.INCONCLUSIVE}
    unclear_there = {name for (_, name), outcome in there.items() if outcome is Outcome.INCONCLUSIVE}
    assert unclear - unclear_there <= OF_THE_PRIMARY
    for gate in standby:
        for check in gate.checks:
            assert "0A000" not in check.detail, check
            assert "25006" not in check.detail, check


@pytest.mark.parametrize("stage", ["SG_2 imported", "enacted"])
def test_each_reading_command_answers_as_on_the_primary(
    at: At, stage: str, command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at(stage)
    reading = {operation.words for operation in OPERATIONS if not operation.writes}
    seen: list[dict[tuple[str, ...], tuple[int, object]]] = []
    with follower_of(passage.cluster) as standby:
        for cluster in (passage.cluster, standby):
            for name, role in ROLES.items():
                monkeypatch.setenv(name, cluster.conninfo(passage.database, role))
            (folder := tmp_path / str(len(seen))).mkdir()
            told = {}
            for words, arguments in commands(passage, passage.run_id, folder).items():
                named = tuple(word for word in words if not word.startswith("--"))
                # The gates are compared check by check below.
                if named in reading - ELSEWHERE - {("gates",)} and words not in OF_NO_DATABASE:
                    status, answer = command(passage, *named, *arguments)
                    said = json.dumps(answer)
                    told[words] = (status, answer["outcome"])
                    assert not _REFUSED_THERE.search(said), said
                    assert "in recovery" not in said
            seen.append(told)
    assert len(seen[0]) > 25
    # It says that it is a standby, which is no reason to know nothing.
    assert seen[0].pop(("status",)) == (0, "PASS")
    assert seen[1].pop(("status",)) == (0, "PARTIAL")
    assert seen[0] == seen[1]


def test_each_call_of_a_monitoring_console_answers_as_on_the_primary(at: At) -> None:
    passage = at("SG_2 imported")
    run_id, statement = passage.run_id, passage.installation.statement(passage.run_id, "SG_2")

    def calls(backend: BackendService) -> dict[str, object]:
        backend.require_read_only_role()
        plan = backend.plan("file:law.md", "ACME-TWO", "atx", ordinals=False)
        run, approval = backend.run(run_id), backend.check_statement(statement)
        return {
            "runs": [(seen.run_id, seen.state, seen.interrupted, seen.gone) for seen in backend.runs()],
            # Behind the semicolon stands the next move, which a standby has not.
            "run": (run.state, run.journal, run.waits_for.partition(";")[0], [phase.outcome for phase in run.phases]),
            "approvals": [(seen.kind, seen.status) for seen in backend.approvals()],
            "statement": [(check.name, check.outcome) for check in approval.checks],
            "intake": backend.intake(),
            "plan": (plan.plan_digest, plan.problems),
            "compare": backend.compare(plan),
            "profiles": backend.profiles(),
            "batches": backend.batches(),
            "drift": backend.drift().outcome,
            "verify": [(check.name, check.outcome) for check in backend.verify(run_id)],
            "release": backend.brief(Danger.RELEASE_HOLD, "").checks[0].outcome,
        }

    with follower_of(passage.cluster) as standby:
        there = {name: standby.conninfo(passage.database, role) for name, role in _SETTINGS.items()}
        database = passage.installation.settings.database.model_copy(update=there)
        primary = BackendService(passage.installation, read_only=True)
        monitor = BackendService(passage.settings(database=database).installation, read_only=True)
        assert calls(monitor) == calls(primary)
        assert monitor.run(run_id).waits_for == "the operator: SG_2 is imported; it goes on at the primary"
        _alike(primary.gates().gates, monitor.gates().gates)
        writing = BackendService(monitor.installation)
        _alike(passage.backend.gates().gates, writing.gates().gates)
        _alike((passage.backend.readiness(),), (writing.readiness(),))
        status = monitor.status()
        assert (status.outcome, status.target) == (Outcome.PARTIAL, primary.status().target)
        assert all(count.outcome is Outcome.PASS for count in status.counts)
        assert any("this server is a standby" in wait.what for wait in status.waiting)
        # Nothing is offered that a standby refuses.
        assert monitor.run(run_id).moves == (Move.REPORT,)
        for danger in (Danger.ENACT, Danger.REVERT):
            assert not _REFUSED_THERE.search(str(monitor.brief(danger, run_id)))


_SETTINGS = {"executor": "cutter_exec", "verifier": "cutter_verify", "monitor": "cutter_ro"}
