"""Whether a browser shows this program: an app that textual-serve has started writes to Textual's web driver.

Who looks at it is not who started it. So in a browser nothing is written on this machine, and no path
of it is told. Loads nothing but `os`: the command line asks before anything else is loaded.
"""

from __future__ import annotations

import os

DRIVER = "TEXTUAL_DRIVER"
"""The variable in which textual-serve names the driver; what an app itself starts must not inherit it."""


def in_browser() -> bool:
    """Whether the app draws in a browser; its standard streams are then pipes, but somebody looks at it."""
    return os.environ.get(DRIVER, "").startswith("textual.drivers.web_driver:")
