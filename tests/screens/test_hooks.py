"""Overview says in one place, calmly, that the last call of a hook failed."""

from console.backend.model.view_models import Status
from console.screens.overview_text import where
from tests.support.fakes import FakeBackend


def words(status: Status, trouble: str) -> str:
    """The panel as plain text."""
    return "\n".join(
        "".join(span.text for span in line) for line in where(status, read_only=True, hook_trouble=trouble)
    )


def test_overview_names_a_hook_that_failed_and_says_nothing_of_those_that_did_not() -> None:
    status = FakeBackend().status()
    assert "hooks" not in words(status, "")
    assert "notify: it ended with status 3" in words(status, "notify: it ended with status 3")
    lost = status.model_copy(update={"target": None})
    assert "notify: it ended with status 3" in words(lost, "notify: it ended with status 3")
