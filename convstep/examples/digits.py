"""The handwritten digits that the examples are trained on and drawn from.

1797 images of 8x8 pixels, 0 (paper) to 16 (ink), by 13 writers: the test part of "Optical
Recognition of Handwritten Digits", unchanged but for the file format.

Source: Alpaydin, E. & Kaynak, C. (1998). Optical Recognition of Handwritten Digits [Dataset].
UCI Machine Learning Repository. https://doi.org/10.24432/C50P49
Licence: Creative Commons Attribution 4.0 International (CC BY 4.0),
https://creativecommons.org/licenses/by/4.0/
"""

from __future__ import annotations

from importlib import resources

import numpy as np
import numpy.typing as npt

INK = 16
"""The darkest pixel value; divide by it for a scale of 0 to 1."""


def load_digits() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images `(1797, 8, 8)`, values 0 to 16, and the digits they show, `(1797,)`, values 0 to 9.

    >>> images, labels = load_digits()
    >>> images.shape, labels[:5].tolist()
    ((1797, 8, 8), [0, 1, 2, 3, 4])
    """
    with (
        resources.files(__package__).joinpath("digits.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as archive,
    ):
        # signed labels, so that label - 1 is -1 and not 255
        return archive["images"], archive["labels"].astype(np.int64)
