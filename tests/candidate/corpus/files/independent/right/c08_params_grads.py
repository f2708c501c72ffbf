import numpy as np


class ConvolutionLayer:
    def __init__(self, n_in, n_out, ksize=3, stride=1, pad=1, seed=0):
        rng = np.random.default_rng(seed)
        self.params = {'W': rng.normal(0, 0.1, (n_out, n_in, ksize, ksize)), 'b': np.zeros(n_out)}
        self.grads = {}
        self.hyper = {'ksize': ksize, 'stride': stride, 'pad': pad}
        self.cache = {}

    def forward(self, X):
        k, s, p = self.hyper['ksize'], self.hyper['stride'], self.hyper['pad']
        W, b = self.params['W'], self.params['b']
        Xp = np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = (Xp.shape[2] - k) // s + 1, (Xp.shape[3] - k) // s + 1
        out = np.zeros((X.shape[0], W.shape[0], oh, ow))
        for n in range(X.shape[0]):
            for f in range(W.shape[0]):
                for i in range(oh):
                    for j in range(ow):
                        out[n, f, i, j] = np.sum(Xp[n, :, i * s:i * s + k, j * s:j * s + k] * W[f]) + b[f]
        self.cache = {'X': X, 'Xp': Xp}
        return out

    def backward(self, dout):
        k, s, p = self.hyper['ksize'], self.hyper['stride'], self.hyper['pad']
        W = self.params['W']
        X, Xp = self.cache['X'], self.cache['Xp']
        dXp, dW = np.zeros_like(Xp), np.zeros_like(W)
        for n, f, i, j in np.ndindex(*dout.shape):
            sl = np.s_[n, :, i * s:i * s + k, j * s:j * s + k]
            dW[f] += Xp[sl] * dout[n, f, i, j]
            dXp[sl] += W[f] * dout[n, f, i, j]
        self.grads = {'W': dW, 'b': dout.sum((0, 2, 3))}
        return dXp[:, :, p:p + X.shape[2], p:p + X.shape[3]]
