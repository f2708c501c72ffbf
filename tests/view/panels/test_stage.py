from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convstep.conv import magnitude
from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.oracle.comparison import compare
from convstep.view.grid.drawing import draw_line
from convstep.view.grid.look import Look
from convstep.view.grid.panel import Cell, title_of
from convstep.view.grid.places import lay_out_in_unit
from convstep.view.panels import conv2d_cells
from convstep.view.panels.conv2d_cells import Choice
from convstep.view.panels.problem_words import difference_panel, gradient_names, problem_facts
from convstep.view.panels.stage import Stage
from convstep.view.scene.scene import Scene
from tests.conv.loop import PlainLoop
from tests.oracle.problems import altered
from tests.strategies import some

Array = npt.NDArray[Any]
Index = tuple[int, int, int, int]


def made(**changes: Any) -> Problem:
    """Nothing square: a batch, two groups, every hyperparameter."""
    numbers = np.random.default_rng(11)
    given: dict[str, Any] = {
        "A_prev": numbers.standard_normal((2, 6, 9, 4)),
        "W": numbers.standard_normal((6, 2, 3, 2)),
        "b": numbers.standard_normal(6),
        "dZ": None,
        "stride": (2, 1),
        "padding": ((1, 0), (2, 1)),
        "dilation": (1, 2),
        "groups": 2,
    }
    return Problem(**(given | changes))


PROBLEMS = {name: catalog.load(name) for name in catalog.names()} | {
    "batch": made(),
    "no bias": made(b=None),
    "float32": made(A_prev=np.ones((6, 9, 4), np.float32), W=np.ones((6, 2, 3, 2), np.float32), b=None),
}


def order(problem: Problem) -> list[Index]:
    """Every loop index, in the loop's order."""
    n = 1 if problem.dZ.ndim == 3 else len(problem.dZ)
    h_o, w_o, c_o = problem.dZ.shape[-3:]
    return list(itertools.product(range(n), range(h_o), range(w_o), range(c_o)))


def moments(problem: Problem) -> list[tuple[int, int]]:
    """Positions and additions at which to look: start, middle, end, and in between."""
    total, half = problem.total_steps, problem.total_steps // 2
    per_step = 2 if problem.b is None else 3
    found = [(p, 0) for p in {0, 1, half, total - 1, total}]
    return sorted(found + [(p, a) for p in {0, half, total - 1} if p < total for a in range(1, per_step)])


CASES = some([(name, *moment) for name, problem in PROBLEMS.items() for moment in moments(problem)], 7)


def stage_at(problem: Problem, position: int, additions: int = 0) -> Stage:
    timeline = Timeline(problem)
    timeline.seek(position)
    for _ in range(additions):
        timeline.next_write()
    return Stage(timeline)


def looked_at(problem: Problem, position: int, additions: int) -> Index:
    """The step that the screen is about."""
    return order(problem)[position if additions else max(position - 1, 0)]


def made_additions(problem: Problem, position: int, additions: int) -> int:
    return additions or (0 if position == 0 else 2 if problem.b is None else 3)


def window_cells(problem: Problem, index: Index) -> set[tuple[int, int]]:
    """The rows and columns of the padded input that a step reads."""
    (s_h, s_w), (d_h, d_w), (_, f_h, f_w, _) = problem.stride, problem.dilation, problem.W.shape
    _, i_h, i_w, _ = index
    return {
        (i_h * s_h + k_h * d_h, i_w * s_w + k_w * d_w)
        for k_h, k_w in itertools.product(range(f_h), range(f_w))
    }


def first_channel(problem: Problem, index: Index) -> int:
    """The first input channel that a step reads."""
    c_out, _, _, c_k = problem.geometry.kernel_shape
    return index[3] // (c_out // problem.groups) * c_k


@pytest.mark.parametrize(("name", "position", "additions"), CASES)
def test_panels_mark_what_the_loop_reads_and_writes(name: str, position: int, additions: int) -> None:
    problem = PROBLEMS[name]
    scene = stage_at(problem, position, additions).scene()
    index = looked_at(problem, position, additions)
    count = made_additions(problem, position, additions)
    expected = window_cells(problem, index)
    for key, changed in (("input", False), ("input_gradient", count >= 2)):
        panel = scene.panel(key)
        window = panel.window
        assert window is not None
        assert set(itertools.product(window.rows, window.columns)) == expected
        assert panel.changed == (window if changed else None)
        assert panel.inside is not None
        assert {c for c in np.ndindex(panel.face.shape) if c in panel.inside} == inside(problem)
    written = scene.panel("kernel_gradient").changed
    assert (written is not None) == (count >= 1)
    if problem.b is None:
        assert "bias_gradient" not in [panel.key for panel in scene.panels]
    else:
        bias = scene.panel("bias_gradient")
        assert bias.now == (index[3], 0)
        assert (bias.changed is not None) == (count >= 3)
        assert bias.changed is None or Cell(index[3], 0) in bias.changed


def inside(problem: Problem) -> set[tuple[int, int]]:
    (top, _), (left, _) = problem.padding
    height, width = problem.A_prev.shape[-3:-1]
    return set(itertools.product(range(top, top + height), range(left, left + width)))


@pytest.mark.parametrize(("name", "position", "additions"), CASES)
def test_faces_are_those_that_the_step_works_on(name: str, position: int, additions: int) -> None:
    problem = PROBLEMS[name]
    stage = stage_at(problem, position, additions)
    scene, timeline, index = stage.scene(), stage.timeline, looked_at(problem, position, additions)
    batch, channel = index[:1] if problem.A_prev.ndim == 4 else (), first_channel(problem, index)
    seen: dict[str, Array] = {
        "input": problem.A_prev_pad[(*batch, ..., channel)],
        "input_gradient": timeline.dA_prev_pad[(*batch, ..., channel)],
        "kernel": problem.W[index[3], :, :, 0],
        "kernel_gradient": timeline.dW[index[3], :, :, 0],
        "upstream": problem.dZ[(*batch, ..., index[3])],
    }
    for key, values in seen.items():
        assert np.array_equal(scene.panel(key).face.values, values), key
        assert np.shares_memory(scene.panel(key).face.values, values), key


@pytest.mark.parametrize(("name", "position", "additions"), CASES)
def test_upstream_tells_done_from_to_do_on_every_face(name: str, position: int, additions: int) -> None:
    problem = PROBLEMS[name]
    stage = stage_at(problem, position, additions)
    index, steps = looked_at(problem, position, additions), order(problem)
    for channel in range(problem.dZ.shape[-1]):
        stage.choice = Choice(output_channel=channel)
        panel = stage.scene().panel("upstream")
        executed = [s for s in steps[:position] if s[3] == channel and s[0] == index[0]]
        assert panel.done == len(executed), channel
        assert panel.now == (index[1:3] if channel == index[3] else None)


@pytest.mark.parametrize(("name", "position", "additions"), CASES)
def test_additions_are_the_loop_s_own_to_the_bit(name: str, position: int, additions: int) -> None:
    problem = PROBLEMS[name]
    stage, index = stage_at(problem, position, additions), looked_at(problem, position, additions)
    scene, count = stage.scene(), made_additions(problem, position, additions)
    assert scene.made == count
    assert len(scene.additions) == (2 if problem.b is None else 3)
    assert [addition.done for addition in scene.additions] == [n < count for n in range(len(scene.additions))]
    whole = position if additions or position == 0 else position - 1
    before = cells(problem, PlainLoop(problem).run(whole), index)
    after = cells(problem, PlainLoop(problem).run(whole, additions=3), index)
    for addition, (was, becomes) in zip(scene.additions, zip(before, after, strict=True), strict=False):
        assert addition.before.tobytes() == was.tobytes(), addition.target
        assert addition.after.tobytes() == becomes.tobytes(), addition.target
        with np.errstate(all="ignore"):
            assert (addition.before + addition.added).tobytes() == addition.after.tobytes()
            assert (addition.factor * problem.dZ.dtype.type(scene.dz)).tobytes() == addition.added.tobytes()


def cells(problem: Problem, loop: PlainLoop, index: Index) -> list[Array]:
    """What a step writes of each gradient, on the faces shown."""
    places = sorted(window_cells(problem, index))
    window = [
        loop.dA_prev_pad[index[0], row, column, first_channel(problem, index)] for row, column in places
    ]
    shape = problem.W.shape[1:3]
    return [
        np.array(loop.dW[index[3], :, :, 0]),
        np.array(window).reshape(shape),
        np.array(loop.db[index[3]]).reshape(1, 1),
    ]


@pytest.mark.parametrize(("name", "position", "additions"), CASES)
def test_additions_can_name_each_of_their_cells(name: str, position: int, additions: int) -> None:
    problem = PROBLEMS[name]
    scene = stage_at(problem, position, additions).scene()
    for addition in scene.additions:
        for row, column in np.ndindex(addition.before.shape):
            at = (addition.span.rows[row], addition.span.columns[column])
            now = addition.after if addition.done else addition.before
            assert addition.cells.values[at] == now[row, column]


def test_words_of_a_step() -> None:
    scene = stage_at(PROBLEMS["digit"], 137).scene()
    assert (scene.position, scene.total, scene.state) == (137, 256, "executed")
    assert scene.place == "i_h 4, i_w 2, i_c 0"
    assert scene.upstream == "dZ[4, 2, 0]"
    assert [(loop.name, loop.at, loop.count) for loop in scene.event.loops] == [
        ("i_h", 4, 8), ("i_w", 2, 8), ("i_c", 0, 4)
    ]  # fmt: skip
    assert [addition.target for addition in scene.additions] == ["dW[0]", "dA_prev_pad[4:7, 2:5]", "db[0]"]
    assert [addition.formula for addition in scene.additions] == ["x * dz", "w * dz", "dz"]


def test_words_with_a_batch_name_the_sample() -> None:
    problem = PROBLEMS["batch"]
    scene = stage_at(problem, problem.total_steps).scene()
    assert scene.place.startswith("i_n 1, i_h ")
    assert scene.upstream.startswith("dZ[1, ")
    assert scene.panel("input").face.label.startswith("A_prev_pad[1, :, :, ")
    assert scene.panel("upstream").face.label.startswith("dZ[1, :, :, ")


@pytest.mark.parametrize(("additions", "state"), [(0, "about to run"), (1, "1 of 3 additions made")])
def test_state_at_the_start(additions: int, state: str) -> None:
    assert stage_at(PROBLEMS["digit"], 0, additions).scene().state == state


def turns(stage: Stage, key: str, by: int) -> list[str]:
    """The labels of a panel's faces, from the one after the present one on."""
    labels = []
    for _ in range(stage.scene().panel(key).choices[0]):
        stage.choice = conv2d_cells.chosen(stage.choice, stage.scene().panel(key), by, stage.geometry)
        labels.append(stage.scene().panel(key).face.label)
    return labels


@pytest.mark.parametrize("key", ["input", "input_gradient", "kernel", "kernel_gradient", "upstream"])
@pytest.mark.parametrize("name", ["digit", "rectangle", "depthwise", "batch"])
def test_choices_go_through_every_face_and_come_back(name: str, key: str) -> None:
    stage = stage_at(PROBLEMS[name], PROBLEMS[name].total_steps // 2)
    first = stage.scene().panel(key)
    labels = turns(stage, key, 1)
    assert len(set(labels)) == first.choices[0]
    assert labels[-1] == first.face.label
    assert turns(stage, key, -1) == [*labels[-2::-1], labels[-1]]


def test_panels_of_one_axis_turn_together() -> None:
    stage = stage_at(PROBLEMS["rectangle"], 30)
    stage.choice = conv2d_cells.chosen(stage.choice, stage.scene().panel("input"), 1, stage.geometry)
    scene = stage.scene()
    assert [scene.panel(key).face.fixed[-1] for key in ("input", "input_gradient", "kernel")] == [1, 1, 1]
    stage.choice = conv2d_cells.chosen(stage.choice, scene.panel("upstream"), 1, stage.geometry)
    scene = stage.scene()
    assert scene.panel("upstream").face.fixed[-1] == scene.panel("kernel").face.fixed[0]


def test_chosen_input_channel_is_the_one_in_the_additions() -> None:
    problem = PROBLEMS["rectangle"]
    stage = stage_at(problem, 30)
    stage.choice = Choice(input_channel=2)
    for addition, tensor in zip(stage.scene().additions, (problem.A_prev_pad, problem.W), strict=False):
        index = looked_at(problem, 30, 0)
        places = sorted(window_cells(problem, index))
        expected = [tensor[r, c, 2] for r, c in places] if addition.factor_name == "x" else tensor[
            index[3], :, :, 2].ravel()  # fmt: skip
        assert np.array_equal(addition.factor.ravel(), expected)


def test_further_faces_stand_beside_in_order() -> None:
    stage = stage_at(PROBLEMS["rectangle"], 30)
    stage.beside = {"kernel": 2, "kernel_gradient": 2, "upstream": 1}
    panels = {panel.key: panel for panel in stage.scene().panels}
    assert [panels[key].face.label for key in ("kernel", "kernel-1", "kernel-2")] == [
        "W[1, :, :, 0]", "W[1, :, :, 1]", "W[1, :, :, 2]"
    ]  # fmt: skip
    assert [panels[key].face.label for key in ("upstream", "upstream-1")] == ["dZ[:, :, 1]", "dZ[:, :, 2]"]
    assert "upstream-2" not in panels
    assert panels["kernel_gradient-2"].changed is not None


def test_click_on_upstream_names_the_step() -> None:
    problem = PROBLEMS["batch"]
    stage = stage_at(problem, problem.total_steps)
    panel = stage.scene().panel("upstream")
    for number, index in enumerate(order(problem)):
        if index[0] == 1 and index[3] == 5:
            assert stage.step_of(panel, Cell(*index[1:3])) == number
    assert stage.step_of(stage.scene().panel("input"), Cell(0, 0)) is None


def test_limits_reach_the_largest_value_that_a_gradient_ever_has() -> None:
    for name, problem in PROBLEMS.items():
        stage, timeline = stage_at(problem, 0), Timeline(problem)
        largest = {n: largest_of(getattr(problem, n)) for n in ("A_prev", "W", "dZ")}
        while timeline.next() is not None:
            running = {"dW": timeline.dW, "dA_prev": timeline.dA_prev_pad, "db": timeline.db}
            for array, values in running.items():
                if values is not None:
                    largest[array] = max(largest.get(array, 0.0), largest_of(values))
        for array, value in largest.items():
            wanted = value or 1.0
            assert wanted * 0.999 <= stage.limits[array] <= 2.1 * wanted, (name, array)


def test_numbers_keep_their_format_through_a_run_and_all_have_room() -> None:
    for name in ("digit", "one-hot", "same", "batch"):
        stage = stage_at(PROBLEMS[name], 0)
        before = {panel.key: (panel.most, panel.whole, panel.signed) for panel in stage.scene().panels}
        for _ in range(0, stage.timeline.total, 7):
            for panel in stage.scene().panels:
                assert (panel.most, panel.whole, panel.signed) == before[panel.key], name
                assert np.abs(panel.face.values).max() <= panel.most, "limits are not rounded down"
                assert panel.signed or (panel.face.values >= 0).all()
            stage.timeline.seek(min(stage.timeline.position + 7, stage.timeline.total))
        assert before["input"][2] == bool((PROBLEMS[name].A_prev < 0).any())


def test_few_steps_of_much_work_are_measured_beside_the_first_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    problem, measured = PROBLEMS["digit"], list[Problem]()

    def reached(problem: Problem) -> dict[str, float]:
        measured.append(problem)
        return {}

    monkeypatch.setattr(magnitude, "reached_magnitudes", reached)
    assert not stage_at(problem, 0).unmeasured
    assert measured == [problem]
    monkeypatch.setattr(magnitude, "AT_ONCE", magnitude.work(problem) - 1)
    assert stage_at(problem, 0).unmeasured
    assert measured == [problem]


def largest_of(values: Array) -> float:
    return float(np.abs(values).max())


def test_scene_costs_no_more_for_large_tensors() -> None:
    problem = made(A_prev=np.ones((300, 9, 4)))
    stage = stage_at(problem, 0)
    scene: Scene = stage.scene()
    assert all(np.shares_memory(p.face.values, q.face.values)
               for p, q in zip(scene.panels, stage.scene().panels, strict=True))  # fmt: skip


def test_random_dZ_is_named_so() -> None:
    assert stage_at(made(), 0).scene().panel("upstream").caption == "drawn at random"
    assert stage_at(PROBLEMS["digit"], 0).scene().panel("upstream").caption == ""


def test_problem_facts_name_everything_unusual() -> None:
    facts = " ".join(problem_facts(made(b=None)))
    for words in ("A_prev 2x6x9x4", "W 6@2x3x2", "stride (2, 1)", "dilation (1, 2)", "groups 2", "no bias"):
        assert words in facts
    usual = " ".join(problem_facts(PROBLEMS["digit"]))
    assert not any(word in usual for word in ("dilation", "groups", "no bias"))


@pytest.mark.parametrize("name", ["digit", "batch", "no bias"])
def test_difference_panels_stand_at_the_worst_cell(name: str) -> None:
    problem = PROBLEMS[name]
    timeline = Timeline(problem)
    timeline.seek(problem.total_steps)
    dW, db, dA = timeline.settled_copy()
    dW.flat[7], dA.flat[dA.size // 2] = 3.0, -40.0
    comparison = compare(problem, gradients=(dW, db, dA), oracle="numeric")
    assert [row.name for row in comparison.rows] == gradient_names(problem)
    for row in comparison.rows:
        panel = difference_panel(row)
        assert panel.titles[-2] == row.name  # narrower than "error of …", and still says which
        assert panel.now is not None
        assert panel.face.index(*panel.now)[: len(row.shape)] == row.worst_index
        assert panel.face.values[panel.now] == row.difference[row.worst_index]
        assert 0 < panel.limit < np.inf
        assert panel.known is not None
        assert panel.known.all()
    cells = np.zeros(comparison.rows[0].shape, np.bool_)
    unasked = difference_panel(altered(comparison.rows[0], cells=cells))
    assert unasked.known is not None
    assert not unasked.known.any()
    assert unasked.now is None
    unequal = altered(comparison.rows[0], tolerance=np.inf)
    assert 0 < difference_panel(unequal).limit < np.inf


def test_stops_are_marked_on_the_faces_they_stand_on() -> None:
    for name in ("digit", "batch"):
        stage = stage_at(PROBLEMS[name], PROBLEMS[name].total_steps // 2)
        for key in ("upstream", "kernel_gradient", "input_gradient", "bias_gradient"):
            panel = stage.scene().panel(key)
            cell = Cell(panel.face.shape[0] - 2, 0)
            stop = conv2d_cells.stop_at(panel, cell, stage.geometry)
            assert stop is not None
            assert (len(stage.steps_of(stop)) == 1) == (key == "upstream")
            added = stage.stops.add(stop)
            assert stage.scene().panel(key).stops == {tuple(cell)}
            assert not any(other.stops for other in stage.scene().panels if other.key != key)
            stage.stops.disable(added.id)
            assert stage.scene().panel(key).stops == frozenset()
            stage.stops.enable(added.id)
            stage.choice = conv2d_cells.chosen(stage.choice, panel, 1, stage.geometry)
            if panel.choices[0] > 1:
                assert stage.scene().panel(key).stops == frozenset()
            stage.choice = Choice()
            stage.stops.clear()
        for key in ("input", "kernel"):
            assert conv2d_cells.stop_at(stage.scene().panel(key), Cell(0, 0), stage.geometry) is None


def test_provenance_is_of_the_cell_that_is_seen() -> None:
    stage = stage_at(PROBLEMS["batch"], 50)
    for key in ("kernel_gradient", "input_gradient", "bias_gradient"):
        panel = stage.scene().panel(key)
        made = conv2d_cells.cell_of(panel, Cell(1, 0), stage.geometry)
        found = conv2d_cells.provenance_at(stage.timeline.problem, *made)
        assert found.name == panel.face.cell(1, 0)
        end = stage_at(PROBLEMS["batch"], PROBLEMS["batch"].total_steps).scene().panel(key)
        if end.face.fixed == panel.face.fixed:
            assert found.running[-1] == end.face.values[1, 0]
    for key in ("input", "kernel", "upstream"):
        assert stage.made_by(stage.scene().panel(key), Cell(1, 0)) is None


def test_marks_stand_on_the_faces_that_show_their_cells() -> None:
    stage = Stage(Timeline(made()))
    assert not any(panel.marks for panel in stage.scene().panels)
    stage.marks = {
        "A_prev_pad": {(0, 1, 2, 0): "›", (0, 1, 2, 1): "●", (1, 1, 2, 0): "●"},
        "dA_prev_pad": {(0, 0, 0, 0): "○"},
        "W": {(0, 1, 2, 0): "✗", (1, 1, 2, 0): "●"},
        "db": {(4,): "●"},
    }
    found = {panel.key: panel.marks for panel in stage.scene().panels if panel.marks}
    assert found == {
        "input": {(1, 2): "›"},
        "input_gradient": {(0, 0): "○"},
        "kernel": {(1, 2): "✗"},
        "bias_gradient": {(4, 0): "●"},
    }
    stage.choice = Choice(input_channel=1, output_channel=1)
    assert {panel.key: panel.marks for panel in stage.scene().panels if panel.marks} == {
        "input": {(1, 2): "●"},
        "bias_gradient": {(4, 0): "●"},
    }


@pytest.mark.parametrize("scale", [1.0, 1e30, 1e-20])
def test_the_worst_error_is_written_in_a_unit_that_the_title_names(scale: float) -> None:
    problem = catalog.load("digit")
    problem = problem.with_arrays(A_prev=problem.A_prev, dZ=problem.dZ * scale)
    timeline = Timeline(problem)
    timeline.seek(problem.total_steps)
    comparison = compare(problem, gradients=timeline.settled_copy(), oracle="numeric")
    for row in comparison.rows:
        error = float(np.abs(row.difference[row.worst_index]))
        for width, height in ((36, 6), (24, 9), (60, 14)):
            panel, plan = lay_out_in_unit(difference_panel(row), width, height)
            title, now = title_of(panel, width - 2), panel.now
            assert now is not None
            line = "".join(
                s.text for s in draw_line(panel, plan, plan.y_of(now.row), 0, plan.width, Look({}, "heat"))
            )
            shown = re.search(r"-?[\d.]+(?=◂)", line)
            assert shown, line
            unit = re.search(r"×1e(-?\d+)", title)
            true = float(shown[0]) * 10.0 ** int(unit[1] if unit else 0)
            assert abs(true) == pytest.approx(error, rel=0.1), (title, line)


def test_an_array_of_whole_numbers_has_no_decimals_beside_one_that_has_them() -> None:
    rng = np.random.default_rng(5)
    A_prev, W = rng.integers(-5, 6, (4, 5, 2)).astype(float), rng.integers(-5, 6, (3, 2, 3, 2)).astype(float)
    dZ = rng.standard_normal((3, 3, 3))
    whole = {"A_prev_pad", "W"}
    for problem, wanted in (
        (Problem(A_prev, W, rng.standard_normal(3), dZ), whole),
        (Problem(A_prev, W, None, np.rint(3 * dZ)), whole | {"dZ", "dW", "dA_prev_pad"}),
        (Problem(A_prev / 7, W, None, np.rint(3 * dZ)), {"W", "dZ", "dA_prev_pad"}),
    ):
        for position in (0, 5, problem.total_steps):
            stage = Stage.on(problem)
            stage.run.seek(position)
            panels = stage.scene().panels
            assert {panel.face.name for panel in panels if panel.whole} == wanted
            for panel in panels:
                assert not panel.whole or np.array_equal(panel.face.values, np.rint(panel.face.values))
