"""A picture as the input of a convolution."""

from __future__ import annotations

import importlib.util
import warnings
from typing import TYPE_CHECKING, Any

from convstep.conv.validation import ProblemError
from convstep.files import opened
from convstep.printable import printable

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL import Image

    from convstep.conv.geometry import Pair

MOST_PIXELS = 50_000_000
"""More than any camera's picture; a larger one is not unpacked."""


def picture(path: str, channels: int, size: Pair | None, *, whole: bool) -> npt.NDArray[Any]:
    """The pixels of a picture, `(H, W, channels)`, float64, 0 (black) to 1 (white); `whole` ones 0 to 255.

    What is transparent shows white. A picture that moves is its first frame. `channels` are 1 or 3; `size` is
    the height and width to scale it to, None for its own. A `ProblemError` if Pillow is missing, or the file
    is no picture, or is too large; an OSError if it cannot be opened.
    """
    import numpy as np

    if importlib.util.find_spec("PIL") is None:
        raise ProblemError("--image needs Pillow; pip install 'convstep[export]'")
    if size is not None:
        _check_size("--resize is", size)
    with opened(path) as file:
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # how large it is gets said below
                found: Image.Image = Image.open(file)
                _check_size(f"{printable(path)} is", found.size[::-1])
                found = ImageOps.exif_transpose(found)  # loads it: a camera says which side is up
            pixels = _pixels(found, channels, size)
        except (MemoryError, ProblemError):
            raise
        except Image.DecompressionBombError:
            raise ProblemError(
                f"{printable(path)} has too many pixels; at most {MOST_PIXELS:,} are read"
            ) from None
        except UnidentifiedImageError:
            raise ProblemError(
                f"{printable(path)} is no picture that Pillow can read; give a PNG or a JPEG"
            ) from None
        except Exception as error:  # a broken file breaks its reader in many ways
            raise ProblemError(f"{printable(path)} is a broken picture: {printable(error, 80)}") from error
    values = np.rint(pixels * 255) if whole else pixels
    return values.reshape(*values.shape[:2], channels)


def _pixels(found: Image.Image, channels: int, size: Pair | None) -> npt.NDArray[Any]:
    """From 0 to 1."""
    import numpy as np
    from PIL import Image

    if found.mode == "F":
        raise ProblemError(
            "the pixels of this picture are real numbers; save them with np.save and give "
            "--values A_prev=@FILE.npy"
        )
    if found.mode.startswith("I"):  # 16 bits: Pillow's own conversion cuts off what is above 255
        planes, scale = [Image.fromarray(np.asarray(found).astype(np.float32))], 65535.0
    else:
        if "A" in found.mode or "transparency" in found.info:
            clear = found.convert("RGBA")
            found = Image.new("RGBA", clear.size, "white")
            found.alpha_composite(clear)
        planes, scale = [found.convert("L" if channels == 1 else "RGB")], 255.0
    if size is not None:
        planes = [plane.resize(size[::-1], Image.Resampling.BILINEAR) for plane in planes]
    values = np.asarray(planes[0], np.float64) / scale
    return np.repeat(values[..., np.newaxis], 3, axis=-1) if values.ndim < channels == 3 else values


def _check_size(what: str, size: tuple[int, int]) -> None:
    height, width = size
    if height < 1 or width < 1:
        raise ProblemError(f"{what} {height}x{width}; both sides must be at least 1")
    if height * width > MOST_PIXELS:
        raise ProblemError(
            f"{what} {height}x{width}, {height * width:,} pixels; at most {MOST_PIXELS:,} are read"
        )
