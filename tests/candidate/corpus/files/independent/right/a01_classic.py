import torch
import torch.nn.functional as F
from torch.autograd import Function


class Conv2dFn(Function):
    @staticmethod
    def forward(ctx, input, weight, bias, stride, padding):
        ctx.save_for_backward(input, weight, bias)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(input, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        k = weight.shape[2:]
        cols = F.unfold(input, k, padding=ctx.padding, stride=ctx.stride)
        g = grad_output.flatten(2)
        grad_weight = (g @ cols.transpose(1, 2)).sum(0).view_as(weight)
        grad_input = F.fold(weight.flatten(1).t() @ g, input.shape[2:], k, padding=ctx.padding, stride=ctx.stride)
        grad_bias = g.sum((0, 2)) if bias is not None else None
        return grad_input, grad_weight, grad_bias, None, None
