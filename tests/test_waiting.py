"""The line that stands until there is a screen: seen at once, wiped without a trace."""

from __future__ import annotations

import io
import os
import termios
from collections.abc import Iterator

import pytest

from convstep import waiting


class Line(io.StringIO):
    """What is written to a terminal of 20 columns."""

    def __init__(self) -> None:
        super().__init__()
        self._master, self._slave = os.openpty()
        termios.tcsetwinsize(self._slave, (5, 20))

    def fileno(self) -> int:
        return self._slave

    def taken(self) -> str:
        """What was written since this was last asked."""
        written = self.getvalue()
        self.seek(0)
        self.truncate()
        return written

    def close(self) -> None:
        super().close()
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("TERM", "xterm")
    opened = Line()
    yield opened
    waiting.wipe()
    opened.close()


def test_words_are_seen_at_once_and_wiped_once_back_to_where_the_cursor_was(line: Line) -> None:
    waiting.say("loading it …", line)
    assert line.taken() == "\x1b7loading it …"
    assert waiting.wipe() == "loading it …"
    assert line.taken() == "\x1b8\x1b[J"
    assert (waiting.wipe(), line.taken()) == ("", "")


def test_new_words_take_the_place_of_the_old_ones(line: Line) -> None:
    waiting.say("one", line)
    waiting.say("two", line)
    assert line.taken() == "\x1b7one\x1b8\x1b[J\x1b7two"


def test_a_long_name_stays_in_its_line_and_a_strange_one_sends_no_codes(line: Line) -> None:
    waiting.say("loading \x1b[2J\n" + "x" * 50, line)
    assert line.taken() == "\x1b7loading \\x1b[2J\\nxx"


def test_nothing_is_written_where_nobody_looks(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        waiting.say("loading it …", pipe)
        assert waiting.wipe() == ""
    assert os.read(reading, 10) == b""
    os.close(reading)
    waiting.say("loading it …", None)
    monkeypatch.setenv("TERM", "dumb")
    waiting.say("loading it …", line)
    assert (waiting.wipe(), line.taken()) == ("", "")
