import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view as windows


class NumpyConv(torch.autograd.Function):
    """Extension written in numpy. x: B C H W"""

    @staticmethod
    def forward(ctx, x, filt, bias):
        xn, fn, bn = x.detach().numpy(), filt.detach().numpy(), bias.detach().numpy()
        v = windows(xn, fn.shape[2:], axis=(2, 3))
        ctx.save_for_backward(x, filt, bias)
        return torch.as_tensor(np.einsum("bchwij,fcij->bfhw", v, fn) + bn[:, None, None], dtype=x.dtype)

    @staticmethod
    def backward(ctx, grad_output):
        g = grad_output.numpy()
        x, filt, bias = (t.detach().numpy() for t in ctx.saved_tensors)
        kh, kw = filt.shape[2:]
        gf = np.einsum("bchwij,bfhw->fcij", windows(x, (kh, kw), axis=(2, 3)), g)
        gx = np.zeros_like(x)
        for a in range(kh):
            for b in range(kw):
                gx[:, :, a:a + g.shape[2], b:b + g.shape[3]] += np.einsum("bfhw,fc->bchw", g, filt[:, :, a, b])
        return torch.from_numpy(gx), torch.from_numpy(gf), torch.from_numpy(g.sum((0, 2, 3)))
