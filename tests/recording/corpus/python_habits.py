# Python's own features, as they turn up between arrays
import contextlib
import functools
import math as m
from functools import lru_cache, partial, reduce

import numpy as np

_calls = 0
SCALE = np.array([1.0, 2.0, 3.0])


def timed(fn):
    @functools.wraps(fn)
    def inner(*args, **kwargs):
        global _calls
        _calls += 1
        return fn(*args, **kwargs)
    return inner


@timed
def decorated_scale(x, k=2):
    for i in range(len(x)):
        x[i] *= k
    return x


def repeat(times):
    def deco(fn):
        def inner(x):
            for _ in range(times):
                x = fn(x)
            return x
        return inner
    return deco


@repeat(times=3)
def smooth(x):
    y = x.copy()
    for i in range(1, len(x) - 1):
        y[i] = (x[i - 1] + x[i] + x[i + 1]) / 3
    return y


def swaps(a, i, j):
    a[i], a[j] = a[j], a[i]
    a[0], a[1], a[2] = a[2], a[0], a[1]
    a[:2], a[-2:] = a[-2:].copy(), a[:2].copy()
    return a


def rows_swap_wrong(A):
    "the classical trap: both sides are views"
    A[0], A[1] = A[1], A[0]
    return A


def chained_assignments(n):
    a = b = np.zeros(n)
    c = d = e = 0
    a[0] = b[1] = c = 5
    b[-1] = a[2] = d = a[0] + 1
    x = y = a[1:3]
    x += 1
    y *= 2
    return a, b, c, d, e, x is y


def starred(x):
    first, *rest = x
    *head, last = x[0]
    (a, b), *_ = [(row[0], row[1]) for row in x]
    first[0] = 100
    rest[0][1] = -1
    out = [*head, last, *first]
    return out, a, b, np.array([*rest])


def walrus(x):
    total = 0.0
    i = 0
    while (n := len(x) - i) > 0:
        if (v := x[i]) < 0:
            x[i] = v = -v
        total += v
        i += 1
    if any((bad := val) > 1.5 for val in x):
        total += bad
    y = [last := k * 2 for k in x]
    return total, n, last, y


def while_else(x, limit):
    i = 0
    while i < len(x):
        x[i] += i
        if x[i] > limit:
            break
        i += 1
    else:
        x[:] = -1
    return i


def for_else(x, want):
    for i, v in enumerate(x):
        if v == want:
            found = i
            break
        x[i] = 0
    else:
        found = None
    return found


def try_finally(x):
    log = []
    for i in range(4):
        try:
            x[i] += 1
            if i == 1:
                continue
            x[i + 1] = 7
            if i == 2:
                break
        except IndexError as e:
            log.append(str(e))
            x[0] = -1
        else:
            log.append(i)
        finally:
            x[0] += 0.5
    return log


def nested_try(x):
    try:
        try:
            x[0] = 1
            x[99] = 2
        finally:
            x[1] = 3
    except IndexError:
        x[2] = 4
        try:
            raise KeyError('k') from None
        except (ValueError, KeyError) as error:
            x[3] = 5
            name = type(error).__name__
    return name, x


def return_in_finally(x):
    for i in range(len(x)):
        try:
            x[i] = 1 / (i - 1) if i != 1 else 1 // 0
        except ZeroDivisionError:
            return x
        finally:
            x[-1] -= 1


def with_blocks(x):
    with np.errstate(divide='ignore', invalid='ignore'):
        x[...] = x / np.zeros_like(x)
    with contextlib.suppress(IndexError), np.printoptions(precision=2):
        x[0, 0] = 1.25
        text = str(x[0, :1])
        x[99] = 0
        x[0, 0] = 3
    return x, text


@contextlib.contextmanager
def doubled(a):
    a *= 2
    try:
        yield a
    finally:
        a /= 2


def own_context(x):
    with doubled(x) as d:
        d[0] += 1
        inside = d.copy()
    return inside, x


def closures(x):
    counter = 0
    seen = np.zeros(x.shape, int)

    def visit(i, j):
        nonlocal counter
        counter += 1
        seen[i, j] = counter
        return x[i, j]

    total = 0
    for i in range(x.shape[0]):
        for j in reversed(range(x.shape[1])):
            total += visit(i, j)
    adders = [lambda v, k=k: v + k for k in range(3)]
    late = [lambda v: v + k for k in range(3)]
    k = 9
    return total, seen, [f(1) for f in adders], [f(1) for f in late], k


def default_buffer(x, out=None, *, scale=1.0, axis=0, **ignored):
    if out is None:
        out = np.empty(x.shape[1 - axis])
    for i in range(out.shape[0]):
        out[i] = scale * x.take(i, axis=1 - axis).sum()
    return out, sorted(ignored)


def mutable_default(x, cache={}, trail=[]):
    key = x.tobytes()
    if key not in cache:
        cache[key] = np.cumsum(x)
    trail.append(len(cache))
    cache[key] += 1
    return cache[key], list(trail)


def star_args(*arrays, op='sum', **options):
    out = np.zeros_like(arrays[0])
    for a in arrays:
        if op == 'sum':
            out += a
        elif op == 'prod':
            out *= a
    kwargs = {'axis': options.get('axis', 0)}
    return np.sum(out, **kwargs), partial(np.multiply, out)(2), reduce(np.maximum, arrays)


def uses_global(x):
    global SCALE
    SCALE = SCALE * 2
    SCALE[0] -= 1
    for i in range(3):
        x[i] *= SCALE[i]
    return x


@lru_cache(maxsize=None)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def memo_fill(n):
    out = np.empty(n, dtype=np.int64)
    for i in range(n): out[i] = fib(i)
    return out


def matching(ops, x):
    for op in ops:
        match op:
            case ('add', k):
                x += k
            case ('set', i, v) if i < len(x):
                x[i] = v
            case {'scale': s}:
                x *= s
            case [first, *rest]:
                x[0] = first + len(rest)
            case _:
                pass
    return x


def ternaries_and_chains(x):
    for i in range(len(x)):
        x[i] = x[i] if 0 < x[i] < 1 else (1 if x[i] >= 1 else 0)
        x[i] = x[i] and x[i] + 1 or -1
    assert x.all(), "no zeros"
    return not x[0], x


def comprehensions(A):
    n, k = A.shape
    diag = [A[i, i] for i in range(min(n, k))]
    table = {(i, j): A[i, j] for i in range(n) for j in range(k) if A[i, j] > 0}
    unique = {int(v) for row in A for v in row}
    nested = [[A[i][j] * 2 for j in range(k)] for i in range(n)]
    flat = sum(A[i, j] for i, j in np.ndindex(n, k))
    T = np.array(list(map(lambda r: r[::-1], A)))
    return diag, table, sorted(unique), nested, flat, T


def one_liners(x): a = x * 2; a[0] = 1; b = a[1:]; b += 1; return a if a.sum() > 0 else b


def semicolons_and_continuations(x):
    total = 0; i = 0
    while i < 3: total += x[i]; x[i] = \
        total; i += 1
    if total > 0: x[0] = 0; x[1] = 1
    else: x[2] = 2
    y = (x
         + x
         ) * \
        2
    return y


def fstrings_and_docs(x):
    """Not an expression: f"{x[0]}" in a docstring."""
    "another string"
    ...
    label = f"{x[0]:.2f} {x[1]!r} {'a' if x[2] > 0 else 'b'} {x.shape=}"
    pass
    return label


def annotated(x: "np.ndarray", k: int = 3) -> "np.ndarray":
    y: np.ndarray = x.copy()
    z: float
    y[0]: float = 5.0
    w: 'np.ndarray' = y[1:]
    w[:]: float
    w[0] = k
    return y


async def _never(x):
    x[0] = 1
    return x


def local_class(x):
    class Acc:
        total = np.zeros(2)
        history = []

        def add(self, v):
            self.total += v
            self.history.append(self.total.copy())
            return self

    acc = Acc()
    for row in x:
        acc.add(row)
    return Acc.total, acc.history


def imports_inside(x):
    import numpy
    from numpy import linalg as la
    for i in range(len(x)):
        x[i] /= la.norm(x[i]) + m.pi
    return numpy.round(x, 3)


def cases():
    rng = np.random.RandomState(21)
    v = rng.randn(5)
    yield 'decorated', decorated_scale, (v.copy(),), {'k': 3}
    yield 'smooth', smooth, (v.copy(),), {}
    yield 'swaps', swaps, (np.arange(6.), 0, 4), {}
    yield 'rows swap', rows_swap_wrong, (rng.randn(3, 2),), {}
    yield 'chained', chained_assignments, (4,), {}
    yield 'starred', starred, (rng.randn(3, 4),), {}
    yield 'walrus', walrus, (v.copy(),), {}
    yield 'while else break', while_else, (np.arange(4.), 3), {}
    yield 'while else', while_else, (np.arange(4.), 100), {}
    yield 'for else', for_else, (np.array([3, 1, 4]), 4), {}
    yield 'for else none', for_else, (np.array([3, 1, 4]), 8), {}
    yield 'try finally', try_finally, (np.zeros(5),), {}
    yield 'try finally error', try_finally, (np.zeros(3),), {}
    yield 'nested try', nested_try, (np.zeros(5),), {}
    yield 'return in finally', return_in_finally, (np.zeros(3),), {}
    yield 'with', with_blocks, (rng.randn(2, 3),), {}
    yield 'own context', own_context, (v.copy(),), {}
    yield 'closures', closures, (rng.randn(2, 3),), {}
    yield 'default buffer', default_buffer, (rng.randn(2, 3),), {'scale': 2, 'verbose': True}
    yield 'default out', default_buffer, (rng.randn(2, 3), np.zeros(2)), {'axis': 1}
    yield 'mutable default', mutable_default, (v.copy(),), {}
    yield 'star args', star_args, (rng.randn(2, 3), rng.randn(2, 3)), {'op': 'sum', 'axis': 1}
    yield 'global', uses_global, (rng.randn(3),), {}
    yield 'memo', memo_fill, (6,), {}
    yield 'match', matching, ([('add', 2), {'scale': 3}, ('set', 1, 9.), [1, 2, 3], 'x'], rng.randn(3)), {}
    yield 'ternary', ternaries_and_chains, (v.copy(),), {}
    yield 'comprehensions', comprehensions, (rng.randint(-3, 4, (2, 3)),), {}
    yield 'one liners', one_liners, (v.copy(),), {}
    yield 'semicolons', semicolons_and_continuations, (v.copy(),), {}
    yield 'fstrings', fstrings_and_docs, (v.copy(),), {}
    yield 'annotated', annotated, (v.copy(),), {}
    yield 'local class', local_class, (rng.randn(3, 2),), {}
    yield 'imports inside', imports_inside, (rng.randn(3, 2),), {}
    yield 'lambda', lambda a, b=2: np.array([a[i] * b for i in range(len(a))]), (v.copy(),), {}
