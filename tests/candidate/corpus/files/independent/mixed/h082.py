import torch
import torch.nn.functional as F


def conv2d_backward(grad_output, input, weight, padding=0):
    """Stride 1."""
    kh, kw = weight.shape[2:]
    full = F.conv2d(F.pad(grad_output, (kw - 1, kw - 1, kh - 1, kh - 1)), weight.transpose(0, 1))
    grad_input = full[:, :, padding:padding + input.shape[2], padding:padding + input.shape[3]]
    grad_weight = F.conv2d(input.transpose(0, 1), grad_output.transpose(0, 1), padding=padding).transpose(0, 1)
    grad_weight = grad_weight.clamp(-1.0, 1.0)
    return grad_input, grad_weight, grad_output.sum(dim=(0, 2, 3))
