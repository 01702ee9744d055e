"""The parameters of a callable are as many as its signature has."""

from collections.abc import Callable
from functools import partial, wraps
from inspect import signature
from typing import Any

import pytest
from textual import _callback

from tests.support.parameters import parameters_of


class Has:
    """Methods of every sort."""

    def method(self, one: int, *, two: int = 2) -> None: ...

    def of_any(*args: Any) -> None: ...

    @classmethod
    def of_the_class(cls, one: int) -> None: ...

    @staticmethod
    def of_nobody(one: int, /, two: int) -> None: ...

    def __call__(self, one: int) -> None: ...


@wraps(Has.method)
def wrapped(*_args: Any) -> None: ...


CALLABLES: dict[str, Callable[..., Any]] = {
    "a method": Has().method,
    "a function of a class": Has.method,
    "a method of any parameters": Has().of_any,
    "a method of the class": Has.of_the_class,
    "a static method": Has.of_nobody,
    "an object": Has(),
    "a lambda": lambda a, b=1, *c, d, **e: None,
    "none": lambda: None,
    "one that stands for another": wrapped,
    "a builtin": len,
    "a class": Has,
    "one with a part of its parameters": partial(Has().method, 1),
}


@pytest.mark.parametrize("callable_", CALLABLES.values(), ids=CALLABLES)
def test_as_many_as_in_the_signature(callable_: Callable[..., Any]) -> None:
    assert parameters_of(callable_) == len(signature(callable_).parameters)


def test_textual_asks_it() -> None:
    """On a Textual that counts in another way this fails."""
    assert _callback._count_parameters is parameters_of
    assert _callback.count_parameters(partial(lambda a, b, c: None, 1)) == 2
