"""Backward of conv2d with unfold, one group at a time."""
import torch
import torch.nn.functional as F


def _pair(v):
    return (v, v) if isinstance(v, int) else tuple(v)


def backward(grad_output, input, weight, bias, stride, padding, dilation, groups):
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    c_out, c_in, kh, kw = weight.shape
    out = c_out // groups
    dx, dw = [], []
    for g in range(groups):
        go = grad_output[:, g * out:(g + 1) * out].flatten(2)
        x = input[:, g * c_in:(g + 1) * c_in]
        w = weight[g * out:(g + 1) * out].flatten(1)
        cols = F.unfold(x, (kh, kw), dilation, padding, stride)
        dw.append((go @ cols.transpose(1, 2)).sum(0).view(out, c_in, kh, kw))
        dx.append(F.fold(w.t() @ go, x.shape[2:], (kh, kw), dilation, padding, stride))
    db = None if bias is None else grad_output.sum((0, 2, 3))
    return torch.cat(dx, 1), torch.cat(dw), db
