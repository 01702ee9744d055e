"""Confirmations of a hand-over and of an acceptance, as the fake backend shows them."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from console.backend.model.errors import StopCode, UsageError
from console.backend.model.outcome import Check, Evidence, Outcome
from console.backend.model.plan_binding import Target
from console.backend.model.view_models import Confirmation, Danger, RunView
from console.backend.runs.bundle_shelf import BundleFile, BundleShelf
from tests.support.fake_gates import NOW, FakeReadiness

_STEPS = (
    ("files", "12 files, each as the manifest says; manifest 5e5e5e5e"),
    ("not held yet", "it was not accepted here before"),
    ("hand-over", "the database has it: by anna on db1"),
    ("journal", "whole, to the record of the hand-over; 9 events in the database"),
    ("request", "cut of BDSG-2018, started by anna on db1"),
    ("source and plan", "source.raw 9a9a9a9a9a9a9a9a, plan.json b4b4b4b4b4b4b4b4"),
    ("statements", "2 files of statements and signatures, all of this run; no key"),
    ("places", "free"),
)


def _check(name: str, answer: str, outcome: Outcome = Outcome.PASS, advice: str = "") -> Check:
    evidence = Evidence(id=f"E-{name}", asked=name, source="bundle", answer=answer, measured_at=NOW)
    return Check(name=name, outcome=outcome, detail=answer, evidence=(evidence,), next_action=advice)


def _steps(file: Path, damaged: str) -> tuple[Check, ...]:
    """All of them, or those up to the one that names this damage."""
    if not damaged:
        return tuple(_check(name, answer) for name, answer in _STEPS)
    message, again = (
        f"{file}: run/journal.jsonl: {damaged}",
        "Have the bundle copied again from the host that wrote it.",
    )
    after = (
        _check(name, "not asked: journal did not pass", Outcome.NOT_RUN, "See the check before it.")
        for name, _answer in _STEPS[4:]
    )
    before = (_check(name, answer) for name, answer in _STEPS[:3])
    return (*before, _check("journal", message, Outcome.FAIL, again), *after)


@dataclass
class FakeCustody(FakeReadiness):
    """The part of the fake backend that hands runs over, accepts them and takes them over."""

    taken_over: bool = False
    """Whether another console holds the run."""
    can_hand_over: bool = False
    handed_over: str = ""
    """The bundle that the run was handed over in and waits in; empty if it was not."""
    no_place: str = ""
    """The reason why no bundle can be written in the file that is named."""
    damaged_bundle: str = ""
    """What is wrong with the journal of the bundle that is accepted."""

    @property
    def comes_to(self) -> str:
        """What a take-over would come to: another console went on with the run since."""
        ends = "here it can then only be ended: voided, reverted or, once it is law, closed"
        before = f"The files here are from before it went on elsewhere: {ends}. To go on with it, have it handed over instead."
        return before if self.taken_over else ""

    def take_over(self, run_id: str, confirm: str) -> tuple[RunView, bool]:
        """Done."""
        self._call(f"take over {run_id} {confirm}")
        return self.run(run_id), True

    def hand_over(self, run_id: str, to: Path) -> tuple[RunView, bool]:
        """Done."""
        self._call(f"hand over {run_id} {to}")
        self.handed_over = str(to)
        return self.run(run_id), True

    def accept_run(self, bundle: Path, seen: str = "") -> tuple[RunView, bool]:
        """Done."""
        self._call(f"accept {bundle} {seen[:4]}")
        self.handed_over = ""
        return self.run(""), True

    def bundles(self, folder: Path | None = None) -> BundleShelf:
        """Two in the intake folder, one on the stick; any other cannot be read."""
        self._call(f"bundles {folder or ''}".strip())
        names = {None: ("run-9f3c21ab.tar", "of last week.tar"), Path("/mnt/stick"): ("run.bundle",)}.get(folder)
        if names is None:
            raise UsageError(StopCode.REFUSED_INPUT, f"{folder}: No such file or directory", "Name another folder.")
        place = folder or Path("/var/lib/cutter/intake")
        files = (
            BundleFile(path=place / name, name=name + self.hostile, bytes=48_210, changed_at=NOW - timedelta(hours=n))
            for n, name in enumerate(names)
        )
        return BundleShelf(folder=place, files=tuple(files))

    def _call(self, name: str) -> None:
        raise NotImplementedError

    def run(self, run_id: str) -> RunView:
        """One run, as the scenario has it."""
        raise NotImplementedError

    def custody_confirmation(self, danger: Danger, run_id: str, file: Path, target: Target) -> Confirmation:
        """What the dialog of a change of hands shows."""
        words = self.hostile
        if danger is Danger.HAND_OVER:
            effects = (
                f"The run's files, statements and signatures are written into {file}, mode 0600. Its key and the backups stay.",
                f"From then on nobody holds run {run_id}, until that file is accepted: this console can only look at it.",
                "Carry the file to the next host; there: cutter-console run accept FILE",
            )
            checks: tuple[Check, ...] = (
                _check("hand-over", "at awaiting_cut_authorization, its files are whole"),
                _check("settled", "nothing was begun and left open"),
                _check(
                    "bundle",
                    self.no_place,
                    Outcome.FAIL,
                    f"Name another: cutter-console run hand-over {run_id} --to FILE",
                )
                if self.no_place
                else _check("bundle", f"{file} can be written"),
            )
        else:
            effects = (
                "The bundle holds 10 files of the run and 2 of its statements, 48,210 bytes, of a run at awaiting_cut_authorization.",
                f"It was handed over by anna{words} on db1{words}.",
                f"This console holds run {run_id} from then on; every other one can only look at it.",
            )
            checks = _steps(file, self.damaged_bundle)
        return Confirmation(
            danger=danger,
            run_id=run_id,
            docprefix="BDSG-2018",
            target=target,
            n_units=7,
            effects=effects,
            deltas=(),
            reversible=True,
            reversal="hand the run over again, to whoever is to have it",
            confirm_text=run_id,
            checks=checks,
            seen="" if danger is Danger.HAND_OVER else "5e" * 32,
        )
