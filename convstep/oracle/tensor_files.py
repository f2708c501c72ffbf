"""Problems in files of tensors: `.pt` and `.pth` of PyTorch, `.safetensors`. Nothing is ever unpickled."""

from __future__ import annotations

import os
import pickle
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from convstep.conv.files import path_of
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.storage import from_arrays
from convstep.language import tr
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import NotPlain, read_tensors
from convstep.oracle.safetensors import SafetensorsError, read_safetensors

Array = npt.NDArray[Any]


def load_tensors(path: str | os.PathLike[str]) -> Problem:
    """The problem in a `.pt`, `.pth` or `.safetensors` file.

    The file holds a dict of tensors named as in a `.npz` problem: `A_prev`, `W`, and where there are
    any `b`, `dZ`, `stride`, `padding`, `dilation`, `groups`, `layout`. Or in PyTorch's words: `input`,
    `weight`, `bias`, `grad_output`, in PyTorch's layout unless `layout` says another. What is no
    tensor in a `.safetensors` file, such as `padding` "same", is in its metadata.

    Raises:
        ProblemError: the file is missing, damaged, not a problem, or needs more than tensors.
    """
    name = path_of(path)
    read = _safetensors if name.lower().endswith(".safetensors") else _torch_file
    try:
        with open(path, "rb") as file:
            return from_arrays(read(file, name), name)
    except FileNotFoundError:
        raise ProblemError(f"{name} does not exist; check the path") from None
    except IsADirectoryError:
        raise ProblemError(f"{name} is a folder; give a file in it") from None
    except MemoryError:
        raise ProblemError(f"{name} claims arrays larger than the memory of this machine") from None
    except OSError as error:
        raise ProblemError(f"{name} cannot be read: {error.strerror or error}") from error


def _safetensors(file: BinaryIO, name: str) -> dict[str, Array]:
    try:
        arrays, metadata = read_safetensors(file)
    except SafetensorsError as error:
        raise ProblemError(f"{name} is not a readable .safetensors file: {error}") from error
    return metadata | arrays


def _torch_file(file: BinaryIO, name: str) -> dict[str, Array]:
    found = _without_pickle(file, name)
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise ProblemError(
            f"{name} holds a {type(found).__name__}, not tensors by name; "
            'save a dict: torch.save({"A_prev": …, "W": …, "dZ": …}, path)'
        )
    return {key: _as_array(name, key, value) for key, value in found.items()}


def _without_pickle(file: BinaryIO, name: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats; this person did not write the file
            return read_tensors(file)
    except OracleUnavailable as error:
        raise ProblemError(f"{name} needs torch to be read; {error}") from error
    except pickle.UnpicklingError as error:
        raise ProblemError(
            f"{name} holds more than tensors, and reading that could run code; "
            'save only tensors by name: torch.save({"A_prev": …, "W": …, "dZ": …}, path)'
        ) from error
    except NotPlain as error:
        raise ProblemError(f"{name}: {error}") from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # a damaged file fails in zipfile, pickle, and torch's own code alike
        raise ProblemError(
            tr(
                "{name} is not a readable file of torch.save: "
                "it is damaged or of another kind; save it again",
                name=name,
            )
        ) from error


def _as_array(name: str, key: str, value: object) -> Array:
    """Numbers, tuples and texts beside the tensors, as a `.npz` would hold them."""
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ProblemError(f"{name}: {key!r} cannot be read as an array: {error}") from error
