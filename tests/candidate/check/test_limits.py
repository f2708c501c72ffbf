"""What a candidate never takes and does not claim to take is a limit; everything else is a mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep import check
from convstep.candidate.call.worker import Worker
from convstep.candidate.check.limits import ODD
from convstep.candidate.check.sweep import Swept, sweep
from tests.candidate.call.test_named import core
from tests.candidate.conftest import Files
from tests.strategies import SELDOM
from tests.waiting import GENEROUS


def swept(function: Callable[..., Any]) -> Swept:
    with Worker.of_function(function, GENEROUS) as running:
        return sweep(running, clock=lambda: 0.0)


def _square(x: Any, w: Any, g: Any, s: int) -> Any:
    if w.shape[2] != w.shape[3]:
        np.zeros(w.shape[2])[w.shape[3] + 9]
    return core(x, w, g, s)


def one_side(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    k = bank.shape[-1]
    return _square(picture, bank, delta, step * k // k)


def one_name(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    _, _, k, _ = bank.shape
    dx, dw, db = _square(picture, bank, delta, step * k // k)
    return 2 * dx, dw, db


def says_nothing(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    dx, dw, db = core(picture, bank, delta, step)
    return dx, (dw if len({*dw.shape[2:]}) == 1 else dw * 2), db


def both_sides(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    kh, kw = bank.shape[2:]
    return _square(picture, bank, delta, step * kh * kw // (kh * kw))


def two_borders(grad_out: Any, input: Any, weight: Any, stride: Any = 1, padding: Any = 0) -> Any:
    one = stride if isinstance(stride, int) else stride[0]
    top, left = padding
    wide = np.pad(input, ((0, 0), (0, 0), (top, top), (left, left)))
    dx, dw, db = core(wide, weight, grad_out, one)
    rows, columns = input.shape[2:]
    return dx[:, :, top : top + rows, top : top + columns], dw, db


def one_filter(delta: Any, picture: Any, bank: Any, step: int) -> Any:
    dx, dw, db = core(picture, bank, delta, step)
    return dx, dw * (2 if len(bank) > 1 else 1), db


def three_by_three(delta: Any, picture: Any, bank: Any) -> Any:
    dx, dw, db = np.zeros(picture.shape), np.zeros(bank.shape), delta.sum((0, 2, 3))
    for i in range(3):
        for j in range(3):
            part = np.s_[:, :, i : i + delta.shape[2], j : j + delta.shape[3]]
            dw[:, :, i, j] = np.einsum("nfhw,nchw->fc", delta, picture[part])
            dx[part] += np.einsum("nfhw,fc->nchw", delta, bank[:, :, i, j])
    return dx, dw, db


def test_a_kernel_that_is_written_in_is_no_mistake_unless_the_kernels_are_asked_for_their_size() -> None:
    found = swept(three_by_three)
    assert [limit.what for limit in found.limits] == ["kernels other than 3x3"]
    assert found.failing is None
    assert found.passed > 10


@SELDOM
def test_what_its_own_forward_takes_its_backward_must_take_too(files: Files) -> None:
    text = """
    import numpy as np

    def conv2d(x, w, b, s=1):
        n, c, h, wd = x.shape
        z = np.zeros((n, len(w), (h - w.shape[2]) // s + 1, (wd - w.shape[3]) // s + 1))
        for i in range(z.shape[2]):
            for j in range(z.shape[3]):
                part = x[:, :, i * s : i * s + w.shape[2], j * s : j * s + w.shape[3]]
                z[:, :, i, j] = np.tensordot(part, w, ([1, 2, 3], [1, 2, 3])) + b
        return z

    def conv2d_grads(dz, x, w, b, s=1):
        side = w.shape[-1]
        dx, dw = np.zeros(x.shape), np.zeros(w.shape)
        for i in range(dz.shape[2]):
            for j in range(dz.shape[3]):
                part = np.s_[:, :, i * s : i * s + side, j * s : j * s + side]
                dw += np.tensordot(dz[:, :, i, j], x[part], (0, 0))
                dx[part] += np.tensordot(dz[:, :, i, j], w, (1, 0))
        return dx, dw, dz.sum((0, 2, 3))
    """
    verdict = check(f"{files.write('mine.py', text)}:conv2d_grads")
    assert "only when the kernel is not square" in verdict.headline
    assert not verdict.swept.limits


@pytest.mark.parametrize("function", [one_side, one_name, says_nothing])
def test_a_limit_is_not_held_against_it(function: Callable[..., Any]) -> None:
    found = swept(function)
    assert [limit.what for limit in found.limits] == ["kernels that are not square"]
    assert not any(limit.beyond(r.right.problem.geometry) for limit in found.limits for r in found.results)
    assert "kernels that are not square (" in found.limits[0].note
    assert (found.failing is None) == (function is not one_name)


@SELDOM
@pytest.mark.parametrize("function", [both_sides, one_filter, two_borders])
def test_what_it_claims_or_gets_wrong_is_no_limit(function: Callable[..., Any]) -> None:
    found = swept(function)
    assert found.limits == ()
    assert found.failing is not None


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("# kernel size must be odd", True),
        ("# only odd kernels", True),
        ("assert k % 2 == 1", True),
        ("# the odd row of padding is at the end", False),
        ("# one more cell of padding below if it is odd", False),
        ("# the kernel may be odd or even", False),
    ],
)
def test_odd_padding_is_no_odd_kernel(text: str, odd: bool) -> None:
    assert bool(re.search(ODD, text, re.I)) is odd


def _no_larger(picture: Any, bank: Any) -> None:
    if any(k > n for k, n in zip(bank.shape[2:], picture.shape[2:], strict=True)):
        np.zeros(2)[bank.size + 9]


def raises_where_the_kernel_is_larger(delta: Any, picture: Any, bank: Any, pad: int) -> Any:
    _no_larger(picture, bank)
    return core(picture, bank, delta, 1, pad)


def raises_elsewhere_too(delta: Any, picture: Any, bank: Any, pad: int) -> Any:
    _no_larger(picture, bank)
    if pad > 1:
        np.zeros(2)[pad + 9]
    return core(picture, bank, delta, 1, pad)


def is_wrong_where_the_kernel_is_larger(delta: Any, picture: Any, bank: Any, pad: int) -> Any:
    dx, dw, db = core(picture, bank, delta, 1, pad)
    larger = any(k > n for k, n in zip(bank.shape[2:], picture.shape[2:], strict=True))
    return dx, dw * (2 if larger else 1), db


def test_raising_where_a_kernel_is_larger_than_its_picture_alone_is_no_mistake() -> None:
    found = swept(raises_where_the_kernel_is_larger)
    assert [limit.what for limit in found.limits] == ["kernels larger than the picture"]
    assert "whose kernel is larger than the picture itself and fits by its padding" in found.limits[0].note
    assert "IndexError" in found.limits[0].note
    assert found.failing is None
    assert found.passed > 10


@SELDOM
@pytest.mark.parametrize("function", [raises_elsewhere_too, is_wrong_where_the_kernel_is_larger])
def test_but_what_else_fails_is_one_and_so_are_wrong_numbers(function: Callable[..., Any]) -> None:
    found = swept(function)
    assert found.failing is not None
