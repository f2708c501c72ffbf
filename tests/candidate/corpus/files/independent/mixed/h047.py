import copy
import math
import numpy as np


class SGD:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def update(self, w, grad_wrt_w):
        return w - self.learning_rate * grad_wrt_w


class Conv2D:
    def __init__(self, n_filters, filter_shape, input_shape=None, pad=0, stride=1, trainable=True):
        self.n_filters, self.filter_shape, self.input_shape = n_filters, filter_shape, input_shape
        self.pad, self.stride, self.trainable = pad, stride, trainable

    def set_input_shape(self, shape):
        self.input_shape = shape

    def initialize(self, optimizer):
        fh, fw = self.filter_shape
        limit = 1 / math.sqrt(fh * fw)
        self.W = np.random.uniform(-limit, limit, (self.n_filters, self.input_shape[0], fh, fw))
        self.w0 = np.zeros((self.n_filters, 1))
        self.W_opt, self.w0_opt = copy.copy(optimizer), copy.copy(optimizer)

    def _view(self, X):
        p, s = self.pad, self.stride
        Xp = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
        return np.lib.stride_tricks.sliding_window_view(Xp, self.filter_shape, (2, 3))[:, :, ::s, ::s]

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return np.einsum("nchwij,fcij->nfhw", self._view(X), self.W) + self.w0[None, :, :, None]

    def backward_pass(self, accum_grad):
        W, p, s = self.W, self.pad, self.stride
        if self.trainable:
            grad_w = np.einsum("nchwij,nfhw->fcij", self._view(self.layer_input), accum_grad)
            grad_w0 = accum_grad.sum(axis=(0, 2, 3)).reshape(-1, 1)
            self.W = self.W_opt.update(self.W, grad_w)
            self.w0 = self.w0_opt.update(self.w0, grad_w0)
        n, c, h, w = self.layer_input.shape
        out = np.zeros((n, c, h + 2 * p, w + 2 * p))
        for i in range(accum_grad.shape[2]):
            for j in range(accum_grad.shape[3]):
                out[:, :, i * s:i * s + W.shape[2], j * s:j * s + W.shape[3]] += np.einsum("nf,fcij->ncij", accum_grad[:, :, i, j], W)
        return out[:, :, p:p + h, p:p + w]
