import torch
from torch import nn


class Conv2DFunction(torch.autograd.Function):
    """New style: forward without ctx."""

    @staticmethod
    def forward(x, w, b, stride=1):
        win = x.unfold(2, w.shape[2], stride).unfold(3, w.shape[3], stride)
        return torch.einsum("nchwij,ocij->nohw", win, w) + b[:, None, None]

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, w, b, ctx.stride = inputs
        ctx.save_for_backward(x, w)

    @staticmethod
    def backward(ctx, dy):
        x, w = ctx.saved_tensors
        s = ctx.stride
        kh, kw = w.shape[2:]
        win = x.unfold(2, kh, s).unfold(3, kw, s)
        dw = torch.einsum("nchwij,nohw->ocij", win, dy)
        dx = torch.zeros_like(x)
        for i in range(dy.shape[2]):
            for j in range(dy.shape[3]):
                dx[:, :, i * s:i * s + kh, j * s:j * s + kw] += torch.tensordot(dy[:, :, i, j], w, dims=1)
        return dx, dw, dy.sum(dim=(0, 2, 3)), None


class MyConv(nn.Module):
    def __init__(self, cin, cout, k):
        super().__init__()
        self.w = nn.Parameter(torch.randn(cout, cin, k, k) * 0.1)
        self.b = nn.Parameter(torch.zeros(cout))

    def forward(self, x):
        return Conv2DFunction.apply(x, self.w, self.b)
