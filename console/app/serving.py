"""serve: the console in a browser, through textual-serve, to look only; each page is a process of its own that cannot write."""

import asyncio
import contextlib
import errno
import os
import shlex
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING

from console.app.child_command import console_command
from console.backend.model.errors import StopCode, UsageError
from console.cli.arguments import Options
from console.cli.output import narrate
from console.cli.serve_request import Serve

if TYPE_CHECKING:
    from aiohttp.web import Application

LIBRARY = "textual-serve>=1.1.3,<1.2"
"""Requirement that the extra `browser` installs."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def serve(options: Options, request: Serve) -> int:
    """Serve until a signal comes. Raises UsageError without the library, and if the address cannot be listened on."""
    if find_spec("textual_serve") is None:
        raise UsageError(
            StopCode.REFUSED_INPUT,
            "the library that serves a browser is not installed; nothing was started",
            f"Install it: {shlex.quote(sys.executable)} -m pip install '{LIBRARY}'",
        )
    if not ip_address(request.address).is_loopback:
        narrate(
            f"CAUTION: {request.address} is open to everybody who reaches it: there is no password and no encryption."
            " They see all that this console shows."
        )
    return asyncio.run(_serve(options, request))


def child_command(options: Options) -> list[str]:
    """Return the command of each page's process: a console that only reads, of the same installation; nothing of it comes from a browser."""
    command = console_command("--read-only")
    for name in options.installation:
        return [*command, "-P", name]
    for option, path in (("--root", options.root), ("--config", options.config)):
        command += [option, str(path.absolute())] if path is not None else []
    return command


def _instead(request: Serve, error: OSError) -> str:
    if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
        return "Look at the addresses of this host: ip address"
    return f"Take a free port: cutter-console serve --read-only --address {request.address} --port 0"


async def _serve(options: Options, request: Serve) -> int:
    web = import_module("aiohttp.web")
    server = import_module("console.app.browser_server").BrowserServer(child_command(options), request.address)
    application: Application = await server.make_application()
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(number: int) -> None:
        if not ended.done():
            ended.set_result(128 + number)

    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, end, number)
    runner = web.AppRunner(application, handle_signals=False, access_log=None, shutdown_timeout=3.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, request.address, request.port).start()
        except OSError as error:
            message = f"{request.address} port {request.port} cannot be listened on: {os.strerror(error.errno or 0)}"
            raise UsageError(StopCode.REFUSED_INPUT, message, _instead(request, error)) from error
        server.serves_at(runner.addresses[0][1])
        narrate(f"serving, to look only: {server.public_url}  (Ctrl-C ends it)")
        return await ended
    finally:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(runner.cleanup(), 15)
