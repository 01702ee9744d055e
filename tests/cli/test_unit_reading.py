"""unit list: what it prints beside the units."""

import shlex

import pytest

from console.backend.model.unit_list import ListedUnit, UnitPage
from console.cli import unit_reading
from console.cli.arguments import Options
from console.cli.unit_requests import ListUnits

_ADDRESS = "Điều 1/Khoản $(1) 'a'"
"""An address of an organisation, which may hold anything."""


@pytest.mark.parametrize("looked_to", ["", _ADDRESS])
def test_the_command_that_goes_on_names_the_address_in_one_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], looked_to: str
) -> None:
    unit = ListedUnit(
        address=_ADDRESS,
        lifecycle="enacted",
        unit_kind=None,
        section_type=None,
        number=None,
        title=None,
        parent=None,
        deleted=None,
    )
    page = UnitPage(units=() if looked_to else (unit,), more=True, looked_to=looked_to)
    monkeypatch.setattr(unit_reading, "installation_of", lambda _: None)
    monkeypatch.setattr(unit_reading, "page_of_units", lambda *_: page)

    unit_reading.list_all(Options(), ListUnits())

    (command,) = [line.removeprefix("next: ") for line in capsys.readouterr().err.splitlines() if "next: " in line]
    assert shlex.split(command)[-2:] == ["--after", _ADDRESS]
