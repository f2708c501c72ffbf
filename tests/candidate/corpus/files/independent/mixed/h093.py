import torch
from torch import nn


def pair(v):
    return v if isinstance(v, tuple) else (v, v)


class MyConv2d(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b=None, stride=1, padding=0):
        ctx.save_for_backward(x, w, b)
        ctx.stride, ctx.padding = pair(stride), pair(padding)
        return torch.nn.functional.conv2d(x, w, b, ctx.stride, ctx.padding)

    @staticmethod
    def backward(ctx, grad_out):
        x, w, b = ctx.saved_tensors
        (sh, sw), (ph, pw) = ctx.stride, ctx.padding
        xp = torch.nn.functional.pad(x, (pw, pw, ph, ph))
        gx, gw = torch.zeros_like(xp), torch.zeros_like(w)
        oh, ow = grad_out.shape[2:]
        for i in range(w.shape[2]):
            for j in range(w.shape[3]):
                rows, cols = slice(i, i + sh * oh, sh), slice(j, j + sw * ow, sw)
                gw[:, :, i, j] = torch.einsum("nfhw,nchw->fc", grad_out, xp[:, :, rows, cols])
                gx[:, :, rows, cols] += torch.einsum("nfhw,fc->nchw", grad_out, w[:, :, i, j])
        gx = gx[:, :, ph:ph + x.shape[2], pw:pw + x.shape[3]]
        return gx, gw, None if b is None else grad_out.sum((0, 2, 3)), None, None


if __name__ == "__main__":
    w = nn.Parameter(torch.randn(4, 3, 3, 3, dtype=torch.double))
    x = torch.randn(2, 3, 7, 6, dtype=torch.double, requires_grad=True)
    print(torch.autograd.gradcheck(lambda a, k: MyConv2d.apply(a, k, None, 2, 1), (x, w)))
