import numpy as np
import matplotlib.pyplot as plt


class Conv:
    def __init__(self, input_depth, num_filters, filter_size, stride=1):
        self.input_depth, self.num_filters = input_depth, num_filters
        self.filter_size, self.stride = filter_size, stride
        self.filters = np.random.randn(num_filters, filter_size, filter_size, input_depth) / 9
        self.bias = np.zeros(num_filters)

    def iterate(self, image):
        fs, s = self.filter_size, self.stride
        for i in range((image.shape[0] - fs) // s + 1):
            for j in range((image.shape[1] - fs) // s + 1):
                yield i, j, image[i * s:i * s + fs, j * s:j * s + fs]

    def forward(self, image):
        self.image = image
        fs, s = self.filter_size, self.stride
        out = np.zeros(((image.shape[0] - fs) // s + 1, (image.shape[1] - fs) // s + 1, self.num_filters))
        for i, j, region in self.iterate(image):
            out[i, j] = np.tensordot(self.filters, region, axes=3) + self.bias
        return out

    def backward(self, d_out):
        d_filters = np.zeros(self.filters.shape)
        d_image = np.zeros(self.image.shape)
        fs, s = self.filter_size, self.stride
        for i, j, region in self.iterate(self.image):
            d_filters += np.multiply.outer(d_out[i, j], region)
            d_image[i * s:i * s + fs, j * s:j * s + fs] += np.tensordot(d_out[i, j], self.filters, axes=1)
        self.d_filters, self.d_bias = d_filters, d_out.sum(axis=(0, 1))
        return d_image

    def show(self):
        plt.imshow(self.filters[0, :, :, 0])
        plt.show()


layer = Conv(3, 8, 3)
y = layer.forward(np.random.rand(12, 10, 3))
print("forward ok", y.shape)
print("backward ok", layer.backward(y).shape)
