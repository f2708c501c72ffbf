"""What a layer's parameters are given: the value of each role for one problem, in the form that is wanted."""

from __future__ import annotations

import dis
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from convstep.candidate.call.call import Call
from convstep.candidate.call.containers import LAYER
from convstep.candidate.call.layers import RATE, told_same
from convstep.candidate.call.layouts import Layouts, axes_of
from convstep.candidate.call.words import making_roles, roles_of
from convstep.conv.problem import Problem


def value_of(role: str, problem: Problem, call: Call, tensors: bool = False) -> Any:
    """What a parameter with a role of `words.py` is given; the form is after a colon: "stride:pair".

    `tensors`: arrays are PyTorch's.
    """
    base, _, form = role.partition(":")
    layouts = call.layouts or Layouts()
    geometry = problem.geometry
    rows, columns, channels = geometry.input_shape
    filters, f_h, f_w, _ = geometry.kernel_shape
    if form == "vector":  # what the kernels and the bias are views of; they are put into these
        return np.zeros(problem.W.size + len(problem.W))
    if base in ("dW", "db"):
        return np.zeros_like(_array(base[1:], problem, layouts, tensors=False))
    if base in ("A_prev", "W", "b"):
        return _array(base, problem, layouts, tensors)
    if base == "kernel_size":
        return _kernel_size(form, (filters, channels, f_h, f_w), layouts)
    if base == "input_shape":
        return _input_shape(form, problem, layouts)
    if base == "padding" and form not in ("", "either"):
        return _padding(form, problem, call)
    if role == "in_channels:chain":
        return [channels, filters]
    sizes = {
        "in_channels": channels,
        "out_channels": filters,
        "kernel_h": f_h,
        "kernel_w": f_w,
        "in_h": rows,
        "in_w": columns,
        "batch": geometry.batch or 1,
        "groups": geometry.groups,
        "rate": RATE,
        "use_bias": True,
        "zero": 0.0,
        "flag": True,
        "wanted": _All((True,) * 3),
        "name": "layer",
        "seed": 0,
        "layer": LAYER,
        "rng": np.random.RandomState(0),  # which has normal and uniform, and what is older than Generator
        "dtype": np.float64,
    }
    if base in sizes:
        return sizes[base]
    if role == "dilation:less":
        return geometry.dilation[0] - 1
    pairs = {"stride": geometry.stride, "dilation": geometry.dilation}
    pairs["padding"] = (geometry.padding[0][0], geometry.padding[1][0])
    if base in pairs:
        differ = form == "either" and pairs[base][0] != pairs[base][1]
        return pairs[base] if form == "pair" or differ else pairs[base][0]
    if base == "activation":
        return "linear" if form == "linear" else _same
    if base == "initializer":
        return _small
    if base == "optimizer":
        return _Plain()
    if base == "format":
        return "channels_last" if axes_of(layouts.A).endswith("C") else "channels_first"
    if base == "hparameters":
        return Config(lambda key: value_of(config_role(key, form), problem, call))
    return None


def config_role(key: str, form: str) -> str:
    """What a key of hyperparameters is given, whose role has a form; "" if the key says nothing."""
    role = (*making_roles(key), "")[0]
    if role == "kernel_size" and (form == "full" or re.match("(?i)w(eights?)?_", key)):
        return f"{role}:full"
    if form == "out" and role == "in_channels":  # its "channels" are those that it makes
        return "out_channels"
    pairs = {"pair": ("kernel_size", "stride", "padding", "dilation"), "kernel": ("kernel_size",)}
    return f"{role}:pair" if role in pairs.get(form, ()) else role


def by_name(method: Callable[..., Any], problem: Problem, call: Call, size: str = "") -> list[Any]:
    """The arguments of a method that sets a layer up or updates it, by its parameters' names.

    `size` is the form of an input's shape; ":itself" is the input where a name can mean that.
    """
    found = []
    for name, each in inspect.signature(method).parameters.items():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) or each.default is not each.empty:
            continue
        role = (*making_roles(name), "none")[0]
        role = "A_prev" if size == ":itself" and "A_prev" in roles_of(name) else role
        found.append(value_of(f"input_shape{size}" if role == "input_shape" else role, problem, call))
    return found


def methods_like(held: Any, pattern: str) -> list[Callable[..., Any]]:
    """The methods of an object whose names match a pattern."""
    names = [
        name for name in dir(type(held)) if name[:2] != "__" and re.fullmatch(pattern, name.strip("_"), re.I)
    ]
    return [method for name in names if callable(method := getattr(held, name, None))]


def _array(name: str, problem: Problem, layouts: Layouts, tensors: bool) -> Any:
    array = layouts.theirs(name, getattr(problem, name))
    if not tensors:
        return array
    from convstep.oracle.pytorch import tensor

    return tensor(array, name)


def _kernel_size(form: str, sizes: tuple[int, int, int, int], layouts: Layouts) -> Any:
    """An int, a pair, a shape with the input's channels, or one with the filters as well."""
    filters, channels, f_h, f_w = sizes
    last = axes_of(layouts.A).endswith("C")
    if form == "shape":
        return (f_h, f_w, channels) if last else (channels, f_h, f_w)
    if form == "full":
        return (f_h, f_w, channels, filters) if last else (filters, channels, f_h, f_w)
    return (f_h, f_w) if form == "pair" or (form == "either" and f_h != f_w) else f_h


def _input_shape(form: str, problem: Problem, layouts: Layouts) -> Any:
    """The sizes of the input as the layer has them: without samples, with them, of a plane, or its side."""
    if form == "side":
        return problem.geometry.input_shape[0]
    shape = dict(zip("HWC", problem.geometry.input_shape, strict=True)) | {"N": problem.geometry.batch or 1}
    full = axes_of(layouts.A)
    axes = {"full": full, "HW": "HW"}.get(form, full.replace("N", ""))
    return tuple(shape[axis] for axis in axes)


def _padding(form: str, problem: Problem, call: Call) -> Any:
    """As a pair, a flag or a word."""
    padding = problem.geometry.padding
    if form == "pair":
        return padding[0][0], padding[1][0]
    some = told_same(call, problem.geometry)
    if form == "flag":
        return some
    word = "same" if some else "valid"
    return word.upper() if form == "WORD" else word


def _same(z: Any, *others: Any, **named: Any) -> Any:
    """An activation that does nothing."""
    return z


def _small(*shape: Any, **named: Any) -> Any:
    """An initializer; the values do not matter, as they are replaced."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    return np.full([int(size) for size in sizes if isinstance(size, (int, np.integer))], 0.1)


def _stepped(weights: Any, gradient: Any) -> Any:
    if isinstance(weights, (list, tuple)):
        return [_stepped(one, its) for one, its in zip(weights, gradient, strict=True)]
    return weights - RATE * gradient


class _All(tuple[bool, ...]):
    """Which gradients are wanted, as flags or as numbers of inputs: all."""

    __slots__ = ()

    def __contains__(self, key: object) -> bool:
        return True


class _Plain:
    """An optimizer that goes straight down."""

    lr = learning_rate = RATE

    def update(self, weights: Any, gradient: Any, *others: Any) -> Any:
        """The weights after one step; made in place where the caller does not look at what comes back."""
        frame = sys._getframe(1)
        after = (one for one in dis.get_instructions(frame.f_code) if one.offset > frame.f_lasti)
        if next(after).opname != "POP_TOP":
            return _stepped(weights, gradient)
        several = isinstance(weights, (list, tuple))
        for one, its in zip(weights, gradient, strict=True) if several else ((weights, gradient),):
            if isinstance(one, np.ndarray) and one.dtype.kind == "f" and one.shape == np.shape(its):
                one -= RATE * its
        return None

    __call__ = update

    def __getattr__(self, name: str) -> Any:
        """Whatever an update is called."""
        if re.search("update|step|apply", name):
            return self.update
        raise AttributeError(name)


class Node:
    """An output in a graph of operators: its value, and the nodes that it was made of."""

    def __init__(self, value: Any, inputs: Iterable[Any] = ()) -> None:
        self.value = self.data = self.val = self.array = self.cached_data = value
        self.inputs = self.parents = self.children = self.prev = [_leaf(each) for each in inputs]

    def realize_cached_data(self) -> Any:
        """The value."""
        return self.value


class _Leaf(np.ndarray[Any, np.dtype[Any]]):
    """An array that is also the node that holds it: some reckon with nodes, others with their values."""

    @property
    def value(self) -> Any:
        """The array alone."""
        return self.view(np.ndarray)

    data = val = array = cached_data = value

    def realize_cached_data(self) -> Any:
        """The same."""
        return self.value

    numpy = detach = realize_cached_data


def _leaf(value: Any) -> Any:
    return value.view(_Leaf) if isinstance(value, np.ndarray) else value


class Config(dict[str, Any]):
    """Hyperparameters as a dict or an object: any key is answered by what its name means."""

    def __init__(self, value: Callable[[str], Any]) -> None:
        """Know what leads from a key, whose name says something, to a value."""
        super().__init__(stride=value("stride"), pad=value("padding"), padding=value("padding"))
        self._value = value

    def __missing__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return self._value(str(key))

    def __contains__(self, key: object) -> bool:
        return bool(making_roles(str(key)))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of what a key names."""
        try:
            return self[key]
        except KeyError:
            return default

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__") or key not in self:
            raise AttributeError(key)
        return self[key]
