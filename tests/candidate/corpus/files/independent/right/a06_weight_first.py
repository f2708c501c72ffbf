import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable


class _Conv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, bias, inp, padding=(0, 0)):
        ctx.save_for_backward(weight, inp)
        ctx.padding = padding
        return F.conv2d(inp, weight, bias, padding=padding)

    @staticmethod
    @once_differentiable
    def backward(ctx, gz):
        weight, inp = ctx.saved_tensors
        dweight = dbias = dinp = None
        need_w, need_b, need_x, _ = ctx.needs_input_grad
        if need_w:
            dweight = F.conv2d(inp.transpose(0, 1), gz.transpose(0, 1), padding=ctx.padding).transpose(0, 1)
        if need_b:
            dbias = gz.sum(dim=(0, -1, -2))
        if need_x:
            dinp = F.conv_transpose2d(gz, weight, padding=ctx.padding)
        return dweight, dbias, dinp, None
