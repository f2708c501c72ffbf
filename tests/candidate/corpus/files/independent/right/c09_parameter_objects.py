import math
import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)

    def zero_grad(self):
        self.grad[...] = 0


class Module:
    def parameters(self):
        return [v for v in vars(self).values() if isinstance(v, Parameter)]

    def zero_grad(self):
        for p in self.parameters():
            p.zero_grad()

    def __call__(self, *args):
        return self.forward(*args)


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        self.k, self.s, self.p = kernel_size, stride, padding
        bound = 1 / math.sqrt(in_channels * kernel_size ** 2)
        self.weight = Parameter(np.random.uniform(-bound, bound, (out_channels, in_channels, kernel_size, kernel_size)))
        self.bias = Parameter(np.zeros(out_channels)) if bias else None

    def forward(self, x):
        k, s, p = self.k, self.s, self.p
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.hw = x.shape[-2:]
        self.oh, self.ow = [(d + 2 * p - k) // s + 1 for d in self.hw]
        y = 0
        for i in range(k):
            for j in range(k):
                y = y + np.einsum("nchw,oc->nohw", self._tap(self.xp, i, j), self.weight.data[:, :, i, j])
        return y if self.bias is None else y + self.bias.data[:, None, None]

    def _tap(self, a, i, j):
        return a[:, :, i:i + self.s * self.oh:self.s, j:j + self.s * self.ow:self.s][:, :, :self.oh, :self.ow]

    def backward(self, grad_output):
        gx = np.zeros_like(self.xp)
        for i in range(self.k):
            for j in range(self.k):
                self.weight.grad[:, :, i, j] += np.einsum("nohw,nchw->oc", grad_output, self._tap(self.xp, i, j))
                self._tap(gx, i, j)[...] += np.einsum("nohw,oc->nchw", grad_output, self.weight.data[:, :, i, j])
        if self.bias is not None:
            self.bias.grad += grad_output.sum((0, 2, 3))
        return gx[:, :, self.p:self.p + self.hw[0], self.p:self.p + self.hw[1]]
