"""How often a command logs in: once a role and once for each transaction that writes, about."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from console.backend.model.states import Mode
from console.backend.postgres.session import Session
from tests.support.batch import BatchSite
from tests.support.passage import REQUEST, Passage, silent

LOGINS: dict[str, tuple[str, Callable[[Passage], object], int]] = {
    "status": ("fresh", lambda passage: passage.backend.status(), 1),
    "dry run": (
        "fresh",
        lambda passage: passage.backend.start(REQUEST.model_copy(update={"mode": Mode.DRYRUN}), silent),
        2,
    ),
    "LIVE start": ("fresh", Passage.start, 15),
    "statement and import": ("waits for SG_1", Passage.sign, 4),
    # One of them is the executor's, who reads what going on would read.
    "arming": ("SG_1 imported", Passage.arm, 7),
    "run": ("enacted", Passage.run, 1),
}
"""The stage, the commands, and the logins that they took when this was measured."""


@contextmanager
def _logins() -> Iterator[list[str]]:
    """Yield the connection strings that are logged in with, in order."""
    seen: list[str] = []
    real = Session.connect

    def connect(conninfo: str, **options: object) -> Session:
        seen.append(conninfo)
        return real(conninfo, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "connect", connect)
        yield seen


@pytest.mark.parametrize("command", LOGINS)
def test_a_command_logs_in_no_more_often_than_this(at: Callable[[str], Passage], command: str) -> None:
    """A LIVE start took 35 logins, an arming 29."""
    stage, work, most = LOGINS[command]
    passage = at(stage)
    with _logins() as seen:
        work(passage)
    assert 0 < len(seen) <= most, seen


def test_documents_of_a_batch_that_follow_one_another_share_their_sessions(at: Callable[[str], Passage]) -> None:
    """Each logged in for each of its transactions that wrote: 8 times a document. However many there are, it is no more often."""
    site = BatchSite.of(at("fresh"), 3)
    with _logins() as seen:
        site.start()
    assert 0 < len(seen) <= 10, seen
