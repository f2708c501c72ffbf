"""What a candidate returned as plain arrays: from tuples, dicts, dataclasses, tensors, lists of numbers."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from convstep.candidate.call.call import Call
from convstep.candidate.call.containers import LAYER, word_of
from convstep.candidate.call.conventions import CONVENTIONS, Convention
from convstep.candidate.call.failure import Unusable, short
from convstep.candidate.call.layouts import Layouts
from convstep.candidate.call.objects import role_of
from convstep.candidate.load.parsing import tree_of
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.oracle.messages import longest_about
from convstep.steps.cells import Array

MOST = 64
"""Values that a candidate may return."""


def plain_gradients(
    result: Any, convention: Convention, problem: Problem
) -> tuple[tuple[Array, ...], tuple[str, ...]]:
    """What came back as arrays, with names where it has them or some of them are None.

    `Unusable` if something in it is not an array of numbers.
    """
    if result is None:
        raise Unusable(tr("it returned None; a backward must return its gradients"))
    if isinstance(result, list) and of_filters(result, convention.layouts, problem):
        result = (result,)
    values, labels = flattened(result, taken(convention.told), len(convention.layouts.W))
    if not values:
        raise Unusable(tr("it returned no gradient: {result}", result=short(repr(result))))
    if convention.name not in CONVENTIONS and not labels:
        values = tuple(value for value in values if value is not None)
        if not values:
            raise Unusable(tr("every gradient that it returned is None"))
    elif not labels and any(value is None for value in values[: len(convention.returns)]):
        # a first layer returns None for the gradient of its input; the others keep their places
        labels = convention.returns[: len(values)]
        values = values[: len(labels)]
    if len(values) > MOST:
        raise Unusable(tr("it returned {count} values; a backward returns its gradients", count=len(values)))
    kept = [value is not None for value in values]
    if not any(kept):
        raise Unusable(tr("every gradient that it returned is None"))
    arrays = [plain(value) for value in values if value is not None]
    check_size(arrays, problem)
    return (
        tuple(arrays),
        tuple(label for label, has in zip(labels, kept, strict=True) if has) if labels else (),
    )


def check_size(arrays: Sequence[Array], problem: Problem) -> None:
    """Refuse, as `Unusable`, what is far too large for a gradient, before comparing it fills the memory."""
    if sum(array.nbytes for array in arrays) > longest_about(problem) // 4:
        count = sum(array.size for array in arrays)
        raise Unusable(tr("it returned {count} numbers, far more than its gradients have", count=count))


def plain(value: Any) -> Array:
    """A plain array of real numbers: the data of a masked array, the numbers in memory of a subclass."""
    try:
        array = np.asarray(_readable(value) if hasattr(value, "detach") else value)
    except Exception as error:
        kind, reason = type(value).__name__, short(str(error))
        raise Unusable(
            tr("it returned a {kind} that cannot be read as an array: {reason}", kind=kind, reason=reason)
        ) from None
    if np.iscomplexobj(array):
        largest = np.abs(array.real).max(initial=1e-300, where=np.isfinite(array.real))
        if not (np.abs(array.imag) <= 1e-9 * largest).all():  # NaN is not real either
            raise Unusable(tr("it returned complex numbers; a gradient is real"))
        array = array.real
    if array.dtype.kind not in "biuf":
        raise Unusable(
            tr(
                "it returned a {kind} of {dtype}; a gradient is an array of numbers",
                kind=type(value).__name__,
                dtype=array.dtype.name,
            )
        )
    return np.ascontiguousarray(array) if array.ndim else array


def same(first: Array, second: Array) -> bool:
    """Whether shapes and numbers are the same, NaN and NaN too."""
    if first.shape != second.shape:
        return False
    if first.dtype == second.dtype and first.tobytes() == second.tobytes():
        return True  # as nearly always, and sooner told
    return bool(np.array_equal(first, second, equal_nan=True))


def _readable(tensor: Any) -> Any:
    """A tensor as NumPy can read it: on the CPU, pending signs applied, in a precision that NumPy has."""
    read = tensor.detach().cpu()
    for lazy in ("resolve_conj", "resolve_neg"):
        read = getattr(read, lazy, lambda read=read: read)()
    return read.float() if str(getattr(read, "dtype", "")) == "torch.bfloat16" else read


def taken(call: Call | None) -> dict[str, str]:
    """The roles of a candidate's own parameters, which a dict of gradients may have as its keys."""
    method = call.backward if call is not None else None
    return {word_of(name): role for name, role in method.given} if method is not None else {}


def of_filters(parts: Sequence[Any], layouts: Layouts, problem: Problem) -> bool:
    """Whether a list has an array for each filter: dW alone, and not several gradients."""
    axes = len(layouts.W) - 1
    return (
        layouts.W[0] == "O"
        and len(parts) == len(problem.W)
        and _is_one(parts, axes + 1)
        and axes == parts[0].ndim
    )


def _is_one(parts: Sequence[Any], axes: int) -> bool:
    """Whether a list is one gradient, of planes or numbers alike; dW has so many axes."""
    shapes = {getattr(part, "shape", None) for part in parts}
    return len(shapes) == 1 and None not in shapes and parts[0].ndim != axes


def flattened(
    result: Any, roles: Mapping[str, str] | None = None, axes: int = 4
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """What a candidate returned as a flat tuple, and the names it gave, if it returned a dict.

    `dX, [dW, db]` becomes three values, a list of planes or of numbers stays one; a dict is taken by its
    keys' meaning, and what stands beside it is what it does not name. The roles are those of the candidate's
    parameters, the axes those of dW.
    """
    meaning = functools.partial(meaning_among, roles or {})
    if is_dataclass(result) and not isinstance(result, type):
        result = {each.name: getattr(result, each.name) for each in fields(result)}
    elif isinstance(result, tuple) and hasattr(result, "_asdict") and all(map(meaning, result._asdict())):
        result = result._asdict()
    if isinstance(result, Mapping):
        found = {meaning(str(key)): value for key, value in result.items()}
        found.pop("", None)
        return tuple(found.values()), tuple(found)
    if isinstance(result, (tuple, list)):
        flat: list[Any] = []
        held = [part for part in result if isinstance(part, Mapping)]
        if held and all(any(map(meaning, map(str, part))) for part in held):  # dX, {"dW": …, "db": …}
            labelled = {meaning(str(key)): value for part in held for key, value in part.items()}
            free = [name for name in ("dA_prev", "dW", "db") if name not in labelled]
            others = [part for part in result if not isinstance(part, Mapping)]
            labelled |= dict(zip(free, others, strict=False))
            labelled.pop("", None)
            return tuple(labelled.values()), tuple(labelled)
        planes = any(isinstance(part, list) and part and isinstance(part[0], list) for part in result)
        for part in result:
            inner = isinstance(part, (tuple, list)) and any(hasattr(item, "shape") for item in part)
            inner = inner and not (isinstance(part, list) and _is_one(part, axes))
            flat += part if inner and not planes else [part]  # beside kernels[f][c], a list is of planes
        return tuple(flat), ()
    return (result,), ()


def returned_names(source: str) -> list[str]:
    """What a function's author calls what it returns at its end; "" for what has no name."""
    ends = [node.value for node in ast.walk(tree_of(source)) if isinstance(node, ast.Return)]
    if not ends or not isinstance(ends[-1], ast.Tuple):
        return []
    return [each.id if isinstance(each, ast.Name) else "" for each in ends[-1].elts]


def meaning(key: str) -> str:
    """Which gradient a name stands for: "dW", "db", "dA_prev", or ""."""
    role, _ = role_of(key.removeprefix("self."))
    return f"d{role}" if role else ""


def meaning_among(roles: Mapping[str, str], key: str) -> str:
    """The same of a name that may be one of the candidate's own parameters: `krn`, `d_krn`, `krn_grad`.

    A candidate that is told the number of its layer has it in its keys: `dW1`.
    """
    if "layer" in roles.values():
        key = re.sub(f"_?{LAYER}$", "", key)
    bare = re.sub(r"(?i)^(d|g|grad|gradient|delta)_?(?=\w)|_?(grad|gradient|delta|bar)$", "", key)
    role = roles.get(key, roles.get(bare, ""))
    return f"d{role}" if role in ("W", "b", "A_prev") else meaning(key)
