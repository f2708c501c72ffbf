"""Arrays as a person types them: `1 2 3; 4 5 6`, or keeps them in a file: `@FILE.npy`, `@FILE.csv`."""

from __future__ import annotations

import io
import math
import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from convstep.conv.validation import ProblemError, as_array
from convstep.files import contents
from convstep.printable import printable

if TYPE_CHECKING:
    import numpy.typing as npt

ARRAYS = ("A_prev", "W", "b", "dZ")
LARGEST = 2**30
"""Bytes of a file of numbers."""
FORM = "1 2 3; 4 5 6"
"""What numbers look like."""


def array_of(text: str) -> tuple[str, npt.NDArray[Any]]:
    """A name and its array, in the order of axes that a `Problem` has.

    Blanks or commas stand between numbers, `;` between rows, `|` between channels; `||` stands between the
    filters of W, and between the samples of A_prev and dZ, which have a batch axis then.

    >>> name, values = array_of("A_prev=1 2 3; 4 5 6")
    >>> name, values.shape
    ('A_prev', (2, 3, 1))
    >>> array_of("W=1 0; 0 1 | 2 0; 0 2 || 1 1; 1 1 | 0 0; 0 0")[1].shape
    (2, 2, 2, 2)
    >>> array_of("b=1 -1/2")[1]
    array([ 1. , -0.5])

    Raises:
        ProblemError: it is none; one sentence.
        OSError: its file cannot be read.
    """
    name, equals, given = text.partition("=")
    name, given = name.strip(), given.strip()
    if not equals or name not in ARRAYS:
        raise ProblemError(
            f"'{printable(text, 40)}' does not begin with one of {', '.join(ARRAYS)}; "
            f"write it like 'A_prev={FORM}'"
        )
    if given.startswith("@"):
        return name, _in_file(name, given[1:])
    return name, _typed(name, given)


def _in_file(name: str, path: str) -> npt.NDArray[Any]:
    """NumPy's array of a `.npy`; a line of text elsewhere is a row."""
    import numpy as np

    if not path:
        raise ProblemError(f"{name}=@ names no file; write it like {name}=@FILE.npy or @FILE.csv")
    held = contents(path, LARGEST)
    if not path.lower().endswith(".npy"):
        try:
            return _typed(name, ";".join(held.decode("utf-8-sig").splitlines()))
        except UnicodeDecodeError:
            raise ProblemError(
                f"{printable(path)} is no text; give {name} a .npy file, or one of numbers in lines"
            ) from None
    try:
        found: npt.NDArray[Any] = np.load(io.BytesIO(held), allow_pickle=False)
    except MemoryError:
        raise
    except Exception as error:  # NumPy has many ways to fail
        raise ProblemError(
            f"{printable(path)} is no array that np.save has written: {printable(error, 80)}"
        ) from error
    if not isinstance(found, np.ndarray):  # a .npz by another name
        raise ProblemError(f"{printable(path)} is no array that np.save has written")
    if found.ndim == 2 and name != "b":  # a plane has one channel
        found = found[np.newaxis, :, :, np.newaxis] if name == "W" else found[:, :, np.newaxis]
    return found


def _typed(name: str, text: str) -> npt.NDArray[Any]:
    import numpy as np

    several = text.split("||")
    parts = [[_plane(name, plane) for plane in part.split("|")] for part in several]
    shapes = [(len(part), np.shape(plane)) for part in parts for plane in part]
    if any(shape != shapes[0] for shape in shapes):
        said = ["{}x{}".format(*shape) for _, shape in shapes]
        what = "filter" if name == "W" else "sample"
        unlike = next((one for one in said if one != said[0]), "")
        raise ProblemError(
            f"{name} has a plane of {said[0]} and one of {unlike}; give every plane as many rows and numbers"
            if unlike
            else f"{name} has {len(parts[0])} channels in one {what} and "
            f"{next(len(part) for part in parts if len(part) != len(parts[0]))} in another; give all as many"
        )
    values = np.moveaxis(np.array(parts), 1, -1)
    if name == "b":
        if values.shape[1:2] != (1,) or values.size != values.shape[2]:
            raise ProblemError("b is one row of numbers, one for each filter; write it like 'b=0.5 -1'")
        return values.reshape(-1)
    return values if name == "W" or len(several) > 1 else as_array(name, values[0])


def _plane(name: str, text: str) -> list[list[float]]:
    """Rows of numbers; a row without any, which the end of a line makes, is left out."""
    rows = [
        [_number(name, word) for word in words]
        for row in text.split(";")
        if (words := row.replace(",", " ").split())
    ]
    if not rows:
        raise ProblemError(f"{name} has no numbers in one of its planes; write it like '{name}={FORM}'")
    for count, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise ProblemError(
                f"row {count} of {name} is {len(row)} long and row 1 is {len(rows[0])} long; "
                "give every row as many numbers"
            )
    return rows


def _number(name: str, word: str) -> float:
    try:
        fraction = re.fullmatch(r"[-+]?[0-9]{1,9}/[0-9]{1,9}", word)
        number = float(Fraction(word)) if fraction else float(word)
    except (ValueError, ZeroDivisionError):
        raise ProblemError(
            f"'{printable(word, 40)}' in {name} is no number; write it like '{name}={FORM}'"
        ) from None
    if math.isinf(number) and "inf" not in word.lower():
        raise ProblemError(f"'{printable(word, 40)}' in {name} is too large; write inf if that is meant")
    return number
