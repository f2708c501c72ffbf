import torch
import torch.nn.functional as F


class CorrFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, padding=0):
        ctx.save_for_backward(x, weight)
        ctx.padding = padding
        return F.conv2d(x, weight, bias, padding=padding)

    @staticmethod
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        p = ctx.padding
        xp = F.pad(x, (p, p, p, p))
        full = F.conv_transpose2d(grad, weight)
        grad_x = full[:, :, p:p + x.shape[2], p:p + x.shape[3]]
        grad_w = F.conv2d(xp.transpose(0, 1), grad.transpose(0, 1)).transpose(0, 1)
        grad_w = torch.flip(grad_w, dims=[2, 3])
        return grad_x, grad_w, grad.sum(dim=(0, 2, 3)), None
