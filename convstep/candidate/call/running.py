"""Runs in the child: make a layer for one problem, give it the kernels, run it, read its gradients."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import random
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.by_name import ForwardFailed
from convstep.candidate.call.call import TAPE, Call
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import _Plain, value_of
from convstep.candidate.call.layer import CLEARING, Before, Layer, box_of, called, cleared
from convstep.candidate.call.layers import RATE
from convstep.candidate.call.layouts import Inputs
from convstep.candidate.call.objects import Place, is_array, places, says
from convstep.candidate.call.outcome import UNCLEARED
from convstep.candidate.call.rates import set_rates, written_rate
from convstep.candidate.call.reading import note_Z, ours, read
from convstep.candidate.call.returned import plain
from convstep.candidate.call.tape import tape_of
from convstep.conv.forward import expected_forward
from convstep.language import tr
from convstep.steps.cells import Array


def run_layer(
    kind: Callable[..., Any], call: Call, inputs: Inputs, facts: dict[str, Any]
) -> dict[str, Array]:
    """Make a layer, run it forward and back, and read its gradients, in our layout.

    The facts tell the outcome meanwhile what was found where ("places"), or where it failed; what the layer
    was handed is put into the inputs. `ForwardFailed` if one that runs on other problems cannot be made or
    run forward on this one.
    """
    try:
        return _run(kind, call, inputs, facts)
    except Exception as error:
        if call.places and facts["places"] != ("stage backward",):
            raise ForwardFailed from error
        raise


def _run(kind: Callable[..., Any], call: Call, inputs: Inputs, facts: dict[str, Any]) -> dict[str, Array]:
    def at(stage: str) -> None:
        facts["places"] = (f"stage {stage}",)

    at("make")
    assert call.maker is not None
    assert call.layouts is not None
    problem, tensors = inputs.problem, bool(call.tensors)
    random.seed(0)
    np.random.seed(0)  # what it draws besides its kernels is the same for problems that are compared
    held = called(kind, call.maker, lambda role: value_of(role, problem, call, tensors))
    for name, role in call.maker.given:
        if name.startswith("self."):  # set from outside
            setattr(held, name[5:], value_of(role, problem, call, tensors))
    if hasattr(held, "double") and hasattr(held, "parameters"):
        held.double()  # a module of PyTorch's
    layer = Layer(held, call, problem, call.layouts, facts, tensors=tensors)
    assert call.forward is not None
    forward = getattr(type(held), call.forward.name, None)
    if call.backward is not None and call.backward.name == TAPE:
        layer.box = tape_of(kind)
    elif inspect.isfunction(forward) and not tensors:
        layer.box = box_of(forward)
    at("plant")
    layer.plant()
    lacking = [
        n for n, value in getattr(held, "__dict__", {}).items() if value is None and "optim" in n.lower()
    ]
    for name in [] if any(_may_be_none(type(held), name) for name in lacking) else lacking:
        setattr(held, name, _Plain())  # its model would hand it one
    plainly = any(isinstance(each, _Plain) for each in getattr(held, "__dict__", {}).values())
    told = (
        set_rates(held)
        or plainly
        or any(
            role in ("rate", "optimizer", "hparameters")
            for method in (call.maker, call.backward)
            if method
            for _, role in method.given
        )
    )
    layer.rates = dict.fromkeys(("W", "b"), RATE) if told else _own_rates(layer)
    before: Before = {}
    if call.after:
        layer.problem = problem.with_arrays(A_prev=1 - problem.A_prev, dZ=1 - problem.dZ)
    uncleared = False
    for turn in range(2 if call.again or call.after else 1):
        if turn:
            layer.problem = problem
            kept = [place for name in ("dW", "db") if (place := layer.place(name)) is not None]
            uncleared = not _clear(held, kept) and bool(kept) and not _is_used(held, kept)
            if uncleared and call.after:  # whether they add up is asked on one picture
                _set_to_zero(kept)
            layer.put_back(before)
        at("forward")
        layer.forward()
        if not turn and not call.places:
            _find_bias(layer)
            _choose_order(layer)
        at("output")
        note_Z(layer)
        before = {place.text: (id(place.value), np.array(plain(place.value))) for place in places(held)}
        at("backward")
        result = layer.backward()
        found = read(layer, result, before)
    if not found:
        if result is None:
            raise Unusable(tr("it returned None and left no gradient in the layer"))
        raise Unusable(tr("no gradient was found in what it returned or in the layer"))
    for name, handed in layer.inputs.items():
        handed = layer.unboxed(handed)
        if not np.array_equal(plain(handed), plain(layer.unboxed(layer.hand(name))), equal_nan=True):
            setattr(inputs, name, plain(handed))  # it was changed in place
    gradients = ours(layer, found)
    facts["places"] = (
        *_places(layer),
        *(("optimizer plain",) if plainly else ()),
        *((UNCLEARED,) if uncleared else ()),
    )
    return gradients


def _may_be_none(kind: type, name: str) -> bool:
    """Whether a class asks if its attribute, or a property over it, is None."""
    asked = rf"\bself\._*{name.strip('_')}(?: is (?:not )?None\b|:|\s+and\b)"
    with contextlib.suppress(TypeError, OSError):
        return re.search(asked, inspect.getsource(kind)) is not None
    return False


def _own_rates(layer: Layer) -> dict[str, float]:
    """The rates by which its code updates what it keeps, where the step can be told from its rounding."""
    found = {}
    for name in ("W", "b"):
        place = layer.place(name)
        rate = written_rate(layer.held, place.path) if place is not None else 0.0
        if place is not None and rate > (1e-6 if str(place.value.dtype).endswith("64") else 0.05):
            found[name] = rate
    return found


def on_one_object(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[[], None]]:
    """For an adapter, a class that returns one object whenever it is called; other functions as they are.

    And what clears the object's gradients where its file offers that.
    """
    kind = function.args[0] if isinstance(function, functools.partial) and function.args else None
    if not isinstance(kind, type):
        return function, lambda: None
    made: list[Any] = []

    def one(cls: type, *arguments: Any, **named: Any) -> Any:
        if not made:
            made.append(kind(*arguments, **named))
        return made[0]  # not an instance of `cls`, so that it is not initialized again

    stand_in = type(kind)(kind.__name__, (kind,), {"__new__": one, "__module__": kind.__module__})
    assert isinstance(function, functools.partial)

    def clear() -> None:
        for held in made:
            gradients = [each for each in places(held) if says(each.path)[1] and not says(each.path)[2]]
            _clear(held, gradients)

    return functools.partial(function.func, stand_in, *function.args[1:], **function.keywords), clear


def _places(layer: Layer) -> tuple[str, ...]:
    """Where each thing was found, as `Outcome.places` lists it."""
    found = [f"{name} {where}" for name, where in layer.where.items()]
    found += [f"other-bias {layer.other_bias}"] if layer.other_bias else []
    if "change" in layer.where.values() and layer.rates.get("W", RATE) != RATE:
        found.append(f"rate {layer.rates['W']:g}")
    found += [f"W-layout {layer.layouts.W}"] if "W" in layer.where else []
    found.append("kernel {}x{}".format(*layer.problem.geometry.kernel_shape[1:3]))
    return (*found, *([f"b-layout {layer.layouts.b}"] if "b" in layer.where else []))


def _find_bias(layer: Layer) -> None:
    """Find a bias that is not called one: the array whose numbers are added to the output, a filter each."""
    problem = layer.problem
    if "b" in layer.where or problem.b is None or not is_array(layer.Z):
        return
    steps, layouts = np.arange(1.0, len(problem.b) + 1), layer.layouts
    first = layer.layouts.ours("Z", plain(layer.Z), problem.geometry)
    for place in places(layer.held):
        _, gradient, kept = says(place.path)
        layout, known = layer.layout("b", place.shape), place.text in layer.where.values()
        numbers = place.single and str(place.value.dtype).rpartition(".")[2].startswith("float")
        if layout is None or gradient or kept or known or not numbers:
            continue
        before, layer.layouts = np.array(plain(place.value)), replace(layouts, b=layout)
        layer.where["b"] = place.text
        layer.put_numbers(place, before + layer.layouts.theirs("b", steps))
        layer.forward()
        Z = layer.layouts.ours("Z", plain(layer.Z), problem.geometry)
        if Z.shape == first.shape and np.allclose(Z - first, steps):
            layer.put("b", problem.b)
            layer.forward()
            return
        del layer.where["b"]
        layer.layouts = layouts
        layer.put_numbers(place, before)
        layer.forward()


def _choose_order(layer: Layer) -> None:
    """Find out from the forward in which order kernels lie, where their shape leaves it open.

    Flat ones may run channels first or last, and three input channels look like a side of 3x3 kernels.
    What its forward makes may be a multiple of what is right, or end in a ReLU.
    """
    place = layer.place("W") if "W" in layer.where else None
    if place is None or not is_array(layer.Z):
        return
    first, problem = layer.layouts.W, layer.problem
    layouts = list(dict.fromkeys((first, *layer.orders("W", place.shape))))
    if len(layouts) == 1:
        return
    wanted = [
        expected_forward(problem.with_arrays(W=W, b=None if problem.b is None else np.zeros_like(problem.b)))
        for W in (problem.W, problem.W[:, ::-1, ::-1])
    ]
    wanted += [np.maximum(Z, 0) for Z in wanted]
    if "b" in layer.where:
        layer.put("b", np.zeros_like(problem.b))
    found = next(
        (tried for tried in layouts if any(_multiple(_made_in(layer, tried), Z) for Z in wanted)), first
    )
    if "b" in layer.where:
        assert problem.b is not None
        layer.put("b", problem.b)
    _made_in(layer, found)


def _made_in(layer: Layer, layout: str) -> Array:
    """What the forward makes of kernels that lie so."""
    layer.layouts = replace(layer.layouts, W=layout)
    layer.put("W", layer.problem.W)
    layer.forward()
    return layer.layouts.ours("Z", plain(layer.Z), layer.problem.geometry)


def _multiple(Z: Array, wanted: Array) -> bool:
    """Whether an output is what is wanted, but for a factor."""
    if Z.shape != wanted.shape or not np.any(wanted):
        return False
    factor = float((Z * wanted).sum() / (wanted * wanted).sum())
    return factor != 0 and np.allclose(Z, factor * wanted, 1e-4, 1e-4 * abs(factor))


def _clear(held: Any, gradients: list[Place]) -> bool:
    """Clear a layer's gradients between two calls; whether it, its parameters or its file offer a way."""
    if cleared(held):
        return True
    clears = any(_clears(kind, gradients) for kind in type(held).__mro__[:-1])
    # those of an object for each parameter are its optimizer's to clear
    own = [each for each in gradients if len(each.path) > 1 and each.path[-1] in ("grad", "gradient", "g")]
    _set_to_zero(gradients if clears else own)
    return clears


def _set_to_zero(gradients: list[Place]) -> None:
    for place in gradients:
        if hasattr(place.value, "detach"):
            place.value.detach().zero_()
        elif isinstance(place.value, np.ndarray) and place.value.flags.writeable and place.single:
            place.value[...] = 0


def _is_used(held: Any, gradients: list[Place]) -> bool:
    """Whether a class's file computes with its gradients, as in an update, other than by adding to them.

    Then nobody else does, who would clear them after that.
    """
    names = {place.path[0] for place in gradients}
    for kind in type(held).__mro__[:-1]:
        with contextlib.suppress(TypeError, OSError, SyntaxError):
            lines, _ = inspect.findsource(kind)
            if any(_computes_with(node, names) for node in ast.walk(ast.parse("".join(lines)))):
                return True
    return False


def _computes_with(node: ast.AST, names: set[str]) -> bool:
    """Whether a statement makes something else of some attributes than what it writes back to them."""
    if not isinstance(node, (ast.Assign, ast.AugAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if any(_holds(target, names) for target in targets):
        return False
    sums = [node] if isinstance(node, ast.AugAssign) else ast.walk(node.value)
    return any(isinstance(one, (ast.BinOp, ast.AugAssign)) and _holds(one, names) for one in sums)


def _holds(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(one, ast.Attribute) and one.attr in names for one in ast.walk(node))


def _clears(kind: type, gradients: list[Place]) -> bool:
    """Whether a class's file clears gradients somewhere, as in an update: they are meant to add up then.

    What adds to them, too, may make them when it is first called, which clears nothing.
    """
    kept = "|".join(re.escape(place.path[0]) for place in gradients) or "-"
    setting = rf"\.(?:{kept})\b(?:\[[^\]\n]*\])?\s*(?:=\s*(?:0|None|\w+\.zeros)|\*=\s*0|\.(?:fill|zero_)\()"
    adding = rf"\.(?:{kept})\b(?:\[[^\]\n]*\])?\s*\+="
    for name, method in vars(kind).items():
        for word, value in list(getattr(method, "__globals__", {}).items()):
            if any(
                re.fullmatch(CLEARING, each.strip("_"), re.I)
                for each in (word, *(vars(value) if isinstance(value, type) else ()))
            ):
                return True
        with contextlib.suppress(TypeError, OSError):
            if (
                name != "__init__"
                and inspect.isfunction(method)
                and re.search(setting, source := inspect.getsource(method))
                and not re.search(adding, source)
            ):
                return True
    return False
