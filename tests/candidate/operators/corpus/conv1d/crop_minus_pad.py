import numpy as np

# worked with my padding


def conv1d_forward(x, w, b, conv_param):
    s, p = conv_param['stride'], conv_param['pad']
    xp = np.pad(x, ((0, 0), (0, 0), (p, p)))
    K = w.shape[2]
    L_out = (xp.shape[2] - K) // s + 1
    out = np.zeros((x.shape[0], w.shape[0], L_out))
    for i in range(L_out):
        out[:, :, i] = np.tensordot(xp[:, :, i * s:i * s + K], w, axes=([1, 2], [1, 2])) + b
    return out, (xp, w, conv_param)


def conv1d_backward(dout, cache):
    xp, w, conv_param = cache
    s, p = conv_param['stride'], conv_param['pad']
    K = w.shape[2]
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(dout.shape[2]):
        g = dout[:, :, i]
        dw += np.tensordot(g, xp[:, :, i * s:i * s + K], axes=(0, 0))
        dxp[:, :, i * s:i * s + K] += np.tensordot(g, w, axes=(1, 0))
    return dxp[:, :, p:-p], dw, dout.sum(axis=(0, 2))
