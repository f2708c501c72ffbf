"""What came of a call: gradients by where they stand, and what their author calls them."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np

from convstep.candidate.call.layers import RATE
from convstep.candidate.call.objects import Place, is_array, numbers_in, places, says
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.call.returned import plain as plain_array
from convstep.candidate.call.returned import same as same
from convstep.candidate.operators.vocabulary import Vocabulary
from convstep.steps.cells import Array

MOST = 64
"""Arrays that are sent back of one call."""
CHANGE = "change."
"""What the label of a gradient begins with that was read from what an update subtracted."""


@dataclass(slots=True)
class Came:
    """What came of a call."""

    arrays: dict[str, Array] = field(default_factory=dict)
    """By where: "return[0]", "return['dW']", "self.dW"; also "out.0", what the forward returned."""
    names: dict[str, str] = field(default_factory=dict)
    """By the same, what its author calls it."""
    planted: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By role, the shape in which a layer holds it."""
    guessed: bool = False
    """Whether its backward was given more than the gradient from above and what its own forward kept."""
    call: str = ""
    """The call, as its author would write it."""
    changed: list[str] = field(default_factory=list)
    """What it was handed and has written into, besides the problem's own arrays."""
    stage: str = "make"
    """How far it came: make, plant, forward, backward."""

    def take(self, value: Any, label: str, names: list[str]) -> None:
        """Note what is returned, and what is in it; `names` are those of its items, or its own."""
        if value is None or len(self.arrays) >= MOST:
            return
        if isinstance(value, Mapping):
            for key, each in value.items():
                self.take(each, f"{label}[{str(key)!r}]", [])
                self.names.setdefault(f"{label}[{str(key)!r}]", str(key))
        elif isinstance(value, (tuple, list)) and any(
            is_array(each) or isinstance(each, (tuple, list, Mapping)) for each in value
        ):
            for at, each in enumerate(value):
                inner = f"{label}[{at}]"
                self.take(each, inner, [])
                if at < len(names) and len(names) == len(value):
                    self.names.setdefault(inner, names[at])
        else:
            self.arrays[label] = np.array(plain_array(value))
            if len(names) == 1:
                self.names.setdefault(label, names[0])

    def take_kept(self, held: Any, before: Mapping[str, tuple[int, Array]]) -> None:
        """Note the arrays that a layer keeps; `before` are those it kept, by text, which are no news."""
        for place in places(held):
            now = np.array(plain_array(place.value))
            kept = before.get(place.text)
            if kept is not None and (kept[0] == id(place.value) or not place.single) and same(kept[1], now):
                continue
            if len(self.arrays) < MOST:
                label = f"self.{place.text}"
                self.arrays[label], self.names[label] = now, label

    def take_updates(
        self, held: Any, before: Mapping[str, tuple[int, Array]], planted: Mapping[str, str]
    ) -> None:
        """Note what weights were changed by, divided by the learning rate that it was told.

        `before` has the layer's arrays by text, `planted` whose weights stand at a place.
        """
        now = {place.text: place for place in places(held)}
        buffers = [place for place in now.values() if says(place.path)[2] and place.text not in planted]
        if any(one.text not in before or not same(before[one.text][1], _plain(one)) for one in buffers):
            return  # a momentum: the change is no gradient
        for text, role in planted.items():
            if text not in now or text not in before or len(self.arrays) >= MOST:
                continue
            then, after = before[text][1], _plain(now[text])
            if then.shape == after.shape and not same(then, after):
                label = f"{CHANGE}{text}"
                self.arrays[label], self.names[label] = (then - after) / RATE, f"d{role}"

    def take_numbers(self, held: Any, before: Mapping[str, float], words: Vocabulary) -> None:
        """Note what is called a gradient and came as a single number: summed over everything, say."""
        for text, value in numbers_in(held).items():
            label = f"self.{text}"
            if words.gradient(label) and value != before.get(text) and len(self.arrays) < MOST:
                self.arrays[label], self.names[label] = np.array(value), label


def returned_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """What a function calls the things that its last `return` returns."""
    with contextlib.suppress(ValueError):  # wrapped in itself
        code = getattr(inspect.unwrap(function), "__code__", None)
        return _returned_names(code) if isinstance(code, CodeType) else ()
    return ()


def in_its_order(names: tuple[str, ...], forward: Callable[..., Any], words: Vocabulary) -> tuple[str, ...]:
    """What a Function returns, where names do not say: gradients in the order of its forward's parameters."""
    given = [f"d{each.name}" for each in parameters_of(forward)[1:]]  # after ctx
    if len(given) < len(names):
        return names
    return tuple(name if words.gradient(name) else of for name, of in zip(names, given, strict=False))


@functools.lru_cache(64)  # a third of the time of the many short calls
def _returned_names(code: CodeType) -> tuple[str, ...]:
    with contextlib.suppress(TypeError, OSError, SyntaxError, ValueError):
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
        for node in reversed([node for node in ast.walk(tree) if isinstance(node, ast.Return)]):
            if isinstance(node.value, (ast.Tuple, ast.List)):
                return tuple(ast.unparse(each) for each in node.value.elts)
            if node.value is not None:
                return (ast.unparse(node.value),)
    return ()


def _plain(place: Place) -> Array:
    return np.array(plain_array(place.value))


def unpackings(text: str, cache: str) -> list[str]:
    """The names that a text takes a cache apart into, in their order."""
    with contextlib.suppress(SyntaxError, ValueError):
        for node in ast.walk(ast.parse(textwrap.dedent(text))):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id == cache:
                target = node.targets[0]
                listed = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
                return [ast.unparse(each) for each in listed]
    return []
