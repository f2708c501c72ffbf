import numpy as np


def maxpool2d(X, pool_size=2, stride=2):
    H, W = X.shape
    Y = np.zeros(((H - pool_size) // stride + 1, (W - pool_size) // stride + 1))
    for r in range(Y.shape[0]):
        for c in range(Y.shape[1]):
            Y[r, c] = X[r * stride:r * stride + pool_size, c * stride:c * stride + pool_size].max()
    return Y


def maxpool2d_backward(dY, X, pool_size=2, stride=2):
    # one picture, one channel
    dX = np.zeros_like(X)
    for r in range(dY.shape[0]):
        for c in range(dY.shape[1]):
            best = -np.inf
            best_r = best_c = 0
            for a in range(pool_size):
                for b in range(pool_size):
                    v = X[r * stride + a, c * stride + b]
                    if v > best:
                        best = v
                        best_r, best_c = r * stride + a, c * stride + b
            dX[best_r, best_c] += dY[r, c]
    return dX
