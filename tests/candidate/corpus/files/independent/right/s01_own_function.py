import numpy as np


class Context:
    def __init__(self):
        self._saved = ()

    def save_for_backward(self, *args):
        self._saved = args

    @property
    def saved_tensors(self):
        return self._saved


class Function:
    @classmethod
    def apply(cls, *args, **kwargs):
        ctx = Context()
        out = cls.forward(ctx, *args, **kwargs)
        return out, lambda g: cls.backward(ctx, g)


class Conv2d(Function):
    @staticmethod
    def forward(ctx, x, w, stride=1, padding=0):
        xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        win = np.lib.stride_tricks.sliding_window_view(xp, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]
        ctx.save_for_backward(x.shape, xp.shape, win, w)
        ctx.stride, ctx.padding = stride, padding
        return np.einsum("nchwij,ocij->nohw", win, w)

    @staticmethod
    def backward(ctx, grad_output):
        shape, pshape, win, w = ctx.saved_tensors
        s, p = ctx.stride, ctx.padding
        gw = np.einsum("nchwij,nohw->ocij", win, grad_output)
        gx = np.zeros(pshape)
        for i in range(grad_output.shape[2]):
            for j in range(grad_output.shape[3]):
                gx[:, :, i * s:i * s + w.shape[2], j * s:j * s + w.shape[3]] += np.tensordot(grad_output[:, :, i, j], w, 1)
        return gx[:, :, p:p + shape[2], p:p + shape[3]], gw
