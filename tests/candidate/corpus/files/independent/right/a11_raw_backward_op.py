import torch


class FastConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding, dilation, groups):
        ctx.save_for_backward(x, weight)
        ctx.args = (stride, padding, dilation, groups)
        return torch.conv2d(x, weight, bias, stride, padding, dilation, groups)

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        stride, padding, dilation, groups = [list(a) if isinstance(a, (tuple, list)) else a for a in ctx.args]
        two = lambda v: v if isinstance(v, list) else [v, v]
        gi, gw, gb = torch.ops.aten.convolution_backward(
            grad_output, x, weight, [weight.shape[0]], two(stride), two(padding), two(dilation),
            False, [0, 0], groups, [True, True, True])
        return gi, gw, gb, None, None, None, None
