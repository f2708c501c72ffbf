import torch
import torch.nn.functional as F


def conv_grads(grad_output, input, weight, bias, stride=1, padding=0):
    xp = F.pad(input, [padding] * 4)
    kh, kw = weight.shape[-2:]
    dx = torch.zeros_like(xp)
    dw = torch.zeros_like(weight)
    for r in range(grad_output.size(2)):
        for c in range(grad_output.size(3)):
            y, x = r * stride, c * stride
            g = grad_output[:, :, r, c]
            dw += torch.tensordot(g, xp[:, :, y:y + kh, x:x + kw], dims=([0], [0]))
            dx[:, :, y:y + kh, x:x + kw] += torch.tensordot(g, weight, dims=([1], [0]))
    return dx, dw, grad_output.sum(dim=(0, 2, 3))
