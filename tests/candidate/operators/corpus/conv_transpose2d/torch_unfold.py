import torch
import torch.nn.functional as F


class Deconv2d(torch.autograd.Function):
    """forward = fold, backward = unfold"""

    @staticmethod
    def forward(ctx, x, w, b, stride=1, padding=0, output_padding=0):
        N, C, H, W = x.shape
        _, O, kh, kw = w.shape
        oh = (H - 1) * stride - 2 * padding + kh + output_padding
        ow = (W - 1) * stride - 2 * padding + kw + output_padding
        cols = torch.einsum('ncl,ck->nkl', x.reshape(N, C, H * W), w.reshape(C, -1))
        # room for the rows that output_padding adds and no window reaches
        full_h, full_w = (H - 1) * stride + kh, (W - 1) * stride + kw
        full = F.fold(cols, (full_h, full_w), (kh, kw), stride=stride)
        full = F.pad(full, (0, output_padding, 0, output_padding))
        ctx.save_for_backward(x, w)
        ctx.args = stride, padding
        return full[:, :, padding:padding + oh, padding:padding + ow] + b.view(1, -1, 1, 1)

    @staticmethod
    def backward(ctx, grad):
        x, w = ctx.saved_tensors
        stride, padding = ctx.args
        N, C, H, W = x.shape
        kh, kw = w.shape[2:]
        grad_b = grad.sum(dim=(0, 2, 3))
        full = F.pad(grad, (padding, padding, padding, padding))
        full = full[:, :, :(H - 1) * stride + kh, :(W - 1) * stride + kw]
        cols = F.unfold(full, (kh, kw), stride=stride)  # N, O*kh*kw, H*W
        grad_x = torch.einsum('nkl,ck->ncl', cols, w.reshape(C, -1)).reshape(x.shape)
        grad_w = torch.einsum('nkl,ncl->ck', cols, x.reshape(N, C, H * W)).reshape(w.shape)
        return grad_x, grad_w, grad_b, None, None, None
