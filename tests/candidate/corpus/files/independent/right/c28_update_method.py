import numpy as np
from scipy.signal import correlate2d   # only for the demo below


class Conv2D(object):
    def __init__(self, shape, output_channels, ksize=3, stride=1, method='VALID'):
        # shape: [batch, height, width, channels] of the input
        self.input_shape = shape
        self.batchsize, self.input_channels = shape[0], shape[-1]
        self.output_channels, self.ksize, self.stride, self.method = output_channels, ksize, stride, method
        self.weights = np.random.standard_normal((ksize, ksize, self.input_channels, output_channels)) * 0.1
        self.bias = np.zeros(output_channels)
        self.w_gradient = np.zeros(self.weights.shape)
        self.b_gradient = np.zeros(self.bias.shape)

    def forward(self, x):
        p = self.ksize // 2 if self.method == 'SAME' else 0
        k, s = self.ksize, self.stride
        self.p, self.xshape = p, x.shape
        self.xpad = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)), 'constant', constant_values=0)
        oh, ow = (self.xpad.shape[1] - k) // s + 1, (self.xpad.shape[2] - k) // s + 1
        wmat = self.weights.reshape(-1, self.output_channels)
        out = np.zeros((x.shape[0], oh, ow, self.output_channels))
        for i in range(oh):
            for j in range(ow):
                out[:, i, j] = self.xpad[:, i * s:i * s + k, j * s:j * s + k].reshape(x.shape[0], -1) @ wmat + self.bias
        return out

    def gradient(self, eta):
        k, s, p = self.ksize, self.stride, self.p
        self.eta = eta
        wmat = self.weights.reshape(-1, self.output_channels)
        dpad = np.zeros(self.xpad.shape)
        for i in range(eta.shape[1]):
            for j in range(eta.shape[2]):
                e = eta[:, i, j]
                col = self.xpad[:, i * s:i * s + k, j * s:j * s + k].reshape(e.shape[0], -1)
                self.w_gradient += (col.T @ e).reshape(self.weights.shape)
                dpad[:, i * s:i * s + k, j * s:j * s + k] += (e @ wmat.T).reshape(-1, k, k, self.input_channels)
        self.b_gradient += eta.sum(axis=(0, 1, 2))
        return dpad[:, p:p + self.xshape[1], p:p + self.xshape[2]]

    def backward(self, alpha=0.00001, weight_decay=0.0004):
        # name notwithstanding: this is the update
        self.weights *= (1 - weight_decay)
        self.weights -= alpha * self.w_gradient
        self.bias -= alpha * self.b_gradient
        self.w_gradient[:] = 0
        self.b_gradient[:] = 0


if __name__ == "__main__":
    print(correlate2d(np.ones((4, 4)), np.ones((3, 3)), mode="valid"))
