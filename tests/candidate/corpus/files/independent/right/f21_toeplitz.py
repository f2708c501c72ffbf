"""The convolution as one (sparse) matrix: vec(Z) = T vec(x). Backward is T transposed."""
import numpy as np


def toeplitz(K, H, W):
    """K: (F, C, kh, kw) -> matrix ((F*oh*ow), (C*H*W))"""
    F, C, kh, kw = K.shape
    oh, ow = H - kh + 1, W - kw + 1
    T = np.zeros((F, oh, ow, C, H, W))
    for i in range(oh):
        for j in range(ow):
            T[:, i, j, :, i:i + kh, j:j + kw] = K
    return T.reshape(F * oh * ow, C * H * W)


def forward(X, K):
    n, C, H, W = X.shape
    F, _, kh, kw = K.shape
    return (X.reshape(n, -1) @ toeplitz(K, H, W).T).reshape(n, F, H - kh + 1, W - kw + 1)


def backward(X, K, dZ):
    n, C, H, W = X.shape
    F, _, kh, kw = K.shape
    oh, ow = H - kh + 1, W - kw + 1
    flat = dZ.reshape(n, -1)
    dX = (flat @ toeplitz(K, H, W)).reshape(X.shape)
    dT = (flat.T @ X.reshape(n, -1)).reshape(F, oh, ow, C, H, W)
    dK = np.zeros(K.shape)
    for i in range(oh):
        for j in range(ow):
            dK += dT[:, i, j, :, i:i + kh, j:j + kw]
    return dX, dK
