import numpy as np

from .base import Layer
from .tools import pair, pad2d


class Conv(Layer):
    def __init__(self, in_ch, out_ch, ksize, stride=1, pad=0, dtype=np.float64):
        self.ksize, self.stride, self.pad = pair(ksize), pair(stride), pair(pad)
        self.params = {"w": 0.1 * np.random.standard_normal((out_ch, in_ch) + self.ksize).astype(dtype),
                       "b": np.zeros((1, out_ch, 1, 1), dtype)}
        self.grads = {"w": None, "b": None}

    def _slices(self, oh, ow):
        for a in range(self.ksize[0]):
            for b in range(self.ksize[1]):
                yield a, b, (slice(None), slice(None),
                             slice(a, a + (oh - 1) * self.stride[0] + 1, self.stride[0]),
                             slice(b, b + (ow - 1) * self.stride[1] + 1, self.stride[1]))

    def forward(self, x, training=True):
        xp = pad2d(x, self.pad)
        oh = (xp.shape[2] - self.ksize[0]) // self.stride[0] + 1
        ow = (xp.shape[3] - self.ksize[1]) // self.stride[1] + 1
        y = np.zeros((x.shape[0], self.params["w"].shape[0], oh, ow))
        for a, b, sl in self._slices(oh, ow):
            y += np.einsum("oc,nchw->nohw", self.params["w"][:, :, a, b], xp[sl])
        self.saved = (xp, x.shape) if training else None
        return y + self.params["b"]

    def backward(self, grad):
        xp, shape = self.saved
        gw, gx = np.zeros_like(self.params["w"]), np.zeros_like(xp)
        for a, b, sl in self._slices(*grad.shape[2:]):
            gw[:, :, a, b] = np.einsum("nohw,nchw->oc", grad, xp[sl])
            gx[sl] += np.einsum("oc,nohw->nchw", self.params["w"][:, :, a, b], grad)
        self.grads["w"] = gw
        self.grads["b"] = grad.sum((0, 2, 3), keepdims=True)
        ph, pw = self.pad
        return gx[:, :, ph:ph + shape[2], pw:pw + shape[3]]
