import time
from functools import wraps

import numpy as np

try:
    from numba import njit
except ImportError:
    def njit(*args, **kw):
        if args and callable(args[0]):
            return args[0]
        return lambda f: f


def timed(fn):
    @wraps(fn)
    def inner(*args, **kwargs):
        t = time.perf_counter()
        res = fn(*args, **kwargs)
        print("%s took %.4fs" % (fn.__name__, time.perf_counter() - t))
        return res
    return inner


@njit(cache=True)
def _loops(dy, xp, w, dxp, dw, sh, sw):
    for n in range(dy.shape[0]):
        for f in range(dy.shape[1]):
            for i in range(dy.shape[2]):
                for j in range(dy.shape[3]):
                    for c in range(w.shape[1]):
                        for a in range(w.shape[2]):
                            for b in range(w.shape[3]):
                                dw[f, c, a, b] += dy[n, f, i, j] * xp[n, c, i * sh + a, j * sw + b]
                                dxp[n, c, i * sh + a, j * sw + b] += dy[n, f, i, j] * w[f, c, a, b]


@timed
def conv2d_bwd(x, w, dy, stride=1, padding=0):
    sh, sw = (stride, stride) if isinstance(stride, int) else stride
    ph, pw = (padding, padding) if isinstance(padding, int) else padding
    xp = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    _loops(dy, xp, w, dxp, dw, sh, sw)
    return dxp[:, :, ph:ph + x.shape[2], pw:pw + x.shape[3]], dw, dy.sum(axis=(0, 2, 3))
