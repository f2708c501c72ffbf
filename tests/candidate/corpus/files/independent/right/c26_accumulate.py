import numpy as np


class Conv2d:
    """Gradients pile up until zero_grad() is called."""

    def __init__(self, in_channel, out_channel, kernel_size, stride=1, weight_init_fn=None, bias_init_fn=None):
        shape = (out_channel, in_channel, kernel_size, kernel_size)
        self.stride, self.kernel_size = stride, kernel_size
        self.W = weight_init_fn(shape) if weight_init_fn else np.random.uniform(-0.3, 0.3, shape)
        self.b = bias_init_fn(out_channel) if bias_init_fn else np.zeros(out_channel)
        self.zero_grad()

    def zero_grad(self):
        self.dW, self.db = np.zeros(self.W.shape), np.zeros(self.b.shape)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        k, s = self.kernel_size, self.stride
        self.batch, _, h, w = x.shape
        self.oh, self.ow = (h - k) // s + 1, (w - k) // s + 1
        out = np.zeros((self.batch, len(self.W), self.oh, self.ow))
        for i in range(self.oh):
            for j in range(self.ow):
                seg = x[:, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = np.tensordot(seg, self.W, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return out

    def backward(self, delta):
        k, s = self.kernel_size, self.stride
        self.db += delta.sum(axis=(0, 2, 3))
        dx = np.zeros(self.x.shape)
        for i in range(self.oh):
            for j in range(self.ow):
                seg = self.x[:, :, i * s:i * s + k, j * s:j * s + k]
                self.dW += np.tensordot(delta[:, :, i, j], seg, axes=(0, 0))
                dx[:, :, i * s:i * s + k, j * s:j * s + k] += np.tensordot(delta[:, :, i, j], self.W, axes=(1, 0))
        return dx
