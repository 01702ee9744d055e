"""Questions that do not need each other's answers, asked of one session in one exchange."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

import psycopg
from psycopg.adapt import AdaptersMap

from console.backend.model.errors import CutterError
from console.backend.model.schema_names import SchemaNames
from console.backend.postgres.session import NamesDiffer, Session

T = TypeVar("T")
Question = Callable[[psycopg.Connection], T]
"""Asks statements of a connection and makes a value of their answers, without any other effect: it is called once more for each."""


@dataclass
class _Memory:
    """The answers to one question's own statements, and to those of the questions that it asks together, block by block."""

    answered: list[psycopg.Cursor[Any]] = field(default_factory=list)
    blocks: list[list["_Memory"]] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class _Statement:
    """A statement whose answer is not there yet."""

    memory: _Memory
    cursor: psycopg.Cursor[Any]
    query: Any
    parameters: Any

    @property
    def identity(self) -> object:
        """Return what is equal for two statements that are the same: one that is composed, or has values, is so to itself alone."""
        is_plain = isinstance(self.query, bytes | str) and not self.parameters
        return (self.query, self.cursor.row_factory) if is_plain else id(self)

    def send(self) -> None:
        """Send it; its answer is in the cursor when the exchange is over."""
        self.cursor.execute(self.query, self.parameters)


class _Unanswered(Exception):
    """A question that cannot go on before these statements are answered."""

    def __init__(self, *statements: _Statement) -> None:
        super().__init__()
        self.statements = statements


class _Replay:
    """The part of a connection that questions use: it gives the answers that are there, and stops at the first that is not."""

    def __init__(self, session: Session, memory: _Memory) -> None:
        self.session = session
        self._memory = memory
        self._answers = iter(memory.answered)
        self._block = 0

    @property
    def info(self) -> psycopg.ConnectionInfo:
        """Return what is known of the session without asking it."""
        return self.session.info

    @property
    def connection(self) -> Session:
        """Return the session, in whose encoding a statement is put together."""
        return self.session

    @property
    def adapters(self) -> AdaptersMap:
        """Return by what values are written into a statement."""
        return self.session.adapters

    @property
    def known_names(self) -> SchemaNames:
        """Return where the console's own tables stand, as the session knows or presumes: if it is otherwise, all is asked again."""
        return self.session.names

    def execute(self, query: Any, parameters: Any = None) -> psycopg.Cursor[Any]:
        """Return the cursor with the answer."""
        return self.next_answer(self.session.cursor(), query, parameters)

    def cursor(self, **options: Any) -> "_ReplayCursor":
        """Return a cursor whose statements are answered likewise."""
        return _ReplayCursor(self, self.session.cursor(**options))

    def next_answer(self, cursor: psycopg.Cursor[Any], query: Any, parameters: Any) -> psycopg.Cursor[Any]:
        """Return the answer to the next statement, to be read from its beginning."""
        answer = next(self._answers, None)
        if answer is None:
            raise _Unanswered(_Statement(self._memory, cursor, query, parameters))
        if answer.description is not None and answer.rowcount > 0:
            # Read once already, on the way to a later statement of the same question.
            answer.scroll(0, "absolute")
        return answer

    def next_block(self, questions: int) -> list[_Memory]:
        """Return what is answered of the questions that are asked together next."""
        if self._block == len(self._memory.blocks):
            self._memory.blocks.append([_Memory() for _ in range(questions)])
        self._block += 1
        return self._memory.blocks[self._block - 1]


class _ReplayCursor:
    def __init__(self, replay: _Replay, cursor: psycopg.Cursor[Any]) -> None:
        self._replay, self._cursor = replay, cursor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, query: Any, parameters: Any = None) -> psycopg.Cursor[Any]:
        return self._replay.next_answer(self._cursor, query, parameters)


class Answer(Generic[T]):
    """The answer to a question, once the block in which it was asked has ended."""

    def __init__(self, question: Question[T]) -> None:
        self._question = question
        self._values: list[T] = []
        self._error: CutterError | psycopg.Error | None = None

    @property
    def value(self) -> T:
        """Return the answer."""
        return self._values[0]

    def ask_directly(self, connection: psycopg.Connection) -> None:
        """Ask on a connection that sends each statement by itself."""
        self._values.append(self._question(connection))

    def go_on(self, session: Session, memory: _Memory) -> tuple[_Statement, ...]:
        """Go on with the question as far as its statements are answered. Return those that are not; none at its end."""
        if self._values or self._error is not None:
            return ()
        try:
            self.ask_directly(cast("psycopg.Connection", _Replay(session, memory)))
        except _Unanswered as unanswered:
            return unanswered.statements
        except (CutterError, psycopg.Error) as error:
            # Raised in the order of the questions, when those before it have ended.
            self._error = error
        return ()

    def forget(self) -> None:
        """Let the question be asked again, from its beginning."""
        self._values.clear()
        self._error = None

    def raise_error(self) -> None:
        """Raise what the question has raised, if it has."""
        if self._error is not None:
            raise self._error


class Asking:
    """A block in which questions are asked; at its end they are sent, the first statement of each together, then the second.

    Raises what the first question that fails raises, as if they were asked one after the other.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection: object = connection
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
        match self._connection:
            case Session() as session:
                try:
                    self._exchange(session)
                except NamesDiffer:
                    for answer in self._answers:
                        answer.forget()
                    self._exchange(session)
            case _Replay() as replay:
                # Asked within a question: its statements go out with those of the others.
                if statements := self._unanswered(replay.session, replay.next_block(len(self._answers))):
                    raise _Unanswered(*statements)
            case connection:
                for answer in self._answers:
                    answer.ask_directly(cast("psycopg.Connection", connection))
        for answer in self._answers:
            answer.raise_error()

    def _exchange(self, session: Session) -> None:
        memories = [_Memory() for _ in self._answers]
        while statements := self._unanswered(session, memories):
            _exchange(session, statements)

    def _unanswered(self, session: Session, memories: list[_Memory]) -> tuple[_Statement, ...]:
        pairs = zip(self._answers, memories, strict=True)
        return tuple(statement for answer, memory in pairs for statement in answer.go_on(session, memory))


def _exchange(session: Session, statements: Iterable[_Statement]) -> None:
    sent: dict[object, _Statement] = {}
    with session.together(is_repeatable=True):
        for statement in statements:
            # One that is asked twice is sent once: the schema's digest takes the server longer than all else together.
            if sent.setdefault(statement.identity, statement) is statement:
                statement.send()
    for statement in statements:
        statement.memory.answered.append(sent[statement.identity].cursor)


def ask_together(connection: psycopg.Connection, *questions: Question[T]) -> tuple[T, ...]:
    """Ask questions of one kind in one exchange, and return their answers in order."""
    with Asking(connection) as asking:
        answers = [asking.ask(question) for question in questions]
    return tuple(answer.value for answer in answers)
