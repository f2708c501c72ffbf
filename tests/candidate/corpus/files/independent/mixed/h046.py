import torch
import torch.nn.functional as F


class StridedConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, x, stride):
        ctx.save_for_backward(weight, x)
        ctx.stride = stride
        return F.conv2d(x, weight, stride=stride)

    @staticmethod
    def backward(ctx, g):
        weight, x = ctx.saved_tensors
        s = ctx.stride
        kh, kw = weight.shape[2:]
        rest = ((x.shape[2] - kh) % s, (x.shape[3] - kw) % s)
        dx = F.conv_transpose2d(g, weight, stride=s, output_padding=rest)
        dw = F.conv2d(x.transpose(0, 1), g.transpose(0, 1), dilation=s)[:, :, :kh, :kw].transpose(0, 1)
        return dw, dx, None
