import torch
from torch.autograd import Function
from torch.nn.functional import conv2d, conv_transpose2d


class ConvValid(Function):
    @staticmethod
    def forward(ctx, inp, weight):
        ctx.save_for_backward(inp, weight)
        return conv2d(inp, weight)

    @staticmethod
    def backward(ctx, grad_output):
        inp, weight = ctx.saved_tensors
        grad_inp = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_inp = conv_transpose2d(grad_output, weight)
        if ctx.needs_input_grad[1]:
            grad_weight = conv2d(inp.permute(1, 0, 2, 3), grad_output.permute(1, 0, 2, 3)).permute(1, 0, 2, 3)
        return grad_inp, grad_weight


conv_valid = ConvValid.apply
