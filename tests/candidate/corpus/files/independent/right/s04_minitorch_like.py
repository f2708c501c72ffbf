"""Conv op of a course library: weight is (out, in, kh, kw), windows run to the right and below
the cell, outside of the image counts as zero, so the output has the size of the input."""
import numpy as np
from typing import Any, Tuple


def _conv2d(inp, weight, reverse):
    B, C, H, W = inp.shape
    O, _, kh, kw = weight.shape
    out = np.zeros((B, O, H, W))
    for b in range(B):
        for o in range(O):
            for h in range(H):
                for w in range(W):
                    acc = 0.0
                    for i in range(kh):
                        for j in range(kw):
                            y, x = (h - i, w - j) if reverse else (h + i, w + j)
                            if 0 <= y < H and 0 <= x < W:
                                acc += inp[b, :, y, x] @ weight[o, :, i, j]
                    out[b, o, h, w] = acc
    return out


class Conv2dFun:
    @staticmethod
    def forward(ctx: Any, input: np.ndarray, weight: np.ndarray) -> np.ndarray:
        ctx.save_for_backward(input, weight)
        return _conv2d(input, weight, False)

    @staticmethod
    def backward(ctx: Any, grad_output: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        input, weight = ctx.saved_values
        grad_input = _conv2d(grad_output, weight.transpose(1, 0, 2, 3), True)
        H, W = input.shape[2:]
        big = np.pad(input, ((0, 0), (0, 0), (0, weight.shape[2] - 1), (0, weight.shape[3] - 1)))
        grad_weight = np.zeros(weight.shape)
        for i in range(weight.shape[2]):
            for j in range(weight.shape[3]):
                grad_weight[:, :, i, j] = np.einsum("bohw,bchw->oc", grad_output, big[:, :, i:i + H, j:j + W])
        return grad_input, grad_weight
