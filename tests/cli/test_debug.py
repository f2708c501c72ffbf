from __future__ import annotations

import pytest

from tests.cli.conftest import RIGHT, Refused, Write
from tests.strategies import SELDOM


def test_debug_without_a_terminal_names_the_command_that_needs_none(refused: Refused, write: Write) -> None:
    write("my homework.py", RIGHT)
    assert refused("debug", "my homework.py:conv2d_mine") == (
        "convstep debug needs a terminal; `convstep check 'my homework.py:conv2d_mine'` works without one"
    )
    assert refused("debug", "nowhere.py:f") == "there is no file nowhere.py; check the name and the folder"
    said = refused("debug", "my homework.py:conv2d_mine", "nowhere.npz")
    assert said == "nowhere.npz does not exist; check the path"


@SELDOM
def test_debug_of_another_operator_names_the_commands_for_that(
    refused: Refused, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("pool.py", "def max_pool_backward(dout, cache):\n    x, size, stride = cache\n    return 0 * x\n")
    monkeypatch.setattr("convstep.cli.commands.debug.lacking", lambda: "")
    assert refused("debug", "pool.py:max_pool_backward") == (
        "convstep debug is for the backward of a conv2d, and max_pool_backward is not called like one; "
        "`convstep check pool.py:max_pool_backward` says whether it is right, "
        "`convstep open pool.py:max_pool_backward` steps it"
    )
