import numpy as np


def windows(x, kh, kw, sh, sw):
    n, h, w, c = x.shape
    shape = (n, (h - kh) // sh + 1, (w - kw) // sw + 1, kh, kw, c)
    a, b, d, e = x.strides
    return np.lib.stride_tricks.as_strided(x, shape, (a, b * sh, d * sw, b, d, e), writeable=False)


def strided_conv_grads(x, kernel, grad_out, strides, pads):
    sh, sw = strides
    ph, pw = pads
    o, kh, kw, c = kernel.shape
    n, h, w, _ = x.shape
    xp = np.ascontiguousarray(np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0))))
    win = windows(xp, kh, kw, sh, sw)
    d_kernel = np.tensordot(grad_out, win, axes=[(0, 1, 2), (0, 1, 2)])
    d_win = np.tensordot(grad_out, kernel, axes=[(3,), (0,)])
    d_xp = np.zeros_like(xp)
    for r in range(win.shape[1]):
        for q in range(win.shape[2]):
            d_xp[:, r * sh:r * sh + kh, q * sw:q * sw + kw] += d_win[:, r, q]
    return d_xp[:, ph:ph + h, pw:pw + w], d_kernel, np.einsum('nhwo->o', grad_out)
