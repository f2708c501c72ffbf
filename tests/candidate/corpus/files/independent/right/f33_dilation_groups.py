import numpy as np


def conv2d_backward(grad, x, w, bias=None, stride=1, padding=0, dilation=1, groups=1):
    N, Cin, H, W = x.shape
    Cout, cpg, kh, kw = w.shape
    fpg = Cout // groups
    oh, ow = grad.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2)).reshape(N, groups, cpg, H + 2 * padding, W + 2 * padding)
    g = grad.reshape(N, groups, fpg, oh, ow)
    wg = w.reshape(groups, fpg, cpg, kh, kw)
    dxp, dw = np.zeros_like(xp), np.zeros_like(wg)
    for a in range(kh):
        for b in range(kw):
            rows = slice(a * dilation, a * dilation + stride * (oh - 1) + 1, stride)
            cols = slice(b * dilation, b * dilation + stride * (ow - 1) + 1, stride)
            dw[..., a, b] = np.einsum("ngfij,ngcij->gfc", g, xp[..., rows, cols])
            dxp[..., rows, cols] += np.einsum("ngfij,gfc->ngcij", g, wg[..., a, b])
    dx = dxp.reshape(N, Cin, H + 2 * padding, W + 2 * padding)[:, :, padding:padding + H, padding:padding + W]
    return dx, dw.reshape(w.shape), (None if bias is None else grad.sum((0, 2, 3)))
