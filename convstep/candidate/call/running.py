"""A layer in the child process: made for one problem, given its kernels, run forward and back, and read."""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.by_name import ForwardFailed
from convstep.candidate.call.call import Call, Method
from convstep.candidate.call.convention import Inputs, expected_forward
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import value_of
from convstep.candidate.call.layers import RATE
from convstep.candidate.call.layouts import BIASES, Layouts
from convstep.candidate.call.objects import Place, is_array, places, says, sounds
from convstep.candidate.call.outcome import NAMES
from convstep.candidate.call.returned import check_size, plain
from convstep.conv.problem import Problem
from convstep.language import tr

Array = npt.NDArray[Any]

KERNELS = ("OIHW", "HWIO", "OHWI", "IOHW", "IHWO", "HW", "OHW", "HWO", "IHW", "HWI")
FLAT_FIRST = ("O(IHW)", "(IHW)O", "O(HWI)", "(HWI)O")
FLAT_LAST = ("O(HWI)", "(HWI)O", "O(IHW)", "(IHW)O")
SET_UP = [
    "build",
    "initialize",
    "initialise",
    "init",
    "init_params",
    "init_parameters",
    "init_weights",
    "initialize_weights",
    "set_up",
    "setup",
    "initialize_parameters",
    "initialise_parameters",
    "reset_parameters",
    "reset",
    "set_input_shape",
    "_init_weights",
    "_initialize_weights",
    "_build",
    "_init_params",
    "_initialize",
    "compile",
    "create_weights",
    "init_layer",
    "initialize_params",
]
UPDATES = [
    "update",
    "update_params",
    "update_weights",
    "update_parameters",
    "step",
    "apply_gradients",
    "apply_grads",
    "optimize",
    "learn",
    "apply_gradient",
    "updateParameters",
    "updateWeights",
    "update_parameter",
    "weight_update",
]
CLEARING = [
    "zero_grad",
    "zero_grads",
    "zero_gradient",
    "zero_gradients",
    "clear_grad",
    "clear_grads",
    "clear_gradients",
    "reset_grad",
    "reset_grads",
    "reset_gradients",
    "zeroGrad",
    "zero_grad_parameters",
    "zeroGradParameters",
    "cleargrads",
    "cleargrad",
    "zerograds",
]
RATES = ("lr", "learning_rate", "learningrate", "learn_rate", "eta", "_lr", "_learning_rate")


@dataclass(slots=True, eq=False)
class Layer:
    """A layer that was made, and what was found in it."""

    held: Any
    """The object."""
    call: Call
    """How it is called."""
    problem: Problem
    """What on."""
    layouts: Layouts
    """How its arrays lie; the kernels' and the bias's are found."""
    facts: dict[str, Any]
    """What the outcome is told."""
    where: dict[str, str] = field(default_factory=dict)
    """What is held or returned where, by name."""
    rated: bool = False
    """Whether it was told our learning rate, without which the change of its kernels says nothing."""
    tensors: bool = False
    """Whether it works on PyTorch's tensors."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What it was handed, by name."""
    cache: Any = None
    """What its forward returned besides the output."""
    Z: Any = None
    """What its forward returned."""

    def place(self, name: str) -> Place | None:
        """Where it keeps its kernels or its bias."""
        text = self.where.get(name) or dict(self.call.places).get(name)
        return next((each for each in places(self.held) if each.text == text), None)

    # ---- finding and planting

    def plant(self) -> None:
        """Find the kernels and the bias and put the problem's in their places.

        Raises:
            Unusable: there are none of this shape.
        """
        handed = any(role == "W" for _, role in self.call.forward.given)  # type: ignore[union-attr]
        if not self._find("W") and not handed:
            self._set_up()
        for name in ("W", "b"):
            array = getattr(self.problem, name)
            if array is None or not (self.where.get(name) or self._find(name)):
                continue
            self._put(name, array)
        if "W" not in self.where and not handed:
            shown = ", ".join(f"{each.text} {each.shape}" for each in places(self.held)[:6])
            sizes = self.layouts.theirs("W", self.problem.W).shape
            raise Unusable(
                tr(
                    "no array in the layer has the size of the kernels, {shape} in any order; it holds {held}",
                    shape=sizes,
                    held=shown or tr("no arrays"),
                )
            )

    def _put(self, name: str, array: Array) -> None:
        place = self.place(name)
        if place is None:
            return
        value = self.layouts.theirs(name, array)
        if hasattr(place.value, "detach"):
            from convstep.oracle.pytorch import tensor

            self.tensors = True
            place.value.detach().copy_(tensor(value))
        elif isinstance(place.value, np.ndarray) and place.single and place.value.dtype.kind == "f":
            if place.value.flags.writeable:
                place.value[...] = value
            else:
                self._replace(place, value.astype(place.value.dtype))
        else:
            self._replace(place, value)

    def put_back(self, before: dict[str, tuple[int, Array]]) -> None:
        """Undo an update, and what the layer keeps for the next one; gradients stay."""
        updates = "change" in self.where.values()
        for place in places(self.held):
            if updates and place.single and place.text in before and isinstance(place.value, np.ndarray):
                if place.shape == before[place.text][1].shape and place.value.flags.writeable:
                    place.value[...] = before[place.text][1]
        for name in ("W", "b"):
            if name in self.where:
                self._put(name, getattr(self.problem, name))

    def _replace(self, place: Place, value: Array) -> None:
        """Another array in every place that holds this one."""
        for each in places(self.held):
            if each.value is place.value or each.text == place.text:
                each.put(value)

    def _find(self, name: str) -> bool:
        """Look for the kernels or the bias by shape and name; where the call says where, there."""
        told = dict(self.call.places)
        if told:
            found = any(place.text == told.get(name) for place in places(self.held))
            if found:
                self.where[name] = told[name]
            return found
        fits = []
        for number, place in enumerate(places(self.held)):
            layout = self._layout(name, place.shape)
            role, gradient, kept = says(place.path)
            if layout is None or gradient or kept or place.text in self.where.values():
                continue
            if role not in (name, "") or (not role and name == "b" and not _unnamed(place)):
                continue
            fits.append((role != name, number, place, layout))
        if not fits:
            return False
        _, _, place, layout = min(fits, key=lambda fit: fit[:2])
        self.where[name] = place.text
        self.layouts = _with(self.layouts, name, layout)
        return True

    def _layout(self, name: str, shape: tuple[int, ...]) -> str | None:
        """The layout in which a problem's kernels or bias have a shape; None if there is none."""
        if name == "b":
            known: Iterable[str] = BIASES[:-1]
        else:
            flat = FLAT_LAST if self.layouts.A.endswith("C") else FLAT_FIRST
            known = (*KERNELS, *flat)
            handed = [role for _, role in self.call.maker.given if role == "W"]  # type: ignore[union-attr]
            known = (self.layouts.W, *known) if handed else known
        sizes = dict(zip("OHWI", self.problem.geometry.kernel_shape, strict=True))
        array = getattr(self.problem, name)
        for layout in known:
            if (
                name == "W"
                and "(" not in layout
                and any(sizes[axis] > 1 for axis in "OHWI" if axis not in layout)
            ):
                continue
            if array is not None and _with(self.layouts, name, layout).theirs(name, array).shape == shape:
                return layout
        return None

    def _set_up(self) -> None:
        """Have the kernels made: by a method that is there for it, else by running forward."""
        for name in SET_UP:
            method = getattr(self.held, name, None)
            if method is None or not callable(method):
                continue
            from convstep.candidate.call.given import by_name

            for size in ("", ":full"):
                with contextlib.suppress(Exception):
                    method(*by_name(method, self.problem, self.call, size))
                    if self._find("W"):
                        return
        self.forward()
        self._find("W")

    # ---- running

    def forward(self) -> None:
        """Run its forward."""
        method = self.call.forward
        assert method is not None
        self.inputs["A_prev"] = self.hand("A_prev", leaf=self.call.backward is None)
        result = self._called(method)
        self.cache = None
        if isinstance(result, tuple) and result:
            result, self.cache = result[0], result[1] if len(result) == 2 else result[1:]
        self.Z = result

    def backward(self) -> Any:
        """Run its backward, or autograd's."""
        self.inputs["dZ"] = self.hand("dZ")
        if self.call.backward is not None:
            return self._called(self.call.backward)
        from convstep.oracle.pytorch import pulled_back

        leaves = {"dA_prev": self.inputs["A_prev"]}
        for name in ("W", "b"):
            if (place := self.place(name)) is not None and place.value.requires_grad:
                leaves[f"d{name}"] = place.value
        return pulled_back(self.Z, self.inputs["dZ"], leaves)

    def hand(self, name: str, leaf: bool = False) -> Any:
        """One of the problem's pictures as the layer takes it."""
        array = self.layouts.theirs(name, getattr(self.problem, name))
        if self.call.integers and name == "A_prev":
            array = array.astype(np.int64)
        if not self.tensors:
            return array
        from convstep.oracle.pytorch import tensor

        place = self.place("W")
        made = tensor(array) if place is None else tensor(array).to(place.value.dtype)
        return made.requires_grad_(True) if leaf else made

    def _called(self, method: Method) -> Any:
        function = self.held if method.name == "__call__" else getattr(self.held, method.name)
        own = {**self.inputs, "cache": self.cache, "Z": self.Z}
        return called(function, method, lambda role: own[role] if role in own else self.value(role))

    def value(self, role: str) -> Any:
        """What a parameter with a role is given."""
        return value_of(role, self.problem, self.call, self.tensors)

    # ---- reading

    def read(self, result: Any, before: dict[str, tuple[int, Array]]) -> dict[str, Any]:
        """The gradients by name, as the layer has them.

        Args:
            result: what its backward returned.
            before: what its arrays were before that, by place.
        """
        after = places(self.held)
        returned = places(result, ("returned",)) if result is not None else []
        if told := dict(self.call.places):
            everything = {place.text: place.value for place in (*after, *returned)}
            found = {name: everything[told[name]] for name in NAMES if told.get(name) in everything}
            changes = [name for name in NAMES if told.get(name) == "change"]
        else:
            found, changes = self._search(after, returned, before)
        for name in changes:
            self._read_change(name, before, found)
        return found

    def _search(
        self, after: list[Place], returned: list[Place], before: dict[str, tuple[int, Array]]
    ) -> tuple[dict[str, Any], list[str]]:
        """The gradients in what was returned and in what has changed, and those that are changes."""
        changed = [place for place in after if _has_changed(place, before)]
        own = {self.where.get("W"), self.where.get("b")}
        fresh = [place for place in changed if place.text not in own]
        found: dict[str, Place] = {}
        outer = sorted(returned, key=lambda place: not place.single)
        for name in ("dA_prev", "dW", "db"):  # by name, then by shape
            kept = [place for place in fresh if self._named(place) == name]
            pick = next((place for place in outer if self._named(place) == name), None)
            pick = pick or next((p for p in outer if self._fits(name, p) and p not in found.values()), None)
            pick = pick or next((place for place in kept if self._fits(name, place)), None)
            if pick is None and name != "dA_prev":
                pick = next((place for place in kept), None) or next(
                    (place for place in fresh if self._fits(name, place) and _is_new(place)), None
                )
            if pick is not None:
                found[name] = pick
        if "dA_prev" not in found:
            left = [p for p in outer if p.single and p not in found.values() and len(p.shape) > 1]
            named = [
                p for p in fresh if self._named(p) == "dA_prev" or (self._fits("dA_prev", p) and sounds(p))
            ]
            left += [place for place in named if len(place.shape) == len(self.layouts.A)]
            if left:
                found["dA_prev"] = left[0]
        self.where |= {name: place.text for name, place in found.items()}
        moved = {place.text for place in changed}
        changes = [f"d{n}" for n in ("W", "b") if f"d{n}" not in found and self.where.get(n) in moved]
        if not self.rated:
            changes = []
        if "dW" not in found and self.where.get("W") not in moved:
            changes = self._updated(before)
        self.where |= dict.fromkeys(changes, "change")
        return {name: place.value for name, place in found.items()}, changes

    def _updated(self, before: dict[str, tuple[int, Array]]) -> list[str]:
        """Have it update its kernels by a method that is there for it."""
        for name in UPDATES:
            method = getattr(self.held, name, None)
            if method is None or not callable(method):
                continue
            from convstep.candidate.call.given import by_name

            with contextlib.suppress(Exception):
                method(*by_name(method, self.problem, self.call))
            moved = {place.text for place in places(self.held) if _has_changed(place, before)}
            if self.where.get("W") in moved:
                return [f"d{n}" for n in ("W", "b") if self.where.get(n) in moved]
        return []

    def _read_change(self, name: str, before: dict[str, tuple[int, Array]], found: dict[str, Any]) -> None:
        """A gradient as what an update took away, divided by the learning rate."""
        if (place := self.place(name[1:])) is None:
            return
        if not _has_changed(place, before):
            if self._updated(before):
                place = self.place(name[1:])
        if place is not None:
            found[name] = (before[place.text][1] - plain(place.value)) / RATE

    def _named(self, place: Place) -> str:
        """The gradient that a place's name says; "" if it says none."""
        role, gradient, kept = says(place.path)
        return f"d{role}" if role and gradient and not kept else ""

    def _fits(self, name: str, place: Place) -> bool:
        """Whether an array has the shape of a gradient."""
        problem = self.problem
        if name == "dA_prev":
            return place.shape == self.layouts.theirs("A_prev", problem.A_prev).shape
        array = getattr(problem, name[1:])
        return array is not None and place.shape == self.layouts.theirs(name[1:], array).shape

    def ours(self, found: dict[str, Any]) -> dict[str, Array]:
        """Gradients as plain arrays in our layout."""
        arrays = {name: plain(value) for name, value in found.items()}
        check_size(list(arrays.values()), self.problem)
        return {name: self._ours(name, array) for name, array in arrays.items()}

    def _ours(self, name: str, array: Array) -> Array:
        if name == "db" and array.size == len(self.problem.W) and array.shape != (array.size,):
            layout = self._layout("b", array.shape)
            return array.reshape(-1) if layout else array
        return self.layouts.ours(name, array, self.problem.geometry)

    def note_Z(self) -> None:
        """Note what its forward returned, in our layout; a bias that it has not is added."""
        if self.Z is None or not is_array(self.Z):
            return
        Z = self.layouts.ours("Z", plain(self.Z), self.problem.geometry)
        if "b" not in self.where and self.problem.b is not None and Z.shape == self.problem.dZ.shape:
            if not any(
                role == "b"
                for method in (self.call.maker, self.call.forward)
                if method
                for _, role in method.given
            ):
                Z = Z + self.problem.b
        self.facts["Z"] = Z


def run_layer(
    kind: Callable[..., Any], call: Call, inputs: Inputs, facts: dict[str, Any]
) -> dict[str, Array]:
    """Make a layer, run it forward and back, and read its gradients.

    Args:
        kind: its class.
        call: how to do that.
        inputs: the problem; what the layer was handed is put there.
        facts: what the outcome is told meanwhile; "places" is what was found where, or where it failed.

    Returns:
        The gradients in our layout.

    Raises:
        ForwardFailed: a layer that runs on other problems cannot be made or run forward on this one.
    """
    stage = "make"

    def at(now: str) -> None:
        nonlocal stage
        stage = now

    try:
        return _run(kind, call, inputs, facts, at)
    except BaseException as error:
        facts["places"] = (f"stage {stage}",)
        if call.places and stage != "backward" and isinstance(error, Exception):
            raise ForwardFailed from error
        raise


def _run(
    kind: Callable[..., Any], call: Call, inputs: Inputs, facts: dict[str, Any], at: Callable[[str], None]
) -> dict[str, Array]:
    assert call.maker is not None
    assert call.layouts is not None
    problem, tensors = inputs.problem, bool(call.tensors)
    held = called(kind, call.maker, lambda role: value_of(role, problem, call, tensors))
    for name, role in call.maker.given:
        if name.startswith("self."):  # set from outside
            setattr(held, name[5:], value_of(role, problem, call, tensors))
    if hasattr(held, "double") and hasattr(held, "parameters"):
        held.double()  # a module of PyTorch's
    layer = Layer(held, call, problem, call.layouts, facts, tensors=tensors)
    at("plant")
    layer.plant()
    layer.rated = _set_rates(held) or any(
        role in ("rate", "optimizer", "hparameters")
        for method in (call.maker, call.backward)
        if method
        for _, role in method.given
    )
    before: dict[str, tuple[int, Array]] = {}
    for turn in range(2 if call.again else 1):
        if turn:
            _clear(held, [place for name in ("dW", "db") if (place := layer.place(name)) is not None])
            layer.put_back(before)
        at("forward")
        layer.forward()
        if not turn and not call.places:
            _choose_order(layer)
        layer.note_Z()
        before = {place.text: (id(place.value), np.array(plain(place.value))) for place in places(held)}
        at("backward")
        result = layer.backward()
        found = layer.read(result, before)
    if not found:
        if result is None:
            raise Unusable(tr("it returned None and left no gradient in the layer"))
        raise Unusable(tr("no gradient was found in what it returned or in the layer"))
    facts["places"] = _places(layer)
    for name, handed in layer.inputs.items():
        if not np.array_equal(plain(handed), plain(layer.hand(name)), equal_nan=True):
            setattr(inputs, name, plain(handed))  # it was changed in place
    return layer.ours(found)


def on_one_object(function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[[], None]]:
    """An adapter that is handed a class whose constructor gives the same object every time, and what
    clears that object's gradients where its file offers that; of other functions, the function.
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


def called(function: Callable[..., Any], method: Method, value: Callable[[str], Any]) -> Any:
    """Call something with what its parameters' roles stand for."""
    try:
        kinds = {name: each.kind for name, each in inspect.signature(function).parameters.items()}
    except (TypeError, ValueError):
        kinds = {}
    arguments: list[Any] = []
    named: dict[str, Any] = {}
    for name, role in method.given:
        if name.startswith("self."):
            continue
        if not name or kinds.get(name) is inspect.Parameter.POSITIONAL_ONLY:
            arguments.append(value(role))
        else:
            named[name] = value(role)
    return function(*arguments, **named)


def _places(layer: Layer) -> tuple[str, ...]:
    """Where what was found, as an outcome says it."""
    found = [f"{name} {where}" for name, where in layer.where.items()]
    found += [f"W-layout {layer.layouts.W}"] if "W" in layer.where else []
    found.append("kernel {}x{}".format(*layer.problem.geometry.kernel_shape[1:3]))
    return (*found, *([f"b-layout {layer.layouts.b}"] if "b" in layer.where else []))


def _choose_order(layer: Layer) -> None:
    """Flat kernels run channels first or last, which their shape does not tell: forward does."""
    layout = layer.layouts.W
    if "W" not in layer.where or "(" not in layout or not is_array(layer.Z):
        return
    other = layout.replace("IHW", "?").replace("HWI", "IHW").replace("?", "HWI")
    wanted = expected_forward(layer.problem)
    if "b" not in layer.where and layer.problem.b is not None:
        wanted = wanted - layer.problem.b
    for tried in (layout, other, layout):
        layer.layouts = _with(layer.layouts, "W", tried)
        layer._put("W", layer.problem.W)
        layer.forward()
        Z = layer.layouts.ours("Z", plain(layer.Z), layer.problem.geometry)
        if Z.shape == wanted.shape and np.allclose(Z, wanted, 1e-4, 1e-4):
            return


def _set_rates(held: Any, depth: int = 2) -> bool:
    """Give its learning rate, and its optimizer's, our own; say whether there is one."""
    found = False
    for name, value in list(getattr(held, "__dict__", {}).items()):
        if name.lower() in RATES and isinstance(value, float):
            setattr(held, name, RATE)
            found = True
        elif depth and "optim" in name.lower():
            found |= _set_rates(value, depth - 1)
    return found


def _clear(held: Any, gradients: list[Place]) -> None:
    """Clear a layer's gradients between two calls, where it or its parameters offer that, or its file
    says that somebody does.
    """
    offered = False
    for each in (held, *getattr(held, "__dict__", {}).values()):
        for name in CLEARING:
            if not isinstance(each, type) and callable(method := getattr(each, name, None)):
                offered = True
                with contextlib.suppress(Exception):
                    method()
    names: set[str] = set()
    for method in vars(type(held)).values():
        for name, value in list(getattr(method, "__globals__", {}).items()):
            names |= {name, *(vars(value) if isinstance(value, type) else ())}
    if offered or not names & set(CLEARING):
        return
    for place in gradients:
        if isinstance(place.value, np.ndarray) and place.value.flags.writeable and place.single:
            place.value[...] = 0


def _with(layouts: Layouts, name: str, layout: str) -> Layouts:
    return Layouts(
        layouts.A, layout if name == "W" else layouts.W, layout if name == "b" else layouts.b, layouts.Z
    )


def _has_changed(place: Place, before: dict[str, tuple[int, Array]]) -> bool:
    if place.text not in before:
        return True
    identity, kept = before[place.text]
    return (place.single and identity != id(place.value)) or not np.array_equal(
        kept, plain(place.value), equal_nan=True
    )


def _unnamed(place: Place) -> bool:
    """Whether a place has no name that could say something else: an item of a list."""
    return place.path[-1].strip("[]").isdigit()


def _is_new(place: Place) -> bool:
    """Whether an unnamed array may be a gradient, and is no buffer."""
    role, _, kept = says(place.path)
    return not kept and not role
