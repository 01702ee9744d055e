"""What waits, as `status` prints it."""

import pytest

from console.backend.model.view_models import WaitView
from console.cli.database import _waits


@pytest.mark.parametrize(
    ("run_id", "printed"),
    [
        ("ictr-20260101T000000Z-00000000", "a standby was promoted (ictr-20260101T000000Z-00000000)"),
        ("", "a standby was promoted"),
    ],
    ids=["of a run", "of none"],
)
def test_what_waits_names_its_run_if_it_is_one_of_a_run(run_id: str, printed: str) -> None:
    """After a promotion an empty pair of brackets stood where there is no run."""
    wait = WaitView(
        what="a standby was promoted", run_id=run_id, since=None, waits_for="init --pin --repin", next_action=""
    )
    assert _waits(wait) == printed
