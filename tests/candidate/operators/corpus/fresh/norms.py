import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    mu, var = x.mean(0), x.var(0)
    bn_param["running_mean"] = momentum * bn_param.get("running_mean", 0) + (1 - momentum) * mu
    bn_param["running_var"] = momentum * bn_param.get("running_var", 0) + (1 - momentum) * var
    std = np.sqrt(var + eps)
    z = (x - mu) / std
    return gamma * z + beta, {"z": z, "gamma": gamma, "std": std}


def batchnorm_backward(dout, cache):
    z, gamma, std = cache["z"], cache["gamma"], cache["std"]
    m = len(dout)
    dbeta = dout.sum(0)
    dgamma = np.sum(z * dout, axis=0)
    dz = gamma * dout
    dx = (m * dz - dz.sum(0) - z * (dz * z).sum(0)) / (m * std)
    return dx, dgamma, dbeta


class BatchNorm:
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.gamma, self.beta = np.ones(num_features), np.zeros(num_features)
        self.eps, self.momentum = eps, momentum
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)
        self.training = True

    def forward(self, x):
        if self.training:
            self.mean, self.var = np.mean(x, 0), np.var(x, 0)
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * self.mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * self.var
        else:
            self.mean, self.var = self.running_mean, self.running_var
        self.x = x
        self.inv = 1.0 / np.sqrt(self.var + self.eps)
        self.x_hat = (x - self.mean) * self.inv
        return self.gamma * self.x_hat + self.beta

    def backward(self, dout):
        N = dout.shape[0]
        self.dgamma = (dout * self.x_hat).sum(axis=0)
        self.dbeta = dout.sum(axis=0)
        dxhat = dout * self.gamma
        dvar = np.sum(dxhat * (self.x - self.mean) * -0.5 * self.inv**3, axis=0)
        dmean = np.sum(-dxhat * self.inv, axis=0) + dvar * np.mean(-2 * (self.x - self.mean), axis=0)
        return dxhat * self.inv + dvar * 2 * (self.x - self.mean) / N + dmean / N


class BatchNorm2d:
    def __init__(self, channels, eps=1e-5):
        self.weight = np.ones(channels)
        self.bias = np.zeros(channels)
        self.eps = eps

    def forward(self, x):
        axes = (0, 2, 3)
        mu = x.mean(axis=axes, keepdims=True)
        self.ivar = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + self.eps)
        self.xn = (x - mu) * self.ivar
        return self.weight[None, :, None, None] * self.xn + self.bias[None, :, None, None]

    def backward(self, dy):
        axes = (0, 2, 3)
        self.weight_grad = (dy * self.xn).sum(axis=axes)
        self.bias_grad = dy.sum(axis=axes)
        g = dy * self.weight[None, :, None, None]
        mean_g = g.mean(axis=axes, keepdims=True)
        mean_gx = (g * self.xn).mean(axis=axes, keepdims=True)
        return self.ivar * (g - mean_g - self.xn * mean_gx)


def bn_backward(dy, x, gamma, eps):
    N = x.shape[0]
    xmu = x - x.sum(0) / N
    var = (xmu**2).sum(0) / N
    istd = (var + eps) ** -0.5
    dgamma = np.einsum("nd,nd->d", dy, xmu * istd)
    dbeta = np.einsum("nd->d", dy)
    dxhat = dy * gamma
    distd = np.sum(dxhat * xmu, 0)
    dvar = -0.5 * distd * istd**3
    dxmu = dxhat * istd + 2 * xmu * dvar / N
    dx = dxmu - dxmu.mean(0)
    return dx, dgamma, dbeta


class LayerNorm:
    def __init__(self, normalized_shape, eps=1e-5):
        self.gamma = np.ones(normalized_shape)
        self.beta = np.zeros(normalized_shape)
        self.eps = eps

    def forward(self, x):
        mu = x.mean(-1, keepdims=True)
        self.rstd = 1.0 / np.sqrt(((x - mu) ** 2).mean(-1, keepdims=True) + self.eps)
        self.xhat = (x - mu) * self.rstd
        return self.xhat * self.gamma + self.beta

    def backward(self, dout):
        lead = tuple(range(dout.ndim - 1))
        self.dgamma = np.sum(dout * self.xhat, axis=lead)
        self.dbeta = np.sum(dout, axis=lead)
        h = dout * self.gamma
        return self.rstd * (h - h.mean(-1, keepdims=True) - self.xhat * (h * self.xhat).mean(-1, keepdims=True))


def layernorm_forward(x, gamma, beta, ln_param):
    eps = ln_param.get("eps", 1e-5)
    mean = np.mean(x, axis=1)[:, None]
    centred = x - mean
    sigma = np.sqrt(np.mean(centred**2, axis=1) + eps)[:, None]
    out = gamma * (centred / sigma) + beta
    return out, (centred, sigma, gamma)


def layernorm_backward(dout, cache):
    centred, sigma, gamma = cache
    D = dout.shape[1]
    normed = centred / sigma
    dbeta = dout.sum(axis=0)
    dgamma = (dout * normed).sum(axis=0)
    dn = dout * gamma
    dsigma = -(dn * centred).sum(axis=1, keepdims=True) / sigma**2
    dc = dn / sigma + centred * dsigma / (D * sigma)
    dx = dc - dc.sum(axis=1, keepdims=True) / D
    return dx, dgamma, dbeta


def layer_norm_backward(grad, x, gamma, beta, eps):
    B, D = x.shape
    dx, dgamma, dbeta = np.zeros_like(x), np.zeros(D), np.zeros(D)
    for i in range(B):
        row, g = x[i], grad[i]
        s = 1 / np.sqrt(row.var() + eps)
        n = (row - row.mean()) * s
        dgamma += g * n
        dbeta += g
        gh = g * gamma
        dx[i] = s * (gh - gh.mean() - n * np.mean(gh * n))
    return dx, dgamma, dbeta
