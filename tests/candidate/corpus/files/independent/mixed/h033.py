import torch
import torch.nn.functional as F


class Conv2dFn(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, stride, padding):
        cols = F.unfold(x, w.shape[2:], stride=stride, padding=padding)
        y = w.flatten(1) @ cols + b[:, None]
        oh = (x.shape[2] + 2 * padding - w.shape[2]) // stride + 1
        ctx.save_for_backward(cols, w)
        ctx.conf = (x.shape[2:], stride, padding)
        return y.unflatten(2, (oh, -1))

    @staticmethod
    def backward(ctx, dy):
        cols, w = ctx.saved_tensors
        size, stride, padding = ctx.conf
        g = dy.flatten(2)
        dw = torch.einsum("nfl,nkl->fk", g, cols).reshape(w.shape)
        dx = F.fold(w.flatten(1).T @ g, size, w.shape[2:], stride=stride, padding=padding)
        return dx, dw, g.sum(dim=(0, 2)), None, None
