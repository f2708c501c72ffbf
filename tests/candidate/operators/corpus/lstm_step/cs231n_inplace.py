import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    ai, af, ao, ag = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
    next_c = f * prev_c + i * g
    tc = np.tanh(next_c)
    next_h = o * tc
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, tc = cache
    # next_h = o * tanh(next_c)
    do = dnext_h * tc
    dnext_c += dnext_h * o * (1 - tc * tc)
    # next_c = f * prev_c + i * g
    dprev_c = f * dnext_c
    dai = i * (1 - i) * g * dnext_c
    daf = f * (1 - f) * prev_c * dnext_c
    dao = o * (1 - o) * do
    dag = (1 - g * g) * i * dnext_c
    da = np.hstack([dai, daf, dao, dag])
    # a = x Wx + h Wh + b
    return da @ Wx.T, da @ Wh.T, dprev_c, x.T @ da, prev_h.T @ da, np.sum(da, axis=0)
