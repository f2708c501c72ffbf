import numpy as np
from numpy.fft import rfft2, irfft2


def _size(a, b):
    return (a[0] + b[0] - 1, a[1] + b[1] - 1)


def fftconv_backward(grad_output, x, kernel):
    """Backward of a valid cross-correlation with stride 1 by the convolution theorem.

    x: (B, Cin, H, W); kernel: (Cout, Cin, kh, kw)
    """
    H, W = x.shape[-2:]
    kh, kw = kernel.shape[-2:]
    n = _size((H, W), (kh, kw))
    G = rfft2(grad_output, n)
    K = rfft2(kernel, n)
    X = rfft2(x, n)
    # dx = full convolution of grad_output with kernel
    gx = irfft2(np.einsum("bohw,oihw->bihw", G, K), n)[..., :H, :W]
    # dk = correlation of x with grad_output
    gk = irfft2(np.einsum("bihw,bohw->oihw", X, G.conj()), n)[..., :kh, :kw]
    return gx, gk
