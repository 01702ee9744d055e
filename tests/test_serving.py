"""serve: the real server, page and websocket; what is served only reads, whatever a browser sends, and nothing is left."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
import yarl
from aiohttp import web

from console.app import browser_server, launch, serving
from console.app.application import ConsoleApp
from console.app.browser_server import BrowserServer
from console.app.serving import child_command
from console.backend.hooks import _Hooked
from console.cli.arguments import Options
from console.cli.main import main
from tests.cli.test_canary import SECRET, forms
from tests.cli.test_hooks import configured, events
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


PAINTS = r"import time; print('__GANGLION__\nD\0\0\0\1x', end='', flush=True); time.sleep(600)"
FLOODS = r"""
import sys
print("__GANGLION__", flush=True)
while True:
    sys.stdout.buffer.write(b"D\0\0\xf0\0" + bytes(0xF000))
"""


@contextlib.asynccontextmanager
async def opened(program: str) -> AsyncIterator[tuple[BrowserServer, str]]:
    """A server in this process, with its address; each of its pages is this program, which does not end when it is asked to."""
    server = BrowserServer((sys.executable, "-I", "-S", "-c", program), "127.0.0.1")
    runner = web.AppRunner(await server.make_application(), access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.serves_at(runner.addresses[0][1])
        yield server, server.public_url
    finally:
        await runner.cleanup()


async def no_page(server: BrowserServer) -> None:
    """Wait until the process of each page has ended."""
    await asyncio.to_thread(until, lambda: not server._pages, "no page is left")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_server, "_END_S", 0.5)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give --read-only"),
        (["--read-only", "--address", "0.0.0.0"], "every interface at once"),
        (["--read-only", "--address", "::"], "every interface at once"),
        (["--read-only", "--address", "example.org"], "takes an IP address"),
        (["--read-only", "--port", "70000"], "argument --port: takes"),
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
    assert f"{sys.executable} -m pip install '{serving.LIBRARY}'" in capsys.readouterr().err
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["optional-dependencies"]["browser"] == [serving.LIBRARY]


def test_a_port_that_is_taken_is_said_with_the_command_for_a_free_one(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "--read-only", "--port", str(taken.getsockname()[1])]) == 2
    assert "serve --read-only --address 127.0.0.1 --port 0" in capsys.readouterr().err


def test_the_command_of_a_page_only_reads_and_opens_the_same_installation(tmp_path: Path) -> None:
    named = child_command(Options(installation=("prod",)))
    rooted = child_command(Options(root=tmp_path, config=tmp_path / "c.json"))
    assert named[4:] == ["--read-only", "-P", "prod"]
    assert rooted[4:] == ["--read-only", "--root", str(tmp_path), "--config", str(tmp_path / "c.json")]


def test_a_page_takes_no_module_from_the_folder_that_the_server_was_started_in(tmp_path: Path) -> None:
    for name in ("console", "json", "argparse"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from here')", encoding="utf-8")
    answer = subprocess.run(
        [*child_command(Options()), "--version"], check=False, cwd=tmp_path, capture_output=True, text=True
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout


def test_a_console_in_a_browser_that_would_write_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_DRIVER", WEB)
    # One that is opened all the same would wait for its browser.
    monkeypatch.setattr(ConsoleApp, "run", lambda *_args, **_more: pytest.fail("a console was opened"))
    assert main([]) == 2
    assert "A console in a browser only reads" in capsys.readouterr().err


def test_a_page_cannot_stop_anything_either(at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reaches a page has not said who he is: the role that sets a HOLD is left out."""
    passage = at("SG_1 imported")
    monkeypatch.setenv("CUTTER_STOPPER", passage.installation.settings.database.monitor)
    options = Options(root=passage.installation.root)
    monkeypatch.setenv("TEXTUAL_DRIVER", WEB)
    assert not launch._backend(options, [], None, read_only=True).can_stop()


@pytest.mark.parametrize("is_page", [False, True])
def test_a_page_tells_no_hook(at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_page: bool) -> None:
    """Ten pages are ten processes: each of them would tell the same again."""
    passage = at("SG_1 imported")
    root = passage.installation.root
    configured(root, tmp_path)
    monkeypatch.setenv("CUTTER_MONITOR", passage.installation.settings.database.monitor)
    if is_page:
        monkeypatch.setenv("TEXTUAL_DRIVER", WEB)
    shown = launch._backend(Options(root=root), [], None, read_only=True)

    shown.status()
    if isinstance(shown, _Hooked):
        shown._teller.wait()

    assert bool(events(tmp_path)) is not is_page


async def test_a_page_is_drawn_and_ends_with_the_server_and_no_browser_changes_its_command(
    at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    passage = at("SG_1 imported")
    root = passage.installation.root
    for name in ("executor", "verifier", "monitor"):
        monkeypatch.setenv(f"CUTTER_{name.upper()}", getattr(passage.installation.settings.database, name))
    monkeypatch.setenv("CUTTER_API_KEY", SECRET)
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
                # The stop key names the command of the stop, and sets nothing.
                await socket.send_json(["stdin", "\x18"])
                while b"panic" not in drawn:
                    drawn += (await asyncio.wait_for(socket.receive(), 60)).data
                await socket.send_json(["stdin", "\r\x18\x18\r"])
                assert not (root / "HOLD").exists()
                commands = consoles(root)
                assert commands
                assert not [form for form in forms() if form in drawn or form in repr(commands).encode()]
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


async def test_a_page_whose_process_ended_is_closed_and_does_not_stay_as_it_was(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session, opened(PAINTS) as (server, address):
        async with session.ws_connect(f"{address}/ws") as page:
            await asyncio.wait_for(page.receive(), 60)
            (process,) = (shown._process for shown in server._pages)
            assert process is not None
            os.kill(process.pid, signal.SIGKILL)
            assert (await asyncio.wait_for(page.receive(), 60)).type is aiohttp.WSMsgType.CLOSE
        await no_page(server)


async def test_a_message_that_is_no_key_ends_its_page_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_server, "MOST_PAGES", 20)
    sizes = [
        f'["resize",{{"width":{width},"height":3}}]' for width in ("Infinity", "NaN", "1e400", '"x"', "{}", "null")
    ]
    messages = ["[" * 100_000, "[]", "{}", "5", '["stdin",5]', '["stdin","\\ud800"]', "no JSON", *sizes]
    async with aiohttp.ClientSession() as session, opened(PAINTS) as (server, address):
        async with session.ws_connect(f"{address}/ws") as other:
            for message in messages:
                async with session.ws_connect(f"{address}/ws") as page:
                    await page.send_str(message)
                    while not page.closed:
                        await asyncio.wait_for(page.receive(), 60)
                    assert page.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION, message[:40]
            await other.send_json(["ping", 1])
            while (await asyncio.wait_for(other.receive(), 60)).type is not aiohttp.WSMsgType.TEXT:
                pass
        await no_page(server)
    assert caplog.records == []


async def test_no_more_processes_than_pages_however_soon_pages_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser_server, "_END_S", 600)
    async with aiohttp.ClientSession() as session, opened(PAINTS) as (server, address):
        for _ in range(browser_server.MOST_PAGES):
            async with session.ws_connect(f"{address}/ws") as page:
                await asyncio.wait_for(page.receive(), 60)
        # Left, and at work until their process has ended.
        assert len(server._pages) == browser_server.MOST_PAGES
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect(f"{address}/ws")
        for left in server._pages:
            assert left._process is not None
            os.kill(left._process.pid, signal.SIGKILL)
        await no_page(server)
        monkeypatch.setattr(browser_server, "_END_S", 0.5)
        await (await session.ws_connect(f"{address}/ws")).close()


async def test_a_page_that_stops_reading_is_ended_with_its_process_when_it_leaves() -> None:
    async with opened(FLOODS) as (server, address):
        host = address.removeprefix("http://")
        reader, writer = await asyncio.open_connection(*host.split(":"), limit=1)
        key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
        writer.write(f"GET /ws HTTP/1.1\r\nHost: {host}\r\n{key}\r\n".encode())
        await reader.readexactly(100_000)
        text = b'["stdin","' + b"x" * 60_000 + b'"]'
        for _ in range(20):
            writer.write(b"\x81\xfe" + len(text).to_bytes(2, "big") + bytes(4) + text)
        (page,) = server._pages
        assert page._process is not None
        await asyncio.to_thread(until, page.stdin.transport.get_write_buffer_size, "the process reads no more")
        writer.transport.abort()
        await no_page(server)
        assert page._process.returncode is not None


async def test_the_server_answers_to_its_own_address_alone() -> None:
    """No name that another site can lead here, no page of another origin, no path outside, no method but to look."""
    async with aiohttp.ClientSession() as session, opened(PAINTS) as (server, address):
        own = address.removeprefix("http://")
        port = own.partition(":")[2]

        async def status(path: str = "/", method: str = "GET", **headers: str) -> int:
            url = yarl.URL(f"{address}{path}", encoded=True)
            async with session.request(method, url, headers=headers, allow_redirects=False) as answer:
                if answer.status == 302:
                    assert answer.headers["Location"] == f"{address}{path}"
                return answer.status

        assert await status() == 200
        assert await status("/?fontsize=20", Host=f"localhost:{port}") == 302
        assert await status("/ws", Host=f"localhost:{port}") == 403
        for host in ("", "evil.example", "127.0.0.1", f"evil.example:{port}", f"127.0.0.1.evil.example:{port}"):
            assert await status(Host=host) == 403, host
        for origin in ("null", "http://[evil", "http://evil.example", f"https://{own}", f"http://localhost:{port}", ""):
            assert await status("/ws", Origin=origin) == 403, origin
        for path in ("/static/..%2f..%2fserver.py", "/static/%2e%2e/server.py", "/static//etc/passwd", "/download/x"):
            assert await status(path) == 404, path
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert await status("/", method) == 405, method
        server.serves_at(80)
        assert (server.public_url, await status(Host="127.0.0.1"), await status(Host=own)) == (
            "http://127.0.0.1",
            200,
            403,
        )
        assert not server._pages


def test_an_address_is_written_as_a_browser_writes_it() -> None:
    server = BrowserServer((), "0:0:0:0:0:0:0:1")
    server.serves_at(8000)
    assert server.public_url == "http://[::1]:8000"
