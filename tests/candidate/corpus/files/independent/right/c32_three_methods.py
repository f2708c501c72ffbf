import numpy as np


class Conv2D:
    """backward computes only the input gradient, the others have methods of their own"""

    def __init__(self, kernel, bias):
        self.kernel, self.bias = kernel, bias          # (c_out, c_in, kh, kw), (c_out,)

    def forward(self, x):
        self.x = x
        v = np.lib.stride_tricks.sliding_window_view(x, self.kernel.shape[2:], (2, 3))
        return np.einsum("bcyxij,ocij->boyx", v, self.kernel) + self.bias[None, :, None, None]

    def backward_params(self, g):
        v = np.lib.stride_tricks.sliding_window_view(self.x, self.kernel.shape[2:], (2, 3))
        return np.einsum("bcyxij,boyx->ocij", v, g), g.sum((0, 2, 3))

    def backward_input(self, g):
        dx = np.zeros_like(self.x)
        kh, kw = self.kernel.shape[2:]
        for i in range(g.shape[2]):
            for j in range(g.shape[3]):
                dx[:, :, i:i + kh, j:j + kw] += np.einsum("bo,ocij->bcij", g[:, :, i, j], self.kernel)
        return dx

    def backward(self, g):
        self.d_kernel, self.d_bias = self.backward_params(g)
        return self.backward_input(g)
