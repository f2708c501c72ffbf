"""Purity: which calls cannot change an array without a hook noticing, as far as the source tells."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Collection, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

_OTHERS = {"setattr", "exec", "eval", "map", "filter", "next", "list", "tuple", "sorted"}
BUILTINS = frozenset(dir(builtins)) - _OTHERS
"""Builtins that write nothing, and run nothing of somebody else's."""
HARMLESS = BUILTINS | {"list", "tuple", "sorted"}
"""With those that may run an iterator, which is followed itself where it is the source's own."""
SILENT = frozenset(
    {
        "abs", "bool", "complex", "divmod", "float", "int", "len", "max", "min", "pow", "range", "round",
        "slice",
    }
)  # fmt: skip
"""Builtins that call nobody back, given numbers or arrays."""
MUTATING = frozenset(
    {
        "copyto", "put", "place", "putmask", "put_along_axis", "fill_diagonal", "shuffle", "at",
        "apply_along_axis", "apply_over_axes", "vectorize", "frompyfunc", "fromfunction", "piecewise",
        "nditer", "fromiter", "setflags", "setbufsize", "as_strided", "einsum_path", "broadcast",
    }
)  # fmt: skip
"""What of NumPy writes into what it is given, or calls somebody else's function."""
_OUT = {
    "dot": 2, "concatenate": 2, "clip": 3, "take": 3, "sum": 3, "mean": 3, "prod": 3,
    "cumsum": 3, "cumprod": 3,
    "max": 2, "min": 2, "amax": 2, "amin": 2, "any": 2, "all": 2, "argmax": 2, "argmin": 2, "round": 2,
    "around": 2, "std": 3, "var": 3, "trace": 5, "stack": 2, "choose": 2, "compress": 3, "nan_to_num": 1,
}  # fmt: skip
"""How many arguments functions of NumPy take before one that they write into."""
METHODS = frozenset(
    {
        "sum", "mean", "max", "min", "argmax", "argmin", "reshape", "transpose", "copy", "astype",
        "dot", "any", "all", "std", "var", "prod", "cumsum", "cumprod", "flatten", "ravel", "squeeze",
        "swapaxes", "repeat", "take", "clip", "round", "tolist", "item", "nonzero", "items", "keys",
        "values", "get", "append", "extend", "insert", "pop", "format", "join", "split", "strip",
        "lower", "upper", "startswith", "endswith", "index", "count", "ptp", "trace", "diagonal",
        "conj", "compress", "choose", "searchsorted", "argsort", "argpartition", "view", "tobytes",
        "setdefault", "update", "add", "remove", "discard", "clear", "replace", "encode", "decode",
        "isdigit", "title", "zfill", "bit_length", "is_integer",
    }
)  # fmt: skip
"""Methods of arrays, containers and texts that write no cell."""
_NOTHING = object()
PURE_MODULES = frozenset({"math", "cmath", "itertools", "time", "copy", "statistics", "scipy"})
"""Modules whose functions write into nothing that they are given."""


class Purity:
    """Knows the names that a source can call."""

    def __init__(self, namespace: Mapping[str, Any], followed: Collection[str]) -> None:
        """Judge calls in the source's globals; `followed` functions and classes are rewritten themselves."""
        self._namespace, self._followed = namespace, followed
        self._found: dict[str, Any] = {}

    def still_holds(self) -> bool:
        """Whether the names that it was asked about mean what they meant."""
        return all(self._namespace.get(name, _NOTHING) is value for name, value in self._found.items())

    def _meant(self, name: str) -> Any:
        """What a global name means; `_NOTHING` for none."""
        found = self._found[name] = self._namespace.get(name, _NOTHING)
        return found

    def changes(self, call: ast.Call) -> bool:
        """Whether a call may change an array without a hook noticing."""
        if any(
            keyword.arg == "out" or (keyword.arg or "").startswith("overwrite") for keyword in call.keywords
        ):
            return True
        match call.func:
            case ast.Name(id=name):
                if name in self._followed:
                    # a decorator may run something else, or something more
                    found = self._meant(name)
                    return (
                        found is not _NOTHING and not isinstance(found, (FunctionType, type, None.__class__))
                    ) or hasattr(found, "__wrapped__")
                return self._meant(name) is not _NOTHING or name not in HARMLESS
            case ast.Attribute(value=inner, attr=attr):
                module = self._module(inner)
                if module is None:
                    return attr not in METHODS and attr not in self._followed
                return self._of_module(module, attr, call)
        return True

    def runs_nothing(self, call: ast.Call) -> bool:
        """Whether a call runs nothing but NumPy, or a builtin that calls nobody back."""
        match call.func:
            case ast.Name(id=name):
                return name in SILENT and self._meant(name) is _NOTHING and name not in self._followed
            case ast.Attribute(value=inner, attr=attr):
                if self._module(inner) is None:
                    return attr in METHODS and attr not in self._followed
                return not self.changes(call)
        return False

    def _of_module(self, module: ModuleType | np.ufunc, attr: str, call: ast.Call) -> bool:
        if isinstance(module, np.ufunc):
            return attr == "at" or len(call.args) > 3
        if module.__name__.partition(".")[0] == "numpy":
            function = getattr(module, attr, None)
            if len(call.args) > _OUT.get(attr, 99):
                return True
            if isinstance(function, np.ufunc) and len(call.args) > function.nin:
                return True
            return attr in MUTATING
        return module.__name__.partition(".")[0] not in PURE_MODULES

    def _module(self, node: ast.expr) -> ModuleType | np.ufunc | None:
        """The module, or the ufunc, that an expression names: `np.random`, `np.add`."""
        if isinstance(node, ast.Name):
            found = self._meant(node.id)
        elif isinstance(node, ast.Attribute):
            module = self._module(node.value)
            found = getattr(module, node.attr, None) if isinstance(module, ModuleType) else None
        else:
            return None
        return found if isinstance(found, (ModuleType, np.ufunc)) else None
