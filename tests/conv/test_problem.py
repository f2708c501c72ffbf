from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given

from convstep.conv.backward import conv2d_backward
from convstep.conv.forward import conv2d_forward
from convstep.conv.nchw import REFUSABLE
from convstep.conv.problem import Problem
from tests.strategies import problems

SHAPES = {"A_prev": (4, 5, 2), "W": (3, 2, 3, 2), "b": (3,), "dZ": (3, 3, 3)}


def problem_of(**dtypes: Any) -> Problem:
    rng = np.random.default_rng(5)
    arrays: dict[str, Any] = {
        name: (rng.standard_normal(shape) * 8).astype(dtypes.get(name, np.float64))
        for name, shape in SHAPES.items()
    }
    return Problem(**arrays)


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        ({}, np.float64),
        (dict.fromkeys(SHAPES, np.float32), np.float32),
        (dict.fromkeys(SHAPES, np.float16), np.float32),
        (dict.fromkeys(SHAPES, np.int64), np.float64),
        (dict.fromkeys(SHAPES, np.uint8), np.float64),
        (dict.fromkeys(SHAPES, ">f4"), np.float32),
        (dict.fromkeys(SHAPES, ">f8"), np.float64),
        (dict.fromkeys(SHAPES, np.float32) | {"dZ": np.float64}, np.float64),
        (dict.fromkeys(SHAPES, np.float16) | {"W": np.float32}, np.float32),
        (dict.fromkeys(SHAPES, np.float32) | {"b": np.int8}, np.float64),
    ],
)
def test_arrays_share_the_dtype_that_the_rules_say(dtypes: dict[str, Any], expected: Any) -> None:
    problem = problem_of(**dtypes)
    assert problem.dtype == expected
    for name in SHAPES:
        array = getattr(problem, name)
        assert array.dtype == expected
        assert array.dtype.isnative


def test_lists_and_tensors_are_arrays_too() -> None:
    problem = Problem([[[1], [2]]], torch.ones(1, 1, 1, 1), None, None)
    assert problem.dtype == np.float64
    assert problem.A_prev.tolist() == [[[1.0], [2.0]]]


def test_drawn_dZ_is_float32_where_the_arrays_are() -> None:
    problem = Problem(np.ones((3, 3, 1), np.float32), np.ones((1, 2, 2, 1), np.float32), None, None)
    assert problem.dtype == np.float32
    assert problem.dZ_drawn
    assert not problem_of().dZ_drawn


def test_drawn_dZ_is_the_same_every_time() -> None:
    first, second = (Problem(np.ones((3, 3, 1)), np.ones((1, 2, 2, 1)), None, None) for _ in range(2))
    assert first.dZ.tobytes() == second.dZ.tobytes()


def test_arrays_are_copies_that_nobody_can_write_to() -> None:
    given: dict[str, Any] = {name: np.ones(shape) for name, shape in SHAPES.items()}
    problem = Problem(**given)
    for name, array in given.items():
        array[...] = 7
        held = getattr(problem, name)
        assert (held == 1).all()
        assert not held.flags.writeable
        assert held.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            held[...] = 0
    assert not problem.A_prev_pad.flags.writeable
    with pytest.raises(AttributeError):
        problem.W = given["W"]  # type: ignore[misc]


def test_arrays_may_come_in_any_memory_order() -> None:
    plain = problem_of()
    turned = Problem(
        np.asfortranarray(plain.A_prev),
        plain.W[::-1][::-1],
        plain.b,
        np.moveaxis(np.moveaxis(plain.dZ, -1, 0).copy(), 0, -1),
    )
    for name in SHAPES:
        assert getattr(turned, name).tobytes() == getattr(plain, name).tobytes()


@pytest.mark.parametrize(
    ("padding", "expected"),
    [
        (2, ((2, 2), (2, 2))),
        (np.int64(1), ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ((1, (0, 2)), ((1, 1), (0, 2))),
        ([[0, 1], [2, 3]], ((0, 1), (2, 3))),
        (np.array([[0, 1], [2, 3]]), ((0, 1), (2, 3))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((0, 1), (1, 1))),
    ],
)
def test_padding_may_be_written_in_every_documented_form(padding: Any, expected: Any) -> None:
    problem = Problem(np.ones((4, 5, 1)), np.ones((1, 2, 3, 1)), None, None, padding=padding)
    assert problem.padding == expected


@pytest.mark.parametrize("kernel", [(1, 1), (2, 2), (3, 3), (4, 3), (2, 5)])
@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
@pytest.mark.filterwarnings("ignore:Using padding='same'")  # torch copies for odd padding, and says so
def test_same_pads_as_torch_does(kernel: tuple[int, int], dilation: Any) -> None:
    rng = np.random.default_rng(0)
    A_prev, W = rng.standard_normal((7, 9, 1)), rng.standard_normal((1, *kernel, 1))
    problem = Problem(A_prev, W, None, None, padding="same", dilation=dilation)
    assert problem.dZ.shape == (7, 9, 1)
    theirs = torch.nn.functional.conv2d(
        torch.tensor(A_prev[None, ..., 0]),
        torch.tensor(W[:, None, ..., 0]),
        padding="same",
        dilation=dilation,
    )
    Z = conv2d_forward(A_prev, W, None, 1, "same", dilation)["Z"]
    np.testing.assert_allclose(Z[..., 0], theirs[0].numpy(), rtol=0, atol=1e-12)


def test_stride_and_dilation_may_be_pairs_or_integers_of_numpy() -> None:
    numbers: dict[str, Any] = {"stride": np.int32(2), "dilation": np.array([1, 3]), "groups": np.array(1)}
    problem = Problem(np.ones((9, 9, 1)), np.ones((1, 2, 2, 1)), None, None, **numbers)
    assert (problem.stride, problem.dilation, problem.groups) == ((2, 2), (1, 3), 1)
    assert all(type(number) is int for number in (*problem.stride, *problem.dilation))


def test_nan_and_infinity_are_data() -> None:
    A_prev = np.array([[[np.nan], [np.inf]], [[-np.inf], [-0.0]]])
    problem = Problem(A_prev, np.full((1, 1, 1, 1), np.nan), None, None)
    assert problem.A_prev.tobytes() == A_prev.tobytes()


def test_repr_says_the_shapes_and_the_geometry() -> None:
    assert repr(problem_of()) == (
        "Problem(A_prev 4x5x2, W 3x2x3x2, b 3, dZ 3x3x3, stride=1, padding=0, dilation=1, groups=1, float64)"
    )


@given(problems())
def test_channels_first_and_back_is_a_transposition(problem: Problem) -> None:
    n = problem.nchw()
    lead = (slice(None),) if problem.A_prev.ndim == 4 else (np.newaxis,)
    for mine, ours in ((n.x, problem.A_prev[lead]), (n.w, problem.W), (n.dz, problem.dZ[lead])):
        assert np.array_equal(np.moveaxis(mine, 1, -1), ours)
        assert mine.flags.c_contiguous
        assert mine.flags.writeable
        assert not np.shares_memory(mine, ours)
    assert n.dout is n.dz
    sides = {side for axis in problem.padding for side in axis}
    assert n.padding == (sides.pop() if len(sides) == 1 else n.padding)
    assert Problem(problem.A_prev, problem.W, None, problem.dZ, n.stride, n.padding, n.dilation, n.groups)
    dW, db, dA_prev = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    dx = np.moveaxis(dA_prev[lead], -1, 1)
    back = n.gradients(dx, torch.tensor(np.moveaxis(dW, -1, 1)), db if db is None else db[:, np.newaxis])
    for got, wanted in zip(back, (dW, db, dA_prev), strict=True):
        assert got is wanted or np.array_equal(got, np.asarray(wanted))
    n.x[...] += 1
    assert not np.array_equal(np.moveaxis(n.x, 1, -1), problem.A_prev[lead])
    assert n.gradients(None, None, None) == (None, None, None)


@pytest.mark.parametrize(
    ("word", "sizes"),
    [
        ("batch", {"A_prev": (2, 4, 5, 4)}),
        ("pairs", {"stride": (1, 2)}),
        ("pairs", {"padding": (0, 1)}),
        ("sides", {"padding": ((0, 1), (0, 1))}),
        ("rectangles", {"W": (2, 3, 2, 4)}),
        ("dilation", {"dilation": 2}),
        ("groups", {"groups": 2, "W": (2, 2, 2, 2)}),
    ],
)
def test_what_cannot_be_expressed_is_refused_by_name(word: str, sizes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {"A_prev": (4, 5, 4), "W": (2, 2, 2, 4)} | sizes
    A_prev, W = np.ones(wanted.pop("A_prev")), np.ones(wanted.pop("W"))
    problem = Problem(A_prev, W, None, None, **wanted)
    assert problem.nchw([each for each in REFUSABLE if each != word]).x.ndim == 4
    with pytest.raises(NotImplementedError, match=f"^{REFUSABLE[word]}$"):
        problem.nchw([word])
    assert Problem(np.ones((4, 5, 4)), np.ones((2, 2, 2, 4)), None, None, 2, 1).nchw(REFUSABLE).stride == 2
    with pytest.raises(ValueError, match=r"^refuse has 'strides'; it may have batch, pairs, "):
        problem.nchw("strides")
