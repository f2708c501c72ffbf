"""Mistakes: the independent things a flawed backward gets wrong."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

Stride = Literal["", "none", "h-none", "w-none", "h-for-both", "w-for-both"]
Swapped = Literal[
    "",
    "window",
    "window-and-stride",
    "strides",
    "paddings",
    "kernel",
    "ranges",
    "h-for-both",
    "w-for-both",
    "sizes",
]
Loops = Literal[
    "",
    "input",
    "short",
    "short-h",
    "short-w",
    "late",
    "late-h",
    "late-w",
    "unpadded",
    "input/stride",
    "every-stride",
]
DzIndex = Literal["", "transposed", "reshaped", "scrambled", "strided", "strided-guarded"]
Dilation = Literal["", "none", "h-none", "w-none"]
PaddingUsed = Literal["", "0", "1", "2", "+1", "+1 on H", "+1 on W", "+1 where padded"]
Border = Literal["", "edge", "reflect", "symmetric", "wrap", "one"]
Buffer = Literal["", "reached"]
Taps = Literal["", "flip", "flip-h", "flip-w", "transpose", "scramble"]
Last = Literal["", "nhw", "n", "nh", "hw", "h", "w"]
Write = Literal["", "step", "place", "tap"]
Channels = Literal[
    "",
    "dZ-first",
    "dZ-last",
    "only-first",
    "only-last",
    "into-first",
    "into-last",
    "kernel-first",
    "kernel-last",
    "input-first",
    "input-last",
    "reads-first",
]
Groups = Literal["", "offset-0", "interleaved", "modulo", "offset-unscaled"]
Samples = Literal[
    "",
    "first",
    "last",
    "A-first",
    "dZ-first",
    "into-first",
    "into-last",
    "into-every",
    "first-alone",
    "last-alone",
    "must be 1",
    "must be 2",
    "two",
]
Crop = Literal[
    "",
    "none",
    "[p:-p]",
    "[p:-p] on H",
    "[p:-p] on W",
    "[p:-p] assigned",
    "[p:size-p]",
    "outer [p:-p]",
    "outer [p:size-p]",
    "[:H]",
    "[:H] on H",
    "[:H] on W",
    "[-H:]",
    "[-H:] on H",
    "[-H:] on W",
    "[p:]",
    "[1:-1]",
    "[1:-1] assigned",
    "H and W swapped",
    "axes N, H",
    "axes W, C",
    "axes C, H",
    "axes N, C",
    "axes N, H guarded",
    "axes W, C guarded",
    "axes C, H guarded",
    "axes N, C guarded",
    "axes N, H started",
    "axes W, C started",
    "axes C, H started",
    "axes N, C started",
]
Refit = Literal["", "zeros after", "zeros before", "zeros around", "assigned", "rows before"]
Scale = Literal["", "1/N", "1/(H_out*W_out)", "1/(N*H_out*W_out)", "1/(F_h*F_w)", "1/C_out", "1/C_in", "2"]
Integers = Literal[
    "", "step", "place", "end", "floor", "round", "dZ", "like-step", "like-place", "like-end", "like-raises"
]
DbKeeps = Literal["", "none", "total", "N", "H", "W", "NC", "WC", "HC", "HWC", "CHW", "HW", "NHWC"]
DbShape = Literal[
    "",
    "(C, 1)",
    "(1, C)",
    "(1, 1, C)",
    "(C, 1, 1)",
    "(C, 1, 1, 1)",
    "(H_out, W_out, C)",
    "(N, H_out, W_out, C)",
    "(N, C)",
    "(C, C)",
]


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Which mistakes a flawed backward makes; the default makes none.

    Every field is "" (or False) where the backward is right. A field that has nothing to do with
    a gradient leaves that gradient alone.
    """

    stride: Stride = ""
    """Where windows start: stride 1 on both axes or one, or one axis' stride on both."""
    swapped: Swapped = ""
    """What of H and W is exchanged: the window, strides, paddings, kernel, ranges, or `dA`'s sizes."""
    loops: Loops = ""
    """Which output places are visited, if not all of `dZ`."""
    dz_index: DzIndex = ""
    """How `dZ` is indexed, if not by `[i_h, i_w]`; "guarded" skips what does not exist."""
    dilation: Dilation = ""
    """Axes on which the window is dense whatever the dilation."""
    padding: PaddingUsed = ""
    """The padding of the array that windows read or write, if not the problem's."""
    border: Border = ""
    """What the padding of the read array holds, if not zeros."""
    cut: bool = False
    """Whether a window past the border is cut with its kernel, where it would otherwise raise."""
    by_index: bool = False
    """Whether cells are taken by index, where a slice would be shorter: one past the border raises."""
    buffer: Buffer = ""
    """ "reached": the array ends with the last window, and `dW` has every tap that fits in."""
    taps: Taps = ""
    """How `k_h` and `k_w` of the kernel are permuted (of `dW` itself for that gradient)."""
    last: Last = ""
    """`=` for `+=` on `dW` and `db`: along these loops only the last iteration survives."""
    write: Write = ""
    """`=` for `+=` on `dA_prev_pad`: at every step, every place, or every tap of a col2im."""
    channels: Channels = ""
    """Which output or input channel is used for all."""
    groups: Groups = ""
    """How a filter's input channels are found, if not by its group's offset."""
    samples: Samples = ""
    """Which samples are used and where their gradient goes."""
    crop: Crop = ""
    """How `dA_prev_pad` is cropped, if not by `[p:p+H, p:p+W]`."""
    refit: Refit = ""
    """What is done to an array of the wrong size afterwards."""
    scale: Scale = ""
    """A factor that does not belong there."""
    integers: Integers = ""
    """Where fractions are lost; "like-…" only where the buffer is made like a whole-number input."""
    starts_from_input: bool = False
    """Whether the accumulator begins as a copy of the input instead of zeros."""
    zeros: bool = False
    """Whether an untouched array of zeros is returned."""
    db_keeps: DbKeeps = ""
    """Axes that the sum for `db` leaves; "total" puts the whole sum in every channel."""
    db_shape: DbShape = ""
    """The shape that right values of `db` are brought into."""


def both(first: Mistakes, second: Mistakes) -> Mistakes | None:
    """A backward that makes the mistakes of two, or None where they contradict each other.

    >>> both(Mistakes(stride="none"), Mistakes(crop="none")) == Mistakes(stride="none", crop="none")
    True
    """
    changes = {}
    for field in dataclasses.fields(Mistakes):
        ours, theirs = getattr(first, field.name), getattr(second, field.name)
        if ours and theirs and ours != theirs:
            return None
        if theirs:
            changes[field.name] = theirs
    return dataclasses.replace(first, **changes)
