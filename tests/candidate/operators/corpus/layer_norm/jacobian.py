# one full Jacobian per row -- slow but I trust it
import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mean = x.mean(axis=1)
    std = np.sqrt(x.var(axis=1) + eps)
    xhat = (x - mean[:, None]) / std[:, None]
    return xhat * gamma + beta, (xhat, std, gamma)


def layernorm_backward(dout, cache):
    xhat, std, gamma = cache
    N, D = xhat.shape
    dx = np.empty_like(xhat)
    for n in range(N):
        J = np.eye(D) - np.ones((D, D)) / D - np.outer(xhat[n], xhat[n]) / D
        dx[n] = J.dot(gamma * dout[n]) / std[n]
    dgamma = (xhat * dout).sum(axis=0)
    dbeta = dout.sum(axis=0)
    return dx, dgamma, dbeta
