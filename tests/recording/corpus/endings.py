"""Functions that do not reach their last line."""
import sys

import numpy as np


class ShapeMismatch(ValueError):
    def __init__(self, got, want):
        super().__init__(f'got {got}, want {want}')
        self.got, self.want = got, want


def early_return(x):
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            x[i, j] += 1
            if x[i, j] > 1.5:
                return i, j, x
    return None


def broadcast_error(a, b):
    out = np.zeros_like(a)
    for i in range(3):
        out[i] = a[i] * 2
    out += b
    return out


def index_error(x, k):
    y = np.zeros(3)
    for i in range(len(x)):
        y[i] = x[i] * k
    return y


def own_error(a, b):
    c = a * 2
    if c.shape != b.shape:
        raise ShapeMismatch(c.shape, b.shape)
    return c + b


def error_from_helper(x):
    def check(v):
        x[0] = v
        if v > 2:
            raise RuntimeError('too big: %d' % v)
        return v
    out = np.zeros(5)
    for i in range(5):
        out[i] = check(i)
    return out


def assertion(x):
    y = x - x.mean()
    for i in range(len(y)):
        assert y[i] < 100 and i < 2, 'row %d of %s' % (i, y.shape)
        y[i] = 0
    return y


def zero_division(x):
    n = 0
    for v in x:
        n += 1
        x[n - 1] = v / (2 - n) if n < 2 else 1 // (2 - n)
    return x


def finally_runs(x):
    try:
        for i in range(9):
            x[i] = i
    finally:
        x[0] = -1


def chained_error(x):
    try:
        x[99] = 1
    except IndexError as e:
        x[0] = 2
        raise ValueError('wrapped') from e


def reraise(x):
    for i in range(3):
        try:
            x[i] = 1 / (1 - i)
        except ZeroDivisionError:
            x[-1] = 5
            raise
    return x


def quits(x):
    x[0] = 1
    sys.exit('bye')


def stop_iteration(x):
    it = iter([1, 2])
    for i in range(3):
        x[i] = next(it)
    return x


def name_error(x):
    x[0] = 4
    y = x + undefined_name  # noqa: F821
    return y


def key_error(grads):
    for k in ('dW', 'db', 'dx'):
        grads[k] += 1
    return grads


def type_error(x):
    x[0] = 1
    x[1] = None + 1
    return x


def wrong_arguments(x):
    def two(a, b):
        return a + b
    x[0] = 7
    return two(x)


def deep(x, n):
    x[0] += 1
    return deep(x, n + 1) if n < 30 else x[n]


def nothing(x):
    pass


def no_arrays(n):
    s = 0
    for i in range(n):
        if i % 2:
            continue
        s += i
    return s


def only_reads(x):
    best, at = -np.inf, None
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > best:
                best, at = x[i, j], (i, j)
    return best, at


def no_turns(x):
    for i in range(0):
        x[i] = 1
    while False:
        x[0] = 1
    return x


def forever(x):
    i = 0
    while True:
        x[i % len(x)] += 1
        i += 1


def converges_never(x, tol=1e-300):
    err = 1
    while err > tol:
        new = np.cos(x)
        err = np.abs(new - x).max() + 1
        x = new
    return x


# these two end by the budget alone: they have no plain run
ENDLESS = [(forever, np.zeros(3)), (converges_never, np.ones(2))]


def cases():
    r = np.random.RandomState(71).randn
    yield 'early return', early_return, (r(3, 4),), {}
    yield 'broadcast error', broadcast_error, (r(3, 2), r(3)), {}
    yield 'index error', index_error, (r(5), 2), {}
    yield 'own error', own_error, (r(3), r(2)), {}
    yield 'helper error', error_from_helper, (r(3),), {}
    yield 'assertion', assertion, (r(4),), {}
    yield 'zero division', zero_division, (r(4),), {}
    yield 'finally', finally_runs, (r(4),), {}
    yield 'chained', chained_error, (r(4),), {}
    yield 'reraise', reraise, (r(4),), {}
    yield 'exit', quits, (r(4),), {}
    yield 'stop iteration', stop_iteration, (r(4),), {}
    yield 'name error', name_error, (r(4),), {}
    yield 'key error', key_error, ({'dW': r(2), 'db': r(1)},), {}
    yield 'type error', type_error, (r(4),), {}
    yield 'wrong arguments', wrong_arguments, (r(4),), {}
    yield 'deep', deep, (r(3), 0), {}
    yield 'nothing', nothing, (r(3),), {}
    yield 'no arrays', no_arrays, (5,), {}
    yield 'only reads', only_reads, (r(3, 4),), {}
    yield 'no turns', no_turns, (r(3),), {}
    yield 'no arguments', lambda: np.arange(3) * 2, (), {}
    yield 'wrong call', nothing, (), {}
