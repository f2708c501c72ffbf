import numpy as np


class BatchNormal:
    """npdl style: params as beta, gamma attributes made in connect_to"""
    def __init__(self, epsilon=1e-6, momentum=0.9, axis=0, beta_init='zero', gamma_init='one'):
        self.epsilon, self.momentum, self.axis = epsilon, momentum, axis
        self.beta_init, self.gamma_init = beta_init, gamma_init
        self.moving_mean = None
        self.moving_variance = None
        self.beta, self.gamma = None, None
        self.d_beta, self.d_gamma = None, None
        self.cache = None
    def connect_to(self, prev_layer):
        n_in = prev_layer.out_shape[-1]
        self.beta = np.zeros((n_in,))
        self.gamma = np.ones((n_in,))
        self.out_shape = prev_layer.out_shape
    def forward(self, input, train=True, *args, **kwargs):
        mean = input.mean(axis=self.axis)
        xmu = input - mean
        var = np.mean(xmu ** 2, axis=self.axis)
        inv_std = 1.0 / np.sqrt(var + self.epsilon)
        x_hat = xmu * inv_std
        out = self.gamma * x_hat + self.beta
        self.cache = (x_hat, xmu, inv_std)
        return out
    def backward(self, pre_grad, *args, **kwargs):
        x_hat, xmu, inv_std = self.cache
        n = pre_grad.shape[0]
        self.d_beta = np.sum(pre_grad, axis=0)
        self.d_gamma = np.sum(pre_grad * x_hat, axis=0)
        d = pre_grad * self.gamma
        return inv_std / n * (n * d - d.sum(axis=0) - x_hat * np.sum(d * x_hat, axis=0))
    @property
    def params(self): return [self.beta, self.gamma]
    @property
    def grads(self): return [self.d_beta, self.d_gamma]
