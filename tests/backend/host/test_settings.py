"""Settings: environment over file over default; secrets are named and never held."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from console.backend.host.context import default_root
from console.backend.host.settings import DatabaseSettings, Settings, load_settings
from console.backend.model.errors import ExitStatus, UsageError
from tests.conftest import as_ordinary_user


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "CUTTER_EXECUTOR",
        "CUTTER_VERIFIER",
        "CUTTER_MONITOR",
        "CUTTER_ADMINISTRATOR",
        "CUTTER_STOPPER",
        "BACKUP_GPG_FPR",
        "GNUPGHOME",
    ):
        monkeypatch.delenv(name, raising=False)


def _file(root: Path, content: str) -> Path:
    path = root / "orchestrator.config.json"
    path.write_text(content, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings == Settings()
    assert settings.limits.max_units == 100_000
    assert settings.limits.max_bytes == 64 * 1024 * 1024
    assert settings.lease_minutes == 15


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(
        tmp_path,
        json.dumps({"backup_gpg_fpr": "FILE", "database": {"executor": "service=file", "monitor": "service=m"}}),
    )
    monkeypatch.setenv("BACKUP_GPG_FPR", "ENV")
    monkeypatch.setenv("CUTTER_EXECUTOR", "service=env")
    settings = load_settings(tmp_path)
    assert (settings.backup_gpg_fpr, settings.database.executor, settings.database.monitor) == (
        "ENV",
        "service=env",
        "service=m",
    )


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json") as caught:
        load_settings(tmp_path, tmp_path / "none.json")
    assert caught.value.exit_status is ExitStatus.USAGE


def test_a_file_that_its_reader_may_not_even_look_for_is_refused_with_the_way_to_ask(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir(mode=0o700)
    (root / "orchestrator.config.json").write_text("{}")
    (root / "orchestrator.config.json").chmod(0o600)
    root.chmod(0o000)
    try:
        with as_ordinary_user(), pytest.raises(UsageError, match="Permission denied") as refused:
            load_settings(root)
    finally:
        root.chmod(0o700)
    assert "sudo" in refused.value.next_action


def test_bad_json_is_named_with_its_line(tmp_path: Path) -> None:
    _file(tmp_path, '{\n  "intake": "x",\n  oops\n}')
    with pytest.raises(UsageError, match="line 3"):
        load_settings(tmp_path)


@pytest.mark.parametrize("content", ["[]", '"x"', "1", "null"])
def test_anything_but_an_object_is_refused(tmp_path: Path, content: str) -> None:
    _file(tmp_path, content)
    with pytest.raises(UsageError, match="not a JSON object"):
        load_settings(tmp_path)


BAD = {
    "an unknown key": ({"intakes": "x"}, "intakes"),
    "a lease of hours": ({"lease_minutes": 61}, "lease_minutes"),
    "no lease": ({"lease_minutes": 0}, "lease_minutes"),
    "a stale backup": ({"backup_max_age_minutes": 61}, "backup_max_age_minutes"),
    "no units": ({"limits": {"max_units": 0}}, "limits.max_units"),
    "another type": ({"limits": {"max_units": "many"}}, "limits.max_units"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_value_is_named_by_its_key(tmp_path: Path, how: str) -> None:
    content, key = BAD[how]
    _file(tmp_path, json.dumps(content))
    with pytest.raises(UsageError, match=key):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "conninfo",
    ["host=db password=s3cret", "postgresql://u:s3cret@db/x", "PASSWORD=s3cret", "host=db sslpassword=s3cret"],
)
@pytest.mark.parametrize("role", DatabaseSettings.model_fields)
def test_a_password_in_the_settings_is_refused_and_not_repeated(tmp_path: Path, role: str, conninfo: str) -> None:
    """Secrets in state. They are named, never held, and never in an error either."""
    _file(tmp_path, json.dumps({"database": {role: conninfo}}))
    with pytest.raises(UsageError) as caught:
        load_settings(tmp_path)
    assert "s3cret" not in f"{caught.value} {caught.value.next_action}"


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Settings().lease_minutes = 30  # type: ignore[misc]


def test_the_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUTTER_ROOT", raising=False)
    assert default_root() == Path("/var/lib/cutter")
    monkeypatch.setenv("CUTTER_ROOT", "/srv/cutter")
    assert default_root() == Path("/srv/cutter")


def test_relative_paths_lie_below_the_root() -> None:
    settings = Settings()
    assert settings.under(Path("/r"), "intake") == Path("/r/intake")
    assert settings.under(Path("/r"), "/abs") == Path("/abs")
