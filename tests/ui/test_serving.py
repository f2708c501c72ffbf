"""A problem in the browser, by what a browser can send: the server is a process, its pages are websockets."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from convstep.examples import load
from convstep.ui import serving
from convstep.ui.commands import COMMANDS
from tests.strategies import SELDOM, some
from tests.waiting import GENEROUS, buried, runs, waited

_ESCAPES = re.compile(r"\x1b(\[[^a-zA-Z]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|.)")
KEYS = {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "backspace": "\x7f",
    "left": "\x1b[D",
    "right": "\x1b[C",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "f5": "\x1b[15~",
}


class Served:
    """A server of one problem in a folder and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "where nobody looks"
        self.home = folder / "home"
        self.folder.mkdir()
        self.home.mkdir()
        load("one-window").save(self.folder / "layer.npz")
        states = {f"XDG_{kind}_HOME": str(self.home) for kind in ("CONFIG", "STATE", "DATA", "CACHE")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "convstep", "serve", str(self.folder / "layer.npz"), "--port", "0"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=self.home, env={**os.environ, **states, "HOME": str(self.home), "TMPDIR": str(self.home),
                                "PYTHONPATH": os.pathsep.join(e or os.getcwd() for e in sys.path)},
        )  # fmt: skip
        assert self.process.stdout is not None
        first, self.exposed = self.process.stdout.readline(), self.process.stdout.readline()
        found = re.match(r"(http://127\.0\.0\.1:\d+) shows layer in a browser; Ctrl\+C ends it$", first)
        assert found, first
        self.address = found[1]

    @property
    def children(self) -> list[int]:
        return _children(self.process.pid)

    @property
    def files(self) -> set[str]:
        return {str(path) for root in (self.folder, self.home) for path in root.rglob("*")}

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(GENEROUS)


def _children(parent: int | str = "self") -> list[int]:
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(pid) for path in tasks for pid in path.read_text().split()]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        assert server.process.stdout is not None
        server.process.stdout.close()


class Page:
    """What a browser's page receives, and what it can send."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.all = ""

    async def until(self, words: str) -> None:
        """Receive until words are drawn."""
        drawn = ""
        while words not in _ESCAPES.sub("", drawn):
            message = await self.socket.receive(GENEROUS)
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), (words, message)
            text = message.data if isinstance(message.data, str) else message.data.decode()
            drawn, self.all = drawn + text, self.all + text

    async def type(self, text: str) -> None:
        await self.socket.send_json(["stdin", text])

    async def closed(self) -> None:
        while (await self.socket.receive(GENEROUS)).type not in (
            aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR
        ):  # fmt: skip
            pass


@contextlib.asynccontextmanager
async def page_of(served: Served, **headers: str) -> AsyncIterator[Page]:
    address = f"{served.address.replace('http', 'ws', 1)}/ws?width=120&height=40"
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, headers=headers, max_msg_size=0) as socket,
    ):
        yield Page(socket)


async def got(served: Served, **headers: str) -> tuple[int, str, Any]:
    async with aiohttp.ClientSession() as session, session.get(served.address, headers=headers) as answer:
        return answer.status, await answer.text(), answer.headers


@SELDOM
async def test_a_page_shows_the_problem_and_nothing_else(served: Served) -> None:
    assert "this problem, its arrays and their gradients, and at nothing else" in served.exposed
    status, text, headers = await got(served)
    assert status == 200
    assert "<title>layer · convstep</title>" in text
    assert f'data-session-websocket-url="{served.address.replace("http", "ws", 1)}/ws"' in text
    # whatever it asks of others is stopped there
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "https:" not in headers["Content-Security-Policy"]

    before = served.files
    async with page_of(served, Origin=served.address) as page:
        await page.until("step 0/1")
        await page.type("n")
        await page.until("step 1/1")
        await page.type("w")
        await page.until("nothing is saved from a browser")
        await page.type("y")
        await page.until("copied: convstep open layer.npz")
        # another look, which in a terminal is kept for the next time
        await page.type("\x10theme")
        await page.until("Change the colours.")
        await page.type("\r")
        await page.until("Search for themes")
        await page.type("nord")
        await page.type("\r")
        # Textual's own commands write files
        await page.type("\x10screenshot")
        await page.until("No matches found")
        await page.type("\x1b")
        # all there is on a keyboard but what leaves, then a prompt's own answer
        keys = {key for command in COMMANDS for key in command.keys} - {"q"}
        for key in some(sorted(keys), 3):
            await page.type(KEYS.get(key, key if len(key) == 1 else ""))
        await page.type("".join(map(chr, some(range(1, 128), 3))).replace("q", "").replace("\x11", ""))
        await page.type("\x1b" * 5)
        await page.type("\x1bv")  # a key that does nothing: the last Escape is no part of what follows
        for strange in (
            {"width": None, "height": 3},
            {"width": "x", "height": []},
            {"width": 1e400, "height": 0},
        ):
            await page.socket.send_json(["resize", strange])
        await page.type("\x1b[<999999999;1;1M\x1b[999999999u")
        await page.socket.send_json(["resize", {"width": 10**12, "height": 24}])
        await page.type("\x10zzzz")
        await page.until("zzzz")
        copied = [base64.b64decode(text).decode() for text in re.findall(r"\x1b\]52;c;([\w+/=]+)", page.all)]
        assert copied
        assert all(str(served.folder) not in text for text in [page.all, *copied])
        (view,) = served.children
    assert waited(lambda: not served.children)
    assert buried(view)
    assert served.files == before
    assert served.end(signal.SIGTERM) == 128 + signal.SIGTERM


async def test_another_sites_page_cannot_ask(served: Served) -> None:
    for host in ("evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "localhost;x"):
        status, text, _ = await got(served, Host=host)
        assert (status, text) == (403, "open this page by the address of the machine, not by a name\n")
    for origin in ("http://evil.example", "null", "https://127.0.0.1:1"):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            async with page_of(served, Origin=origin):
                pass
    assert not served.children


@SELDOM
async def test_who_leaves_closes_his_page_and_a_server_that_dies_leaves_nothing_behind(
    served: Served,
) -> None:
    before = served.files
    async with page_of(served) as page:
        await page.until("step 0/1")
        await page.type("q")
        await page.closed()
    async with page_of(served) as page:
        await page.until("step 0/1")
        pages = served.children
        assert len(pages) == 1
        assert served.end(signal.SIGKILL) == -signal.SIGKILL
    assert waited(lambda: not any(map(runs, pages)))
    assert served.files == before


@pytest.mark.parametrize(
    "nonsense", some(["{", "{}", "[]", '["stdin"]', '["stdin", 3]', '["resize", 3]', "3"], 4)
)
async def test_a_page_that_talks_nonsense_is_closed_and_its_process_ended(
    monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    deaf = "import time; print('__GANGLION__', flush=True); time.sleep(1e6)"
    monkeypatch.setattr(serving, "GRACE", 0.1)
    monkeypatch.setattr(serving, "_command", lambda problem: (sys.executable, "-c", deaf))
    app = await serving.ProblemServer("digit", "digit").application()
    before = set(_children())
    async with TestClient(TestServer(app)) as client, client.ws_connect("/ws") as socket:
        assert await asyncio.to_thread(waited, lambda: set(_children()) > before)
        (view,) = set(_children()) - before
        await socket.send_str(nonsense)
        await Page(socket).closed()
        assert await asyncio.to_thread(waited, lambda: buried(view))


async def test_there_are_only_so_many_pages() -> None:
    served = serving.ProblemServer("digit", "digit")
    served._views = serving.VIEWS
    async with TestClient(TestServer(await served.application())) as client:
        for path in ("/", "/ws"):
            answer = await client.get(path)
            assert (answer.status, await answer.text()) == (
                503,
                "8 pages are open, as many as may be; close one\n",
            )


DEBUG = """
import convstep, sys
from convstep.examples import load
convstep.debug(load("one-window"))
"""


@SELDOM
@pytest.mark.parametrize("arguments", some([("-c", DEBUG), ("-m", "convstep", "learn", "1", "--lang", "en")]))
async def test_textual_serve_starts_whatever_has_a_screen(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own way of starting an app: pipes, and a driver in the environment."""
    for kind in ("STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(entry or os.getcwd() for entry in sys.path))
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    drawn, seen = bytearray(), asyncio.Event()

    async def draw(data: bytes) -> None:
        drawn.extend(data)
        if "step 0/1" in _ESCAPES.sub("", drawn.decode(errors="ignore")):
            seen.set()

    async def ignore(*_: object) -> None:
        pass

    command = f"exec {shlex.join([sys.executable, *arguments])}"
    app = AppService(
        command, write_bytes=draw, write_str=ignore, close=ignore, download_manager=DownloadManager()
    )
    await app.start(120, 40)
    try:
        async with asyncio.timeout(GENEROUS):
            await seen.wait()
    finally:
        await app.stop()
