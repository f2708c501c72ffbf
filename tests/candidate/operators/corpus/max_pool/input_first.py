from typing import Tuple

import numpy as np


def maxpool2d_forward(x: np.ndarray, pool_size: Tuple[int, int], strides: Tuple[int, int]) -> np.ndarray:
    n, c, h, w = x.shape
    oh = (h - pool_size[0]) // strides[0] + 1
    ow = (w - pool_size[1]) // strides[1] + 1
    out = np.empty((n, c, oh, ow), dtype=x.dtype)
    for r in range(oh):
        for q in range(ow):
            r0, q0 = r * strides[0], q * strides[1]
            out[:, :, r, q] = x[:, :, r0:r0 + pool_size[0], q0:q0 + pool_size[1]].max((2, 3))
    return out


def maxpool2d_backward(x: np.ndarray, grad_out: np.ndarray, pool_size: Tuple[int, int],
                       strides: Tuple[int, int]) -> np.ndarray:
    """The input comes first here, then the gradient."""
    grad_in = np.zeros_like(x)
    for (n, c, r, q), g in np.ndenumerate(grad_out):
        r0, q0 = r * strides[0], q * strides[1]
        patch = x[n, c, r0:r0 + pool_size[0], q0:q0 + pool_size[1]]
        i, j = divmod(int(patch.argmax()), pool_size[1])
        grad_in[n, c, r0 + i, q0 + j] += g
    return grad_in
