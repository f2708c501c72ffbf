import torch


class LayerNormFunc(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x, gamma, beta, eps=1e-5):
        mean = x.mean(-1, keepdim=True)
        xc = x - mean
        var = (xc * xc).mean(-1, keepdim=True)
        ctx.save_for_backward(xc, var, gamma)
        ctx.eps = eps
        return gamma * xc / torch.sqrt(var + eps) + beta

    @staticmethod
    def backward(ctx, dy):
        xc, var, gamma = ctx.saved_tensors
        D = xc.shape[-1]
        std = torch.sqrt(var + ctx.eps)
        xhat = xc / std

        dgamma = (dy * xhat).reshape(-1, D).sum(0)
        dbeta = dy.reshape(-1, D).sum(0)
        dxhat = dy * gamma
        # down both branches of xhat = xc * (1 / std)
        dxc_a = dxhat / std
        dinv = (dxhat * xc).sum(-1, keepdim=True)
        dvar = dinv * -0.5 / std**3
        dxc_b = dvar * 2 * xc / D
        dmean = -(dxc_a + dxc_b).sum(-1, keepdim=True)
        dx = dxc_a + dxc_b + dmean / D
        return dx, dgamma, dbeta, None
