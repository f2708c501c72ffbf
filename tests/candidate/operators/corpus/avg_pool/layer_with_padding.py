import numpy as np


class AvgPoolLayer(object):
    def __init__(self, size, stride=None, padding=0):
        self.size = size
        self.stride = stride or size
        self.padding = padding

    def forward(self, x):
        p, k, s = self.padding, self.size, self.stride
        self.shape = x.shape
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), mode='constant')
        self.padded_shape = xp.shape
        oh, ow = (xp.shape[2] - k) // s + 1, (xp.shape[3] - k) // s + 1
        y = np.empty(x.shape[:2] + (oh, ow))
        for i in range(oh):
            for j in range(ow):
                y[:, :, i, j] = np.average(xp[:, :, i * s:i * s + k, j * s:j * s + k], axis=(2, 3))
        return y

    def backward(self, grad):
        p, k, s = self.padding, self.size, self.stride
        _, _, H, W = self.shape
        dxp = np.zeros(self.padded_shape)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                dxp[:, :, i * s:i * s + k, j * s:j * s + k] += grad[:, :, i, j, None, None] / (k * k)
        dx = dxp[:, :, p:p + H, p:p + W]
        return dx
