"""Nodes that know by a word what they were made with, and one backward that calls itself."""

import numpy as np


class Tensor:
    def __init__(self, data, autograd=False, creators=None, creation_op=None):
        self.data = np.array(data)
        self.creators = creators
        self.creation_op = creation_op
        self.grad = None
        self.autograd = autograd
        self.waiting = 0
        for c in creators or ():
            c.waiting += 1

    def backward(self, grad=None):
        if not self.autograd:
            return
        if grad is None:
            grad = Tensor(np.ones_like(self.data))
        self.grad = grad if self.grad is None else Tensor(self.grad.data + grad.data)
        self.waiting -= 1
        if self.creators is None or self.waiting > 0:
            return
        g = self.grad
        a = self.creators[0]
        if self.creation_op == "add":
            a.backward(g)
            self.creators[1].backward(g)
        elif self.creation_op == "sub":
            a.backward(g)
            self.creators[1].backward(Tensor(-g.data))
        elif self.creation_op == "mul":
            b = self.creators[1]
            a.backward(Tensor(g.data * b.data))
            b.backward(Tensor(g.data * a.data))
        elif self.creation_op == "mm":
            b = self.creators[1]
            a.backward(Tensor(g.data @ b.data.T))
            b.backward(Tensor(a.data.T @ g.data))
        elif self.creation_op == "neg":
            a.backward(Tensor(-g.data))
        elif self.creation_op == "tanh":
            a.backward(Tensor(g.data * (1 - self.data**2)))
        elif "sum" in self.creation_op:
            dim = int(self.creation_op.split("_")[1])
            a.backward(Tensor(np.expand_dims(g.data, dim).repeat(a.data.shape[dim], dim)))

    def _alike(self, other):
        if self.data.shape != other.data.shape:
            raise ValueError("their shapes differ; use expand")

    def __add__(self, other):
        self._alike(other)
        return Tensor(self.data + other.data, True, [self, other], "add")

    def __sub__(self, other):
        self._alike(other)
        return Tensor(self.data - other.data, True, [self, other], "sub")

    def __mul__(self, other):
        self._alike(other)
        return Tensor(self.data * other.data, True, [self, other], "mul")

    def __neg__(self):
        return Tensor(-self.data, True, [self], "neg")

    def mm(self, x):
        return Tensor(self.data.dot(x.data), True, [self, x], "mm")

    def tanh(self):
        return Tensor(np.tanh(self.data), True, [self], "tanh")

    def sum(self, dim):
        return Tensor(self.data.sum(dim), True, [self], "sum_" + str(dim))
