"""What a thread beside the screen has found out, told to the screen."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError

from textual.dom import DOMNode


def tell(listener: DOMNode, what: Callable[..., object], *arguments: object) -> bool:
    """Have something done by a screen or an app; called from another thread, returns when it is done.

    A person may leave at any moment, also while this is on its way. The parts of a screen go before
    the screen itself, so whether it is still whole is asked where nothing else happens meanwhile:
    in the thread of the app.

    Args:
        listener: whose parts are needed.
        what: what to do.
        arguments: of that.

    Returns:
        Whether it was done; False if the listener is gone or about to go.
    """

    def told() -> bool:
        # `display` is False from the moment at which a node is given up
        whole = listener.is_running and listener.display
        if whole:
            what(*arguments)
        return whole

    try:
        return listener.app.call_from_thread(told)
    except CancelledError:  # the program ends
        return False
