import numpy as np


def same_conv_backward(x, w, dout):
    """Stride-1 'same' convolution, x is (batch, height, width, in), w is (k, k, in, out), k odd."""
    k = w.shape[0]
    assert k % 2 == 1, "odd kernels only"
    r = k // 2
    B, H, W, _ = x.shape
    xp = np.pad(x, ((0, 0), (r, r), (r, r), (0, 0)))
    gp = np.pad(dout, ((0, 0), (r, r), (r, r), (0, 0)))
    dw = np.zeros_like(w)
    dx = np.zeros_like(x)
    for i in range(k):
        for j in range(k):
            dw[i, j] = np.tensordot(xp[:, i:i + H, j:j + W], dout, axes=([0, 1, 2], [0, 1, 2]))
            dx += gp[:, i:i + H, j:j + W] @ w[k - 1 - i, k - 1 - j].T
    return dx, dw
