from __future__ import annotations

import numpy as np
from hypothesis import given

from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from tests.conv.torch_reference import close, torch_result
from tests.strategies import problems


@given(problems())
def test_forward_is_torchs_convolution(problem: Problem) -> None:
    cache = conv2d_forward(
        problem.A_prev,
        problem.W,
        problem.b,
        problem.stride,
        problem.padding,
        problem.dilation,
        problem.groups,
    )
    assert cache["Z"].dtype == problem.dtype
    assert cache["Z"].shape == problem.dZ.shape
    assert close(cache["Z"], torch_result(problem).Z, 1e-12 if problem.dtype == np.float64 else 1e-5)


def test_cache_holds_what_backward_needs() -> None:
    A_prev, W, b = np.ones((3, 4, 1)), np.ones((2, 3, 3, 1)), np.zeros(2)
    cache = conv2d_forward(A_prev, W, b, stride=1, padding=1)
    assert list(cache) == ["Z", "W", "b", "A_prev"]
    for name, given_array in (("W", W), ("b", b), ("A_prev", A_prev)):
        assert cache[name].tobytes() == given_array.tobytes()
    assert conv2d_forward(A_prev, W, None, 1, 1)["b"] is None


def test_nan_and_infinity_go_through() -> None:
    Z = conv2d_forward(np.array([[[np.nan], [np.inf], [1.0]]]), np.ones((1, 1, 1, 1)), None, 1, 0)["Z"]
    np.testing.assert_array_equal(Z[0, :, 0], [np.nan, np.inf, 1.0])
