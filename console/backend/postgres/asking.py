"""Questions that do not need each other's answers, asked of one session in one exchange."""

from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import psycopg

from console.backend.postgres.sessions import Session

T = TypeVar("T")
Question = Callable[[psycopg.Connection], T]
"""Asks statements of a connection and makes a value of their answers, without any other effect: it may be called again."""


class Answer(Generic[T]):
    """The answer to a question, once the block in which it was asked has ended."""

    def __init__(self, question: Question[T]) -> None:
        self._question = question
        self._values: list[T] = []
        self._answered: list[psycopg.Cursor[Any]] = []
        self._error: Exception | None = None

    @property
    def value(self) -> T:
        """Return the answer."""
        return self._values[0]

    def ask_directly(self, connection: psycopg.Connection) -> None:
        """Ask on a connection that sends each statement by itself."""
        self._values.append(self._question(connection))

    def next_statement(self, session: Session) -> "_Unanswered | None":
        """Go on with the question as far as its statements are answered. Return the next one, or None at its end."""
        try:
            self.ask_directly(cast("psycopg.Connection", _Replay(session, self._answered)))
        except _Unanswered as statement:
            return statement
        except Exception as error:  # noqa: BLE001 - raised in the order of the questions, when those before it have ended
            self._error = error
        return None

    def raise_error(self) -> None:
        """Raise what the question has raised, if it has."""
        if self._error is not None:
            raise self._error

    def answered(self, cursor: psycopg.Cursor[Any]) -> None:
        """Take the answer to the next statement."""
        self._answered.append(cursor)


class _Unanswered(Exception):
    """A statement whose answer is not there yet."""

    def __init__(self, cursor: psycopg.Cursor[Any], query: Any, parameters: Any) -> None:
        super().__init__()
        self.cursor = cursor
        self._statement = query, parameters

    def send(self) -> None:
        """Send it; its answer is in the cursor when the exchange is over."""
        self.cursor.execute(*self._statement)


class _Replay:
    """The part of a connection that questions use: it gives the answers that are there, and stops at the first that is not."""

    def __init__(self, session: Session, answered: list[psycopg.Cursor[Any]]) -> None:
        self._session = session
        self._answers = iter(answered)

    @property
    def info(self) -> psycopg.ConnectionInfo:
        return self._session.info

    def execute(self, query: Any, parameters: Any = None) -> psycopg.Cursor[Any]:
        return self.next_answer(self._session.cursor(), query, parameters)

    def cursor(self, **options: Any) -> "_ReplayCursor":
        return _ReplayCursor(self, self._session.cursor(**options))

    def next_answer(self, cursor: psycopg.Cursor[Any], query: Any, parameters: Any) -> psycopg.Cursor[Any]:
        answer = next(self._answers, None)
        if answer is None:
            raise _Unanswered(cursor, query, parameters)
        if answer.description is not None and answer.rowcount > 0:
            # Read once already, on the way to a later statement of the same question.
            answer.scroll(0, "absolute")
        return answer


class _ReplayCursor:
    def __init__(self, replay: _Replay, cursor: psycopg.Cursor[Any]) -> None:
        self._replay, self._cursor = replay, cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, query: Any, parameters: Any = None) -> psycopg.Cursor[Any]:
        return self._replay.next_answer(self._cursor, query, parameters)


class Asking:
    """A block in which questions are asked; at its end they are sent, the first statement of each together, then the second.

    Raises what the first question that fails raises, as if they were asked one after the other.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._answers: list[Answer[Any]] = []

    def ask(self, question: Question[T]) -> Answer[T]:
        """Ask. The answer is there after the block."""
        answer = Answer(question)
        self._answers.append(answer)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        session = self._connection
        if not isinstance(session, Session):
            for answer in self._answers:
                answer.ask_directly(session)
            return
        pending = self._answers
        while pending:
            statements = [(answer, answer.next_statement(session)) for answer in pending]
            if all(statement is None for _, statement in statements):
                break
            with session.together():
                for _, statement in statements:
                    if statement is not None:
                        statement.send()
            for answer, statement in statements:
                if statement is not None:
                    answer.answered(statement.cursor)
            pending = [answer for answer, statement in statements if statement is not None]
        for answer in self._answers:
            answer.raise_error()


def ask_together(connection: psycopg.Connection, *questions: Question[T]) -> tuple[T, ...]:
    """Ask questions of one kind in one exchange, and return their answers in order."""
    with Asking(connection) as asking:
        answers = [asking.ask(question) for question in questions]
    return tuple(answer.value for answer in answers)
