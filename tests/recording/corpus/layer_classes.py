"""A tiny deep learning library, the way everybody has written one."""
from abc import ABC, abstractmethod
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field

import numpy as np


class Layer(ABC):
    count = 0

    def __init__(self, name=None):
        Layer.count += 1
        self.name = name or '%s_%d' % (type(self).__name__, Layer.count)
        self.params, self.grads = {}, {}

    @abstractmethod
    def forward(self, x):
        raise NotImplementedError

    def __call__(self, x, *rest):
        return self.forward(x, *rest)

    @property
    def shape(self):
        return self.params['W'].shape

    def zero_grad(self):
        for key in self.params:
            self.grads[key] = np.zeros_like(self.params[key])


class Dense(Layer):
    scale = 0.5

    def __init__(self, n_in, n_out, rng, **kw):
        super().__init__(**kw)
        self.params['W'] = rng.randn(n_in, n_out) * self.scale
        self.params['b'] = np.zeros(n_out)
        self.zero_grad()

    def forward(self, x):
        self.x = x
        return x @ self.params['W'] + self.params['b']

    def backward(self, dout):
        self.grads['W'] += self.x.T @ dout
        self.grads['b'] += dout.sum(0)
        return dout @ self.params['W'].T

    @staticmethod
    def init(n, m):
        W = np.empty((n, m))
        for i in range(n):
            W[i] = np.linspace(-1, 1, m) * (-1) ** i
        return W

    @classmethod
    def from_weights(cls, W, rng):
        self = cls(*W.shape, rng=rng)
        self.params['W'][:] = W
        return self


class LoopDense(Dense):
    def backward(self, dout):
        dx = super(LoopDense, self).backward(dout)
        n, d = self.x.shape
        check = np.zeros(self.shape)
        for i in range(n):
            for j in range(d):
                check[j] += self.x[i, j] * dout[i]
        assert np.allclose(check, self.grads['W'])
        self._check = check
        return dx


class Relu:
    def __init__(self):
        self.mask = None

    def forward(self, x):
        self.mask = (x <= 0)
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        dx = dout
        return dx


class Sequential(object):
    def __init__(self, layers):
        self.layers = OrderedDict(('layer%d' % i, l) for i, l in enumerate(layers))

    def gradient(self, x, dout):
        for layer in self.layers.values():
            x = layer.forward(x)
        layers = list(self.layers.values())
        layers.reverse()
        for layer in layers:
            dout = layer.backward(dout)
        return dout


class Conv3x3:
    # A Convolution layer using 3x3 filters.
    def __init__(self, num_filters, rng):
        self.num_filters = num_filters
        self.filters = rng.randn(num_filters, 3, 3) / 9

    def iterate_regions(self, image):
        '''
        Generates all possible 3x3 image regions using valid padding.
        '''
        h, w = image.shape
        for i in range(h - 2):
            for j in range(w - 2):
                im_region = image[i:(i + 3), j:(j + 3)]
                yield im_region, i, j

    def forward(self, input):
        self.last_input = input
        h, w = input.shape
        output = np.zeros((h - 2, w - 2, self.num_filters))
        for im_region, i, j in self.iterate_regions(input):
            output[i, j] = np.sum(im_region * self.filters, axis=(1, 2))
        return output

    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_filters = np.zeros(self.filters.shape)
        for im_region, i, j in self.iterate_regions(self.last_input):
            for f in range(self.num_filters):
                d_L_d_filters[f] += d_L_d_out[i, j, f] * im_region
        # Update filters
        self.filters -= learn_rate * d_L_d_filters
        return None


class MaxPool2:
    def iterate_regions(self, image):
        h, w, _ = image.shape
        for i in range(h // 2):
            for j in range(w // 2):
                yield image[(i * 2):(i * 2 + 2), (j * 2):(j * 2 + 2)], i, j

    def backprop(self, d_L_d_out):
        d_L_d_input = np.zeros(self.last_input.shape)
        for im_region, i, j in self.iterate_regions(self.last_input):
            h, w, f = im_region.shape
            amax = np.amax(im_region, axis=(0, 1))
            for i2 in range(h):
                for j2 in range(w):
                    for f2 in range(f):
                        # If this pixel was the max value, copy the gradient to it.
                        if im_region[i2, j2, f2] == amax[f2]:
                            d_L_d_input[i * 2 + i2, j * 2 + j2, f2] = d_L_d_out[i, j, f2]
        return d_L_d_input


@dataclass
class Momentum:
    lr: float = 0.1
    beta: float = 0.9
    v: dict = field(default_factory=dict)

    def step(self, params, grads):
        for k in params:
            if k not in self.v:
                self.v[k] = np.zeros_like(params[k])
            self.v[k] *= self.beta
            self.v[k] -= self.lr * grads[k]
            params[k] += self.v[k]


class Adam:
    def __init__(self, lr=0.01, betas=(0.9, 0.999)):
        self.lr, (self.b1, self.b2) = lr, betas
        self.t = 0
        self.m = self.v = None

    def update(self, params, grads):
        if self.m is None:
            self.m, self.v = {}, {}
            for key, val in params.items():
                self.m[key] = np.zeros_like(val)
                self.v[key] = np.zeros_like(val)
        self.t += 1
        lr_t = self.lr * np.sqrt(1.0 - self.b2**self.t) / (1.0 - self.b1**self.t)
        for key in params.keys():
            self.m[key] += (1 - self.b1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.b2) * (grads[key]**2 - self.v[key])
            params[key] -= lr_t * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


class Tensor:
    """micrograd on arrays"""

    def __init__(self, data, children=()):
        self.data = np.asarray(data, float)
        self.grad = np.zeros_like(self.data)
        self._backward = lambda: None
        self._prev = set(children)

    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def backward(self):
        topo, visited = [], set()

        def build(v):
            if v not in visited:
                visited.add(v)
                for child in sorted(v._prev, key=lambda c: c.data.sum()):
                    build(child)
                topo.append(v)
        build(self)
        self.grad[...] = 1
        for v in reversed(topo):
            v._backward()


def autograd(a, b):
    a, b = Tensor(a), Tensor(b)
    c = a * b + a
    c.backward()
    return a.grad, b.grad


Cache = namedtuple('Cache', 'x w mask')


def backward_namedtuple(dout, cache):
    dw = np.zeros_like(cache.w)
    for i, (row, keep) in enumerate(zip(cache.x, cache.mask)):
        if not keep:
            continue
        dw += np.outer(row, dout[i])
    return Cache(dout @ cache.w.T, dw, None)


def accumulate_default(pairs):
    grads = defaultdict(lambda: np.zeros(3))
    for name, g in pairs:
        grads[name] += g
        grads[name][0] *= 2
    return dict(grads)


class Grid:
    """an array in disguise: __getitem__ and __setitem__ of one's own"""

    def __init__(self, h, w):
        self.cells = np.zeros((h, w))
        self.log = []

    def __getitem__(self, at):
        self.log.append(('get', at))
        return self.cells[at]

    def __setitem__(self, at, value):
        self.log.append(('set', at))
        self.cells[at] = value

    def __len__(self):
        return len(self.cells)


def heat(h, w, turns):
    grid = Grid(h, w)
    grid[0, :] = 1.0
    for _ in range(turns):
        for i in range(1, len(grid) - 1):
            for j in range(1, w - 1):
                grid[i, j] += 0.25 * (grid[i - 1, j] + grid[i + 1, j] + grid[i, j - 1] + grid[i, j + 1] - 4 * grid[i, j])
    return grid.cells, grid.log


def fit(dense, x, y, optimizer, epochs=3):
    for epoch in range(epochs):
        dense.zero_grad()
        err = dense(x) - y
        dense.backward(2 * err / err.size)
        optimizer.step(dense.params, dense.grads)
    return dense.params


def cases():
    rng = np.random.RandomState(6)
    dense = Dense(3, 2, rng, name='fc')
    dense(rng.randn(4, 3))
    yield 'Dense.backward', dense.backward, (rng.randn(4, 2),), {}
    loop = LoopDense(3, 2, rng)
    loop(rng.randn(4, 3))
    yield 'LoopDense.backward', LoopDense.backward, (loop, rng.randn(4, 2)), {}
    yield 'staticmethod', Dense.init, (3, 4), {}
    yield 'classmethod', Dense.from_weights, (rng.randn(2, 3), rng), {}
    yield 'sequential', Sequential([Dense(3, 4, rng), Relu(), LoopDense(4, 2, rng)]).gradient, (rng.randn(5, 3), rng.randn(5, 2)), {}
    conv = Conv3x3(2, rng)
    yield 'Conv3x3.forward', conv.forward, (rng.randn(4, 5),), {}
    conv = Conv3x3(2, rng)
    conv.last_input = rng.randn(4, 5)
    yield 'Conv3x3.backprop', conv.backprop, (rng.randn(2, 3, 2), .01), {}
    pool = MaxPool2()
    pool.last_input = rng.randn(4, 6, 2)
    yield 'MaxPool2.backprop', pool.backprop, (rng.randn(2, 3, 2),), {}
    params = {'W': rng.randn(2, 3), 'b': rng.randn(3)}
    grads = {'W': rng.randn(2, 3), 'b': rng.randn(3)}
    yield 'momentum', Momentum(lr=.2).step, (params, grads), {}
    yield 'adam', Adam().update, (params, grads), {}
    yield 'autograd', autograd, (rng.randn(2, 3), rng.randn(2, 3)), {}
    yield 'namedtuple', backward_namedtuple, (rng.randn(3, 2), Cache(rng.randn(3, 4), rng.randn(4, 2), [True, False, True])), {}
    yield 'defaultdict', accumulate_default, ([('W', rng.randn(3)), ('b', 1.), ('W', 2.)],), {}
    yield 'heat', heat, (4, 4, 2), {}
    yield 'fit', fit, (Dense(3, 2, rng), rng.randn(4, 3), rng.randn(4, 2), Momentum()), {'epochs': 2}
