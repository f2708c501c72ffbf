def relu_forward(x):
    out = x.clip(min=0)
    return out, (x, out)


def relu_backward(dout, cache):
    x, out = cache
    dx = dout.copy()
    dx *= out > 0
    return dx
