"""Runs in the child: which problem of an operator a call of somebody's backward was, whatever its layout.

Nothing is believed by name alone: a reading counts only if the operator's own gradients of that problem are
what the backward has returned.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convstep.candidate.operators.axes import Unsayable, layouts, ours, sizes, theirs
from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.calls import Called, Path, text, walked
from convstep.candidate.verdicts.naming import is_upstream
from convstep.frozen import frozen
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

CLOSE, SINGLE = 1e-6, 1e-4
"""How far two gradients may be apart that are the same, as a share of their size; in float32."""
MOST = 1 << 16
"""Cells of an output up to which a reading is tried: our loops are readable, not fast."""
GUESSED: Mapping[str, tuple[Any, ...]] = {
    "padding": ((0, 0), 0, (1, 1), 1),
    "output_padding": ((0, 0), 0),
    "dilation": ((1, 1), 1),
    "groups": (1,),
    "stride": ((1, 1), 1, (2, 2), 2),
    "size": ((2, 2), (3, 3)),
    "eps": (1e-5, 1e-8, 1e-7, 1e-6, 1e-3, 1e-12, 0.0),
}
"""What an option may be that nobody is told: a constant of theirs."""


@frozen(eq=False)
class Reading:
    """A call, read."""

    problem: OperatorProblem
    """What it was, in the operator's layout."""
    convention: Convention
    """How its arrays lie there."""
    places: Mapping[str, Path]
    """By gradient, where it was found: in what was returned, whose first word is "", or in the object."""
    scales: Mapping[str, float]
    """By gradient, what it is multiplied by there."""
    right: Mapping[str, Array]
    """The gradients, in the operator's layout."""


def readings(
    operator: Operator,
    backward: Called,
    forward: Called | None,
    result: Any,
    owner: Any = None,
    known: Reading | None = None,
) -> Iterator[Reading]:
    """What a call may have been, as far as its numbers bear it out.

    `backward` is the call before it was made, `forward` the one that belongs to it, if it is known; `owner`
    the object whose method it is, after the call, which may hold the rest. How an earlier call was read, the
    `known`, is tried first.
    """
    found = _named(backward, forward)
    outcome = dict(walked({"": result} | ({"self": owner} if owner is not None else {})))
    for convention in _conventions(operator, known):
        for problem in _problems(operator, convention, found):
            of_known = known is not None and convention is known.convention
            reading = _borne_out(operator, convention, problem, outcome, known=of_known)
            if reading is not None:
                yield reading


def _conventions(operator: Operator, known: Reading | None) -> Iterator[Convention]:
    """How its arrays may lie, the likeliest first; what only a function can lay is left out."""
    if known is not None:
        yield known.convention
    for each in layouts(operator):
        if each is None or each.lay is None:
            yield each or Convention("own")


# by name


def _named(backward: Called, forward: Called | None) -> list[tuple[str, Any]]:
    """All that the two calls are given, by the last word that leads there; the likeliest first."""
    found: list[tuple[str, Any]] = []
    for call in (backward, *(() if forward is None else (forward,))):
        unpacked = _unpacked(call.function)
        for path, value in walked(call.arguments()):
            name = naming.last(text(path))
            place = text(path)
            found.append((unpacked.get(place, name).lower().strip("_"), value))
    return found


@functools.lru_cache(64)
def _unpacked(function: Callable[..., Any]) -> dict[str, str]:
    """The names that a function gives to the parts of what it is handed: `(x, w) = cache`."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Tuple, ast.List)):
            whole = ast.unparse(node.value)
            for number, one in enumerate(node.targets[0].elts):
                if isinstance(one, ast.Name):
                    found[f"{whole}[{number}]"] = one.id
    return found


def _called(role: str, operator: Operator) -> set[str]:
    return {role.lower(), *operator.words.get(role, "").split()}


def _values(role: str, operator: Operator, found: Sequence[tuple[str, Any]]) -> Iterator[Any]:
    names = _called(role, operator)
    for name, value in found:
        if name in names:
            yield value


def _arrays(role: str, operator: Operator, found: Sequence[tuple[str, Any]]) -> list[Array]:
    seen: dict[int, Array] = {}
    for value in _values(role, operator, found):
        array = _array(value)
        if array is not None:
            seen.setdefault(id(value), array)
    return list(seen.values())[:4]


def _loose(operator: Operator, found: Sequence[tuple[str, Any]]) -> list[Array]:
    """The arrays whose names say nothing: `cache`, where that is x itself."""
    roles = (*operator.axes, *operator.upstream)
    known = {word for role in roles for word in _called(role, operator)}
    arrays = [_array(value) for name, value in found if name not in known and not is_upstream(name)]
    return [one for one in arrays if one is not None][:2]


def _array(value: Any) -> Array | None:
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return value.astype(np.float64) if value.dtype.kind == "f" else value
    return None


# which problem that is


def _problems(
    operator: Operator, convention: Convention, found: Sequence[tuple[str, Any]]
) -> Iterator[OperatorProblem]:
    upstream: dict[str, list[Any]] = {}
    for number, name in enumerate(operator.upstream):
        given = _arrays(name, operator, found)
        if not given:
            drawn = [
                array for key, value in found if is_upstream(key) and (array := _array(value)) is not None
            ]
            given = drawn[number : number + 1]
        upstream[name] = _laid(operator, convention, operator.outputs[number], given)
    inputs = [name for name in inspect.signature(operator.forward).parameters if name in operator.axes]
    arrays = {
        name: _laid(operator, convention, name, _arrays(name, operator, found) or _loose(operator, found))
        for name in inputs
    }
    lengths: dict[str, int] = {}
    for name, output in zip(operator.upstream, operator.outputs, strict=True):
        if operator.axes[output] == "" and not upstream[name]:
            upstream[name] = [np.array(1.0)]
        for one in upstream[name][:1]:
            lengths |= (
                zip(operator.axes[output], one.shape, strict=False)
                if "*" not in operator.axes[output]
                else ()
            )
    for name in inputs:
        axes = operator.axes[name]
        if not arrays[name] and all(axis in lengths for axis in axes):
            # a bias changes no gradient; one that is not 0 shows who lets it
            arrays[name] = [np.ones([lengths[axis] for axis in axes])]
    options = _options(operator, found)
    for chosen in itertools.islice(itertools.product(*arrays.values(), *upstream.values()), 16):
        values = dict(zip((*arrays, *upstream), chosen, strict=True))
        if sum(values[name].size for name in upstream) > MOST:
            return
        for option in itertools.islice(itertools.product(*options.values()), 64):
            yield OperatorProblem(
                {name: values[name] for name in arrays},
                {name: values[name] for name in upstream},
                dict(zip(options, option, strict=True)),
            )


def _laid(operator: Operator, convention: Convention, name: str, given: Sequence[Array]) -> list[Array]:
    """Arrays in the operator's layout; those that cannot lie like that are left out."""
    own = operator.axes[name]
    found = (to_ours(_classes(own, one), own, convention.axes.get(name, own)) for one in given)
    return [one for one in found if one is not None]


def _classes(own: str, array: Array) -> Array:
    """Labels as classes, where they are rows of zeros with a one."""
    if own != "N" or array.ndim != 2 or not ((array == 0) | (array == 1)).all() or (array.sum(1) != 1).any():
        return array
    return np.asarray(array.argmax(1))


def to_ours(array: Array, own: str, other: str) -> Array | None:
    """An array in the operator's layout; None if it cannot lie like that.

    >>> to_ours(np.zeros((3, 5)), "N*", "DN").shape
    (5, 3)
    """
    fixed = len(own.replace("*", ""))
    more = array.ndim - len(other.replace("*", "")) if "*" in other else "*" in own
    try:
        found = ours(array, own, other, (1,) * (fixed + more if "*" in own else fixed))
        back = theirs(found, own, other)
    except (Unsayable, ValueError, IndexError):
        return None
    return found if back.shape == array.shape else None


def to_theirs(operator: Operator, convention: Convention, gradient: str, array: Array) -> Array:
    """A gradient of ours as they lay it; as it is where its axes are others, as mistakes make them."""
    own = operator.axes[gradient[1:]]
    try:
        return theirs(array, own, convention.axes.get(gradient[1:], own))
    except (Unsayable, ValueError, IndexError):
        return array


def _options(operator: Operator, found: Sequence[tuple[str, Any]]) -> dict[str, list[Any]]:
    """The values that each option may have, the likeliest first."""
    sample = operator.small().options
    options: dict[str, list[Any]] = {}
    for name, like in sample.items():
        pair = isinstance(like, tuple)
        values = [_option(value, pair=pair) for value in _values(name, operator, found)]
        sides = [list(_values(f"{name}[{side}]", operator, found))[:1] for side in (0, 1)]
        if pair and all(sides):
            values.insert(0, _option((sides[0][0], sides[1][0]), pair=True))
        known = [value for value in dict.fromkeys(values) if value is not None]
        options[name] = known or [
            value for value in GUESSED.get(name, (like,)) if isinstance(value, tuple) == pair
        ]
    if "stride" in options and "size" in options and not list(_values("stride", operator, found)):
        options["stride"] = [*options["size"], *options["stride"]]
    return options


def _option(value: Any, *, pair: bool) -> Any:
    if isinstance(value, (bool, str)) or value is None:
        return None
    if isinstance(value, (int, np.integer)):
        return (int(value),) * 2 if pair else int(value)
    if isinstance(value, (float, np.floating)) and not pair:
        return float(value)
    if (
        pair
        and isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(n, (int, np.integer)) for n in value)
    ):
        return tuple(int(n) for n in value)
    return None


# whether its gradients are those that came


def _borne_out(
    operator: Operator,
    convention: Convention,
    problem: OperatorProblem,
    outcome: Mapping[Path, Any],
    *,
    known: bool,
) -> Reading | None:
    try:
        with np.errstate(all="ignore"):
            right = operator.right(problem)
    except Exception:  # these arrays are not its arguments
        return None
    came = [
        (path, array, SINGLE if getattr(value.dtype, "itemsize", 8) < 8 else CLOSE)
        for path, value in outcome.items()
        if (array := _array(value)) is not None
    ]
    places: dict[str, Path] = {}
    scales: dict[str, float] = {}
    batch = sizes(operator, problem).get("N", 1) or 1
    for name, gradient in right.items():
        own = operator.axes[name[1:]]
        for path, array, close in came:
            if path in places.values():
                continue
            laid = to_ours(array, own, convention.axes.get(name[1:], own))
            if laid is None or laid.shape != gradient.shape:
                continue
            scales_known = (1.0, 1.0 / batch, batch)
            scale = next((one for one in scales_known if _same(laid, gradient * one, close)), None)
            if scale is not None:
                places[name], scales[name] = path, scale
                break
    if not places or not (known or any(right[name].any() for name in places)):
        return None  # zeros fit whatever it was
    return Reading(problem, convention, places, scales, right)


def _same(array: Array, other: Array, close: float) -> bool:
    size = np.abs(other).max(initial=0.0)
    return bool((np.abs(array - other) <= close * size + 1e-12).all())
