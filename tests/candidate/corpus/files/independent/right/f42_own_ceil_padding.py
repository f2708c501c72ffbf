import math
import numpy as np


def pad_to_fit(x, k, s):
    """zeros below and to the right so that the windows cover the input exactly (ceil rule)"""
    h, w = x.shape[1:3]
    oh, ow = math.ceil(max(h - k, 0) / s) + 1, math.ceil(max(w - k, 0) / s) + 1
    return np.pad(x, ((0, 0), (0, (oh - 1) * s + k - h), (0, (ow - 1) * s + k - w), (0, 0))), oh, ow


def conv_forward(x, w, b, s):
    k = w.shape[0]
    xp, oh, ow = pad_to_fit(x, k, s)
    z = np.zeros((x.shape[0], oh, ow, w.shape[3]))
    for i in range(oh):
        for j in range(ow):
            z[:, i, j] = np.tensordot(xp[:, i * s:i * s + k, j * s:j * s + k], w, axes=3) + b
    return z


def conv_backward(x, w, b, s, dz):
    k = w.shape[0]
    xp, oh, ow = pad_to_fit(x, k, s)
    assert dz.shape[1:3] == (oh, ow)
    dxp, dw = np.zeros_like(xp), np.zeros_like(w)
    for i in range(oh):
        for j in range(ow):
            dw += np.einsum("nijc,nf->ijcf", xp[:, i * s:i * s + k, j * s:j * s + k], dz[:, i, j])
            dxp[:, i * s:i * s + k, j * s:j * s + k] += np.einsum("nf,ijcf->nijc", dz[:, i, j], w)
    return dw, dz.sum((0, 1, 2)), dxp[:, :x.shape[1], :x.shape[2]]
