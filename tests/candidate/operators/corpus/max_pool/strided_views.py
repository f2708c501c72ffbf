import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def maxpool_fwd(x, window, step):
    kh, kw = window
    sh, sw = step
    v = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    return v.max(axis=(4, 5))


def maxpool_bwd(g, x, window, step):
    """The last of equal maxima gets the gradient (argmax of the reversed window)."""
    kh, kw = window
    sh, sw = step
    v = sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sh, ::sw]
    n, c, oh, ow = v.shape[:4]
    last = kh * kw - 1 - v.reshape(n, c, oh, ow, kh * kw)[..., ::-1].argmax(-1)
    di, dj = np.unravel_index(last, (kh, kw))
    nn, cc, ii, jj = np.indices((n, c, oh, ow))
    dx = np.zeros(x.shape)
    np.add.at(dx, (nn, cc, ii * sh + di, jj * sw + dj), g)
    return dx
