import numpy as np


class Context:
    def save_for_backward(self, *values):
        self.saved_values = values


def relu_back(x, d):
    return d if x > 0 else 0.0


class ReLU:
    @staticmethod
    def forward(ctx, t1):
        ctx.save_for_backward(t1)
        return np.vectorize(lambda v: v if v > 0 else 0.0, otypes=[float])(t1)

    @staticmethod
    def backward(ctx, grad_output):
        t1, = ctx.saved_values
        return np.vectorize(relu_back, otypes=[float])(t1, grad_output)
