import numpy as np


def layernorm_forward(x, gamma, beta, eps=1e-5):
    out = np.zeros_like(x)
    means = np.zeros(x.shape[0])
    stds = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        row = x[i]
        means[i] = row.sum() / len(row)
        stds[i] = np.sqrt(((row - means[i]) ** 2).sum() / len(row) + eps)
        out[i] = gamma * (row - means[i]) / stds[i] + beta
    return out, (x, gamma, means, stds)


def layernorm_backward(dout, cache):
    x, gamma, means, stds = cache
    N, D = x.shape
    dx = np.zeros_like(x)
    dgamma = np.zeros(D)
    dbeta = np.zeros(D)
    for i in range(N):
        xhat = (x[i] - means[i]) / stds[i]
        dgamma += dout[i] * xhat
        dbeta += dout[i]
        dxhat = dout[i] * gamma
        s1 = 0.0
        s2 = 0.0
        for j in range(D):
            s1 += dxhat[j]
            s2 += dxhat[j] * xhat[j]
        for j in range(D):
            dx[i, j] = (dxhat[j] - s1 / D - xhat[j] * s2 / D) / stds[i]
    return dx, dgamma, dbeta
