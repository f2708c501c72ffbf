import torch


class LSTMStep(torch.autograd.Function):
    """One step as in torch.nn.LSTMCell: w_ih (4H, D), w_hh (4H, H), b (4H,), gates i f g o."""

    @staticmethod
    def forward(ctx, x, h, c, w_ih, w_hh, b):
        z = x @ w_ih.t() + h @ w_hh.t() + b
        i, f, g, o = z.chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        new_c = f * c + i * g
        tanh_new_c = new_c.tanh()
        ctx.save_for_backward(x, h, c, w_ih, w_hh, i, f, g, o, tanh_new_c)
        return o * tanh_new_c, new_c

    @staticmethod
    def backward(ctx, grad_h, grad_c):
        x, h, c, w_ih, w_hh, i, f, g, o, tanh_new_c = ctx.saved_tensors
        d_o = grad_h * tanh_new_c
        d_c = grad_c + grad_h * o * (1 - tanh_new_c**2)
        d_i = d_c * g
        d_f = d_c * c
        d_g = d_c * i
        dz = torch.cat(
            [d_i * i * (1 - i), d_f * f * (1 - f), d_g * (1 - g**2), d_o * o * (1 - o)],
            dim=1,
        )
        d_b = dz.sum(dim=0)
        return dz @ w_ih, dz @ w_hh, d_c * f, dz.t() @ x, dz.t() @ h, d_b
