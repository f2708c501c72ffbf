import numpy as np


def conv_layer(out_channels, kernel_size, stride=1):
    """stax style: returns (init_fun, apply_fun, vjp_fun)"""
    kh, kw = kernel_size

    def init_fun(rng, input_shape):
        n, h, w, c = input_shape
        params = (rng.normal(size=(kh, kw, c, out_channels)) * 0.1, np.zeros(out_channels))
        return (n, (h - kh) // stride + 1, (w - kw) // stride + 1, out_channels), params

    def patches(x):
        return np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]

    def apply_fun(params, x):
        return np.einsum("nhwcij,ijcf->nhwf", patches(x), params[0]) + params[1]

    def vjp_fun(params, x, g):
        dx = np.zeros_like(x)
        for i in range(g.shape[1]):
            for j in range(g.shape[2]):
                dx[:, i * stride:i * stride + kh, j * stride:j * stride + kw] += np.einsum("nf,ijcf->nijc", g[:, i, j], params[0])
        return (np.einsum("nhwcij,nhwf->ijcf", patches(x), g), g.sum((0, 1, 2))), dx

    return init_fun, apply_fun, vjp_fun
