import numpy as np


class Ctx:
    def save_for_backward(self, *values):
        self.saved_values = values


class CrossEntropy:
    @staticmethod
    def forward(ctx, logits, labels):
        top = logits.max(axis=1)
        lse = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
        ctx.save_for_backward(logits, labels, lse)
        return np.mean(lse - np.take_along_axis(logits, labels[:, None], 1)[:, 0])

    @staticmethod
    def backward(ctx, grad_output):
        logits, labels, lse = ctx.saved_values
        batch, classes = logits.shape
        onehot = labels[:, None] == np.arange(classes)
        return grad_output * (np.exp(logits - lse[:, None]) - onehot) / batch
