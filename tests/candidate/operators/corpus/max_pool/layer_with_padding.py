import numpy as np


class MaxPoolLayer(object):
    def __init__(self, size, stride=None, padding=0):
        self.size = size
        self.stride = stride or size
        self.padding = padding

    def _pad(self, x):
        p = self.padding
        return np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant', constant_values=-np.inf)

    def forward(self, x):
        self.x_shape = x.shape
        self.xp = self._pad(x)
        N, C, H, W = self.xp.shape
        k, s = self.size, self.stride
        oh = (H - k) // s + 1
        ow = (W - k) // s + 1
        out = np.zeros((N, C, oh, ow))
        self.argmax = {}
        for i in range(oh):
            for j in range(ow):
                window = self.xp[:, :, i * s:i * s + k, j * s:j * s + k].reshape(N, C, -1)
                self.argmax[i, j] = window.argmax(-1)
                out[:, :, i, j] = window.max(-1)
        return out

    def backward(self, grad):
        N, C, H, W = self.x_shape
        k, s, p = self.size, self.stride, self.padding
        dxp = np.zeros(self.xp.shape)
        flat = np.zeros((N, C, k * k))
        for (i, j), best in self.argmax.items():
            flat[...] = 0
            np.put_along_axis(flat, best[:, :, None], grad[:, :, i, j][:, :, None], axis=2)
            dxp[:, :, i * s:i * s + k, j * s:j * s + k] += flat.reshape(N, C, k, k)
        dx = dxp[:, :, p:p + H, p:p + W]
        return dx
