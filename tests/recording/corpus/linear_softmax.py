import numpy as np

epsilon = 1e-12


def linear_forward_loops(x, w, b):
    N, D = x.shape
    D, M = w.shape
    out = np.zeros((N, M))
    for n in range(N):
        for m in range(M):
            for d in range(D):
                out[n][m] += x[n][d] * w[d][m]
            out[n][m] += b[m]
    return out


def linear_backward_loops(dout, x, w):
    N, D = x.shape
    M = dout.shape[1]
    dx = np.zeros((N, D)); dw = np.zeros((D, M)); db = np.zeros(M)
    for n in range(N):
        for m in range(M):
            g = dout[n, m]
            db[m] = db[m] + g
            for d in range(D):
                dx[n, d] += w[d, m] * g
                dw[d, m] += x[n, d] * g
    return dx, dw, db


def linear_backward(dout, x, w): return dout @ w.T, x.T @ dout, dout.sum(0)


def matmul_lists(A, B):
    """no NumPy inside: lists of lists, but the result is an array"""
    C = [[0] * len(B[0]) for _ in A]
    for i in range(len(A)):
        for j in range(len(B[0])):
            for k in range(len(B)):
                C[i][j] += A[i][k] * B[k][j]
    return np.array(C)


def softmax(x):
    e_x = np.exp(x - x.max(axis=-1, keepdims=True))
    return e_x / e_x.sum(axis=-1, keepdims=True)


def softmax_inplace(x):
    x = np.array(x, dtype=float)
    x -= x.max(axis=1)[:, None]
    np.exp(x, x)
    x /= x.sum(axis=1)[:, None]
    return x


def softmax_backward_jacobian(dout, s):
    dx = np.empty_like(s)
    for row, (p, g) in enumerate(zip(s, dout)):
        p = p.reshape(-1, 1)
        jac = np.diagflat(p) - np.dot(p, p.T)
        dx[row] = np.dot(jac, g)
    return dx


def softmax_backward_loops(dout, s):
    n, k = s.shape
    dx = np.zeros_like(s)
    for b in range(n):
        for i in range(k):
            for j in range(k):
                if i == j:
                    dx[b, i] += dout[b, j] * s[b, i] * (1 - s[b, i])
                else:
                    dx[b, i] += -dout[b, j] * s[b, i] * s[b, j]
    return dx


def cross_entropy(predictions, targets):
    predictions = np.clip(predictions, epsilon, 1. - epsilon)
    N = predictions.shape[0]
    ce = -np.sum(targets * np.log(predictions + 1e-9)) / N
    return ce


def nll_backward(logp, labels):
    grad = np.zeros_like(logp)
    for i, label in enumerate(labels):
        grad[i, label] = -1.0 / len(labels)
    return grad


def one_hot(y, k):
    out = np.zeros((y.size, k), dtype=np.uint8)
    out[np.arange(y.size), y.ravel()] = 1
    return out


def logistic_epoch(X, y, w, b, lr=0.1):
    losses = []
    for xi, yi in zip(X, y):
        z = xi @ w + b
        p = 1 / (1 + np.exp(-z))
        err = p - yi
        w -= lr * err * xi
        b -= lr * err
        losses.append(-(yi * np.log(p) + (1 - yi) * np.log(1 - p)))
    return w, b, losses


def perceptron(X, y, epochs=3):
    w = np.zeros(X.shape[1] + 1)
    errors = []
    for _ in range(epochs):
        count = 0
        for xi, target in zip(X, y):
            update = target - np.where(np.dot(xi, w[1:]) + w[0] >= 0.0, 1, -1)
            w[1:] += update * xi
            w[0] += update
            count += int(update != 0.0)
        errors.append(count)
        if not count:
            break
    else:
        errors.append(-1)
    return w, errors


def mlp_train(X, Y, hidden=3, steps=4, lr=.5, seed=0):
    rs = np.random.RandomState(seed)
    W1, W2 = rs.randn(X.shape[1], hidden), rs.randn(hidden, Y.shape[1])
    for step in range(steps):
        h = np.tanh(X.dot(W1)); out = softmax(h.dot(W2))
        delta2 = (out - Y) / len(X)
        delta1 = delta2.dot(W2.T) * (1 - h ** 2)
        W2 -= lr * h.T.dot(delta2); W1 -= lr * X.T.dot(delta1)
    return W1, W2


def cases():
    rng = np.random.RandomState(7)
    x, w, b, dout = rng.randn(3, 4), rng.randn(4, 2), rng.randn(2), rng.randn(3, 2)
    yield 'forward loops', linear_forward_loops, (x, w, b), {}
    yield 'backward loops', linear_backward_loops, (dout, x, w), {}
    yield 'one line', linear_backward, (dout, x, w), {}
    yield 'lists', matmul_lists, (x.tolist(), w.tolist()), {}
    s = rng.randn(3, 4)
    yield 'softmax', softmax, (s,), {}
    yield 'softmax in place', softmax_inplace, (s,), {}
    p = softmax(s)
    yield 'jacobian', softmax_backward_jacobian, (rng.randn(3, 4), p), {}
    yield 'softmax loops', softmax_backward_loops, (rng.randn(3, 4), p), {}
    yield 'cross entropy', cross_entropy, (p, np.eye(4)[[0, 3, 1]]), {}
    yield 'nll', nll_backward, (np.log(p), [2, 0, 3]), {}
    yield 'one hot', one_hot, (np.array([[1, 0], [4, 2]]), 5), {}
    yield 'logistic', logistic_epoch, (x, np.array([0, 1, 1]), rng.randn(4), 0.5), {'lr': 0.05}
    yield 'perceptron', perceptron, (x, np.array([-1, 1, 1])), {}
    yield 'mlp', mlp_train, (x, np.eye(2)[[0, 1, 1]]), {}
