"""What a thread beside the screen has found out, or a clock, told to the screen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import Any

from textual.dom import DOMNode
from textual.timer import Timer
from textual.types import NoActiveAppError
from textual.worker import Worker


def tell(
    listener: DOMNode, what: Callable[..., object], *arguments: object, of: Worker[Any] | None = None
) -> bool:
    """Have something done by a screen or an app; called from another thread, returns when it is done.

    A person may leave at any moment, also while this is on its way. The parts of a screen go before the
    screen itself, so whether it is still whole is asked where nothing else happens meanwhile: in the thread
    of the app. So is whether anybody still wants to know: not if the worker `of` whom it is news was
    cancelled. False if it was not done.
    """

    def told() -> bool:
        # `display` is False from the moment at which a node is given up
        whole = listener.is_running and listener.display and not listener.app._exit
        wanted = whole and (of is None or not of.is_cancelled)
        if wanted:
            what(*arguments)
        return wanted

    try:
        return listener.app.call_from_thread(told)
    except (CancelledError, NoActiveAppError):  # the program ends, or the listener was taken off the screen
        return False


def tell_after(listener: DOMNode, seconds: float, what: Callable[[], object]) -> Timer:
    """Have something done once after a while, by a screen or an app that is still there then."""
    timer = listener.set_timer(seconds, what)
    timer._skip = False  # else it never rings where a busy machine is late by the whole while
    return timer
