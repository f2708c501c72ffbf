"""Batch norm without any framework: everything is an argument, gradients come back in a dict."""
import numpy as np


def batch_norm(x, gamma, beta, eps=1e-5):
    mu = x.mean(0)
    var = x.var(0)
    return gamma * (x - mu) / np.sqrt(var + eps) + beta


def batch_norm_backward(dout, x, gamma, beta, eps=1e-5):
    n = len(x)
    mu = x.mean(0)
    var = x.var(0)
    rstd = 1 / np.sqrt(var + eps)
    xhat = (x - mu) * rstd

    grads = {}
    grads["dbeta"] = dout.sum(0)
    grads["dgamma"] = np.einsum("nd,nd->d", dout, xhat)
    dxhat = dout * gamma
    mean_path = dxhat.sum(0) / n
    var_path = xhat * np.einsum("nd,nd->d", dxhat, xhat) / n
    grads["dx"] = rstd * (dxhat - mean_path - var_path)
    return grads
