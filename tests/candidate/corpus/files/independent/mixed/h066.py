import numpy as np
from scipy import signal


def conv_backward(output_gradient, input, kernels):
    kernels_gradient = np.zeros(kernels.shape)
    input_gradient = np.zeros(input.shape)
    for i in range(kernels.shape[0]):
        for j in range(kernels.shape[1]):
            kernels_gradient[i, j] = signal.correlate2d(input[j], output_gradient[i], "valid")
            input_gradient[j] += signal.convolve2d(output_gradient[i], kernels[i, j], "full")
    return input_gradient, kernels_gradient
