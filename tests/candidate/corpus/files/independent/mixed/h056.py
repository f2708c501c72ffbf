import numpy as np


def conv2d_fwd(images, kernels, offset, step, border):
    n, rows, cols, _ = images.shape
    kr, kc, _, n_out = kernels.shape
    big = np.pad(images, ((0, 0), (border, border), (border, border), (0, 0)))
    r_out = (rows + 2 * border - kr) // step + 1
    c_out = (cols + 2 * border - kc) // step + 1
    res = np.empty((n, r_out, c_out, n_out))
    for r in range(r_out):
        for c in range(c_out):
            res[:, r, c, :] = np.tensordot(big[:, r * step:r * step + kr, c * step:c * step + kc, :], kernels, axes=3)
    saved = {"big": big, "kernels": kernels, "step": step, "border": border, "shape": images.shape}
    return res + offset, saved


def conv2d_bwd(g, saved):
    big, kernels, step, border = saved["big"], saved["kernels"], saved["step"], saved["border"]
    kr, kc = kernels.shape[:2]
    g_big, g_k = np.zeros(big.shape), np.zeros(kernels.shape)
    for r in range(g.shape[1]):
        for c in range(g.shape[2]):
            rr = slice(r * step, r * step + kr)
            cc = slice(c * step, c * step + kc)
            g_k += np.tensordot(big[:, rr, cc, :], g[:, r, c, :], axes=([0], [0]))
            g_big[:, rr, cc, :] += np.tensordot(g[:, r, c, :], kernels, axes=([1], [3]))
    _, rows, cols, _ = saved["shape"]
    return {"images": g_big[:, border:border + rows, border:border + cols], "kernels": g_k, "offset": g.sum(axis=(0, 1, 2))}
