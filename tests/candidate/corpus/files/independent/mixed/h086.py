import torch
from torch.nn.grad import conv2d_input, conv2d_weight


class Conv2dFunction(torch.autograd.Function):
    generate_vmap_rule = False

    @staticmethod
    def forward(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def setup_context(ctx, inputs, output):
        input, weight, bias, *ctx.options = inputs
        ctx.has_bias = bias is not None
        ctx.save_for_backward(input, weight)

    @staticmethod
    def backward(ctx, grad):
        input, weight = ctx.saved_tensors
        gi = conv2d_input(input.shape, weight, grad, *ctx.options)
        gw = conv2d_weight(input, weight.shape, grad, *ctx.options)
        gb = grad.sum(dim=[0, 2, 3]) if ctx.has_bias else None
        return gi, gw, gb, None, None, None, None
