"""Runs in the child: which problem of an operator a call of somebody's backward was, whatever its layout.

Nothing is believed by name alone: a reading counts only if the operator's own gradients of that problem are
what the backward has returned.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convstep.candidate.record.filling import is_upstream
from convstep.candidate.verdicts import naming
from convstep.candidate.verdicts.calls import Called, Path, text, walked
from convstep.operators.operator import Array, Convention, Operator, OperatorProblem

CLOSE = 1e-6
"""How far two gradients may be apart that are the same, as a share of their size."""
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


@dataclass(frozen=True, slots=True, eq=False)
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

    Args:
        operator: what it is.
        backward: the call, as it was before it was made.
        forward: the forward's that belongs to it, if that is known.
        result: what it returned.
        owner: the object whose method it is, after the call, which may hold the rest.
        known: how an earlier call was read; that way is tried first.
    """
    found = _named(backward, forward)
    outcome = dict(walked({"": result} | ({"self": owner} if owner is not None else {})))
    for convention in _conventions(operator, known):
        for problem in _problems(operator, convention, found):
            reading = _borne_out(operator, convention, problem, outcome)
            if reading is not None:
                yield reading


def _conventions(operator: Operator, known: Reading | None) -> list[Convention]:
    own = Convention("own")
    single = {
        array: axes[1:] for array, axes in operator.axes.items() if axes.startswith("N") and len(axes) > 2
    }
    listed = [own, *(each for each in operator.conventions if each.lay is None)]
    listed += [
        Convention(f"{each.name}, one sample", {**each.axes, **_without_n(each, single)}) for each in listed
    ]
    return [*([known.convention] if known is not None else []), *listed]


def _without_n(convention: Convention, single: Mapping[str, str]) -> dict[str, str]:
    return {array: convention.axes.get(array, f"N{axes}").replace("N", "") for array, axes in single.items()}


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
    arrays = {name: _laid(operator, convention, name, _arrays(name, operator, found)) for name in inputs}
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
            arrays[name] = [np.zeros([lengths[axis] for axis in axes])]  # a bias changes no gradient
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
    found = (to_ours(one, convention.axes.get(name), operator.axes[name]) for one in given)
    return [one for one in found if one is not None]


def to_ours(array: Array, theirs: str | None, ours: str) -> Array | None:
    """An array in the operator's layout; None if it cannot lie like that."""
    if theirs is None or theirs == ours:
        return array if "*" in ours or array.ndim == len(ours) else None
    if "*" in theirs or "*" in ours:
        return _with_any(array, theirs, ours)
    if array.ndim != len(theirs) or any(
        size != 1 for axis, size in zip(theirs, array.shape, strict=True) if axis == "1"
    ):
        return None
    kept = [axis for axis in theirs if axis != "1"]
    array = array.reshape([size for axis, size in zip(theirs, array.shape, strict=True) if axis != "1"])
    missing = [axis for axis in ours if axis not in kept]
    if set(kept) - set(ours) or any(axis != "N" for axis in missing):
        return None
    array = array.transpose([kept.index(axis) for axis in ours if axis in kept])
    return array[None] if missing else array


def _with_any(array: Array, theirs: str, ours: str) -> Array | None:
    """Between layouts of any number of axes: one axis moves, or samples are columns of a matrix."""
    fixed = theirs.replace("*", "")
    more = array.ndim - len(fixed)
    if "1" in theirs or more < 0 or ("*" not in theirs and "*" in ours and array.ndim != len(theirs)):
        return None
    letters = [chr(0x3B1 + number) for number in range(max(more, 0))]
    if "*" in theirs:
        spelled = theirs.replace("*", "".join(letters))
        wanted = ours.replace("*", "".join(letters))
    else:
        spelled = theirs
        wanted = ours.replace("*", "".join(axis for axis in theirs if axis not in ours))
    if sorted(spelled) != sorted(wanted):
        return None
    return array.transpose([spelled.index(axis) for axis in wanted])


def to_theirs(array: Array, theirs: str | None, ours: str) -> Array:
    """A gradient of ours as they lay it; as it is where its axes are others."""
    if theirs is None or theirs == ours:
        return array
    if "*" in theirs or "*" in ours:
        back = _with_any(array, ours, theirs) if array.ndim >= 2 else None
        return array.T if back is None and array.ndim == 2 else array if back is None else back
    kept = [axis for axis in theirs if axis != "1"]
    if "N" in ours and "N" not in kept and array.ndim == len(ours) and len(array) == 1:
        array, ours = array[0], ours.replace("N", "")
    if array.ndim != len(ours) or set(kept) != set(ours):
        return array
    array = array.transpose([ours.index(axis) for axis in kept])
    sizes = iter(array.shape)
    return array.reshape([1 if axis == "1" else next(sizes) for axis in theirs])


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
    operator: Operator, convention: Convention, problem: OperatorProblem, outcome: Mapping[Path, Any]
) -> Reading | None:
    try:
        with np.errstate(all="ignore"):
            right = operator.right(problem)
    except Exception:  # these arrays are not its arguments
        return None
    came = [(path, array) for path, value in outcome.items() if (array := _array(value)) is not None]
    places: dict[str, Path] = {}
    scales: dict[str, float] = {}
    batch = len(next(iter(problem.arrays.values()))) or 1
    for name, gradient in right.items():
        of, theirs = name[1:], convention.axes.get(name[1:])
        for path, array in came:
            if path in places.values():
                continue
            ours = to_ours(array, theirs, operator.axes[of])
            if ours is None or ours.shape != gradient.shape:
                continue
            scale = next((one for one in (1.0, 1.0 / batch) if _same(ours, gradient * one)), None)
            if scale is not None:
                places[name], scales[name] = path, scale
                break
    if not places or not any(right[name].any() for name in places):
        return None
    return Reading(problem, convention, places, scales, right)


def _same(array: Array, other: Array) -> bool:
    size = np.abs(other).max(initial=0.0)
    return bool((np.abs(array - other) <= CLOSE * size + 1e-12).all())
