"""One problem in the browser: textual-serve's page, and a process of the debugger for each that is open.

What a browser may ask is bounded here and in `convstep.ui.browser`: the page, the screen and its keys.
Another site's page may not speak through a visitor's browser, and the page itself asks no other site for
anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Handler
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from convstep.ending import ASKING

VIEWS = 8
"""Pages that may be open at a time; each has a process of its own."""
GRACE = 5.0
"""Seconds in which a process that was asked to leave has to."""
OURS = re.compile(r"(localhost|[0-9.]+|\[[0-9a-fA-F:.]+\])(:[0-9]+)?")
"""How a browser that was sent here by nobody else calls this machine."""
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self' ws://{host}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load. textual-serve's asks a font of another site, which nobody here agreed to."""
HEAD = """<title>{title} · convstep</title>
<script>
addEventListener("load", () => new MutationObserver((_, watch) => {{
  if (!document.body.classList.contains("-first-byte")) return;
  watch.disconnect();
  document.querySelector(".xterm-helper-textarea").focus();
}}).observe(document.body, {{ attributes: true }}));
</script>
</head>"""
"""What textual-serve's page lacks: a name, and that keys count before anything is clicked."""


class View(AppService):
    """One open page: its process, which ends with it, whatever either of them does."""

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the debugger without a shell, on this interpreter and with the modules of this process."""
        path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = await asyncio.create_subprocess_exec(
            *_command(self.command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**self._build_environment(width, height), "PYTHONPATH": path},
            start_new_session=True,  # Ctrl+C is for the server
        )
        assert process.stdin is not None
        self._process, self._stdin = process, process.stdin
        return process

    async def run(self) -> None:
        """Pass on what the process draws; when it has left, the page is told."""
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """Ask the process to leave, and see to it that it does."""
        process = self._process
        if process is None:
            return
        leaving = {asyncio.ensure_future(super().stop()), asyncio.ensure_future(process.wait())}
        await asyncio.wait(leaving, timeout=GRACE)
        if process.returncode is None:
            process.kill()
        await asyncio.gather(*leaving, return_exceptions=True)
        self.stdin.close()
        with contextlib.suppress(OSError, TimeoutError):  # its pipes are read to their end, which closes them
            await asyncio.wait_for(process.communicate(), GRACE)


def _command(problem: str) -> tuple[str, ...]:
    """What shows a problem; -P: modules are looked for where this process does, not in its folder."""
    return (sys.executable, "-P", "-m", "convstep", "open", "--", problem)


class ProblemServer(Server):
    """Serves one problem."""

    def __init__(self, problem: str, title: str) -> None:
        """Serve nothing yet; the problem is as the command line calls it, the title is the page's."""
        super().__init__(problem, title=title)
        self._pages: set[web.WebSocketResponse] = set()
        self._views = 0

    async def application(self) -> web.Application:
        """The routes of textual-serve, guarded."""
        app = await self._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every page, so that its process leaves."""
        for page in set(self._pages):
            await page.close(code=WSCloseCode.GOING_AWAY)

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page, by the address under which the browser knows it."""
        if self._views >= VIEWS:
            raise web.HTTPServiceUnavailable(text=f"{VIEWS} pages are open, as many as may be; close one\n")
        self.public_url = f"http://{request.host}"
        page: Any = await super().handle_index(request)
        page.text = page.text.replace("</head>", HEAD.format(title=html.escape(self.title)))
        return cast(web.Response, page)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Show the problem on a page for as long as it is open."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="only the page served here may open this\n")
        if self._views >= VIEWS:
            raise web.HTTPServiceUnavailable(text=f"{VIEWS} pages are open, as many as may be; close one\n")
        self._views += 1
        page = web.WebSocketResponse(heartbeat=15)
        self._pages.add(page)
        try:
            await page.prepare(request)
            await self._show(page, request)
        finally:
            self._pages.discard(page)
            self._views -= 1
        return page

    async def _show(self, page: web.WebSocketResponse, request: web.Request) -> None:
        async def closed() -> None:
            await page.close()

        view = View(
            self.command,
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=closed,
            download_manager=self.download_manager,
        )
        width, height = (to_int(request.query.get(side, ""), 80) for side in ("width", "height"))
        try:
            await view.start(width, height)
            # what is no message of the page's ends the page, without a word
            with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, AssertionError):
                await self._process_messages(page, view)
        finally:
            await asyncio.shield(asyncio.ensure_future(view.stop()))
            await page.close()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer under an address of this machine only: another site's name may be made to point here."""
        if not OURS.fullmatch(request.host):
            raise web.HTTPForbidden(text="open this page by the address of the machine, not by a name\n")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(_headers(request))
            raise
        if not response.prepared:
            response.headers.update(_headers(request))
        return response


def _headers(request: web.Request) -> dict[str, str]:
    return {
        "Content-Security-Policy": POLICY.format(host=request.host),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine, on a free port for 0; an OSError if it cannot."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def serve(problem: str, title: str, listener: socket.socket, ready: Callable[[], None]) -> int:
    """Serve a problem on a socket of `listening` until a signal asks for an end; its number.

    `ready` is called when pages can be opened.
    """
    return asyncio.run(_serve(ProblemServer(problem, title), listener, ready))


async def _serve(server: ProblemServer, listener: socket.socket, ready: Callable[[], None]) -> int:
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[int] = loop.create_future()

    def ask(number: int) -> None:
        if not asked.done():
            asked.set_result(number)

    for number in (signal.SIGINT, *ASKING):
        if signal.getsignal(number) is not signal.SIG_IGN:  # that is how nohup works
            loop.add_signal_handler(number, ask, number)
    runner = web.AppRunner(await server.application(), access_log=None, shutdown_timeout=2 * GRACE)
    try:
        await runner.setup()
        await web.SockSite(runner, listener).start()
        ready()
        return await asked
    finally:
        await runner.cleanup()
