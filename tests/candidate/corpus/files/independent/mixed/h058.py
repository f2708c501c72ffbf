import gzip
import numpy as np


class FirstLayer:
    def __init__(self, train_images="data/train-images-idx3-ubyte.gz", weights="weights/conv1.npz"):
        with gzip.open(train_images) as f:
            self.images = np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 28, 28) / 255.0
        stored = np.load(weights)
        self.W, self.b = stored["W"], stored["b"]

    def forward(self, index):
        k = self.W.shape[2]
        self.v = np.lib.stride_tricks.sliding_window_view(self.images[index], (k, k), axis=(1, 2))
        return np.einsum("nhwij,fij->nfhw", self.v, self.W) + self.b[:, None, None]

    def backward(self, dout):
        self.dW = np.einsum("nhwij,nfhw->fij", self.v, dout)
        self.db = dout.sum(axis=(0, 2, 3))
