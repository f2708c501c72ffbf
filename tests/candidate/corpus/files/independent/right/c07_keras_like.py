import numpy as np


class Conv2D:
    def __init__(self, filters, kernel_size, strides=(1, 1), padding='valid', use_bias=True, **kwargs):
        self.filters = filters
        self.kernel_size = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
        self.strides = (strides, strides) if isinstance(strides, int) else tuple(strides)
        self.padding = padding.lower()
        self.use_bias = use_bias
        self.name = kwargs.get('name', 'conv2d')
        self.built = False

    def build(self, input_shape):
        kh, kw = self.kernel_size
        self.kernel = np.random.uniform(-0.2, 0.2, (kh, kw, input_shape[-1], self.filters))
        if self.use_bias:
            self.bias = np.zeros((self.filters,))
        self.built = True

    def _pads(self, size, k, s):
        if self.padding == 'valid':
            return (0, 0)
        total = max((-(-size // s) - 1) * s + k - size, 0)
        return (total // 2, total - total // 2)

    def call(self, inputs):
        if not self.built:
            self.build(inputs.shape)
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        self.pads = self._pads(inputs.shape[1], kh, sh), self._pads(inputs.shape[2], kw, sw)
        self.x = np.pad(inputs, ((0, 0), *self.pads, (0, 0)))
        self.in_shape = inputs.shape
        w = np.lib.stride_tricks.sliding_window_view(self.x, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
        y = np.einsum('bxycij,ijcf->bxyf', w, self.kernel)
        return y + self.bias if self.use_bias else y

    __call__ = call

    def backward(self, grad):
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        w = np.lib.stride_tricks.sliding_window_view(self.x, (kh, kw), axis=(1, 2))[:, ::sh, ::sw]
        self.kernel_grad = np.einsum('bxycij,bxyf->ijcf', w, grad)
        if self.use_bias:
            self.bias_grad = grad.sum((0, 1, 2))
        dx = np.zeros_like(self.x)
        for i in range(grad.shape[1]):
            for j in range(grad.shape[2]):
                dx[:, i * sh:i * sh + kh, j * sw:j * sw + kw] += np.einsum('bf,ijcf->bijc', grad[:, i, j], self.kernel)
        (t, _), (l, _) = self.pads
        return dx[:, t:t + self.in_shape[1], l:l + self.in_shape[2]]
