import torch
import torch.nn.functional as F
from torch.autograd import Function
from torch.nn import Module, Parameter


class TrueConv2d(Function):
    """y = x * k with the kernel mirrored, the mathematician's convolution"""

    @staticmethod
    def forward(ctx, x, k, bias):
        ctx.save_for_backward(x, k)
        return F.conv2d(x, k.flip((2, 3)), bias)

    @staticmethod
    def backward(ctx, gy):
        x, k = ctx.saved_tensors
        gk = F.conv2d(x.transpose(0, 1), gy.transpose(0, 1)).transpose(0, 1).flip((2, 3))
        r, c = k.shape[2] - 1, k.shape[3] - 1
        gx = F.conv2d(gy, k.transpose(0, 1), padding=(r, c))
        return gx, gk, gy.sum((0, 2, 3))


class TrueConv(Module):
    def __init__(self, cin, cout, k):
        super().__init__()
        self.k = Parameter(torch.randn(cout, cin, k, k))
        self.bias = Parameter(torch.zeros(cout))

    def forward(self, x):
        return TrueConv2d.apply(x, self.k, self.bias)
