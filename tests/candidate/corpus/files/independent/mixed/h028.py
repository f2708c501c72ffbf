import numpy as np


def conv_forward(X, W):
    n_H_prev, n_W_prev = X.shape
    f, f = W.shape
    H = np.zeros((n_H_prev - f + 1, n_W_prev - f + 1))
    for h in range(H.shape[0]):
        for w in range(H.shape[1]):
            H[h, w] = np.sum(X[h:h + f, w:w + f] * W)
    cache = (X, W)
    return H, cache


def conv_backward(dH, cache):
    X, W = cache
    f, f = W.shape
    n_H, n_W = dH.shape
    dX = np.zeros(X.shape)
    dW = np.zeros(W.shape)
    for h in range(n_H):
        for w in range(n_W):
            dX[h:h + f, w:w + f] += W * dH[h, w]
            dW += X[h:h + f, w:w + f] * dH[h, w]
    return dX, dW
