from __future__ import annotations

import json
import re
from typing import NamedTuple

from rich.cells import cell_len

from convstep.export.formats import cast
from convstep.export.frame import Frame, cells


class Cell(NamedTuple):
    text: str
    style: tuple[int, ...]


TOKEN = re.compile(r"\x1b\[(\?)?([\d;]*)([A-Za-z])|([^\x1b]+)")


class Replay:
    """As much of a terminal as a cast may use: it refuses everything else."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.cells: dict[tuple[int, int], Cell] = {}
        self.line = self.column = 0
        self.style: tuple[int, ...] = ()

    def write(self, sent: str) -> None:
        assert sum(len(token[0]) for token in TOKEN.finditer(sent)) == len(sent)
        for token in TOKEN.finditer(sent):
            private, numbers, command, text = token.groups()
            if text:
                self._put(text)
            elif private:
                assert (numbers, command) in {(mode, onoff) for mode in ("7", "25") for onoff in "hl"}
            elif command == "H":
                row, _, column = numbers.partition(";")
                self.line, self.column = int(row) - 1, int(column) - 1
            elif command == "J":
                self.cells.clear()
            else:
                assert command == "m"
                self.style = tuple(map(int, numbers.split(";")))

    def _put(self, text: str) -> None:
        assert text.isprintable()
        for character, width in cells(text):
            assert self.column + width <= self.columns
            assert self.line < self.lines
            self.cells[self.line, self.column] = Cell(character, self.style)
            if width == 2:
                self.cells[self.line, self.column + 1] = Cell("", self.style)
            self.column += width

    def text(self) -> list[str]:
        return [
            "".join(self.cells[line, column].text for column in range(self.columns)).rstrip()
            for line in range(self.lines)
        ]


def styles(frame: Frame) -> list[tuple[int, ...]]:
    """The style of every cell as SGR parameters."""
    expected = []
    for row in frame.rows:
        for run in row:
            look = run.look
            flags = [1] * look.bold + [3] * look.italic + [4] * look.underline + [9] * look.strike
            style = (0, *flags, 38, 2, *look.foreground, 48, 2, *look.background)
            expected += [style] * cell_len(run.text)
    return expected


def test_a_cast_replays_to_the_frames(walk: list[Frame], chinese: Frame) -> None:
    for frames in (walk, [chinese]):
        header, *events = map(json.loads, cast(frames).splitlines())
        assert header == {
            "version": 2,
            "width": frames[0].size[0],
            "height": frames[0].size[1],
            "title": frames[0].title,
        }
        terminal = Replay(header["width"], header["height"])
        now = 0.0
        for frame, (at, kind, sent) in zip(frames, events, strict=False):
            assert (at, kind) == (now, "o")
            terminal.write(sent)
            assert terminal.text() == frame.lines
            assert [terminal.cells[place].style for place in sorted(terminal.cells)] == styles(frame)
            now += frame.seconds
        assert len(events) == len(frames) + 1
        assert events[-1][0] == now  # the last one stands as long as it should
        terminal.write(events[-1][2])
        assert terminal.text() == frames[-1].lines


def test_after_the_first_frame_only_changed_rows_are_sent(walk: list[Frame]) -> None:
    _, first, second, *_ = cast(walk).splitlines()
    assert first.count("H") > second.count("H")
    changed = sum(one != other for one, other in zip(walk[0].rows, walk[1].rows, strict=True))
    assert len(re.findall(r"\x1b\[\d+;1H", json.loads(second)[2])) == changed


def test_the_same_frames_give_the_same_bytes(walk: list[Frame]) -> None:
    assert cast(walk) == cast(walk)
    assert "timestamp" not in cast(walk)
