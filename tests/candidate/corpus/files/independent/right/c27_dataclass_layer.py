from __future__ import annotations

from dataclasses import dataclass, field
import numpy as np


@dataclass
class ConvLayer:
    n_inputs: int
    n_outputs: int
    kernel: tuple[int, int]
    dilation: int = 1
    groups: int = 1
    weights: np.ndarray = field(init=False, repr=False)
    biases: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        if self.n_inputs % self.groups or self.n_outputs % self.groups:
            raise ValueError("channels must be divisible by groups")
        self.weights = np.random.randn(self.n_outputs, self.n_inputs // self.groups, *self.kernel) * 0.1
        self.biases = np.zeros(self.n_outputs)

    def _tap(self, a, i, j, h, w):
        return a[..., i * self.dilation:i * self.dilation + h, j * self.dilation:j * self.dilation + w]

    def _split(self, a):
        return a.reshape(a.shape[0], self.groups, -1, *a.shape[2:])

    def forward(self, x):
        self.x = x
        kh, kw = self.kernel
        h, w = x.shape[2] - self.dilation * (kh - 1), x.shape[3] - self.dilation * (kw - 1)
        xs, ws = self._split(x), self.weights.reshape(self.groups, -1, *self.weights.shape[1:])
        y = sum(np.einsum("ngchw,gfc->ngfhw", self._tap(xs, i, j, h, w), ws[..., i, j]) for i in range(kh) for j in range(kw))
        return y.reshape(x.shape[0], -1, h, w) + self.biases[:, None, None]

    def backward(self, dy):
        h, w = dy.shape[2:]
        xs, gs = self._split(self.x), self._split(dy)
        ws = self.weights.reshape(self.groups, -1, *self.weights.shape[1:])
        dws, dxs = np.zeros_like(ws), np.zeros_like(xs)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                dws[..., i, j] = np.einsum("ngfhw,ngchw->gfc", gs, self._tap(xs, i, j, h, w))
                self._tap(dxs, i, j, h, w)[...] += np.einsum("ngfhw,gfc->ngchw", gs, ws[..., i, j])
        self.weights_grad, self.biases_grad = dws.reshape(self.weights.shape), dy.sum(axis=(0, 2, 3))
        return dxs.reshape(self.x.shape)
