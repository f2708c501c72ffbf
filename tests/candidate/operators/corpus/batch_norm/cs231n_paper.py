# Assignment 2, batch norm. Formulas from page 4 of the paper (Ioffe & Szegedy).
import numpy as np


def batchnorm_forward(x, gamma, beta, bn_param):
    mode = bn_param["mode"]
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    N, D = x.shape
    running_mean = bn_param.get("running_mean", np.zeros(D))
    running_var = bn_param.get("running_var", np.zeros(D))

    if mode == "train":
        sample_mean = np.mean(x, axis=0)
        sample_var = np.var(x, axis=0)
        x_norm = (x - sample_mean) / np.sqrt(sample_var + eps)
        out = gamma * x_norm + beta
        running_mean = momentum * running_mean + (1 - momentum) * sample_mean
        running_var = momentum * running_var + (1 - momentum) * sample_var
        cache = {"x": x, "mean": sample_mean, "var": sample_var, "x_norm": x_norm, "gamma": gamma, "eps": eps}
    elif mode == "test":
        out = gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta
        cache = None
    else:
        raise ValueError("Invalid forward batchnorm mode")

    bn_param["running_mean"] = running_mean
    bn_param["running_var"] = running_var
    return out, cache


def batchnorm_backward(dout, cache):
    x, mean, var = cache["x"], cache["mean"], cache["var"]
    x_norm, gamma, eps = cache["x_norm"], cache["gamma"], cache["eps"]
    m = x.shape[0]

    dx_norm = dout * gamma
    dvar = np.sum(dx_norm * (x - mean), axis=0) * -0.5 * (var + eps) ** (-1.5)
    dmean = np.sum(dx_norm * -1 / np.sqrt(var + eps), axis=0) + dvar * np.sum(-2 * (x - mean), axis=0) / m
    dx = dx_norm / np.sqrt(var + eps) + dvar * 2 * (x - mean) / m + dmean / m
    dgamma = np.sum(dout * x_norm, axis=0)
    dbeta = np.sum(dout, axis=0)
    return dx, dgamma, dbeta


def batchnorm_backward_alt(dout, cache):
    # simplified on paper: pull out 1/(m*std)
    x_norm, gamma = cache["x_norm"], cache["gamma"]
    m, _ = x_norm.shape
    std = np.sqrt(cache["var"] + cache["eps"])

    dgamma = (dout * x_norm).sum(0)
    dbeta = dout.sum(0)
    dx = gamma / (m * std) * (m * dout - dbeta - x_norm * dgamma)
    return dx, dgamma, dbeta
