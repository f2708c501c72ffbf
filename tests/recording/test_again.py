"""A function that was changed and recorded anew is looked at where one stood."""

from __future__ import annotations

import linecache
from typing import Any

import numpy as np

from convstep.recording.again import place_again
from convstep.recording.record import record
from convstep.recording.recording import Recording

LOOP = """
def summed(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(x.shape[1]):
            out[i] += x[i, j]
    return out
"""


def recorded(text: str, *arguments: Any, name: str = "summed") -> Recording:
    path = f"<again {abs(hash(text))}>"
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    namespace: dict[str, Any] = {"np": np}
    exec(compile(text, path, "exec"), namespace)
    return record(namespace[name], *arguments)


def test_the_same_turns_of_the_loops_are_found_though_lines_have_moved() -> None:
    old = recorded(LOOP, np.ones((3, 4)))
    text = LOOP.replace("    out =", "    # what comes of it\n    scale = 2.0\n    out =").replace(
        "x[i, j]", "scale * x[i, j]"
    )
    new = recorded(text, np.ones((3, 4)))
    for position in range(old.total + 1):
        old.seek(position)
        turns = [loop.at for loop in old.event.loops]
        new.seek(place_again(old, new))
        if 0 < position < old.total:
            assert [loop.at for loop in new.event.loops] == turns
            assert new.event.line == old.event.line + 2
        assert old.position == position


def test_where_there_are_fewer_turns_the_nearest_is_taken() -> None:
    old, new = (
        recorded(LOOP, np.ones((5, 4))),
        recorded(LOOP.replace("range(len(x))", "range(2)"), np.ones((5, 4))),
    )
    old.seek(old.total - 2)
    assert place_again(old, new) == new.total  # the last of its turns at that line


def test_a_line_that_is_gone_is_the_nearest_one_and_the_ends_stay_ends() -> None:
    text = "def summed(x):\n    y = x + 1\n    z = y * 2\n    w = z - 3\n    return w\n"
    old, new = (
        recorded(text, np.ones(3)),
        recorded(text.replace("    z = y * 2\n", "").replace("z - 3", "y - 3"), np.ones(3)),
    )
    old.seek(2)
    assert old.event.line == 3
    new.seek(place_again(old, new))
    assert place_again(old, new) == 2
    old.seek(0)
    assert place_again(old, new) == 0
    old.seek(old.total)
    assert place_again(old, new) == new.total


def test_a_function_without_steps_has_one_place() -> None:
    old = recorded(LOOP, np.ones((3, 4)))
    new = recorded("def summed(x):\n    return None\n", np.ones((3, 4)))
    old.seek(5)
    assert place_again(old, new) == new.total == 0
