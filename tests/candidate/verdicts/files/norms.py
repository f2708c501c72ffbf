import numpy as np


def batchnorm_forward(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    mu = 1.0 / N * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu ** 2
    var = 1.0 / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1.0 / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1.0 / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1.0 / np.sqrt(var + eps) * dsqrtvar
    dsq = 1.0 / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1.0 / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def bn_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1]))
    if mode == "train":
        mean = x.mean(axis=0)
        var = x.var(axis=0)
        x_norm = (x - mean) / np.sqrt(var + eps)
        out = gamma * x_norm + beta
        running_mean = momentum * running_mean + (1 - momentum) * mean
        cache = (x, x_norm, gamma, mean, var, eps)
    else:
        out = gamma * (x - running_mean) + beta
        cache = None
    bn_param["running_mean"] = running_mean
    return out, cache


def bn_backward(dout, cache):
    x, x_norm, gamma, mean, var, eps = cache
    m = x.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma
    dvar = np.sum(dx_norm * (x - mean) * -0.5 * (var + eps) ** -1.5, axis=0)
    dmean = np.sum(dx_norm * -1 / np.sqrt(var + eps), axis=0) + dvar * np.mean(-2 * (x - mean), axis=0)
    dx = dx_norm / np.sqrt(var + eps) + dvar * 2 * (x - mean) / m + dmean / m
    return dx, dgamma, dbeta


def bnalt_forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(0)
    std = np.sqrt(x.var(0) + eps)
    x_hat = (x - mu) / std
    return x_hat * gamma + beta, (x_hat, gamma, std)


def bnalt_backward(dout, cache):
    x_hat, gamma, std = cache
    N = dout.shape[0]
    return (gamma / (N * std)) * (N * dout - dout.sum(0) - x_hat * (dout * x_hat).sum(0)), (dout * x_hat).sum(0), dout.sum(0)


def layernorm_forward(x, gamma, beta, eps=1e-5):
    mean = np.mean(x, axis=1, keepdims=True)
    var = np.var(x, axis=1, keepdims=True)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    out = gamma * x_hat + beta
    return out, (x, x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x, x_hat, std, gamma = cache
    D = x.shape[1]
    dgamma = np.sum(dout * x_hat, axis=0)
    dbeta = np.sum(dout, axis=0)
    dx_hat = dout * gamma
    dx = dx_hat - np.mean(dx_hat, axis=1, keepdims=True)
    dx = dx - x_hat * np.mean(dx_hat * x_hat, axis=1, keepdims=True)
    dx = dx / std
    return dx, dgamma, dbeta


def layernorm_loop_forward(x, gamma, beta):
    N, D = x.shape
    out = np.zeros_like(x)
    x_hat = np.zeros_like(x)
    std = np.zeros(N)
    for i in range(N):
        m = x[i].mean()
        std[i] = np.sqrt(((x[i] - m) ** 2).mean() + 1e-5)
        x_hat[i] = (x[i] - m) / std[i]
        out[i] = gamma * x_hat[i] + beta
    return out, (x_hat, std, gamma)


def layernorm_loop_backward(dout, cache):
    x_hat, std, gamma = cache
    N, D = dout.shape
    dx = np.zeros_like(dout)
    dgamma = np.zeros_like(gamma)
    dbeta = np.zeros_like(gamma)
    for i in range(N):
        dgamma += dout[i] * x_hat[i]
        dbeta += dout[i]
        g = dout[i] * gamma
        dx[i] = (g - g.mean() - x_hat[i] * (g * x_hat[i]).mean()) / std[i]
    return dx, dgamma, dbeta


def groupnorm_forward(x, gamma, beta, G, eps=1e-5):
    N, C, H, W = x.shape
    xg = x.reshape(N, G, C // G, H, W)
    mu = xg.mean(axis=(2, 3, 4), keepdims=True)
    var = xg.var(axis=(2, 3, 4), keepdims=True)
    xn = (xg - mu) / np.sqrt(var + eps)
    x_norm = xn.reshape(N, C, H, W)
    out = x_norm * gamma + beta
    cache = (G, x, x_norm, mu, var, eps, gamma)
    return out, cache


def groupnorm_backward(dout, cache):
    G, x, x_norm, mu, var, eps, gamma = cache
    N, C, H, W = x.shape
    dbeta = dout.sum(axis=(0, 2, 3), keepdims=True)
    dgamma = (dout * x_norm).sum(axis=(0, 2, 3), keepdims=True)
    dx_norm = (dout * gamma).reshape(N, G, C // G, H, W)
    xg = x.reshape(N, G, C // G, H, W)
    M = (C // G) * H * W
    xc = xg - mu
    istd = 1 / np.sqrt(var + eps)
    dvar = (dx_norm * xc * -0.5 * istd ** 3).sum(axis=(2, 3, 4), keepdims=True)
    dmu = (-dx_norm * istd).sum(axis=(2, 3, 4), keepdims=True) + dvar * (-2 * xc).mean(axis=(2, 3, 4), keepdims=True)
    dx = dx_norm * istd + dvar * 2 * xc / M + dmu / M
    return dx.reshape(N, C, H, W), dgamma, dbeta


def l2_normalize_forward(x):
    norm = np.sqrt(np.sum(x * x, axis=-1, keepdims=True))
    y = x / norm
    return y, (x, norm)


def l2_normalize_backward(dy, cache):
    x, norm = cache
    y = x / norm
    dx = (dy - y * np.sum(dy * y, axis=-1, keepdims=True)) / norm
    return dx


def rmsnorm_forward(x, g):
    ms = np.mean(x ** 2, axis=-1, keepdims=True)
    r = 1 / np.sqrt(ms + 1e-6)
    out = x * r * g
    return out, (x, r, g)


def rmsnorm_backward(dout, cache):
    x, r, g = cache
    dg = np.sum(dout * x * r, axis=0)
    dn = dout * g
    dr = np.sum(dn * x, axis=-1, keepdims=True)
    dms = dr * -0.5 * r ** 3
    dx = dn * r
    dx += dms * 2 * x / x.shape[-1]
    return dx, dg


def weight_standardize_forward(W):
    m = W.mean(axis=1, keepdims=True)
    c = W - m
    v = (c ** 2).mean(axis=1, keepdims=True)
    W_hat = c / np.sqrt(v + 1e-5)
    return W_hat, (c, v)


def weight_standardize_backward(dW_hat, cache):
    c, v = cache
    s = 1 / np.sqrt(v + 1e-5)
    dv = (dW_hat * c).sum(axis=1, keepdims=True) * -0.5 * s ** 3
    dc = dW_hat * s
    dc += dv * 2 * c / c.shape[1]
    dm = -dc.sum(axis=1, keepdims=True)
    dW = dc + dm / c.shape[1]
    return dW
