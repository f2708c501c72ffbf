from typing import Tuple, Union
import numpy as np

IntPair = Union[int, Tuple[int, int]]


class Conv2DLayer:
    def __init__(self, input_depth: int, n_filters: int, filter_dim: IntPair, stride: IntPair = 1, zero_pad: IntPair = 0) -> None:
        as_pair = lambda v: (v, v) if isinstance(v, int) else v
        self.filter_dim, self.stride, self.zero_pad = map(as_pair, (filter_dim, stride, zero_pad))
        self.w: np.ndarray = np.random.randn(n_filters, *self.filter_dim, input_depth) * 0.05
        self.b: np.ndarray = np.zeros(n_filters)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        (kh, kw), (sh, sw), (ph, pw) = self.filter_dim, self.stride, self.zero_pad
        self.x_shape = x.shape
        self.xp = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
        oh = (self.xp.shape[1] - kh) // sh + 1
        ow = (self.xp.shape[2] - kw) // sw + 1
        out = np.zeros((x.shape[0], oh, ow, self.w.shape[0]))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = np.einsum("nhwc,fhwc->nf", self.xp[:, i * sh:i * sh + kh, j * sw:j * sw + kw], self.w) + self.b
        return out

    def gradients(self, dout: np.ndarray) -> np.ndarray:
        raise NotImplementedError("use backward")

    def backward(self, dout: np.ndarray) -> np.ndarray:
        (kh, kw), (sh, sw), (ph, pw) = self.filter_dim, self.stride, self.zero_pad
        self.w_grad = np.zeros(self.w.shape)
        self.b_grad = np.einsum("nhwf->f", dout)
        dx = np.zeros(self.xp.shape)
        for i in range(dout.shape[1]):
            for j in range(dout.shape[2]):
                win = (slice(None), slice(i * sh, i * sh + kh), slice(j * sw, j * sw + kw))
                self.w_grad += np.einsum("nf,nhwc->fhwc", dout[:, i, j], self.xp[win])
                dx[win] += np.einsum("nf,fhwc->nhwc", dout[:, i, j], self.w)
        return dx[:, ph:ph + self.x_shape[1], pw:pw + self.x_shape[2]]
