import numpy as np


class Conv:
    def __init__(self, c_in, c_out, k, stride=1, pad=0, rng=np.random.default_rng(0)):
        self.w = rng.standard_normal((c_out, c_in, k, k))
        self.b = rng.standard_normal(c_out)
        self.k, self.stride, self.pad = k, stride, pad

    def __call__(self, x):
        k, s, p = self.k, self.stride, self.pad
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = [(d - k) // s + 1 for d in self.xp.shape[2:]]
        y = np.zeros((len(x), len(self.w), oh, ow))
        for u in range(k):
            for v in range(k):
                y += np.einsum("nchw,fc->nfhw", self.xp[:, :, u:u + s * oh:s, v:v + s * ow:s], self.w[:, :, u, v])
        return y + self.b[:, None, None]

    def backward(self, dy):
        k, s, p = self.k, self.stride, self.pad
        oh, ow = dy.shape[2:]
        dw, dxp = np.empty_like(self.w), np.zeros_like(self.xp)
        for u in range(k):
            for v in range(k):
                at = (..., slice(u, u + s * oh, s), slice(v, v + s * ow, s))
                dw[:, :, u, v] = np.einsum("nchw,nfhw->fc", self.xp[at], dy)
                dxp[at] += np.einsum("nfhw,fc->nchw", dy, self.w[:, :, u, v])
        h, w = dxp.shape[2:]
        return dxp[..., p:h - p, p:w - p], dw, dy.sum((0, 2, 3))


if __name__ == "__main__":
    layer = Conv(1, 2, 3)
    print([g.shape for g in layer.backward(np.ones_like(layer(np.ones((1, 1, 5, 5)))))])
