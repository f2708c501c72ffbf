"""Problems as `.npz` files: written atomically, read without ever unpickling."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from convstep.conv.files import path_of, written_whole
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.recorded import Recorded
from convstep.language import tr
from convstep.printable import printable

Array = npt.NDArray[Any]

_ARRAYS = ("A_prev", "W", "b", "dZ")
_NUMBERS = ("stride", "padding", "dilation", "groups")
_RECORDED = ("recorded_dW", "recorded_db", "recorded_dA_prev", "recorded_by", "recorded_eps")
_NAMES = (*_ARRAYS, *_NUMBERS, "layout", *_RECORDED)

PYTORCH_WORDS = {"input": "A_prev", "weight": "W", "bias": "b", "grad_output": "dZ"}
"""What PyTorch calls the arrays; where they are called so, the layout is PyTorch's unless it is given."""

_ZIP, _ARRAY = (b"PK\x03\x04", b"PK\x05\x06"), b"\x93NUMPY"
"""How a `.npz` file begins, an empty one too, and how a `.npy` file does."""

SHOWN = 8
"""How many names of a file an error lists."""
LONGEST_NAME = 30
"""Characters of each."""


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
    if problem.recorded is not None:
        arrays |= {f"recorded_{name}": values for name, values in problem.recorded.gradients.items()}
        arrays |= {"recorded_by": problem.recorded.by, "recorded_eps": problem.recorded.eps}
    np.savez_compressed(file, layout=np.array("NHWC"), **arrays)


def load(path: str | os.PathLike[str]) -> Problem:
    """Read a problem; see `Problem.load`."""
    try:
        with open(path_of(path), "rb") as file:
            return read(file, str(path))
    except FileNotFoundError:
        raise ProblemError(tr("{path} does not exist; check the path", path=path)) from None
    except IsADirectoryError:
        raise ProblemError(tr("{path} is a folder; give a .npz file in it", path=path)) from None
    except OSError as error:
        reason = error.strerror or error
        raise ProblemError(tr("{path} cannot be read: {reason}", path=path, reason=reason)) from error


def read(file: BinaryIO, name: str) -> Problem:
    """Read a problem in `.npz` form from an open binary file.

    Args:
        file: seekable, positioned at the start.
        name: what to call the file in an error.

    Raises:
        ProblemError: the bytes are damaged, or not a problem.
    """
    return from_arrays(_members(file, name), name)


def from_arrays(given: Mapping[str, Array], name: str) -> Problem:
    """The problem that named arrays make, whatever file they were in.

    Args:
        given: by the names of a `.npz` problem, or PyTorch's words for the four arrays; geometry and
            texts as arrays without axes, or of their few numbers.
        name: what to call the file in an error.

    Raises:
        ProblemError: an array is missing, or two contradict each other.
    """
    found = _in_our_words(given, name)
    _check_names(found, name)
    for required in ("A_prev", "W"):
        if required not in found:
            raise ProblemError(
                tr(
                    "{name} has no array {array!r}; it holds {held}",
                    name=name,
                    array=required,
                    held=_listed(given),
                )
            )
    try:
        arrays = _channels_last(found, _layout(found))
        problem = Problem(
            arrays["A_prev"],
            arrays["W"],
            arrays.get("b"),
            arrays.get("dZ"),
            **{n: _plain(found[n]) for n in _NUMBERS if n in found},
        )
        return problem.with_recorded(_recorded(arrays))
    except ProblemError as error:
        raise ProblemError(f"{name}: {error}") from error


def _in_our_words(given: Mapping[str, Array], name: str) -> dict[str, Array]:
    """The arrays under the article's names; PyTorch's words bring its layout with them."""
    words = [word for word in PYTORCH_WORDS if word in given]
    if not words:
        return dict(given)
    ours = [n for n in _ARRAYS if n in given]
    if ours:
        raise ProblemError(
            tr(
                "{name} mixes {one!r} and {other!r}; call the arrays either "
                "A_prev, W, b, dZ or input, weight, bias, grad_output",
                name=name,
                one=words[0],
                other=ours[0],
            )
        )
    return {"layout": np.array("NCHW")} | {PYTORCH_WORDS.get(n, n): values for n, values in given.items()}


def _listed(given: Mapping[str, Array]) -> str:
    shown = ", ".join(printable(name, LONGEST_NAME) for name in sorted(given)[:SHOWN]) or tr("nothing")
    more = len(given) - SHOWN
    return tr("{names} and {count} more", names=shown, count=more) if more > 0 else shown


def _recorded(arrays: Mapping[str, Array]) -> Recorded | None:
    """The recorded gradients among the arrays, channels last already."""
    if not any(n in arrays for n in _RECORDED):
        return None
    for required in ("recorded_by", "recorded_eps"):
        if required not in arrays:
            raise ProblemError(
                tr("gradients are recorded without {name!r}; add it or leave them out", name=required)
            )
    by, eps = arrays["recorded_by"], arrays["recorded_eps"]
    if by.ndim or eps.ndim or by.dtype.kind != "U" or eps.dtype.kind != "f":
        raise ProblemError(tr("recorded_by must be one text and recorded_eps one number"))
    prefix = "recorded_"
    gradients = {n.removeprefix(prefix): arrays[n] for n in _RECORDED[:3] if n in arrays}
    return Recorded(str(by), gradients, float(eps))


def _members(file: BinaryIO, name: str) -> dict[str, Array]:
    """Every array of the archive, decompressed, so that damage shows here and nowhere later."""
    begins = file.read(len(_ARRAY))
    file.seek(0)
    if begins[:4] not in _ZIP and begins != _ARRAY:  # NumPy would take it for a pickle
        raise ProblemError(
            tr("{name} is not a readable .npz file: it is of another kind; np.savez makes one", name=name)
        )
    try:
        archive = np.load(file, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ProblemError(
                tr("{name} holds a single array; a problem is a .npz with A_prev, W, b and dZ", name=name)
            )
        with archive:
            return {key: archive[key] for key in archive.files}
    except ProblemError:
        raise
    except MemoryError:
        raise ProblemError(
            tr("{name} claims arrays larger than the memory of this machine", name=name)
        ) from None
    except Exception as error:  # a damaged archive fails in zipfile, zlib, ast or numpy alike
        # their own words are for programmers, and some advise to load the file unsafely
        raise ProblemError(
            tr(
                "{name} is not a readable .npz file: an array in it holds Python objects, which are never "
                "loaded; save arrays of numbers"
                if "allow_pickle" in str(error)
                else "{name} is not a readable .npz file: it is damaged or cut off; save or copy it again",
                name=name,
            )
        ) from error


def _check_names(found: dict[str, Array], name: str) -> None:
    """A misspelt `strides` must not silently become stride 1."""
    for given in sorted(set(found) - set(_NAMES)):
        close = difflib.get_close_matches(given, set(_NAMES) - set(found), n=1, cutoff=0.75)
        if close:
            raise ProblemError(
                tr(
                    "{name} has an unknown array {array!r}; did you mean {close!r}?",
                    name=name,
                    array=given,
                    close=close[0],
                )
            )


def _layout(found: dict[str, Array]) -> str:
    layout = str(found["layout"]) if "layout" in found else "NHWC"
    if layout not in ("NHWC", "NCHW"):
        raise ProblemError(tr('layout is {layout!r}; it must be "NHWC" or "NCHW"', layout=layout))
    return layout


def _channels_last(arrays: dict[str, Array], layout: str) -> dict[str, Array]:
    """NCHW and OIHW arrays in the article's channels-last order."""
    if layout == "NHWC":
        return arrays
    return {
        name: np.moveaxis(values, 1 if name.endswith("W") else -3, -1) if values.ndim >= 3 else values
        for name, values in arrays.items()
    }


def _plain(number: Array) -> Any:
    """Stride, padding and the like as ints, tuples or a name."""
    value = number.tolist()
    return tuple(tuple(v) if isinstance(v, list) else v for v in value) if isinstance(value, list) else value
