"""The browser's driver: Textual's, confined to what a terminal could do, and gone when its server is."""

from __future__ import annotations

import signal
from typing import Any, cast

from textual.app import App
from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver

from convstep.ui.terminal import Keys, Leaving
from convstep.view.layout.arrange import MOST


class BrowserDriver(WebDriver):
    """Takes whatever a browser sends; without a server it leaves."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        """Draw in the browser whose server started this process."""
        super().__init__(app, **options)
        if self._size is not None:
            self._size = _shown(*self._size)

    def run_input_thread(self) -> None:
        """Read what the server passes on, until the app leaves or the server is gone."""
        keys, packets = Keys(self._debug), ByteStream()
        for data in self._input_reader:  # ends with the server's pipe
            typed = b""
            for kind, payload in packets.feed(data) if data else ():
                if kind == "D":
                    typed += payload
                else:
                    self._on_meta(kind, payload)
            for message in keys.typed(typed):
                self.process_message(message)
        if not self.exit_event.is_set():
            app = cast(Leaving, self._app)
            app.terminal_gone = True
            self._loop.call_soon_threadsafe(app.leave_for, int(signal.SIGHUP))

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """As Textual does it, but a screen has a size that can be drawn."""
        if packet_type == "resize":
            try:
                size = _shown(int(cast(int, payload["width"])), int(cast(int, payload["height"])))
            except (TypeError, ValueError, OverflowError, KeyError):
                return
            payload = dict(zip(("width", "height"), size, strict=True))
        super().on_meta(packet_type, payload)


def _shown(width: int, height: int) -> tuple[int, int]:
    """Columns and rows of a screen, within what the largest one has."""
    return min(max(width, 1), MOST[0]), min(max(height, 1), MOST[1])
