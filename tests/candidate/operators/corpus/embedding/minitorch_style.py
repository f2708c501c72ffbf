import numpy as np


class Context:
    def save_for_backward(self, *values):
        self.saved_values = values


class Embedding:
    @staticmethod
    def forward(ctx, indices, weights):
        ctx.save_for_backward(indices, weights)
        return weights[indices]

    @staticmethod
    def backward(ctx, grad_output):
        indices, weights = ctx.saved_values
        num, dim = weights.shape
        one_hot = (indices.reshape(-1, 1) == np.arange(num)).astype(grad_output.dtype)
        grad_weights = one_hot.T @ grad_output.reshape(-1, dim)
        return None, grad_weights
