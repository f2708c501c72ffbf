import torch
import torch.nn.functional as F


class Conv2dUnit(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inp, kernel, offset):
        ctx.save_for_backward(inp, kernel)
        return F.conv2d(inp, kernel, offset)

    @staticmethod
    def backward(ctx, d_out):
        inp, kernel = ctx.saved_tensors
        d_inp = F.conv_transpose2d(d_out, kernel)
        turned = d_out.rot90(2, (2, 3)).transpose(0, 1)
        d_kernel = F.conv2d(inp.rot90(2, (2, 3)).transpose(0, 1), turned)
        n, _, h, w = d_out.shape
        return d_inp, d_kernel.transpose(0, 1), d_out.sum((0, 2, 3)) / (n * h * w)
