"""A question that is asked in turn: once at a time, once more behind the answer, and again after whatever ended it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from typing import Any, cast

import pytest
from textual.screen import Screen

from console.screens import asked_in_turn
from console.screens.asked_in_turn import AskedInTurn


class _Workers:
    """The workers that a screen was asked to run."""

    def __init__(self) -> None:
        self.begun: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def run_worker(self, worker: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Keep it."""
        self.begun.append(worker)


@pytest.mark.parametrize("ended_by", [None, OSError(5, "no thread"), asyncio.CancelledError()], ids=repr)
@pytest.mark.parametrize("can_draw", [True, False])
@pytest.mark.parametrize("n_meanwhile", [0, 1, 5])
async def test_however_a_question_ended_it_can_be_asked_again(
    *, ended_by: BaseException | None, can_draw: bool, n_meanwhile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted as under way for ever, it would never be asked again, and what is shown would stay as it is."""
    monkeypatch.setattr(asked_in_turn, "can_draw", lambda _screen: can_draw)
    workers, n_asked = _Workers(), 0

    async def question() -> None:
        nonlocal n_asked
        n_asked += 1
        if n_asked == 1:
            for _ in range(n_meanwhile):
                turn.ask()
            assert len(workers.begun) == 1
            if ended_by is not None:
                raise ended_by

    turn = AskedInTurn(cast("Screen[Any]", workers), question)
    turn.ask()
    with pytest.raises(type(ended_by)) if ended_by is not None else nullcontext():
        await workers.begun[0]()
    asks_again = n_meanwhile > 0 and can_draw and ended_by is None
    assert len(workers.begun) == (2 if asks_again else 1)
    assert turn.is_due is asks_again
    if not asks_again:
        turn.ask()
    await workers.begun[1]()
    assert (n_asked, len(workers.begun), turn.is_due) == (2, 2, False)
