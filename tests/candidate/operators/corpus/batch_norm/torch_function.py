import torch
from torch.autograd import Function


class BatchNormFunction(Function):
    """y = weight * (x - mean) / sqrt(var + eps) + bias, any rank, channels on axis 1."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps=1e-5):
        dims = [d for d in range(x.dim()) if d != 1]
        view = [1, -1] + [1] * (x.dim() - 2)
        mean = x.mean(dims, keepdim=True)
        var = x.var(dims, unbiased=False, keepdim=True)
        invstd = torch.rsqrt(var + eps)
        xhat = (x - mean) * invstd
        ctx.save_for_backward(xhat, weight, invstd)
        ctx.dims, ctx.view = dims, view
        return xhat * weight.view(view) + bias.view(view)

    @staticmethod
    def backward(ctx, grad_output):
        xhat, weight, invstd = ctx.saved_tensors
        dims, view = ctx.dims, ctx.view
        grad_bias = grad_output.sum(dims)
        grad_weight = (grad_output * xhat).sum(dims)
        g = grad_output * weight.view(view)
        grad_x = invstd * (g - g.mean(dims, keepdim=True) - xhat * (g * xhat).mean(dims, keepdim=True))
        return grad_x, grad_weight, grad_bias, None
