import torch
from torch.nn import functional as F


class ConvFunc(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inputs, kernel, options):
        """options: dict with 'stride', 'padding', 'dilation' (pairs or ints)"""
        ctx.options = dict(options)
        ctx.save_for_backward(inputs, kernel)
        return F.conv2d(inputs, kernel, None, options.get("stride", 1), options.get("padding", 0), options.get("dilation", 1))

    @staticmethod
    def backward(ctx, grad):
        inputs, kernel = ctx.saved_tensors
        o = ctx.options
        kw = dict(kernel_size=kernel.shape[-2:], stride=o.get("stride", 1), padding=o.get("padding", 0), dilation=o.get("dilation", 1))
        L = grad.reshape(*grad.shape[:2], -1)
        d_kernel = torch.einsum("nol,nkl->ok", L, F.unfold(inputs, **kw)).reshape(kernel.shape)
        d_inputs = F.fold(torch.einsum("ok,nol->nkl", kernel.reshape(kernel.shape[0], -1), L), inputs.shape[-2:], **kw)
        return d_inputs, d_kernel, None
