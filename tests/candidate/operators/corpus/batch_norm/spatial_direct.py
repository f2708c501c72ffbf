import numpy as np


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """x: (N, C, H, W), gamma and beta (C,). No reshaping, just reduce over the other three axes."""
    eps = bn_param.get('eps', 1e-5)
    if bn_param['mode'] == 'test':
        rm = bn_param['running_mean'].reshape(1, -1, 1, 1)
        rv = bn_param['running_var'].reshape(1, -1, 1, 1)
        return gamma[None, :, None, None] * (x - rm) / np.sqrt(rv + eps) + beta[None, :, None, None], None
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    var = x.var(axis=(0, 2, 3), keepdims=True)
    x_hat = (x - mean) / np.sqrt(var + eps)
    out = gamma[None, :, None, None] * x_hat + beta[None, :, None, None]
    return out, (x, x_hat, mean, var, gamma, eps)


def spatial_batchnorm_backward(dout, cache):
    x, x_hat, mean, var, gamma, eps = cache
    N, C, H, W = dout.shape
    m = N * H * W
    axes = (0, 2, 3)

    dbeta = dout.sum(axis=axes)
    dgamma = (dout * x_hat).sum(axis=axes)

    dx_hat = dout * gamma[None, :, None, None]
    std_inv = 1 / np.sqrt(var + eps)
    dvar = (dx_hat * (x - mean) * -0.5 * std_inv**3).sum(axis=axes, keepdims=True)
    dmean = (-dx_hat * std_inv).sum(axis=axes, keepdims=True)
    dx = dx_hat * std_inv + dvar * 2 * (x - mean) / m + dmean / m
    return dx, dgamma, dbeta
