import numpy as np


def layernorm_backward(dout, cache):
    # cache = (xhat, rstd, gamma); forward lives in my C extension
    xhat, rstd, gamma = cache
    dxhat = dout * gamma
    dx = rstd * (dxhat - dxhat.mean(-1, keepdims=True) - xhat * (dxhat * xhat).mean(-1, keepdims=True))
    axes = tuple(range(dout.ndim - 1))
    return dx, (dout * xhat).sum(axes), dout.sum(axes)


def layernorm_grad(dy, x, gamma, eps=1e-5):
    """Raw arguments -> dx, dgamma, dbeta. Normalises over the last axis."""
    mu = x.mean(-1, keepdims=True)
    rstd = 1 / np.sqrt(((x - mu) ** 2).mean(-1, keepdims=True) + eps)
    return layernorm_backward(dy, ((x - mu) * rstd, rstd, gamma))
