"""The line that stands until there is a screen: seen at once, wiped without a trace."""

from __future__ import annotations

import os
import termios
from collections.abc import Iterator
from typing import TextIO

import pytest

from convstep import waiting


class Line:
    """A terminal of 20 columns, and what was written to it."""

    def __init__(self) -> None:
        self._master, slave = os.openpty()
        termios.tcsetwinsize(slave, (5, 20))
        self.stream: TextIO = os.fdopen(slave, "w", encoding="utf-8")

    @property
    def written(self) -> str:
        os.set_blocking(self._master, False)
        try:
            return os.read(self._master, 1 << 12).decode()
        except BlockingIOError:
            return ""

    def close(self) -> None:
        self.stream.close()
        os.close(self._master)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setenv("TERM", "xterm")
    opened = Line()
    yield opened
    waiting.wipe()
    opened.close()


def test_words_are_seen_at_once_and_wiped_once_back_to_where_the_cursor_was(line: Line) -> None:
    waiting.say("loading it …", line.stream)
    assert line.written == "\x1b7loading it …"
    assert waiting.wipe() == "loading it …"
    assert line.written == "\x1b8\x1b[J"
    assert (waiting.wipe(), line.written) == ("", "")


def test_new_words_take_the_place_of_the_old_ones(line: Line) -> None:
    waiting.say("one", line.stream)
    waiting.say("two", line.stream)
    assert line.written == "\x1b7one\x1b8\x1b[J\x1b7two"


def test_a_long_name_stays_in_its_line_and_a_strange_one_sends_no_codes(line: Line) -> None:
    waiting.say("loading \x1b[2J\n" + "x" * 50, line.stream)
    assert line.written == "\x1b7loading [2Jxxxxxxxx"


def test_nothing_is_written_where_nobody_looks(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        waiting.say("loading it …", pipe)
        assert waiting.wipe() == ""
    assert os.read(reading, 10) == b""
    os.close(reading)
    waiting.say("loading it …", None)
    monkeypatch.setenv("TERM", "dumb")
    waiting.say("loading it …", line.stream)
    assert (waiting.wipe(), line.written) == ("", "")
