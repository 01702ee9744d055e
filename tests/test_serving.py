"""serve: the real server, page and websocket; what is served only reads, whatever a browser sends, and nothing is left."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from console.app import launch, serving
from console.app.serving import child_command
from console.cli.arguments import Options
from console.cli.main import main
from tests.support.passage import Passage
from tests.support.waiting import until

At = Callable[[str], Passage]
PROGRAM = "from console.cli.main import main; raise SystemExit(main())"
WEB = "textual.drivers.web_driver:WebDriver"


@contextlib.contextmanager
def served(root: Path) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A server on a free port, with its address."""
    command = [sys.executable, "-c", PROGRAM, "--root", str(root), "serve", "--read-only", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as server:
        try:
            assert server.stderr is not None
            line = server.stderr.readline()
            address = re.search(r"http://\S+", line)
            assert address is not None, line
            yield server, address[0]
        finally:
            if server.poll() is None:
                server.kill()


def consoles(root: Path) -> list[list[str]]:
    """The command lines of the consoles below this root that are drawn in a browser."""
    lines = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (place / "cmdline").read_bytes().decode().split("\0")
            if str(root) in words and "--read-only" in words and "serve" not in words:
                lines.append(words)
    return lines


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give --read-only"),
        (["--read-only", "--address", "0.0.0.0"], "every interface at once"),
        (["--read-only", "--address", "::"], "every interface at once"),
        (["--read-only", "--address", "example.org"], "takes an IP address"),
        (["--read-only", "--port", "70000"], "--port takes"),
    ],
)
def test_nothing_is_served_without_read_only_or_on_an_address_that_was_not_named(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == 2
    assert says in capsys.readouterr().err


def test_an_address_that_others_reach_is_said_plainly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # 192.0.2.1 is of nobody: it cannot be listened on.
    assert main(["serve", "--read-only", "--address", "192.0.2.1"]) == 2
    said = capsys.readouterr().err
    assert "CAUTION: 192.0.2.1 is open to everybody who reaches it: there is no password and no encryption" in said
    assert "cannot be listened on" in said


def test_without_the_library_the_command_that_installs_it_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda _name: None)
    assert main(["serve", "--read-only"]) == 2
    assert "pip install 'cutter-console[browser]'" in capsys.readouterr().err


def test_the_command_of_a_page_only_reads_and_opens_the_same_installation(tmp_path: Path) -> None:
    named = child_command(Options(installation=("prod",)))
    rooted = child_command(Options(root=tmp_path, config=tmp_path / "c.json"))
    assert named[3:] == ["--read-only", "-P", "prod"]
    assert rooted[3:] == ["--read-only", "--root", str(tmp_path), "--config", str(tmp_path / "c.json")]


def test_a_console_in_a_browser_that_would_write_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_DRIVER", WEB)
    assert main([]) == 2
    assert "A console in a browser only reads" in capsys.readouterr().err


def test_a_page_cannot_stop_anything_either(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches a page has not said who he is: the role that sets a HOLD is left out."""
    passage = at("SG_1 imported")
    monkeypatch.setenv("CUTTER_STOPPER", passage.installation.settings.database.monitor)
    options = Options(root=passage.installation.root)
    monkeypatch.setenv("TEXTUAL_DRIVER", WEB)
    assert not launch._backend(options, [], None, read_only=True).can_stop()


async def test_a_page_is_drawn_and_ends_with_the_server_and_no_browser_changes_its_command(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    root = passage.installation.root
    for name in ("executor", "verifier", "monitor"):
        monkeypatch.setenv(f"CUTTER_{name.upper()}", getattr(passage.installation.settings.database, name))
    with served(root) as (server, address):
        async with aiohttp.ClientSession() as session:
            async with session.get(address) as page:
                text = await page.text()
                assert (page.status, "/ws" in text) == (200, True)
                assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            for headers in ({"Host": "evil.example:80"}, {"Origin": "http://evil.example"}):
                async with session.get(f"{address}/ws", headers=headers) as refused:
                    assert refused.status == 403
            query = "?width=999999999&height=24&command=id&argv=--live&root=/&TEXTUAL_DRIVER="
            async with session.ws_connect(f"{address}/ws{query}", headers={"X-Command": "id"}) as socket:
                drawn = b""
                while b"READ-ONLY" not in drawn:
                    message = await asyncio.wait_for(socket.receive(), 60)
                    assert message.type is aiohttp.WSMsgType.BINARY, message
                    drawn += message.data
                commands = consoles(root)
                assert commands
                assert all(words[-4:-1] == ["--read-only", "--root", str(root)] for words in commands)
                server.send_signal(signal.SIGTERM)
                await asyncio.to_thread(server.wait)
        assert server.returncode == 128 + signal.SIGTERM
    until(lambda: not consoles(root), "no page is left")


async def test_a_page_ends_with_a_server_that_is_killed(at: At) -> None:
    root = at("SG_1 imported").installation.root
    with served(root) as (server, address):
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}/ws") as socket:
            await asyncio.wait_for(socket.receive(), 60)
            assert consoles(root)
            os.kill(server.pid, signal.SIGKILL)
            await asyncio.to_thread(server.wait)
    until(lambda: not consoles(root), "no page is left")
