"""A test run's totals are counted in a whole, plain JUnit file; everything else is refused with file and line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from console.backend.model.errors import StopCode, UsageError
from console.backend.release.junit import MOST_BYTES, read_junit
from tests.support.passage import JUNIT

_TESTS = """
import pytest
def test_good(): pass
def test_bad(): assert False
@pytest.mark.skip(reason="<no>")
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.fixture
def broken(): raise RuntimeError
def test_error(broken): pass
"""


def _file(folder: Path, text: str | bytes) -> Path:
    path = folder / "junit.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_junit(path)
    assert caught.value.code is StopCode.REFUSED_INPUT
    assert caught.value.next_action.endswith(": make manifest")
    return caught.value.message


def test_the_file_of_a_real_run_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(_TESTS)
    subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junitxml=junit.xml", "test_one.py"],
        cwd=tmp_path,
        # The file is pytest's own: its plugins are none of it, and take longer to import than it.
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )

    totals = read_junit(tmp_path / "junit.xml")

    assert (totals.tests, totals.passed, totals.failed, totals.errors, totals.skipped) == (5, 1, 1, 1, 2)
    assert not totals.green
    assert re.match(r"20\d\d-", totals.timestamp)


def test_a_green_run_is_green(tmp_path: Path) -> None:
    totals = read_junit(_file(tmp_path, JUNIT))

    assert (totals.tests, totals.passed, totals.skipped, totals.duration_s, totals.green) == (3, 2, 1, 2, True)


def test_totals_that_their_own_tests_contradict_are_refused(tmp_path: Path) -> None:
    hidden = JUNIT.replace('name="a" time="0.5"/>', 'name="a"><failure message="no"/></testcase>')

    assert "failures=0, their tests 1" in _refused(_file(tmp_path, hidden))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (JUNIT.replace("<testsuites>", '<!DOCTYPE t [<!ENTITY a "b">]><testsuites>'), "line 2: a document type"),
        (JUNIT.replace("<testsuites>", '<!DOCTYPE t SYSTEM "file:///etc/passwd"><testsuites>'), "line 2: a document"),
        (JUNIT.encode("utf-8")[:-30], "line 4: "),
        (JUNIT.replace('time="1.250"', 'time="nan"'), "line 2: "),
        (JUNIT.replace('time="1.250"', 'time="-1"'), "line 2: "),
        (JUNIT.replace('errors="0"', 'errors="many"'), "line 2: "),
        ("<html/>", "line 1: <html> is no JUnit file"),
        ("<testsuites><testsuite/></testsuites>", "it holds no test"),
        ("", "line 1: no element found"),
        (b"\xff\xfe<\x00!\x00D\x00O\x00C\x00T\x00Y\x00P\x00E\x00 \x00t\x00>\x00<\x00t\x00/\x00>\x00", "document type"),
    ],
)
def test_a_file_that_is_broken_or_expands_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    path = _file(tmp_path, text)

    assert said in _refused(path)
    assert str(path) in _refused(path)


def test_a_huge_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    with path.open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)

    assert "longer than" in _refused(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "nowhere.xml: No such file" in _refused(tmp_path / "nowhere.xml")
