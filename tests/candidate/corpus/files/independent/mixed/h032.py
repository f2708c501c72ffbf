import torch
from torch.nn import grad as G


def conv2d_backward(grad_output, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    grad_input = G.conv2d_input(input.shape, weight, grad_output, stride, padding, dilation, groups)
    grad_weight = G.conv2d_weight(input, weight.shape, grad_output, stride, padding, dilation, groups)
    grad_bias = None if bias is None else grad_output.sum(dim=(0, 2, 3))
    return grad_input, grad_weight, grad_bias


torch.manual_seed(0)
x = torch.randn(2, 4, 9, 9)
w = torch.randn(6, 2, 3, 3)
print("grad shapes:", [tuple(g.shape) for g in conv2d_backward(torch.randn(2, 6, 7, 7), x, w, groups=2)[:2]])
