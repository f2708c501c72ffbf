"""Which problem a call was, whatever its layout; and nothing that its numbers do not bear out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep.candidate.power.reading import Reading, readings, to_ours, to_theirs
from convstep.candidate.verdicts.calls import Called
from convstep.operators.operator import Convention
from convstep.operators.registry import operator_named

RNG = np.random.default_rng(0)
X, W, B, DOUT = (RNG.standard_normal(shape) for shape in ((4, 3), (3, 5), (5,), (4, 5)))


def read(name: str, function: Callable[..., Any], *given: Any) -> Reading | None:
    called = Called(function, given)
    return next(readings(operator_named(name), called, None, function(*given)), None)


def columns(dZ: Any, cache: Any) -> Any:
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis=1, keepdims=True) / m


def rows(dout: Any, cache: Any) -> Any:
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def test_rows_are_read() -> None:
    found = read("linear", rows, DOUT, (X, W, B))
    assert found is not None
    assert (found.problem.arrays["x"] == X).all()
    assert dict(found.places) == {"dx": ("", "[0]"), "dw": ("", "[1]"), "db": ("", "[2]")}


def test_samples_in_columns_and_gradients_of_a_mean_are_read() -> None:
    found = read("linear", columns, DOUT.T, (X.T, W.T, B[:, None]))
    assert found is not None
    assert found.problem.arrays["x"].shape == (4, 3)
    assert dict(found.scales) == {"dx": 1.0, "dw": 0.25, "db": 0.25}
    operator = operator_named("linear")
    laid = to_theirs(operator, found.convention, "db", found.right["db"])
    assert laid.shape == (5, 1)


def test_names_alone_are_not_believed() -> None:
    def wrong(dout: Any, cache: Any) -> Any:
        x, w, _ = cache
        return 2 * dout @ w.T, x.T @ dout + 1, dout.sum(axis=0) - 1

    assert read("linear", wrong, DOUT, (X, W, B)) is None
    assert read("linear", lambda dout: dout, DOUT) is None


def test_float32_is_read_as_closely_as_it_is_kept() -> None:
    x, w, b, dout = (array.astype(np.float32) for array in (X, W, B, DOUT))
    found = read("linear", rows, dout, (x, w, b))
    assert found is not None
    assert found.places.keys() == {"dx", "dw", "db"}


def test_zeros_are_read_only_as_what_is_known_already() -> None:
    zero = np.zeros_like(DOUT)
    assert read("linear", rows, zero, (X, W, B)) is None
    known = read("linear", rows, DOUT, (X, W, B))
    called = Called(rows, (zero, (X, W, B)))
    again = next(readings(operator_named("linear"), called, None, rows(zero, (X, W, B)), None, known), None)
    assert again is not None
    assert again.places == known.places  # type: ignore[union-attr]


def test_one_sample_and_an_option_that_nobody_is_told_are_read() -> None:
    def backprop(d_out: Any, image: Any) -> Any:
        dx = np.zeros_like(image)
        for i, j, k in np.ndindex(d_out.shape):
            window = image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2, k]
            a, b = np.unravel_index(window.argmax(), window.shape)
            dx[2 * i + a, 2 * j + b, k] += d_out[i, j, k]
        return dx

    image, d_out = RNG.standard_normal((6, 4, 3)), RNG.standard_normal((3, 2, 3))
    found = read("max-pool", backprop, d_out, image)
    assert found is not None
    assert found.problem.arrays["x"].shape == (1, 3, 6, 4)
    assert found.problem.options["size"] == found.problem.options["stride"] == (2, 2)


def test_an_array_whose_name_says_nothing_is_tried() -> None:
    found = read("relu", lambda dout, cache: dout * (cache > 0), DOUT, DOUT[::-1])
    assert found is not None
    assert np.array_equal(found.problem.arrays["x"], DOUT[::-1])


def test_labels_as_rows_with_a_one_are_read() -> None:
    def loss_backward(logits: Any, labels: Any) -> Any:
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return (p - labels) / len(logits)

    labels = np.eye(5)[[1, 0, 4, 1]]
    found = read("softmax-cross-entropy", loss_backward, RNG.standard_normal((4, 5)), labels)
    assert found is not None
    assert sorted(found.problem.arrays["y"].tolist()) == [0, 1, 1, 4]


@pytest.mark.parametrize(
    ("shape", "own", "other", "expected"),
    [
        ((3, 5), "N*", "DN", (5, 3)),
        ((2, 4, 5, 3), "NCHW", "NHWC", (2, 3, 4, 5)),
        ((4, 5, 3), "NCHW", "HWC", (1, 3, 4, 5)),
        ((5, 1), "M", "M1", (5,)),
        ((5, 2), "M", "M1", None),
        ((5,), "M", "M1", None),
        ((2, 3, 4), "N*", "N*", (2, 3, 4)),
    ],
)
def test_an_array_is_laid_as_ours_or_cannot_be(
    shape: tuple[int, ...], own: str, other: str, expected: tuple[int, ...] | None
) -> None:
    found = to_ours(np.zeros(shape), own, other)
    assert (None if found is None else found.shape) == expected


def test_a_gradient_of_another_shape_stays_as_a_mistake_makes_it() -> None:
    operator = operator_named("linear")
    assert to_theirs(operator, Convention("own"), "db", np.zeros((1, 5))).shape == (1, 5)
