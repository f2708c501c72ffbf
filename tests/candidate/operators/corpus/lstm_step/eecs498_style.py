import torch


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x.mm(Wx) + prev_h.mm(Wh) + b
    ai, af, ao, ag = torch.chunk(a, 4, dim=1)
    i, f, o = torch.sigmoid(ai), torch.sigmoid(af), torch.sigmoid(ao)
    g = torch.tanh(ag)
    next_c = f * prev_c + i * g
    next_h = o * torch.tanh(next_c)
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    N, H = dnext_h.shape
    tanh_c = torch.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - tanh_c.pow(2))

    da = torch.zeros((N, 4 * H), dtype=x.dtype, device=x.device)
    da[:, :H] = dc * g * i * (1 - i)
    da[:, H:2 * H] = dc * prev_c * f * (1 - f)
    da[:, 2 * H:3 * H] = dnext_h * tanh_c * o * (1 - o)
    da[:, 3 * H:] = dc * i * (1 - g.pow(2))

    dprev_c = dc * f
    dx = da.mm(Wx.t())
    dprev_h = da.mm(Wh.t())
    dWx = x.t().mm(da)
    dWh = prev_h.t().mm(da)
    db = da.sum(dim=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db
