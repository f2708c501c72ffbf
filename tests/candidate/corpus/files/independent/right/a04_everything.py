import torch
from torch.autograd import Function
from torch.nn.grad import conv2d_input, conv2d_weight


class TorchConv(Function):
    @staticmethod
    def forward(ctx, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
        ctx.save_for_backward(x, weight)
        ctx.conf = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        ctx.has_bias = bias is not None
        return torch.nn.functional.conv2d(x, weight, bias, **ctx.conf)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        gx = gw = gb = None
        if ctx.needs_input_grad[0]:
            gx = conv2d_input(x.shape, weight, grad_output, **ctx.conf)
        if ctx.needs_input_grad[1]:
            gw = conv2d_weight(x, weight.shape, grad_output, **ctx.conf)
        if ctx.has_bias and ctx.needs_input_grad[2]:
            gb = grad_output.sum([0, 2, 3])
        return gx, gw, gb, None, None, None, None
