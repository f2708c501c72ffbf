import numpy as np


def grad_conv(upstream, inputs, filters, stride=1, pad=0):
    n, c, h, w = inputs.shape
    f, _, kh, kw = filters.shape
    x = np.pad(inputs, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    dx, dfilters = np.zeros_like(x), np.zeros_like(filters)
    kernel = filters.reshape(f, c, kh, kw).transpose(0, 1, 3, 2)
    assert kh == kw
    for i in range(upstream.shape[2]):
        for j in range(upstream.shape[3]):
            win = np.s_[:, :, stride * i:stride * i + kh, stride * j:stride * j + kw]
            dfilters += np.tensordot(upstream[:, :, i, j], x[win], axes=[0, 0])
            dx[win] += np.tensordot(upstream[:, :, i, j], kernel, axes=[1, 0])
    return dx[:, :, pad:pad + h, pad:pad + w], dfilters, upstream.sum((0, 2, 3))
