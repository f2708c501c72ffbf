import numpy as np


class SameConv:
    """Convolution that keeps height and width."""

    def __init__(self, in_planes, planes, ksize=3):
        if ksize % 2 == 0:
            raise ValueError("ksize must be odd")
        self.ksize = ksize
        self.weight = np.random.randn(planes, in_planes, ksize, ksize).astype(np.float64)
        self.bias = np.zeros((planes,))

    def forward(self, inp):
        r = self.ksize // 2
        self.inp = inp
        self.padded = np.pad(inp, ((0, 0), (0, 0), (r, r), (r, r)))
        H, W = inp.shape[-2:]
        out = np.zeros((len(inp), len(self.weight), H, W)) + self.bias[:, None, None]
        for y in range(self.ksize):
            for x in range(self.ksize):
                out += np.einsum("nchw,oc->nohw", self.padded[:, :, y:y + H, x:x + W], self.weight[:, :, y, x])
        return out

    def backward(self, delta):
        r = self.ksize // 2
        H, W = self.inp.shape[-2:]
        self.weight_grad = np.zeros_like(self.weight)
        back = np.zeros_like(self.padded)
        for y in range(self.ksize):
            for x in range(self.ksize):
                self.weight_grad[:, :, y, x] = np.einsum("nohw,nchw->oc", delta, self.padded[:, :, y:y + H, x:x + W])
                back[:, :, y:y + H, x:x + W] += np.einsum("nohw,oc->nchw", delta, self.weight[:, :, y, x])
        self.bias_grad = delta.sum(axis=(0, 2, 3))
        return back[:, :, r:r + H, r:r + W]
