"""Find the gradients of a layer after its backward: returned, kept, or applied to its kernels."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import by_name, methods_like
from convstep.candidate.call.layer import Before, Layer
from convstep.candidate.call.layers import RATE
from convstep.candidate.call.layouts import sides_of
from convstep.candidate.call.objects import Place, is_array, places, says, sounds
from convstep.candidate.call.outcome import NAMES
from convstep.candidate.call.returned import check_size, plain
from convstep.language import tr
from convstep.steps.cells import Array

UPDATES = r"update\w*|step|apply_grad\w*|optimi[sz]e|learn|weight_update"
"""What is called to have the kernels updated."""


def read(layer: Layer, result: Any, before: Before) -> dict[str, Any]:
    """The gradients by name, as the layer has them, from what its backward returned or changed.

    `before` is what its arrays were before that, by place.
    """
    after = places(layer.held)
    returned = places(result, ("returned",)) if result is not None else []
    if told := dict(layer.call.places):
        everything = {place.text: place.value for place in (*after, *returned)}
        found = {name: everything[told[name]] for name in NAMES if told.get(name) in everything}
        changes = [name for name in NAMES if told.get(name) == "change"]
    else:
        found, changes = _search(layer, after, returned, before)
    layer.where |= dict.fromkeys(changes, "change")
    for name in changes:
        _read_change(layer, name, before, found)
    return found


def _search(
    layer: Layer, after: list[Place], returned: list[Place], before: Before
) -> tuple[dict[str, Any], list[str]]:
    """The gradients in what was returned and in what has changed, and those that are changes."""
    changed = [place for place in after if _has_changed(place, before)]
    own = {layer.where.get("W"), layer.where.get("b")}
    fresh = [place for place in changed if place.text not in own]
    moved = {place.text for place in changed}
    updated = {f"d{name}" for name in ("W", "b") if name in layer.rates and layer.where.get(name) in moved}
    found: dict[str, Place] = {}
    outer = sorted(returned, key=lambda place: not place.single)
    for name in ("dA_prev", "dW", "db")[: 2 if layer.other_bias else 3]:  # by name, then by shape
        kept = [place for place in fresh if _named(place) == name]
        pick = next((place for place in outer if _named(place) == name), None)
        if name not in updated:  # what is returned besides an update is the gradient of the input
            pick = pick or next((p for p in outer if _fits(layer, name, p) and p not in found.values()), None)
        pick = pick or next((place for place in kept if _fits(layer, name, place)), None)
        if pick is None and name != "dA_prev":
            # what has the size of a bias is its gradient only where there is one
            new = [place for place in fresh if name == "dW" or "b" in layer.where or layer.problem.b is None]
            pick = next((place for place in kept), None)
            if name not in updated:  # what an update moves besides has its size, too: its momentum
                fitting = (place for place in new if _fits(layer, name, place) and _is_new(place))
                pick = pick or next(fitting, None)
        if pick is not None:
            found[name] = pick
    if "dA_prev" not in found:
        left = [p for p in outer if p.single and p not in found.values() and len(p.shape) > 1]
        named = [p for p in fresh if _named(p) == "dA_prev" or (_fits(layer, "dA_prev", p) and sounds(p))]
        left += [place for place in named if len(place.shape) == len(sides_of(layer.layouts.A))]
        if left:
            found["dA_prev"] = left[0]
    layer.where |= {name: place.text for name, place in found.items()}
    changes = [f"d{n}" for n in layer.rates if f"d{n}" not in found and layer.where.get(n) in moved]
    if "dW" not in found and layer.where.get("W") not in moved:
        changes = _updated(layer, before)
    return {name: place.value for name, place in found.items()}, changes


def _updated(layer: Layer, before: Before) -> list[str]:
    """Have it update its kernels by a method meant for that."""
    for method in methods_like(layer.held, UPDATES):
        with contextlib.suppress(Exception):
            method(*by_name(method, layer.problem, layer.call))
        moved = {place.text for place in places(layer.held) if _has_changed(place, before)}
        if layer.where.get("W") in moved:
            return [f"d{n}" for n in ("W", "b") if layer.where.get(n) in moved]
    return []


def _read_change(layer: Layer, name: str, before: Before, found: dict[str, Any]) -> None:
    """A gradient from what an update subtracted, divided by the learning rate."""
    if (place := layer.place(name[1:])) is None:
        return
    if not _has_changed(place, before) and _updated(layer, before):
        place = layer.place(name[1:])
    if place is not None:
        found[name] = (before[place.text][1] - plain(place.value)) / layer.rates.get(name[1:], RATE)


def _named(place: Place) -> str:
    """The gradient that a place's name says; "" if it says none."""
    role, gradient, kept = says(place.path)
    return f"d{role}" if role and gradient and not kept else ""


def _fits(layer: Layer, name: str, place: Place) -> bool:
    """Whether an array has the shape of a gradient."""
    problem = layer.problem
    if name == "dA_prev":
        return place.shape == layer.layouts.theirs("A_prev", problem.A_prev).shape
    array = getattr(problem, name[1:])
    return array is not None and place.shape == layer.layouts.theirs(name[1:], array).shape


def ours(layer: Layer, found: dict[str, Any]) -> dict[str, Array]:
    """Gradients as plain arrays in our layout."""
    arrays = {name: plain(value) for name, value in found.items()}
    check_size(list(arrays.values()), layer.problem)
    return {name: _ours(layer, name, array) for name, array in arrays.items()}


def _ours(layer: Layer, name: str, array: Array) -> Array:
    if name == "db" and array.size == len(layer.problem.W) and array.shape != (array.size,):
        layout = layer.layout("b", array.shape)
        return array.reshape(-1) if layout else array
    return layer.layouts.ours(name, array, layer.problem.geometry)


def note_Z(layer: Layer) -> None:
    """Note what its forward returned, in our layout; a bias that it has not is added."""
    if layer.Z is None or not is_array(layer.Z):
        return
    array, axes = plain(layer.Z), layer.layouts.Z or layer.layouts.A
    if array.ndim != len(sides_of(axes)) and not layer.call.places:
        raise Unusable(
            tr("its forward returned an array of shape {shape}, not of {axes}", shape=array.shape, axes=axes)
        )
    Z = layer.layouts.ours("Z", array, layer.problem.geometry)
    given = any(role == "b" for way in (layer.call.maker, layer.call.forward) if way for _, role in way.given)
    if (
        not given
        and "b" not in layer.where
        and layer.problem.b is not None
        and Z.shape == layer.problem.dZ.shape
    ):
        Z = Z + layer.problem.b
    layer.facts["Z"] = Z


def _has_changed(place: Place, before: dict[str, tuple[int, Array]]) -> bool:
    if place.text not in before:
        return True
    identity, kept = before[place.text]
    return (place.single and identity != id(place.value)) or not np.array_equal(
        kept, plain(place.value), equal_nan=True
    )


def _is_new(place: Place) -> bool:
    """Whether an array may be a gradient: its name says neither another role nor that it is a buffer."""
    role, _, kept = says(place.path)
    return not kept and not role
