from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Convolution2D:
    W: np.ndarray
    b: np.ndarray
    stride: int = 1
    pad: int = 0
    dW: np.ndarray | None = field(default=None, repr=False)
    db: np.ndarray | None = field(default=None, repr=False)

    def forward(self, x: np.ndarray) -> np.ndarray:
        p = self.pad
        self._x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        k, l = self.W.shape[2:]
        rows = range(0, self._x.shape[2] - k + 1, self.stride)
        cols = range(0, self._x.shape[3] - l + 1, self.stride)
        self._cells = [(i, j, r, c) for i, r in enumerate(rows) for j, c in enumerate(cols)]
        y = np.zeros((len(x), len(self.W), len(rows), len(cols)))
        for i, j, r, c in self._cells:
            y[..., i, j] = np.tensordot(self._x[..., r:r + k, c:c + l], self.W, ((1, 2, 3), (1, 2, 3))) + self.b
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        p = self.pad
        k, l = self.W.shape[2:]
        self.dW, self.db = np.zeros_like(self.W), dy.sum(axis=(0, 2, 3))
        dx = np.zeros_like(self._x)
        for i, j, r, c in self._cells:
            self.dW += np.tensordot(dy[..., i, j].T, self._x[..., r:r + k, c:c + l], 1)
            dx[..., r:r + k, c:c + l] += np.tensordot(dy[..., i, j], self.W, 1)
        return dx[..., p:dx.shape[2] - p, p:dx.shape[3] - p]
