import torch
import torch.nn.functional as F
from torch.nn.grad import conv2d_weight


class ConvTranspose2dFunction(torch.autograd.Function):
    """A transposed conv is the backward of a conv, so its backward is the conv."""

    @staticmethod
    def forward(ctx, x, weight, bias, stride=1, padding=0, output_padding=0):
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv_transpose2d(x, weight, bias, stride, padding, output_padding)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        s, p = ctx.stride, ctx.padding
        grad_x = F.conv2d(grad_output, weight, stride=s, padding=p)
        grad_weight = conv2d_weight(grad_output, weight.shape, x, stride=s, padding=p)
        grad_bias = grad_output.sum(dim=(0, 2, 3))
        return grad_x, grad_weight, grad_bias, None, None, None
