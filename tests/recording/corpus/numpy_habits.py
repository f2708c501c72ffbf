import numpy as np
from numpy import *  # noqa: F403  (as people do)
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def out_arguments(a, b):
    c = np.empty_like(a)
    np.add(a, b, out=c)
    np.multiply(c, 2, c)
    np.dot(a, b.T, out=(d := np.empty((a.shape[0], b.shape[0]))))
    np.exp(c, out=c, where=c < 0)
    a.sum(axis=0, out=c[0])
    np.cumsum(c, axis=1, out=c)
    q, r = np.empty_like(c), np.empty_like(c)
    np.divmod(a, b, q, r)
    np.clip(q, -1, 1, out=q)
    return c, d, q, r


def in_place_methods(x):
    y = x.copy()
    y.sort()
    y[::-1].sort(axis=0)
    z = np.zeros((2, 3))
    z.fill(7)
    z[:, 1].fill(-1)
    z.itemset((0, 0), 3) if hasattr(z, 'itemset') else z.__setitem__((0, 0), 3)
    np.random.RandomState(0).shuffle(y)
    y.partition(1)
    z.put([0, 4], 9)
    w = z.T
    w += 1
    return y, z, w


def copyto_and_friends(x):
    a = np.empty(x.shape)
    np.copyto(a, x)
    np.copyto(a, 0, where=x < 0)
    np.put(a, [0, -1], [10, 20])
    np.place(a, a > 5, [1, 2])
    np.putmask(a, a == 1, 33)
    np.fill_diagonal(a, 8)
    np.nan_to_num(a, copy=False)
    np.add.at(a, ([0, 0], [1, 1]), 1)
    return a


def masks(x):
    neg = x < 0
    x[neg] = 0
    x[~neg & (x > 1)] -= 1
    rows = x.any(axis=1)
    x[rows, 0] = 5
    x[rows] += 1
    x[np.isnan(x)] = 0
    x[x == x.max()] = -x[x == x.max()]
    return neg, x


def fancy(x):
    i = np.array([0, 2, 0]); j = [1, 1, 2]
    x[i, j] = 9
    x[i] += 1                      # 0 twice, added once
    x[[0, 1]][:, [1]] = 100        # into a copy: lost
    x[np.ix_([0, 2], [0, 3])] *= 2
    picked = x[i]
    picked[0] = -7
    x[..., j] -= 1
    x[i, ...] = x[i[::-1]]
    return x, picked


def ellipsis_newaxis(x):
    y = np.zeros(x.shape + (2,))
    y[..., 0] = x
    y[..., -1] = x[..., ::-1]
    y[0, ..., 1] += 1
    col = x[:, None]
    col[0, 0] = 50
    y[:, np.newaxis, 0, :][0] *= 2
    y[...] += 1
    return y, x


def negative(x):
    n = len(x)
    x[-1] = x[-2] + x[0]
    x[-3:-1] *= 2
    x[::-1][0] += 1
    x[::2] = x[1::2][::-1] if n % 2 == 0 else 0
    back = x[n::-1]
    back[:2] -= 1
    for i in range(-1, -n - 1, -1):
        x[i] += i
    return x


def overlapping(x):
    x[1:] = x[:-1]
    x[:-1] += x[1:]
    x[2:] -= x[:-2]
    y = x[::-1]
    y += x
    return x, y


def views_of_views(x):
    a = x[1:]
    b = a[:, ::2]
    c = b.T
    d = c[0]
    d[0] = 1
    c[-1] *= 3
    b[...] += 10
    e = x.ravel()
    e[0] = -5
    f = x.T.ravel()
    f[1] = 77
    g = x.reshape(-1, 2, x.shape[1])[0]
    g -= 1
    return x, a, d, f, g


def transposes(x):
    xt = x.T
    for i in range(xt.shape[0]):
        xt[i] -= xt[i].mean()
    y = np.zeros((2, 3, 4))
    yt = y.transpose(2, 0, 1)
    yt[0, 1] = [1, 2, 3]
    np.swapaxes(y, 0, 2)[3, 2, :] = 4
    np.moveaxis(y, -1, 0)[1] += 1
    np.rollaxis(y, 1)[0, 0, 0] = 9
    return x, y


def fortran(x):
    f = np.asfortranarray(x)
    f[:, 1] = 3
    flat = f.reshape(-1, order='F')
    flat[0] = 100
    g = np.zeros((2, 3), order='F')
    for i, row in enumerate(g):
        row[i] = 1
        row += i
    h = f.ravel('K')
    h[-1] = 5
    return f, flat, g, h


def strided(x):
    win = sliding_window_view(x, 3, writeable=True)
    win[0] *= 2
    pairs = as_strided(x, (len(x) // 2, 2), (2 * x.strides[0], x.strides[0]))
    pairs[:, 1] = 0
    diag = as_strided(m := np.zeros((3, 4)), (3,), (m.strides[0] + m.strides[1],))
    diag[:] = 1
    same = as_strided(x, (4,), (0,))
    total = same.sum()
    for w in win:
        total += w.max()
    return x, m, total


def broadcasting(x, v):
    x += v
    x -= v[:2, None]
    x[:] = v
    x[0, :] = 1
    x *= np.arange(x.shape[0]).reshape(-1, 1)
    x[:, :] = np.float32(0.1)
    x[1] = [1, 2, 3]
    x[:, 0] = range(x.shape[0])
    return x


def iterate(x):
    for row in x:
        for j in range(len(row)):
            row[j] += 1
    for idx in np.ndindex(x.shape):
        x[idx] *= 2
    for (i, j), v in np.ndenumerate(x):
        x[i, j] = v + 10 * i + j
    for a, b in zip(x, x[::-1]):
        a[0] = b[-1]
    for v in x.flat:
        v += 100           # nothing happens
    x.flat[2] = -1
    x.flat = x.flat[::-1].copy()
    return x


def nditer(a):
    with np.nditer(a, op_flags=['readwrite']) as it:
        for v in it:
            v[...] = 2 * v
    it = np.nditer([a, None])
    for u, w in it:
        w[...] = u * u
    other = it.operands[1]
    it = np.nditer(a, flags=['multi_index'])
    while not it.finished:
        other[it.multi_index] += it[0]
        it.iternext()
    return a, other


def growing(x):
    out = np.array([])
    for v in x:
        out = np.append(out, v)
    stack = np.empty((0, 2))
    for v in x:
        stack = np.vstack([stack, [v, v]])
        stack[-1, 0] = -1
    stack.resize((4, 2), refcheck=False)
    return out, stack


def parts(z):
    z.real[0] = 5
    z.imag *= -1
    z[1] += 1j
    flat = z.view(float)
    flat[2] = 9
    return z, flat


def reductions_into(x):
    mean = x.mean(1, keepdims=True)
    x -= mean
    x /= np.sqrt((x ** 2).sum(axis=1))[:, None]
    best = x.argmax(1)
    x[range(len(x)), best] = 0
    m, = x.shape[:1]
    return x, m


def matrix_type(x):
    M = np.matrix(x)
    M[0] = M[1] * 2
    P = M * M.T
    P[0, 0] = 0
    return np.asarray(P), M.A1


def masked(x):
    mx = np.ma.masked_less(x, 0)
    mx[0] = 5
    mx += 1
    return mx.filled(-1), mx.mask


def setitem_by_hand(x):
    x.__setitem__(0, 3)
    x.__setitem__(slice(1, 3), -x.__getitem__(slice(1, 3)))
    x.__iadd__(1)
    import operator
    operator.setitem(x, 3, 4)
    operator.imul(x, 2)
    setattr(x, 'shape', (2, -1))
    x.shape = (-1,)
    return x


def memory(x):
    raw = memoryview(x)
    raw[0] = 42.0
    buf = np.frombuffer(bytearray(x.tobytes()), dtype=x.dtype)
    buf[1] = 1
    y = np.asarray(x)
    y[2] = 2
    z = np.array(x, copy=False) if np.__version__ < '2' else np.asarray(x)
    z -= 1
    return x, buf, y is x


def star_import(x):
    y = zeros((2, 2))  # noqa: F405
    y[0] = sum(x, axis=0)  # noqa: F405
    y[1] = max(x, 0) if False else amax(x, axis=0)  # noqa: F405
    return y


def lists_of_arrays(n):
    layers = [np.zeros((i + 1, 2)) for i in range(n)]
    layers[0][0, 1] = 1
    layers[-1][:, 0] += 2
    views = [l[-1] for l in layers]
    for k, v in enumerate(views):
        v += k
    layers[1] = layers[1] + 1
    shared = [np.zeros(2)] * 3
    shared[0][0] = 4
    layers.append(shared[2])
    return layers, shared


def dict_gradients(x, w):
    g = {'w': np.zeros_like(w), 'x': np.zeros_like(x)}
    for i in range(len(x)):
        g['w'] += x[i]
        g['x'][i] += w
        g['x'][i, 0] -= 1
        g['n'] = g.get('n', 0) + 1
    alias = g['w']
    alias /= g['n']
    g['w'][0] = g['x'][0][0] = 0
    g.update(b=np.ones(2))
    g['b'] *= 3
    return g


def cases():
    rng = np.random.RandomState(31)
    r = rng.randn
    yield 'out=', out_arguments, (r(2, 3), r(2, 3)), {}
    yield 'methods', in_place_methods, (r(4),), {}
    yield 'copyto', copyto_and_friends, (r(3, 3),), {}
    yield 'masks', masks, (r(3, 4),), {}
    yield 'fancy', fancy, (r(3, 4),), {}
    yield 'ellipsis', ellipsis_newaxis, (r(2, 3),), {}
    yield 'negative', negative, (r(6),), {}
    yield 'overlapping', overlapping, (r(6),), {}
    yield 'views of views', views_of_views, (r(4, 5),), {}
    yield 'transposes', transposes, (r(3, 2),), {}
    yield 'fortran', fortran, (r(3, 2),), {}
    yield 'strided', strided, (r(6),), {}
    yield 'broadcasting', broadcasting, (r(2, 3), r(3)), {}
    yield 'iterate', iterate, (r(2, 3),), {}
    yield 'nditer', nditer, (r(2, 2),), {}
    yield 'growing', growing, (r(3),), {}
    yield 'complex', parts, (r(3) + 1j * r(3),), {}
    yield 'reductions', reductions_into, (r(3, 4),), {}
    yield 'matrix', matrix_type, (r(2, 3),), {}
    yield 'masked', masked, (r(4),), {}
    yield 'by hand', setitem_by_hand, (r(4),), {}
    yield 'memory', memory, (r(4),), {}
    yield 'star import', star_import, (r(3, 2),), {}
    yield 'lists', lists_of_arrays, (3,), {}
    yield 'dict', dict_gradients, (r(3, 2), r(2)), {}
