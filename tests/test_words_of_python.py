"""No message to an operator has the words of Python for a file: `[Errno 22]`, `'utf-8' codec can't decode`."""

import ast
from pathlib import Path

import pytest

from console.backend.model.unreadable import why_unreadable
from tests.support.sources import modules_with

_OF_FILES = frozenset({"OSError", "FileNotFoundError", "PermissionError", "UnicodeDecodeError", "UnicodeError"})


def _caught(handler: ast.ExceptHandler) -> set[str]:
    return {node.id for node in ast.walk(handler.type) if isinstance(node, ast.Name)} if handler.type else set()


def _printed(tree: ast.Module) -> list[int]:
    """Return the lines of the handlers of such errors that put the error itself into a text."""
    return [
        handler.lineno
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler) and handler.name and _caught(handler) & _OF_FILES
        for value in ast.walk(handler)
        if handler.name in _put_into_text(value)
    ]


def _put_into_text(node: ast.AST) -> set[str]:
    """Return the names that an f-string or `str()` makes a text of."""
    parts = [node.value] if isinstance(node, ast.FormattedValue) else []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        parts = node.args
    return {part.id for part in parts if isinstance(part, ast.Name)}


def test_no_handler_prints_the_error_itself() -> None:
    printed = {f"{name}:{line}" for name, tree in modules_with(*_OF_FILES) for line in _printed(tree)}

    assert printed == set()


def test_one_that_does_is_seen() -> None:
    caught = "try:\n  f()\nexcept {} as e:\n  raise X({}) from e\n"

    assert _printed(ast.parse(caught.format("(ValueError, OSError)", "f'{e}'"))) == [3]
    assert _printed(ast.parse(caught.format("UnicodeDecodeError", "str(e)"))) == [3]
    assert _printed(ast.parse(caught.format("OSError", "f'{e.strerror}'"))) == []


def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        b"one\ntwo \xff".decode()
    assert why_unreadable(caught.value) == "is not UTF-8 in line 2"
    with pytest.raises(OSError, match="none") as missing:
        (tmp_path / "none").read_bytes()
    assert why_unreadable(missing.value) == "No such file or directory"
