import copy
import math
import numpy as np


class StochasticGradientDescent:
    def __init__(self, learning_rate=0.01, momentum=0):
        self.learning_rate, self.momentum, self.w_updt = learning_rate, momentum, None

    def update(self, w, grad):
        if self.w_updt is None:
            self.w_updt = np.zeros(np.shape(w))
        self.w_updt = self.momentum * self.w_updt + (1 - self.momentum) * grad
        return w - self.learning_rate * self.w_updt


class Conv2D:
    """input_shape: (channels, height, width)"""

    def __init__(self, n_filters, filter_shape, input_shape=None, padding='valid', trainable=True):
        self.n_filters, self.filter_shape = n_filters, filter_shape
        self.input_shape, self.padding, self.trainable = input_shape, padding, trainable

    def initialize(self, optimizer):
        fh, fw = self.filter_shape
        c = self.input_shape[0]
        lim = 1 / math.sqrt(fh * fw)
        self.W = np.random.uniform(-lim, lim, (self.n_filters, c, fh, fw))
        self.w0 = np.zeros((self.n_filters, 1))
        self.W_opt, self.w0_opt = copy.copy(optimizer), copy.copy(optimizer)

    def _pad(self):
        fh, fw = self.filter_shape
        if self.padding == 'same':
            return ((fh - 1) // 2, fh // 2), ((fw - 1) // 2, fw // 2)
        return (0, 0), (0, 0)

    def forward_pass(self, X, training=True):
        self.pads = self._pad()
        self.Xp = np.pad(X, ((0, 0), (0, 0)) + self.pads)
        self.shape = X.shape
        self.cols = np.lib.stride_tricks.sliding_window_view(self.Xp, self.filter_shape, (2, 3))
        return np.einsum('nchwij,fcij->nfhw', self.cols, self.W) + self.w0[:, :, None]

    def backward_pass(self, accum_grad):
        W = self.W                      # the weights of the forward pass
        fh, fw = self.filter_shape
        if self.trainable:
            grad_w = np.einsum('nchwij,nfhw->fcij', self.cols, accum_grad)
            grad_w0 = accum_grad.sum(axis=(0, 2, 3))[:, None]
            self.W = self.W_opt.update(self.W, grad_w)
            self.w0 = self.w0_opt.update(self.w0, grad_w0)
        dX = np.zeros(self.Xp.shape)
        for i in range(accum_grad.shape[2]):
            for j in range(accum_grad.shape[3]):
                dX[:, :, i:i + fh, j:j + fw] += np.einsum('nf,fcij->ncij', accum_grad[:, :, i, j], W)
        (t, _), (l, _) = self.pads
        return dX[:, :, t:t + self.shape[2], l:l + self.shape[3]]
