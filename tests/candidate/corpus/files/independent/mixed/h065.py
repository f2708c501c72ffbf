import numpy as np


def convolve(image, filters):
    f = filters.shape[0]
    out = np.zeros((image.shape[0] - f + 1, image.shape[1] - f + 1, filters.shape[3]))
    for r in range(out.shape[0]):
        for c in range(out.shape[1]):
            for k in range(out.shape[2]):
                out[r, c, k] = np.sum(image[r:r + f, c:c + f] * filters[..., k])
    return out


def backprop(dL_dout, image, filters):
    """image: (H, W, C); filters: (f, f, C, K); dL_dout: (H-f+1, W-f+1, K)"""
    f = filters.shape[0]
    dL_dfilters = np.zeros(filters.shape)
    dL_dimage = np.zeros(image.shape)
    rows, cols, depth = dL_dout.shape
    for r in range(rows):
        for c in range(cols):
            region = image[r:r + f, c:c + f]
            for k in range(depth):
                dL_dfilters[..., k] += dL_dout[r, c, k] * region
                dL_dimage[r:r + f, c:c + f] += dL_dout[r, c, k] * filters[..., k]
    return dL_dfilters, dL_dimage


if __name__ == '__main__':
    img = np.random.rand(8, 8, 3)
    print(convolve(img, np.random.rand(3, 3, 3, 5)).shape)
