"""Arrays in float32, with a closure for each node, as in a small PyTorch."""

import numpy as np


def _sum_to(grad, shape):
    while grad.ndim > len(shape):
        grad = grad.sum(axis=0)
    for i, n in enumerate(shape):
        if n == 1 and grad.shape[i] != 1:
            grad = grad.sum(axis=i, keepdims=True)
    return grad.reshape(shape)


def _accumulate(node, grad):
    if node.grad is None:
        node.grad = np.zeros_like(node.data)
    node.grad += grad


class Tensor:
    def __init__(self, data, *, requires_grad=False):
        self.data = np.array(data, dtype=np.float32)
        self.requires_grad = requires_grad
        self.grad = None
        self._backward = lambda: None
        self._prev = set()

    @property
    def shape(self):
        return self.data.shape

    @property
    def T(self):
        return self.transpose()

    def _make(self, data, parents, back):
        out = Tensor(data, requires_grad=any(p.requires_grad for p in parents))

        def _backward():
            for p, g in zip(parents, back(out.grad, out.data), strict=True):
                if p.requires_grad:
                    _accumulate(p, _sum_to(np.asarray(g), p.shape))

        if out.requires_grad:
            out._backward = _backward
        out._prev = set(parents)
        return out

    @staticmethod
    def _wrap(x):
        return x if isinstance(x, Tensor) else Tensor(x)

    def __add__(self, other):
        other = self._wrap(other)
        return self._make(self.data + other.data, (self, other), lambda g, y: (g, g))

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-self._wrap(other))

    def __rsub__(self, other):
        return self._wrap(other) - self

    def __mul__(self, other):
        other = self._wrap(other)
        return self._make(self.data * other.data, (self, other), lambda g, y: (g * other.data, g * self.data))

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._wrap(other)
        return self._make(
            self.data / other.data,
            (self, other),
            lambda g, y: (g / other.data, -g * self.data / other.data**2),
        )

    def __rtruediv__(self, other):
        return self._wrap(other) / self

    def __pow__(self, other):
        other = self._wrap(other)
        return self._make(
            self.data**other.data,
            (self, other),
            lambda g, y: (
                g * other.data * self.data ** (other.data - 1),
                g * y * np.log(np.abs(self.data) + 1e-12),
            ),
        )

    def __neg__(self):
        return self * -1

    def __matmul__(self, other):
        return self._make(
            self.data @ other.data, (self, other), lambda g, y: (g @ other.data.T, self.data.T @ g)
        )

    def __getitem__(self, key):
        def back(g, y):
            full = np.zeros_like(self.data)
            np.add.at(full, key, g)
            return (full,)

        return self._make(self.data[key], (self,), back)

    def sum(self, axis=None, keepdims=False):
        def back(g, y):
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (np.broadcast_to(g, self.shape),)

        return self._make(self.data.sum(axis=axis, keepdims=keepdims), (self,), back)

    def mean(self, axis=None, keepdims=False):
        n = self.data.size if axis is None else self.shape[axis]
        return self.sum(axis, keepdims) / n

    def var(self, axis=None, keepdims=False):
        m = self.mean(axis=axis, keepdims=True) if axis is not None else self.mean()
        return ((self - m) ** 2).mean(axis=axis, keepdims=keepdims)

    def std(self, axis=None, keepdims=False):
        return (self.var(axis, keepdims) + 1e-12) ** 0.5

    def max(self, axis=None, keepdims=False):
        def back(g, y):
            top = self.data.max(axis=axis, keepdims=True)
            mask = (self.data == top).astype(self.data.dtype)
            if axis is not None and not keepdims:
                g = np.expand_dims(g, axis)
            return (mask * g,)

        return self._make(self.data.max(axis=axis, keepdims=keepdims), (self,), back)

    def reshape(self, *shape):
        return self._make(self.data.reshape(*shape), (self,), lambda g, y: (g.reshape(self.shape),))

    def transpose(self, dim0=-2, dim1=-1):
        return self._make(self.data.swapaxes(dim0, dim1), (self,), lambda g, y: (g.swapaxes(dim0, dim1),))

    def unsqueeze(self, axis):
        return self._make(np.expand_dims(self.data, axis), (self,), lambda g, y: (g.squeeze(axis),))

    def exp(self):
        return self._make(np.exp(self.data), (self,), lambda g, y: (g * y,))

    def log(self):
        return self._make(
            np.log(np.maximum(self.data, 1e-12)), (self,), lambda g, y: (g / np.maximum(self.data, 1e-12),)
        )

    def clamp(self, min_val=None, max_val=None):
        lo = -np.inf if min_val is None else min_val
        hi = np.inf if max_val is None else max_val
        inside = (self.data >= lo) & (self.data <= hi)
        return self._make(np.clip(self.data, lo, hi), (self,), lambda g, y: (g * inside,))

    def abs(self):
        return self._make(np.abs(self.data), (self,), lambda g, y: (g * np.sign(self.data),))

    def relu(self):
        return self._make(np.maximum(0, self.data), (self,), lambda g, y: (g * (y > 0),))

    def leaky_relu(self, alpha=0.01):
        return self._make(
            np.where(self.data > 0, self.data, alpha * self.data),
            (self,),
            lambda g, y: (g * np.where(self.data > 0, 1, alpha),),
        )

    def sigmoid(self):
        y = 1 / (1 + np.exp(-self.data))
        return self._make(y, (self,), lambda g, y: (g * y * (1 - y),))

    def tanh(self):
        return self._make(np.tanh(self.data), (self,), lambda g, y: (g * (1 - y**2),))

    def softmax(self, axis=-1):
        e = (self - self.data.max(axis=axis, keepdims=True)).exp()
        return e / e.sum(axis=axis, keepdims=True)

    def log_softmax(self, axis=-1):
        return self.softmax(axis).log()

    def cross_entropy(self, target):
        p = self.softmax().data

        def back(g, y):
            return (g * (p - target.data) / len(p),)

        return self._make(-(target.data * np.log(p)).sum() / len(p), (self,), back)

    def dropout(self, p=0.5):
        mask = np.random.rand(*self.shape) > p
        return self._make(self.data * mask, (self,), lambda g, y: (g * mask,))

    def sign(self):
        return Tensor(np.sign(self.data))

    def detach(self):
        return Tensor(self.data)

    def zero_grad(self):
        self.grad = None

    def dot(self, other):
        return self @ other

    def backward(self):
        assert self.data.size == 1, "backward() needs a scalar"
        if self.grad is None:
            self.grad = np.ones_like(self.data)
        order, seen = [], set()

        def build(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    build(child)
                order.append(v)

        build(self)
        for node in reversed(order):
            node._backward()
