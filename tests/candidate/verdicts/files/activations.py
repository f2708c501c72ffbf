import numpy as np


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    dx = dout * (x > 0)
    return dx


def relu_loop_forward(x):
    out = x.copy()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if out[i, j] < 0:
                out[i, j] = 0
    return out, x


def relu_loop_backward(dout, x):
    dx = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 0:
                dx[i, j] = dout[i, j]
    return dx


def relu(Z):
    A = np.maximum(0, Z)
    return A, Z


def relu_back(dA, cache):
    Z = cache
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def sigmoid_forward(z):
    return 1 / (1 + np.exp(-z))


def sigmoid_backward(dout, out):
    return dout * out * (1 - out)


def tanh_forward(x):
    y = np.tanh(x)
    return y, y


def tanh_backward(dy, cache):
    return dy * (1 - cache ** 2)


def leaky_relu_forward(x, alpha=0.1):
    return np.where(x > 0, x, alpha * x), (x, alpha)


def leaky_relu_backward(dout, cache):
    x, alpha = cache
    slope = np.ones_like(x)
    slope[x <= 0] = alpha
    return dout * slope


def gelu_forward(x):
    c = np.sqrt(2 / np.pi)
    inner = c * (x + 0.044715 * x ** 3)
    t = np.tanh(inner)
    out = 0.5 * x * (1 + t)
    return out, (x, t)


def gelu_backward(dout, cache):
    x, t = cache
    c = np.sqrt(2 / np.pi)
    dt = dout * 0.5 * x
    dinner = dt * (1 - t ** 2)
    dx = dout * 0.5 * (1 + t)
    dx = dx + dinner * c * (1 + 3 * 0.044715 * x ** 2)
    return dx


def softmax_forward(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return p


def softmax_backward(dp, p):
    s = np.sum(dp * p, axis=-1, keepdims=True)
    return p * (dp - s)


def softmax_rows_forward(x):
    p = np.empty_like(x)
    for i, row in enumerate(x):
        e = np.exp(row - row.max())
        p[i] = e / e.sum()
    return p, p


def softmax_rows_backward(dp, p):
    dx = np.empty_like(dp)
    for i, (one, up) in enumerate(zip(p, dp)):
        s = one.reshape(-1, 1)
        jac = np.diagflat(s) - s @ s.T
        dx[i] = jac @ up
    return dx


def logsumexp_forward(x):
    m = x.max(axis=1, keepdims=True)
    e = np.exp(x - m)
    s = e.sum(axis=1, keepdims=True)
    out = m + np.log(s)
    return out, (e, s)


def logsumexp_backward(dout, cache):
    e, s = cache
    return dout * e / s


def log_softmax_forward(x):
    shifted = x - x.max(axis=1, keepdims=True)
    z = np.exp(shifted).sum(axis=1, keepdims=True)
    out = shifted - np.log(z)
    return out, out


def log_softmax_backward(dout, cache):
    p = np.exp(cache)
    dx = dout - p * dout.sum(axis=1, keepdims=True)
    return dx


def nll_forward(logits, y):
    n = len(y)
    logp = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(n), y].mean()
    return loss, (logp, y)


def nll_backward(dloss, cache):
    logp, y = cache
    n = len(y)
    dlogits = np.exp(logp)
    dlogits[np.arange(n), y] -= 1
    dlogits *= dloss / n
    return dlogits


def mse_forward(pred, target):
    diff = pred - target
    loss = 0.5 * np.mean(diff ** 2)
    return loss, diff


def mse_backward(dloss, diff):
    ddiff = dloss * diff / diff.size
    dpred = ddiff
    return dpred


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    mask = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    else:
        out = x
    cache = (dropout_param, mask)
    return out, cache


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    if dropout_param["mode"] == "train":
        dx = dout * mask
    else:
        dx = dout
    return dx


def swish_forward(x):
    s = 1.0 / (1.0 + np.exp(-x))
    y = x * s
    return y, (x, s)


def swish_backward(grad_y, cache):
    x, s = cache
    grad_s = grad_y * x
    grad_x = grad_y * s + grad_s * s * (1 - s)
    return grad_x


def prelu_forward(x, a):
    neg = np.minimum(x, 0)
    pos = np.maximum(x, 0)
    return pos + a * neg, (x, a, neg)


def prelu_backward(dout, cache):
    x, a, neg = cache
    da = np.sum(dout * neg, axis=0)
    dx = np.where(x > 0, dout, a * dout)
    return dx, da


def maxout_forward(x):
    a, b = x[:, ::2], x[:, 1::2]
    out = np.maximum(a, b)
    return out, (x, a > b)


def maxout_backward(dout, cache):
    x, left = cache
    dx = np.zeros_like(x)
    dx[:, ::2] = dout * left
    dx[:, 1::2] = dout * ~left
    return dx
