from numpy.lib.stride_tricks import sliding_window_view
import numpy as np


def conv2d(x, w):
    win = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("bchwij,ocij->bohw", win, w)


def conv2d_grads(x, w, dy):
    # dL/dw: correlate the input with dy
    kh, kw = w.shape[-2:]
    dw = np.einsum("bchwij,bohw->ocij", sliding_window_view(x, (kh, kw), axis=(2, 3)), dy)
    # dL/dx: full correlation with the flipped kernel
    dyp = np.pad(dy, [(0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)])
    win = sliding_window_view(dyp, (kh, kw), axis=(2, 3))
    dx = np.einsum("bohwij,ocij->bchw", win, w[:, :, ::-1, ::-1])
    return dx, dw
