import numpy as np


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get('eps', 1e-5)
    # same as batchnorm, but on x.T; gamma and beta become columns
    x = x.T
    gamma, beta = gamma.reshape(-1, 1), beta.reshape(-1, 1)
    mu = x.mean(axis=0)
    var = x.var(axis=0) + eps
    std = var ** 0.5
    z = (x - mu) / std
    out = gamma * z + beta
    cache = {'x': x, 'mean': mu, 'std': std, 'gamma': gamma, 'z': z, 'var': var}
    return out.T, cache


def layernorm_backward(dout, cache):
    dout = dout.T
    D = dout.shape[0]
    x, mean, std, var = cache['x'], cache['mean'], cache['std'], cache['var']
    dbeta = dout.sum(axis=1)
    dgamma = np.sum(dout * cache['z'], axis=1)

    dfdz = dout * cache['gamma']
    dfdv = np.sum(dfdz * (x - mean) * -0.5 * var ** -1.5, axis=0)
    dfdu = np.sum(-dfdz / std, axis=0) + dfdv * np.sum(-2 / D * (x - mean), axis=0)
    dx = dfdz / std + dfdv * 2 / D * (x - mean) + dfdu / D
    return dx.T, dgamma, dbeta


def layernorm_backward_alt(dout, cache):
    z, gamma, std = cache['z'], cache['gamma'], cache['std']
    g = gamma * dout.T
    D = z.shape[0]
    dx = (g - g.sum(0) / D - z * (g * z).sum(0) / D) / std
    return dx.T, (dout.T * z).sum(1), dout.sum(0)
