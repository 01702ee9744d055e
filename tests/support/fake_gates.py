"""What the fake backend says of readiness: boards, PRE, drift, a bundle and reports, by hand, for what screens draw."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from console.backend.gates import registry
from console.backend.model.errors import CutterError, StopCode, Unmeasured, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome, worst
from console.backend.model.readiness import (
    Board,
    BundleView,
    Difference,
    DriftReport,
    GateReport,
    Owner,
    ReportView,
    letter_of,
)
from console.backend.model.view_models import OnProgress, Progress

NOW = datetime(2026, 3, 1, 14, 3, 0, tzinfo=UTC)
DIGEST = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
BUNDLE = "/var/lib/cutter/reports/20260301T140300Z-readiness"
REFUSED_CONNECTION = Unmeasured(
    StopCode.UNREACHABLE,
    "connection to db01.example.org:5432 refused",
    "Start the database, then: cutter-console gates",
)
DENIED = Unmeasured(
    StopCode.GRANT_DELTA,
    "42501: permission denied for view v_row_count",
    "As the administrator: GRANT SELECT ON cutter_governance.v_row_count TO cutter_ro; see: cutter-console drift",
)

_CHECKS: dict[str, tuple[str, ...]] = {
    "G0": ("host name", "machine id", "deployed tree", "switch at rest", "no service of its own", "database identity"),
    "G1": ("recorded tests", "LIVE refuses while off", "a dry run leaves nothing", "row counts"),
    "G2": ("seven directories", "configuration", "no secrets", "free space"),
    "G3": ("gpg round trip", "backup key", "pg_dump", "every table dumpable", "newest backup", "no plaintext dump"),
    "G4": ("immutability triggers", "revert functions", "rolled-back revert", "no delete privilege"),
    "G5": ("N = 1, 3, 60, 137", "function digests"),
    "G6": ("BDSG-2018 C1 to C7", "POL C1 to C7"),
    "G7": ("policy", "keys", "statements"),
    "G8": ("F1 live writers", "F2 live text", "F3 generality"),
    "G9": ("package", "tree not patched"),
    "G10": ("reports directory", "last bundle", "journals"),
}
"""Names of the checks with which the screens are drawn."""
_ONE_CHECK = ("as registered",)
"""The checks of any other gate."""
FakeGate = tuple[str, str, str, Owner, tuple[str, ...]]
GATES: tuple[FakeGate, ...] = tuple(
    (gate.id, gate.title, gate.question, gate.owner, _CHECKS.get(gate.id, _ONE_CHECK)) for gate in registry.GATES
)

Broken = dict[tuple[str, str], tuple[Outcome, str, str]]
"""Gate and check, to outcome, detail and next action."""

MIXED: Broken = {
    ("G1", "recorded tests"): (
        Outcome.PARTIAL,
        "explicitly allowed by the setting `untested`: no manifest names a test result",
        "On the workstation: cutter-console manifest build --junit junit.xml, then deploy again",
    ),
    ("G3", "backup key"): (
        Outcome.FAIL,
        "3F2A 91C0 5B7D 0E44 expires in 9 days, at least 30 are asked for",
        "On the workstation: gpg --quick-set-expire 3F2A91C05B7D0E44A1B2C3D4E5F60718293A4B5C 1y, then import it here",
    ),
    ("G3", "newest backup"): (
        Outcome.PARTIAL,
        "FRESH 71 minutes ago, older than 60",
        "cutter-console backup take RUN",
    ),
    ("G6", "POL C1 to C7"): (
        Outcome.PARTIAL,
        "C2: the live text of POL was never pinned",
        "cutter-console run start live:POL --docprefix POL",
    ),
    ("G7", "statements"): (Outcome.NOT_RUN, "no statement has been drafted", "cutter-console approval draft RUN"),
    ("G8", "F2 live text"): (
        Outcome.INCONCLUSIVE,
        "42501: permission denied for table pages",
        "GRANT SELECT ON public.pages TO cutter_ro;",
    ),
}
NEEDS_DATABASE = {
    ("G0", "database identity"),
    ("G1", "row counts"),
    ("G3", "every table dumpable"),
    ("G4", "immutability triggers"),
    ("G4", "rolled-back revert"),
    ("G5", "function digests"),
    ("G6", "BDSG-2018 C1 to C7"),
    ("G7", "statements"),
}
PRE_CHECKS = (
    "PRE-1 approval",
    "PRE-2 authority to arm",
    "PRE-3 backup key",
    "PRE-4 green dry run on the target",
    "PRE-5 grants",
    "PRE-6 deployed tree",
    "PRE-7 tests",
    "PRE-8 switch off",
    "PRE-9 plan fits the database",
    "PRE-10 standbys",
)
PRE_BROKEN: Broken = {
    ("PRE", "PRE-1 approval"): (
        Outcome.FAIL,
        "SG_1 is drafted, not imported",
        "Have it signed, then: cutter-console approval import STATEMENT",
    ),
    ("PRE", "PRE-7 tests"): MIXED[("G1", "recorded tests")],
}
DIFFERENCES = (
    Difference(
        what="grant",
        subject="cutter_ro on cutter_governance.v_row_count",
        expected="SELECT",
        actual="missing",
        repair=("GRANT SELECT ON cutter_governance.v_row_count TO cutter_ro;",),
    ),
    Difference(
        what="trigger",
        subject="unit_version_immutable on public.unit_version",
        expected="enabled ALWAYS",
        actual="disabled",
        repair=("ALTER TABLE public.unit_version ENABLE ALWAYS TRIGGER unit_version_immutable;",),
    ),
    Difference(
        what="function",
        subject="cutter_console.fn_cut_revert(text)",
        expected="md5 4d1f0c7a5be2f6a3c9e84b7d20915c3e, SECURITY DEFINER, search_path pg_catalog",
        actual="md5 99aa0c7a5be2f6a3c9e84b7d20915c3e, SECURITY INVOKER",
        repair=(
            "-- the installed text of the function stands in migrations/0005_revert.sql",
            "ALTER FUNCTION cutter_console.fn_cut_revert(text) SECURITY DEFINER SET search_path = pg_catalog;",
        ),
    ),
    Difference(
        what="superuser",
        subject="mallory",
        expected="absent",
        actual="superuser, may log in",
        repair=("ALTER ROLE mallory NOSUPERUSER;",),
    ),
)


def checked(gate: str, name: str, now: datetime, broken: Broken, hostile: str = "") -> Check:
    """One check with one evidence row."""
    outcome, detail, repair = broken.get((gate, name), (Outcome.PASS, "as it must be", ""))
    fact = Evidence(
        id=f"{gate}.{name.split(maxsplit=1)[0].lower()}",
        asked=f"{name}, as it is now" + hostile,
        source="cutter_ro on directus" + hostile,
        answer=detail + hostile,
        digest=DIGEST if outcome is Outcome.PASS else "",
        measured_at=now,
        took_ms=12.0,
    )
    return Check(name=name, outcome=outcome, detail=detail + hostile, evidence=(fact,), next_action=repair)


def gate_report(number: int, now: datetime, broken: Broken, hostile: str = "") -> GateReport:
    """One gate of the table above."""
    gate, title, question, owner, names = GATES[number]
    checks = tuple(checked(gate, name, now, broken, hostile) for name in names)
    return GateReport(
        gate=gate,
        title=title,
        question=question,
        owner=owner,
        outcome=worst([check.outcome for check in checks]),
        checks=checks,
        measured_at=now,
        took_ms=30.0 + number,
    )


def board(now: datetime, broken: Broken, names: tuple[str, ...] = (), hostile: str = "") -> Board:
    """These gates, all where none is named."""
    wanted = [number for number, gate in enumerate(GATES) if not names or gate[0] in names]
    gates = tuple(gate_report(number, now, broken, hostile) for number in wanted)
    return Board(
        gates=gates,
        outcome=worst([gate.outcome for gate in gates]),
        measured_at=now,
        took_ms=412.0,
        deadline_s=10.0,
    )


def _with(one: Difference, hostile: str) -> Difference:
    return Difference(
        what=one.what,
        subject=one.subject + hostile,
        expected=one.expected + hostile,
        actual=one.actual + hostile,
        repair=tuple(part + hostile for part in one.repair),
    )


def unmeasured(error: CutterError) -> Broken:
    """What needs the database is INCONCLUSIVE for this reason."""
    said = (Outcome.INCONCLUSIVE, f"{error.code}: {error.message}", error.next_action)
    return dict.fromkeys(NEEDS_DATABASE, said)


@dataclass
class FakeReadiness:
    """The part of the fake backend that answers about readiness; a test may set the fields while the console runs."""

    broken: Broken = field(default_factory=lambda: dict(MIXED))
    no_gates: CutterError | None = None
    """Raised instead of an answer about gates, PRE and drift."""
    differences: tuple[Difference, ...] = DIFFERENCES
    gates_wait: threading.Event | None = None
    """Measuring waits for it."""
    measures: list[str] = field(default_factory=list)
    """What was asked about readiness, in order."""
    down: bool = False
    hostile: str = ""
    clock: Callable[[], datetime] = lambda: NOW

    def _asked(self, what: str) -> None:
        self.measures.append(what)
        if self.gates_wait is not None:
            self.gates_wait.wait(10)
        if self.no_gates is not None:
            raise self.no_gates

    def gates(self, names: tuple[str, ...] = ()) -> Board:
        """As the scenario has it; without a database a part of them."""
        self._asked(f"gates {' '.join(names)}".strip())
        if not set(names) <= {gate[0] for gate in GATES}:
            raise UsageError(
                StopCode.REFUSED_INPUT,
                f"there is no gate {names}",
                f"Name some of {', '.join(gate[0] for gate in GATES)}.",
            )
        broken = unmeasured(REFUSED_CONNECTION) if self.down else self.broken
        return board(self.clock(), broken, names, self.hostile)

    def readiness(self, run_id: str = "") -> GateReport:
        """Eight checks, two of them open."""
        self._asked(f"readiness {run_id}".strip())
        now = self.clock()
        checks = tuple(checked("PRE", name, now, PRE_BROKEN, self.hostile) for name in PRE_CHECKS)
        return GateReport(
            gate="PRE",
            title="Before a LIVE run",
            question="May this run be armed?",
            owner=Owner.OPERATOR,
            outcome=worst([check.outcome for check in checks]),
            checks=checks,
            measured_at=now,
            took_ms=88.0,
        )

    def drift(self) -> DriftReport:
        """The differences of the scenario."""
        self._asked("drift")
        if self.down:
            raise REFUSED_CONNECTION
        found = tuple(_with(one, self.hostile) for one in self.differences)
        return DriftReport(
            outcome=Outcome.FAIL if found else Outcome.PASS,
            schema_digest=DIGEST if not found else DIGEST[::-1],
            pinned_digest=DIGEST,
            differences=found,
            measured_at=self.clock(),
        )

    def bundle(self, on_progress: OnProgress, sign_with: str = "") -> BundleView:
        """Ten documents; the letter follows from the board."""
        self._asked(f"bundle {sign_with}".strip())
        on_progress(Progress(step="01 precheck" + self.hostile, done=1, total=10))
        measured = board(self.clock(), self.broken, (), self.hostile)
        opened = [gate for gate in measured.gates if gate.outcome is not Outcome.PASS]
        letter = letter_of([gate.outcome for gate in measured.gates])
        return BundleView(
            directory=BUNDLE,
            letter=letter,
            headline="every gate is PASS" if not opened else "blocked" + self.hostile,
            gaps=tuple(f"{gate.gate}, {gate.owner.value}: {gate.detail}. Next: {gate.next_action}" for gate in opened),
            documents=tuple(f"{number:02}-document.md" for number in range(1, 11)),
            sums_sha256=DIGEST,
            signed_by=sign_with,
            board=measured,
        )

    def report(self, run_id: str) -> ReportView:
        """One document for each phase and pause."""
        self._asked(f"report {run_id}")
        return ReportView(
            run_id=run_id,
            directory=f"/var/lib/cutter/reports/{run_id}",
            documents=tuple(f"{number:02}-document.md" for number in range(1, 14)),
            sums_sha256=DIGEST,
            unchanged=False,
        )
