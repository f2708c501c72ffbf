import numpy as np


def upsample_zeros(a, s):
    if s == 1:
        return a
    n, c, h, w = a.shape
    out = np.zeros((n, c, (h - 1) * s + 1, (w - 1) * s + 1), a.dtype)
    out[:, :, ::s, ::s] = a
    return out


def conv2d_input_grad(x_shape, w, dy, stride=1, padding=0):
    """Transposed convolution: zeros between the entries of dy, then a full correlation
    with the kernel turned by 180 degrees. Rows that no window reached stay zero."""
    _, _, H, W = x_shape
    kh, kw = w.shape[2:]
    d = upsample_zeros(dy, stride)
    extra_h = H + 2 * padding - kh + 1 - d.shape[2]
    extra_w = W + 2 * padding - kw + 1 - d.shape[3]
    d = np.pad(d, ((0, 0), (0, 0), (kh - 1, kh - 1 + extra_h), (kw - 1, kw - 1 + extra_w)))
    rot = np.rot90(w, 2, axes=(2, 3))
    full = np.zeros((dy.shape[0], w.shape[1], H + 2 * padding, W + 2 * padding))
    for i in range(full.shape[2]):
        for j in range(full.shape[3]):
            full[:, :, i, j] = np.einsum("nfab,fcab->nc", d[:, :, i:i + kh, j:j + kw], rot)
    return full[:, :, padding:padding + H, padding:padding + W]
