"""Whole batches for tests: documents in a folder, their two rulings, and a process that is killed at a chosen step."""

import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.backend.model.batches import BatchProgress, BatchView, OnFailure
from console.backend.model.states import Mode, Phase
from console.backend.model.view_models import Progress, RunRequest
from console.backend.runs.workspace import PhaseRecord, Workspace
from tests.support.passage import Kept, Passage
from tests.support.waiting import until

KILLED = 9
_SESSIONS = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'cutter-console%'
"""
OnBatch = Callable[[BatchProgress], None]


def quiet(_: BatchProgress) -> None:
    """Progress that nobody watches."""


def unheard(_: Progress) -> None:
    """Progress of a run that nobody watches."""


def text_of(number: int) -> str:
    """A short law of its own."""
    return f"# Law {number}\n\nText of law {number}.\n\n## Alpha\n\nFirst of {number}.\n\n## Beta\n\nSecond.\n"


UNITS = 3


@dataclass(frozen=True)
class BatchSite:
    """A site with documents in its intake folder, and the batches that are made of them."""

    passage: Passage
    prefixes: tuple[str, ...]

    @classmethod
    def of(cls, passage: Passage, number: int) -> "BatchSite":
        """So many documents in the intake folder."""
        for n in range(1, number + 1):
            passage.write(f"law-{n}.md", text_of(n))
        return cls(passage, tuple(f"LAW-{n}" for n in range(1, number + 1)))

    def requests(self, mode: Mode) -> tuple[tuple[str, RunRequest], ...]:
        """The requests that the batch is started with."""
        return tuple(
            (f"law-{n}.md", RunRequest(origin=f"file:law-{n}.md", docprefix=prefix, mode=mode))
            for n, prefix in enumerate(self.prefixes, 1)
        )

    def start(
        self, mode: Mode = Mode.LIVE, on_failure: OnFailure = OnFailure.STOP, on_batch: OnBatch = quiet
    ) -> BatchView:
        """Start a batch of all of them."""
        return self.passage.backend.start_batch(self.requests(mode), mode, on_failure, on_batch, unheard)

    def to_first_pause(self, on_failure: OnFailure = OnFailure.STOP) -> BatchView:
        """Dry runs of all, without which nothing is armed, and then the batch itself."""
        self.start(Mode.DRYRUN)
        return self.start(on_failure=on_failure)

    @classmethod
    def planned(cls, at: Callable[[str], Passage], kept: Kept, number: int) -> "BatchSite":
        """So many documents after their dry runs, as they are kept."""

        def make() -> Passage:
            site = cls.of(at("fresh"), number)
            site.start(Mode.DRYRUN)
            return site.passage

        return cls.of(kept(f"{number} documents after their dry runs", make), number)

    @classmethod
    def waiting(cls, at: Callable[[str], Passage], kept: Kept, number: int) -> "BatchSite":
        """The same documents in a batch at its first pause, as it is kept."""

        def make() -> Passage:
            site = cls.planned(at, kept, number)
            site.start()
            return site.passage

        return cls.of(kept(f"a batch of {number} waits for SG_1", make), number)

    def newest(self) -> BatchView:
        """The batch that was started last."""
        return self.passage.backend.batches()[0]

    def sign(self, batch_id: str) -> Path:
        """Draft, sign as the demo sovereign, import. The statement's file."""
        drafted = self.passage.backend.draft_statement(batch_id)
        signature = self.passage.backend.sign_as_demo_sovereign(drafted.statement_path)
        self.passage.backend.import_statement(drafted.statement_path, (signature,))
        return drafted.statement_path

    def arm(self, batch_id: str) -> None:
        """Arm the batch to cut."""
        self.passage.backend.arm(batch_id, batch_id)

    def resume(self, batch_id: str, on_batch: OnBatch = quiet) -> BatchView:
        """Go on."""
        return self.passage.backend.resume_batch(batch_id, None, on_batch, unheard)

    def enact(self, batch_id: str, on_batch: OnBatch = quiet) -> BatchView:
        """Enact under SG_2."""
        return self.passage.backend.enact_batch(batch_id, batch_id, on_batch, unheard)

    def killed_in(self, work: Callable[[Callable[[Progress], None]], object], phase: Phase, time: int) -> None:
        """Do the work in a process that dies, without any cleaning up, when the phase begins for the time'th time."""
        seen = 0

        def die(progress: Progress) -> None:
            nonlocal seen
            seen += progress.phase is phase and progress.step == "begins"
            if seen == time:
                os._exit(KILLED)

        self._dies(lambda: work(die))

    def killed_behind(self, work: Callable[[Callable[[Progress], None]], object], phase: Phase) -> None:
        """Do the work in a process that dies behind the COMMIT of the phase, before its journal has the result."""

        def die(_self: Workspace, record: PhaseRecord) -> None:
            if record.phase is phase:
                os._exit(KILLED)
            keep(_self, record)

        keep = Workspace.write_record

        def killed() -> None:
            setattr(Workspace, "write_record", die)  # noqa: B010 - a method of a class, in a process that ends
            work(unheard)

        self._dies(killed)

    def _dies(self, work: Callable[[], object]) -> None:
        """Do the work in a process of its own, which must be killed in it; return when the server has seen its death."""
        child = os.fork()
        if child == 0:
            try:
                work()
            except BaseException:  # noqa: BLE001 - told, and the caller sees that nothing was killed
                traceback.print_exc()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == KILLED, status
        with self.passage.connect() as connection:
            until(lambda: not connection.execute(_SESSIONS).fetchall(), "the sessions of the killed process are gone")
