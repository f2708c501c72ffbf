def out_size(size, kernel, stride, pad):
    span = size + 2 * pad - kernel
    if span < 0 or span % stride:
        raise ValueError("kernel {}, stride {}, pad {} do not fit an input of {}".format(kernel, stride, pad, size))
    return span // stride + 1


def crop(a, pad):
    return a[:, pad:a.shape[1] - pad, pad:a.shape[2] - pad, :]
