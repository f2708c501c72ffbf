import torch
import torch.nn.functional as F


def manual_conv_backward(x, w, stride, padding, grad):
    n, c, h, wd = x.shape
    out_ch, _, kh, kw = w.shape
    cols = F.unfold(x, (kh, kw), padding=padding, stride=stride)
    g = grad.flatten(2)
    grad_w = torch.einsum("nop,nkp->ok", g, cols).reshape(w.shape)
    grad_cols = torch.einsum("nop,ok->nkp", g, w.flatten(1))
    grad_x = F.fold(grad_cols, (h, wd), (kh, kw), padding=padding, stride=stride)
    return grad_x, grad_w, g.sum((0, 2))


def main():
    x = torch.randn(1, 3, 8, 8, requires_grad=True)
    w = torch.randn(4, 3, 3, 3, requires_grad=True)
    y = F.conv2d(x, w, padding=1)
    g = torch.ones_like(y)
    y.backward(g)
    print(torch.allclose(manual_conv_backward(x.detach(), w.detach(), 1, 1, g)[0], x.grad, atol=1e-5))


if __name__ == "__main__":
    main()
