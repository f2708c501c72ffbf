"""Problems as `.npz` files: written atomically, read without ever unpickling."""

from __future__ import annotations

import difflib
import os
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from convstep.conv.files import written_whole
from convstep.conv.problem import Problem, ProblemError

Array = npt.NDArray[Any]

_ARRAYS = ("A_prev", "W", "b", "dZ")
_NUMBERS = ("stride", "padding", "dilation", "groups")
_NAMES = (*_ARRAYS, *_NUMBERS, "layout")


def save(problem: Problem, path: str | os.PathLike[str]) -> None:
    """Write a problem to exactly `path`, through a temporary file in the same folder.

    Raises:
        OSError: the folder is missing or not writable; an older file at `path` is untouched.
    """
    with written_whole(path) as file:
        write(problem, file)


def write(problem: Problem, file: BinaryIO) -> None:
    """Write a problem in `.npz` form to an open binary file."""
    arrays: dict[str, Any] = {n: getattr(problem, n) for n in (*_ARRAYS, *_NUMBERS)}
    if problem.b is None:
        del arrays["b"]
    if problem.dZ_drawn:
        del arrays["dZ"]  # the seed draws the same numbers again, and the screen can say so
    np.savez_compressed(file, layout=np.array("NHWC"), **arrays)


def load(path: str | os.PathLike[str]) -> Problem:
    """Read a problem; see `Problem.load`."""
    try:
        with open(path, "rb") as file:
            return read(file, str(path))
    except FileNotFoundError:
        raise ProblemError(f"{path} does not exist; check the path") from None
    except IsADirectoryError:
        raise ProblemError(f"{path} is a folder; give a .npz file in it") from None
    except OSError as error:
        raise ProblemError(f"{path} cannot be read: {error.strerror or error}") from error


def read(file: BinaryIO, name: str) -> Problem:
    """Read a problem in `.npz` form from an open binary file.

    Args:
        file: seekable, positioned at the start.
        name: what to call the file in an error.

    Raises:
        ProblemError: the bytes are damaged, or not a problem.
    """
    found = _members(file, name)
    _check_names(found, name)
    for required in ("A_prev", "W"):
        if required not in found:
            held = ", ".join(sorted(found)) or "nothing"
            raise ProblemError(f"{name} has no array {required!r}; it holds {held}")
    try:
        arrays = _channels_last({n: found[n] for n in _ARRAYS if n in found}, _layout(found))
        return Problem(
            arrays["A_prev"],
            arrays["W"],
            arrays.get("b"),
            arrays.get("dZ"),
            **{n: _plain(found[n]) for n in _NUMBERS if n in found},
        )
    except ProblemError as error:
        raise ProblemError(f"{name}: {error}") from error


def _members(file: BinaryIO, name: str) -> dict[str, Array]:
    """Every array of the archive, decompressed, so that damage shows here and nowhere later."""
    try:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ProblemError(f"{name} holds a single array; a problem is a .npz with A_prev, W, b and dZ")
        with archive:
            return {key: archive[key] for key in archive.files}
    except ProblemError:
        raise
    except MemoryError:
        raise ProblemError(f"{name} claims arrays larger than the memory of this machine") from None
    except Exception as error:  # a damaged archive fails in zipfile, zlib, ast or numpy alike
        raise ProblemError(
            f"{name} is not a readable .npz file (damaged, or another format): {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _check_names(found: dict[str, Array], name: str) -> None:
    """A misspelt `strides` must not silently become stride 1."""
    for given in sorted(set(found) - set(_NAMES)):
        close = difflib.get_close_matches(given, set(_NAMES) - set(found), n=1, cutoff=0.75)
        if close:
            raise ProblemError(f"{name} has an unknown array {given!r}; did you mean {close[0]!r}?")


def _layout(found: dict[str, Array]) -> str:
    layout = str(found["layout"]) if "layout" in found else "NHWC"
    if layout not in ("NHWC", "NCHW"):
        raise ProblemError(f'layout is {layout!r}; it must be "NHWC" or "NCHW"')
    return layout


def _channels_last(arrays: dict[str, Array], layout: str) -> dict[str, Array]:
    """NCHW and OIHW arrays in the article's channels-last order."""
    if layout == "NHWC":
        return arrays
    return {
        name: np.moveaxis(values, 1 if name == "W" else -3, -1) if values.ndim >= 3 else values
        for name, values in arrays.items()
    }


def _plain(number: Array) -> Any:
    """Stride, padding and the like as ints, tuples or a name."""
    value = number.tolist()
    return tuple(tuple(v) if isinstance(v, list) else v for v in value) if isinstance(value, list) else value
