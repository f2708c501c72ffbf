import numpy as np


class MaxPooling2D:
    """keras names; (batch, height, width, channels); everything is float32"""

    def __init__(self, pool_size=(2, 2), strides=None):
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides

    def forward(self, inputs):
        self.inputs = inputs.astype(np.float32)
        b, h, w, c = self.inputs.shape
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        self.out_shape = (b, (h - ph) // sh + 1, (w - pw) // sw + 1, c)
        out = np.zeros(self.out_shape, np.float32)
        for i in range(self.out_shape[1]):
            for j in range(self.out_shape[2]):
                out[:, i, j] = self.inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw].max(axis=(1, 2))
        return out

    def backward(self, grad):
        assert grad.shape == self.out_shape, 'wrong gradient shape %s' % (grad.shape,)
        b, _, _, c = self.out_shape
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        d_inputs = np.zeros(self.inputs.shape, np.float32)
        bi, ci = np.ix_(range(b), range(c))
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                window = self.inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw].reshape(b, ph * pw, c)
                k = window.argmax(axis=1)
                d_inputs[bi, i * sh + k // pw, j * sw + k % pw, ci] += grad[:, i, j].astype(np.float32)
        return d_inputs
