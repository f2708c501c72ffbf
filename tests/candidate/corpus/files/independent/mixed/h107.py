import numpy as np


def patches(a, kh, kw, step):
    """(N, H, W, C) -> (N * OH * OW, kh * kw * C), rows sample by sample"""
    n, h, w, c = a.shape
    oh, ow = (h - kh) // step + 1, (w - kw) // step + 1
    rows = []
    for i in range(n):
        for y in range(oh):
            for x in range(ow):
                rows.append(a[i, y * step:y * step + kh, x * step:x * step + kw].ravel())
    return np.asarray(rows), oh, ow


def conv_layer_gradients(layer_input, weights, error, step, zero_pad):
    z = zero_pad
    kh, kw, n_in, n_out = weights.shape
    padded = np.pad(layer_input, [(0, 0), (z, z), (z, z), (0, 0)])
    m, oh, ow = patches(padded, kh, kw, step)
    err = error.reshape(-1, n_out)
    grad_weights = (m.T @ err).reshape(weights.shape)
    grad_bias = err.sum(axis=0, keepdims=True)
    back = err @ weights.reshape(-1, n_out).T
    grad_padded = np.zeros(padded.shape)
    t = 0
    for i in range(padded.shape[0]):
        for y in range(oh):
            for x in range(ow):
                grad_padded[i, y * step:y * step + kh, x * step:x * step + kw] += back[t].reshape(kh, kw, n_in)
                t += 1
    h, w = layer_input.shape[1:3]
    return grad_weights, grad_bias, grad_padded[:, z:z + h, z:z + w]
