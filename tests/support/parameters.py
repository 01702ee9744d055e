"""Parameters of callbacks counted by their code: Textual makes a whole signature for each callback that it has not seen.

Most of those are new each time, as a `partial` or a function within another one is.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import pytest
from textual import _callback

_count = _callback._count_parameters
_SPOKEN_FOR = frozenset({"__wrapped__", "__signature__"})
"""Attributes of a function whose signature is not that of its code."""


def parameters_of(function: Callable[..., Any]) -> int:
    """The number of parameters in the signature of a callable."""
    plain = getattr(function, "__func__", function)
    if type(plain) is not FunctionType or not _SPOKEN_FOR.isdisjoint(plain.__dict__):
        return _count(function)
    code = plain.__code__
    number = code.co_argcount + code.co_kwonlyargcount
    number += sum(bool(code.co_flags & flag) for flag in (inspect.CO_VARARGS, inspect.CO_VARKEYWORDS))
    return number - (plain is not function and code.co_argcount > 0)


@contextmanager
def parameters_by_code() -> Iterator[None]:
    """Have Textual count so in this process, for as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_callback, "_count_parameters", parameters_of)
        yield
