import torch
import torch.nn.functional as F

torch.set_grad_enabled(False)


class TorchConv:
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, device="cpu"):
        bound = (in_channels * kernel_size ** 2) ** -0.5
        self.weight = torch.empty(out_channels, in_channels, kernel_size, kernel_size, device=device).uniform_(-bound, bound).double()
        self.bias = torch.zeros(out_channels, device=device).double()
        self.k, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        self.size = x.shape
        self.cols = F.unfold(x, self.k, padding=self.padding, stride=self.stride)
        oh = (x.shape[2] + 2 * self.padding - self.k) // self.stride + 1
        y = self.weight.flatten(1) @ self.cols + self.bias[:, None]
        return y.view(len(x), len(self.weight), oh, -1)

    def backward(self, gradwrtoutput):
        g = gradwrtoutput.flatten(2)
        self.weight_grad = (g @ self.cols.mT).sum(0).view_as(self.weight)
        self.bias_grad = g.sum((0, 2))
        back = self.weight.flatten(1).T @ g
        return F.fold(back, self.size[2:], self.k, padding=self.padding, stride=self.stride)
