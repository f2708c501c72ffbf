from __future__ import annotations

import socket
import sys

import pytest

from tests.cli.conftest import Refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digt"], "did you mean 'digit'?"),
        (["missing.npz"], "missing.npz does not exist"),
        (["digit", "--port", "65536"], "'65536' is not a port; write a number from 0 to 65535"),
        (["--port=-1"], "'-1' is not a port"),
        (["--host", "localhost"], "'localhost' is not an address; write one like 127.0.0.1"),
        (["--host="], "'' is not an address"),
        (["--host=192.0.2.1", "--port=0"], "--host 192.0.2.1 is no address of this machine"),
        (["digit", "digit"], "unrecognized arguments: digit"),
    ],
)
def test_what_cannot_be_served_is_refused(refused: Refused, arguments: list[str], words: str) -> None:
    assert words in refused("serve", *arguments)


def test_a_port_that_is_taken_is_said_to_be(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = f"port {port} is taken; choose another --port, or 0 for a free one"
        assert refused("serve", "--port", port) == told


@pytest.mark.parametrize("missing", ["textual_serve.server", "aiohttp"])
def test_without_textual_serve_it_says_how_to_install_it(
    refused: Refused, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "convstep.ui.serving", raising=False)
    monkeypatch.delattr("convstep.ui.serving", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    assert refused("serve") == (
        f"convstep serve needs textual-serve, and {missing} is not installed; "
        "install it: pip install textual-serve"
    )
