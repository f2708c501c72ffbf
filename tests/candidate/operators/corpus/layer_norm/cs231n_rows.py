import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    """
    x: (N, D), gamma and beta: (D,), ln_param: {'eps': ...}
    """
    out, cache = None, None
    eps = ln_param.get('eps', 1e-5)

    mean = np.mean(x, axis=1, keepdims=True)
    xc = x - mean
    var = np.mean(xc ** 2, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = xc / std
    out = gamma * x_hat + beta
    cache = (x_hat, xc, var, std, gamma, eps)
    return out, cache


def layernorm_backward(dout, cache):
    dx, dgamma, dbeta = None, None, None
    x_hat, xc, var, std, gamma, eps = cache
    N, D = dout.shape

    dbeta = np.sum(dout, axis=0)
    dgamma = np.sum(dout * x_hat, axis=0)

    dx_hat = dout * gamma
    dxc = dx_hat / std
    dstd = -np.sum(dx_hat * xc, axis=1, keepdims=True) / (var + eps)
    dvar = dstd / (2 * std)
    dxc += 2 * xc * dvar / D
    dmean = -np.sum(dxc, axis=1, keepdims=True)
    dx = dxc + dmean / D
    return dx, dgamma, dbeta
