import math
import numpy as np


def tf_padding(size, k, s, padding):
    if padding == "VALID":
        return 0, 0, (size - k) // s + 1
    out = math.ceil(size / s)
    total = max((out - 1) * s + k - size, 0)
    return total // 2, total - total // 2, out


def conv2d_backprop(x, filters, out_backprop, strides=(1, 1), padding="SAME"):
    """NHWC / HWIO, TensorFlow padding rules."""
    kh, kw = filters.shape[:2]
    t, bo, oh = tf_padding(x.shape[1], kh, strides[0], padding)
    le, ri, ow = tf_padding(x.shape[2], kw, strides[1], padding)
    assert out_backprop.shape[1:3] == (oh, ow), "output gradient has the wrong size"
    xp = np.pad(x, [(0, 0), (t, bo), (le, ri), (0, 0)])
    gx, gf = np.zeros_like(xp), np.zeros_like(filters)
    for i in range(oh):
        for j in range(ow):
            a, c = i * strides[0], j * strides[1]
            g = out_backprop[:, i, j]
            gf += np.einsum("nhwc,nf->hwcf", xp[:, a:a + kh, c:c + kw], g)
            gx[:, a:a + kh, c:c + kw] += np.einsum("nf,hwcf->nhwc", g, filters)
    return gx[:, t:t + x.shape[1], le:le + x.shape[2]], gf
