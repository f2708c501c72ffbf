"""A headless Chromium, driven over its DevTools protocol: keys, pictures, what the page says and asks for."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from tests.waiting import GENEROUS

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)
CODES = {" ": "Space", "ArrowRight": "ArrowRight", "ArrowLeft": "ArrowLeft"}


def chromium() -> str | None:
    """Where it is; None if it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page of it at a time."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._number = 0
        self.requests: list[str] = []
        """Addresses that were asked for since the page was opened, itself left out."""
        self.complaints: list[str] = []
        """What stood on the console, and what was thrown."""

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="convstep-chromium-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [self._program, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(asyncio.wait_for(self._connect(), GENEROUS))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self._session.close())
        self._loop.close()
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

    async def _connect(self) -> None:
        port_file = Path(self._folder.name, "DevToolsActivePort")
        while not (port_file.exists() and port_file.read_text().count("\n")):
            await asyncio.sleep(0.02)
        port = port_file.read_text().splitlines()[0]
        self._session = aiohttp.ClientSession()
        address = f"http://127.0.0.1:{port}/json/list"
        while True:
            async with self._session.get(address) as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            if pages:
                break
            await asyncio.sleep(0.02)
        self._socket = await self._session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self._call(f"{domain}.enable")

    async def _call(self, method: str, until: str = "", **params: Any) -> Any:
        """Call a method and return its result, once an event has come as well if one is named."""
        self._number += 1
        number, result, waits = self._number, None, bool(until)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        answered = False
        while not answered or waits:
            message = json.loads((await self._socket.receive(GENEROUS)).data)
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                answered, result = True, message["result"]
            elif message.get("method") == until:
                waits = False
            else:
                self._hear(message)
        return result

    def _hear(self, message: dict[str, Any]) -> None:
        method, told = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(told["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])

    def call(self, method: str, until: str = "", **params: Any) -> Any:
        """A method of the protocol."""
        return self._loop.run_until_complete(self._call(method, until, **params))

    def open(self, path: Path, size: tuple[int, int] = (1280, 800), *, dark: bool = True) -> None:
        """Open a file at a size, in a colour scheme."""
        self.look(size, dark=dark)
        self.requests.clear()
        self.complaints.clear()
        address = path.as_uri()
        self.call("Page.navigate", "Page.loadEventFired", url=address)
        self.requests = [one for one in self.requests if one != address]

    def look(self, size: tuple[int, int] = (1280, 800), *, dark: bool = True, media: str = "screen") -> None:
        """Look at the page with another screen."""
        width, height = size
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme, still])

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
            params = {"key": key, "code": CODES.get(key, ""), **text}
            self.call("Input.dispatchKeyEvent", type="keyDown", **params)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        """Type into whatever has the keys."""
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click in the middle of an element."""
        x, y = self.ask(
            f"""(() => {{
              const one = document.querySelector({json.dumps(selector)});
              one.scrollIntoView({{ block: "center" }});
              const box = one.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        """What is seen, as PNG; or all of the page."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
