"""Runs in the child: what a forward is handed that writes all it makes into its arguments, as in C."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.operators.telling import Told


def to_fill(forward: Callable[..., Any], backward: Callable[..., Any], told: Told) -> dict[str, Any]:
    """By parameter: its output, a number a row of x for what its backward takes too, and x's lengths.

    Lengths are parameters in capitals, one for each axis of x. Empty unless the forward returns nothing, and
    writes into its output.
    """
    words, written = told.words, _written(forward)
    names = [each.name for each in parameters_of(forward)]
    shared = {each.name for each in parameters_of(backward)}
    outputs = [name for name in names if name in written and words.role(name) in words.outputs]
    lengths = [name for name in names if re.fullmatch("[A-Z]", name)]
    x = told.arrays.get(words.arrays[0])  # some conventions have it under their own name
    if not outputs or x is None or (lengths and len(lengths) != np.ndim(x)):
        return {}
    kept = [name for name in names if name in written & shared and name not in outputs]
    return {
        **{name: told.arrays[words.role(name)] * 0 for name in outputs},
        **dict(zip(kept, (x[..., 0] * 0 for _ in kept), strict=True)),
        **dict(zip(lengths, np.shape(x), strict=False)),
    }


@functools.lru_cache(16)
def _written(function: Callable[..., Any]) -> frozenset[str]:
    """The names whose cells a function writes; none if it returns something."""
    with contextlib.suppress(TypeError, OSError, SyntaxError):
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
        if any(isinstance(node, ast.Return) and node.value is not None for node in nodes):
            return frozenset()
        places = [node for node in nodes if isinstance(node, ast.Subscript)]
        stored = [place.value for place in places if isinstance(place.ctx, ast.Store)]
        return frozenset(value.id for value in stored if isinstance(value, ast.Name))
    return frozenset()
