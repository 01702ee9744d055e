"""Hooks are started as the one who configured them wants, and disturb nobody, whatever they do."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from console.backend.host import hooks
from console.backend.host.hooks import HookCaller, require_trusted
from console.backend.host.settings import HookProgram
from console.backend.host.trusted_file import distrust
from console.backend.model.errors import UsageError
from console.backend.model.hook_kinds import HookKind
from console.backend.model.hooks import HookEvent, Place, trial_event
from tests.support.waiting import until

AT = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
EVENT = trial_event(Place("/r"), AT)


def program(folder: Path, body: str, name: str = "hook") -> str:
    """A hook, trusted by its mode."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def config(folder: Path) -> Path:
    """A configuration, trusted by its mode."""
    path = folder / "orchestrator.config.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o640)
    return path


@pytest.fixture
def setsid(tmp_path: Path) -> Path:
    """A program that runs another one in a session of its own; not every host has the one of this name."""
    path = tmp_path / "setsid"
    lines = (f"#!{sys.executable} -S", "import os, sys", "os.setsid()", "os.execvp(sys.argv[1], sys.argv[1:])")
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o700)
    return path


def told(folder: Path, body: str, *events: HookEvent, timeout: int = 10) -> HookCaller:
    """A hook that was called for these events, and has ended."""
    hook = HookProgram(program=program(folder, body), timeout_seconds=timeout)
    caller = HookCaller((hook,), config(folder))
    for event in events or (EVENT,):
        caller.tell(event)
    caller.wait()
    return caller


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


def test_a_hook_reads_one_event_on_one_line_in_a_closed_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGPASSWORD", "CUTTER_API_KEY", "HARMLESS_NAME"):
        monkeypatch.setenv(name, "canary-7f3a")
    caller = told(
        tmp_path, f"cat > {tmp_path}/read; env -0 > {tmp_path}/env; echo $# > {tmp_path}/count; pwd > {tmp_path}/cwd"
    )
    assert [state.last for state in caller.states()] == ["it was told"]
    assert caller.trouble() == ""
    text = (tmp_path / "read").read_text(encoding="utf-8")
    assert text.count("\n") == 1
    assert HookEvent.model_validate_json(text) == EVENT
    assert json.loads(text)["schema"] == "cutter-console/hook-event/1"
    assert b"canary" not in (tmp_path / "env").read_bytes()
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text(encoding="utf-8").split("\0")}
    assert not {name for name in names if name.startswith(("PG", "CUTTER_", "HARMLESS"))}
    assert (tmp_path / "count").read_text(encoding="utf-8") == "0\n"
    assert (tmp_path / "cwd").read_text(encoding="utf-8") == "/\n"


def test_a_secret_that_is_known_is_in_no_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "canary-7f3a")
    told(tmp_path, f"cat > {tmp_path}/read", EVENT.model_copy(update={"sentence": "a HOLD: canary-7f3a"}))
    assert "canary" not in (tmp_path / "read").read_text(encoding="utf-8")


def test_a_hook_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    body = f"sleep 1000 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/own; sleep 12"
    caller = told(tmp_path, body, timeout=1)
    assert "it did not end within 1 s, and was ended" in caller.trouble()
    pids = [int((tmp_path / name).read_text(encoding="utf-8")) for name in ("child", "own")]
    until(lambda: not any(map(alive, pids)), "the hook is where it must be")


@pytest.mark.parametrize(
    "body",
    [
        "{tmp}/setsid sleep 1000 & echo $! > {tmp}/left",
        # Its parent has ended, and a name with a parenthesis is taken for nothing else.
        "cp /bin/sleep '{tmp}/a) 1 1'; ({tmp}/setsid '{tmp}/a) 1 1' 1000 & echo $! > {tmp}/left)",
        "{tmp}/setsid /bin/sh -c '{tmp}/setsid sleep 1000 & echo $! > {tmp}/left; wait' &",
    ],
)
def test_what_has_left_the_group_of_a_hook_is_ended_with_the_hook_that_is(
    tmp_path: Path, setsid: Path, body: str
) -> None:
    """It went on for as long as it liked, holding whatever the hook had given it. Here the hook is ended for what it writes."""
    flood = f"until [ -s {tmp_path}/left ]; do sleep 0.02; done; while :; do printf %01024d 0; done"
    caller = told(tmp_path, f"{body.format(tmp=setsid.parent)}\n{flood}", timeout=60)
    assert "it wrote more than 1048576 bytes, and was ended" in caller.trouble()
    pid = int((tmp_path / "left").read_text(encoding="utf-8"))
    until(lambda: not alive(pid), "what has left its group is gone")


def test_what_has_left_the_group_of_a_hook_that_takes_long_to_die_is_ended_too(tmp_path: Path, setsid: Path) -> None:
    """It was looked for while the hook, killed and not gone yet, was still the parent of it. Much memory takes long to give back."""
    keeps = (
        f"#!{sys.executable} -S",
        "import os, subprocess, sys",
        f"left = subprocess.Popen([{str(setsid)!r}, 'sleep', '1000'])",
        "kept = bytearray(b'x') * (256 << 20)",
        f"open({str(tmp_path / 'left')!r}, 'w').write(str(left.pid))",
        "while True: os.write(1, b'x' * 4096)",
    )
    (tmp_path / "keeps").write_text("\n".join(keeps), encoding="utf-8")
    (tmp_path / "keeps").chmod(0o700)
    caller = told(tmp_path, f"exec {tmp_path}/keeps", timeout=60)
    assert "it wrote more than 1048576 bytes, and was ended" in caller.trouble()
    until(lambda: not alive(int((tmp_path / "left").read_text(encoding="utf-8"))), "what has left its group is gone")


def test_children_end_with_the_hook_that_left_them_and_nobody_waits_for_one_that_left_its_group(
    tmp_path: Path, setsid: Path
) -> None:
    body = f"sleep 1000 & echo $! > {tmp_path}/child; {setsid} sleep 30 & exit 0"
    caller = told(tmp_path, body, timeout=20)
    assert [state.last for state in caller.states()] == ["it was told"]
    until(lambda: not alive(int((tmp_path / "child").read_text(encoding="utf-8"))), "the hook is where it must be")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("exit 3", "it ended with status 3"),
        ("kill -9 $$", "it ended with status -9"),
        ("while :; do printf %01024d 0; done", "it wrote more than 1048576 bytes, and was ended"),
        ("exec 0<&-; exit 4", "it ended with status 4"),
        ("exec 0<&- 1>&- 2>&-; sleep 0.3; exit 5", "it ended with status 5"),
    ],
)
def test_a_hook_that_fails_is_said_and_raises_nothing(tmp_path: Path, body: str, says: str) -> None:
    caller = told(tmp_path, body)
    assert says in caller.trouble()
    state = caller.states()[0]
    assert (state.called, state.failed) == (1, 1)


def test_a_secret_is_not_shown_in_part_because_what_a_hook_wrote_is_shortened(tmp_path: Path) -> None:
    body = "head -c 380 /dev/zero | tr '\\0' x; echo ' postgres://u:canary-7f3a-canary-7f3a@h/d'; exit 1"
    wrote = told(tmp_path, body).states()[0].wrote
    assert wrote.startswith("xxx")
    assert "can" not in wrote


@pytest.mark.parametrize("name", ["two words", "line\nbreak", "\x1b[2J[bold]x", "$(touch started)", "-n", "\u202ex"])
def test_a_hostile_name_is_started_as_it_is_and_shown_inert(tmp_path: Path, name: str) -> None:
    hook = HookProgram(program=program(tmp_path, f"cat > {tmp_path}/read; exit 7", name))
    caller = HookCaller((hook,), config(tmp_path))
    caller.tell(EVENT)
    caller.wait()
    assert "it ended with status 7" in caller.trouble()
    assert (tmp_path / "read").read_bytes() == hooks.event_line(EVENT)
    Path(hook.program).chmod(0o777)
    state = caller.states()[0]
    for text in (caller.trouble(), state.program, state.refused, state.next_action):
        assert text.isprintable()
        assert text
    assert not list(Path("/").glob("started"))


def test_a_name_that_no_file_can_have_is_refused_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="pattern"):
        HookProgram(program="/bin/\0true")
    reason, action = distrust(Path("/bin/\0true"))
    assert "no file can have this name" in reason
    assert action
    caller = HookCaller(
        (HookProgram.model_construct(program="/bin/\0true", events=(), timeout_seconds=1),), config(tmp_path)
    )
    caller.tell(EVENT)
    caller.wait()
    assert "not started" in caller.trouble()


def test_a_defect_in_a_call_is_said_and_the_next_event_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(event: HookEvent) -> bytes:
        if event.event is HookKind.TEST:
            raise LookupError("canary")
        return real(event)

    real = hooks.event_line
    monkeypatch.setattr(hooks, "event_line", broken)
    caller = told(tmp_path, "exit 0", EVENT, EVENT)
    assert (caller.states()[0].called, caller.trouble()) == (2, "hook: not told: LookupError")
    caller.tell(EVENT.model_copy(update={"event": HookKind.WAITING}))
    caller.wait()
    assert (caller.states()[0].called, caller.states()[0].failed, caller.trouble()) == (3, 2, "")


def test_what_is_urgent_goes_before_what_waits_and_is_not_dropped_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 4)
    body = f"cat >> {tmp_path}/read; while ! test -e {tmp_path}/go; do sleep 0.05; done"
    caller = HookCaller((HookProgram(program=program(tmp_path, body), timeout_seconds=60),), config(tmp_path))
    waiting, held = (EVENT.model_copy(update={"event": kind}) for kind in (HookKind.WAITING, HookKind.HOLD_SET))
    caller.tell(waiting)
    until((tmp_path / "read").exists, "the first one is told")
    for event in (*[waiting] * 9, held):
        caller.tell(event)
    (tmp_path / "go").touch()
    caller.wait()
    told_kinds = [json.loads(line)["event"] for line in (tmp_path / "read").read_text(encoding="utf-8").splitlines()]
    assert told_kinds == ["waiting", "hold_set", "waiting", "waiting", "waiting"]
    assert caller.states()[0].dropped == 6


def test_what_a_hook_writes_is_inert_and_short(tmp_path: Path) -> None:
    state = told(tmp_path, r"printf '\033[2J[bold]'; head -c 9000 /dev/zero | tr '\0' x; exit 1").states()[0]
    assert state.wrote.startswith("␛[2J[bold]")
    assert len(state.wrote) <= 400


def test_an_event_larger_than_a_pipe_stops_at_no_hook_that_does_not_read(tmp_path: Path) -> None:
    large = EVENT.model_copy(update={"sentence": "x" * 300_000})
    assert told(tmp_path, "exit 0", large).states()[0].last == "it was told"
    assert told(tmp_path, f"wc -c > {tmp_path}/size", large).states()[0].last == "it was told"
    assert int((tmp_path / "size").read_text(encoding="utf-8")) > 300_000


def test_a_full_queue_drops_and_counts_and_a_slow_hook_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "MOST_WAITING", 4)
    slow = program(tmp_path, f"while ! test -e {tmp_path}/go; do sleep 0.05; done", "slow")
    quick = program(tmp_path, f"cat >> {tmp_path}/quick.txt", "quick")
    caller = HookCaller((HookProgram(program=slow, timeout_seconds=60), HookProgram(program=quick)), config(tmp_path))
    for _ in range(3):
        caller.tell(EVENT)
    until(
        lambda: (tmp_path / "quick.txt").exists() and len((tmp_path / "quick.txt").read_text().splitlines()) == 3,
        "the hook is where it must be",
    )
    for _ in range(hooks.MOST_WAITING + 5):
        caller.tell(EVENT.model_copy(update={"event": HookKind.WAITING}))
    dropped = caller.states()[0].dropped
    assert dropped >= 5
    assert "events dropped" in caller.trouble()
    (tmp_path / "go").touch()
    caller.wait()
    assert caller.states()[0].called == hooks.MOST_WAITING + 8 - dropped


def test_a_hook_is_told_the_kinds_that_it_wants(tmp_path: Path) -> None:
    hook = HookProgram(program=program(tmp_path, f"cat >> {tmp_path}/read"), events=(HookKind.HOLD_SET,))
    caller = HookCaller((hook,), config(tmp_path))
    for kind in (HookKind.WAITING, HookKind.HOLD_SET, HookKind.TEST):
        caller.tell(EVENT.model_copy(update={"event": kind}))
    caller.wait()
    lines = (tmp_path / "read").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["hold_set", "test"]


@pytest.mark.parametrize(
    "spoiled", ["file", "folder", "config", "absent", "link", "linked folder", "not executable", "directory"]
)
def test_a_hook_that_others_could_replace_is_not_started(tmp_path: Path, spoiled: str) -> None:
    folder = tmp_path / "hooks"
    folder.mkdir(mode=0o755)
    path = Path(program(folder, f"touch {tmp_path}/started"))
    settings = config(tmp_path)
    match spoiled:
        case "file":
            path.chmod(0o720)
        case "folder":
            folder.chmod(0o777)
        case "config":
            settings.chmod(0o666)
        case "absent":
            path.unlink()
        case "link":
            path.rename(folder / "real")
            path.symlink_to(folder / "real")
        case "linked folder":
            folder.rename(tmp_path / "real")
            folder.symlink_to(tmp_path / "real")
        case "not executable":
            path.chmod(0o600)
        case "directory":
            path.unlink()
            path.mkdir()
    hook = HookProgram(program=str(path))
    if spoiled == "not executable" and os.access(path, os.X_OK):
        pytest.skip("this user may execute every file")
    with pytest.raises(UsageError, match=str(tmp_path)):
        require_trusted((hook,), settings)
    caller = HookCaller((hook,), settings)
    caller.tell(EVENT)
    caller.wait()
    assert "not started" in caller.trouble()
    assert not (tmp_path / "started").exists()


def test_a_sticky_folder_above_a_hook_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "sticky").mkdir()
    (tmp_path / "sticky").chmod(0o1777)
    assert distrust(Path(program(tmp_path / "sticky", "exit 0")), executable=True) == ("", "")


def test_telling_waits_for_no_hook(tmp_path: Path) -> None:
    hook = HookProgram(program=program(tmp_path, f"echo $$ > {tmp_path}/own; exec sleep 1000"), timeout_seconds=60)
    caller = HookCaller((hook,), config(tmp_path))
    caller.tell(EVENT)
    # It is still at work, and this test goes on.
    until(
        lambda: (tmp_path / "own").exists() and (tmp_path / "own").read_text(encoding="utf-8").strip().isdigit(),
        "the hook is where it must be",
    )
    assert caller.states()[0].called == 0
    os.kill(int((tmp_path / "own").read_text(encoding="utf-8")), 9)
    caller.wait()
    assert "it ended with status -9" in caller.trouble()
