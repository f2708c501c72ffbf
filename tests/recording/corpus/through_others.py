"""Arrays that change inside calls, of the library or of one's own functions handed to it."""
import asyncio
import copy
import ctypes
import io
import operator
import pickle
import random
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import reduce, singledispatch

import numpy as np


def library_views(x):
    np.atleast_3d(x)[0, 0, 0] = 1
    np.squeeze(x[None])[1] += 2
    np.expand_dims(x, 1)[2, 0, 0] = 3
    np.einsum('ii->i', x)[...] *= 10
    for part in np.split(x, 3, axis=1):
        part -= 1
    top, bottom = np.array_split(x, 2)
    bottom[:] = top[0]
    np.asarray(x)[-1, -1] = 7
    np.flip(x)[0, 0] = 8
    np.rot90(x)[1, 0] = 9
    np.diagonal(x).copy()[0] = 99
    np.require(x, requirements='W')[0] += .5
    np.reshape(x, -1)[4] = -4
    return x


def ravel_or_flatten(x):
    x.flatten()[0] = 5
    x.ravel()[1] = 6
    x.T.flat[2] = 7
    np.ravel(x, order='F')[3] = 8
    x[:, 1].flat = [1, 2, 3]
    x.squeeze()[0, -1] = 9
    return x


def handed_over(x):
    out = np.zeros((3, 3))

    def rowwise(row):
        row = row.copy()
        row[0] = row.sum()
        return row

    def put(k, v):
        out.flat[k] = v
        return k

    y = np.apply_along_axis(rowwise, 1, x)
    list(map(put, range(4), y.ravel()))
    z = np.vectorize(lambda v: put(8, v) + v)(x[0])
    order = sorted(range(3), key=lambda i: x[i, 0])
    w = np.frompyfunc(lambda a, b: max(a, b), 2, 1).reduce(x[1])
    f = np.fromfunction(lambda i, j: i * 10 + j, (2, 3))
    p = np.piecewise(x[2], [x[2] < 0], [lambda v: -v, 0])
    return out, y, z, order, w, f, p, max(x, key=lambda r: r[1])


def reduced(xs):
    def into(acc, x):
        acc += x
        return acc
    first = reduce(into, xs)
    second = reduce(operator.iadd, xs, np.zeros(2))
    return first, second, xs[0]


def operators(x, y):
    operator.iadd(x, 1)
    z = operator.itemgetter(1)(x)
    z *= 2
    operator.setitem(x, (0, 0), 5)
    x @= y
    x = operator.isub(x, y)
    w = operator.attrgetter('T')(x)
    w[0, 1] = 4
    return x, z, w


def shuffles(x):
    r = random.Random(3)
    r.shuffle(x)
    np.random.RandomState(1).shuffle(x[:3])
    np.random.default_rng(1).shuffle(x[2:])
    x[:2].partition(0)
    return x


def copies(x):
    a, b = copy.copy(x), copy.deepcopy([x, x])
    b[0][0] = 1
    c = pickle.loads(pickle.dumps(x))
    c[1] = 2
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    d = np.load(file)
    d[2] = 3
    a[:] = 4
    return x, a, b, c, d


def raw_memory(x):
    pointer = x.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    pointer[1] = 11.0
    y = np.ctypeslib.as_array(pointer, (2,))
    y[0] = 12
    ctypes.memset(x.ctypes.data + 16, 0, 8)
    z = np.ndarray((2,), float, buffer=x, offset=8)
    z += 1
    return x, y.copy(), z


def threads(x):
    out = np.zeros(len(x))

    def work(i):
        for v in x[i]:
            out[i] += v
        return i

    with ThreadPoolExecutor(1) as pool:
        done = list(pool.map(work, range(len(x))))
    out *= 2
    return out, done


def coroutines(x):
    async def scale(i):
        await asyncio.sleep(0)
        x[i] *= i
        return x[i].sum()

    async def main():
        return [await scale(i) for i in range(len(x))]

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(main()), x
    finally:
        loop.close()


@singledispatch
def double(v):
    return v * 2


@double.register
def _(v: np.ndarray):
    v *= 2
    return v


def dispatched(x):
    y = double(x)
    return y is x, double(3), double(x[:1])


class Bag:
    def __init__(self, **arrays):
        self.__dict__.update(arrays)

    def __iadd__(self, other):
        for name in vars(self):
            a = getattr(self, name)
            a += other
        return self

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return np.zeros(2)

    def __contains__(self, name):
        return name in self.__dict__


def bags(x, y):
    bag = Bag(x=x, y=y)
    bag += 1
    bag.x[0] = 5
    bag.z[0] = 6          # into an array that nobody keeps
    setattr(bag, 'w', bag.x[1:])
    bag.w *= 2
    bag.__dict__['y'][:] = 3
    bag.v = bag.u = np.zeros(2)
    bag.v[0] += 1
    vars(bag)['u'][1] -= 1
    return vars(bag), 'q' in bag, bag.missing


def attribute_targets(layer, dout):
    layer.dW, layer.db = np.zeros_like(layer.W), 0
    for layer.i, layer.row in enumerate(layer.x):
        layer.dW[layer.i % 2] += dout[layer.i] * layer.row
        layer.db += dout[layer.i]
    layer.W[0], layer.n = layer.dW[0], len(layer.x)
    layer.dW -= layer.dW.mean()
    del layer.row
    return layer


def weak(x):
    y = x * 2
    ref = weakref.ref(y)
    alive = ref() is y
    y[0] = 0
    del y
    z = x * 2
    z[0] = 1
    return alive, z


def many_short_lived(x):
    """arrays that come and go at the same addresses"""
    total = 0.0
    for i in range(12):
        t = np.zeros(3)
        t[i % 3] = x[i % 2]
        u = t + i
        u[0] -= 1
        total += u.sum() - t[0]
        del u
    return total


def grows_by_reference(x):
    parts = [x[:1], x[1:]]
    for p in list(parts):
        p += 1
        parts.append(p[::-1])
    parts[2][0] = 50
    stacked = np.concatenate(parts)
    stacked[0] = -1
    return x, stacked


def printing(x):
    for i, v in enumerate(x):
        print('row', i, end=' ')
        x[i] = -v
    return x


def nested_data(batch):
    for sample in batch:
        for key, value in sample['grads'].items():
            value *= sample.get('weight', 1)
            sample['grads'][key][0] = 0
        sample['sum'] = sum(g.sum() for g in sample['grads'].values())
    batch[0]['grads']['W'], batch[1]['grads']['W'] = batch[1]['grads']['W'], batch[0]['grads']['W']
    batch[0]['grads']['W'] += 1
    return batch


def cases():
    r = np.random.RandomState(101).randn
    yield 'library views', library_views, (r(3, 3),), {}
    yield 'ravel', ravel_or_flatten, (r(3, 4),), {}
    yield 'handed over', handed_over, (r(3, 3),), {}
    yield 'reduced', reduced, ([r(2), r(2), r(2)],), {}
    yield 'operators', operators, (r(2, 2), r(2, 2)), {}
    yield 'shuffles', shuffles, (r(6),), {}
    yield 'copies', copies, (r(4),), {}
    yield 'raw memory', raw_memory, (r(4),), {}
    yield 'threads', threads, (r(3, 2),), {}
    yield 'coroutines', coroutines, (r(3, 2),), {}
    yield 'dispatched', dispatched, (r(3),), {}
    yield 'bags', bags, (r(3), r(2)), {}
    yield 'attributes', attribute_targets, (Bag(W=r(2, 3), x=r(4, 3)), r(4)), {}
    yield 'weak', weak, (r(3),), {}
    yield 'short lived', many_short_lived, (r(2),), {}
    yield 'reference', grows_by_reference, (r(3),), {}
    yield 'printing', printing, (r(3),), {}
    yield 'nested data', nested_data, ([{'grads': {'W': r(2), 'b': r(1)}, 'weight': 2}, {'grads': {'W': r(2)}}],), {}
