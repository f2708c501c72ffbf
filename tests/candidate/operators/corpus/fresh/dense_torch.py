import torch


class MyLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inp, weight, bias=None):
        ctx.save_for_backward(inp, weight, bias)
        out = inp.mm(weight.t())
        if bias is not None:
            out = out + bias
        return out

    @staticmethod
    def backward(ctx, grad_out):
        inp, weight, bias = ctx.saved_tensors
        g_inp = g_weight = g_bias = None
        if ctx.needs_input_grad[0]:
            g_inp = grad_out.mm(weight)
        if ctx.needs_input_grad[1]:
            g_weight = grad_out.t().mm(inp)
        if bias is not None and ctx.needs_input_grad[2]:
            g_bias = grad_out.sum(0)
        return g_inp, g_weight, g_bias


class Linear:
    @staticmethod
    def forward(x, w, b):
        out = x.flatten(1) @ w + b
        return out, (x, w, b)

    @staticmethod
    def backward(dout, cache):
        x, w, b = cache
        dx = (dout @ w.T).view(x.shape)
        dw = x.flatten(1).T @ dout
        db = torch.sum(dout, dim=0)
        return dx, dw, db


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, inp):
        ctx.save_for_backward(inp)
        return inp.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_out):
        (inp,) = ctx.saved_tensors
        grad = grad_out.clone()
        grad[inp <= 0] = 0
        return grad
