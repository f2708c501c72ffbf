"""What a layer holds: every array in it, wherever it is kept, and what its name says that it is."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import partial
from operator import setitem
from types import ModuleType
from typing import Any

import numpy as np

from convstep.candidate.call.words import roles_of
from convstep.frozen import frozen

DEEPEST, MOST = 6, 5_000
"""How far into a layer is looked, and at how many things."""

_INSIDE = ("data", "value", "val", "array", "arr", "param", "tensor", "values")
_GRADIENT = re.compile(
    r"^(?:nabla|deltas?|gradients?|grads?|d_?(?:l|loss|e|j|c|out)_?d|g|d|partial)_?(?P<what>.+)$"
    r"|^(?P<before>.+?)_?(?:gradients?|grads?|deltas?|derivatives?|g|diffs?)$"
)
_OF_CONV = r"^(d_?|grad_?|)(?:[fk]_?(b)|([wb])_?c(?:onv)?1?|c(?:onv)?1?_?([wb]))$"
"""How a network names what its convolution has: Wc, b_conv, dconv1_w, Fb."""
_BARE = re.compile(
    r"^_*(?:d|g|grads?|gradients?|deltas?|derivatives?|nabla|diffs?|grad_?dict|grad_?params)_*$", re.I
)
_BIAS = ("w0", "w_0", "theta0", "theta_0", "b0", "intercept", "offset", "shift", "threshold", "thresholds")
_KEPT = re.compile(
    r"(?:^|_)(?:[mvs]|mom\w*|vel\w*|momentum|cache\w*|adam\w*|rms\w*|prev\w*|last|old|best|cols?|accum\w*|avg\w*|first|second)"
    r"(?:_|$)|(?-i:^[mvs](?:[A-Z_]|d?[wbk]$|d[A-Zwb]))|moment|veloc|update",
    re.I,
)


@frozen(eq=False)
class Place:
    """Where an array is kept."""

    path: tuple[str, ...]
    """From the layer: names of attributes, and items as "[0]"."""
    value: Any
    """The array or tensor; of a list of numbers or of equal arrays, one array of all."""
    put: Callable[[Any], None]
    """Keep another one there."""
    single: bool = True
    """Whether it is kept as one array; else several make it up: a list's, or those of a list's objects."""

    @property
    def text(self) -> str:
        """The place as its author would write it after `self.`: "inner.W", "params['W']"."""
        return _text(self.path)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return tuple(self.value.shape)


def _text(path: tuple[str, ...]) -> str:
    return "".join(f".{piece}" if piece[0] != "[" else piece for piece in path).lstrip(".")


def places(root: Any, path: tuple[str, ...] = ()) -> list[Place]:
    """Every array in an object, the nearest first."""
    found: list[Place] = []
    numbers: list[Place] = []
    seen: set[int] = set()
    queue: list[tuple[tuple[str, ...], Any, Callable[[Any], None]]] = [(path, root, lambda value: None)]
    for at, value, put in queue:
        if len(queue) > MOST:
            break
        if len(at) > 1 and isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
            numbers.append(Place(at, np.asarray(value), put))
        if is_array(value):
            found.append(Place(at, value, put))
            for name in ("grad", "g"):
                if is_array(gradient := getattr(value, name, None)):
                    found.append(Place((*at, name), gradient, lambda value: None))
            continue
        if isinstance(value, list) and (whole := _numbers(value)) is not None:
            found.append(Place(at, whole, partial(_refill, value), single=False))
            continue
        if id(value) in seen or len(at) >= DEEPEST:
            continue
        seen.add(id(value))
        queue += [((*at, piece), each, keep) for piece, each, keep in _inside(value)]
    grouped = [*_groups([*found, *numbers])]
    return [*found, *grouped, *_groups(grouped, 1)]


def numbers_in(root: Any) -> dict[str, float]:
    """The numbers that an object holds as attributes, by name, and those in its dicts: `grads['b']`."""
    found: dict[str, float] = {}
    for piece, value, _ in _inside(root):
        inner = _inside(value) if isinstance(value, dict) else ()
        for path, each in (((piece,), value), *(((piece, key), each) for key, each, _ in inner)):
            if isinstance(each, (float, np.floating)):
                found[_text(path)] = float(each)
    return found


def _groups(found: list[Place], axis: int = 0) -> Iterator[Place]:
    """Arrays or numbers that lie alike in each part of a list, as one array: the filters of a layer.

    Args:
        found: where they are kept.
        axis: along which axis they are put together; 1 of lists in a list that is such an array already.
    """
    alike: dict[tuple[str, ...], list[Place]] = {}
    for place in found:
        index = next((at for at, piece in enumerate(place.path) if piece.strip("[]").isdigit()), None)
        if index is not None and place.single != bool(axis):
            alike.setdefault((*place.path[:index], "[:]", *place.path[index + 1 :]), []).append(place)
    for path, members in alike.items():
        if len({member.shape for member in members}) == 1 and not hasattr(members[0].value, "detach"):
            whole = np.stack([m.value for m in members], axis)
            yield Place(path, whole, _putting_each(members, axis), single=False)


def _refill(held: list[Any], new: Any) -> None:
    held[:] = new.tolist()


def _putting_each(members: list[Place], axis: int) -> Callable[[Any], None]:
    def keep(array: Any) -> None:
        for member, part in zip(members, np.moveaxis(array, axis, 0), strict=True):
            member.put(np.array(part) if member.value.ndim else float(part.reshape(())))

    return keep


def is_array(value: Any) -> bool:
    """Whether it is an array of numbers or a tensor."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "biuf"
    return hasattr(value, "detach") and hasattr(value, "shape") and hasattr(value, "numel")


def _numbers(values: list[Any]) -> Any:
    """Numbers in lists as an array; None for anything else."""
    inner: Any = values
    while isinstance(inner, list) and inner:
        inner = inner[0]
    if isinstance(inner, bool) or not isinstance(inner, (int, float)) or len(values) > MOST:
        return None
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return array if array.dtype.kind in "if" else None


def _inside(value: Any) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    """What something holds, by name, with a function that puts something else in its place."""
    if isinstance(value, (str, bytes, type, ModuleType, np.ndarray, np.generic, int, float, complex)):
        return
    if isinstance(value, dict):
        for key, each in list(value.items()):
            yield f"[{key!r}]", each, partial(setitem, value, key)
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value[:MOST]):
            yield f"[{index}]", each, partial(setitem, value, index)
    if inspect.isroutine(value):
        return
    module = type(value).__module__ or ""
    if module.partition(".")[0] in (
        "convstep",
        "builtins",
        "types",
        "random",
        "functools",
        "numpy",
    ):
        return
    held = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                held.setdefault(name, getattr(value, name))
    for inner in ("_parameters", "_modules", "_buffers"):  # where torch keeps what are attributes
        kept = held.pop(inner, None)
        held |= kept if isinstance(kept, dict) else {}
    for name, each in held.items():
        yield name, each, partial(setattr, value, name)


def says(path: tuple[str, ...]) -> tuple[str, bool, bool]:
    """What a place's name says: the role ("W", "b", "A_prev" or ""), and whether of its gradient.

    And whether it is rather a buffer, such as a momentum's.
    """
    words = [re.sub(r"^\['?(.*?)'?\]$", r"\1", piece) for piece in path]
    words = [re.sub(r"^_[A-Za-z0-9]+__(?=\w)", "", word) for word in words]  # self.__W is kept as _Conv__W
    role, gradient = "", any(_BARE.match(word) for word in words)
    for number, word in enumerate(reversed(words)):
        if word.isdigit() or (number == 0 and len(words) > 1 and word.lower().strip("_") in _INSIDE):
            continue
        role, inner = role_of(word)
        gradient |= inner
        if role:
            break
    kept = any(_KEPT.search(word) for word in words) and not role_of(words[-1])[0]
    return role, gradient, kept


def sounds(place: Place) -> bool:
    """Whether a place's name sounds like a gradient, of whatever."""
    words = [piece.strip("[]'").strip("_").lower() for piece in place.path]
    return any(
        _BARE.match(word) or re.match(r"d_|d[a-z]?$|delta|grad|din|dx|error|input_grad", word)
        for word in words
    )


def role_of(word: str) -> tuple[str, bool]:
    """The role that a word names, and whether it is the role's gradient.

    >>> role_of("dL_dW"), role_of("conv_weights"), role_of("loss")
    (('W', True), ('W', False), ('', False))
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", word.strip("_")).lower()
    plain = re.sub(_OF_CONV, r"\1\2\3\4", plain)
    if plain in _BIAS:
        return "b", False
    for role in ("W", "b"):
        if role in roles_of(plain) or _tail(plain, role):
            return role, False
    if plain in ("x", "input", "inputs", "inp", "a", "a_prev", "x_pad"):
        return "A_prev", False
    if found := _GRADIENT.match(plain):
        rest = (found["what"] or found["before"] or "").strip("_")
        for role in ("W", "b", "A_prev"):
            if role in roles_of(rest) or (role != "A_prev" and _tail(rest, role)):
                return role, True
    return "", False


def _tail(word: str, role: str) -> bool:
    """Whether a compound word begins or ends with a word for a role: conv_weights, bias_vector."""
    parts = [part for part in word.split("_") if part]
    if len(parts) < 2 or _BARE.match(parts[0]) or _BARE.match(parts[-1]):
        return False
    sizes = {"size", "shape", "num", "n", "dim", "height", "width", "count", "init", "decay", "col", "cols"}
    if sizes & set(parts) or any(_KEPT.fullmatch(part) for part in parts):
        return False
    ends = [part.rstrip("0123456789") for part in (parts[-1], parts[0])]
    return any(len(part) > 3 and role in roles_of(part) for part in ends)
