"""What a console loads of its backend, and when: the rest comes with the first question that needs it, of the same release."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from console.app.launch import without_stop
from console.backend import late_service
from console.backend.api import Backend
from console.backend.late_service import loaded_late
from console.backend.measuring import MeasuringService
from console.backend.model.errors import CutterError, Refused, StopCode
from console.backend.model.gate_table import GATES
from console.backend.model.readiness import Board
from console.cli.arguments import Options
from console.cli.installation import measuring_of
from tests.support.passage import Passage

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
print(backend.status().target is not None)
print(len(backend.gates().gates))
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
_LOADED = """
import sys
from pathlib import Path
from console.backend.late_service import loaded_late
from console.cli.arguments import Options
from console.cli.installation import measuring_of

loaded_late(measuring_of(Options(root=Path(sys.argv[1])))).profiles
print(*sys.modules)
"""
_BACKEND = Path(late_service.__file__).parent
_FOR_TYPES = re.compile(r"^if TYPE_CHECKING:\n(?:    .*\n)+", re.MULTILINE)
_IN_FUNCTION = re.compile(r"^ +(?:from|import) (console\.[\w.]+)", re.MULTILINE)


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


def test_what_only_looks_on_loads_as_little_against_a_database_that_answers(at: Callable[[str], Passage]) -> None:
    at_rest = [sys.executable, "-c", _AT_REST, str(at("armed").installation.root)]
    done = subprocess.run(at_rest, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[:2] == ["True", str(len(GATES))]
    assert done.stdout.splitlines()[-2] == ""


@pytest.mark.parametrize("failure", [None, Refused(StopCode.REFUSED_INPUT, "no such gate", "Name another one")])
def test_what_measuring_the_gates_has_let_go_of_is_given_back_also_after_a_failure(
    at: Callable[[str], Passage], failure: CutterError | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, measure = _late(at("fresh").installation.root), MeasuringService.gates
    done: list[str] = []

    def measured(first: MeasuringService, names: tuple[str, ...] = ()) -> Board:
        if failure is not None:
            raise failure
        board = measure(first, names)
        done.append("measured")
        return board

    monkeypatch.setattr(MeasuringService, "gates", measured)
    monkeypatch.setattr(late_service, "give_back", lambda: done.append("given back"))
    with suppress(CutterError) if failure is not None else nullcontext():
        late.gates(("G2",))

    assert done == [*(["measured"] if failure is None else []), "given back"]


@pytest.fixture(params=["__init__.py", "backend/service.py"])
def installed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that tells a release, of a package that was there when the module was loaded."""
    package = tmp_path / "console"
    for name in ("__init__.py", "backend/service.py"):
        (package / name).parent.mkdir(exist_ok=True, parents=True)
        (package / name).write_text("", encoding="utf-8")
    monkeypatch.setattr(late_service, "_PACKAGE", package)
    monkeypatch.setattr(late_service, "_AT_START", late_service._stamp())
    return package / str(request.param)


def _replace(file: Path) -> None:
    beside = file.with_name("beside")
    beside.write_text("", encoding="utf-8")
    beside.replace(file)


def _write_into(file: Path) -> None:
    os.utime(file, ns=(0, 0))


@pytest.mark.parametrize("install", [_replace, _write_into, Path.unlink])
def test_the_rest_is_not_loaded_once_the_version_or_the_rest_was_installed_again(
    root: Path, installed: Path, install: Callable[[Path], None]
) -> None:
    late, at_work = _late(root), _late(root)
    names = at_work.profiles()

    install(installed)

    # What counts is when the modules were loaded, which the measuring is of, not when a backend was made of them.
    for backend in (late, _late(root)):
        with pytest.raises(Refused, match="was installed since the console was opened") as refused:
            backend.profiles()
        assert refused.value.next_action == "Leave the console, then open it again: cutter-console"
    # A console that had loaded it goes on. One that had not looks on, and stops: neither needs the rest.
    assert at_work.profiles() == names
    assert late.status().target is None
    assert late.can_stop()
    with pytest.raises(CutterError):
        late.runs()


@pytest.mark.parametrize("failure", [None, ImportError("a file is missing"), SyntaxError("a file is half there")])
def test_what_was_installed_while_the_rest_was_loaded_is_not_used(
    root: Path, installed: Path, failure: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, load = _late(root), late_service._load

    def load_meanwhile() -> object:
        _replace(installed)
        if failure is not None:
            raise failure
        return load()

    monkeypatch.setattr(late_service, "_load", load_meanwhile)
    for _ in range(2):
        with pytest.raises(Refused, match="was installed since the console was opened"):
            late.profiles()


def test_no_method_of_the_backend_loads_a_part_of_it_later(root: Path) -> None:
    """One check of the release is enough then: nothing of the backend is loaded behind it."""
    done = subprocess.run([sys.executable, "-c", _LOADED, str(root)], capture_output=True, text=True, check=True)

    texts = [_FOR_TYPES.sub("", file.read_text(encoding="utf-8")) for file in _BACKEND.rglob("*.py")]
    later = {name for text in texts for name in _IN_FUNCTION.findall(text)}
    assert "console.backend.reports.bundle.bundle" in later
    assert sorted(later - set(done.stdout.split())) == []


def test_threads_that_ask_at_once_have_one_backend(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late, make, both = _late(root), MeasuringService.made_as, Barrier(2)
    made: list[object] = []

    def make_slowly(first: MeasuringService, kind: type[MeasuringService]) -> MeasuringService:
        with suppress(BrokenBarrierError):
            both.wait(0.2)
        made.append(make(first, kind))
        return made[-1]  # type: ignore[return-value]

    monkeypatch.setattr(MeasuringService, "made_as", make_slowly)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: late.profiles(), range(2))

    assert first == second
    assert len(made) == 1


def test_a_backend_for_reading_refuses_what_is_loaded_late_too(root: Path) -> None:
    late = loaded_late(measuring_of(Options(root=root), read_only=True))

    with pytest.raises(Refused, match="--read-only"):
        late.void("20260301T140200Z-00000000", "no longer wanted")


def test_a_backend_is_made_of_all_that_another_one_was_made_of(root: Path, tmp_path: Path) -> None:
    made_of = MeasuringService(measuring_of(Options(root=root)).installation, read_only=True, demo_signer=Path.resolve)
    parts = set(vars(made_of))
    elsewhere = replace(made_of.installation, operator="somebody else")

    again, writing = made_of.made_as(MeasuringService), made_of.made_as(MeasuringService, read_only=False)
    assert {name: vars(again)[name] for name in parts} == vars(made_of)
    assert vars(writing) == vars(made_of) | {"read_only": False}
    assert vars(made_of.made_as(MeasuringService, installation=elsewhere)) == vars(made_of) | {
        "installation": elsewhere
    }
    assert vars(without_stop(made_of))["_demo_signer"] is Path.resolve
    assert loaded_late(made_of).sign_as_demo_sovereign(tmp_path) == tmp_path.resolve()


def test_what_measures_is_that_of_the_whole_backend() -> None:
    from console.backend.service import BackendService

    assert issubclass(BackendService, MeasuringService)
    overridden = [name for name in vars(MeasuringService) if name in vars(BackendService) and not name.startswith("__")]
    assert overridden == []
