from builtins import range
import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    out = np.matmul(x.reshape((N, -1)), w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    N = x.shape[0]
    dx = np.matmul(dout, w.T).reshape(x.shape)
    dw = np.matmul(x.reshape((N, -1)).T, dout)
    db = np.ones(N).dot(dout)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(x, 0)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = dout, cache
    dx[x < 0] = 0
    dx[x == 0] = 0
    return dx


def dropout_forward(x, dropout_param):
    p, mode = dropout_param['p'], dropout_param['mode']
    mask = None
    if mode == 'train':
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    else:
        out = x
    return out, (dropout_param, mask)


def dropout_backward(dout, cache):
    dropout_param, mask = cache
    return dout * mask if dropout_param['mode'] == 'train' else dout


def conv_forward_naive(x, w, b, conv_param):
    out = None
    ###########################################################################
    # TODO: Implement the convolutional forward pass.                         #
    ###########################################################################
    pass
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    dx, dw, db = None, None, None
    # TODO
    pass
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    N, C, H, W = x.shape
    S = pool_param['stride']
    h, w = pool_param['pool_height'], pool_param['pool_width']
    Hn, Wn = (H - h) // S + 1, (W - w) // S + 1
    out = np.zeros((N, C, Hn, Wn))
    for i in range(Hn):
        for j in range(Wn):
            out[..., i, j] = x[..., i * S:i * S + h, j * S:j * S + w].max(axis=-1).max(axis=-1)
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    S = pool_param['stride']
    h, w = pool_param['pool_height'], pool_param['pool_width']
    Hn, Wn = (H - h) // S + 1, (W - w) // S + 1
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Hn):
                for j in range(Wn):
                    ind = np.argmax(x[n, c, i * S:i * S + h, j * S:j * S + w])
                    ind1, ind2 = np.unravel_index(ind, (h, w))
                    dx[n, c, i * S:i * S + h, j * S:j * S + w][ind1, ind2] = dout[n, c, i, j]
    return dx


def svm_loss(x, y):
    N = x.shape[0]
    correct = x[np.arange(N), y]
    margins = np.maximum(0, x - correct[:, None] + 1.0)
    margins[np.arange(N), y] = 0
    dx = (margins > 0).astype(float)
    dx[np.arange(N), y] -= dx.sum(axis=1)
    return margins.sum() / N, dx / N


def softmax_loss(x, y):
    probs = np.exp(x - np.max(x, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    N = x.shape[0]
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx
