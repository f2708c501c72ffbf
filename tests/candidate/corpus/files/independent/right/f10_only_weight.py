import numpy as np


def conv2d_weight_grad(x, w_shape, dy, stride=(1, 1), padding=(0, 0)):
    """Gradient with respect to the weight only (NCHW, OIHW)."""
    sh, sw = stride
    x = np.pad(x, ((0, 0), (0, 0), (padding[0], padding[0]), (padding[1], padding[1])))
    N, C, H, W = x.shape
    _, _, oh, ow = dy.shape
    kh, kw = w_shape[2], w_shape[3]
    sN, sC, sH, sW = x.strides
    view = np.lib.stride_tricks.as_strided(
        x, shape=(N, C, kh, kw, oh, ow), strides=(sN, sC, sH, sW, sH * sh, sW * sw), writeable=False)
    return np.tensordot(dy, view, axes=([0, 2, 3], [0, 4, 5]))
