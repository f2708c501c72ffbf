import numpy as np


def conv_grad(inp, ker, grad_out, pad, stride):
    """one pass per kernel tap; inp (N,C,H,W), ker (F,C,kh,kw).  pad comes before stride here."""
    N, C, H, W = inp.shape
    F, _, kh, kw = ker.shape
    Ho, Wo = grad_out.shape[-2:]
    grad_out2 = grad_out.transpose(1, 0, 2, 3).reshape(F, -1)
    big = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    big[..., pad:pad + H, pad:pad + W] = inp
    g_big = np.zeros_like(big)
    g_ker = np.zeros_like(ker)
    for tap in range(kh * kw):
        r, c = divmod(tap, kw)
        idx = (Ellipsis, r + stride * np.arange(Ho)[:, None], c + stride * np.arange(Wo))
        g_ker[:, :, r, c] = grad_out2 @ big[idx].transpose(0, 2, 3, 1).reshape(-1, C)
        g_big[idx] += np.moveaxis(np.tensordot(ker[:, :, r, c], grad_out, axes=(0, 1)), 0, 1)
    g_bias = grad_out2.sum(1)
    return g_big[..., pad:pad + H, pad:pad + W], g_ker, g_bias
