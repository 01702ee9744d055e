"""The file of named installations: what it takes, and that each error names file, line and key."""

import os
from pathlib import Path

import pytest

from console.backend.host import named_installations
from console.backend.host.named_installations import StartScreen, file_path, line_of, named, read_named
from console.backend.model.errors import UsageError

GOOD = """
[installation.prod]
root = "/var/lib/cutter"
config = "/etc/cutter/prod.json"
banner = "PRODUCTION"
refresh_seconds = 30
start_screen = "gates"

[installation."db-2.test"]
root = "/srv/test"
read_only = false
"""


def written(folder: Path, text: str) -> Path:
    """A file with this text, as its owner alone may change it."""
    path = folder / "installations.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
    return path


def refusal(path: Path) -> UsageError:
    """The error of reading it."""
    with pytest.raises(UsageError) as caught:
        read_named(path)
    return caught.value


def test_an_entry_is_for_reading_only_unless_it_says_otherwise(tmp_path: Path) -> None:
    entries = read_named(written(tmp_path, GOOD)).installation

    assert list(entries) == ["prod", "db-2.test"]
    prod, test = entries.values()
    assert (prod.read_only, prod.banner, prod.refresh_seconds, prod.start_screen) == (
        True,
        "PRODUCTION",
        30,
        StartScreen.GATES,
    )
    assert (prod.root, prod.config) == (Path("/var/lib/cutter"), Path("/etc/cutter/prod.json"))
    assert (test.read_only, test.config, test.start_screen) == (False, None, StartScreen.OVERVIEW)


def test_all_errors_are_named_at_once_with_file_line_and_key(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[installation.a]\nroot = "relative"\nread_only = "no"\n\n[installation.b]\nbanner = "B"\n'
        '# a note\n[ installation . "c" ]\nroot = "/c"\nrefresh_seconds = 1\nstart_screen = "moon"\nextra = 1\n',
    )

    told = refusal(path).message.splitlines()

    assert [line.split(": ")[0].removeprefix(f"{path}, ") for line in told] == [
        *("line 2", "line 3", "line 5"),
        *("line 10", "line 11", "line 12"),
    ]
    assert [line.split(": ")[1] for line in told] == [
        *("installation.a.root", "installation.a.read_only", "installation.b.root"),
        *("installation.c.refresh_seconds", "installation.c.start_screen", "installation.c.extra"),
    ]
    assert "must be an absolute path" in told[0]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[installation.a\n", "line 1"),
        ('[installation.a]\nroot = "/a"\nroot = "/b"\n', "line 3"),
        ('[installation."a b"]\nroot = "/a"\n', "'a b' is no name"),
        ('[installation."-P"]\nroot = "/a"\n', "'-P' is no name"),
        ("[other]\n", "other"),
        ("installation = 5\n", "installation"),
        ('[installation.a]\nroot = "/a\\u0000b"\n', "line 2: installation.a.root: holds a NUL"),
        (f'[installation.a]\nroot = "/a"\nbanner = "{"x" * 25}"\n', "line 3: installation.a.banner"),
        # Each is shown with eight characters.
        ('[installation.a]\nroot = "/a"\nbanner = "\\u202e\\u202e\\u202e\\u202e"\n', "line 3: installation.a.banner"),
        (f'[installation.a]\nroot = "/a"\nbanner = "{"法" * 13}"\n', "line 3: installation.a.banner"),
        (f'[installation.a]\nroot = "/a"\nrefresh_seconds = {"1" * 5000}\n', "a number that is too long"),
    ],
)
def test_a_bad_file_is_refused_by_the_place(tmp_path: Path, text: str, part: str) -> None:
    path = written(tmp_path, text)
    error = refusal(path)

    assert str(path) in error.message
    assert part in error.message
    assert error.next_action


@pytest.mark.parametrize("mode", [0o666, 0o646, 0o664])
def test_a_file_that_other_accounts_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    """It says which database a name leads to."""
    path = written(tmp_path, GOOD)
    path.chmod(mode)

    assert refusal(path).next_action == f"Look at it, then: chmod go-w {path}"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """An owner can write it whatever its mode is now."""
    path = written(tmp_path, GOOD)
    os.chown(path, 12345, -1)

    assert "belongs to uid 12345, neither to root nor to this account" in refusal(path).message
    assert refusal(path).next_action == f"Look at it, then: chown 0 {path}"


def test_a_link_that_leads_nowhere_is_no_file_without_entries(tmp_path: Path) -> None:
    path = tmp_path / "a b.toml"
    path.symlink_to("/nonexistent/installations.toml")

    assert "leads nowhere" in refusal(path).message
    assert refusal(path).next_action == f"See where to: ls -l '{path}'"


def test_a_place_with_a_blank_is_quoted_in_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a b.toml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0o666)

    assert refusal(path).next_action == f"Look at it, then: chmod go-w '{path}'"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_bytes(b"\xff")

    assert "not UTF-8" in refusal(path).message


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "installations.toml").mkdir()

    assert "not a regular file" in refusal(tmp_path / "installations.toml").message


def test_a_banner_is_made_inert(tmp_path: Path) -> None:
    path = written(tmp_path, '[installation.a]\nroot = "/a"\nbanner = "\\u001b[2JX"\n')

    assert read_named(path).installation["a"].banner == "␛[2JX"


def test_without_a_file_there_is_none_and_a_name_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"

    assert read_named(path).installation == {}
    with pytest.raises(UsageError, match=r"no installation is named prod in .*there is no such file"):
        named("prod", path)


def test_an_unknown_name_is_told_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no installation is named pord .*it has prod, db-2\.test"):
        named("pord", written(tmp_path, GOOD))


@pytest.mark.parametrize(
    ("base", "path"),
    [("/x", "/x/cutter-console/installations.toml"), ("x", "/h/.config/cutter-console/installations.toml")],
)
def test_the_place_is_that_of_xdg(base: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", base)
    monkeypatch.setenv("HOME", "/h")

    assert file_path() == Path(path)


def test_a_home_is_written_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/h")

    assert named("a", written(tmp_path, '[installation.a]\nroot = "~/cutter"\n')).root == Path("/h/cutter")


def test_a_key_of_another_table_is_not_taken_for_it() -> None:
    lines = ["[installation.a]", 'root = "x"', "[other]", "banner = 1", "[installation.b]", "banner = 2"]

    assert line_of(lines, ("installation", "a", "banner")) == 1
    assert line_of(lines, ("installation", "b", "banner")) == 6
    assert line_of(lines, ("installation", "c")) == 0


def test_the_start_screens_are_those_of_the_console() -> None:
    from console.app.application import ConsoleApp

    assert {*ConsoleApp.MODES, ConsoleApp.DEFAULT_MODE} == {screen.value for screen in named_installations.StartScreen}
