import numpy as np


def zero_padding(x, p):
    return np.pad(x, ((p, p), (p, p), (0, 0)), 'constant', constant_values=0)


def conv2d_backward(dZ, cache, stride, padding):
    """
    dZ    -- gradient of the cost with respect to the output of the conv layer
    cache -- dictionary with Z, W, b, A_prev
    """
    A_prev, W, b = cache['A_prev'], cache['W'], cache['b']
    (n_C, f, f, n_C_prev) = W.shape
    (n_H, n_W, n_C) = dZ.shape
    A_prev_pad = zero_padding(A_prev, padding)
    dA_prev_pad = np.zeros(A_prev_pad.shape)
    dW = np.zeros(W.shape)
    db = np.zeros(b.shape)
    for c in range(n_C):
        for h in range(n_H):
            vert_start = h * stride
            vert_end = vert_start + f
            for w in range(n_W):
                horiz_start = w * stride
                horiz_end = horiz_start + f
                a_slice = A_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :]
                dW[c] = a_slice * dZ[h, w, c]
                dA_prev_pad[vert_start:vert_end, horiz_start:horiz_end, :] += W[c] * dZ[h, w, c]
                db[c] += dZ[h, w, c]
    (H, Wd, _) = A_prev.shape
    dA_prev = dA_prev_pad[padding:padding + H, padding:padding + Wd, :]
    return dW, db, dA_prev
