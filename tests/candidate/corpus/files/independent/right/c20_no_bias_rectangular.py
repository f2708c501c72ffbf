import numpy as np


class Conv2DNoBias:
    def __init__(self, cin, cout, k=(3, 3), strides=(1, 1), pads=(0, 0)):
        self.k, self.strides, self.pads = k, strides, pads
        self.kernel = np.random.randn(k[0], k[1], cout, cin) * 0.1

    def forward(self, x):
        (sh, sw), (ph, pw) = self.strides, self.pads
        self.hw = x.shape[1:3]
        self.xp = np.pad(x, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
        self.oh = (self.xp.shape[1] - self.k[0]) // sh + 1
        self.ow = (self.xp.shape[2] - self.k[1]) // sw + 1
        y = 0.0
        for a, b, view in self._views(self.xp):
            y = y + view @ self.kernel[a, b].T
        return y

    def _views(self, arr):
        sh, sw = self.strides
        for a in range(self.k[0]):
            for b in range(self.k[1]):
                yield a, b, arr[:, a:a + sh * (self.oh - 1) + 1:sh, b:b + sw * (self.ow - 1) + 1:sw, :]

    def backward(self, dy):
        self.dkernel = np.empty_like(self.kernel)
        dxp = np.zeros_like(self.xp)
        for (a, b, xv), (_, _, dv) in zip(self._views(self.xp), self._views(dxp)):
            self.dkernel[a, b] = np.einsum("nhwo,nhwi->oi", dy, xv)
            dv += dy @ self.kernel[a, b]
        (ph, pw), (h, w) = self.pads, self.hw
        return dxp[:, ph:ph + h, pw:pw + w]
