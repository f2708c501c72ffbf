import numpy as np


class AveragePooling2D:
    """keras names; (batch, height, width, channels)"""

    def __init__(self, pool_size=(2, 2), strides=None):
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides

    def forward(self, inputs):
        self.in_shape = inputs.shape
        b, h, w, c = inputs.shape
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        out = np.zeros((b, (h - ph) // sh + 1, (w - pw) // sw + 1, c), 'float32')
        for i in range(out.shape[1]):
            for j in range(out.shape[2]):
                out[:, i, j] = inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw].mean(axis=(1, 2))
        return out

    def backward(self, grad):
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        d_inputs = np.zeros(self.in_shape, 'float32')
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                share = grad[:, i:i + 1, j:j + 1].astype('float32') / np.float32(ph * pw)
                d_inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw] += share
        return d_inputs
