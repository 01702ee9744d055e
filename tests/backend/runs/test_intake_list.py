"""What can be planned, with what the database has of it: of a file that nobody asked about nothing is said."""

from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from console.backend.model.view_models import IntakeView
from console.backend.postgres.records import DocumentRow, documents
from console.backend.runs import intake_list
from console.backend.runs.document_states import DocumentView, documents_now
from console.backend.runs.intake_list import intake_views
from tests.backend.runs.test_amendments import amend
from tests.support.passage import DOCPREFIX, REQUEST, Passage

At = Callable[[str], Passage]


def _file(passage: Passage) -> IntakeView:
    (view,) = (view for view in passage.backend.intake() if view.origin == REQUEST.origin)
    return view


@pytest.mark.parametrize(
    ("stage", "standing"),
    [("waits for SG_1", "registered"), ("waits for SG_2", "draft by run"), ("enacted", "in force since 20")],
)
def test_a_file_says_what_became_of_it(at: At, stage: str, standing: str) -> None:
    passage = at(stage)
    view = _file(passage)
    assert view.standing is not None
    assert view.standing.startswith(standing)
    assert (view.docprefix, view.last_run, view.last_run_state) == (DOCPREFIX, passage.run_id, passage.run().state.name)


def test_the_file_of_an_amendment_says_what_became_of_it_as_well(at: At) -> None:
    """The registry has the first file of a document for ever: the second one was called new, also when it was law."""
    passage = at("enacted")
    amendment = amend(passage)
    views = {view.name: view for view in amendment.backend.intake()}
    assert views["law-2.md"].docprefix == DOCPREFIX
    assert str(views["law-2.md"].standing).startswith("in force since 20")
    assert {views[name].last_run for name in ("law.md", "law-2.md")} == {amendment.run_id}


def test_what_cannot_be_read_in_time_takes_nothing_else_along(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    passage = at("enacted")

    def late(connection: psycopg.Connection) -> tuple[DocumentView, ...]:
        connection.execute("SET LOCAL statement_timeout = 1")
        connection.execute("SELECT pg_sleep(60)")
        raise AssertionError("it has a limit")

    monkeypatch.setattr(intake_list, "documents_now", late)
    view = _file(passage)
    assert (view.docprefix, view.standing) == (DOCPREFIX, None)


def test_what_became_of_documents_is_read_within_a_limit_and_of_one_moment(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the documents themselves are: the files are shown without either."""
    asked = "SELECT current_setting('statement_timeout'), current_setting('transaction_isolation')"
    limits: list[object] = []

    def registered(connection: psycopg.Connection) -> tuple[DocumentRow, ...]:
        limits.append(connection.execute(asked).fetchone())
        return documents(connection)

    def became(connection: psycopg.Connection) -> tuple[DocumentView, ...]:
        limits.append(connection.execute(asked).fetchone())
        return documents_now(connection)

    monkeypatch.setattr(intake_list, "documents", registered)
    monkeypatch.setattr(intake_list, "documents_now", became)

    assert str(_file(at("enacted")).standing).startswith("in force since 20")
    assert limits == [("5s", "repeatable read")] * 2


def test_a_file_of_no_run_is_new(at: At) -> None:
    passage = at("enacted")
    (passage.installation.intake / "other.md").write_text("# Other\n")
    assert {view.name: view.standing for view in passage.backend.intake()}["other.md"] == ""


def test_without_the_database_nothing_is_said(at: At) -> None:
    passage = at("enacted")
    settings = passage.installation.settings
    away = settings.database.model_copy(update={"monitor": "host=/nonexistent dbname=none user=nobody"})
    site = replace(passage.installation, settings=settings.model_copy(update={"database": away}))
    views = intake_views(site)
    assert views
    assert {view.standing for view in views} == {None}
