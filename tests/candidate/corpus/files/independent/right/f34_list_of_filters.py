import numpy as np


def conv_delta(delta_maps, fmaps, kernels, thetas):
    """
    LeNet the old way: lists of 2-D feature maps.
    fmaps: list of C arrays (H, W); kernels[f][c]: (k, k); thetas: list of F scalars
    delta_maps: list of F arrays
    """
    d_kernels = [[np.zeros(k.shape) for k in row] for row in kernels]
    d_thetas = [0.0 for _ in thetas]
    d_fmaps = [np.zeros(m.shape) for m in fmaps]
    for f, delta in enumerate(delta_maps):
        d_thetas[f] += float(delta.sum())
        for c, fmap in enumerate(fmaps):
            k = kernels[f][c]
            for i in range(delta.shape[0]):
                for j in range(delta.shape[1]):
                    d_kernels[f][c] += delta[i, j] * fmap[i:i + k.shape[0], j:j + k.shape[1]]
                    d_fmaps[c][i:i + k.shape[0], j:j + k.shape[1]] += delta[i, j] * k
    return d_kernels, d_thetas, d_fmaps
