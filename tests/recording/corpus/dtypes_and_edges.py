import numpy as np


def zero_d(x):
    s = np.array(3.0)
    s += 1
    s[()] = s * 2
    s[...] = s + x[0]
    t = x[1]            # a scalar, not a view
    t += 5
    u = x[1, ...]       # a view of no dimension
    u += 7
    v = x.sum()
    v *= 2
    total = np.zeros(())
    for i in range(3):
        total += x[i]
    return s, t, u, v, total, x


def empty(n):
    a = np.zeros((n, 0, 2))
    a += 1
    a[:] = 5
    for row in a:
        row[:] = 3
    b = np.empty(0)
    b[b > 0] = 1
    for v in b:
        b[0] = v
    c = np.concatenate([b, a.ravel()])
    c[1:] -= c[:-1] if len(c) else 0
    return a, b, c, c.sum(), range(0)


def structured(n):
    dt = np.dtype([('pos', 'f4', (2,)), ('id', 'i2'), ('ok', '?')])
    p = np.zeros(n, dtype=dt)
    for i in range(n):
        p[i]['id'] = i * 10
        p['pos'][i] = i, -i
        p['ok'][i] = i % 2
    q = p['pos']
    q[:, 0] *= 2
    p[0] = ((9, 9), 7, True)
    rec = p[1]
    rec['id'] = 99
    w = p[['id', 'ok']]
    w['id'][-1] = 5
    return p, q


def booleans(x):
    b = x > 0
    b[0] = not b[0]
    b |= x < -1
    b ^= True
    b[::2] &= False
    c = ~b
    c[b] = b.any()
    return b, c, np.logical_and(b, c, out=c)


def integers(x):
    x[0] += 2.0 if x[0] > 0 else -2
    x //= 2
    x[1:] <<= 1
    x %= 5
    x **= 2
    x[-1] = 7.9
    x[0] ^= 3
    y = x.astype(np.uint8)
    y -= 200
    y[:] = y[0] + np.uint8(100)
    return x, y


def int_true_divide(x):
    x[0] = 5
    x /= 2
    return x


def single_precision(x):
    y = x.astype(np.float32)
    s = np.float32(0)
    for v in y:
        s += v * v
    y[0] = 1 / 3
    y *= 0.1
    z = y.astype('f2')
    z += 1e-4
    return y, z, s, type(s).__name__


def nan_and_inf(x):
    x[0] = np.nan
    x[1] = -np.inf
    x[2] = -0.0
    x[3] = x[1] - x[1]
    with np.errstate(all='ignore'):
        x[4] = 0 * np.inf
        x /= x[2]
    bad = x != x
    y = np.where(bad, 0.0, x)
    y[bad] = np.float64('nan')
    x.view(np.uint64)[0] = 0x7ff8000000000123
    z = x.copy()
    z[0] += 0
    return x, y, z, np.nanmax(x)


def bit_tricks(x):
    raw = x.view(np.uint8)
    raw[::8] ^= 1
    bits = np.unpackbits(raw[:2])
    bits[0] = 1 - bits[0]
    lo = x.view(np.int32).reshape(-1, 2)[:, 0]
    lo[0] = 0
    return x, raw, bits


def strings(words):
    a = np.array(words)
    a[0] = 'a longer one'
    b = np.array(words, dtype=object)
    b[1] = b[0] + '!'
    b[2] = [1, 2]
    b[2].append(3)
    return a, b


def dates(n):
    d = np.arange('2024-02-27', n, dtype='datetime64[D]')
    d[1:] += np.timedelta64(1, 'D')
    gap = np.diff(d)
    gap[0] *= 3
    return d, gap


def big_endian(x):
    y = x.astype('>f8')
    y[0] = 1
    y[1:] += y[:-1]
    z = y.byteswap()
    z[0] = 0
    return y, z


def read_only(x):
    y = np.broadcast_to(x, (2, 3))
    x[0] = 5
    x.flags.writeable = False
    try:
        x[1] = 6
    except ValueError as e:
        message = str(e)
    try:
        x += 1
    except ValueError:
        message += '!'
    x.flags.writeable = True
    x[2] = 7
    return y, x, message


class Tagged(np.ndarray):
    def __new__(cls, data, tag='t'):
        self = np.asarray(data).view(cls)
        self.tag = tag
        return self

    def __array_finalize__(self, obj):
        self.tag = getattr(obj, 'tag', None)

    def __setitem__(self, at, value):
        super().__setitem__(at, np.asarray(value) + 1)


def subclass(x):
    t = Tagged(x, 'mine')
    t[0] = 0
    t[1:][0] = 5
    u = t * 2
    u += 1
    return np.asarray(t), u.tag, type(u[:1]).__name__, x


def no_contiguity(x):
    y = x[::2, ::-1]
    y += 1
    z = y.reshape(-1)       # a copy
    z[0] = 99
    w = y.T[::-1]
    w[0, :] = 4
    v = np.ascontiguousarray(y)
    v[0, 0] = 77
    return x, y, z, w, v


def same_array_twice(a, b):
    """called with one array for both"""
    a[0] += 1
    b[0] *= 2
    a[1:] = b[:-1]
    return a is b, np.shares_memory(a, b), a


def argument_is_view(row, whole):
    row += 1
    whole[0, 0] = 100
    return row[0], whole.base is None, whole


def identity_of_results(x):
    y = x
    z = x[:]
    x = x + 1
    return y is x, y, z, x, z.base is y


def sum_of_python_numbers(xs):
    acc = 0
    big = 2 ** 70
    for x in xs:
        acc += x
        big += x
    return acc, big, complex(acc, 1), divmod(acc, 3)


def cases():
    rng = np.random.default_rng(41)
    r = rng.standard_normal
    yield '0-d', zero_d, (r(3),), {}
    yield 'empty', empty, (3,), {}
    yield 'structured', structured, (3,), {}
    yield 'bool', booleans, (r(5),), {}
    yield 'int', integers, (np.array([3, -4, 5, 6]),), {}
    yield 'int /=', int_true_divide, (np.array([3, -4, 5, 6]),), {}
    yield 'float32', single_precision, (r(5),), {}
    yield 'nan', nan_and_inf, (r(6),), {}
    yield 'bits', bit_tricks, (r(3),), {}
    yield 'strings', strings, (['one', 'two', 'three'],), {}
    yield 'dates', dates, ('2024-03-03',), {}
    yield 'big endian', big_endian, (r(3),), {}
    yield 'read only', read_only, (r(3),), {}
    yield 'subclass', subclass, (r(3),), {}
    yield 'not contiguous', no_contiguity, (r((4, 3)),), {}
    a = r(4)
    yield 'same array twice', same_array_twice, (a, a), {}
    whole = r((3, 4))
    yield 'argument is view', argument_is_view, (whole[1], whole), {}
    yield 'identity', identity_of_results, (r(3),), {}
    yield 'fortran argument', no_contiguity, (np.asfortranarray(r((4, 3))),), {}
    yield 'reversed argument', no_contiguity, (r((4, 3))[::-1, ::-1],), {}
    yield 'numbers', sum_of_python_numbers, ([1, 2.5, True, 3],), {}
