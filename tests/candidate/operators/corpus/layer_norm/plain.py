import numpy as np


def layer_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    return (x - mu) / sigma * gamma + beta


def layer_norm_backward(dout, x, gamma, beta, eps=1e-5):
    """All arguments raw, recomputes what it needs. Gradients in a dict."""
    D = x.shape[-1]
    mu = x.mean(axis=-1, keepdims=True)
    sigma = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    xhat = (x - mu) / sigma

    flat_dout = dout.reshape(-1, D)
    flat_xhat = xhat.reshape(-1, D)
    dgamma = np.einsum('nd,nd->d', flat_dout, flat_xhat)
    dbeta = flat_dout.sum(axis=0)

    # jacobian of one row: (I - 1/D - xhat xhat^T / D) / sigma
    g = flat_dout * gamma
    centered = g - g.mean(axis=1)[:, None]
    projection = np.einsum('nd,nd->n', g, flat_xhat) / D
    dx = (centered - projection[:, None] * flat_xhat) / sigma.reshape(-1, 1)
    return {'dx': dx.reshape(x.shape), 'dgamma': dgamma, 'dbeta': dbeta}
