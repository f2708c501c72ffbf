import numpy as np


def conv2d_backward(dZ, cache, stride, padding):
    x, w = cache['A_prev'], cache['W']
    k = w.shape[1]
    xp = np.pad(x, [(padding, padding), (padding, padding), (0, 0)])
    dxp, dw = np.zeros(xp.shape), np.zeros(w.shape)
    for i in range(dZ.shape[0]):
        for j in range(dZ.shape[1]):
            # x goes along the first axis, y along the second
            x0, y0 = j * stride, i * stride
            for c in range(dZ.shape[2]):
                dw[c] += dZ[i, j, c] * xp[x0:x0 + k, y0:y0 + k]
                dxp[x0:x0 + k, y0:y0 + k] += dZ[i, j, c] * w[c]
    end_h, end_w = padding + x.shape[0], padding + x.shape[1]
    return dw, dZ.sum((0, 1)), dxp[padding:end_h, padding:end_w]
