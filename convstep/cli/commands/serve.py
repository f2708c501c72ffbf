"""`convstep serve`: a problem in the browser."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import re

from convstep.cli.arguments import option, positional
from convstep.cli.console import UsageError, say
from convstep.examples import DEFAULT
from convstep.frozen import frozen
from convstep.printable import printable

HERE = "127.0.0.1"
"""The address at which nobody but this machine can ask."""
PORT = 8000


def _port(text: str) -> int:
    """`8000` -> 8000; 0 is for a free one."""
    if not re.fullmatch("[0-9]{1,5}", text) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{printable(text)!r} is not a port; write a number from 0 to 65535")
    return int(text)


def _address(text: str) -> str:
    """`127.0.0.1` -> `127.0.0.1`: an address of this machine, and no name, which may point anywhere."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{printable(text)!r} is not an address; write one like {HERE}, or 0.0.0.0 for all there are"
        ) from None


@frozen()
class Options:
    """What `convstep serve` is asked."""

    problem: str = positional("PROBLEM", "by default the bundled digit", nargs="?", default=DEFAULT)
    port: int = option("N", f"default {PORT}; 0 takes a free one", type=_port, default=PORT)
    host: str = option(
        "ADDRESS",
        f"default {HERE}: only this machine can ask; 0.0.0.0 is for whoever reaches it",
        type=_address,
        default=HERE,
    )


def run(options: Options) -> int:
    """Serve a problem until somebody ends it; 128 and the number of the signal."""
    from convstep.cli.problems import load_session

    session, _ = load_session(options.problem)
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
        listener = serving.listening(options.host, options.port)
    except OSError as error:
        raise UsageError(_refused(options, error)) from error
    number = listener.getsockname()[1]
    title = problem_title(session.problem)

    def ready() -> None:
        host = f"[{options.host}]" if ":" in options.host else options.host
        say(
            f"http://{host}:{number} shows {printable(title)} in a browser; Ctrl+C ends it\n"
            f"{_exposed(options.host)}"
        )
        say()  # it may be read by a program that waits for it

    with listener:
        return 128 + serving.serve(options.problem, title, listener, ready)


def _exposed(host: str) -> str:
    here = ipaddress.ip_address(host).is_loopback
    who = "whoever has an account on this machine" if here else "whoever reaches this machine"
    return (
        f"{who} can look at this problem, its arrays and their gradients, and at nothing else: "
        "no other file, nobody's code; nothing is saved"
    )


def _refused(options: Options, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} is taken; choose another --port, or 0 for a free one"
    if error.errno == errno.EACCES:
        return f"port {options.port} may not be used; choose a --port of 1024 or more, or 0 for a free one"
    reason = error.strerror or error
    return f"--host {options.host} is no address of this machine ({reason}); leave it out for {HERE}"
