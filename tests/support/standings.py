"""At which isolation what counts of runs is read, beside the runs themselves."""

from collections.abc import Iterable

import psycopg
import pytest

from console.backend.model.ended_runs import Standing
from console.backend.postgres.connections import scalar
from console.backend.postgres.document_states import standings
from console.backend.runs import known_run, run_list


def isolation_of_standings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list to which each later reading of what counts of runs adds the isolation of its transaction."""
    seen: list[str] = []

    def noted(connection: psycopg.Connection, run_ids: Iterable[str]) -> dict[str, Standing]:
        answer = standings(connection, run_ids)
        isolation = scalar(connection, "SELECT current_setting('transaction_isolation')")
        # Behind all that is asked, because a question is called once for each of its statements.
        seen.append(str(isolation))
        return answer

    monkeypatch.setattr(run_list, "standings", noted)
    monkeypatch.setattr(known_run, "standings", noted)
    return seen
