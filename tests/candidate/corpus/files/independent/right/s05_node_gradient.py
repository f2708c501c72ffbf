import numpy as np


class Node:
    def __init__(self, inputs, value=None):
        self.inputs = inputs
        self.value = value


class ConvTensorOp:
    """NHWC data, HWIO kernel; gradient(out_grad, node) -> (dA, dB)"""

    def __init__(self, stride=1, padding=0):
        self.stride, self.padding = stride, padding

    def compute(self, A, B):
        s, p = self.stride, self.padding
        A = np.pad(A, ((0, 0), (p, p), (p, p), (0, 0)))
        K = B.shape[0]
        N, H, W, C = A.shape
        oh, ow = (H - K) // s + 1, (W - K) // s + 1
        st = A.strides
        V = np.lib.stride_tricks.as_strided(A, (N, oh, ow, K, K, C), (st[0], st[1] * s, st[2] * s, st[1], st[2], st[3]))
        return np.tensordot(V, B, axes=3)

    def gradient(self, out_grad, node):
        A, B = (n.value for n in node.inputs)
        s, p, K = self.stride, self.padding, B.shape[0]
        Ap = np.pad(A, ((0, 0), (p, p), (p, p), (0, 0)))
        dAp, dB = np.zeros_like(Ap), np.zeros_like(B)
        for i in range(out_grad.shape[1]):
            for j in range(out_grad.shape[2]):
                g = out_grad[:, i, j]
                dB += np.tensordot(Ap[:, i * s:i * s + K, j * s:j * s + K], g, axes=(0, 0))
                dAp[:, i * s:i * s + K, j * s:j * s + K] += np.tensordot(g, B, axes=(1, 3))
        return dAp[:, p:p + A.shape[1], p:p + A.shape[2]], dB
