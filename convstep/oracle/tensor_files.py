"""Problems in files of tensors: `.pt` and `.pth` of PyTorch, `.safetensors`. Nothing is ever unpickled."""

from __future__ import annotations

import os
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from convstep.conv.held import (
    LONGEST_LINE,
    LONGEST_READ,
    Bounded,
    DamagedError,
    Held,
    TooManyNamesError,
    directory,
)
from convstep.conv.problem import Problem, ProblemError
from convstep.conv.storage import from_arrays, too_many_names
from convstep.files import StrPath, opened, path_of
from convstep.language import tr
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import torch_module
from convstep.oracle.safetensors import SafetensorsError, read_safetensors
from convstep.printable import SentenceError, printable
from convstep.steps.cells import Array

MOST_REPEATED = 2**20
"""Bytes of a tensor that may be more than its file has."""
MOST_REPEATED_dZ = 2**30
"""Of dZ: the gradient of a sum is one number, expanded."""
MOST_LISTED = 100_000
"""Numbers in lists beside the tensors."""

_ZIP = b"PK\x03\x04"
_ZIP_END, _ZIP64_LOCATOR, _ZIP64_END = 22, 20, 56
"""Bytes of what stands at the end of a zip: the last two before the first."""


def load_tensors(path: StrPath) -> Problem:
    """The problem in a `.pt`, `.pth` or `.safetensors` file.

    The file holds a dict of tensors named as in a `.npz` problem: `A_prev`, `W`, and where there are any `b`,
    `dZ`, `stride`, `padding`, `dilation`, `groups`, `layout`. Or in PyTorch's words: `input`, `weight`,
    `bias`, `grad_output`, in PyTorch's layout unless `layout` says another. What is no tensor in a
    `.safetensors` file, such as `padding` "same", is in its metadata.

    A `ProblemError` if the file is missing, damaged, not a problem, or needs more than tensors.
    """
    name = printable(path)
    read = _safetensors if os.fsdecode(path).lower().endswith(".safetensors") else _torch_file
    try:
        path = path_of(path)
        with opened(path) as file:
            return from_arrays(read(file, path, name), name)
    except FileNotFoundError:
        raise ProblemError(f"{name} does not exist; check the path") from None
    except IsADirectoryError:
        raise ProblemError(f"{name} is a folder; give a file in it") from None
    except MemoryError:
        raise ProblemError(f"{name} claims arrays larger than the memory of this machine") from None
    except _NotPlain as error:
        raise ProblemError(f"{name}: {printable(error)}") from error
    except OSError as error:
        raise ProblemError(f"{name} cannot be read: {error.strerror or error}") from error


def _safetensors(file: BinaryIO, path: StrPath, name: str) -> Mapping[str, Held]:
    try:
        return read_safetensors(file)
    except SafetensorsError as error:
        raise ProblemError(f"{name} is not a readable .safetensors file: {printable(error)}") from error


def _torch_file(file: BinaryIO, path: StrPath, name: str) -> Mapping[str, Held]:
    found = _without_pickle(file, path, name)
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise ProblemError(
            f"{name} holds {_kind(found)}, not tensors by name; "
            'save a dict: torch.save({"A_prev": …, "W": …, "dZ": …}, path)'
        )
    size = file.seek(0, os.SEEK_END)
    most = {key: MOST_REPEATED_dZ if key in ("dZ", "grad_output") else MOST_REPEATED for key in found}
    return {key: _held(key, value, max(size, most[key])) for key, value in found.items()}


def _without_pickle(file: BinaryIO, path: StrPath, name: str) -> object:
    try:
        begins = file.read(len(_ZIP))
        file.seek(0)
        if begins == _ZIP:
            _check_records(file)
        elif begins and not begins.startswith(pickle.PROTO):
            raise DamagedError("neither of the forms that torch.save has had")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old formats; this person did not write the file
            return _read_tensors(path if begins == _ZIP else Bounded(file))
    except OracleUnavailable as error:
        raise ProblemError(f"{name} needs torch to be read; {error}") from error
    except pickle.UnpicklingError as error:
        raise ProblemError(
            f"{name} holds more than tensors, and reading that could run code; "
            'save only tensors by name: torch.save({"A_prev": …, "W": …, "dZ": …}, path)'
        ) from error
    except TooManyNamesError as error:
        raise too_many_names(name) from error
    except (MemoryError, OSError):
        raise
    except Exception as error:  # a damaged file fails in zipfile, pickle, and torch's own code alike
        said = "{name} is not a readable file of torch.save: it is damaged or of another kind; save it again"
        raise ProblemError(tr(said, name=name)) from error


def _read_tensors(file: StrPath | Bounded) -> object:
    """What a file of `torch.save` holds, read by weights only: of a zip by its path, or an older one.

    Tensors by name are `Held`, whose `read` may raise `_NotPlain`. Raises OracleUnavailable: torch is missing
    or broken; UnpicklingError: it needs more than tensors, numbers and texts; OSError: the system cannot map
    it into memory; Exception: it is damaged, for which torch has no one error.
    """
    torch = torch_module()
    try:
        mapped = not isinstance(file, Bounded)
        found = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except RuntimeError as error:
        if "unable to mmap" in str(error):
            raise OSError(tr("the system does not map it into memory")) from error
        raise
    if not isinstance(found, Mapping):
        return found
    return {
        name: _tensor(torch, name, value) if isinstance(value, torch.Tensor) else value
        for name, value in found.items()
    }


class _NotPlain(SentenceError, ValueError):
    """A tensor whose numbers do not lie in memory one by one."""


def _tensor(torch: Any, name: object, tensor: Any) -> Held:
    kind = _numpy_dtype(torch, tensor)
    size = tensor.numel() * tensor.element_size()
    # what cannot be read says so when it is
    return Held(tuple(tensor.shape) if kind else None, kind, size, lambda: _plain_array(torch, name, tensor))


def _numpy_dtype(torch: Any, tensor: Any) -> str:
    """The dtype of a tensor's numbers as NumPy has them; "" if it has not."""
    if not _is_plain(torch, tensor):
        return ""
    if tensor.dtype == torch.bfloat16:
        return "float32"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some dtypes are called experimental
            return str(torch.empty(0, dtype=tensor.dtype).numpy().dtype)
    except (TypeError, RuntimeError):
        return ""


def _is_plain(torch: Any, tensor: Any) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta


def _plain_array(torch: Any, name: object, tensor: Any) -> Array:
    if not _is_plain(torch, tensor):
        raise _NotPlain(f"{name!r} is sparse, quantized or without numbers; save it as a plain tensor")
    if not _numpy_dtype(torch, tensor):
        dtype = str(tensor.dtype).removeprefix("torch.")
        raise _NotPlain(
            tr("{name} has dtype {dtype}; convert it to float32 or float64", name=name, dtype=dtype)
        )
    plain = tensor.detach().resolve_conj().resolve_neg()
    return np.array((plain.float() if plain.dtype == torch.bfloat16 else plain).numpy())


def _check_records(file: BinaryIO) -> None:
    """Refuse a zip that torch.save would not write: what is stored takes no more memory than in the file."""
    archive = directory(file)
    entries = archive.infolist()
    for entry in entries:
        record = entry.filename.partition("/")[2]
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise DamagedError("torch.save does not compress")
        if not record.startswith("data/") and entry.file_size > LONGEST_READ:
            raise TooManyNamesError
        if record == "data.pkl":
            _check_classes(archive.read(entry))
    # what zipfile and torch's own reader would understand differently: a zip within a zip
    size = file.seek(0, os.SEEK_END)
    file.seek(-_ZIP_END - _ZIP64_LOCATOR, os.SEEK_END)
    end = file.read()
    file.seek(0)
    moved = end[:4] == b"PK\x06\x07" and int.from_bytes(end[8:16], "little") != size - len(end) - _ZIP64_END
    if archive.comment or moved or min(entry.header_offset for entry in entries):
        raise DamagedError("more than one zip")


def _check_classes(pickled: bytes) -> None:
    """Refuse, with a ValueError, a class whose name takes torch hours to complain of, or no pickle."""
    for code, argument, _ in pickletools.genops(pickled):
        if code.name == "GLOBAL" and len(str(argument)) > LONGEST_LINE:
            raise DamagedError("a name that no class has")


def _held(key: str, value: object, most: int) -> Held:
    """What a dict holds under a name; numbers, tuples and texts are read as a `.npz` would hold them."""
    if not isinstance(value, Held):
        return Held(None, "", 0, lambda: _as_array(key, value))
    tensor = value

    def read() -> Array:
        if tensor.nbytes > most:
            raise ProblemError(
                f"{printable(key)!r} claims {tensor.nbytes:,} bytes, which the file does not have; "
                "a tensor that repeats its numbers is saved whole as tensor.contiguous()"
            )
        return tensor.read()

    return replace(tensor, read=read)


def _as_array(key: str, value: object) -> Array:
    try:
        _check_plain(value)
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ProblemError(f"{key!r} cannot be read as an array: {error}") from error


def _check_plain(value: object) -> None:
    """Refuse, with a ValueError, lists within lists that are few in the file and many in an array."""
    waiting, count = [value], 0
    while waiting:
        each, count = waiting.pop(), count + 1
        if isinstance(each, (list, tuple)):
            waiting += each
        elif not isinstance(each, (int, float, complex, str, bytes, dict, type(None))):
            raise ValueError(f"it holds {_kind(each)}")
        if count + len(waiting) > MOST_LISTED:
            raise ValueError(f"it lists more than {MOST_LISTED:,} numbers; save a tensor")


def _kind(value: object) -> str:
    """A value's type with its article: "a Tensor", "an int"; or "None"."""
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"
