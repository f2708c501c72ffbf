"""
Convolutional net for one picture (H x W x C).
"""
import numpy as np
import matplotlib.pyplot as plt


def conv_step_forward(image, kernels, bias, stride=1, pad=0):
    nf, k1, k2, _ = kernels.shape
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="constant")
    rows = (padded.shape[0] - k1) // stride + 1
    cols = (padded.shape[1] - k2) // stride + 1
    out = np.empty((rows, cols, nf))
    for r in range(rows):
        for c in range(cols):
            patch = padded[r * stride:r * stride + k1, c * stride:c * stride + k2]
            out[r, c] = (kernels * patch).sum(axis=(1, 2, 3)) + bias
    return out, {"image": image, "kernels": kernels, "bias": bias, "stride": stride, "pad": pad}


def conv_step_backward(grad, cache):
    image, kernels = cache["image"], cache["kernels"]
    stride, pad = cache["stride"], cache["pad"]
    nf, k1, k2, ch = kernels.shape
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="constant")
    d_padded = np.zeros(padded.shape)
    d_kernels = np.zeros(kernels.shape)
    for r in range(grad.shape[0]):
        for c in range(grad.shape[1]):
            top, left = r * stride, c * stride
            patch = padded[top:top + k1, left:left + k2]
            d_kernels += grad[r, c][:, None, None, None] * patch
            d_padded[top:top + k1, left:left + k2] += np.tensordot(grad[r, c], kernels, axes=1)
    h, w = image.shape[:2]
    return {"d_image": d_padded[pad:pad + h, pad:pad + w],
            "d_kernels": d_kernels,
            "d_bias": grad.sum(axis=(0, 1))}


if __name__ == "__main__":
    img = plt.imread("cat.png")
    plt.imshow(img)
    plt.show()
