import numpy as np


def conv_steps(x, w):
    """the article's loop with a yield in the innermost one"""
    h, v = x.shape
    f = w.shape[0]
    out = np.zeros((h - f + 1, v - f + 1))
    for i in range(h - f + 1):
        for j in range(v - f + 1):
            window = x[i:i + f, j:j + f]
            out[i, j] = np.sum(window * w)
            yield i, j, out
    return out


def jacobi(A, b, tol=1e-3):
    x = np.zeros_like(b)
    D = np.diag(A)
    for k in range(50):
        new = (b - (A - np.diagflat(D)) @ x) / D
        yield k, new
        if np.abs(new - x).max() < tol:
            return new
        x = new


def blocks(x, k):
    for i in range(0, x.shape[0], k):
        yield i, x[i:i + k]


def block_sums(x, k):
    out = []
    for i, block in blocks(x, k):
        block = block - block.mean(0)
        out.append(block.sum())
        for row in block:
            row *= 2
        out.append(block[0].copy())
    return out


def chained(x):
    def halves(a):
        a[: len(a) // 2] *= -1
        yield a
        a[len(a) // 2:] += 10
        yield a
        return 'done'

    total = np.zeros_like(x)
    said = yield from halves(x)
    for part in halves(total):
        total[0] += 1
    yield total
    return said, total


def sgd(grad, w0, lr=.1):
    w = w0.copy()
    while True:
        w -= lr * grad(w)
        if not (yield w.copy()) and np.linalg.norm(w) < 1:
            break
    return w


def use_send(x):
    def running_mean():
        total, n, mean = np.zeros(x.shape[1]), 0, None
        while True:
            value = yield mean
            total += value
            n += 1
            mean = total / n

    averager = running_mean()
    next(averager)
    means = np.empty_like(x)
    for i, row in enumerate(x):
        means[i] = averager.send(row)
    averager.close()
    return means


def lazy(x):
    squares = (v * v for v in x.flat)
    first = next(squares)
    return first, sum(squares), np.fromiter((i + x[0, i] for i in range(x.shape[1])), float)


def cases():
    rng = np.random.RandomState(12)
    yield 'conv steps', conv_steps, (rng.randn(4, 5), rng.randn(2, 2)), {}
    yield 'jacobi', jacobi, (rng.rand(3, 3) + 4 * np.eye(3), rng.rand(3)), {'tol': .01}
    yield 'block sums', block_sums, (rng.randn(5, 3), 2), {}
    yield 'chained', chained, (rng.randn(5),), {}
    yield 'sgd', sgd, (lambda w: 2 * w, np.array([2., -3.])), {}
    yield 'send', use_send, (rng.randn(4, 3),), {}
    yield 'lazy', lazy, (rng.randn(2, 3),), {}
