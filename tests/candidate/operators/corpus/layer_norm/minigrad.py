import numpy as np


class Context:
    def __init__(self):
        self.saved_values = ()

    def save_for_backward(self, *values):
        self.saved_values = values


class LayerNorm:
    """A Function of my minitorch clone."""

    @staticmethod
    def forward(ctx, x, gamma, beta, eps=1e-5):
        mean = x.mean(axis=-1, keepdims=True)
        rstd = 1 / np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + eps)
        ctx.save_for_backward(x, gamma, mean, rstd)
        return (x - mean) * rstd * gamma + beta

    @staticmethod
    def backward(ctx, grad_output):
        x, gamma, mean, rstd = ctx.saved_values
        d = x.shape[-1]
        lead = tuple(range(x.ndim - 1))
        xmu = x - mean
        grad_beta = grad_output.sum(axis=lead)
        grad_gamma = (grad_output * xmu * rstd).sum(axis=lead)
        g = grad_output * gamma
        grad_var = -0.5 * rstd**3 * (g * xmu).sum(axis=-1, keepdims=True)
        grad_mean = -rstd * g.sum(axis=-1, keepdims=True)
        grad_x = g * rstd + grad_var * 2.0 * xmu / d + grad_mean / d
        return grad_x, grad_gamma, grad_beta
