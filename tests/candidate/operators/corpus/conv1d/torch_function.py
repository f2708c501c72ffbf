import torch
import torch.nn.functional as F


class Conv1dFunction(torch.autograd.Function):
    """conv1d via unfold: y[n, o, l] = sum_{c, k} w[o, c, k] * x[n, c, l * s + k - p]"""

    @staticmethod
    def forward(ctx, x, weight, bias, stride=1, padding=0):
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        windows = F.pad(x, (padding, padding)).unfold(2, weight.shape[2], stride)  # N, C, L, K
        return torch.einsum('nclk,ock->nol', windows, weight) + bias[None, :, None]

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        s, p = ctx.stride, ctx.padding
        K = weight.shape[2]
        L_out = grad_output.shape[2]
        xp = F.pad(x, (p, p))
        windows = xp.unfold(2, K, s)

        grad_bias = grad_output.sum(dim=(0, 2))
        grad_weight = torch.einsum('nclk,nol->ock', windows, grad_output)
        spread = torch.einsum('nol,ock->nclk', grad_output, weight)
        grad_xp = torch.zeros_like(xp)
        for k in range(K):
            grad_xp[:, :, k:k + s * (L_out - 1) + 1:s] += spread[..., k]
        grad_x = grad_xp[:, :, p:xp.shape[2] - p]
        return grad_x, grad_weight, grad_bias, None, None
