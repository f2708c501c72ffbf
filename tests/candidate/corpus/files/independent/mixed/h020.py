import numpy as np


def corr(x, k):
    N, C, H, W = x.shape
    F, _, a, b = k.shape
    out = np.zeros((N, F, H - a + 1, W - b + 1))
    for i in range(a):
        for j in range(b):
            out += np.einsum('nchw,fc->nfhw', x[:, :, i:i + H - a + 1, j:j + W - b + 1], k[:, :, i, j])
    return out


def dilate(d, s, extra_h, extra_w):
    N, F, h, w = d.shape
    z = np.zeros((N, F, (h - 1) * s + 1 + extra_h, (w - 1) * s + 1 + extra_w))
    z[:, :, :(h - 1) * s + 1:s, :(w - 1) * s + 1:s] = d
    return z


def conv_backward(dY, X, K, stride=1, pad=0):
    H, W = X.shape[2:]
    kh, kw = K.shape[2:]
    rh, rw = (H + 2 * pad - kh) % stride, (W + 2 * pad - kw) % stride
    D = dilate(dY, stride, rh, rw)
    Xp = np.pad(X, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dK = corr(Xp.swapaxes(0, 1), D.swapaxes(0, 1)).swapaxes(0, 1)
    full = np.pad(D, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    dX = corr(full, K[:, :, ::-1, ::-1].swapaxes(0, 1))
    dX = dX[:, :, pad:dX.shape[2] - pad, pad:dX.shape[3] - pad]
    return dX, dK, dY.sum((0, 2, 3))
