"""What is compiled before the workers start is what pytest and Python take afterwards."""

from importlib.util import cache_from_source
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from tests.support.compiled_once import compile_once, is_kept, kept_by_pytest


def test_a_test_and_a_module_are_compiled_as_whoever_imports_them_wants_them(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """On a version of pytest that keeps its files in another way this fails."""
    test, module, broken = (tmp_path / name for name in ("test_a.py", "b.py", "test_c.py"))
    test.write_text("def test_a():\n    assert 1 == 1\n")
    module.write_text("A = 1\n")
    broken.write_text("def")

    compile_once(request.config, tmp_path, tmp_path)

    code = rewrite._read_pyc(test, kept_by_pytest(test))
    assert code is not None
    assert "@pytest_ar" in code.co_names
    assert is_kept(module, Path(cache_from_source(module)))
    assert not kept_by_pytest(broken).exists()


def test_what_was_changed_is_compiled_again_and_nothing_else(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    changed, same = tmp_path / "test_a.py", tmp_path / "test_b.py"
    for source in (changed, same):
        source.write_text("A = 1\n")
    compile_once(request.config, tmp_path, tmp_path)
    before = kept_by_pytest(same).stat().st_ino
    changed.write_text("A = 22\n")
    assert not is_kept(changed, kept_by_pytest(changed))

    compile_once(request.config, tmp_path, tmp_path)

    assert is_kept(changed, kept_by_pytest(changed))
    assert kept_by_pytest(same).stat().st_ino == before


def test_no_file_is_compiled_where_none_is_to_be_written(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    (tmp_path / "test_a.py").write_text("A = 1\n")
    compile_once(request.config, tmp_path, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["test_a.py"]
