"""Problems as `.npz` files: written atomically, read without ever unpickling."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Callable, Collection, Mapping
from typing import Any, BinaryIO, TypeVar

import numpy as np

from convstep.conv import validation
from convstep.conv.held import (
    COPIES,
    LONGEST_HEADER,
    CompressionError,
    Held,
    Members,
    PythonObjectsError,
    TooManyNamesError,
    free_memory,
    header,
)
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.recorded import Recorded, check_fits
from convstep.files import opened, path_of, written_whole
from convstep.language import tr
from convstep.printable import printable
from convstep.steps.cells import Array

_ARRAYS = ("A_prev", "W", "b", "dZ")
_NUMBERS = ("stride", "padding", "dilation", "groups")
_RECORDED = ("recorded_dW", "recorded_db", "recorded_dA_prev", "recorded_by", "recorded_eps")
_NAMES = (*_ARRAYS, *_NUMBERS, "layout", *_RECORDED)

PYTORCH_WORDS = {"input": "A_prev", "weight": "W", "bias": "b", "grad_output": "dZ"}
"""What PyTorch calls the arrays; where they are called so, the layout is PyTorch's unless it is given."""

RUN = "convstep_run"
"""The array that says what the others are, in a file of everything that was captured."""

T = TypeVar("T")

_ZIP, _ARRAY = (b"PK\x03\x04", b"PK\x05\x06"), b"\x93NUMPY"
"""How a `.npz` file begins, an empty one too, and how a `.npy` file does."""

LITTLE = 2**20
"""Bytes for which there is room without asking."""
SHOWN = 8
"""How many names of a file an error lists."""
_SHORT = (*_NUMBERS, "layout", "recorded_by", "recorded_eps")
LONGEST_SHOWN = 30
"""Characters of such a name."""
LONGEST_NAME = 26
"""Characters; a longer name shares too little with the longest of ours to be a misspelt one."""
MOST_NUMBERS = 4000
"""Bytes of the geometry's numbers and of the texts; some of them are shown in sentences."""


def save(problem: Problem, path: str | os.PathLike[str]) -> None:
    """Write a problem to `path`, whole or not at all; raises OSError without a writable folder."""
    with written_whole(path) as file:
        write(problem, file)


def write(problem: Problem, file: BinaryIO, more: Mapping[str, Array] | None = None) -> None:
    """Write a problem in `.npz` form to an open binary file; `more` arrays have names that no problem has."""
    arrays: dict[str, Any] = {n: getattr(problem, n) for n in (*_ARRAYS, *_NUMBERS)}
    if problem.b is None:
        del arrays["b"]
    if problem.dZ_drawn:
        del arrays["dZ"]  # the seed draws the same numbers again, and the screen can say so
    if problem.recorded is not None:
        arrays |= {f"recorded_{name}": values for name, values in problem.recorded.gradients.items()}
        arrays |= {"recorded_by": problem.recorded.by, "recorded_eps": problem.recorded.eps}
    np.savez_compressed(file, layout=np.array("NHWC"), **(arrays | dict(more or {})))


def load(path: str | os.PathLike[str]) -> Problem:
    """Read a problem; see `Problem.load`."""
    return made_of(path, from_arrays)


def made_of(path: str | os.PathLike[str], make: Callable[[Mapping[str, Held], str], T]) -> T:
    """What `make` makes of a `.npz`'s unread arrays and its name for errors; ProblemError if it cannot."""
    name = printable(path) or "''"
    try:
        with opened(path_of(path)) as file:
            return _unpacked(file, name, make)
    except FileNotFoundError:
        raise ProblemError(tr("{path} does not exist; check the path", path=name)) from None
    except IsADirectoryError:
        raise ProblemError(tr("{path} is a folder; give a .npz file in it", path=name)) from None
    except OSError as error:
        reason = error.strerror or error
        raise ProblemError(tr("{path} cannot be read: {reason}", path=name, reason=reason)) from error


def read(file: BinaryIO, name: str) -> Problem:
    """Read a problem in `.npz` form from a seekable binary file; ProblemError, with `name`, if it is none."""
    return _unpacked(file, name, from_arrays)


def _unpacked(file: BinaryIO, name: str, make: Callable[[Mapping[str, Held], str], T]) -> T:
    begins = file.read(len(_ARRAY))
    file.seek(0)
    if begins[:4] not in _ZIP and begins != _ARRAY:
        raise ProblemError(
            tr("{name} is not a readable .npz file: it is of another kind; np.savez makes one", name=name)
        )
    try:
        if begins == _ARRAY:
            header(file.read(LONGEST_HEADER))
            raise ProblemError(
                tr("{name} holds a single array; a problem is a .npz with A_prev, W, b and dZ", name=name)
            )
        return make(Members(file), name)
    except (ProblemError, OSError):
        raise
    except MemoryError:
        raise ProblemError(
            tr("{name} claims arrays larger than the memory of this machine", name=name)
        ) from None
    except TooManyNamesError as error:
        raise too_many_names(name) from error
    except CompressionError as error:
        said = "{name} is compressed in a way that is not read; save it with np.savez or np.savez_compressed"
        raise ProblemError(tr(said, name=name)) from error
    except PythonObjectsError as error:
        said = (
            "{name} is not a readable .npz file: an array in it holds Python objects, which are never "
            "loaded; save arrays of numbers"
        )
        raise ProblemError(tr(said, name=name)) from error
    except Exception as error:  # a damaged archive fails in zipfile, zlib, ast or numpy alike
        # their own words are for programmers, and some advise to load the file unsafely
        said = "{name} is not a readable .npz file: it is damaged or cut off; save or copy it again"
        raise ProblemError(tr(said, name=name)) from error


def from_arrays(given: Mapping[str, Held], name: str) -> Problem:
    """The problem that named arrays make, whatever file they are in, called `name`; or ProblemError.

    Names are those of a `.npz` problem, or PyTorch's words for the four arrays; geometry and texts are arrays
    without axes, or of their few numbers. Only a problem's are read, and only if there is memory for them.
    """
    if RUN in given and "A_prev" not in given:
        said = (
            "{name} holds several captured calls, not one problem; `convstep open {name}` lists them, "
            "{name}:LAYER names one for a command, and convstep.Captured.load reads them"
        )
        raise ProblemError(tr(said, name=name))
    names = _in_our_words(given, name)
    _check_names(names, name)
    for required in ("A_prev", "W"):
        if required not in names:
            said = "{name} has no array {array!r}; it holds {held}"
            raise ProblemError(tr(said, name=name, array=required, held=_listed(given)))
    wanted = {ours: given[theirs] for ours, theirs in names.items() if ours in _NAMES}
    _check_sizes(wanted, name)
    try:
        found = {ours: held.read() for ours, held in wanted.items() if ours in _SHORT or held.shape is None}
        if "A_prev" not in given:  # in PyTorch's words
            found.setdefault("layout", np.array("NCHW"))
        check_claims(wanted, found)
        found |= {ours: held.read() for ours, held in wanted.items() if ours not in found}
        arrays = _channels_last(found, _layout(found))
        problem = Problem(arrays["A_prev"], arrays["W"], arrays.get("b"), arrays.get("dZ"), **_numbers(found))
        return problem.with_recorded(_recorded(arrays))
    except ProblemError as error:
        raise ProblemError(f"{name}: {error}") from error


def _in_our_words(given: Mapping[str, Held], name: str) -> dict[str, str]:
    """The names in the file by the article's; PyTorch's words may stand for the four arrays."""
    words = [word for word in PYTORCH_WORDS if word in given]
    ours = [n for n in _ARRAYS if n in given]
    if words and ours:
        sentence = (
            "{name} mixes {one!r} and {other!r}; call the arrays either "
            "A_prev, W, b, dZ or input, weight, bias, grad_output"
        )
        raise ProblemError(tr(sentence, name=name, one=words[0], other=ours[0]))
    return {PYTORCH_WORDS.get(n, n): n for n in given}


def _check_sizes(wanted: Mapping[str, Held], name: str) -> None:
    """Refuse, with a ProblemError, what this machine could not step through, before any of it is read."""
    for array, held in wanted.items():
        if array in _SHORT and max(held.cells, held.nbytes) > MOST_NUMBERS:
            said = "{name}: {array!r} claims {size:,} bytes; it is a few numbers, or a short text"
            raise ProblemError(tr(said, name=name, array=array, size=max(held.cells, held.nbytes)))
    # whole numbers become float64, halves float32
    claimed = sum(max(held.nbytes, held.cells * 4) for held in wanted.values())
    if claimed * COPIES > LITTLE and claimed * COPIES > (free := free_memory()):
        said = (
            "{name} claims arrays of {claimed:,.1f} GiB; stepping through them takes {copies} times as "
            "much memory, and {free:,.1f} GiB are free"
        )
        raise ProblemError(tr(said, name=name, claimed=claimed / 2**30, copies=COPIES, free=free / 2**30))


def check_claims(wanted: Mapping[str, Held], found: Mapping[str, Array]) -> None:
    """Refuse arrays whose claims contradict each other, the short ones `found` already: ProblemError."""
    layout = _layout(found)
    shapes, recorded = {}, {}
    for ours, held in wanted.items():
        if ours in _SHORT:
            continue
        known = found.get(ours)
        shape = held.shape if known is None else known.shape
        validation.check_dtype(ours, held.dtype if known is None else str(known.dtype.newbyteorder("=")))
        shape = _shape_channels_last(ours, shape or (), layout)
        if ours in _ARRAYS:
            validation.check_axes(ours, shape)
            shapes[ours] = shape
        else:
            recorded[ours.removeprefix("recorded_")] = shape
    numbers = dict.fromkeys(_NUMBERS, 1) | {"padding": 0} | _numbers(found)
    geometry = validation.geometry(shapes, validation.Hyperparameters(**numbers))
    check_fits(recorded, shapes)
    padded, output = (math.prod(shape) for shape in (geometry.padded_shape, geometry.output_shape))
    least = (2 * padded + output) * geometry.samples * 4  # of float32: A_prev_pad, dA_prev_pad and dZ
    if least > LITTLE and least > (free := free_memory()):
        said = tr(
            "with padding {padding} its arrays take {least:,.1f} GiB at least, and {free:,.1f} GiB are "
            "free; use less padding or smaller arrays",
            padding=validation.padding_text(geometry.padding),
            least=least / 2**30,
            free=free / 2**30,
        )
        raise ProblemError(said)


def too_many_names(name: str) -> ProblemError:
    """What to say of a file that has, or claims, a table of names without end."""
    said = "{name} claims more arrays than are looked through; save the problem in a file of its own"
    return ProblemError(tr(said, name=name))


def _listed(given: Mapping[str, Held]) -> str:
    shown = ", ".join(printable(name, LONGEST_SHOWN) for name in sorted(given)[:SHOWN]) or tr("nothing")
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


def _check_names(found: Collection[str], name: str) -> None:
    """A misspelt `strides` must not silently become stride 1."""
    missing = set(_NAMES).difference(found)
    unknown = (given for given in found if given not in _NAMES and len(given) <= LONGEST_NAME)
    for given in sorted(unknown):
        close = difflib.get_close_matches(given, missing, n=1, cutoff=0.75)
        if close:
            said = "{name} has an unknown array {array!r}; did you mean {close!r}?"
            raise ProblemError(tr(said, name=name, array=given, close=close[0]))


def _layout(found: Mapping[str, Array]) -> str:
    layout = str(_plain(found["layout"])) if "layout" in found else "NHWC"
    if layout not in ("NHWC", "NCHW"):
        raise ProblemError(tr('layout is {layout!r}; it must be "NHWC" or "NCHW"', layout=layout))
    return layout


def _channels_last(arrays: dict[str, Array], layout: str) -> dict[str, Array]:
    """NCHW and OIHW arrays in the article's channels-last order."""
    if layout == "NHWC":
        return arrays
    return {
        name: np.moveaxis(values, _channels(name), -1) if values.ndim >= 3 else values
        for name, values in arrays.items()
    }


def _shape_channels_last(name: str, shape: tuple[int, ...], layout: str) -> tuple[int, ...]:
    """The same for an array's shape."""
    if layout == "NHWC" or len(shape) < 3:
        return shape
    axes = list(shape)
    channels = axes.pop(_channels(name))
    return (*axes, channels)


def _channels(name: str) -> int:
    """PyTorch's axis of channels."""
    return 1 if name.endswith("W") else -3


def _numbers(found: Mapping[str, Array]) -> dict[str, Any]:
    """The geometry's numbers, of those that are given."""
    return {name: _plain(found[name]) for name in _NUMBERS if name in found}


def _plain(number: Array) -> Any:
    """Stride, padding and the like as ints, tuples or a name."""
    value = validation.as_python(number)
    if isinstance(value, bytes):
        return value.decode("ascii", "backslashreplace")
    return tuple(tuple(v) if isinstance(v, list) else v for v in value) if isinstance(value, list) else value
