import numpy as np
import torch


class NumpyConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, weight, bias, stride=1, padding=0):
        x, w = input.detach().numpy(), weight.detach().numpy()
        xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
        v = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], (2, 3))[:, :, ::stride, ::stride]
        ctx.save_for_backward(input, weight)
        ctx.stride, ctx.padding, ctx.xp = stride, padding, xp
        y = np.einsum("nchwij,fcij->nfhw", v, w) + bias.detach().numpy()[None, :, None, None]
        return torch.from_numpy(y)

    @staticmethod
    def backward(ctx, grad_output):
        input, weight = ctx.saved_tensors
        g, w, s, p = grad_output.numpy(), weight.detach().numpy(), ctx.stride, ctx.padding
        dxp, dw = np.zeros_like(ctx.xp), np.zeros_like(w)
        kh, kw = w.shape[2:]
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                box = np.s_[:, :, i * s:i * s + kh, j * s:j * s + kw]
                dw += np.einsum("nf,ncuv->fcuv", g[:, :, i, j], ctx.xp[box])
                dxp[box] += np.einsum("nf,fcuv->ncuv", g[:, :, i, j], w)
        h, wd = input.shape[2:]
        dx = np.ascontiguousarray(dxp[:, :, p:p + h, p:p + wd])
        return torch.from_numpy(dx), torch.from_numpy(dw), grad_output.sum((0, 2, 3)), None, None
