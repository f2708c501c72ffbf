"""Fixed problems, each of which lets other bugs show or keeps them hidden."""

from __future__ import annotations

import numpy as np

from convstep.conv.geometry import Padding
from convstep.conv.problem import Problem


def _problem(
    seed: int,
    size: tuple[int, int, int],
    kernel: tuple[int, int, int],
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | Padding = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    batch: int | None = None,
    whole: bool = False,
) -> Problem:
    """Size is `(H, W, C_in)`, kernel `(C_out, F_h, F_w)`."""
    rng = np.random.default_rng(seed)
    A_prev = rng.standard_normal((batch, *size) if batch else size)
    W = rng.standard_normal((*kernel, size[2] // groups))
    if whole:
        A_prev, W = np.round(3 * A_prev), np.round(3 * W)
    drawn = Problem(A_prev, W, None, None, stride, padding, dilation, groups)
    dZ = rng.standard_normal(drawn.dZ.shape)
    return Problem(A_prev, W, rng.standard_normal(kernel[0]), dZ, stride, padding, dilation, groups)


PROBLEMS = {
    "padding 1": _problem(1, (5, 7, 3), (4, 3, 3), padding=1),
    "stride 2, padding 1": _problem(2, (7, 10, 3), (4, 3, 3), stride=2, padding=1),
    "stride 2, no padding": _problem(3, (8, 10, 3), (4, 3, 3), stride=2),
    "padding 2, remainder": _problem(4, (6, 9, 2), (3, 3, 2), stride=3, padding=2),
    "stride 3, padding 1": _problem(19, (7, 10, 2), (2, 3, 3), stride=3, padding=1),
    "two strides, two paddings": _problem(5, (6, 8, 2), (3, 3, 2), stride=(1, 2), padding=(1, 2)),
    "asymmetric": _problem(6, (7, 5, 2), (2, 2, 3), stride=(2, 1), padding=((0, 1), (2, 0))),
    "padding on H only": _problem(7, (5, 6, 2), (3, 3, 2), padding=(1, 0)),
    "padding on W only": _problem(8, (5, 6, 2), (3, 2, 3), padding=(0, 1)),
    "dilation 2": _problem(9, (7, 8, 2), (3, 3, 2), dilation=2, padding=1),
    "groups": _problem(10, (5, 6, 4), (6, 2, 3), groups=2, padding=1, stride=(1, 2)),
    "two dilations": _problem(20, (7, 8, 2), (3, 3, 2), dilation=(2, 1), padding=1),
    "groups of one channel": _problem(21, (5, 4, 3), (6, 3, 2), groups=3, padding=1),
    "batch 2": _problem(11, (5, 6, 2), (3, 3, 2), batch=2, stride=2, padding=1),
    "batch 3": _problem(12, (4, 5, 3), (2, 2, 2), batch=3),
    "square": _problem(13, (6, 6, 2), (3, 3, 3), padding=1),
    "square, no padding, batch 2": _problem(14, (6, 6, 2), (2, 3, 3), batch=2, stride=2),
    "windows apart": _problem(15, (7, 9, 1), (1, 2, 2), stride=(2, 3), padding=1),
    "one place": _problem(16, (3, 3, 2), (3, 3, 3)),
    "one tap": _problem(17, (4, 5, 2), (3, 1, 1), stride=2, padding=1),
    "whole numbers": _problem(18, (5, 6, 2), (3, 2, 3), padding=1, stride=2, whole=True),
}
"""By what they are good for."""
