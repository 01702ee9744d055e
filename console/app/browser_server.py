"""The server behind `serve`: textual-serve, with checks of who asks, limits, and children under a guard that ends them."""

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from ipaddress import ip_address

from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler, Middleware
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from console.backend.host.processes import Lifeline

MOST_PAGES = 10
_MOST_CELLS = 1000
_END_S = 3.0
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws:; frame-ancestors 'none'"
)
"""Sources that a page may load from: none elsewhere, such as the font that textual-serve's page names."""
_UNUSABLE = (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError)
"""Errors that a message makes that is no key and no size; and that of a process that cannot be started."""


class _Page(AppService):
    """The process of one page. It is started without a shell, and its guard ends it with its group, also if this server is killed."""

    argv: Sequence[str] = ()
    _lifeline: Lifeline | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        self._lifeline = lifeline = Lifeline()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *lifeline.command(self.argv),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._build_environment(width=width, height=height),
                pass_fds=(lifeline.for_guard,),
                start_new_session=True,
            )
        finally:
            lifeline.started()
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Pass on a size that a screen can have."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def stop(self) -> None:
        """Ask the process to end, and end it if it does not, also one that neither reads nor writes any more."""
        try:
            if self._task is not None:
                await _for_a_while(self._quit())
        finally:
            if self._lifeline is not None:
                self._lifeline.cut()
        if self._process is not None:
            await _for_a_while(self._drained(self._process))

    async def _quit(self) -> None:
        await self.send_meta({"type": "quit"})
        await self.ended()

    async def _drained(self, process: asyncio.subprocess.Process) -> None:
        """Read what the process has left in its pipes, which are not closed before."""
        if self._task is not None:
            self._task.cancel()
            await self.ended()
        await process.communicate()

    async def ended(self) -> None:
        """Wait until nothing comes from the process any more."""
        assert self._task is not None
        await asyncio.wait({self._task})


class BrowserServer(Server):
    """A server whose command nobody but its starter chooses."""

    def __init__(self, argv: Sequence[str], address: str) -> None:
        super().__init__("cutter-console --read-only", host=address, title="cutter-console, read-only")
        self._argv = tuple(argv)
        self._pages: dict[_Page, web.WebSocketResponse] = {}
        """Pages whose process may still be there."""
        self._hosts: frozenset[str] = frozenset()
        self._other_host = ""

    def serves_at(self, port: int) -> None:
        """Take the port that is listened on; from now on requests for this server's own names are answered."""
        address = ip_address(self.host)
        name = f"[{address}]" if address.version == 6 else str(address)
        # A browser leaves out the port that is the usual one.
        end = "" if port == 80 else f":{port}"
        self.public_url = f"http://{name}{end}"
        self._hosts = frozenset({f"{name}{end}", f"{name}:{port}"})
        self._other_host = f"localhost{end}" if address.is_loopback else ""

    async def make_application(self) -> web.Application:
        """Return the application, with the check of each request before its handler."""
        application = await self._make_app()
        application.middlewares.append(self._checked())
        return application

    def _checked(self) -> Middleware:
        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            # Another site's page can lead its own name here (DNS rebinding), or open a websocket from elsewhere.
            host = request.headers.get("Host", "")
            if host == self._other_host and request.path == "/":
                # A page loads its parts from one address alone, which is this one.
                raise web.HTTPFound(f"{self.public_url}{request.path_qs}")
            if host not in self._hosts or request.headers.get("Origin", self.public_url) != self.public_url:
                raise web.HTTPForbidden(text=f"this server answers to its own address alone: {self.public_url}\n")
            return await handler(request)

        return check

    async def _send_policy(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "no-referrer"

    async def on_startup(self, app: web.Application) -> None:
        """Send the policy with each answer; print nothing."""
        app.on_response_prepare.append(self._send_policy)

    async def on_shutdown(self, app: web.Application) -> None:  # noqa: ARG002 - as the library calls it
        """Close every page, which ends its process."""
        await asyncio.gather(*(_closed(socket, WSCloseCode.GOING_AWAY) for socket in self._pages.values()))

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start the process of a page, and pass on keys and frames until one of both ends."""
        if len(self._pages) >= MOST_PAGES:
            raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already\n")
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=1 << 20)
        page = _Page(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        page.argv = self._argv
        width, height = (to_int(request.query.get(name, ""), usual) for name, usual in (("width", 80), ("height", 24)))
        self._pages[page] = websocket
        try:
            await websocket.prepare(request)
            await page.start(_cells(width), _cells(height))
            await self._pass_on(websocket, page)
        except _UNUSABLE:
            await _closed(websocket, WSCloseCode.POLICY_VIOLATION)
        finally:
            try:
                await page.stop()
            finally:
                # Only now: pages that are opened and left at once would be processes without number.
                del self._pages[page]
        return websocket

    async def _pass_on(self, websocket: web.WebSocketResponse, page: _Page) -> None:
        """Pass on messages until the browser leaves or the process ends: a page that shows what was is not left open."""
        messages, ended = (
            asyncio.create_task(self._process_messages(websocket, page)),
            asyncio.create_task(page.ended()),
        )
        try:
            await asyncio.wait({messages, ended}, return_when=asyncio.FIRST_COMPLETED)
            if messages.done():
                messages.result()
        finally:
            messages.cancel()
            ended.cancel()
            await asyncio.wait({messages, ended})
        await _closed(websocket, WSCloseCode.GOING_AWAY)


async def _for_a_while(awaited: Coroutine[object, object, object]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaited, _END_S)


async def _closed(websocket: web.WebSocketResponse, code: WSCloseCode) -> None:
    """Close a websocket, and wait for no browser that does not read."""
    if websocket.prepared:
        await _for_a_while(websocket.close(code=code))


def _cells(size: int) -> int:
    return min(max(int(size), 1), _MOST_CELLS)
