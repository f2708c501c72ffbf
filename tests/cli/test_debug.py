from __future__ import annotations

from tests.cli.conftest import RIGHT, Refused, Write


def test_debug_without_a_terminal_names_the_command_that_needs_none(refused: Refused, write: Write) -> None:
    write("my homework.py", RIGHT)
    assert refused("debug", "my homework.py:conv2d_mine") == (
        "convstep debug needs a terminal; `convstep check 'my homework.py:conv2d_mine'` works without one"
    )
    assert refused("debug", "nowhere.py:f") == "there is no file nowhere.py; check the name and the folder"
    said = refused("debug", "my homework.py:conv2d_mine", "nowhere.npz")
    assert said == "nowhere.npz does not exist; check the path"
