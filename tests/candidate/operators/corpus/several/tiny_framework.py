"""A small framework: one base class, parameters with gradients, a Sequential."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional

import numpy as np


@dataclass
class Parameter:
    data: np.ndarray
    grad: np.ndarray = field(init=False)

    def __post_init__(self):
        self.grad = np.zeros_like(self.data)

    def zero_grad(self):
        self.grad[...] = 0


class Module:
    def __call__(self, *args):
        return self.forward(*args)

    def forward(self, *args):
        raise NotImplementedError

    def backward(self, grad_output: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def parameters(self) -> List[Parameter]:
        return [v for v in vars(self).values() if isinstance(v, Parameter)]


class Linear(Module):
    def __init__(self, in_features: int, out_features: int, rng: Optional[np.random.Generator] = None):
        rng = rng or np.random.default_rng(0)
        self.weight = Parameter(rng.standard_normal((out_features, in_features)))
        self.bias = Parameter(np.zeros(out_features))

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, grad_output: np.ndarray) -> np.ndarray:
        lead = tuple(range(self.x.ndim - 1))
        self.weight.grad += np.tensordot(grad_output, self.x, axes=(lead, lead))
        self.bias.grad += grad_output.reshape(-1, grad_output.shape[-1]).sum(0)
        return grad_output @ self.weight.data


class ReLU(Module):
    def forward(self, x):
        self.positive = x > 0
        return np.where(self.positive, x, 0)

    def backward(self, grad_output):
        return np.where(self.positive, grad_output, 0)


class MaxPool2d(Module):
    def __init__(self, kernel_size: int, stride: Optional[int] = None):
        self.k = kernel_size
        self.s = kernel_size if stride is None else stride

    def _windows(self, x):
        v = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return v[:, :, ::self.s, ::self.s]

    def forward(self, x):
        self.x = x
        return self._windows(x).max(axis=(4, 5))

    def backward(self, grad_output):
        w = self._windows(self.x)
        arg = w.reshape(*w.shape[:4], -1).argmax(-1)
        n, c, i, j = np.indices(arg.shape)
        grad = np.zeros_like(self.x)
        np.add.at(grad, (n, c, i * self.s + arg // self.k, j * self.s + arg % self.k), grad_output)
        return grad


class AvgPool2d(Module):
    def __init__(self, kernel_size: int, stride: Optional[int] = None):
        self.k = kernel_size
        self.s = kernel_size if stride is None else stride

    def forward(self, x):
        self.in_shape = x.shape
        v = np.lib.stride_tricks.sliding_window_view(x, (self.k, self.k), axis=(2, 3))
        return v[:, :, ::self.s, ::self.s].mean(axis=(4, 5))

    def backward(self, grad_output):
        grad = np.zeros(self.in_shape)
        _, _, oh, ow = grad_output.shape
        for a in range(self.k):
            for b in range(self.k):
                grad[:, :, a:a + oh * self.s:self.s, b:b + ow * self.s:self.s][:, :, :oh, :ow] += grad_output
        return grad / self.k ** 2


class Embedding(Module):
    def __init__(self, num_embeddings: int, embedding_dim: int):
        self.weight = Parameter(np.random.default_rng(0).standard_normal((num_embeddings, embedding_dim)))

    def forward(self, ids):
        self.ids = ids
        return self.weight.data[ids]

    def backward(self, grad_output):
        np.add.at(self.weight.grad, self.ids, grad_output)


class CrossEntropyLoss(Module):
    def forward(self, logits, target):
        self.target = target
        m = logits.max(1, keepdims=True)
        self.logp = logits - m - np.log(np.exp(logits - m).sum(1, keepdims=True))
        return -self.logp[np.arange(len(target)), target].mean()

    def backward(self, grad_output=1.0):
        g = np.exp(self.logp)
        g[np.arange(len(self.target)), self.target] -= 1
        return g * (grad_output / len(self.target))


class Sequential(Module):
    def __init__(self, *layers: Module):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def backward(self, grad_output):
        for layer in reversed(self.layers):
            grad_output = layer.backward(grad_output)
        return grad_output
