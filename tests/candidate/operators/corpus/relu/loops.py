def relu_forward(x):
    y = x.copy()
    rows = y.reshape(-1)
    for i in range(len(rows)):
        rows[i] = max(rows[i], 0)
    return y, x


def relu_backward(dout, cache):
    x = cache
    dx = dout.copy()
    flat_x = x.reshape(-1)
    flat_dx = dx.reshape(-1)
    for i in range(len(flat_x)):
        if flat_x[i] <= 0:
            flat_dx[i] = 0.0
    return dx
