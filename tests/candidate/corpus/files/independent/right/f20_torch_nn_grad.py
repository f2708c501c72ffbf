import torch
from torch import Tensor
from torch.nn import grad as G
from typing import Optional, Tuple


def manual_conv2d_backward(grad_out: Tensor, inp: Tensor, weight: Tensor, bias: Optional[Tensor] = None,
                           stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
                           ) -> Tuple[Tensor, Tensor, Optional[Tensor]]:
    gi = G.conv2d_input(inp.shape, weight, grad_out, stride, padding, dilation, groups)
    gw = G.conv2d_weight(inp, weight.shape, grad_out, stride, padding, dilation, groups)
    gb = None if bias is None else grad_out.sum((0, 2, 3))
    return gi, gw, gb
