"""Runs in the child: what each parameter and key of somebody's operator is given on one problem."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from convstep.candidate.call.failure import Unusable
from convstep.candidate.call.given import _Plain, _same, _small
from convstep.candidate.call.layers import RATE
from convstep.candidate.call.parameters import parameters_of
from convstep.candidate.operators.vocabulary import Vocabulary, holds, plain
from convstep.candidate.record.filling import NOTHING
from convstep.candidate.verdicts.changes import LEARNING as LEARNING
from convstep.language import tr

_RUNNING = {"runningmean": 0.0, "movingmean": 0.0, "runningvar": 1.0, "movingvar": 1.0}
"""Statistics of earlier batches, of which nothing depends in training."""


OUTPUT = "output"
"""Of a loss that is handed the probabilities where others are handed the gradient from above."""


class Arrays(dict[str, Any]):
    """Arrays by role; of one that a convention joins with others, or calls by another name, there is none."""

    def __missing__(self, role: str) -> Any:
        raise Unusable(tr("nothing in it is called or shaped like {names}", names=role))


class Unsaid(BaseException):
    """It has no way to be told this problem: an int where a pair is needed. Nobody's code catches it."""


@dataclass(slots=True)
class Told:
    """What one problem says, and what of it was asked for."""

    words: Vocabulary
    """The operator's."""
    arrays: Mapping[str, Any]
    """By role, laid as they have them, tensors if they want such; outputs and those from above as well."""
    options: Mapping[str, Any]
    """By name."""
    sizes: Mapping[str, int]
    """By axis letter; "in", "out" and "kernel" are roles of letters."""
    pairs: frozenset[str]
    """The options of which a pair of equal numbers is given as a pair, where its default does not show it."""
    mode: str = ""
    """What a parameter `mode` is given."""
    keys: tuple[str, ...] = ()
    """The words that stand in quotes in the author's text."""
    above: str = ""
    """See `ways.Way`."""
    said: set[str] = field(default_factory=set)
    """Which roles were asked for."""
    rated: bool = False
    """Whether it asked for a learning rate or an optimizer."""
    cache: Any = NOTHING
    """What the forward keeps for the backward."""
    context: Any = None
    """What stands for `ctx`."""

    def value(self, name: str, default: Any = inspect.Parameter.empty) -> Any:
        """What something of that name is given; NOTHING if it is not known."""
        if (found := self._named(name)) is not NOTHING:
            return found
        if (role := self.words.role(name)) and role not in self.words.outputs:
            found = self._of(role, name, default)
            if found is not NOTHING:
                return found
        if (part := self.words.parts.get(plain(name), "")) in self.arrays:
            self.said.add(part)
            return self.arrays[part]
        if plain(name) in ("mode", "pooltype", "pooling", "type", "poolmode", "method", "kind") and self.mode:
            self.said.add("mode")
            return self.mode
        if holds(name):
            return Options(self)
        if len(self.words.arrays) > 1 and plain(name) in _RUNNING:
            return self.arrays[self.words.arrays[1]] * 0 + _RUNNING[plain(name)]
        return NOTHING

    def _named(self, name: str) -> Any:
        """What a convention says by their own names: an array, or a dict of arrays."""
        if f"{name}/" in self.arrays:
            self.said.add(name)
            return self.arrays[f"{name}/"]
        inner = {
            key.partition("/")[2]: value for key, value in self.arrays.items() if key.startswith(f"{name}/")
        }
        return inner or NOTHING

    def made_with(self, name: str, default: Any, *, making: bool = True) -> Any:
        """What a constructor's parameter is given."""
        computed = self.words.role(name) in (self.words.arrays[0], *self.words.outputs)
        found = NOTHING if computed else self.value(name, default)
        if found is not NOTHING or default is not inspect.Parameter.empty:
            return found if found is not NOTHING else self._size(name, known=True)
        return self._size(name, making=making)

    def sized_with(self, name: str, default: Any) -> Any:
        """The same, of a constructor that wants the sizes of its weights, whatever these are called."""
        found = self._size(name, known=default is not inspect.Parameter.empty)
        return self.made_with(name, default) if found is NOTHING else found

    def _of(self, role: str, name: str, default: Any) -> Any:
        base, _, item = role.partition("[")
        if base in self.arrays:
            self.said.add(base)
            return self.arrays[base]
        if base not in self.options:
            return NOTHING
        value = self.options[base]
        if item:
            self.said.add(role)
            return value[int(item[0])]
        if isinstance(value, tuple):
            value = self._pair(value, name, default, base)
        self.said.add(base)
        return value

    def _pair(self, value: tuple[Any, ...], name: str, default: Any, option: str) -> Any:
        number = isinstance(default, (int, float)) and not isinstance(default, bool)
        if isinstance(default, (tuple, list)) or (not number and option in self.pairs):
            return value
        if len(set(value)) > 1:
            raise Unsaid(option)
        return value[0]

    def _size(self, name: str, *, known: bool = False, making: bool = True) -> Any:
        """A size or a flag; of a parameter with a default, only a size."""
        base, _, item = self.words.making(name).partition("[")
        if base == "kernel":
            return self._kernel(item, name)
        if base in self.sizes:
            return self.sizes[base]
        self.rated |= base in ("rate", "optimizer")
        if known and base == "rate" and LEARNING.fullmatch(name):
            return RATE
        if known or not base:
            return NOTHING
        if base == "shape" and item:  # as PyTorch has it: a length or a tuple of lengths
            return self._pair((self.sizes["in"],), name, None, "kernel") if "in" in self.sizes else NOTHING
        if base == "shape":
            whole = tuple(np.shape(self.arrays[self.words.arrays[0]]))
            return whole[1:] if making else whole
        return {
            "activation": _same, "initializer": _small, "optimizer": _Plain(), "rate": RATE, "seed": 0,
            "rng": np.random.RandomState(0), "name": "layer", "dtype": np.float64, "zero": 0.0, "flag": True,
            "training": True,
        }.get(base, NOTHING)  # fmt: skip

    def _kernel(self, item: str, name: str) -> Any:
        lengths = [self.sizes[letter] for letter in ("kernel", "kernel2") if letter in self.sizes]
        if not lengths:
            return NOTHING
        if item:
            return lengths[min(int(item[0]), len(lengths) - 1)]
        if len(lengths) == 1:
            return lengths[0]
        return self._pair(tuple(lengths), name, None, "kernel")

    def spelled(self) -> Iterator[str]:
        """The keys that the author's text has and this problem can answer."""
        for word in self.keys:
            try:
                if self.value(word) is not NOTHING and not holds(word):
                    yield word
            except Unsaid:
                continue


class Options(dict[str, Any]):
    """A dict that has every spelling of every option and array; what it cannot say it does not have.

    It is an object with the same attributes as well.
    """

    def __init__(self, told: Told) -> None:
        before = set(told.said)
        super().__init__({word: told.value(word) for word in told.spelled()})
        told.said.clear()
        told.said |= before
        self._told = told
        if "mode" in told.keys and "mode" not in self and not told.mode:
            self["mode"] = "train"

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            return self.__missing__(key)
        if role := self._told.words.role(key):
            self._told.said.add(role)
        return super().__getitem__(key)

    def __missing__(self, key: str) -> Any:
        found = NOTHING if holds(str(key)) else self._told.value(str(key))
        if found is NOTHING:
            raise KeyError(key)
        return found

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        try:
            return self[key]
        except KeyError:
            return default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        try:
            return self[key]
        except KeyError:
            self[key] = default
            return default

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __deepcopy__(self, memo: dict[int, Any]) -> Options:
        return self


def widths(kind: type, told: Told, words: Vocabulary) -> tuple[int, ...]:
    """How wide x and the output are, where the two names a constructor needs do not say both."""
    needed = [each.name for each in parameters_of(kind) if each.default is each.empty]
    sizes = tuple(told.sizes[one] for one in ("in", "out") if one in told.sizes)
    if len(needed) != 2 or len(sizes) != 2 or any(map(words.role, needed)):
        return ()
    first, second = map(words.making, needed)
    return () if first == "out" or second == "in" or (first, second) == ("in", "out") else sizes
