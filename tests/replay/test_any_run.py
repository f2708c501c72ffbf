"""Stops and their search over runs that are no convolution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.expr.text import ExpressionError
from convstep.recording.record import record
from convstep.recording.recording import Recording
from convstep.replay import search as search_module
from convstep.replay.conditions import Condition
from convstep.replay.places import parse_place, place_argument
from convstep.replay.search import Found, search
from convstep.replay.stop_list import Watch, is_hit
from convstep.replay.stop_text import parse_stop
from convstep.replay.stops import Breakpoint, ConditionStop, LineStop, Stop, Watchpoint
from convstep.steps.event import Event
from convstep.steps.stepped import Stepped
from tests.steps.runs import matrix_product, running_sum
from tests.strategies import tried

Bits = dict[str, bytes]
Judge = Callable[[Event], bool]

CONDITIONS: dict[str, list[tuple[str, Callable[[dict[str, Any]], Any]]]] = {
    "sum": [
        ("y > most - 1 and t > 1", lambda v: v["y"] > v["most"] - 1 and v["t"] > 1),
        ("now < 0", lambda v: v["now"] < 0),
        ("step % 3 == 2", lambda v: v["t"] % 3 == 2),
    ],
    "product": [
        ("max(abs(C)) > 2", lambda v: np.abs(v["C"]).max() > 2),
        ("row * a < -1 and k != 1", lambda v: (v["row"] * v["a"] < -1).any() and v["k"] != 1),
        ("sum(uses) >= 4 or i == 2", lambda v: v["uses"].sum() >= 4 or v["i"] == 2),
    ],
}


def values(event: Event) -> dict[str, Any]:
    """The numbers of a step, by the names that the source has for them."""
    read = {access.text: access.value for access in event.reads}
    written = {access.array: access.after for access in event.writes}
    return {loop.name: loop.at for loop in event.loops} | read | written


@st.composite
def runs(draw: st.DrawFn) -> tuple[str, Stepped]:
    """A run, and what kind it is of."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    kind = draw(st.sampled_from(("sum", "product", "lower")))
    if kind == "sum":
        return "sum", running_sum(rng.standard_normal(draw(st.integers(1, 12))))
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    A, B = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
    return "product", matrix_product(A, B, lower=kind == "lower")


def bits(run: Stepped) -> Bits:
    return {name: values.tobytes() for name, values in run.arrays.items()}


def walked(run: Stepped) -> list[Event]:
    """Every step's event, in order."""
    run.seek(0)
    found = []
    while run.next() is not None:
        found.append(run.event)
    return found


def writes(event: Event, array: str, index: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    marks: npt.NDArray[Any] = np.zeros(shape, bool)
    for access in event.writes:
        if access.array == array:
            marks[access.region] = True
    return bool(marks[index])


def some_stop(data: st.DataObject, kind: str, run: Stepped) -> tuple[Stop, Judge]:
    """A stop of any kind, and what it waits for, said without it."""
    hits, what = data.draw(st.sampled_from((1, 1, 2, 3))), data.draw(st.integers(0, 2))
    nest = run.layout.nest
    if what == 0:
        pairs = zip(nest.names, nest.counts, strict=True)
        place = {
            name: data.draw(st.integers(0, count - 1)) for name, count in pairs if data.draw(st.booleans())
        }
        return Breakpoint(place.items(), hits=hits), lambda event: all(
            place.get(loop.name, loop.at) == loop.at for loop in event.loops
        )
    if what == 1:
        array = data.draw(st.sampled_from(sorted(run.layout.written)))
        shape = run.arrays[array].shape
        index = tuple(data.draw(st.integers(0, length - 1)) for length in shape)
        return Watchpoint(array, index, hits=hits), lambda event: writes(event, array, index, shape)
    text, holds = data.draw(st.sampled_from(CONDITIONS[kind]))
    return ConditionStop(Condition.parse(text, run.layout), hits=hits), lambda event: bool(
        holds(values(event))
    )


@settings(max_examples=tried(150))
@given(runs(), st.data(), st.sampled_from((1, 3, 64)))
def test_a_search_finds_what_walking_finds(
    drawn: tuple[str, Stepped], data: st.DataObject, piece: int
) -> None:
    kind, run = drawn
    events = walked(run)
    drawn_stops = [some_stop(data, kind, run) for _ in range(data.draw(st.integers(1, 3)))]
    stops = [stop.changed(id=number) for number, (stop, _) in enumerate(drawn_stops, 1)]
    position, backwards = data.draw(st.integers(0, run.total)), data.draw(st.booleans())
    ends = []
    for number, (stop, judge) in enumerate(drawn_stops):
        places = [event.index + 1 for event in events if judge(event)]
        ahead = [at for at in places if at > position]
        met = [at for at in reversed(places) if at < position] if backwards else ahead
        if len(met) >= stop.hits:
            ends.append((abs(met[stop.hits - 1] - position), number, met[stop.hits - 1]))
    expected = Found(min(ends)[2], stops[min(ends)[1]]) if ends else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "PIECE", piece)
        reports = list(search(run, position, stops, backwards=backwards))
    assert [report for report in reports if isinstance(report, Found)] == ([expected] if expected else [])
    if not backwards:
        watch, hit = Watch(), None
        run.seek(position)
        while hit is None and run.next() is not None:
            hit = watch.hit(run, stops)
        assert (hit is None) == (expected is None)
        assert expected is None or run.position == expected.position


@given(runs(), st.data())
def test_the_steps_that_write_a_cell_are_found_and_the_run_stays_where_it_stood(
    drawn: tuple[str, Stepped], data: st.DataObject
) -> None:
    _, run = drawn
    events = walked(run)
    run.seek(data.draw(st.integers(0, run.total)))
    run.next_write()
    stood = run.position, run.made, bits(run)
    for array, shape in run.layout.written.items():
        for index in np.ndindex(shape):
            expected = [event.index for event in events if writes(event, array, index, shape)]
            assert list(run.touching(array, index)) == expected
    assert (run.position, run.made, bits(run)) == stood


def test_a_stop_on_any_run_is_read_and_written_by_its_own_names() -> None:
    run = matrix_product(np.ones((3, 4)), np.ones((4, 2)))
    layout = run.layout
    for text, stop in [
        ("2,1", Breakpoint(i=2, k=1)),
        ("*,3", Breakpoint(k=3)),
        ("12", Breakpoint(i=2, k=3)),
        ("k == 1 and i == 0 hits 2", Breakpoint(i=0, k=1, hits=2)),
        ("watch C[2, 1]", Watchpoint("C", (2, 1))),
        ("uses[3]", Watchpoint("uses", (3,))),
    ]:
        assert parse_stop(text, layout) == stop
        assert parse_stop(str(stop), layout) == stop
    for text, sentence in [
        ("3,1", "i is 3, but it goes from 0 to 2"),
        ("1,1,1", "has 3 numbers; the loop has 2: i, k"),
        ("watch A[0, 0]", "'A' cannot be watched; only C, uses can"),
        ("watch C[0, 2]", "index 1 is 2, but it goes from 0 to 1"),
        ("watch C", "type it like watch C[0, 0] or watch uses[0]"),
        ("i > 2 and a > 0", "this is never true: i goes from 0 to 2"),
        ("13", "there are steps 1 to 12"),
    ]:
        with pytest.raises(ValueError, match=sentence.replace("[", r"\[")):
            parse_stop(text, layout)
    with pytest.raises(ExpressionError, match="no such name"):
        parse_stop("dz > 0", layout)
    with pytest.raises(ValueError, match="there is no loop j; the loops are i, k"):
        search(run, 0, [Breakpoint(j=1)])
    assert parse_place("2,1", layout) == 10
    assert place_argument(10, layout) == "2,1"


def test_where_loops_are_uneven_places_are_numbers() -> None:
    run = matrix_product(np.ones((3, 3)), np.ones((3, 2)), lower=True)
    assert run.total == 6
    assert parse_place("4", run.layout) == 4
    assert place_argument(4, run.layout) == "4"
    with pytest.raises(ValueError, match="is not a place"):
        parse_place("2,1", run.layout)
    stop = parse_stop("4", run.layout)
    assert next(report for report in search(run, 0, [stop]) if isinstance(report, Found)).position == 4
    assert parse_stop("2,1", run.layout) == Breakpoint(i=2, k=1)


def test_hits_are_counted_in_the_direction_of_the_search() -> None:
    run = running_sum(np.ones(9))
    for hits, forwards, back in [(1, 1, 8), (2, 2, 7), (4, 4, 5)]:
        for stop in (Watchpoint("most", (), hits=hits), parse_stop(f"now > 0 hits {hits}", run.layout)):
            ends = [*search(run, 0, [stop]), *search(run, 9, [stop], backwards=True)]
            assert ends == [Found(forwards, stop), Found(back, stop)]


def test_a_run_of_somebodys_own_lines_stops_at_them() -> None:
    run = record(running, np.arange(5.0))
    first = next(n for n, text in enumerate(run.source.lines, 1) if text.strip() == "total += x[i]")
    for text in (f"line {first}", f"line=={first}", f"  line == {first} "):
        stop = parse_stop(text, run.layout)
        assert stop == LineStop(first)
        assert parse_stop(str(stop), run.layout) == stop
    steps = [at for at in range(run.total) if executes(run, at, first)]
    assert [*(LineStop(first).steps(run.layout) or ())] == steps
    assert found(run, 0, LineStop(first)) == steps[0] + 1
    assert found(run, 0, LineStop(first, hits=3)) == steps[2] + 1
    assert found(run, steps[-1] + 1, LineStop(first), backwards=True) == steps[-2] + 1
    run.seek(steps[1] + 1)
    assert is_hit(LineStop(first), run)
    with pytest.raises(ValueError, match="no step executes it"):
        parse_stop("line 1", run.layout)
    with pytest.raises(ValueError, match="there is no line to stop at"):
        LineStop(3).check(matrix_product(np.ones((2, 2)), np.ones((2, 2))).layout)


def test_an_array_without_axes_is_watched_by_its_name() -> None:
    run = running_sum(np.ones(4))
    stop = parse_stop("watch most", run.layout)
    assert (stop, str(stop)) == (Watchpoint("most", ()), "watch most")
    with pytest.raises(ValueError, match="does not name a cell"):
        parse_stop("watch y", run.layout)


def test_a_variable_of_somebodys_own_loop_is_what_it_is_and_not_its_turn() -> None:
    run = record(running, np.arange(9.0))
    stop = parse_stop("i == 4", run.layout)
    assert isinstance(stop, ConditionStop)
    run.seek(found(run, 0, stop))
    assert run.event.variables["i"] == 4
    assert is_hit(stop, run), "while it plays as well"
    with pytest.raises(ValueError, match="is no place here"):
        parse_stop("2,1", run.layout)


def running(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> object:
    total = np.zeros(1)
    for i in range(0, len(x), 2):
        total += x[i]
        total *= 1
    return total


def found(run: Recording, position: int, stop: Stop, *, backwards: bool = False) -> int:
    """Where a run from a position ends at a stop."""
    ends = search(run.scout(), position, [stop], backwards=backwards)
    return next(report.position for report in ends if isinstance(report, Found))


def executes(run: Recording, step: int, line: int) -> bool:
    run.seek(step + 1)
    return run.event.executes(line)
