import torch


class NaiveConv2d(torch.autograd.Function):
    """For the lecture: explicit loops; stride and pad are ints."""

    @staticmethod
    def forward(ctx, x, w, b, stride, pad):
        N, C, H, W = x.shape
        O, _, R, S = w.shape
        xp = x.new_zeros(N, C, H + 2 * pad, W + 2 * pad)
        xp[:, :, pad:pad + H, pad:pad + W] = x
        P, Q = 1 + (H + 2 * pad - R) // stride, 1 + (W + 2 * pad - S) // stride
        out = x.new_empty(N, O, P, Q)
        for p in range(P):
            for q in range(Q):
                patch = xp[:, None, :, p * stride:p * stride + R, q * stride:q * stride + S]
                out[:, :, p, q] = (patch * w).sum(dim=(2, 3, 4)) + b
        ctx.save_for_backward(xp, w)
        ctx.stride, ctx.pad, ctx.size = stride, pad, (H, W)
        return out

    @staticmethod
    def backward(ctx, grad):
        xp, w = ctx.saved_tensors
        s, pad = ctx.stride, ctx.pad
        R, S = w.shape[2:]
        gxp, gw = torch.zeros_like(xp), torch.zeros_like(w)
        for p in range(grad.size(2)):
            for q in range(grad.size(3)):
                g = grad[:, :, p, q, None, None, None]
                gw += (g * xp[:, None, :, p * s:p * s + R, q * s:q * s + S]).sum(0)
                gxp[:, :, p * s:p * s + R, q * s:q * s + S] += (g * w).sum(1)
        H, W = ctx.size
        return gxp[:, :, pad:pad + H, pad:pad + W], gw, grad.sum((0, 2, 3)), None, None
