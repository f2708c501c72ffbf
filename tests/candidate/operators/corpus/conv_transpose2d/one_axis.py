import numpy as np

class Upsample1d:
    def __init__(self, factor): self.factor = factor
    def forward(self, A):
        out = np.zeros((*A.shape[:2], self.factor * (A.shape[2] - 1) + 1))
        out[..., ::self.factor] = A
        return out
    def backward(self, d):
        return d[..., ::self.factor]

class Conv1d_stride1:
    def __init__(self, i, o, k, weight_init_fn=None, bias_init_fn=None):
        self.k = k
        self.W = np.random.normal(0, 1, (o, i, k)) if weight_init_fn is None else weight_init_fn(o, i, k)
        self.b = np.zeros(o) if bias_init_fn is None else bias_init_fn(o)
        self.dLdW = np.zeros_like(self.W); self.dLdb = np.zeros_like(self.b)
    def forward(self, A):
        self.A = A
        win = np.lib.stride_tricks.sliding_window_view(A, self.k, axis=2)
        return np.einsum('nclk,ock->nol', win, self.W) + self.b[:, None]
    def backward(self, dLdZ):
        win = np.lib.stride_tricks.sliding_window_view(self.A, self.k, axis=2)
        self.dLdW = np.einsum('nol,nclk->ock', dLdZ, win)
        self.dLdb = dLdZ.sum((0, 2))
        pad = np.pad(dLdZ, ((0, 0), (0, 0), (self.k - 1, self.k - 1)))
        pw = np.lib.stride_tricks.sliding_window_view(pad, self.k, axis=2)
        return np.einsum('nolk,ock->ncl', pw, self.W[:, :, ::-1])

class ConvTranspose1d:
    def __init__(self, in_channels, out_channels, kernel_size, upsampling_factor, weight_init_fn=None, bias_init_fn=None):
        self.upsample1d = Upsample1d(upsampling_factor)
        self.conv1d_stride1 = Conv1d_stride1(in_channels, out_channels, kernel_size, weight_init_fn, bias_init_fn)
    def forward(self, A):
        return self.conv1d_stride1.forward(self.upsample1d.forward(A))
    def backward(self, dLdZ):
        return self.upsample1d.backward(self.conv1d_stride1.backward(dLdZ))


class Deconv1d:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0):
        self.W = np.random.randn(in_channels, out_channels, kernel_size)
        self.b = np.zeros(out_channels)
        self.stride, self.padding = stride, padding
    def forward(self, x):
        self.x = x
        N, C, L = x.shape
        K = self.W.shape[2]
        y = np.zeros((N, self.W.shape[1], (L - 1) * self.stride + K))
        for i in range(L):
            y[:, :, i * self.stride:i * self.stride + K] += np.einsum('nc,cok->nok', x[:, :, i], self.W)
        return y[:, :, self.padding:y.shape[2] - self.padding] + self.b[:, None]
    def backward(self, dout):
        N, C, L = self.x.shape
        K = self.W.shape[2]
        d = np.pad(dout, ((0, 0), (0, 0), (self.padding, self.padding)))
        dx = np.zeros_like(self.x)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum((0, 2))
        for i in range(L):
            s = d[:, :, i * self.stride:i * self.stride + K]
            dx[:, :, i] = np.einsum('nok,cok->nc', s, self.W)
            self.dW += np.einsum('nok,nc->cok', s, self.x[:, :, i])
        return dx
