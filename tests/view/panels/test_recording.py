"""The scenes of recorded functions, held against the arrays themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from convstep.recording.record import record
from convstep.recording.recorder import RecordingError
from convstep.recording.recording import Recording
from convstep.replay.stop_kinds import LineStop, Watchpoint
from convstep.view.grid.panel import READS, WRITES, Cell, Panel, Span
from convstep.view.grid.places import Rect
from convstep.view.layout.recording import arrange_recording
from convstep.view.panels.recorded import words_of
from convstep.view.panels.recording import RecordingStage
from convstep.view.scene.card import draw_card
from convstep.view.scene.scene import Scene
from convstep.view.scene.source import draw_source
from convstep.view.scene.trace import event_record, event_text
from tests.recording.test_corpus import CASES, cases_of
from tests.strategies import SELDOM, some
from tests.view.recorded import FUNCTIONS, Array, pool_backward, recorded

NAMES = [one.__name__ for one in FUNCTIONS]


def staged(name: str, position: int = 0) -> RecordingStage:
    run = recorded(name).scout()
    run.seek(position)
    return RecordingStage(run)


def walk(name: str) -> Iterator[tuple[RecordingStage, Scene, Scene]]:
    """Every step of a run: the stage, the scene before and the one after it."""
    stage = staged(name)
    before = stage.scene()
    while stage.recording.next() is not None:
        after = stage.scene()
        yield stage, before, after
        before = after


def cells(panel: Panel, span: Span | None) -> set[tuple[int, ...]]:
    """The cells of the array that a span marks."""
    rows, columns = panel.face.shape
    return {
        panel.face.index(*cell)
        for cell in np.ndindex(rows, columns)
        if span is not None and cell in span
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_is_marked_is_what_the_step_writes(name: str) -> None:
    stage = staged(name)
    run = stage.recording
    held = {array: np.array(values) for array, values in run.arrays.items()}
    while run.next() is not None:
        scene, event = stage.scene(), run.event
        for panel in scene.panels:
            array = run.arrays.get(panel.face.name)
            if array is None or panel.note:
                continue
            written = np.zeros(array.shape, bool)
            for write in event.writes:
                if write.array == panel.face.name:
                    written[write.region] |= True if write.cells is None else write.cells
            on_face = {index for index in map(tuple, np.argwhere(written).tolist()) if panel.face.find(index)}
            assert cells(panel, panel.changed) == on_face, (panel.face.label, event.line)
            before = held.get(panel.face.name)
            if before is not None and before.shape == array.shape and event.writes:
                differing = set(map(tuple, np.argwhere((before != array) & (before == before)).tolist()))
                assert {index for index in differing if panel.face.find(index)} <= on_face
        held = {array: np.array(values) for array, values in run.arrays.items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_step_shows_what_it_reads_and_writes(name: str) -> None:
    for stage, _, scene in walk(name):
        shown = {panel.face.name for panel in scene.panels}
        assert {access.array for access in stage.recording.event.accesses} <= shown
        for panel in scene.panels:
            assert len(panel.face.shape) == 2
            assert (
                1 <= panel.choices[0] == max(np.prod(panel.face.lengths) // panel.face.values.size, 1)
                or panel.note
            )
        for addition in scene.additions:
            array = stage.recording.arrays[addition.cells.name]
            for (row, at), (column, along) in (
                ((r, at), (c, along))
                for r, at in enumerate(addition.span.rows)
                for c, along in enumerate(addition.span.columns)
            ):
                if addition is scene.additions[-1]:
                    assert np.array_equal(
                        addition.after[row, column], array[addition.cells.index(at, along)], equal_nan=True
                    )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_jumps_within_a_nest(name: str) -> None:
    for stage, old, new in walk(name):
        loops = [(loop.line, loop.name) for loop in stage.recording.event.loops]
        if not loops or loops != [(loop.line, loop.name) for loop in old.event.loops]:
            continue
        assert [panel.key for panel in new.panels] == [panel.key for panel in old.panels]
        for before, after in zip(old.panels, new.panels, strict=True):
            seen = [[held is None for held in panel.face.fixed] for panel in (before, after)]
            assert seen[0] == seen[1], after.face.label


def test_a_face_is_what_the_step_s_cells_extend_along_and_the_rest_follows_the_loop() -> None:
    stage = staged("pool_backward")
    run = stage.recording
    run.seek(run.total)
    scene = stage.scene()
    labels = {panel.face.name: panel.face.label for panel in scene.panels}
    assert labels == {"dx": "dx[1, 1]", "mask": "mask", "x": "x[1, 1]", "dout": "dout[1, 1]"}
    dx, dout = (next(p for p in scene.panels if p.face.name == name) for name in ("dx", "dout"))
    assert dx.window == dx.changed == Span(range(4, 6), range(4, 6))
    assert dout.now == Cell(2, 2)
    assert [panel.running for panel in scene.panels] == [True, True, False, False]
    assert [(panel.use, panel.word) for panel in (dx, dout)] == [(WRITES, ""), (READS, "")]
    assert scene.place == "n 1/2, c 1/2, h = 4 (turn 2/3), w = 4 (turn 2/3)"


def test_channels_last_are_seen_by_rows_and_columns_though_the_function_returns_all_of_it() -> None:
    def pool_backward(dA: Array, A_prev: Array) -> Array:
        dA_prev = np.zeros(A_prev.shape)
        for i in range(len(dA)):
            a_prev = A_prev[i]
            for h in range(2):
                for w in range(2):
                    for c in range(2):
                        part = a_prev[h : h + 3, w : w + 3, c]
                        dA_prev[i, h : h + 3, w : w + 3, c] += (part == part.max()) * dA[i, h, w, c]
        return dA_prev

    stage = RecordingStage(record(pool_backward, np.ones((1, 2, 2, 2)), np.arange(40.0).reshape(1, 4, 5, 2)))
    stage.recording.seek(3)
    labels = [panel.face.label for panel in stage.scene().panels]
    assert "dA_prev[0, :, :, 1]" in labels
    assert "A_prev[0, :, :, 1]" in labels
    assert "dA[0, :, :, 1]" in labels


def test_what_is_filled_cell_by_cell_is_seen_like_the_array_that_windows_move_over() -> None:
    def backprop(d_out: Array, image: Array) -> Array:
        d_input = np.zeros(image.shape)
        for i in range(2):
            for j in range(2):
                region = image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
                for row in range(2):
                    for column in range(2):
                        for k in range(2):
                            if region[row, column, k] == region[..., k].max():
                                d_input[2 * i + row, 2 * j + column, k] = d_out[i, j, k]
        return d_input

    stage = RecordingStage(record(backprop, np.ones((2, 2, 2)), np.arange(50.0).reshape(5, 5, 2)))
    stage.recording.seek(9)
    labels = [panel.face.label for panel in stage.scene().panels]
    assert any(label.startswith("d_input[:, :, ") for label in labels), labels
    assert any(label.startswith("image[:, :, ") for label in labels), labels


def test_an_array_of_a_single_picture_is_said_with_its_shape() -> None:
    def started(cache: tuple[Array, Array]) -> Array:
        (x, _b) = cache
        return np.zeros((1, *x.shape[1:]))

    stage = RecordingStage(record(started, (np.ones((1, 3, 1, 2)), np.ones((1, 1)))))
    run = stage.recording
    said = list[str]()
    while run.next() is not None:
        words = words_of(run.event, [""] * len(run.event.statements))
        said += [*stage.scene().remarks, *(word.remark for word in words.values())]
    assert "new: return 1x3x1x2" in said
    assert not any("[0]" in remark for remark in said)


def test_a_chosen_face_stays_until_the_loop_is_followed_again() -> None:
    stage = staged("pool_backward", 5)
    panel = stage.scene().panels[0]
    stage.turn(panel, -1)
    assert stage.scene().panels[0].face.label == "dx[1, 1]"
    stage.recording.next()
    assert stage.scene().panels[0].face.label == "dx[1, 1]"
    assert not stage.follows
    assert stage.kept_faces() == {"dx": 3}
    stage.follow()
    assert stage.scene().panels[0].face.label == "dx[0, 0]"
    stage.turn_to("x", (1, 0, 2, 2))
    assert [p.face.label for p in stage.scene().panels if p.face.name == "x"] == ["x[1, 0]"]


def test_any_array_can_be_brought_in_and_taken_out() -> None:
    stage = staged("norm_backward", 1)
    first = [panel.face.name for panel in stage.scene().panels]
    absent = next(info.name for info in stage.recording.catalogue if info.name not in first)
    assert stage.toggle_array(absent)
    panels = stage.scene().panels
    assert [panel.face.name for panel in panels] == [*first, absent]
    assert panels[-1].note.startswith("not there yet: line ")
    assert not stage.toggle_array(absent)
    assert [panel.face.name for panel in stage.scene().panels] == first


def test_arrays_of_any_kind_have_a_panel() -> None:
    stage = staged("odds_and_ends")
    found: dict[str, Panel] = {}
    notes: dict[str, str] = {}
    for info in stage.recording.catalogue:
        stage.toggle_array(info.name)
    while stage.recording.next() is not None:
        for panel in stage.scene().panels:
            found[panel.face.name] = panel
            if panel.note:
                notes.setdefault(panel.face.name, panel.note)
                notes[panel.face.name] = panel.note
    assert found["total"].face.shape == (1, 1)
    assert found["total"].face.cell(0, 0) == "total"
    assert notes["none"] == "empty: 0x3"
    assert found["count"].listed
    assert found["seen"].whole
    assert found["deep"].face.lengths == (2, 2, 1, 3, 2, 2)
    assert sum(held is None for held in found["deep"].face.fixed) == 2


def test_a_view_places_its_window_in_the_array_that_owns_it() -> None:
    stage = staged("odds_and_ends", 13)
    scene = stage.scene()
    padded = next(panel for panel in scene.panels if panel.face.name == "padded")
    assert padded.window == Span(range(1, 3), range(2))  # `patch`, in a function that is called
    assert padded.framed
    pool = staged("pool_backward", 20).scene()
    assert [panel.window for panel in pool.panels if panel.face.name == "x"] == [Span(range(2), range(2))]


def test_the_source_is_that_of_the_function_that_runs() -> None:
    run = recorded("pool_backward").scout()
    run.seek(5)
    lines = RecordingStage(run).scene().source
    assert lines[0].code.startswith("def pool_backward(")
    assert lines[-1].code == "return dx"
    assert [line.loop for line in lines if line.loop] == ["0/2", "0/2", "1/3", "0/3"]


def test_an_alias_and_a_view_are_said_on_the_card() -> None:
    said = [remark for _, _, scene in walk("odds_and_ends") for remark in scene.remarks]
    assert "grad is now dout" in said
    assert any(remark.startswith("inner is now padded[:, 1:5") for remark in said)


def test_the_place_of_an_exception_is_the_last_one() -> None:
    stage = staged("odds_and_ends")
    run = stage.recording
    assert run.ended is not None
    run.seek(run.total)
    scene = stage.scene()
    current = next(line for line in scene.source if line.current)
    assert current.code == "missing: Array = inner[len(none) + 7]"
    assert scene.remarks[0] == run.ended.sentence
    assert run.ended.sentence in stage.standing()
    run.back()
    assert run.ended.sentence not in stage.scene().remarks


def test_statements_have_the_numbers_that_they_were_run_with() -> None:
    stage = staged("pool_backward")
    while stage.recording.next() is not None:
        scene, event = stage.scene(), stage.recording.event
        write = event.writes[-1]
        if write.array != "dx" or write.kind != "adds":
            continue
        target, _, value = scene.additions[-1].words.statement.partition(" += ")
        rows = ", ".join(f"{p.start}:{p.stop}" if isinstance(p, slice) else str(p) for p in write.region)
        assert target == f"dx[{rows}]"
        (read,) = (read for read in event.reads if read.array == "dout")
        assert value == f"mask * dout[{', '.join(map(str, read.region))}]"
        assert scene.additions[-1].words.reads[0].startswith(f"dout[{', '.join(map(str, read.region))}] = ")


def test_half_steps_mark_what_is_made_and_where_it_stands() -> None:
    stage = staged("odds_and_ends", 6)
    run = stage.recording
    assert run.next_write()
    scene = stage.scene()
    assert (scene.made, len(scene.additions)) == (1, 2)
    assert [line.code for line in scene.source if line.done] == ["count[k] += int(seen.sum())"]
    count, total = (next(p for p in scene.panels if p.face.name == name) for name in ("count", "total"))
    assert count.changed == Span.single((1, 0))
    assert total.changed is None
    assert total.now == Cell(0, 0)
    assert scene.additions[1].words.statement == "total += x[1, 1]"
    assert scene.additions[1].words.reads == (f"x[1, 1] = {run.arrays['x'][1, 1]:.6g}",)


def test_stops_and_the_cursor_stand_on_their_lines_and_cells() -> None:
    stage = staged("pool_backward", 9)
    scene = stage.scene()
    line = next(line.number for line in scene.source if line.code.startswith("mask ="))
    stage.stops.toggle(LineStop(line))
    stage.stops.toggle(Watchpoint("dx", (0, 0, 0, 1)))
    stage.cursor = line + 1
    scene = stage.scene()
    assert [own.number for own in scene.source if own.stop] == [line]
    assert [own.number for own in scene.source if own.cursor] == [line + 1]
    panel = scene.panels[0]
    cell = panel.face.find((0, 0, 0, 1))
    assert panel.stops == {cell}
    assert cell is not None
    assert stage.stop_at(panel, Cell(*cell)) == Watchpoint("dx", (0, 0, 0, 1))


def test_a_cell_says_which_statements_wrote_it() -> None:
    stage = staged("embed_backward", 4)
    panel = stage.scene().panels[0]
    rows = [row for row in range(6) if len(stage.recording.writers("dW", (row, 0))) > 1]
    table = stage.made_by(panel, Cell(rows[0], 0))
    assert table is not None
    assert len(table) > 1
    table.fit(90)
    assert "np.add.at(dW, ids[:, t], dout[:, t])" in table.row(1).plain
    assert table.step(0) < table.step(1)


def test_loops_end_and_begin_where_they_do() -> None:
    run: Recording = recorded("pool_backward").scout()
    stage = RecordingStage(run)
    run.seek(1)  # before the first turn
    assert stage.loop_end(0) == 4
    assert stage.loop_end(1) == 10
    run.seek(8)
    assert stage.loop_start(0) == 7
    assert stage.loop_start(1) == 1


def overflowing(x: Array) -> Array:
    out = np.zeros(4)
    for i in range(4):
        with np.errstate(all="ignore"):
            out[i] += x[i] / x[3 - i]
    return out


def test_the_first_nan_or_infinity_is_found_with_its_cell() -> None:
    stage = RecordingStage(record(overflowing, np.array([1.0, 0.0, 2.0, 3.0])))
    found = stage.first_nonfinite(stage.scout(), lambda: False)
    assert found is not None
    assert (found.array, found.cell, found.words) == ("out", (2,), "out[2] = inf")
    stage.recording.seek(found.position)
    assert np.isinf(stage.recording.arrays["out"][2])
    finite = staged("pool_backward")
    assert finite.first_nonfinite(finite.scout(), lambda: False) is None


def test_numbers_that_stay_whole_have_no_decimals() -> None:
    draw = np.arange(16.0)
    run = record(
        pool_backward,
        np.ones((1, 1, 2, 2)),
        (draw.reshape(1, 1, 4, 4), {"height": 2, "width": 2, "stride": 2}),
    )
    run.seek(3)
    assert {panel.face.name: panel.whole for panel in RecordingStage(run).scene().panels} == dict.fromkeys(
        ("dx", "mask", "x", "dout"), True
    )
    mixed = {panel.face.name: panel.whole for panel in staged("pool_backward", 3).scene().panels}
    assert mixed == {"dx": False, "mask": True, "x": False, "dout": False}


def counted(x: Array) -> Array:
    seen, halves = np.zeros(3, np.int64), np.zeros(3)
    for t in range(1203):
        seen[t % 3] += 1
        halves[t % 3] += x[t % 3]
    halves /= 2
    for t in range(3):
        halves[t] += seen[t]
    return halves


def test_numbers_have_no_decimals_in_a_stretch_that_keeps_them_whole() -> None:
    run = record(counted, np.arange(3.0))

    def whole(position: int) -> dict[str, bool]:
        run.seek(position)
        return {panel.face.name: panel.whole for panel in RecordingStage(run).scene().panels}

    assert whole(10) == {"seen": True, "halves": True, "x": True}
    assert whole(run.total) == {"seen": True, "halves": False}


def reuses(x: Array, y: Array) -> Array:
    x = x * 2
    x[0] = 1
    z = y[1:]
    z[0] += x[0]
    return z


def test_a_step_that_changes_what_the_caller_gave_says_so_and_no_other() -> None:
    stage = RecordingStage(record(reuses, np.ones(3), np.ones(3)))
    said = {}
    while stage.recording.next() is not None:
        said[stage.recording.event.line] = stage.remarks()
        assert [*stage.scene().remarks][: len(stage.remarks())] == stage.remarks()
    assert [words for words in said.values() if words] == [["changes the caller's y"]]


def squashed(a: Array) -> Array:
    s = np.exp(a)
    s /= 1 + s
    return s


def gated(a_i: Array, a_o: Array, a_g: Array) -> Array:
    i = squashed(a_i)
    o, g = squashed(a_o), np.tanh(a_g)
    return i * o * g


def naming_o_and_g() -> RecordingStage:
    numbers = np.random.default_rng(5)
    stage = RecordingStage(record(gated, *numbers.standard_normal((3, 2, 3))))
    run, line = stage.recording, gated.__code__.co_firstlineno + 2
    while run.position == 0 or run.event.line != line:
        assert run.next() is not None
    return stage


def test_what_a_helper_hands_back_is_not_said_to_be_read() -> None:
    stage = naming_o_and_g()
    panels = {panel.face.name: panel for panel in stage.scene().panels}
    assert (panels["o"].use, panels["g"].use) == ("", WRITES)
    stage.recording.next()
    panels = {panel.face.name: panel for panel in stage.scene().panels}
    assert [panels[name].use for name in "iog"] == [READS] * 3


def test_of_several_new_arrays_none_is_said_to_come_of_what_made_another() -> None:
    event = naming_o_and_g().recording.event
    words = words_of(event, [one.text for one in event.statements])
    assert [(said.remark, said.operands) for said in words.values()] == [("new: g 2x3", ())]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", some(CASES, 50), ids=lambda case: f"{case[0]}: {case[2]}")
def test_anybodys_function_can_be_shown_at_any_place(case: tuple[str, int, str]) -> None:
    module, at, _ = case
    _, function, arguments, named = cases_of(module)[at]
    try:
        with np.errstate(all="ignore"):
            run = record(function, *arguments, **named)
    except (RecordingError, SystemExit):  # it is no function of a file, or leaves Python
        return
    stage = RecordingStage(run)
    for position in sorted({0, 1, run.total // 2, run.total - 1, run.total}):
        if 0 <= position <= run.total:
            run.seek(position)
            scene = stage.scene()
            shown = {panel.face.name for panel in scene.panels}
            assert {one.array for one in run.event.accesses if one.kind != "names"} <= shown
            assert draw_card(scene, 48, 20).plain is not None
            assert "▶" in draw_source(scene, 48, 20).plain
            json.dumps(event_record(run.event), allow_nan=False)
            assert event_text(run.event, run.total)


@SELDOM
@pytest.mark.parametrize("name", ["pool_backward", "norm_backward", "embed_backward"])
def test_nothing_jumps_within_a_stretch(name: str) -> None:
    stage = staged(name)
    run, plans = stage.recording, dict[tuple[range, tuple[int, int]], dict[str, Rect]]()
    for position in range(run.total + 1):
        run.seek(position)
        scene = stage.scene()
        steps = stage._made.stretch(run.event).steps
        for size in ((60, 13), (80, 20), (100, 26), (120, 36), (200, 46)):
            plan = arrange_recording(*size, scene.panels, source=stage.source_size)
            assert plans.setdefault((steps, size), plan.places) == plan.places, position
