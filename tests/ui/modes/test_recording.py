"""Somebody's own function on the screen: its lines, its arrays, its end."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from convstep.candidate.record.file import load
from convstep.recording.limits import Limits
from convstep.recording.record import record
from convstep.recording.recorder import run
from convstep.recording.recording import Recording
from convstep.replay.stops import LineStop
from convstep.ui.modes.recording import RecordingMode
from convstep.ui.recording_app import run_recording
from convstep.ui.widgets.text_pane import TextPane
from convstep.view.layout.arrange import CARD, SOURCE
from convstep.view.panels.recording import RecordingStage
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened_recording
from tests.view.recorded import Array, odds_and_ends, of, pool_backward

SIZES = ((120, 40), (80, 24), (60, 16), (200, 50))


def line_of(recording: Recording, text: str) -> int:
    """The number of the line that says this in the function."""
    first = recording.log.sites.functions[0].line
    lines = recording.source.lines
    return next(at + 1 for at in range(first - 1, len(lines)) if text in lines[at])


def mode_of(session: Session) -> RecordingMode:
    mode = session.debugger.mode
    assert isinstance(mode, RecordingMode)
    return mode


async def to_panel(session: Session, name: str) -> None:
    """Tab to the panel of an array, with a cursor on its first cell."""
    for _ in range(20):
        panel = session.debugger.panels.focused_panel()
        focused = session.app.focused
        if panel is not None and focused is not None and focused.id == panel.key and panel.face.name == name:
            return
        await session.press("tab")
    raise AssertionError(name)


def place_of(session: Session, line: int) -> tuple[int, int]:
    """Where on the screen a line of the source stands."""
    screen, region = session.app.screen, session.app.screen.query_one("#source").content_region
    places = ((region.x + 12, y) for y in range(region.y, region.bottom))
    return next(place for place in places if screen.get_style_at(*place).meta.get("line") == line)


def doubled(x: Array) -> Array:
    y = np.zeros(3)
    for i in range(5):
        y[i] = x[i] * 2
    return y


def pooled(dout: Array, x: Array) -> Array:
    dx = np.zeros_like(x)
    for i in range(3):
        for j in range(3):
            rows, cols = slice(i, i + 2), slice(j, j + 2)
            mask = x[rows, cols] == np.max(x[rows, cols])
            dx[rows, cols] += mask * dout[i, j]
    return dx


def scaled(x: Array, by: float) -> dict[str, Array]:
    x *= by
    total = x.sum(axis=0)
    return {"total": total}


def scalar(a: int, b: int) -> int:
    return a + b


@SELDOM
async def test_a_line_of_the_source_has_a_cursor_stops_runs_and_values() -> None:
    recording = of(pool_backward)
    line = line_of(recording, "mask = window == np.max(window)")
    runs = [*recording.layout.executing(line)] if recording.layout.executing is not None else []
    assert len(runs) == 36
    async with opened_recording(recording) as session:
        assert isinstance(session.app.focused, TextPane), "the source has the keys first"
        await session.press("n", "n")
        await session.click(*place_of(session, line + 1))
        assert mode_of(session)._line == line + 1, "a click puts the cursor there"
        assert f"line {line + 1}: " in session.text
        while mode_of(session)._line != line:
            await session.press("up")
        assert f"line {line}: mask = window == np.max(window)" in session.text
        await session.press("b")
        assert f"stop 1 set: line {line}" in session.text
        assert list(session.debugger.state.stops) == [LineStop(line)]
        await session.press("c")
        await session.answered()
        assert session.debugger.state.position == 3
        assert f"stop 1: line {line}" in session.text
        await session.press("b", "T")
        await session.answered()
        assert session.debugger.state.position == 2
        for position in (3, 4):
            await session.press("t")
            await session.answered()
            assert session.debugger.state.position == position
        await session.press("i")
        window = recording.scout()
        window.seek(4)
        assert f"line {line} after step 4" in session.text
        assert f"np.max(window) = {window.value_of('np.max(window)')}" in session.text
        assert "window == np.max(window)  2x2 bool" in session.text
        await session.press("i", "home", "T")
        await session.answered()
        assert f"no earlier step executes line {line}" in session.text
        await session.press(*["up"] * 40, "b")
        assert "a stop there is never reached" in session.text, "nobody stops at a def"


async def test_a_cell_of_any_array_is_watched_both_ways_and_says_who_wrote_it() -> None:
    recording = of(pool_backward)
    steps = recording.touching("dx", (0, 0, 0, 2))
    async with opened_recording(recording) as session:
        state = session.debugger.state
        await session.press("n", "n", "V")
        assert "forward above backward is shown in the backward pass of conv2d" in session.text
        await to_panel(session, "dx")
        await session.press("right", "right", "right")
        while session.grid(session.app.focused.id or "").cursor != (0, 2):  # type: ignore[union-attr]
            await session.press("left")
        await session.press("b")
        assert "watch dx[0, 0, 0, 2]" in session.text
        assert steps == [0, 2], "where it is made, and where it is added to"
        for key, position in (("c", 3), ("c", 37), ("C", 3)):
            await session.press(key)
            await session.answered()
            assert state.position == position
        await session.press("i")
        assert "dx[0, 0, 0, 2]: written 2 times, 2 made" in session.text
        assert str(line_of(recording, "] += mask * dout")) in session.text
        await session.press("escape")
        await to_panel(session, "x")
        await session.press("b")
        assert "stops go on cells of dx" in session.text, "x is not written"
        await session.press("t")
        assert "go to a cell of dx" in session.text


@pytest.mark.parametrize("size", [(120, 36), (200, 46), (80, 20)])
def test_neither_source_nor_step_moves_when_a_loop_begins(size: tuple[int, int]) -> None:
    recording = record(pooled, np.ones((3, 3)), np.eye(4))
    mode = RecordingMode(RecordingStage(recording), "pooled", "layers.py:pooled")
    seen, counts = set(), set()
    for position in range(recording.total + 1):
        recording.seek(position)
        mode.state.renew()
        places = mode.plan(*size).places
        seen.add((places[SOURCE], places[CARD]))
        counts.add(len(mode.state.scene.panels))
    assert len(seen) == 1
    assert counts == {2, 4}, "the loop has more panels than what is before it"


@SELDOM
async def test_conditions_speak_of_local_variables_as_they_are() -> None:
    async with opened_recording(of(pool_backward)) as session:
        await session.press("slash")
        await session.type("h == 2 and w == 4")
        await session.press("enter", "c")
        await session.answered()
        event = session.debugger.state.timeline.event
        assert (event.variables["h"], event.variables["w"]) == (2, 4), "not the turns of the loops"
        await session.press("c")
        await session.answered()
        event = session.debugger.state.timeline.event
        assert (event.variables["c"], event.variables["h"], event.variables["w"]) == (1, 2, 4)


@SELDOM
async def test_any_array_is_brought_in_from_the_list_and_taken_out() -> None:
    async with opened_recording(of(odds_and_ends)) as session:
        await session.press("a")
        assert "Arrays of the function" in session.text
        assert "not made yet" in session.text
        names = [info.name for info in mode_of(session).recording.catalogue]
        await session.press(*["down"] * names.index("deep"), "enter")
        assert "deep is shown now" in session.text
        await session.press("escape")
        assert "deep" in {panel.face.name for panel in session.debugger.state.scene.panels}
        assert session.debugger.state.stage.kept_faces(), "a session keeps it"
        await session.press("a", *["down"] * names.index("deep"), "enter")
        assert "deep is not shown any more" in session.text
        await session.press("home", "enter")
        assert "dout is read or written here, so it is always shown" in session.text
        await session.press("escape")
        assert "deep" not in {panel.face.name for panel in session.debugger.state.scene.panels}


async def test_where_it_raised_it_says_so_and_leads_back() -> None:
    recording = record(doubled, np.arange(5.0))
    assert recording.ended is not None
    async with opened_recording(recording) as session:
        await session.press("end", "N")
        panels = session.visible()
        assert {panel.face.name for panel in session.debugger.state.scene.panels} == {"y", "x"}
        await session.press("end")
        assert "it raised here" in session.lines[0]
        assert session.visible() == panels, "what was made until there stays"
        await session.press("n")
        assert "IndexError" in session.text
        assert "scroll" not in session.text, "all of it is seen"
        assert f"line {recording.ended.line}: y[i] = x[i] * 2" in session.text
        await session.press("escape", "N")
        assert "it raised here" not in session.text
        assert session.debugger.state.position == recording.total - 1


async def test_after_the_last_step_it_says_what_was_returned_and_which_arguments_changed() -> None:
    recording = record(scaled, np.ones((2, 3)), 2.0)
    async with opened_recording(recording) as session:
        await session.press("end")
        assert "n says how it ended" in session.text
        await session.press("n")
        assert "['total']  (3,) float64, 4 … 4" in session.text
        assert "it writes into arrays of its caller" in session.text
        line = line_of(recording, "x *= by")
        assert f"step 1, line {line} changes x: x *= by" in session.text
        await session.press("escape", "o")
        assert "it writes into arrays of its caller" in session.text, "o says it anywhere"


async def test_the_command_that_leads_back_has_the_call() -> None:
    async with opened_recording(of(pool_backward), options=["--call", "f(x, 1)"]) as session:
        await session.press("n", "n", "y")
        words = ["convstep", "open", "layers.py:pool_backward", "--call", "f(x, 1)", "--goto", "2"]
        assert shlex.split(session.app.clipboard) == words


async def test_the_call_is_copied_as_code_and_what_is_lost_is_said() -> None:
    async with opened_recording(of(pool_backward), options=["--call", "'{pool_case()}'"]) as session:
        await session.press("Y")
        await session.answered()
        assert "result = '{pool_case()}'\n" in session.app.clipboard  # as it was typed
        assert "from tests.view.recorded import *" in session.app.clipboard
        await session.press("Y")
        await session.answered()
        assert "def test_pool_backward():" in session.app.clipboard
        mode_of(session)._options = []
        await session.press("Y")
        await session.answered()
        assert (
            "cache has a dict of 3, whose content is not recorded; give the call with --call" in session.text
        )


async def test_what_a_script_called_is_in_a_file_once_a_way_back_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with opened_recording(of(pool_backward)) as session:
        mode_of(session).state.command_name = ""
        await session.press("n", "n", "y")
        *words, path, goto, position = shlex.split(session.app.clipboard)
        assert (words, goto, position) == (["convstep", "open"], "--goto", "2")
        assert load(path).total == mode_of(session).recording.total


async def test_a_session_keeps_the_recording_beside_it_and_says_what_was_called(tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    other.write_bytes(b"somebody's")
    async with opened_recording(of(pool_backward), options=["--call", "f(x, 1)"]) as session:
        mode = mode_of(session)
        await session.press("n", "n")
        name = mode.save_beside(tmp_path / "mine.session.json")
        found = session.debugger.asking.session(name)
        assert (found.problem, found.position) == ("mine.session.npz", 2)
        assert shlex.split(found.function) == ["layers.py:pool_backward", "--call", "f(x, 1)"]
        assert load(tmp_path / name).total == mode.recording.total
        assert mode.save_beside(tmp_path / "mine.session.json") == name  # saved again
        with pytest.raises(ValueError, match="is another file; choose another name"):
            mode.save_beside(tmp_path / "other.json")
    assert other.read_bytes() == b"somebody's"


@SELDOM
async def test_a_file_that_is_saved_is_recorded_anew_where_one_stands() -> None:
    recordings: list[Recording | str] = []

    def again() -> Recording | None:
        found = recordings.pop(0) if recordings else None
        if isinstance(found, str):
            raise ValueError(found)
        return found

    async with opened_recording(record(doubled, np.ones(3)), again=again) as session:
        await session.press("n", "n", "n", "k")
        recordings.append(record(doubled, np.full(3, 2.0)))
        await session.until("the file has changed: recorded anew")
        state = session.debugger.state
        assert state.position == 3
        assert state.timeline.arrays["y"].tolist() == [4.0, 4.0, 0.0]
        assert len(state.bookmarks) == 1
        await session.press("n", "N", "N")
        assert state.timeline.position == state.scene.position == 2
        recordings.append("line 3: invalid syntax")
        await session.until("the previous recording stays: line 3: invalid syntax")
        assert state.timeline.position == 2
        recordings.append(record(scalar, 1, 2))
        await session.until("the previous recording stays: no line touches an array now")


@SELDOM
@pytest.mark.parametrize("size", some(SIZES, 2))
async def test_what_comes_and_goes_is_painted_at_any_size(size: tuple[int, int]) -> None:
    async with opened_recording(of(odds_and_ends), size=size) as session:
        for keys in (
            "nnnsS",
            "fFlL",
            ["tab"] * 4,
            "mmzz",
            "vv",
            ["end", "o", "escape", "a", "escape", "home"],
        ):
            await session.press(*keys)
            await session.answered()
            assert session.stale_cells() == []


def test_a_function_without_a_step_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="scalar has no step"):
        run_recording(record(scalar, 1, 2))


def test_a_recording_is_a_stage_for_every_question_of_the_screen() -> None:
    stage = RecordingStage(of(pool_backward))
    assert stage.compared() is None
    assert stage.toggle_share()


async def test_a_recording_that_was_stopped_says_so_when_it_opens() -> None:
    pool = {"height": 2, "width": 2, "stride": 2}
    given = np.ones((2, 2, 3, 3)), (np.ones((2, 2, 6, 6)), pool)
    done = run(pool_backward, given, limits=Limits(turns=9))
    stopped = Recording(done.log, done.source.text, done.name, done.result)
    async with opened_recording(stopped) as session:
        assert "it was stopped after 9 turns of its loops" in session.text
        await session.press("n")
        assert "it was stopped" not in session.text
