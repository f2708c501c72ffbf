import torch
import torch.nn.functional as F


def conv2d_backward(grad_output, input, weight, stride, padding):
    N, C, W, H = input.shape
    xp = F.pad(input, (padding,) * 4)
    dxp, dw = torch.zeros_like(xp), torch.zeros_like(weight)
    kh, kw = weight.shape[2], weight.shape[3]
    for i in range(grad_output.shape[2]):
        for j in range(grad_output.shape[3]):
            a, b = i * stride, j * stride
            dw += torch.einsum("nf,nchw->fchw", grad_output[:, :, i, j], xp[:, :, a:a + kh, b:b + kw])
            dxp[:, :, a:a + kh, b:b + kw] += torch.einsum("nf,fchw->nchw", grad_output[:, :, i, j], weight)
    dx = dxp[:, :, padding:padding + H, padding:padding + W]
    return dx, dw, grad_output.sum(dim=(0, 2, 3))
