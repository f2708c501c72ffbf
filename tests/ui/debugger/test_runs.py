"""Runs and stops, without an app."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.replay.stops import Breakpoint, ConditionStop, parse_stop
from convstep.ui.debugger.runs import Runs
from convstep.ui.debugger.stops import BOOKMARK, STOP_MARK, StopKeeping
from convstep.view.grid.panel import Cell
from tests.ui.hosts import FakeHost


def runs(host: FakeHost) -> Runs:
    return Runs(host, lambda job: False, lambda panel, cell: host.opened.append((panel.key, cell)))


@pytest.mark.parametrize(("key", "position"), [("run", 199), ("run-back", 71)])
def test_a_run_ends_at_the_stop_and_says_which(key: str, position: int) -> None:
    host = FakeHost(position=137)
    host.state.stops.add(Breakpoint(i_h=6, i_w=1, i_c=2))
    host.state.stops.add(Breakpoint(i_h=2, i_w=1, i_c=2))
    runs(host).handlers()[key].run()
    assert host.state.position == position
    assert host.answer == f"stop {1 if key == 'run' else 2}: " + str(host.state.stops.list()[key != "run"])


def test_a_run_without_a_stop_ahead_goes_all_the_way() -> None:
    host = FakeHost(position=100)
    stop = host.state.stops.add(Breakpoint(i_h=0, i_w=0, i_c=0))
    run = runs(host).handlers()
    run["run"].run()
    assert (host.state.position, host.answer) == (256, "no further stop: ran to the end")
    run["run"].run()
    assert host.ends == 1
    host.state.stops.disable(stop.id)
    run["run-back"].run()
    assert host.state.position == 0
    run["run-back"].run()
    assert "this is the start" in host.answer


def test_the_first_nan_is_gone_to_pointed_at_and_said() -> None:
    numbers = np.random.default_rng(0)
    W = numbers.random((2, 2, 2, 1))
    dZ = numbers.random((3, 3, 2))
    dZ[1, 2, 1] = np.nan
    host = FakeHost(Problem(numbers.random((4, 4, 1)), W, None, dZ))
    runs(host).handlers()["first-nonfinite"].run()
    assert host.state.position == 12
    assert "NaN" in host.answer
    assert host.opened


def test_where_all_is_finite_it_says_so_and_stays() -> None:
    host = FakeHost(position=40)
    runs(host).handlers()["first-nonfinite"].run()
    assert host.state.position == 40
    assert "stay finite" in host.answer


def test_a_stop_is_set_and_removed_where_the_cursor_is_and_nowhere_else() -> None:
    host = FakeHost(position=137)
    keys = StopKeeping(host).handlers()
    keys["stop-here"].run()
    assert "choose a cell first" in host.answer
    host.pointed = ("kernel", Cell(0, 0))
    keys["stop-here"].run()
    assert "stops go on cells of" in host.answer
    host.pointed = ("upstream", Cell(4, 2))
    keys["stop-here"].run()
    assert host.answer == "stop 1 set: i_h == 4 and i_w == 2 and i_c == 0"
    keys["stop-here"].run()
    assert host.answer.startswith("stop removed")


def test_the_next_and_previous_writers_of_a_cell_are_gone_to_and_the_last_ones_said() -> None:
    host = FakeHost(position=137)
    host.pointed = ("input_gradient", Cell(4, 4))
    keys, geometry = StopKeeping(host).handlers(), host.problem.geometry
    places = [geometry.index_at(step) for step in range(256)]
    writes = [at + 1 for at, place in enumerate(places) if {place.i_h, place.i_w} <= {2, 3, 4}]
    for key in ("next-write",) * 3 + ("previous-write",) * 4:
        at = host.state.position
        found = (
            [p for p in writes if p > at][:1] if key == "next-write" else [p for p in writes if p < at][-1:]
        )
        keys[key].run()
        assert [host.state.position] == found
    for key, end, said in (("next-write", -1, "later"), ("previous-write", 0, "earlier")):
        host.travel.to(writes[end])
        keys[key].run()
        assert (host.state.position, host.answer) == (writes[end], f"no {said} step writes this cell")
    host.pointed = ("upstream", Cell(6, 2))
    keys["previous-write"].run()
    assert [loop.at for loop in host.state.timeline.event.loops][:2] == [6, 2]


def test_a_cell_that_no_window_covers_gets_no_stop_and_says_why() -> None:
    host = FakeHost("stride-2", position=5)
    rows, columns = host.state.scene.panel("input_gradient").face.shape
    host.pointed = ("input_gradient", Cell(rows - 1, columns - 1))
    keys = StopKeeping(host).handlers()
    keys["stop-here"].run()
    assert len(host.state.stops) == 0
    assert "no window covers this cell" in host.answer
    for key in ("next-write", "previous-write"):
        keys[key].run()
        assert host.answer == "no window covers this cell: its gradient is exactly zero"
        assert host.state.position == 5


def test_runs_end_where_brute_force_says() -> None:
    host = FakeHost(position=137)
    problem = host.problem
    for text in ("watch dA_prev_pad[4, 9, 0]", "4,*,1", "abs(dz) > 1.5 and i_w == 3"):
        host.state.stops.add(parse_stop(text, problem.layout))

    def hit(step: int) -> bool:
        _, i_h, i_w, i_c = problem.geometry.index_at(step)
        covers = i_h <= 4 < i_h + 3 and i_w <= 9 < i_w + 3
        large = abs(problem.dZ[i_h, i_w, i_c]) > 1.5 and i_w == 3
        return covers or (i_h == 4 and i_c == 1) or bool(large)

    positions = [step + 1 for step in range(256) if hit(step)]
    keys = runs(host).handlers()
    for key, start in (("run", 0), ("run-back", 256), ("run", 137), ("run-back", 137)):
        host.travel.to(start)
        for _ in range(8):
            at = host.state.position
            ahead, before = [p for p in positions if p > at], [p for p in positions if p < at]
            keys[key].run()
            assert host.state.position == ([*ahead, 256][0] if key == "run" else [0, *before][-1])


def test_marks_stand_where_stops_wait_and_not_everywhere() -> None:
    host = FakeHost()
    keeping = StopKeeping(host)
    host.state.stops.add(Breakpoint(i_h=6, i_w=1, i_c=2))
    host.state.bookmarks.toggle(10)
    assert keeping.marks(lambda position: position, 257) == {199: (199, STOP_MARK), 10: (10, BOOKMARK)}
    host.state.stops.add(Breakpoint(i_c=2))
    assert len(keeping.marks(lambda position: position // 8, 33)) == 2, "a mark everywhere says nothing"


def test_what_a_condition_means_is_said_before_it_is_set() -> None:
    host = FakeHost()
    keeping = StopKeeping(host)
    keeping.handlers()["condition"].run()
    dialog, answered = host.opened[0]
    stop = parse_stop("dz > 9", host.problem.layout)
    assert isinstance(stop, ConditionStop)
    assert dialog._meaning(stop) == "Stops after a step for which dz > 9 is true."
    answered(stop)
    assert host.answer == "stop 1 set: dz > 9"
    answered(None)
    assert len(host.state.stops) == 1
