import numpy as np


def avgpool2d_forward(x, pool_size, strides):
    n, c, h, w = x.shape
    oh = (h - pool_size[0]) // strides[0] + 1
    ow = (w - pool_size[1]) // strides[1] + 1
    out = np.empty((n, c, oh, ow), dtype=x.dtype)
    for r in range(oh):
        for q in range(ow):
            r0, q0 = r * strides[0], q * strides[1]
            out[:, :, r, q] = x[:, :, r0:r0 + pool_size[0], q0:q0 + pool_size[1]].mean((2, 3))
    return out


def avgpool2d_backward(x, grad_out, pool_size, strides):
    grad_in = np.zeros_like(x)
    area = pool_size[0] * pool_size[1]
    for (n, c, r, q), g in np.ndenumerate(grad_out):
        for i in range(pool_size[0]):
            for j in range(pool_size[1]):
                grad_in[n, c, r * strides[0] + i, q * strides[1] + j] += g / area
    return grad_in
