"""What the pools share: the mistakes that are made in the loop over windows, and how they are called elsewhere."""

from __future__ import annotations

ONE_TURN = """\
    A loop ends after its first turn: after the first window, or after the first row of them, channel or sample.
    Everything else is zero. Where there is one of them it is right. A return inside the loop does that, and so
    does a loop whose range is 1: let it go over all of them, and return behind it.
  循环只走了第一轮:
    循环在第一轮之后就结束了：只处理了第一个窗口，或者第一行窗口、第一个通道、第一个样本，其余的全是零。只有一个时是
    对的。return 写在循环里面会这样，循环的范围写成 1 也会这样：应该让循环走完，在循环之后再返回。
  + for i_n in range(1):
  +     for i_c in range(1):
  +         for i_h in range(1):
  +             for i_w in range(1):
  # after the first window | 在第一个窗口之后
  + for i_h in range(1):
  +     for i_w in range(1):
  # after the first window of each channel | 在每个通道的第一个窗口之后
  + for i_h in range(1):
  # after the first row of each channel | 在每个通道的第一行之后
  + for i_n in range(1):
  # after the first sample | 在第一个样本之后
  + for i_n in range(1):
  +     for i_c in range(1):
  # after the first channel | 在第一个通道之后
  + for i_n in range(1):
  +     for i_c in range(1):
  +         for i_h in range(1):
  # after the first row of windows | 在第一行窗口之后
  + for i_n in range(1):
  + for i_h in range(1):
  # after the first row of the first sample | 在第一个样本的第一行之后
  + for i_n in range(1):
  + for i_h in range(1):
  +     for i_w in range(1):
  # after the first window of the first sample | 在第一个样本的第一个窗口之后
  + for i_c in range(1):
  # after the first channel of each sample | 在每个样本的第一个通道之后
"""
"""Of the mistake by which only the first turn of a loop is made, all but its head."""

CROP = """\
padding-not-cropped: the padding is left around dx
    The loop fills the gradient of the padded picture. The padding is no input, so its cells are cut away at
    the end, as many on each side as were put there. Left in place, dx is larger than x; cut on one side
    only, it has the right shape and every number stands in the wrong place. At padding 0 it is right. Write
    dx_pad[:, :, p_h : p_h + H, p_w : p_w + W].
  dx 周围的填充没有裁掉:
    循环填的是填充后的图片的梯度。填充不是输入，所以最后要把它的格子裁掉，每边填了多少就裁多少。不裁的话，dx 比 x
    大；只在一边裁，形状对了，可是每个数都不在该在的位置上。填充为 0 时是对的。应该写
    dx_pad[:, :, p_h : p_h + H, p_w : p_w + W]。
  + dx = dx_pad

  + dx = dx_pad[:, :, :H, :W]
  # cut on one side only | 只在一边裁
padding-cropped-zero: the crop is empty where there is no padding  [28 of 43 published CS231n conv_backward_naive]
    [p:-p] drops p cells on each side. At p = 0 it is [0:0], since -0 is 0, and nothing is left. With padding it
    is right, and so is every test that pads. Write [p : p + H], which is right for every p.
  没有填充时，裁剪的结果是空的:
    [p:-p] 在两边各去掉 p 个格子。p = 0 时它是 [0:0]，因为 -0 就是 0，结果什么也不剩。有填充时是对的，所以带填充的
    测试都能通过。应该写 [p : p + H]，它对任何 p 都对。
  + dx = dx_pad[:, :, p_h:-p_h, p_w:-p_w]
"""
"""The mistakes in cutting the padding away, which are the last."""

WORDS = {
    "x": "a_prev a input inputs inp img image",
    "size": "pool_size pool_shape kernel_shape kernel_size filter_size ksize f k pool window",
    "size[0]": "pool_height pool_h ph kh",
    "size[1]": "pool_width pool_w pw kw",
    "stride": "strides s pool_stride pool_strides",
    "padding": "pad p pool_pad pool_padding",
}
"""What parameters are called elsewhere; see `Operator.words`."""
