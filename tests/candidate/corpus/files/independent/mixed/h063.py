import numpy as np


class Conv2D:
    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid", input_shape=None):
        self.filters, self.kernel_size, self.strides, self.padding = filters, kernel_size, strides, padding
        self.built = False
        if input_shape is not None:
            self.build(input_shape)

    def build(self, input_shape):
        self.kernel = np.random.normal(0, 0.05, (*self.kernel_size, input_shape[-1], self.filters))
        self.bias = np.zeros(self.filters)
        self.built = True

    def _border(self):
        if self.padding == "valid":
            return 0, 0
        if any(k % 2 == 0 for k in self.kernel_size) or tuple(self.strides) != (1, 1):
            raise ValueError("padding='same' needs odd kernels and strides of 1")
        return self.kernel_size[0] // 2, self.kernel_size[1] // 2

    def call(self, inputs):
        if not self.built:
            self.build(inputs.shape)
        ph, pw = self._border()
        self.padded = np.pad(inputs, ((0, 0), (ph, ph), (pw, pw), (0, 0)))
        v = np.lib.stride_tricks.sliding_window_view(self.padded, self.kernel_size, (1, 2))
        return np.einsum("nhwcij,ijcf->nhwf", v[:, ::self.strides[0], ::self.strides[1]], self.kernel) + self.bias

    forward = __call__ = call

    def backward(self, grad):
        (kh, kw), (sh, sw), (ph, pw) = self.kernel_size, self.strides, self._border()
        self.grad_kernel, self.grad_bias = np.zeros_like(self.kernel), grad.sum((0, 1, 2))
        out = np.zeros_like(self.padded)
        rows, cols = grad.shape[1:3]
        for i in range(kh):
            for j in range(kw):
                sel = np.s_[:, i:i + rows * sh:sh, j:j + cols * sw:sw]
                self.grad_kernel[i, j] = np.tensordot(self.padded[sel], grad, ([0, 1, 2], [0, 1, 2]))
                out[sel] += grad @ self.kernel[i, j].T
        return out[:, ph:out.shape[1] - ph, pw:out.shape[2] - pw]
