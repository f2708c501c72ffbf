import numpy as np
from numpy.lib.stride_tricks import as_strided


def _patches(a, kh, kw, sh, sw, oh, ow):
    b, h, w, c = a.strides
    return as_strided(a, (a.shape[0], oh, ow, kh, kw, a.shape[3]), (b, h * sh, w * sw, h, w, c))


def conv_backward(dZ, A_prev, W, b, stride=(1, 1), padding=(0, 0)):
    kh, kw, _, _ = W.shape
    sh, sw = stride
    ph, pw = padding
    m, h, w, c = A_prev.shape
    _, oh, ow, _ = dZ.shape
    Ap = np.pad(A_prev, ((0,), (ph,), (pw,), (0,)))
    dW = np.einsum("bhwijc,bhwf->ijcf", _patches(Ap, kh, kw, sh, sw, oh, ow), dZ)
    db = dZ.sum(axis=(0, 1, 2), keepdims=True)
    dAp = np.zeros(Ap.shape)
    contrib = np.einsum("bhwf,ijcf->bhwijc", dZ, W)
    for i in range(oh):
        for j in range(ow):
            dAp[:, i * sh:i * sh + kh, j * sw:j * sw + kw] += contrib[:, i, j]
    return dAp[:, ph:ph + h, pw:pw + w], dW, db
