import numpy as np


def conv_forward(x, w, b, stride=1):
    """Real convolution: the kernel is rotated before it slides."""
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    wr = w[:, :, ::-1, ::-1]
    oh, ow = (H - kh) // stride + 1, (W - kw) // stride + 1
    out = np.zeros((N, F, oh, ow))
    for i in range(oh):
        for j in range(ow):
            patch = x[:, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
            out[:, :, i, j] = np.tensordot(patch, wr, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x, w, b, stride)


def conv_backward(dout, cache):
    x, w, b, stride = cache
    kh, kw = w.shape[2:]
    wr = w[:, :, ::-1, ::-1]
    dwr, dx = np.zeros_like(w), np.zeros_like(x)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            sl = np.s_[:, :, i * stride:i * stride + kh, j * stride:j * stride + kw]
            dwr += np.tensordot(dout[:, :, i, j], x[sl], axes=([0], [0]))
            dx[sl] += np.tensordot(dout[:, :, i, j], wr, axes=([1], [0]))
    return dx, dwr[:, :, ::-1, ::-1], dout.sum(axis=(0, 2, 3))
