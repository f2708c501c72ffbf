import numpy as np
# cuda-convnet order: images (C, H, W, N), filters (C, fh, fw, K)


def conv_bprop(images, filters, dtop, stride=1, pad=0):
    C, fh, fw, K = filters.shape
    padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dpadded = np.zeros(padded.shape)
    dfilters = np.zeros(filters.shape)
    _, oh, ow, _ = dtop.shape
    for y in range(oh):
        for x in range(ow):
            ys, xs = stride * y, stride * x
            dfilters += np.einsum("chwn,kn->chwk", padded[:, ys:ys + fh, xs:xs + fw], dtop[:, y, x])
            dpadded[:, ys:ys + fh, xs:xs + fw] += np.einsum("chwk,kn->chwn", filters, dtop[:, y, x])
    dimages = dpadded[:, pad:pad + images.shape[1], pad:pad + images.shape[2]]
    dbiases = dtop.sum((1, 2, 3)).reshape(K, 1)
    return dimages, dfilters, dbiases
