"""A layer in the child process: where it keeps its kernels, how they are put there, and how it is run."""

from __future__ import annotations

import contextlib
import dis
import functools
import inspect
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from convstep.candidate.call import tape
from convstep.candidate.call.by_name import accepted, pulled_back
from convstep.candidate.call.call import TAPE, Call, Method
from convstep.candidate.call.containers import path_of
from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import Node, by_name, methods_like, value_of
from convstep.candidate.call.layers import HANDED
from convstep.candidate.call.layouts import BIASES, Layouts, axes_of, sides_of
from convstep.candidate.call.named import given
from convstep.candidate.call.objects import Place, places, says
from convstep.candidate.load.lookup import held_by
from convstep.conv.problem import Problem
from convstep.language import tr
from convstep.steps.cells import Array

Before = dict[str, tuple[int, Array]]
"""What arrays were before a call, by place: which object, and its numbers."""

KERNELS = (
    *("OIHW", "HWIO", "OHWI", "IOHW", "IHWO", "HWOI", "OHIW", "IHOW", "HOWI", "HIWO", "HOIW", "HIOW"),
    *("HW", "OHW", "HWO", "IHW", "HWI"),
)
FLAT_FIRST = ("O(IHW)", "(IHW)O", "O(HWI)", "(HWI)O", "(OIHW)", "(HWIO)", "(OHWI)")
FLAT_LAST = ("O(HWI)", "(HWI)O", "O(IHW)", "(IHW)O", "(HWIO)", "(OHWI)", "(OIHW)")
SET_UP = (
    r"(re)?(init|initiali[sz]e|build|set_?up|reset|create)(_?(params|parameters|weights|layer))?"
    r"|compile|set_input_shape|connect(_?to)?"
)
"""What is called to have the kernels made."""
CLEARING = r"(zero|clear|reset|clean|flush)_?\w*(grad|delta)\w*"
"""What is called to clear gradients that add up."""


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
    rates: dict[str, float] = field(default_factory=dict)
    """By name, the learning rate by which it updates, without which the change of it says nothing."""
    other_bias: str = ""
    """Where it keeps a bias that is not one number a filter; "" if it has none."""
    tensors: bool = False
    """Whether it works on PyTorch's tensors."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What it was handed, by name."""
    cache: Any = None
    """What its forward returned besides the output."""
    out: Any = None
    """What its forward returned."""
    Z: Any = None
    """The output of that, as an array."""
    box: type | None = None
    """The class of its file that arrays are put into before it takes them; None if it takes arrays."""

    def place(self, name: str) -> Place | None:
        """Where it keeps its kernels or its bias."""
        text = self.where.get(name) or dict(self.call.places).get(name)
        return next((each for each in places(self.held) if each.text == text), None)

    def plant(self) -> None:
        """Find the kernels and the bias and put the problem's in their places.

        `Unusable` if there are none of this shape.
        """
        if any("parametrizations" in place.path for place in places(self.held)):
            raise Unusable(
                tr("its kernels are computed by a parametrization, so that it holds none to put others into")
            )
        handed = any(role == "W" for _, role in self.call.forward.given)  # type: ignore[union-attr]
        if not self.find("W") and not handed:
            self._set_up()
        for name in ("W", "b"):
            array = getattr(self.problem, name)
            if array is None or not (self.where.get(name) or self.find(name)):
                continue
            self.put(name, array)
        if "b" not in self.where:
            self._without_bias()
        if "W" not in self.where and not handed:
            shown = ", ".join(f"{each.text} {each.shape}" for each in places(self.held)[:6])
            sizes = self.layouts.theirs("W", self.problem.W).shape
            raise Unusable(
                tr(
                    "no array in the layer has the size of the kernels, {shape} in any order; "
                    "it holds {held}",
                    shape=sizes,
                    held=shown or tr("no arrays"),
                )
            )

    def put(self, name: str, array: Array) -> None:
        """Put kernels or a bias in their place: into the array there if it can hold them."""
        place = self.place(name)
        if place is None:
            return
        self.put_numbers(place, self.layouts.theirs(name, array))

    def _without_bias(self) -> None:
        """Set a bias to zero that has not one number a filter, but one for all or one for each output cell.

        Its gradient has another size, and is not looked at.
        """
        for place in places(self.held):
            if says(place.path) == ("b", False, False):
                self.put_numbers(place, np.zeros(place.shape))
                self.other_bias = place.text
        for name, value in list(getattr(self.held, "__dict__", {}).items()):
            if isinstance(value, float) and says((name,)) == ("b", False, False):
                setattr(self.held, name, 0.0)
                self.other_bias = name

    def put_numbers(self, place: Place, value: Array) -> None:
        """Put an array in a place, in their layout: into the array there if it can hold it."""
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

    def put_back(self, before: Before) -> None:
        """Undo an update of the kernels and of the state kept for the next one; gradients stay."""
        updates = "change" in self.where.values()
        for place in places(self.held):
            kept = before[place.text][1] if updates and place.single and place.text in before else None
            if kept is not None and isinstance(place.value, np.ndarray) and place.shape == kept.shape:
                place.value[...] = kept
        for name in ("W", "b"):
            if name in self.where:
                self.put(name, getattr(self.problem, name))

    def _replace(self, place: Place, value: Array) -> None:
        """Put another array in every place that holds this one."""
        for each in places(self.held):
            if each.value is place.value or each.text == place.text:
                each.put(value)

    def find(self, name: str) -> bool:
        """Look for the kernels or the bias by shape and name; where the call says where, there."""
        told = dict(self.call.places)
        if told:
            found = any(place.text == told.get(name) for place in places(self.held))
            if found:
                self.where[name] = told[name]
            return found
        fits = []
        for number, place in enumerate(places(self.held)):
            layout = self.layout(name, place.shape)
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
        self.layouts = replace(self.layouts, **{name: layout})
        return True

    def layout(self, name: str, shape: tuple[int, ...]) -> str | None:
        """The likeliest layout in which a problem's kernels or bias have a shape; None if there is none."""
        return next(self.orders(name, shape), None)

    def orders(self, name: str, shape: tuple[int, ...]) -> Iterator[str]:
        """All of them, the likeliest first."""
        array = getattr(self.problem, name)
        if array is None:
            return
        if name == "b":
            known: tuple[str, ...] = BIASES[:-1]
            sizes = {"O": len(array)}
        else:
            known = KERNELS + (FLAT_LAST if axes_of(self.layouts.A).endswith("C") else FLAT_FIRST)
            if any(role == "W" for _, role in self.call.maker.given):  # type: ignore[union-attr]
                known = (self.layouts.W, *known)
            sizes = dict(zip("OHWI", self.problem.geometry.kernel_shape, strict=True))
        for layout in known:
            left_out = any(size > 1 and axis not in layout for axis, size in sizes.items())
            if not left_out and shape == tuple(
                math.prod(sizes.get(axis, 1) for axis in side) for side in sides_of(layout)
            ):
                yield layout

    def _set_up(self) -> None:
        """Have the kernels made: by a method meant for that, else by running forward."""
        for method in dict.fromkeys((*methods_like(self.held, SET_UP), *self._needed_before())):
            for size in ("", ":full", ":itself"):
                with contextlib.suppress(Exception):
                    method(*by_name(method, self.problem, self.call, size))
                    if self.find("W"):
                        return
        self.forward()
        self.find("W")
        cleared(self.held)  # of that forward nothing is to be left for the backward

    def _needed_before(self) -> Iterator[Callable[..., Any]]:
        """What sets attributes that its forward reads and that are not there yet."""
        kind, ours = type(self.held), {each.name for each in (self.call.forward, self.call.backward) if each}
        there = {name for name, value in getattr(self.held, "__dict__", {}).items() if value is not None}
        codes = {name: getattr(getattr(kind, name, None), "__code__", None) for name in dir(kind)}
        forward = codes.get(self.call.forward.name)  # type: ignore[union-attr]
        needed = {*getattr(forward, "co_names", ())} - there
        for name, code in codes.items():
            if code is not None and name[:2] != "__" and name not in ours and _stored(code) & needed:
                yield getattr(self.held, name)

    def forward(self) -> None:
        """Run its forward."""
        method = self.call.forward
        assert method is not None
        self.inputs["A_prev"] = self.hand("A_prev", leaf=self.call.backward is None)
        self.take(self._called(method))

    def take(self, result: Any) -> None:
        """Take in what its forward returned."""
        self.cache, self.out = None, result
        if isinstance(result, tuple) and result:
            result, self.cache = result[0], result[1] if len(result) == 2 else result[1:]
        if isinstance(result, list) and not self.tensors:
            with contextlib.suppress(ValueError, TypeError):  # else they are no planes of one size
                result = np.asarray(result, np.float64)
        self.Z = self.unboxed(result)

    def backward(self) -> Any:
        """Run its backward, or autograd's."""
        if self.call.backward is not None and self.call.backward.name == TAPE:
            if self.box is None or not isinstance(self.out, self.box):
                raise Unusable(tr("its forward returned nothing that knows its way back"))
            dZ = self.layouts.theirs("dZ", self.problem.dZ)
            return tape.pulled_back(self.out, dZ, {"dA_prev": self.inputs["A_prev"]})
        self.inputs["dZ"] = self.hand("dZ")
        if self.call.backward is not None:
            if any(role == "dZ" for _, role in self.call.backward.given):
                return self._called(self.call.backward)
            tape.hand_back(self.out, self.inputs["dZ"])  # it reads what its output has as its gradient
            result = self._called(self.call.backward)
            handed = tape.gradient_of(self.inputs["A_prev"])
            return {HANDED: handed} if result is None and handed is not None else result
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
            return array if self.box is None else tape.boxed(self.box, array)
        from convstep.oracle.pytorch import tensor

        place = self.place("W")
        made = tensor(array, name)
        made = made if place is None else made.to(place.value.dtype)
        return made.requires_grad_(True) if leaf else made

    def unboxed(self, value: Any) -> Any:
        """The array in a box of its own, or what is none as it is."""
        if self.box is None or not isinstance(value, self.box):
            return value
        return getattr(value, held_by(self.box) or "data", value)

    def _called(self, method: Method) -> Any:
        function, places, named = self.prepared(method)
        return function(*places, **named)

    def prepared(self, method: Method) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
        """What is called for one of its methods, and the arguments by place and by name."""
        function = self.held if method.name == "__call__" else getattr(self.held, method.name)
        if method.name == "forward" and hasattr(self.held, "_forward_hooks") and method.given:
            # a module's hooks run where it is called, and see the gradients of what it is given by place
            function, method = self.held, Method("__call__", (("", method.given[0][1]), *method.given[1:]))
        elif method.name == "forward" and (outer := self._kept_by_calling()):
            function = getattr(self.held, outer)
            by_place = ((f"*{name}" if path_of(name) else "", role) for name, role in method.given)
            method = Method(outer, tuple(by_place))
        own = {**self.inputs, "cache": self.cache, "Z": self.Z}
        if any(role == "ones" for _, role in method.given):
            own["ones"] = self.inputs["dZ"] * 0 + 1  # an array or a tensor
        if {"node", "nodes"} & {role for _, role in method.given}:
            handed = [role for _, role in self.call.forward.given if role in ("A_prev", "W", "b")]  # type: ignore[union-attr]
            own["node"] = Node(self.Z, [own[role] if role in own else self.value(role) for role in handed])
            own["nodes"] = own["node"].inputs
        for name, role in method.given:
            if name.startswith("self."):
                setattr(self.held, name[5:], own[role])
        return function, *arguments(
            function, method, lambda role: own[role] if role in own else self.value(role)
        )

    def _kept_by_calling(self) -> str:
        """What calls its forward and keeps what its backward needs; "" where forward does that."""

        def code(name: str) -> Any:
            return getattr(getattr(type(self.held), name, None), "__code__", None)

        forward, backward = code("forward"), code(self.call.backward.name if self.call.backward else "")
        if forward is None or backward is None:
            return ""
        needed = {*backward.co_names}.union(*(its.co_names for n in backward.co_names if (its := code(n))))
        for name in ("__call__", "apply"):
            calling = code(name)
            if calling is None or "forward" not in calling.co_names:
                continue
            if (_stored(calling) - _stored(forward)) & needed:
                return name
        return ""

    def value(self, role: str) -> Any:
        """What a parameter with a role is given."""
        return value_of(role, self.problem, self.call, self.tensors)


def called(function: Callable[..., Any], method: Method, value: Callable[[str], Any]) -> Any:
    """Call something with what its parameters' roles stand for."""
    places, named = arguments(function, method, value)
    return function(*places, **named)


def arguments(
    function: Callable[..., Any], method: Method, value: Callable[[str], Any]
) -> tuple[list[Any], dict[str, Any]]:
    """What its parameters' roles stand for, by place and by name."""
    handed = Method("", tuple(pair for pair in method.given if not pair[0].startswith("self.")))
    return given(handed, accepted(function, by_place=True), value)


@functools.lru_cache(8)  # a layer is made for every problem
def box_of(forward: FunctionType) -> type | None:
    """The class of a layer's file in which its forward takes arrays: that of its parameter, or a `Tensor`."""
    with contextlib.suppress(Exception):
        name = [*inspect.signature(forward).parameters][1]
        if not re.search(rf"\b{name}\.data\b", inspect.getsource(forward)):
            return None
        said = re.findall(r"\w+", str(forward.__annotations__.get(name, "")))
        for word in said or ("Tensor", "Variable"):
            kind = forward.__globals__.get(word)
            if not isinstance(kind, type) or kind.__module__.partition(".")[0] in ("numpy", "torch"):
                continue
            if hasattr(kind(np.zeros(2)), "data"):
                return kind
    return None


@functools.lru_cache(8)
def _stored(code: CodeType) -> frozenset[str]:
    """The attributes that a function sets."""
    return frozenset(each.argval for each in dis.get_instructions(code) if each.opname == "STORE_ATTR")


def _unnamed(place: Place) -> bool:
    """Whether a place has no name that could contradict: an item of a list."""
    return place.path[-1].strip("[]").isdigit()


def cleared(held: Any) -> bool:
    """Clear what a layer collects between calls; return whether it, or its parameters, offer a way."""
    offered = False
    for each in (held, *getattr(held, "__dict__", {}).values()):
        for method in [] if isinstance(each, type) else methods_like(each, CLEARING):
            offered = True
            with contextlib.suppress(Exception):
                method()
    return offered
