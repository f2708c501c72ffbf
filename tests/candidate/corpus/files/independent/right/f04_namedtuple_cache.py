from collections import namedtuple

import numpy as np

ConvCache = namedtuple("ConvCache", ["x", "kernel", "bias", "stride", "padding"])


def conv2d_forward(x, kernel, bias, stride=(1, 1), padding=(0, 0)):
    """x: [batch, height, width, in], kernel: [kh, kw, in, out]"""
    (sh, sw), (ph, pw) = stride, padding
    kh, kw = kernel.shape[:2]
    xp = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    oh = (xp.shape[1] - kh) // sh + 1
    ow = (xp.shape[2] - kw) // sw + 1
    y = np.zeros((x.shape[0], oh, ow, kernel.shape[3])) + bias
    for i in range(kh):
        for j in range(kw):
            y += xp[:, i:i + sh * oh:sh, j:j + sw * ow:sw][:, :oh, :ow] @ kernel[i, j]
    return y, ConvCache(x, kernel, bias, stride, padding)


def conv2d_backward(dy, cache: ConvCache):
    (sh, sw), (ph, pw) = cache.stride, cache.padding
    kh, kw = cache.kernel.shape[:2]
    _, oh, ow, _ = dy.shape
    xp = np.pad(cache.x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
    dxp = np.zeros_like(xp)
    dk = np.zeros_like(cache.kernel)
    for i in range(kh):
        for j in range(kw):
            rows = slice(i, i + sh * (oh - 1) + 1, sh)
            cols = slice(j, j + sw * (ow - 1) + 1, sw)
            dk[i, j] = np.tensordot(xp[:, rows, cols], dy, axes=([0, 1, 2], [0, 1, 2]))
            dxp[:, rows, cols] += dy @ cache.kernel[i, j].T
    H, W = cache.x.shape[1:3]
    return dxp[:, ph:ph + H, pw:pw + W], dk, dy.sum((0, 1, 2)).reshape(cache.bias.shape)
