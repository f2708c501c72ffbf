import numpy as np


class Context:
    def save_for_backward(self, *values):
        self.saved_values = values


class AvgPool2d:
    @staticmethod
    def forward(ctx, input, kernel, stride):
        kh, kw = kernel
        h, w = input.shape[2:]
        oh, ow = (h - kh) // stride + 1, (w - kw) // stride + 1
        ctx.save_for_backward(input.shape, kernel, stride)
        total = np.zeros(input.shape[:2] + (oh, ow))
        for a in range(kh):
            for b in range(kw):
                total += input[:, :, a:a + (oh - 1) * stride + 1:stride, b:b + (ow - 1) * stride + 1:stride]
        return total / (kh * kw)

    @staticmethod
    def backward(ctx, grad_output):
        shape, (kh, kw), stride = ctx.saved_values
        oh, ow = grad_output.shape[2:]
        share = grad_output / (kh * kw)
        grad = np.zeros(shape)
        for a in range(kh):
            for b in range(kw):
                grad[:, :, a:a + (oh - 1) * stride + 1:stride, b:b + (ow - 1) * stride + 1:stride] += share
        return grad
