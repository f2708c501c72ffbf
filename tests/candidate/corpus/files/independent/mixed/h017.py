import torch
import torch.nn.functional as F


class SamePadConv(torch.autograd.Function):
    """Keeps the size of the picture; odd kernels."""

    @staticmethod
    def forward(ctx, image, kernel, bias):
        assert kernel.shape[2] % 2 and kernel.shape[3] % 2
        ctx.save_for_backward(image, kernel)
        return F.conv2d(image, kernel, bias, padding=(kernel.shape[2] // 2, kernel.shape[3] // 2))

    @staticmethod
    def backward(ctx, up):
        image, kernel = ctx.saved_tensors
        r, q = kernel.shape[2] // 2, kernel.shape[3] // 2
        turned = kernel.transpose(0, 1).flip((2, 3))
        d_image = F.conv2d(up, turned, padding=(r, q))
        d_kernel = F.conv2d(image.transpose(0, 1), up.transpose(0, 1), padding=(r, q)).transpose(0, 1)
        return d_image, d_kernel, up.sum(dim=(0, 2, 3))
