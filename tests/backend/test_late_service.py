"""What a console loads of its backend, and when: the rest comes with the first question that needs it, of the same release."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from console.backend import late_service
from console.backend.api import Backend
from console.backend.late_service import loaded_late
from console.backend.measuring import MeasuringService
from console.backend.model.errors import CutterError, Refused
from console.cli.arguments import Options
from console.cli.installation import measuring_of

_AT_REST = """
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event
from console.backend.model.errors import CutterError
from console.backend.late_service import loaded_late
from console.cli.arguments import Options
from console.cli.installation import measuring_of

backend = loaded_late(measuring_of(Options(root=Path(sys.argv[1]))))
backend.status()
backend.gates()
ended = Event()
ended.set()
for ask in (backend.runs, backend.drift, lambda: backend.follow(print, ended), lambda: backend.panic("to see")):
    with suppress(CutterError):
        ask()
backend.can_stop()
writes = {"console.backend.service", "console.backend.runs.engine", "console.backend.documents.planning"}
print(*sorted(writes & set(sys.modules)))
with suppress(CutterError):
    backend.intake()
print(*sorted(writes & set(sys.modules)))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root whose database nobody has started."""
    nowhere = f"host={tmp_path} port=1 user=nobody dbname=none"
    config = f'{{"database": {{"monitor": "{nowhere}", "executor": "{nowhere}"}}}}'
    (tmp_path / "orchestrator.config.json").write_text(config, encoding="utf-8")
    (tmp_path / "runs").mkdir()
    return tmp_path


def _late(root: Path) -> Backend:
    return loaded_late(measuring_of(Options(root=root)))


def test_what_only_looks_on_and_stops_loads_nothing_that_plans_or_writes(root: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _AT_REST, str(root)], capture_output=True, text=True, check=True)

    at_rest, asked = done.stdout.splitlines()[-2:]
    assert at_rest == ""
    assert asked.split() == [
        "console.backend.documents.planning",
        "console.backend.runs.engine",
        "console.backend.service",
    ]


def test_every_question_of_the_front_ends_is_answered(root: Path) -> None:
    late = _late(root)
    questions = [name for name in vars(Backend) if not name.startswith("_")]

    assert len(questions) > 40
    assert all(callable(getattr(late, name)) for name in questions)
    assert not hasattr(late, "no_such_question")
    assert not hasattr(late, "_no_such_part")


@pytest.fixture
def rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a release that takes the place of the rest of the backend."""
    file = tmp_path / "rest_of_a_backend.py"
    file.write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(late_service, "_REST", "rest_of_a_backend")
    return file


def _replace(file: Path) -> None:
    beside = file.with_name("beside")
    beside.write_text("", encoding="utf-8")
    beside.replace(file)


def _write_into(file: Path) -> None:
    os.utime(file, ns=(0, 0))


@pytest.mark.parametrize("install", [_replace, _write_into, Path.unlink])
def test_no_part_of_another_release_is_loaded_into_an_open_console(root: Path, rest: Path, install: object) -> None:
    assert callable(install)
    late, at_work = _late(root), _late(root)
    names = at_work.profiles()

    install(rest)

    with pytest.raises(Refused, match=r"another release .* was installed") as refused:
        late.profiles()
    assert refused.value.next_action == "Leave the console: q. Open it again: cutter-console"
    # A console that had loaded it goes on. One that had not looks on, and stops: neither needs the rest.
    assert at_work.profiles() == names
    assert late.status().target is None
    assert late.can_stop()
    with pytest.raises(CutterError):
        late.runs()


def test_what_measures_is_that_of_the_whole_backend() -> None:
    from console.backend.service import BackendService

    assert issubclass(BackendService, MeasuringService)
    overridden = [name for name in vars(MeasuringService) if name in vars(BackendService) and not name.startswith("__")]
    assert overridden == []
