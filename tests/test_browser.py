"""The served console in a real browser: it is drawn, keys reach it, and the page loads nothing from elsewhere."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.passage import Passage
from tests.test_serving import served

At = Callable[[str], Passage]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PLACE = re.compile(r"ws://\S+")


class Browser:
    """One page of a headless Chromium, by its DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0
        self._page = ""
        self.events: list[dict[str, Any]] = []

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Ask for something, and return the answer; what is told meanwhile is kept in `events`."""
        self._calls += 1
        number = self._calls
        session = {"sessionId": self._page} if self._page else {}
        await self._socket.send_json({"id": number, "method": method, "params": parameters, **session})
        while (told := await self._told()).get("id") != number:
            self.events.append(told)
        assert "error" not in told, told
        answer: dict[str, Any] = told["result"]
        return answer

    async def open(self, address: str) -> None:
        """Open a page, and hear of its requests and frames."""
        target = (await self.call("Target.createTarget", url="about:blank"))["targetId"]
        self._page = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for part in ("Network", "Runtime"):
            await self.call(f"{part}.enable")
        await self.call("Page.navigate", url=address)

    async def press(self, key: str) -> None:
        """Press a key of one character in the page, which is given the focus by a click."""
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=300, y=300, button="left", clickCount=1)
        for kind, text in (("keyDown", key), ("keyUp", "")):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, text=text)

    async def until_drawn(self, words: bytes) -> None:
        """Wait until the frames that the page has received hold these words."""
        async with asyncio.timeout(60):
            while words not in self.drawn():
                self.events.append(await self._told())

    def drawn(self) -> bytes:
        """Return what the page has received of the screen so far."""
        frames = (event["params"]["response"] for event in self.told("Network.webSocketFrameReceived"))
        return b"".join(b64decode(frame["payloadData"]) for frame in frames if frame["opcode"] == 2)

    def told(self, method: str) -> list[dict[str, Any]]:
        """Return the events of this kind."""
        return [event for event in self.events if event.get("method") == method]

    async def _told(self) -> dict[str, Any]:
        message = await self._socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        told: dict[str, Any] = json.loads(message.data)
        return told


@contextlib.asynccontextmanager
async def browser(home: Path) -> AsyncIterator[Browser]:
    """Start a headless Chromium of the machine; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"none of these browsers is here: {', '.join(BROWSERS)}")
    process = await asyncio.create_subprocess_exec(
        *(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"),
        *("--no-first-run", "--disable-background-networking", f"--user-data-dir={home}", "about:blank"),
        # It writes into these as well.
        env={"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while (place := _PLACE.search((await process.stderr.readline()).decode())) is None:
            assert process.returncode is None, "the browser ended at once"
        async with aiohttp.ClientSession() as session, session.ws_connect(place[0], max_msg_size=0) as socket:
            yield Browser(socket)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_page_is_drawn_keys_reach_it_and_nothing_is_loaded_from_elsewhere(
    at: At, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passage = at("SG_1 imported")
    for name in ("executor", "verifier", "monitor"):
        monkeypatch.setenv(f"CUTTER_{name.upper()}", getattr(passage.installation.settings.database, name))
    async with browser(tmp_path / "browser") as page:
        with served(passage.installation.root) as (_server, address):
            await page.open(address)
            await page.until_drawn(b"READ-ONLY")
            assert b"[Docs]" not in page.drawn()
            await page.press("2")
            await page.until_drawn(b"[Docs]")

    asked = [event["params"]["request"]["url"] for event in page.told("Network.requestWillBeSent")]
    elsewhere = {url for url in asked if urlsplit(url).netloc != urlsplit(address).netloc}
    refused = {event["params"]["requestId"] for event in page.told("Network.loadingFailed")}
    ids = {
        event["params"]["requestId"]: event["params"]["request"]["url"]
        for event in page.told("Network.requestWillBeSent")
    }
    assert elsewhere == {ids[number] for number in refused}
    assert all(event["params"]["blockedReason"] == "csp" for event in page.told("Network.loadingFailed"))
    assert page.told("Runtime.exceptionThrown") == []
