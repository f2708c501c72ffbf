"""Operations are classes with a ctx, and one loop goes back through the graph."""

import numpy as np


class Context:
    def __init__(self):
        self.saved = ()

    def save(self, *xs):
        self.saved = xs


class Function:
    @classmethod
    def apply(cls, *args):
        ctx = Context()
        inputs = [a if isinstance(a, Tensor) else Tensor(a) for a in args]
        out = Tensor(cls.forward(ctx, *[t.data for t in inputs]))
        out._ctx = (cls, ctx, inputs)
        return out


def fit(g, shape):
    while g.ndim > len(shape):
        g = g.sum(0)
    for i, n in enumerate(shape):
        if n == 1:
            g = g.sum(i, keepdims=True)
    return g


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a.shape, b.shape)
        return a + b

    @staticmethod
    def backward(ctx, g):
        sa, sb = ctx.saved
        return fit(g, sa), fit(g, sb)


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        return fit(g * b, a.shape), fit(g * a, b.shape)


class MatMul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a @ b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        return g @ b.T, a.T @ g


class Exp(Function):
    @staticmethod
    def forward(ctx, a):
        out = np.exp(a)
        ctx.save(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved
        return (g * out,)


class Sum(Function):
    @staticmethod
    def forward(ctx, a):
        ctx.save(a.shape)
        return a.sum()

    @staticmethod
    def backward(ctx, g):
        (shape,) = ctx.saved
        return (np.ones(shape) * g,)


class Tensor:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=np.float32)
        self.grad = None
        self._ctx = None

    def __add__(self, o):
        return Add.apply(self, o)

    __radd__ = __add__

    def __mul__(self, o):
        return Mul.apply(self, o)

    __rmul__ = __mul__

    def __matmul__(self, o):
        return MatMul.apply(self, o)

    def exp(self):
        return Exp.apply(self)

    def sum(self):
        return Sum.apply(self)

    def __neg__(self):
        return self * -1.0

    def sigmoid(self):
        return ((-self).exp() + 1.0).reciprocal()

    def backward(self, grad=None):
        self.grad = np.ones_like(self.data) if grad is None else grad
        order, seen = [], set()

        def visit(t):
            if id(t) in seen:
                return
            seen.add(id(t))
            if t._ctx:
                for p in t._ctx[2]:
                    visit(p)
            order.append(t)

        visit(self)
        for t in reversed(order):
            if t._ctx is None:
                continue
            cls, ctx, inputs = t._ctx
            for p, g in zip(inputs, cls.backward(ctx, t.grad), strict=True):
                p.grad = g if p.grad is None else p.grad + g
