"""The server behind `serve`: textual-serve, with checks of who asks, limits, and children under a guard that ends them."""

import asyncio
import weakref
from collections.abc import Sequence
from urllib.parse import urlsplit

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


class _Page(AppService):
    """The process of one page. It is started without a shell, and its guard ends it with its group, also if this server is killed."""

    argv: Sequence[str] = ()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        self._lifeline = Lifeline()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._lifeline.command(self.argv),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._build_environment(width=width, height=height),
                pass_fds=(self._lifeline.for_guard,),
                start_new_session=True,
            )
        finally:
            self._lifeline.started()
        assert self._process.stdin is not None
        self._stdin = self._process.stdin
        return self._process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Pass on a size that a screen can have."""
        await super().set_terminal_size(_cells(width), _cells(height))

    async def stop(self) -> None:
        """Ask the process to end, and end it if it does not."""
        if self._task is None or self._process is None:
            return
        task, self._task = self._task, None
        await self.send_meta({"type": "quit"})
        await asyncio.wait({task}, timeout=_END_S)
        self._lifeline.cut()
        await asyncio.wait({task}, timeout=_END_S)
        task.cancel()
        await self._process.wait()


class BrowserServer(Server):
    """A server whose command nobody but its starter chooses."""

    def __init__(self, argv: Sequence[str], address: str) -> None:
        super().__init__("cutter-console --read-only", host=address, title="cutter-console, read-only")
        self._argv = tuple(argv)
        self._open: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()
        self._hosts: frozenset[str] = frozenset()

    def serves_at(self, port: int) -> None:
        """Take the port that is listened on; from now on requests for this server's own names are answered."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.public_url = f"http://{name}:{port}"
        names = {name, "localhost"} if name in {"127.0.0.1", "[::1]"} else {name}
        self._hosts = frozenset(f"{known}:{port}" for known in names)

    async def make_application(self) -> web.Application:
        """Return the application, with the check of each request before its handler."""
        application = await self._make_app()
        application.middlewares.append(self._checked())
        return application

    def _checked(self) -> Middleware:
        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            # Another site's page can lead its own name here (DNS rebinding), or open a websocket from elsewhere.
            origin = request.headers.get("Origin")
            if request.host not in self._hosts or (origin is not None and urlsplit(origin).netloc not in self._hosts):
                raise web.HTTPForbidden(text="this server answers to its own address alone\n")
            if request.path == "/ws" and len(self._open) >= MOST_PAGES:
                raise web.HTTPServiceUnavailable(text=f"{MOST_PAGES} pages are open already\n")
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
        for websocket in tuple(self._open):
            await websocket.close(code=WSCloseCode.GOING_AWAY)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start the process of a page, and pass on keys and frames until one of both ends."""
        websocket = web.WebSocketResponse(heartbeat=15, max_msg_size=1 << 20)
        await websocket.prepare(request)
        self._open.add(websocket)
        page = _Page(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]
            download_manager=self.download_manager,
        )
        page.argv = self._argv
        width, height = (to_int(request.query.get(name, ""), usual) for name, usual in (("width", 80), ("height", 24)))
        try:
            await page.start(_cells(width), _cells(height))
            await self._process_messages(websocket, page)
        except (AssertionError, AttributeError, KeyError, IndexError, TypeError, ValueError, ConnectionError):
            await websocket.close(code=WSCloseCode.POLICY_VIOLATION)
        finally:
            self._open.discard(websocket)
            await page.stop()
        return websocket


def _cells(size: int) -> int:
    return min(max(int(size), 1), _MOST_CELLS)
