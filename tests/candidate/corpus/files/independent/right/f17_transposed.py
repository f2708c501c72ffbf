import numpy as np


def corr(x, w):
    N, C, H, W = x.shape
    F, _, a, b = w.shape
    out = np.zeros((N, F, H - a + 1, W - b + 1))
    for i in range(a):
        for j in range(b):
            out += np.einsum("nchw,fc->nfhw", x[:, :, i:i + H - a + 1, j:j + W - b + 1], w[:, :, i, j])
    return out


def dilate(z, s):
    out = np.zeros(z.shape[:2] + (s * (z.shape[2] - 1) + 1, s * (z.shape[3] - 1) + 1))
    out[:, :, ::s, ::s] = z
    return out


def conv_back(dz, cache):
    x, w, b, s, p = cache
    kh, kw = w.shape[2], w.shape[3]
    xp = np.pad(x, [(0, 0), (0, 0), (p, p), (p, p)])
    d = dilate(dz, s)
    used_h, used_w = d.shape[2] + kh - 1, d.shape[3] + kw - 1
    dw = corr(xp[:, :, :used_h, :used_w].swapaxes(0, 1), d.swapaxes(0, 1)).swapaxes(0, 1)
    dxp = np.zeros_like(xp)
    flipped = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    dxp[:, :, :used_h, :used_w] = corr(np.pad(d, [(0, 0), (0, 0), (kh - 1,) * 2, (kw - 1,) * 2]), flipped)
    db = np.sum(dz, axis=(0, 2, 3)).reshape(b.shape)
    h, wd = x.shape[2:]
    return dxp[:, :, p:p + h, p:p + wd], dw, db
