import numpy as np


def conv_fft_backward(x, w, dy):
    """Gradients of y[n, f] = sum_c x[n, c] (*) w[f, c] (valid cross-correlation) through the frequency domain."""
    H, W = x.shape[-2:]
    K, L = w.shape[-2:]
    size = (H, W)
    X = np.fft.rfft2(x, size)
    Wf = np.fft.rfft2(w, size)
    D = np.fft.rfft2(dy, size)
    dx = np.fft.irfft2(np.einsum('nfuv,fcuv->ncuv', D, Wf), size)
    dw = np.fft.irfft2(np.einsum('ncuv,nfuv->fcuv', X, D.conj()), size)[:, :, :K, :L]
    return dx, dw
