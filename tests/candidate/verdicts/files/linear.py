import numpy as np


def affine_forward(x, w, b):
    N = x.shape[0]
    out = x.reshape(N, -1).dot(w) + b
    cache = (x, w, b)
    return out, cache


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = None, None, None
    N = x.shape[0]
    dx = dout.dot(w.T).reshape(x.shape)
    dw = x.reshape(N, -1).T.dot(dout)
    db = np.sum(dout, axis=0)
    return dx, dw, db


def linear_forward(A, W, b):
    Z = np.dot(W, A) + b
    cache = (A, W, b)
    return Z, cache


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = 1.0 / m * np.dot(dZ, A_prev.T)
    db = 1.0 / m * np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    return dA_prev, dW, db


def linear_loops_forward(x, w):
    N, D = x.shape
    M = w.shape[1]
    out = np.zeros((N, M))
    for n in range(N):
        for m in range(M):
            for d in range(D):
                out[n, m] += x[n, d] * w[d, m]
    return out, (x, w)


def linear_loops_backward(dout, cache):
    x, w = cache
    dx = np.zeros_like(x)
    dw = np.zeros_like(w)
    for n in range(x.shape[0]):
        for m in range(w.shape[1]):
            for d in range(x.shape[1]):
                dx[n, d] += dout[n, m] * w[d, m]
                dw[d, m] += dout[n, m] * x[n, d]
    return dx, dw


def linear_gather_forward(x, w):
    return x @ w, (x, w)


def linear_gather_backward(dout, cache):
    x, w = cache
    dx = np.zeros_like(x)
    for n in range(x.shape[0]):
        for d in range(x.shape[1]):
            total = 0.0
            for m in range(w.shape[1]):
                total += dout[n, m] * w[d, m]
            dx[n, d] = total
    dw = np.einsum("nd,nm->dm", x, dout)
    return dx, dw


class Linear:
    def __init__(self, n_in, n_out):
        rng = np.random.RandomState(3)
        self.W = rng.randn(n_in, n_out)
        self.b = rng.randn(n_out)
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class TwoLayer:
    def __init__(self):
        rng = np.random.RandomState(4)
        self.params = {"W1": rng.randn(4, 5), "b1": rng.randn(5), "W2": rng.randn(5, 3), "b2": rng.randn(3)}
        self.grads = {}

    def forward(self, X):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        z1 = X @ W1 + b1
        h1 = np.maximum(z1, 0)
        scores = h1 @ W2 + b2
        self.cache = (X, z1, h1)
        return scores

    def backward(self, dscores):
        X, z1, h1 = self.cache
        self.grads["W2"] = h1.T @ dscores
        self.grads["b2"] = dscores.sum(0)
        dh1 = dscores @ self.params["W2"].T
        dz1 = dh1 * (z1 > 0)
        self.grads["W1"] = X.T @ dz1
        self.grads["b1"] = dz1.sum(0)
        return dz1 @ self.params["W1"].T


def net_forward(x, params):
    h = np.maximum(0, x @ params["W1"] + params["b1"])
    out = h @ params["W2"] + params["b2"]
    return out, (x, h, params)


def net_backward(dout, cache):
    x, h, params = cache
    grads = {}
    grads["W2"] = h.T @ dout
    grads["b2"] = dout.sum(axis=0)
    dh = dout @ params["W2"].T
    dh[h <= 0] = 0
    grads["W1"] = x.T @ dh
    grads["b1"] = dh.sum(axis=0)
    return grads


def ridge_forward(x, w):
    return x @ w, (x, w)


def ridge_backward(dout, cache):
    x, w = cache
    dw = x.T @ dout + 0.1 * w
    dx = dout @ w.T
    return dx, dw


def embedding_forward(idx, E):
    out = E[idx]
    return out, (idx, E.shape)


def embedding_backward(dout, cache):
    idx, shape = cache
    dE = np.zeros(shape)
    np.add.at(dE, idx, dout)
    return dE


def embedding_loop_forward(idx, table):
    return table[idx], (idx, table)


def embedding_loop_backward(dout, cache):
    idx, table = cache
    dtable = np.zeros_like(table)
    for n in range(idx.shape[0]):
        for t in range(idx.shape[1]):
            dtable[idx[n, t]] += dout[n, t]
    return dtable


def bilinear_forward(x, y, W):
    out = np.einsum("ni,ij,nj->n", x, W, y)
    return out, (x, y, W)


def bilinear_backward(dout, cache):
    x, y, W = cache
    dx = dout[:, None] * (y @ W.T)
    dy = dout[:, None] * (x @ W)
    dW = np.einsum("n,ni,nj->ij", dout, x, y)
    return dx, dy, dW


def max_axis_forward(x):
    i = x.argmax(axis=1)
    return x[np.arange(len(x)), i], (x.shape, i)


def max_axis_backward(dout, cache):
    shape, i = cache
    dx = np.zeros(shape)
    dx[np.arange(shape[0]), i] = dout
    return dx


def cumsum_forward(x):
    out = np.cumsum(x, axis=1)
    return out


def cumsum_backward(dout):
    dx = np.zeros_like(dout)
    run = np.zeros(dout.shape[0])
    for t in reversed(range(dout.shape[1])):
        run = run + dout[:, t]
        dx[:, t] = run
    return dx


def attention_forward(Q, K, V):
    d_k = Q.shape[-1]
    S = Q @ K.T / np.sqrt(d_k)
    E = np.exp(S - S.max(-1, keepdims=True))
    P = E / E.sum(-1, keepdims=True)
    O = P @ V
    return O, (Q, K, V, P)


def attention_backward(dO, cache):
    Q, K, V, P = cache
    d_k = Q.shape[-1]
    dV = P.T @ dO
    dP = dO @ V.T
    dS = P * (dP - (dP * P).sum(-1, keepdims=True))
    dQ = dS @ K / np.sqrt(d_k)
    dK = dS.T @ Q / np.sqrt(d_k)
    return dQ, dK, dV


def multihead_forward(x, Wq, Wk, Wv, Wo, heads):
    T, D = x.shape
    h = D // heads
    q = (x @ Wq).reshape(T, heads, h).transpose(1, 0, 2)
    k = (x @ Wk).reshape(T, heads, h).transpose(1, 0, 2)
    v = (x @ Wv).reshape(T, heads, h).transpose(1, 0, 2)
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(h)
    e = np.exp(scores)
    attn = e / e.sum(-1, keepdims=True)
    ctx = (attn @ v).transpose(1, 0, 2).reshape(T, D)
    out = ctx @ Wo
    return out, (x, Wq, Wk, Wv, Wo, q, k, v, attn, ctx)


def multihead_backward(dout, cache):
    x, Wq, Wk, Wv, Wo, q, k, v, attn, ctx = cache
    heads, T, h = q.shape
    D = heads * h
    dWo = ctx.T @ dout
    dctx = (dout @ Wo.T).reshape(T, heads, h).transpose(1, 0, 2)
    dattn = dctx @ v.transpose(0, 2, 1)
    dv = (attn.transpose(0, 2, 1) @ dctx).transpose(1, 0, 2).reshape(T, D)
    dscores = attn * (dattn - (dattn * attn).sum(-1, keepdims=True)) / np.sqrt(h)
    dq = (dscores @ k).transpose(1, 0, 2).reshape(T, D)
    dk = (dscores.transpose(0, 2, 1) @ q).transpose(1, 0, 2).reshape(T, D)
    dWq = x.T @ dq
    dWk = x.T @ dk
    dWv = x.T @ dv
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return dx, dWq, dWk, dWv, dWo
