from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from convstep.conv import matching as matching_module
from convstep.conv import matching as walk_module
from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.problem import Problem
from convstep.conv.step import Step, quiet
from convstep.conv.timeline import Timeline
from convstep.expr.text import ExpressionError
from convstep.replay import search as search_module
from convstep.replay.conditions import Condition
from convstep.replay.stops import (
    Breakpoint,
    ConditionStop,
    Found,
    Progress,
    Stop,
    Stops,
    Watchpoint,
    parse_stop,
    search,
)
from convstep.steps.nest import Box
from tests.replay.stopping import next_stop, previous_stop, values_at
from tests.strategies import SELDOM, problems, random_problem, some

CHEAP = [
    "abs(dz) > 1",
    "dz < 0 and i_c == 0",
    "max(abs(x)) > 1.5",
    "sum(x * w) > 0 and i_w >= 1",
    "isnan(dz)",
    "isnan(x) or isinf(x)",
    "step % 5 == 2",
    "i_h < 2 and i_c > 0",
    "step >= 7",
    "3 <= position < 9 and dz",
    "dz > 100",
]
RUNNING = [
    "isnan(dA)",
    "isinf(dW) or isnan(dW)",
    "max(abs(dW)) > 3",
    "db > 1",
    "mean(dA) > 0.2",
    "dA > 1 and i_h >= 1",
    "abs(dW) > 1.5 and i_c == 1",
    "sum(dA * w) > db and i_w == 1",
    "dW[0, 0, 0] > x[0, 0, 0] and step > 6",
    "db < 0 and i_h == 1 and dz < 0",
    "i_c >= 1 and dA[-1, -1, -1] < 0",
    "dA > 1e9",
]


def with_nan(problem: Problem, rng: np.random.Generator) -> Problem:
    """The same with NaN and infinities here and there."""
    arrays = [np.array(getattr(problem, name)) for name in ("A_prev", "W", "dZ")]
    for values, value in zip(arrays, (np.nan, np.inf, np.nan), strict=True):
        if rng.random() < 0.6:
            values.flat[rng.integers(0, values.size)] = value
    given = (problem.stride, problem.padding, problem.dilation, problem.groups)
    return Problem(arrays[0], arrays[1], problem.b, arrays[2], *given)


def steps_of(problem: Problem) -> Iterator[Step]:
    return conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )


def writes(stop: Watchpoint, step: Step) -> bool:
    """Whether the step's contribution covers the cell, seen by marking what it covers."""
    if stop.array != "dA_prev_pad":
        return step.i_c == stop.index[0]
    covered = np.zeros(step.run.samples(step.dA_prev_pad).shape, bool)
    covered[step.window] = True
    return bool(covered.reshape(step.dA_prev_pad.shape)[stop.index])


def hit_by(stop: Stop, step: Step) -> bool:
    match stop:
        case Breakpoint():
            return step.loop_index._asdict().items() >= dict(stop.place).items()
        case Watchpoint():
            return writes(stop, step)
        case ConditionStop():
            return stop.condition.true_of(values_at(step))
    raise AssertionError(stop)


def all_hits(problem: Problem, stops: list[Stop]) -> list[list[int]]:
    """Positions hit by each stop, by looking at every step of the loop."""
    hits: list[list[int]] = [[] for _ in stops]
    with quiet():
        for position, step in enumerate(steps_of(problem), 1):
            for number, stop in enumerate(stops):
                if hit_by(stop, step):
                    hits[number].append(position)
    return hits


def expected(stops: list[Stop], hits: list[list[int]], position: int, backwards: bool) -> Found | None:
    """Where a run ends: of all stops the nearest, of equals the first."""
    ends = []
    for number, (stop, places) in enumerate(zip(stops, hits, strict=True)):
        met = (
            [p for p in reversed(places) if p < position]
            if backwards
            else [p for p in places if p > position]
        )
        if stop.enabled and len(met) >= stop.hits:
            ends.append((abs(met[stop.hits - 1] - position), number, met[stop.hits - 1]))
    return Found(min(ends)[2], stops[min(ends)[1]]) if ends else None


def random_stop(rng: np.random.Generator, problem: Problem) -> Stop:
    """A stop of any kind that fits the problem."""
    geometry = problem.geometry
    index = geometry.index_at(int(rng.integers(geometry.total_steps)))
    hits, enabled = int(rng.choice([1, 1, 2, 5])), bool(rng.random() < 0.9)
    kind = rng.random()
    if kind < 0.2:
        given = [i if rng.random() < 0.5 else None for i in index]
        pairs = zip(index._fields, given, strict=True)
        place = [(name, at) for name, at in pairs if at is not None]
        return Breakpoint(place, hits=hits, enabled=enabled)
    if kind < 0.35:
        gradient = "db" if problem.b is not None and rng.random() < 0.3 else "dW"
        cell = (index.i_c,) if gradient == "db" else (index.i_c, 0, 0, 0)
        return Watchpoint(gradient, cell, hits=hits, enabled=enabled)
    if kind < 0.55:
        i_n, rows, columns, channels = geometry.window(index)
        corner = (i_n, rows.start, columns.start, channels.start)
        return Watchpoint("dA_prev_pad", corner[geometry.batch is None :], hits=hits, enabled=enabled)
    texts = CHEAP if kind < 0.75 else [t for t in RUNNING if problem.b is not None or "db" not in t]
    condition = Condition.parse(str(rng.choice(texts)), problem.layout)
    return ConditionStop(condition, hits=hits, enabled=enabled)


def check_everywhere(
    problem: Problem, stops: list[Stop], positions: list[int], scout: Timeline | None = None
) -> None:
    hits = all_hits(problem, stops)
    for position in positions:
        assert next_stop(problem, position, stops, scout) == expected(stops, hits, position, False)
        assert previous_stop(problem, position, stops, scout) == expected(stops, hits, position, True)


@given(problems(), st.integers(0, 2**16), st.sampled_from([(1, 1, 1), (40, 30, 5), (1 << 16, 1 << 18, 2048)]))
def test_a_search_finds_what_looking_at_every_step_finds(
    problem: Problem, seed: int, sizes: tuple[int, int, int]
) -> None:
    rng = np.random.default_rng(seed)
    problem = with_nan(problem, rng)
    stops = [random_stop(rng, problem) for _ in range(rng.integers(1, 4))]
    total = problem.total_steps
    positions = sorted({0, 1, total - 1, total, *rng.integers(0, total + 1, 6).tolist()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk_module, "AT_ONCE", sizes[0])
        patch.setattr(walk_module, "WIDE", seed % 3 * 20)
        patch.setattr(matching_module, "CELLS", sizes[1])
        patch.setattr(matching_module, "STRETCH", sizes[2])
        check_everywhere(problem, stops, positions, Timeline(problem) if seed % 2 else None)


@pytest.mark.parametrize("text", some([*CHEAP, *RUNNING], 4))
@pytest.mark.parametrize("seed", some([5, 11]))
def test_every_condition_is_found_from_every_position(
    text: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    while problem.b is None or not 40 < problem.total_steps < 120:
        problem = random_problem(rng)
    monkeypatch.setattr(matching_module, "STRETCH", 8)
    monkeypatch.setattr(matching_module, "LONGEST_STRETCH", 16)
    monkeypatch.setattr(walk_module, "AT_ONCE", 60)
    monkeypatch.setattr(walk_module, "WIDE", 2 if seed == 5 else 256)
    stops: list[Stop] = [ConditionStop(Condition.parse(text, problem.layout))]
    problem = with_nan(problem, rng)
    check_everywhere(problem, stops, list(range(problem.total_steps + 1)), Timeline(problem))


def small(**changes: Any) -> Problem:
    rng = np.random.default_rng(2)
    arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((4, 5, 2)),
        "W": rng.standard_normal((3, 2, 3, 2)),
        "b": rng.standard_normal(3),
        "dZ": rng.standard_normal((5, 5, 3)),
        "padding": 1,
    }
    return Problem(**(arrays | changes))


def batched() -> Problem:
    rng = np.random.default_rng(4)
    W = rng.standard_normal((4, 2, 2, 1))
    return Problem(rng.standard_normal((2, 4, 5, 2)), W, None, None, padding=1, groups=2)


def stem(**changes: Any) -> Problem:
    """A ResNet stem, 802,816 steps."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "A_prev": rng.standard_normal((224, 224, 3)),
        "W": rng.standard_normal((64, 7, 7, 3)),
        "dZ": np.clip(rng.standard_normal((112, 112, 64)), -4, 4),
    }
    return Problem(b=None, stride=2, padding=3, **(arrays | changes))


class Forbidden:
    def __init__(self, *_: Any) -> None:
        raise AssertionError("nothing may be stepped here")


def test_a_scan_of_a_stem_finds_its_match_without_stepping(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = stem()
    dZ = np.array(problem.dZ)
    dZ[77, 12, 5], dZ[3, 4, 60] = -4.6, 4.55
    problem = stem(dZ=dZ)
    late, early = (problem.geometry.step_at(index) + 1 for index in ((0, 77, 12, 5), (0, 3, 4, 60)))  # type: ignore[arg-type]
    monkeypatch.setattr(matching_module, "Walk", Forbidden)
    for move in ("seek", "next", "back"):
        monkeypatch.setattr(Timeline, move, Forbidden)
    total = problem.total_steps
    for text, first, last in [
        ("abs(dz) > 4.5", early, late),
        ("dz < -4.5 and i_c == 5", late, late),
        ("abs(dz) > 4.5 and i_h > 70 and max(abs(x)) > 0", late, late),
        ("77,12,5", late, late),
        ("abs(dz) > 4.7", None, None),
    ]:
        stops = [parse_stop(text, problem.layout)]
        for found, wanted in [
            (next_stop(problem, 0, stops), first),
            (previous_stop(problem, total, stops), last),
        ]:
            assert (found and found.position) == wanted
    watch = [parse_stop("watch dA[200, 100, 1]", problem.layout)]
    touching = problem.geometry.steps_touching_padded(0, 200, 100, 1)
    assert next_stop(problem, 0, watch) == (touching[0] + 1, watch[0])
    assert previous_stop(problem, total, watch) == (touching[-1] + 1, watch[0])


def test_a_walk_from_the_start_moves_no_timeline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "seek", Forbidden)
    stop = parse_stop("isnan(dA) or max(abs(dW)) > 2", small().layout)
    assert next_stop(small(), 0, [stop]) == expected([stop], all_hits(small(), [stop]), 0, False)


def test_a_search_reports_often_and_never_turns_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_module, "EVERY", -1.0)
    monkeypatch.setattr(walk_module, "AT_ONCE", 1)
    problem = small()
    stop = parse_stop("max(abs(dA)) > 1e9", problem.layout)
    for backwards in (False, True):
        monkeypatch.setattr(matching_module, "STRETCH", 6)
        start = problem.total_steps if backwards else 0
        reports = list(search(Timeline(problem), start, [stop], backwards=backwards))
        assert len(reports) >= problem.total_steps // 3
        assert all(isinstance(report, Progress) for report in reports)
        shares = [report.share for report in reports if isinstance(report, Progress)]
        assert shares == sorted(shares)
        assert 0 <= shares[0] < shares[-1] <= 1
        positions = [report.position for report in reports]
        assert positions == sorted(positions, reverse=backwards)
        assert 0 <= min(positions) <= max(positions) <= problem.total_steps


@pytest.mark.parametrize("backwards", [False, True])
def test_an_interrupted_search_leaves_everything_as_it_was(
    backwards: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "EVERY", -1.0)
    monkeypatch.setattr(walk_module, "AT_ONCE", 1)
    problem = small()
    mine, scout = Timeline(problem), Timeline(problem)
    mine.seek(30)
    before = mine.dW.tobytes(), mine.dA_prev_pad.tobytes()
    stops = [parse_stop("max(abs(dA)) > 1e9", problem.layout)]
    other = [parse_stop("mean(dA) > 0.1", problem.layout)]
    wanted = expected(other, all_hits(problem, other), 30, backwards)
    for reports in range(0, 40, 3):
        running = search(scout, 30, stops, backwards=backwards)
        for _ in zip(range(reports), running, strict=False):
            pass
        running.close()  # type: ignore[attr-defined]
        find = previous_stop if backwards else next_stop
        assert find(problem, 30, other, scout) == wanted
    assert mine.position == 30
    assert (mine.dW.tobytes(), mine.dA_prev_pad.tobytes()) == before


def test_a_far_hit_of_one_stop_does_not_hide_a_near_hit_of_another() -> None:
    problem = small()
    texts = [
        "step == 60",
        "isnan(dA)",
        "db > -1e9 and step >= 40",
        "i_h == 3 and i_w == 0 and i_c == 2",
        "dz > 1e9",
    ]
    stops = [parse_stop(text, problem.layout) for text in texts]
    assert next_stop(problem, 0, stops) == (41, stops[2])
    assert next_stop(problem, 45, stops) == (46, stops[2])
    assert previous_stop(problem, 75, stops) == (74, stops[2])
    assert next_stop(problem, 0, stops[3:]) == (48, stops[3])


@SELDOM
def test_walks_side_by_side_share_a_scout() -> None:
    problem = small()
    never = parse_stop("dA > 1e9 and i_h == 2", problem.layout)  # takes its first state from elsewhere
    for value in ("sum(dA)", "sum(dW)", "db"):
        for hits in (1, 3, 6):
            stop = parse_stop(f"{value} > 0 and i_h == 4 hits {hits}", problem.layout)
            for stops in ([stop, never], [never, stop]):
                check_everywhere(problem, stops, [0, 30, 75], Timeline(problem))
                check_everywhere(problem, stops, [0, 30, 75])


def test_hits_are_passed_over_in_the_direction_of_the_run() -> None:
    problem = small()
    third = parse_stop("i_c == 1 hits 3", problem.layout)
    assert next_stop(problem, 0, [third]) == (8, third)
    assert next_stop(problem, 8, [third]) == (17, third)  # a new run counts anew
    assert previous_stop(problem, 17, [third]) == (8, third)
    assert previous_stop(problem, 8, [third]) is None
    for text in ("dz < 9 and i_c == 1 hits 3", "dA < 99 and i_c == 1 hits 3"):
        assert [next_stop(problem, p, [parse_stop(text, problem.layout)])[0] for p in (0, 8)] == [8, 17]  # type: ignore[index]


def test_of_stops_hit_together_the_first_of_the_list_is_named() -> None:
    problem = small()
    stops = [parse_stop(text, problem.layout) for text in ("dA < 99", "dz < 99", "*", "watch dW[0,0,0,0]")]
    for first in range(len(stops)):
        turned = stops[first:] + stops[:first]
        assert next_stop(problem, 0, turned) == (1, turned[0])


def test_disabled_stops_no_stops_and_the_ends_find_nothing() -> None:
    problem = small()
    every = Breakpoint()
    assert next_stop(problem, 0, []) is None
    assert next_stop(problem, 0, [every.changed(enabled=False)]) is None
    assert next_stop(problem, problem.total_steps, [every]) is None
    assert previous_stop(problem, 0, [every]) is None
    assert previous_stop(problem, 1, [every]) is None
    assert previous_stop(problem, 2, [every]) == (1, every)


def test_a_search_refuses_what_does_not_fit_at_the_call() -> None:
    timeline, wider = Timeline(small(b=None)), small(W=np.ones((3, 6, 3, 2)), dZ=None)
    for stop, sentence in [
        (Breakpoint(i_c=3), "i_c is 3, but it goes from 0 to 2"),
        (Watchpoint("db", (0,)), "the problem has no bias"),
        (Watchpoint("dW", (0, 0, 9, 0)), "index 2 is 9, but it goes from 0 to 2"),
        (ConditionStop(Condition.parse("db > 0", small().layout)), "the problem has no bias"),
        (
            ConditionStop(Condition.parse("x[5, 0, 0] > 0", wider.layout)),
            "index 5 does not exist",
        ),
    ]:
        with pytest.raises(ValueError, match=sentence.replace("[", r"\[")):
            search(timeline, 0, [stop])
        search(timeline, 0, [stop.changed(enabled=False)])
    with pytest.raises(ValueError, match="position 76 does not exist; positions go from 0 to 75"):
        search(timeline, 76, [])


@pytest.mark.parametrize(
    ("text", "stop", "written"),
    [
        ("4,2,1", Breakpoint(i_h=4, i_w=2, i_c=1), "i_h == 4 and i_w == 2 and i_c == 1"),
        ("(4, *, 1)", Breakpoint(i_h=4, i_c=1), "i_h == 4 and i_c == 1"),
        ("4 2", Breakpoint(i_h=4, i_w=2), "i_h == 4 and i_w == 2"),
        (
            "0,4,2,1",
            Breakpoint(i_n=0, i_h=4, i_w=2, i_c=1),
            "i_n == 0 and i_h == 4 and i_w == 2 and i_c == 1",
        ),
        ("75", Breakpoint(i_n=0, i_h=4, i_w=4, i_c=2), "i_n == 0 and i_h == 4 and i_w == 4 and i_c == 2"),
        ("*", Breakpoint(), "*"),
        ("*,*,*", Breakpoint(), "*"),
        ("i_c == 1", Breakpoint(i_c=1), "i_c == 1"),
        ("i_c==1 and (i_h == 3) hits 4", Breakpoint(i_h=3, i_c=1, hits=4), "i_h == 3 and i_c == 1 hits 4"),
        ("watch dW[2, 0, 1, 0]", Watchpoint("dW", (2, 0, 1, 0)), "watch dW[2, 0, 1, 0]"),
        ("  dW[2,0,1,0] ", Watchpoint("dW", (2, 0, 1, 0)), "watch dW[2, 0, 1, 0]"),
        ("watch db[1] hits 2", Watchpoint("db", (1,), hits=2), "watch db[1] hits 2"),
        ("watch dA[3, 4, 0]", Watchpoint("dA_prev_pad", (3, 4, 0)), "watch dA_prev_pad[3, 4, 0]"),
        ("dA_prev_pad[3,4,0]", Watchpoint("dA_prev_pad", (3, 4, 0)), "watch dA_prev_pad[3, 4, 0]"),
        ("watch dA_prev[2,3,0]", Watchpoint("dA_prev_pad", (3, 4, 0)), "watch dA_prev_pad[3, 4, 0]"),
        (
            "abs(dz)>1 hits 3",
            ConditionStop(Condition.parse("abs(dz) > 1", small().layout), hits=3),
            "abs(dz)>1 hits 3",
        ),
        (
            "dA[0, 0, 0] > 1",
            ConditionStop(Condition.parse("dA[0, 0, 0] > 1", small().layout)),
            "dA[0, 0, 0] > 1",
        ),
        (
            "i_c == 1 or i_c == 2",
            ConditionStop(Condition.parse("i_c == 1 or i_c == 2", small().layout)),
            "i_c == 1 or i_c == 2",
        ),
    ],
)
def test_a_stop_is_read_and_written(text: str, stop: Stop, written: str) -> None:
    layout = small().layout
    assert parse_stop(text, layout) == stop
    assert str(stop) == written or isinstance(stop, ConditionStop)
    assert str(parse_stop(text, layout)) == written
    assert parse_stop(written, layout) == stop


ONE_STEP = Problem(np.ones((1, 1, 1)), np.ones((1, 1, 1, 1)), None, None)


@given(problems(), st.integers(0, 2**16))
@example(ONE_STEP, 7)  # a condition with `i_c == 1`, which is never so
def test_the_text_of_a_stop_reads_as_the_same_stop(problem: Problem, seed: int) -> None:
    stop = random_stop(np.random.default_rng(seed), problem)
    for name, values in (
        stop.condition.ranges(problem.layout.counts).items() if isinstance(stop, ConditionStop) else ()
    ):
        if not values:
            with pytest.raises(ExpressionError, match=f"never true: {name}"):
                parse_stop(str(stop), problem.layout)
            return
    read = parse_stop(str(stop), problem.layout)
    assert read == stop
    read.check(problem.layout)


def test_with_a_batch_the_sample_comes_first() -> None:
    layout = batched().layout
    assert parse_stop("1,4", layout) == Breakpoint(i_n=1, i_h=4)
    assert parse_stop("1,4,2,3", layout) == Breakpoint(i_n=1, i_h=4, i_w=2, i_c=3)
    assert parse_stop("watch dA_prev[1,0,0,1]", layout) == Watchpoint("dA_prev_pad", (1, 1, 1, 1))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("5,2,1", "i_h is 5, but it goes from 0 to 4"),
        ("4,2,-1", "i_c is -1, but it goes from 0 to 2"),
        ("1,4,2,1", "i_n is 1, but it goes from 0 to 0"),
        ("1,2,3,4,5", "has 5 numbers; the loop has 3: i_h, i_w, i_c"),
        ("i_c == 3", "i_c is 3, but it goes from 0 to 2"),
        ("76", "a run cannot stop at step 76; there are steps 1 to 75"),
        ("0", "a run cannot stop at step 0; there are steps 1 to 75"),
        ("i_c > 2 and dz > 0", "this is never true: i_c goes from 0 to 2"),
        ("step >= 75 and isnan(dA)", "this is never true: step goes from 0 to 74"),
        ("watch dW[3, 0, 1, 0]", "dW[3, 0, 1, 0] does not exist: index 0 is 3, but it goes from 0 to 2"),
        ("watch dW[0, 0]", "dW[0, 0] has 2 indices, but dW has 4 axes: (3, 2, 3, 2)"),
        ("watch db[3]", "index 0 is 3, but it goes from 0 to 2"),
        ("watch dA[6, 0, 0]", "dA_prev_pad[6, 0, 0] does not exist: index 0 is 6, but it goes from 0 to 5"),
        ("watch dA_prev[4, 0, 0]", "dA_prev[4, 0, 0] does not exist: index 0 is 4, but it goes from 0 to 3"),
        ("watch dA_prev[4, 0]", "dA_prev[4, 0] has 2 indices, but dA_prev has 3 axes: (4, 5, 2)"),
        ("watch dZ[0, 0, 0]", "'dZ' cannot be watched; only dW, dA_prev_pad, db can"),
        (
            "watch dW",
            "'watch dW' does not name a cell; type it like watch dW[0, 0, 0, 0] or watch db[0]",
        ),
        ("watch dW[i_c, 0, 0, 0]", "does not name a cell"),
        ("watch", "does not name a cell"),
        ("dz > 0 hits 0", "hits is '0'; it must be a whole number, at least 1"),
        ("dz > 0 hits many", "hits is 'many'; it must be a whole number, at least 1"),
        ("dz > 0 hits 99999999999999", "it must be a whole number, at least 1"),
        ("dq > 0", "column 1, 'dq': no such name; did you mean 'dz'?"),
        ("", "nothing was typed"),
        ("hits 3", "this cannot be read"),
    ],
)
def test_a_wrong_stop_is_refused_in_one_sentence_with_both_numbers(text: str, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the sentence is looked at below)
        parse_stop(text, small().layout)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert text or "column" not in str(caught.value)


def test_a_cell_that_no_window_reaches_is_never_hit() -> None:
    problem = Problem(np.ones((4, 4, 1)), np.ones((1, 2, 2, 1)), None, None, stride=3)
    assert next_stop(problem, 0, [Watchpoint("dA_prev_pad", (2, 2, 0))]) is None
    with pytest.raises(ValueError, match="would never stop: no step writes the cell"):
        parse_stop("watch dA[2, 2, 0]", problem.layout)
    with pytest.raises(ValueError, match="no bias"):
        parse_stop("watch db[0]", problem.layout)


def test_stops_keep_their_order_and_their_numbers() -> None:
    stops = Stops()
    first, second = stops.add(Breakpoint(i_c=1)), stops.add(Watchpoint("db", (0,)))
    assert [stop.id for stop in stops] == [1, 2]
    assert stops.add(Breakpoint(i_c=1)) is stops.get(1)
    assert len(stops) == 2
    third = stops.add(Breakpoint(i_c=1, hits=2))
    assert stops.list() == (first, second, third)
    assert stops.remove(2) is second
    assert stops.add(Breakpoint(i_h=0)).id == 4
    assert not stops.disable(1).enabled
    assert [stop.enabled for stop in stops] == [False, True, True]
    assert stops.enable(1).enabled
    stops.disable(1)
    assert stops.add(Breakpoint(i_c=1)).enabled
    stops.clear()
    assert list(stops) == []
    assert stops.add(Breakpoint()).id == 5


def test_toggling_a_stop_twice_leaves_nothing() -> None:
    stops = Stops()
    assert stops.toggle(Breakpoint(i_c=1)) is stops.get(1)
    assert stops.toggle(Breakpoint(i_c=2, hits=3)) is stops.get(2)
    assert stops.toggle(Breakpoint(i_c=1)) is None
    assert stops.toggle(Breakpoint(i_c=2)) is None
    assert len(stops) == 0


def test_an_unknown_number_is_refused_with_those_there_are() -> None:
    stops = Stops()
    with pytest.raises(ValueError, match="there is no stop 1; none is set"):
        stops.remove(1)
    stops.add(Breakpoint())
    stops.add(Breakpoint(i_c=0))
    for refused in (stops.get, stops.remove, stops.enable, stops.disable):
        with pytest.raises(ValueError, match="there is no stop 3; the stops are 1, 2"):
            refused(3)


def test_stops_are_values() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Breakpoint().place = ()  # type: ignore[misc]
    assert Breakpoint(i_c=1, id=3) == Breakpoint(i_c=1, enabled=False)
    assert Breakpoint(i_c=1, hits=2) != Breakpoint(i_c=1)
    assert Breakpoint(i_c=1, hits=2).like(Breakpoint(i_c=1))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=4))
def test_a_box_is_the_sorted_list_of_its_numbers(axes: list[tuple[int, int, int]]) -> None:
    ranges = [range(first, first + length) for first, length, _ in axes]
    counts = [first + length + more for first, length, more in axes]
    grid = np.arange(int(np.prod(counts))).reshape(counts)
    listed = grid[tuple(slice(r.start, r.stop) for r in ranges)].ravel().tolist()
    box = Box(ranges, counts)
    assert list(box) == listed
    assert len(box) == len(listed)
    assert box.numbers(0, len(box)).tolist() == listed
    assert [box[-1 - i] for i in range(len(box))] == listed[::-1]
    with pytest.raises(IndexError):
        box[len(box)]
