"""`convstep serve`: a problem in the browser, on the command line."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import re
from typing import TYPE_CHECKING

from convstep.cli import UsageError
from convstep.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = "127.0.0.1"
"""The address at which nobody but this machine can ask."""
PORT = 8000


def serve(given: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Serve a problem until somebody ends it.

    Args:
        given: the command line.
        say: says to the person who serves where to look, and what others can see.

    Returns:
        The number of the signal that ended it.

    Raises:
        UsageError: textual-serve is missing, or the address cannot be listened at.
        ProblemError: there is no such problem.
    """
    from convstep.cli_problems import load_session

    session, _ = load_session(given.problem)
    try:
        from convstep.ui import serving
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "convstep":
            raise
        raise UsageError(
            f"convstep serve needs textual-serve, and {error.name} is not installed; "
            "install it: pip install textual-serve"
        ) from error
    from convstep.ui.app import problem_title

    try:
        listener = serving.listening(given.host, given.port)
    except OSError as error:
        raise UsageError(_refused(given, error)) from error
    number = listener.getsockname()[1]
    title = problem_title(session.problem)

    def ready() -> None:
        host = f"[{given.host}]" if ":" in given.host else given.host
        say(
            f"http://{host}:{number} shows {printable(title)} in a browser; Ctrl+C ends it\n"
            f"{_exposed(given.host)}"
        )

    with listener:
        return serving.serve(given.problem, title, listener, ready)


def _exposed(host: str) -> str:
    here = ipaddress.ip_address(host).is_loopback
    who = "whoever has an account on this machine" if here else "whoever reaches this machine"
    return (
        f"{who} can look at this problem, its arrays and their gradients, and at nothing else: "
        "no other file, nobody's code; nothing is saved"
    )


def _refused(given: argparse.Namespace, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {given.port} is taken; choose another --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {given.port} may not be used; choose a --port of 1024 or more, or 0 for a free one"
    reason = error.strerror or error
    return f"--host {given.host} is no address of this machine ({reason}); leave it out for {HERE}"


def port(text: str) -> int:
    """`8000` -> 8000; 0 is for a free one."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a port; write a number from 0 to 65535")
    return int(text)


def address(text: str) -> str:
    """`127.0.0.1` -> `127.0.0.1`: an address of this machine, and no name, which may point anywhere."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{printable(text)!r} is not an address; write one like {HERE}, or 0.0.0.0 for all there are"
        ) from None
