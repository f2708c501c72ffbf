import numpy as np


class BatchNorm2d:
    """Same names as torch.nn: weight, bias, eps. Input N x C x H x W."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.weight = np.ones(num_features)
        self.bias = np.zeros(num_features)
        self.weight_grad = np.zeros(num_features)
        self.bias_grad = np.zeros(num_features)
        self.running_mean = np.zeros(num_features)
        self.running_var = np.ones(num_features)
        self.training = True

    def forward(self, input):
        N, C, H, W = input.shape
        x = input.swapaxes(0, 1).reshape(C, -1)          # C x (N*H*W)
        if self.training:
            mean = x.mean(axis=1)
            var = x.var(axis=1)
            n = x.shape[1]
            # torch keeps the unbiased variance for later, and normalises with the biased one
            self.running_mean += self.momentum * (mean - self.running_mean)
            self.running_var += self.momentum * (var * n / max(n - 1, 1) - self.running_var)
        else:
            mean, var = self.running_mean, self.running_var
        self.istd = 1 / np.sqrt(var + self.eps)
        self.xhat = (x - mean[:, None]) * self.istd[:, None]
        out = self.weight[:, None] * self.xhat + self.bias[:, None]
        return out.reshape(C, N, H, W).swapaxes(0, 1)

    def backward(self, grad_output):
        N, C, H, W = grad_output.shape
        g = grad_output.swapaxes(0, 1).reshape(C, -1)
        n = g.shape[1]
        self.bias_grad = g.sum(axis=1)
        self.weight_grad = (g * self.xhat).sum(axis=1)
        dx = g - (self.bias_grad[:, None] + self.xhat * self.weight_grad[:, None]) / n
        dx *= (self.weight * self.istd)[:, None]
        return dx.reshape(C, N, H, W).swapaxes(0, 1)
