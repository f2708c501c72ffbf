"""Names that NumPy once had. Old course code uses them, and they say nothing about its backward."""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from convstep.candidate.load.document import Document
from convstep.language import tr

_BUILTINS: dict[str, Any] = {
    "float": float,
    "int": int,
    "bool": bool,
    "object": object,
    "complex": complex,
    "str": str,
    "long": int,
    "unicode": str,
    "math": math,
}
_TYPES = {
    "float_": "float64",
    "complex_": "complex128",
    "int0": "intp",
    "singlecomplex": "complex64",
    "cfloat": "complex128",
    "longfloat": "longdouble",
    "string_": "bytes_",
    "unicode_": "str_",
    "object0": "object_",
    "bool8": "bool_",
}
_FUNCTIONS = {
    "product": "prod",
    "cumproduct": "cumprod",
    "alltrue": "all",
    "sometrue": "any",
    "in1d": "isin",
    "row_stack": "vstack",
    "trapz": "trapezoid",
    "round_": "round",
    "mat": "asmatrix",
}
_NUMBERS = {
    "Inf": np.inf,
    "Infinity": np.inf,
    "infty": np.inf,
    "PINF": np.inf,
    "NINF": -np.inf,
    "NaN": np.nan,
    "NAN": np.nan,
    "PZERO": 0.0,
    "NZERO": -0.0,
}


_restored: set[str] = set()
"""What had to be put back in this process."""


def _asscalar(array: Any) -> Any:
    return np.asarray(array).item()


def _asfarray(array: Any, dtype: Any = np.float64) -> Any:
    return np.asarray(array, dtype=dtype)


def _replacements() -> dict[str, Any]:
    by_name = {name: getattr(np, now) for name, now in {**_TYPES, **_FUNCTIONS}.items() if hasattr(np, now)}
    return {**_BUILTINS, **by_name, **_NUMBERS, "asscalar": _asscalar, "asfarray": _asfarray}


def restore() -> frozenset[str]:
    """Put back what this NumPy no longer has, for this whole process; the names that had to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # asking for a name that is going warns
        for name, value in _replacements().items():
            if not hasattr(np, name):
                setattr(np, name, value)
                _restored.add(name)
    return frozenset(_restored)


def notes(document: Document) -> Iterator[str]:
    """Which of them a document uses, a sentence each: its author meets an error with this NumPy."""
    told: set[str] = set()
    for part in document.parts:
        for node in (node for statement in part.statements for node in ast.walk(statement)):
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            name = f"{node.value.id}.{node.attr}"
            if node.attr in _restored and node.value.id in ("np", "numpy") and name not in told:
                told.add(name)
                place = part.place(node.lineno)
                yield tr(
                    "{name} ({place}) no longer exists in NumPy {version}; it was restored for this run",
                    name=name,
                    place=place,
                    version=np.__version__,
                )
