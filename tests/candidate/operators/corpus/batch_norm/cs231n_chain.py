import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param['mode']
    eps = bn_param.get('eps', 1e-5)
    momentum = bn_param.get('momentum', 0.9)

    N, D = x.shape
    running_mean = bn_param.get('running_mean', np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get('running_var', np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == 'train':
        # forward, one node of the graph at a time
        mu = x.sum(axis=0) / N
        xc = x - mu
        sq = xc * xc
        var = sq.sum(axis=0) / N
        std = np.sqrt(var + eps)
        istd = 1.0 / std
        xhat = xc * istd
        out = xhat * gamma + beta

        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (x, mu, xc, var, std, istd, xhat, gamma, eps)
    elif mode == 'test':
        xhat = (x - running_mean) / np.sqrt(running_var + eps)
        out = gamma * xhat + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    bn_param['running_mean'] = running_mean
    bn_param['running_var'] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    """
    Backward pass for batch normalization, straight down the graph.
    """
    x, mu, xc, var, std, istd, xhat, gamma, eps = cache
    N, D = dout.shape

    # (9) out = xhat * gamma + beta
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    dxhat = dout * gamma
    # (7) xhat = xc * istd
    dxc = dxhat * istd
    distd = (dxhat * xc).sum(axis=0)
    # (6) istd = 1 / std
    dstd = -distd / std**2
    # (5) std = sqrt(var + eps)
    dvar = 0.5 * dstd / np.sqrt(var + eps)
    # (4) var = mean of the squares
    dsq = np.ones((N, D)) * dvar / N
    # (3)
    dxc += 2 * xc * dsq
    # (2) + (1)
    dmu = -dxc.sum(axis=0)
    dx = dxc + np.ones((N, D)) * dmu / N

    return dx, dgamma, dbeta
