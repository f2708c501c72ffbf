import numpy as np


class ConvLayer(object):
    def __init__(self, config):
        self.cfg = config
        k = config['kernel_size']
        self.weights = np.random.uniform(-.1, .1, (config['out_channels'], config['in_channels'], k, k))
        self.bias = np.zeros((config['out_channels'], 1))
        self.stride = config.get('stride', 1)
        self.padding = config.get('padding', 0)

    def forward(self, x):
        p, s = self.padding, self.stride
        self.inp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.size = x.shape[2:]
        k = self.cfg['kernel_size']
        n, _, H, W = self.inp.shape
        y = np.zeros((n, len(self.weights), (H - k) // s + 1, (W - k) // s + 1))
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                blk = self.inp[:, None, :, i * s:i * s + k, j * s:j * s + k]
                y[:, :, i, j] = (blk * self.weights[None]).sum(axis=(2, 3, 4)) + self.bias.ravel()
        return y

    def backward(self, grad):
        p, s, k = self.padding, self.stride, self.cfg['kernel_size']
        self.grad_weights = np.zeros_like(self.weights)
        self.grad_bias = grad.sum(axis=(0, 2, 3))[:, None]
        g_in = np.zeros_like(self.inp)
        for i in range(grad.shape[2]):
            for j in range(grad.shape[3]):
                g = grad[:, :, i, j, None, None, None]
                win = np.s_[:, :, i * s:i * s + k, j * s:j * s + k]
                self.grad_weights += (g * self.inp[win][:, None]).sum(0)
                g_in[win] += (g * self.weights[None]).sum(1)
        return g_in[:, :, p:p + self.size[0], p:p + self.size[1]]
