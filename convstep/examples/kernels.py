"""Kernels of image processing by name, as `convstep new --kernel` takes them.

They are slid over the picture as they stand here, as a convolutional layer does (a cross-correlation);
all but emboss and the two Sobel kernels are the same turned over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convstep.conv.validation import ProblemError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    "edge": ((-1, -1, -1), (-1, 8, -1), (-1, -1, -1)),
    "blur": ((1 / 16, 2 / 16, 1 / 16), (2 / 16, 4 / 16, 2 / 16), (1 / 16, 2 / 16, 1 / 16)),
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "sobel-x": ((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),
    "sobel-y": ((-1, -2, -1), (0, 0, 0), (1, 2, 1)),
}
"""3x3 each.

Source: R. C. Gonzalez, R. E. Woods, Digital Image Processing, chapter 3 (edge: the Laplacian with diagonals;
sharpen: the picture minus the Laplacian without them; blur: the weighted average; Sobel); for emboss the
manual of GIMP 2.8, "Convolution Matrix".
"""


def filters_of(names: Sequence[str], channels: int) -> npt.NDArray[np.float64]:
    """A filter for each name of `KERNELS`, the same in every channel: `(len(names), 3, 3, channels)`.

    >>> filters_of(["edge", "blur"], 3).shape
    (2, 3, 3, 3)
    """
    import numpy as np

    planes = np.array([KERNELS[name] for name in names], np.float64)
    made: npt.NDArray[Any] = np.repeat(planes[..., np.newaxis], channels, axis=-1)
    return made


def check_names(names: Sequence[str]) -> None:
    """Refuse a name that no kernel has. Raises ProblemError: with the closest name, or all there are."""
    import difflib

    for name in names:
        if name not in KERNELS:
            close = difflib.get_close_matches(name, KERNELS, 1)
            meant = f"did you mean {close[0]}?" if close else f"the kernels are {', '.join(KERNELS)}"
            raise ProblemError(f"no kernel is called {name!r}; {meant}")
