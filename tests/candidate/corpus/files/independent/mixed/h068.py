import torch
from torch.nn import grad as nngrad


class ConvBias(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride=1, padding=0):
        ctx.save_for_backward(x, weight, bias)
        ctx.args = stride, padding
        return torch.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx, dy):
        x, weight, bias = ctx.saved_tensors
        dx = dweight = dbias = None
        if ctx.needs_input_grad[0]:
            dx = nngrad.conv2d_input(x.shape, weight, dy, *ctx.args)
        if ctx.needs_input_grad[1]:
            dweight = nngrad.conv2d_weight(x, weight.shape, dy, *ctx.args)
        if ctx.needs_input_grad[2]:
            dbias = dy.mean(dim=(0, 2, 3))
        return dx, dweight, dbias, None, None
