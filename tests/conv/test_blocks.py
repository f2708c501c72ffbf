"""Blocks of steps against the plain loop: the same bits, whatever is cut into whatever parts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv import blocks
from convstep.conv.backward import conv2d_backward
from convstep.conv.blocks import Block, add_block, add_place, exact_gradients, run_to
from convstep.conv.problem import Problem
from convstep.conv.step import Run, quiet
from tests.conv.loop import Bits, PlainLoop, bits
from tests.strategies import SELDOM, draw_problem, problems, random_problem, some, tried

Array = npt.NDArray[Any]

BUFFERS = (1, 24, 1 << 16)
"""One term at a time, a few at a time, all at once."""
PLANAR = (0, 16)
"""Never in planes, and nearly always."""
STRANGE = (np.nan, np.inf, -np.inf, -0.0, 0.0, 1e308, 5e-324)


def made(**changes: Any) -> Problem:
    """A problem of a fixed geometry, with some of it changed."""
    fields: dict[str, Any] = {
        "kernel": (3, 2),
        "stride": (1, 1),
        "dilation": (1, 1),
        "padding": ((1, 0), (0, 2)),
        "groups": 1,
        "per_group": (2, 3),
        "output": (4, 3),
        "spare": (0, 0),
        "batch": None,
        "bias": True,
        "dtype": np.float64,
    }
    return draw_problem(np.random.default_rng(3), **(fields | changes))


def with_strange_values(problem: Problem, rng: np.random.Generator) -> Problem:
    """The same geometry with NaN, infinities, signed zeros and extremes strewn in."""

    def strewn(values: Array) -> Array:
        chosen = rng.choice(STRANGE, values.shape).astype(values.dtype)
        return np.where(rng.random(values.shape) < 0.15, chosen, values)

    with quiet():
        arrays = [strewn(values) for values in (problem.A_prev, problem.W, problem.dZ)]
    A_prev, W, dZ = arrays
    return Problem(
        A_prev, W, problem.b, dZ, problem.stride, problem.padding, problem.dilation, problem.groups
    )


def run_bits(run: Run) -> Bits:
    return bits(run.dW, run.db, run.dA_prev_pad)


def bits_with_one_nan(dW: Array, db: Array | None, dA_prev_pad: Array) -> Bits:
    """Bits, any NaN standing for all: which operand's sign and payload survive is the machine's choice."""

    def same(values: Array) -> Array:
        return np.where(np.isnan(values), np.array(np.nan, values.dtype), values)

    return bits(same(dW), None if db is None else same(db), same(dA_prev_pad))


def cut_finely(patch: pytest.MonkeyPatch, buffer: int, planar_below: int) -> None:
    patch.setattr(blocks, "BUFFER", buffer)
    patch.setattr(blocks, "PLANAR_BELOW", planar_below)
    patch.setattr(blocks, "TOGETHER", 1 << 11 if buffer == BUFFERS[1] else 0)


def check_every_position(problem: Problem) -> None:
    loop, position = PlainLoop(problem), 0

    def compare() -> None:
        nonlocal position
        position += 1
        assert run_bits(run_to(problem, position)) == loop.bits, (problem, position)

    assert run_bits(run_to(problem, 0)) == loop.bits
    loop.run(seen=compare)
    assert position == problem.total_steps


@SELDOM
@settings(max_examples=tried(160))
@given(problems(), st.sampled_from(BUFFERS), st.sampled_from(PLANAR))
def test_a_run_to_every_position_has_the_bits_of_the_loop(
    problem: Problem, buffer: int, planar_below: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        cut_finely(patch, buffer, planar_below)
        check_every_position(problem)


CORNERS: list[dict[str, Any]] = [
    {"kernel": (1, 1), "padding": ((0, 0), (0, 0))},
    {"per_group": (1, 1)},
    {"kernel": (1, 1), "per_group": (1, 1), "padding": ((0, 0), (0, 0))},
    {"kernel": (1, 1), "per_group": (1, 4)},
    {"kernel": (1, 3), "per_group": (1, 1), "output": (1, 5)},
    {"per_group": (4, 1)},
    {"output": (1, 1)},
    {"output": (5, 1)},
    {"output": (1, 6)},
    {"stride": (4, 3), "kernel": (2, 2)},
    {"stride": (3, 5), "kernel": (1, 1), "spare": (2, 4)},
    {"stride": (2, 2), "dilation": (2, 3), "spare": (1, 1)},
    {"groups": 3, "per_group": (1, 1)},
    {"groups": 2, "per_group": (2, 3), "dilation": (3, 1)},
    {"batch": 3, "groups": 2, "stride": (2, 1)},
    {"batch": 1, "bias": False},
    {"dtype": np.float32, "groups": 2},
    {"dtype": np.float32, "batch": 2, "stride": (2, 2)},
]


@pytest.mark.parametrize(
    ("changes", "buffer", "planar_below"), some(itertools.product(CORNERS, BUFFERS, PLANAR), 5), ids=str
)
def test_corner_geometries_have_the_bits_of_the_loop_at_every_position(
    changes: dict[str, Any], buffer: int, planar_below: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_finely(monkeypatch, buffer, planar_below)
    check_every_position(made(**changes))


@pytest.mark.parametrize("buffer", [*BUFFERS, 200])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_input_channels_go_channels_last_with_the_same_bits(
    groups: int, buffer: int, dtype: type[np.floating[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_finely(monkeypatch, buffer, 16)
    problem = made(per_group=(40, 3), groups=groups, output=(4, 5), stride=(1, 2), dtype=dtype)
    for position in (1, problem.total_steps // 2, problem.total_steps):
        assert run_bits(run_to(problem, position)) == PlainLoop(problem).run(position).bits


@pytest.mark.parametrize("per_group", [(2, 3), (20, 3)])
def test_wide_rows_and_deep_ones_have_the_same_bits(
    per_group: tuple[int, int],
) -> None:
    for columns in (1, 2, 3, 19, 40):
        problem = made(per_group=per_group, output=(1, columns), padding=((0, 0), (0, 0)))
        run = Run.begin(problem)
        add_block(run, Block(0, range(1), range(columns)))
        assert run_bits(run) == PlainLoop(problem).run().bits


@pytest.mark.parametrize("per_group", [(1, 1), (1, 2), (2, 1)])
def test_long_rows_of_few_cells_are_added_one_after_the_other(per_group: tuple[int, int]) -> None:
    """Where NumPy has little to be fast along it must still not add in pairs."""
    problem = made(kernel=(1, 1), per_group=per_group, output=(2, 3000), padding=((0, 0), (0, 0)))
    rows = 3000 * per_group[1]
    for position in (rows, 2 * rows, 2 * rows - 1):
        assert run_bits(run_to(problem, position)) == PlainLoop(problem).run(position).bits


@pytest.mark.parametrize("seed", range(4))
def test_blocks_of_any_size_follow_each_other_to_the_loops_bits(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(60):
        cut_finely(monkeypatch, int(rng.choice(BUFFERS)), int(rng.choice(PLANAR)))
        problem = random_problem(rng)
        run, position = Run.begin(problem), 0
        while position < problem.total_steps:
            position += add_something(run, position, rng)
            assert run_bits(run) == PlainLoop(problem).run(position).bits, (problem, position)


def add_something(run: Run, position: int, rng: np.random.Generator) -> int:
    """Add whole rows, a part of a row or some channels, as fits here; how many steps that was."""
    h_out, w_out, c_out = run.geometry.output_shape
    i_n, i_h, i_w, i_c = run.geometry.index_at(position)
    if i_c or rng.random() < 0.3:
        stop = int(rng.integers(i_c + 1, c_out + 1))
        add_place(run, (i_n, i_h, i_w), range(i_c, stop))
        return stop - i_c
    if i_w or rng.random() < 0.5:
        columns = range(i_w, int(rng.integers(i_w + 1, w_out + 1)))
        add_block(run, Block(i_n, range(i_h, i_h + 1), columns))
        return len(columns) * c_out
    rows = range(i_h, int(rng.integers(i_h + 1, h_out + 1)))
    add_block(run, Block(i_n, rows, range(w_out)))
    return len(rows) * w_out * c_out


@pytest.mark.parametrize("strange", [False, True])
def test_a_place_takes_any_range_of_channels_across_groups(strange: bool) -> None:
    problem = made(groups=3, per_group=(2, 2), batch=2)
    if strange:
        problem = with_strange_values(problem, np.random.default_rng(8))
    c_out = problem.geometry.kernel_shape[0]
    for index in ((0, 0, 0), (0, 2, 1), (1, 3, 2)):
        start = problem.geometry.step_at(problem.geometry.index_at(0)._replace(i_n=index[0]))
        start += (index[1] * problem.geometry.output_shape[1] + index[2]) * c_out
        for first in range(c_out):
            for stop in range(first, c_out + 1):
                run, loop = run_to(problem, start + first), PlainLoop(problem).run(start + stop)
                with quiet():
                    add_place(run, index, range(first, stop))
                expected = bits_with_one_nan(loop.dW, loop.db, loop.dA_prev_pad)
                assert bits_with_one_nan(run.dW, run.db, run.dA_prev_pad) == expected


@pytest.mark.parametrize("planar_below", PLANAR)
@pytest.mark.parametrize("buffer", BUFFERS)
@pytest.mark.filterwarnings("error")
def test_nan_inf_and_signed_zeros_come_out_as_in_the_loop(
    buffer: int, planar_below: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_finely(monkeypatch, buffer, planar_below)
    rng = np.random.default_rng(buffer)
    for _ in range(80):
        problem = with_strange_values(random_problem(rng), rng)
        position = int(rng.integers(0, problem.total_steps + 1))
        run, loop = run_to(problem, position), PlainLoop(problem).run(position)
        db = None if problem.b is None else loop.db
        expected = bits_with_one_nan(loop.dW, db, loop.dA_prev_pad)
        assert bits_with_one_nan(run.dW, run.db, run.dA_prev_pad) == expected, (problem, position)


def test_sums_whose_order_shows_are_in_the_loops_order() -> None:
    """With values of every magnitude nearly every other order gives other bits."""
    rng = np.random.default_rng(1)
    plain = made(kernel=(3, 3), per_group=(2, 5), output=(12, 14), dilation=(2, 1))
    arrays = [
        values * 10.0 ** rng.integers(-12, 12, values.shape) for values in (plain.A_prev, plain.W, plain.dZ)
    ]
    A_prev, W, dZ = arrays
    problem = Problem(A_prev, W, plain.b, dZ, plain.stride, plain.padding, plain.dilation)
    expected = PlainLoop(problem).run()
    assert run_bits(run_to(problem, problem.total_steps)) == expected.bits
    places = dZ.reshape(-1, dZ.shape[-1])
    assert (places[::-1].cumsum(axis=0)[-1] != expected.db).all(), "the data must tell orders apart"


@pytest.mark.parametrize("batch", [None, 2])
def test_exact_gradients_are_those_of_the_generator(batch: int | None) -> None:
    problem = made(batch=batch, stride=(2, 1), groups=2)
    found = exact_gradients(problem)
    dW, db, dA_prev = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    assert found.dW.tobytes() == dW.tobytes()
    assert found.db is not None
    assert db is not None
    assert found.db.tobytes() == db.tobytes()
    assert found.dA_prev.tobytes() == dA_prev.tobytes()
    assert found.dA_prev.shape == problem.A_prev.shape


def test_an_empty_block_adds_nothing() -> None:
    problem = made()
    run = run_to(problem, 7)
    before = run_bits(run)
    add_block(run, Block(0, range(2, 2), range(3)))
    add_block(run, Block(0, range(2, 3), range(0)))
    assert run_bits(run) == before
