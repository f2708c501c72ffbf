import math
import numpy as np


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    out = np.zeros_like(x)
    cache = []
    for d in range(D):
        mean = 0.0
        for n in range(N):
            mean += x[n, d]
        mean /= N
        var = 0.0
        for n in range(N):
            var += (x[n, d] - mean) ** 2
        var /= N
        for n in range(N):
            out[n, d] = gamma[d] * (x[n, d] - mean) / math.sqrt(var + eps) + beta[d]
        cache.append((mean, var))
    return out, (x, gamma, eps, cache)


def batchnorm_backward(dout, cache):
    x, gamma, eps, stats = cache
    N, D = x.shape
    dx = np.zeros_like(x)
    dgamma = np.zeros_like(gamma)
    dbeta = np.zeros_like(gamma)
    for d in range(D):
        mean, var = stats[d]
        std = math.sqrt(var + eps)
        dvar = 0.0
        dmean = 0.0
        for n in range(N):
            centered = x[n, d] - mean
            dxhat = dout[n, d] * gamma[d]
            dbeta[d] += dout[n, d]
            dgamma[d] += dout[n, d] * centered / std
            dvar += dxhat * centered * (-0.5) / std**3
            dmean += -dxhat / std
        for n in range(N):
            dxhat = dout[n, d] * gamma[d]
            dx[n, d] = dxhat / std
            dx[n, d] += dvar * 2.0 * (x[n, d] - mean) / N
            dx[n, d] += dmean / N
    return dx, dgamma, dbeta


x = np.random.randn(4, 3)
out, cache = batchnorm_forward(x, np.ones(3), np.zeros(3))
print("mean should be 0, std should be 1:", out.mean(axis=0), out.std(axis=0))
print("backward of ones should be 0:", batchnorm_backward(np.ones((4, 3)), cache)[0].sum())
