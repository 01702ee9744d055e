"""What the fake backend says of batches: one at each of its pauses, at work, stopped; by hand, for what screens draw."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from console.backend.model.batches import (
    BatchMove,
    BatchPlan,
    BatchProgress,
    BatchSource,
    BatchView,
    MemberView,
    OnBatch,
    OnFailure,
    PlannedDocument,
)
from console.backend.model.errors import Refused, StopCode
from console.backend.model.outcome import Outcome
from console.backend.model.readiness import ReportView
from console.backend.model.states import Family, Mode, Stage
from console.backend.model.view_models import OnProgress, SwitchState, SwitchView
from tests.support.fake_gates import NOW, FakeReadiness

BATCH_ID = "ictb-20260301T133000Z-5ac01d77"
DRY_BATCH_ID = "ictb-20260301T131000Z-00aa11bb"
DIGEST = "ba7c" * 16
_SG_1, _SG_2 = "SG_1 " + "c0ffee" + "5" * 58, "SG_2 " + "decade" + "7" * 58
BatchAt = Literal["none", "sg_1", "arm", "armed", "cutting", "failed", "aside", "sg_2", "enact", "law", "damaged"]
_PHASES: dict[BatchAt, str] = {
    "sg_1": "3 documents in need of SG_1",
    "arm": "SG_1 is imported: it can be armed",
    "armed": "armed: it can be cut",
    "cutting": "armed: it can be cut",
    "failed": "armed: it can be cut",
    "aside": "2 documents in need of SG_2",
    "sg_2": "3 documents in need of SG_2",
    "enact": "SG_2 is imported: it can be enacted",
    "law": "law",
    "damaged": "NOT KNOWN: /var/lib/cutter/runs/ictb-5 is damaged. Go on with its runs one by one: cutter-console run list",
}
_GOES_ON = (BatchMove.RESUME, BatchMove.SET_ASIDE, BatchMove.REPORT)
_MOVES: dict[BatchAt, tuple[BatchMove, ...]] = {
    "sg_1": (BatchMove.DRAFT_SG_1, BatchMove.REPORT),
    "arm": (BatchMove.ARM, BatchMove.REPORT),
    "armed": _GOES_ON,
    "cutting": (),
    "failed": _GOES_ON,
    "aside": (BatchMove.DRAFT_SG_2, BatchMove.REPORT),
    "sg_2": (BatchMove.DRAFT_SG_2, BatchMove.REPORT),
    "enact": (BatchMove.ENACT, BatchMove.REPORT),
    "law": (BatchMove.REPORT,),
    "damaged": (),
}
_WAITS, _DRAFT = Stage.AWAITING_CUT_AUTHORIZATION, Stage.AWAITING_LIFECYCLE_AUTHORIZATION
_AT: dict[BatchAt, tuple[Stage, ...]] = {
    **dict.fromkeys(("sg_1", "arm", "armed"), (_WAITS,) * 3),
    "cutting": (_DRAFT, Stage.CUT_LEG_A_COMMITTED, _WAITS),
    "failed": (_DRAFT, _WAITS, _WAITS),
    "aside": (_DRAFT, _WAITS, _DRAFT),
    **dict.fromkeys(("sg_2", "enact"), (_DRAFT,) * 3),
    "law": (Stage.CLOSEOUT_REPORTED,) * 3,
}
_NAMES = ("ARBZG", "BDSG-2018", "JUGENDARBEITSSCHUTZGESETZ-1976-A")
_UNITS = (112, 1_043, 98)
_REASON = "run ictr-20260301T133100Z-00000002 is failed_structural_verify: 1 of 1,043 bodies differs from the manifest"
_OFF = SwitchView(state=SwitchState.OFF)
_RULINGS = {"sg_1": 0, "aside": 1, "sg_2": 1, "enact": 2, "law": 2}


def members_at(at: BatchAt, hostile: str = "", copies: int = 1) -> tuple[MemberView, ...]:
    """Three documents, so many times, where the batch is at this."""
    stages = _AT.get(at, ())
    made: list[MemberView] = []
    for number in range(copies * len(stages)):
        n = number % 3
        failed = at in {"failed", "aside"} and n == 1
        made.append(
            MemberView(
                position=number + 1,
                run_id=f"ictr-20260301T133100Z-{number + 1:08d}",
                name=f"laws/{_NAMES[n].lower()}.md{hostile}",
                docprefix=_NAMES[n] if number < 3 else f"{_NAMES[n][:26]}-{number}",
                state="failed_structural_verify" if failed else stages[n].value,
                stage=stages[n],
                family=Family.FAILED if failed else Family.ACTIVE,
                n_units=_UNITS[n],
                plan_digest=f"{number + 1:02d}" * 32,
                set_aside=_REASON + hostile if at == "aside" and failed else "",
                became="law since 2026-02-01" if at == "law" else "",
            )
        )
    return tuple(made)


@dataclass
class FakeBatches(FakeReadiness):
    """The part of the fake backend that answers about batches; a test may set the fields while the console runs."""

    batch_at: BatchAt = "sg_1"
    older_batches: int = 0
    batch_copies: int = 1
    """How many times the three documents are in it."""
    batch_units_per_s: float = 41.0
    folder_refuses: bool = False
    """Whether a document of a planned folder is refused."""
    switch: SwitchView = _OFF
    sources: list[BatchSource] = field(default_factory=list)

    def _call(self, name: str) -> None:
        raise NotImplementedError

    def _pause(self) -> None:
        raise NotImplementedError

    def batch_view(self) -> BatchView:
        """The batch of the scenario."""
        at = self.batch_at
        members = members_at(at, self.hostile, self.batch_copies)
        inside = [member for member in members if not member.set_aside]
        begins = {_WAITS, Stage.CUT_LEG_A_COMMITTED} if at not in {"sg_2", "enact", "aside"} else {_DRAFT}
        behind = [member for member in inside if member.stage not in begins]
        armed = at in {"armed", "cutting", "failed"}
        return BatchView(
            measured_at=self.clock(),
            batch_id=BATCH_ID,
            mode=Mode.LIVE,
            on_failure=OnFailure.STOP,
            operator="anna" + self.hostile,
            host="db01.example.org",
            started_at=NOW - timedelta(minutes=33),
            is_recorded=True,
            digest=DIGEST,
            phase=_PHASES[at] + self.hostile,
            members=members,
            n_done=len(behind),
            n_open=len(inside) - len(behind),
            n_units_done=sum(member.n_units or 0 for member in behind),
            n_units_open=sum(member.n_units or 0 for member in inside if member not in behind),
            rulings=(_SG_1, _SG_2)[: _RULINGS.get(at, 1)],
            armed_to="cut" if armed else "",
            armed_until=NOW + timedelta(minutes=12, seconds=58) if armed else None,
            is_taken=at == "cutting",
            at_work=at == "cutting",
            progress=self._progress() if at == "cutting" else None,
            moves=_MOVES[at],
        )

    def _progress(self) -> BatchProgress:
        return BatchProgress(
            batch_id=BATCH_ID,
            step="cut",
            docprefix="BDSG-2018" + self.hostile,
            done=1,
            total=3,
            units_done=112,
            units_total=1_253,
            units_per_s=self.batch_units_per_s,
            remaining_s=140.0,
            at=NOW - timedelta(seconds=9),
        )

    def _dry_batch(self) -> BatchView:
        members = tuple(
            member.model_copy(update={"stage": Stage.CLOSEOUT_REPORTED, "state": "closeout_reported"})
            for member in members_at("sg_1", self.hostile)
        )
        return BatchView(
            measured_at=self.clock(),
            batch_id=DRY_BATCH_ID,
            mode=Mode.DRYRUN,
            on_failure=OnFailure.STOP,
            operator="anna",
            host="db01.example.org",
            started_at=NOW - timedelta(minutes=53),
            is_recorded=False,
            digest="",
            phase="every dry run has ended",
            members=members,
            n_done=3,
            n_open=0,
            n_units_done=sum(_UNITS),
            n_units_open=0,
            rulings=(),
            moves=(BatchMove.REPORT,),
        )

    def batches(self, most: int | None = None) -> tuple[BatchView, ...]:
        """The batch of the scenario and its dry runs."""
        self._call(f"batches {most}")
        if self.batch_at == "none":
            return ()
        dry = self._dry_batch()
        older = (dry.model_copy(update={"batch_id": f"{dry.batch_id[:-3]}{n:03}"}) for n in range(self.older_batches))
        return (self.batch_view(), dry, *older)[:most]

    def batch(self, batch_id: str) -> BatchView:
        """Whole."""
        self._call(f"batch {batch_id}")
        return self._dry_batch() if batch_id == DRY_BATCH_ID else self.batch_view()

    def plan_batch(self, source: BatchSource) -> BatchPlan:
        """Three documents, one of them refused where the scenario says so."""
        self._call(f"plan {source.path}")
        self.sources.append(source)
        documents = tuple(self._planned(position, source.profile) for position in (1, 2, 3))
        good = [document for document in documents if document.outcome is Outcome.PASS]
        return BatchPlan(
            outcome=Outcome.PASS if len(good) == 3 else Outcome.FAIL,
            measured_at=NOW,
            digest=DIGEST,
            documents=documents,
            n_planned=len(good),
            n_refused=3 - len(good),
            n_units=sum(document.n_units for document in good),
            workers=2,
            seconds=0.4,
        )

    def _planned(self, position: int, profile: str) -> PlannedDocument:
        refused = self.folder_refuses and position == 2
        return PlannedDocument(
            position=position,
            name=f"{_NAMES[position - 1].lower()}.md{self.hostile}",
            docprefix=_NAMES[position - 1],
            profile=profile,
            outcome=Outcome.FAIL if refused else Outcome.PASS,
            bytes=4096,
            n_units=0 if refused else _UNITS[position - 1],
            n_suspects=2 if position == 3 else 0,
            plan_digest="" if refused else f"{position:02d}" * 32,
            detail="DUPLICATE_ADDRESS: line 5: BDSG-2018-S1-P1 also at line 3" + self.hostile if refused else "",
        )

    def start_planned_batch(
        self,
        source: BatchSource,
        seen: BatchPlan,
        mode: Mode,
        on_failure: OnFailure,
        on_batch: OnBatch,
        on_progress: OnProgress,
    ) -> BatchView:
        """To the first pause, or through the dry runs."""
        self._call(f"start batch {mode.value} {source.path} {seen.digest[:8]} {on_failure.value}")
        self._pause()
        return self.batch_view() if mode is Mode.LIVE else self._dry_batch()

    def resume_batch(
        self,
        batch_id: str,
        on_failure: OnFailure | None,
        on_batch: OnBatch,
        on_progress: OnProgress,
        seen: str = "",
    ) -> BatchView:
        """Go on, unless it is not as it was seen."""
        self._call(f"resume {batch_id} {on_failure.value if on_failure else ''}".strip())
        self._require_seen(seen)
        on_batch(self._progress())
        self._pause()
        return self.batch_view()

    def set_aside(self, batch_id: str, seen: str = "") -> BatchView:
        """The failed one is left out."""
        self._call(f"set-aside {batch_id}")
        self._require_seen(seen)
        return self.batch_view()

    def arm_batch(self, batch_id: str, confirm: str, seen: str = "") -> SwitchView:
        """Armed."""
        self._call(f"arm {batch_id} {confirm}")
        self._require_seen(seen)
        self.batch_at = "armed"
        self.switch = armed_for_batch(NOW)
        return self.switch

    def enact_batch(
        self, batch_id: str, confirm: str, on_batch: OnBatch, on_progress: OnProgress, seen: str = ""
    ) -> BatchView:
        """Law."""
        self._call(f"enact {batch_id} {confirm}")
        self._require_seen(seen)
        self._pause()
        self.batch_at = "law"
        return self.batch_view()

    def _require_seen(self, seen: str) -> None:
        if seen != self.batch_view().standing:
            raise Refused(StopCode.REPLAY_CONFLICT, "the batch is not as it was when you decided", "Look at it again.")

    def report_batch(self, batch_id: str) -> ReportView:
        """A directory."""
        self._call(f"report {batch_id}")
        return ReportView(
            run_id=batch_id,
            sums_sha256="5a" * 32,
            directory=f"/var/lib/cutter/reports/{batch_id}-1a2b3c4d",
            documents=("batch.md", "batch.json"),
            unchanged=False,
        )


def armed_for_batch(now: datetime) -> SwitchView:
    """The switch, armed for the batch to cut."""
    return SwitchView(
        state=SwitchState.ARMED,
        run_id=BATCH_ID,
        purpose="cut",
        by="anna",
        since=now - timedelta(minutes=2),
        expires_at=now + timedelta(minutes=12, seconds=58),
        clears_with="cutter-console disarm",
    )
