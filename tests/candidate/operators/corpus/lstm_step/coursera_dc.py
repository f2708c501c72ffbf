# Building an RNN step by step, my second try: total dc first, then everything is short
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    p = parameters
    concat = np.vstack((a_prev, xt))
    ft = sigmoid(p["Wf"] @ concat + p["bf"])
    it = sigmoid(p["Wi"] @ concat + p["bi"])
    cct = np.tanh(p["Wc"] @ concat + p["bc"])
    ot = sigmoid(p["Wo"] @ concat + p["bo"])
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    z = p["Wy"] @ a_next + p["by"]
    yt_pred = np.exp(z) / np.exp(z).sum(axis=0)
    return a_next, c_next, yt_pred, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters)


def lstm_cell_backward(da_next, dc_next, cache):
    a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters = cache
    n_a = a_next.shape[0]
    tanh_c = np.tanh(c_next)
    dc = dc_next + da_next * ot * (1 - tanh_c**2)

    d = {
        "f": dc * c_prev * ft * (1 - ft),
        "i": dc * cct * it * (1 - it),
        "c": dc * it * (1 - cct**2),
        "o": da_next * tanh_c * ot * (1 - ot),
    }
    concat = np.vstack((a_prev, xt))
    gradients = {"dc_prev": dc * ft}
    dconcat = 0
    for gate in "fico":
        gradients["dW" + gate] = d[gate] @ concat.T
        gradients["db" + gate] = d[gate].sum(axis=1, keepdims=True)
        dconcat = dconcat + parameters["W" + gate].T @ d[gate]
    gradients["da_prev"] = dconcat[:n_a]
    gradients["dxt"] = dconcat[n_a:]
    return gradients


np.random.seed(1)
xt, a_prev, c_prev = np.random.randn(3, 10), np.random.randn(5, 10), np.random.randn(5, 10)
parameters = {"W" + g: np.random.randn(5, 8) for g in "fico"}
parameters.update({"b" + g: np.random.randn(5, 1) for g in "fico"})
parameters.update({"Wy": np.random.randn(2, 5), "by": np.random.randn(2, 1)})
a_next, c_next, yt, cache = lstm_cell_forward(xt, a_prev, c_prev, parameters)
gradients = lstm_cell_backward(np.random.randn(5, 10), np.random.randn(5, 10), cache)
print('gradients["dxt"][1][2] =', gradients["dxt"][1][2])
print('gradients["dxt"].shape =', gradients["dxt"].shape)
print('gradients["dWf"].shape =', gradients["dWf"].shape)
