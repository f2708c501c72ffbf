import numpy as np


def average_pool_backward(dA, A_prev, f, stride):
    grads = dict()
    m, n_H, n_W, n_C = dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for h in range(n_H):
        for w in range(n_W):
            v, u = h * stride, w * stride
            value = dA[:, h, w, :] / f ** 2
            dA_prev[:, v:v + f, u:u + f, :] += value[:, None, None, :]
    grads['dA_prev'] = dA_prev
    return grads
