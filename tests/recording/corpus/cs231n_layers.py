from builtins import range
import numpy as np


def affine_forward(x, w, b):
    out = None
    # *****START OF YOUR CODE*****
    N = x.shape[0]
    out = x.reshape(N, -1).dot(w) + b
    # *****END OF YOUR CODE*****
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def relu_forward(x):
    out = np.maximum(0, x)
    cache = x
    return out, cache


def relu_backward(dout, cache):
    dx, x = None, cache
    dx = dout
    dx[x <= 0] = 0
    return dx


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)

    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D, dtype=x.dtype))
    running_var = bn_param.get("running_var", np.zeros(D, dtype=x.dtype))

    out, cache = None, None
    if mode == "train":
        mu = np.mean(x, axis=0)
        xmu = x - mu
        sq = xmu ** 2
        var = np.mean(sq, axis=0)
        sqrtvar = np.sqrt(var + eps)
        ivar = 1. / sqrtvar
        xhat = xmu * ivar
        gammax = gamma * xhat
        out = gammax + beta
        running_mean = momentum * running_mean + (1 - momentum) * mu
        running_var = momentum * running_var + (1 - momentum) * var
        cache = (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
    elif mode == "test":
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
    else:
        raise ValueError('Invalid forward batchnorm mode "%s"' % mode)

    # Store the updated running means back into bn_param
    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    #step9
    dbeta = np.sum(dout, axis=0)
    dgammax = dout #not necessary, but more understandable
    #step8
    dgamma = np.sum(dgammax*xhat, axis=0)
    dxhat = dgammax * gamma
    #step7
    divar = np.sum(dxhat*xmu, axis=0)
    dxmu1 = dxhat * ivar
    #step6
    dsqrtvar = -1. /(sqrtvar**2) * divar
    #step5
    dvar = 0.5 * 1. /np.sqrt(var+eps) * dsqrtvar
    #step4
    dsq = 1. /N * np.ones((N,D)) * dvar
    #step3
    dxmu2 = 2 * xmu * dsq
    #step2
    dx1 = (dxmu1 + dxmu2)
    dmu = -1 * np.sum(dxmu1+dxmu2, axis=0)
    #step1
    dx2 = 1. /N * np.ones((N,D)) * dmu
    #step0
    dx = dx1 + dx2
    return dx, dgamma, dbeta


def layernorm_backward(dout, cache):
    x_hat, gamma, std = cache
    dgamma = (dout * x_hat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    D = dout.shape[1]
    dx_hat = dout * gamma
    dx = (D * dx_hat - dx_hat.sum(axis=1, keepdims=True)
          - x_hat * (dx_hat * x_hat).sum(axis=1, keepdims=True)) / (D * std)
    return dx, dgamma, dbeta


def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    mask = None
    out = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x
    cache = (dropout_param, mask)
    out = out.astype(x.dtype, copy=False)
    return out, cache


def conv_forward_naive(x, w, b, conv_param):
    out = None
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0,), (0,), (pad,), (pad,)), mode='constant')
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    out = np.zeros((N, F, H_out, W_out))
    for n in range(N):
        for f in range(F):
            for i in range(0, H_out):
                for j in range(0, W_out):
                    out[n, f, i, j] = (x_pad[n, :, i*stride:i*stride+HH, j*stride:j*stride+WW] * w[f]).sum() + b[f]
    cache = (x, w, b, conv_param)
    return out, cache


def conv_backward_naive(dout, cache):
    dx, dw, db = None, None, None
    x, w, b, conv_param = cache
    N, C, H, W = x.shape
    F, _, HH, WW = w.shape
    _, _, OH, OW = dout.shape
    s = conv_param['stride']
    p = conv_param['pad']
    x_pad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), 'constant')
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.sum(dout, axis=(0, 2, 3))
    for n in range(N):
        for i in range(OH):
            for j in range(OW):
                window = x_pad[n, :, i * s:i * s + HH, j * s:j * s + WW]
                for f in range(F):
                    dw[f] += window * dout[n, f, i, j]
                    dx_pad[n, :, i * s:i * s + HH, j * s:j * s + WW] += w[f] * dout[n, f, i, j]
    dx = dx_pad[:, :, p:-p, p:-p]
    return dx, dw, db


def max_pool_forward_naive(x, pool_param):
    HH, WW, s = pool_param['pool_height'], pool_param['pool_width'], pool_param['stride']
    N, C, H, W = x.shape
    H_o, W_o = 1 + (H - HH) // s, 1 + (W - WW) // s
    out = np.zeros((N, C, H_o, W_o))
    for i in range(H_o):
        for j in range(W_o):
            out[..., i, j] = x[..., i*s:i*s+HH, j*s:j*s+WW].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    N, C, H, W = x.shape
    HH, WW = pool_param['pool_height'], pool_param['pool_width']
    stride = pool_param['stride']
    H_out, W_out = dout.shape[2:]
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    window = x[n, c, i*stride:i*stride+HH, j*stride:j*stride+WW]
                    mask = (window == np.max(window))
                    dx[n, c, i*stride:i*stride+HH, j*stride:j*stride+WW] += mask * dout[n, c, i, j]
    return dx


def spatial_batchnorm_backward(dout, cache):
    N, C, H, W = dout.shape
    dout_flat = dout.transpose(0, 2, 3, 1).reshape(-1, C)
    dx_flat, dgamma, dbeta = batchnorm_backward(dout_flat, cache)
    dx = dx_flat.reshape(N, H, W, C).transpose(0, 3, 1, 2)
    return dx, dgamma, dbeta


def svm_loss(x, y):
    N = x.shape[0]
    correct_class_scores = x[np.arange(N), y]
    margins = np.maximum(0, x - correct_class_scores[:, np.newaxis] + 1.0)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins) / N
    num_pos = np.sum(margins > 0, axis=1)
    dx = np.zeros_like(x)
    dx[margins > 0] = 1
    dx[np.arange(N), y] -= num_pos
    dx /= N
    return loss, dx


def softmax_loss(x, y):
    shifted_logits = x - np.max(x, axis=1, keepdims=True)
    Z = np.sum(np.exp(shifted_logits), axis=1, keepdims=True)
    log_probs = shifted_logits - np.log(Z)
    probs = np.exp(log_probs)
    N = x.shape[0]
    loss = -np.sum(log_probs[np.arange(N), y]) / N
    dx = probs.copy()
    dx[np.arange(N), y] -= 1
    dx /= N
    return loss, dx


def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)  # initialize the gradient as zero
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct_class_score = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct_class_score + 1  # note delta = 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


def compute_distances_two_loops(X_train, X):
    num_test = X.shape[0]
    num_train = X_train.shape[0]
    dists = np.zeros((num_test, num_train))
    for i in range(num_test):
        for j in range(num_train):
            dists[i, j] = np.sqrt(np.sum((X[i] - X_train[j]) ** 2))
    return dists


def adam(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-3)
    config.setdefault("beta1", 0.9)
    config.setdefault("beta2", 0.999)
    config.setdefault("epsilon", 1e-8)
    config.setdefault("m", np.zeros_like(w))
    config.setdefault("v", np.zeros_like(w))
    config.setdefault("t", 0)

    next_w = None
    config['t'] += 1
    config['m'] = config['beta1'] * config['m'] + (1 - config['beta1']) * dw
    config['v'] = config['beta2'] * config['v'] + (1 - config['beta2']) * (dw ** 2)
    mb = config['m'] / (1 - config['beta1'] ** config['t'])
    vb = config['v'] / (1 - config['beta2'] ** config['t'])
    next_w = w - config['learning_rate'] * mb / (np.sqrt(vb) + config['epsilon'])
    return next_w, config


def eval_numerical_gradient(f, x, verbose=False, h=0.00001):
    fx = f(x)
    grad = np.zeros_like(x)
    # iterate over all indexes in x
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        # evaluate function at x+h
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + h
        fxph = f(x)
        x[ix] = oldval - h
        fxmh = f(x)
        x[ix] = oldval
        grad[ix] = (fxph - fxmh) / (2 * h)
        if verbose:
            print(ix, grad[ix])
        it.iternext()
    return grad


def cases():
    np.random.seed(231)
    x = np.random.randn(2, 3, 4)
    w = np.random.randn(12, 5)
    b = np.random.randn(5)
    yield 'affine_forward', affine_forward, (x, w, b), {}
    yield 'affine_backward', affine_backward, (np.random.randn(2, 5), (x, w, b)), {}
    yield 'relu_forward', relu_forward, (np.random.randn(3, 4),), {}
    yield 'relu_backward', relu_backward, (np.random.randn(3, 4), np.random.randn(3, 4)), {}
    bn = (np.random.randn(4, 3), np.random.randn(3), np.random.randn(3))
    yield 'batchnorm_forward', batchnorm_forward, bn + ({'mode': 'train'},), {}
    yield 'batchnorm_forward bad', batchnorm_forward, bn + ({'mode': 'tset'},), {}
    var = np.random.rand(3) + .5
    bncache = (np.random.randn(4, 3), np.random.randn(3), np.random.randn(4, 3), 1 / np.sqrt(var), np.sqrt(var), var, 1e-5)
    yield 'batchnorm_backward', batchnorm_backward, (np.random.randn(4, 3), bncache), {}
    yield 'spatial_batchnorm', spatial_batchnorm_backward, (np.random.randn(2, 3, 1, 2), bncache), {}
    yield 'layernorm_backward', layernorm_backward, (np.random.randn(3, 5), (np.random.randn(3, 5), np.random.randn(5), np.random.rand(3, 1))), {}
    yield 'dropout', dropout_forward, (np.random.randn(3, 5), {'p': .6, 'mode': 'train', 'seed': 4}), {}
    x = np.random.randn(2, 2, 3, 4)
    w = np.random.randn(2, 2, 3, 3)
    b = np.random.randn(2)
    cp = {'stride': 1, 'pad': 1}
    yield 'conv_forward_naive', conv_forward_naive, (x, w, b, cp), {}
    yield 'conv_backward_naive', conv_backward_naive, (np.random.randn(2, 2, 3, 4), (x, w, b, cp)), {}
    x = np.random.randn(2, 2, 4, 5)
    pp = {'pool_height': 2, 'pool_width': 3, 'stride': 2}
    yield 'max_pool_forward_naive', max_pool_forward_naive, (x, pp), {}
    yield 'max_pool_backward_naive', max_pool_backward_naive, (np.random.randn(2, 2, 2, 2), (x, pp)), {}
    s, y = np.random.randn(5, 4), np.array([0, 3, 1, 1, 2])
    yield 'svm_loss', svm_loss, (s, y), {}
    yield 'softmax_loss', softmax_loss, (s, y), {}
    yield 'svm_loss_naive', svm_loss_naive, (np.random.randn(6, 4), np.random.randn(5, 6), y, 0.1), {}
    yield 'two_loops', compute_distances_two_loops, (np.random.randn(4, 6), np.random.randn(3, 6)), {}
    yield 'adam', adam, (np.random.randn(2, 3), np.random.randn(2, 3)), {}
    yield 'numerical_gradient', eval_numerical_gradient, (lambda z: np.sum(z ** 2), np.random.randn(2, 3)), {}
