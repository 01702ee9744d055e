"""The HOLD of the fake backend, by hand, for what the screen draws."""

from dataclasses import dataclass
from datetime import timedelta

from console.backend.model.errors import CutterError
from console.backend.model.holds import HeldRun, HoldEvent, HoldView, RecoveryMove, RecoveryStep, ReleaseStep
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.states import Mode, Move
from console.backend.model.view_models import (
    Confirmation,
    Danger,
    Interruption,
    StopStep,
    SwitchState,
    SwitchView,
)
from tests.support.fake_gates import NOW, FakeReadiness

HELD = "ictr-20260301T135200Z-9f3c21ab"
LOST = "ictr-20260301T121500Z-0b7744de"
WRITTEN = "ictr-20260228T090000Z-77e1c0d2"


def _check(name: str, outcome: Outcome, detail: str, next_action: str = "") -> Check:
    fact = Evidence(id=f"E-{name}", asked=name, source="measured now", answer=detail, measured_at=NOW)
    return Check(name=name, outcome=outcome, detail=detail, evidence=(fact,), next_action=next_action)


def _held(hostile: str) -> tuple[HeldRun, ...]:
    settle = RecoveryMove(move=Move.SETTLE, command=f"cutter-console run settle {LOST}")
    revert = RecoveryMove(
        move=Move.REVERT,
        command=f"cutter-console revert {WRITTEN} --confirm {WRITTEN}",
        effects=("7 draft units of BDSG-2018 become SUPERSEDED, with a log row each.", "Nothing is deleted."),
        runs=f"SELECT cutter_console.fn_cut_revert('{WRITTEN}', …)",
    )
    void = RecoveryMove(
        move=Move.VOID,
        command=f"cutter-console run void {HELD} --reason TEXT",
        effects=(f"Ends run {HELD}, which has cut nothing.",),
        runs=f"SELECT cutter_console.fn_run_leave('{HELD}', 'voided', …, …)",
    )
    go_on = RecoveryMove(move=Move.CONTINUE, command=f"cutter-console run resume {HELD}")
    return (
        HeldRun(
            run_id=HELD,
            mode=Mode.LIVE,
            state="awaiting_cut_authorization",
            docprefix="BDSG-2018" + hostile,
            interruption=Interruption(
                what="cut_leg_a",
                since=NOW - timedelta(minutes=4),
                is_settled=True,
                database_says="rolled back: nothing of this phase is in the database" + hostile,
            ),
            moves=(go_on, void),
        ),
        HeldRun(
            run_id=LOST,
            mode=Mode.LIVE,
            state="structural_verified",
            docprefix="POL",
            interruption=Interruption(
                what="leg_b_record",
                since=NOW - timedelta(hours=2),
                is_settled=False,
                database_says="not known yet: the session that sent the COMMIT is still there",
            ),
            moves=(settle,),
        ),
        HeldRun(
            run_id=WRITTEN,
            mode=Mode.LIVE,
            state="failed_write_verify",
            docprefix="HP-2013",
            happened=("write_verify FAIL: 6 of 7 bodies are as signed" + hostile,),
            moves=(revert, RecoveryMove(move=Move.REPORT, command=f"cutter-console report {WRITTEN}")),
            left_behind="draft units and governance rows, unverified",
            plan=(
                RecoveryStep(purpose="see which check failed", command=f"cutter-console verify {WRITTEN}"),
                RecoveryStep(purpose="close the switch", command="cutter-console disarm"),
                RecoveryStep(
                    purpose="take the draft cut back; nothing is deleted",
                    command=f"cutter-console revert {WRITTEN} --confirm {WRITTEN}",
                ),
            ),
        ),
    )


def _history(hostile: str) -> tuple[HoldEvent, ...]:
    def event(hours: float, by: str, reason: str, run_id: str = "") -> HoldEvent:
        return HoldEvent(
            is_set=reason != "released by hand",
            at=NOW - timedelta(hours=hours),
            by=by,
            role="cutter_exec",
            reason=reason,
            run_id=run_id,
        )

    return (
        event(0.02, "anna" + hostile, "count mismatch in public.unit_version: planned +7, found +6", HELD),
        event(30, "binh", "released by hand"),
        event(31, "anna", "a drill"),
    )


_OFF = SwitchView(state=SwitchState.OFF)


@dataclass
class FakeHolds(FakeReadiness):
    """The part of the fake backend that answers about a HOLD; a test may set the fields while the console runs."""

    switch: SwitchView = _OFF
    nothing_held: bool = False
    """Whether no run needs a decision, and no HOLD was ever set."""
    release_blocked: bool = False
    hold_fails: CutterError | None = None

    def hold(self) -> HoldView:
        """As the scenario has it; without a database neither runs nor history are known."""
        if self.hold_fails is not None:
            raise self.hold_fails
        is_hold = self.switch.state is SwitchState.HOLD
        down = "connection to db01.example.org:5432 refused" if self.down else ""
        switch = self.switch if is_hold or not self.down else SwitchView(state=SwitchState.UNREADABLE, reason=down)
        if is_hold:
            known = {"in_file": True, "in_database": None if down else True}
            # Made again, not copied: only then is its text looked at.
            switch = SwitchView(**{**dict(switch), **known, "reason": f"{switch.reason}{self.hostile}"})
        return HoldView(
            measured_at=NOW,
            outcome=Outcome.INCONCLUSIVE if down else Outcome.PASS,
            switch=switch,
            stopped=self._stopped(is_hold=is_hold, down=down),
            runs=() if down or self.nothing_held else _held(self.hostile),
            runs_unread=down,
            release=self._release(is_hold=is_hold, down=down),
            steps=(
                ReleaseStep(
                    effect="Clears the HOLD in the database; the ledger keeps who released it, and when.",
                    runs=f"SELECT cutter_console.fn_hold_release('released by hand', 'anna{self.hostile}')",
                ),
                ReleaseStep(effect="Removes the HOLD file of this host.", runs="unlink /var/lib/cutter/HOLD"),
            ),
            history=() if down or self.nothing_held else _history(self.hostile),
            history_unread=down,
        )

    def _stopped(self, *, is_hold: bool, down: str) -> tuple[StopStep, ...]:
        names = ("HOLD in the database", "running statements", "lease")
        file = "/var/lib/cutter/HOLD" if is_hold else "/var/lib/cutter/HOLD is not there"
        details = ("set by anna" if is_hold else "not set", "none is running", "none is open")
        rest = (
            StopStep(
                what=name, done=not down and (is_hold or number > 0), detail=f"not known: {down}" if down else detail
            )
            for number, (name, detail) in enumerate(zip(names, details, strict=True))
        )
        return (StopStep(what="HOLD file", done=is_hold, detail=file), *rest)

    def _release(self, *, is_hold: bool, down: str) -> Confirmation:
        reached = _check("database", Outcome.PASS, "it can be asked; there the switch is HOLD")
        if down:
            reached = _check("database", Outcome.INCONCLUSIVE, f"not reached: {down}", "Reach the database again.")
        blocked = _check(
            "HOLD file", Outcome.FAIL, "/var/lib/cutter/HOLD is a directory", "Look at it: ls -la /var/lib/cutter/HOLD"
        )
        removable = _check("HOLD file", Outcome.PASS, "/var/lib/cutter/HOLD is there")
        others = (reached, blocked if self.release_blocked else removable) if is_hold else ()
        set_check = _check(
            "HOLD", Outcome.PASS if is_hold else Outcome.FAIL, f"{self.switch.state}: {self.switch.reason}"
        )
        return Confirmation(
            danger=Danger.RELEASE_HOLD,
            run_id=self.switch.run_id,
            docprefix="",
            target=None,
            n_units=None,
            effects=(
                "Clears the HOLD in the database; the ledger keeps who released it, and when.",
                "Removes the HOLD file of this host.",
                "The switch stays off; nothing is written or resumed by it.",
            ),
            deltas=(),
            reversible=True,
            reversal="set it again: the panic key",
            confirm_text="RELEASE",
            checks=(set_check, *others),
        )
