"""config show, validate, schema, path, and info: each source named, every error at once, no secret."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from console.backend.host.named_installations import NamedInstallations
from console.backend.host.settings import ENVIRONMENT, Settings
from console.backend.model.errors import ExitStatus
from console.cli.keymaps import KeymapFile
from console.cli.main import main

Asked = Callable[..., tuple[int, dict[str, object], str]]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's, and no file of his."""
    for name in (*ENVIRONMENT, "CUTTER_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Asked:
    """A command with --json below this root; its status, its object and what it says beside."""

    def ask(*words: str) -> tuple[int, dict[str, object], str]:
        capsys.readouterr()
        status = main(["--json", *words])
        said = capsys.readouterr()
        return status, json.loads(said.out), said.err

    return ask


def root_with(folder: Path, text: str) -> str:
    """A root with this configuration."""
    (folder / "orchestrator.config.json").write_text(text, encoding="utf-8")
    return str(folder)


def name_one(folder: Path, text: str) -> Path:
    """The file of named installations."""
    place = folder / "config" / "cutter-console"
    place.mkdir(parents=True)
    (place / "installations.toml").write_text(text, encoding="utf-8")
    (place / "installations.toml").chmod(0o600)
    return place / "installations.toml"


def by_key(answer: dict[str, object]) -> dict[str, tuple[object, object, object]]:
    """Value, source and place of each setting."""
    settings = answer["settings"]
    assert isinstance(settings, list)
    return {one["key"]: (json.loads(one["value"]), one["source"], one["place"]) for one in settings}


def test_each_setting_has_its_value_and_its_source(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_with(
        tmp_path,
        '{\n  "lease_minutes": 20,\n  "database": {\n    "monitor": "service=a",\n    "executor": "service=b"\n  }\n}',
    )
    monkeypatch.setenv("CUTTER_MONITOR", "service=env")

    status, answer, _ = asked("--root", root, "config", "show")

    file = f"{root}/orchestrator.config.json"
    known = by_key(answer)
    assert status == ExitStatus.DONE
    assert known["lease_minutes"] == (20, "file", f"{file}, line 2")
    assert known["database.monitor"] == ("service=env", "environment", "CUTTER_MONITOR")
    assert known["database.executor"] == ("service=b", "file", f"{file}, line 5")
    assert known["intake"] == ("intake", "default", "")
    assert known["root"] == (root, "option", "--root")
    nested = {"database", "limits", "pins"}
    assert {key.partition(".")[0] for key in known} == {*Settings.model_fields, "root", "config", "theme", "mouse"}
    assert nested <= Settings.model_fields.keys()


def test_a_named_installation_has_its_own_and_no_variable(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_with(tmp_path, '{"database": {"monitor": "service=a"}}')
    file = name_one(tmp_path, f'[installation.prod]\nroot = "{root}"\nbanner = "PRODUCTION"\n')
    monkeypatch.setenv("CUTTER_MONITOR", "service=env")

    known = by_key(asked("-P", "prod", "config", "show")[1])

    assert known["database.monitor"] == ("service=a", "file", f"{root}/orchestrator.config.json, line 1")
    assert known["banner"] == ("PRODUCTION", "file", f"{file}, [installation.prod]")
    assert known["read_only"] == (True, "default", "")


def test_theme_and_mouse_are_those_of_the_installation_else_of_console_toml_else_the_program_s(
    asked: Asked, tmp_path: Path
) -> None:
    root = root_with(tmp_path, "{}")
    file = name_one(tmp_path, f'[installation.a]\nroot = "{root}"\ntheme = "light"\n')

    def shown(*words: str) -> tuple[object, object]:
        known = by_key(asked(*words, "config", "show")[1])
        return known["theme"], known["mouse"]

    assert shown("--root", root) == (("dark", "default", ""), (True, "default", ""))
    assert shown("-P", "a") == (("light", "file", f"{file}, [installation.a]"), (True, "default", ""))
    own = file.with_name("console.toml")
    own.write_text('[display]\ntheme = "high-contrast"\nmouse = false\n', encoding="utf-8")
    own.chmod(0o600)
    of_own = f"{own}, [display]"
    assert shown("--root", root) == (("high-contrast", "file", of_own), (False, "file", of_own))
    assert shown("-P", "a") == (("light", "file", f"{file}, [installation.a]"), (False, "file", of_own))


@pytest.mark.parametrize(("variable", "holds"), [("1", True), ("", False), (None, False)])
def test_of_no_color_it_is_said_that_it_wins_over_the_theme(
    asked: Asked,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    variable: str | None,
    holds: bool,
) -> None:
    root = root_with(tmp_path, "{}")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)

    known = by_key(asked("--root", root, "config", "show")[1])
    assert known.get("colour") == ((False, "environment", "NO_COLOR") if holds else None)
    assert known["theme"] == ("dark", "default", "")

    main(["--root", root, "config", "show"])
    words = "(environment: NO_COLOR): no colour is sent, whatever the theme"
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines() if words in line] == ["colour"] * holds


def test_a_wrong_theme_or_mouse_names_file_key_and_what_it_can_be(asked: Asked, tmp_path: Path) -> None:
    root = root_with(tmp_path, "{}")
    file = name_one(tmp_path, f'[installation.a]\nroot = "{root}"\ntheme = "drak"\nmouse = "no"\n')
    own = file.with_name("console.toml")
    own.write_text('[display]\ntheme = "solarized"\n', encoding="utf-8")
    own.chmod(0o600)

    status, answer, _ = asked("--root", root, "config", "validate")

    assert status == ExitStatus.USAGE
    stop = answer["stop"]
    assert isinstance(stop, dict)
    assert stop["message"].split("\n") == [
        f'{file}, line 3: installation.a.theme: must be "dark", "light" or "high-contrast"',
        f"{file}, line 4: installation.a.mouse: must be true or false",
        f'{own}, line 2: display.theme: must be "dark", "light" or "high-contrast"',
    ]
    info = asked("--root", root, "info")[1]
    assert "installation.a.theme" in str(info["settings"])


def test_all_errors_of_all_files_are_told_at_once(asked: Asked, tmp_path: Path) -> None:
    root = root_with(
        tmp_path, '{\n  "lease_minutes": 0,\n  "databse": {},\n  "limits": {\n    "max_units": "x"\n  }\n}'
    )
    file = name_one(tmp_path, "[installation.a]\nbanner = 5\n")

    status, answer, told = asked("--root", root, "config", "validate")

    stop = answer["stop"]
    assert status == ExitStatus.USAGE
    assert isinstance(stop, dict)
    config = f"{root}/orchestrator.config.json"
    for place in (
        f"{config}, line 2: lease_minutes: ",
        f"{config}, line 3: databse: ",
        f"{config}, line 5: limits.max_units: ",
        f"{file}, line 1: installation.a.root: ",
        f"{file}, line 2: installation.a.banner: ",
    ):
        assert place in stop["message"]
    assert told.count("line ") >= 5


def test_a_variable_at_fault_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: Asked) -> None:
    monkeypatch.setenv("CUTTER_MONITOR", "host=a password=s3cret")

    status, answer, _ = asked("--root", str(tmp_path), "config", "show")

    assert status == ExitStatus.USAGE
    assert "the variable CUTTER_MONITOR: database.monitor: " in json.dumps(answer)
    assert "s3cret" not in json.dumps(answer)


@pytest.mark.parametrize(
    "monitor",
    [
        "postgresql:///db?%70assword=s3cret-word",
        "postgresql:///db?PassWord=s3cret-word",
        "postgresql://cutter:s3cret-word@host/db",
        "host=x oauth_client_secret='s3cret-word'",
        "host=x sslpassword=s3cret-word",
    ],
)
@pytest.mark.parametrize("command", [("config", "show"), ("config", "path"), ("info",), ("status",)], ids=" ".join)
def test_a_connection_that_holds_a_secret_is_refused_in_every_form_that_libpq_reads(
    monitor: str, command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = root_with(tmp_path, json.dumps({"database": {"monitor": monitor}}))

    main(["--json", "--root", root, *command])
    told = capsys.readouterr()
    assert "s3cret" not in told.out + told.err
    assert main(["--json", "--root", root, "config", "validate"]) == ExitStatus.USAGE


def test_a_secret_in_quotes_is_hidden_whole(asked: Asked, tmp_path: Path) -> None:
    """In JSON a quote has a backslash before it, which must not end what is hidden."""
    root = root_with(tmp_path, json.dumps({"policy": 'token="s3cret words"', "tree_may_hold": ["pwd='a\\'s3cret b'"]}))

    status, answer, _ = asked("--root", root, "config", "show")

    assert status == ExitStatus.DONE
    assert "s3cret" not in json.dumps(answer)


def test_a_number_that_python_does_not_read_is_refused(asked: Asked, tmp_path: Path) -> None:
    root = root_with(tmp_path, f'{{"lease_minutes": {"1" * 5000}}}')

    status, answer, _ = asked("--root", root, "config", "validate")

    assert status == ExitStatus.USAGE
    assert "a number that is too long" in json.dumps(answer)


def test_a_link_that_leads_nowhere_is_not_sound(asked: Asked, tmp_path: Path) -> None:
    for name in ("none.json", "none.toml"):
        (tmp_path / name).symlink_to("/nonexistent/file")
        assert asked("config", "validate", str(tmp_path / name))[0] == ExitStatus.USAGE


def test_sound_files_and_files_that_are_not_there_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = root_with(tmp_path, "{}")

    assert main(["--root", root, "config", "validate"]) == ExitStatus.DONE
    assert capsys.readouterr().out.splitlines() == [
        f"{root}/orchestrator.config.json: sound",
        f"{tmp_path}/config/cutter-console/installations.toml: not there: the defaults are in force",
        f"{tmp_path}/config/cutter-console/console.toml: not there: the defaults are in force",
    ]


def test_a_file_that_was_named_must_be_there(asked: Asked, tmp_path: Path) -> None:
    for name in ("none.json", "none.toml"):
        status, answer, _ = asked("config", "validate", str(tmp_path / name))
        assert status == ExitStatus.USAGE
        assert "there is no file" in json.dumps(answer)


@pytest.mark.parametrize(
    ("kind", "model"), [("settings", Settings), ("installations", NamedInstallations), ("console", KeymapFile)]
)
def test_the_schema_is_that_of_the_model_and_its_text_is_the_schema(
    kind: str, model: type[Settings], asked: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("config", "schema", kind)[1]["json_schema"] == model.model_json_schema()
    assert main(["config", "schema", kind]) == ExitStatus.DONE
    assert json.loads(capsys.readouterr().out) == model.model_json_schema()


def test_each_file_is_named_and_whether_it_is_there(asked: Asked, tmp_path: Path) -> None:
    root = root_with(tmp_path, "{}")
    answer = asked("--root", root, "config", "path")[1]

    files = answer["files"]
    assert isinstance(files, list)
    known = {file["name"]: (file["path"], file["is_there"]) for file in files}
    assert known["root"] == (root, True)
    assert known["settings"] == (f"{root}/orchestrator.config.json", True)
    assert known["installations"] == (f"{tmp_path}/config/cutter-console/installations.toml", False)
    assert known["libpq passwords"] == (f"{tmp_path}/home/.pgpass", False)


def test_the_keymap_is_checked_and_shown_with_the_settings(asked: Asked, tmp_path: Path) -> None:
    root, place = root_with(tmp_path, "{}"), name_one(tmp_path, "").with_name("console.toml")
    place.write_text('[keymap]\n"run.go_on" = "G,f3"\n', encoding="utf-8")
    place.chmod(0o600)

    shown = by_key(asked("--root", root, "config", "show")[1])
    assert shown["keymap.run.go_on"] == ("G,f3", "file", str(place))
    status, answer, _ = asked("config", "keys")
    assert status == ExitStatus.DONE
    actions = answer["actions"]
    assert isinstance(actions, list)
    keys = {action["action"]: (action["keys"], action["own_keys"], action["can_be_changed"]) for action in actions}
    assert keys["run.go_on"] == (["G", "F3"], ["g"], True)
    assert keys["run.settle"] == (["e"], ["e"], True)
    assert keys["everywhere.panic"] == (["^X", "F12"], ["^X", "F12"], False)

    place.write_text('[keymap]\n\n"run.go_on" = "^X"\n', encoding="utf-8")
    fault = f"{place}, line 3: keymap.run.go_on: ^X cannot be given: it is the stop key"
    for words in (("--root", root, "config", "validate"), ("config", "validate", str(place))):
        status, answer, _ = asked(*words)
        assert status == ExitStatus.USAGE
        assert fault in json.dumps(answer)
    # The command that the refusal names works with the very file that it is about.
    status, answer, _ = asked("config", "keys")
    assert status == ExitStatus.DONE
    assert answer["fault"] == fault


def test_a_variable_that_is_wrong_is_an_error_of_the_settings_in_force(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every other command refuses it; a file that was named has no variable over it."""
    root = root_with(tmp_path, "{}")
    monkeypatch.setenv("CUTTER_MONITOR", "host=a password=s3cret")

    status, answer, _ = asked("--root", root, "config", "validate")

    assert status == ExitStatus.USAGE
    assert "the variable CUTTER_MONITOR" in json.dumps(answer)
    assert asked("config", "validate", f"{root}/orchestrator.config.json")[0] == ExitStatus.DONE


def test_info_names_what_is_installed_and_no_secret(
    asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = root_with(tmp_path, '{"lease_minutes": 0}')
    monkeypatch.setenv("PGPASSWORD", "s3cret-of-libpq")
    monkeypatch.setenv("TERM", "xterm-s3cret-of-libpq")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")

    status, answer, _ = asked("--root", root, "info")

    assert status == ExitStatus.DONE
    assert "s3cret" not in json.dumps(answer)
    libraries, terminal = answer["libraries"], answer["terminal"]
    assert isinstance(libraries, dict)
    assert isinstance(terminal, dict)
    assert libraries["textual"] == "8.2.8"
    assert terminal["TMUX"] == "set"
    assert "lease_minutes" in str(answer["settings"])
    assert answer["postgres"]
    assert str(answer["gpg"])[0].isdigit()
