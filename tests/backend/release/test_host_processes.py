"""What of the console would act by itself is found where the host and this account keep such things."""

from pathlib import Path

import pytest

from console.backend.release import host_processes


def test_a_unit_of_the_account_that_asks_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/operator")
    place = tmp_path / "srv/operator/.config/systemd/user"
    place.mkdir(parents=True)
    (place / "nightly.service").write_text("[Service]\nExecStart=cutter-console gates\n")

    assert host_processes.service_units(tmp_path).found == ("/srv/operator/.config/systemd/user/nightly.service",)
