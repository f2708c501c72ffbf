import numpy as np


def conv2d_vjp(*, cotangent, inputs, weight, stride=1, padding=0):
    """Vector-Jacobian product of conv2d (NCHW, OIHW). Returns (inputs_bar, weight_bar, bias_bar)."""
    kh, kw = weight.shape[2:]
    H, W = inputs.shape[2:]
    xp = np.pad(inputs, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    xp_bar = np.zeros(xp.shape, dtype=float)
    w_bar = np.zeros(weight.shape, dtype=float)
    for (n, o, i, j), g in np.ndenumerate(cotangent):
        win = np.s_[n, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
        w_bar[o] += g * xp[win]
        xp_bar[win] += g * weight[o]
    return xp_bar[:, :, padding:H + padding, padding:W + padding], w_bar, np.einsum("nohw->o", cotangent)
