"""LSTM step with raw arguments; the backward recomputes the gates and returns a dict."""
import numpy as np


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


def lstm_step(x, h_prev, c_prev, Wx, Wh, b):
    a_i, a_f, a_o, a_g = np.hsplit(x @ Wx + h_prev @ Wh + b, 4)
    c = sigmoid(a_f) * c_prev + sigmoid(a_i) * np.tanh(a_g)
    return sigmoid(a_o) * np.tanh(c), c


def lstm_step_backward(dh, dc, x, h_prev, c_prev, Wx, Wh, b):
    a_i, a_f, a_o, a_g = np.hsplit(x @ Wx + h_prev @ Wh + b, 4)
    i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)
    c = f * c_prev + i * g

    dc = dc + dh * o / np.cosh(c) ** 2
    da_o = dh * np.tanh(c) * (o - o * o)
    da_f = dc * c_prev * (f - f * f)
    da_i = dc * g * (i - i * i)
    da_g = dc * i * (1 - g * g)
    da = np.hstack((da_i, da_f, da_o, da_g))
    return {
        'dx': np.einsum('na,da->nd', da, Wx),
        'dh_prev': np.einsum('na,ha->nh', da, Wh),
        'dc_prev': dc * f,
        'dWx': np.einsum('nd,na->da', x, da),
        'dWh': np.einsum('nh,na->ha', h_prev, da),
        'db': np.einsum('na->a', da),
    }
