"""Calls that can be made again with other numbers: a forward, and the backward that follows it."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from convstep.candidate.call.parameters import signature_of
from convstep.frozen import frozen
from convstep.recording.reach import DEEP, entries
from convstep.steps.cells import Array

LEFT = re.compile(r"out(put)?s?|y(_?(hat|pred))?|res(ult)?|a|z|activations?")
"""What an attribute is called in which one that returns nothing leaves its output."""
BACKWARD = re.compile(r"back|bwd|bprop|vjp", re.I)
"""What is called so is given a gradient from above."""
Path = tuple[str, ...]
"""How something is reached from the arguments of a call: `("cache", "[0]")`, `("self", ".W")`."""


@frozen(eq=False)
class Called:
    """A call: a function and what it is called with; making it changes nothing here."""

    function: Callable[..., Any]
    """A function, or a method of an object."""
    places: Sequence[Any] = ()
    """By place."""
    named: Mapping[str, Any] | None = None
    """By name."""
    random: Any = None
    """The state of NumPy's random numbers before it; None to leave it alone."""

    @classmethod
    def kept(cls, function: Callable[..., Any], *places: Any, **named: Any) -> Called:
        """A call that is about to be made, with copies of all that it may change."""
        return cls(function, places, named, np.random.get_state()).like()

    def like(self, changes: Mapping[int, Array] | None = None) -> Called:
        """The same call on copies; `changes` has, by an array's `id`, what takes its place."""
        owner = getattr(self.function, "__self__", None)
        bound = owner is not None and not isinstance(owner, type) and hasattr(self.function, "__func__")
        memo: dict[int, Any] = dict(changes or {})
        held = (owner if bound else None, tuple(self.places), dict(self.named or {}))
        made, places, named = copy.deepcopy(held, memo)
        function = self.function.__func__.__get__(made) if bound else self.function  # type: ignore[attr-defined]
        return Called(function, places, named, self.random)

    def make(self) -> Any:
        """Make the call, on these very objects."""
        if self.random is not None:
            np.random.set_state(self.random)
        with np.errstate(all="ignore"):
            return self.function(*self.places, **(self.named or {}))

    @property
    def owner(self) -> Any:
        """The object whose method is called; None for a function."""
        owner = getattr(self.function, "__self__", None)
        return None if isinstance(owner, type) else owner

    def arguments(self) -> dict[str, Any]:
        """What each parameter is given, by name; `self` first."""
        given: dict[str, Any] = {"self": self.owner} if self.owner is not None else {}
        try:
            bound = signature_of(self.function).bind(*self.places, **(self.named or {}))
        except (TypeError, ValueError):
            return given | {f"[{at}]": value for at, value in enumerate(self.places)}
        return given | dict(bound.arguments)

    def arrays(self) -> dict[Path, Array]:
        """The arrays of numbers with a point among its arguments, by how they are reached; each once."""
        found, seen = dict[Path, Array](), set[int]()
        for path, value in walked(self.arguments()):
            if type(value) is np.ndarray and value.dtype.kind == "f" and id(value) not in seen:
                seen.add(id(value))
                found[path] = value
        return found

    def doubled(self) -> Called:
        """The same call with all of them in float64."""
        return self.like(
            {
                id(value): value.astype(np.float64)
                for value in self.arrays().values()
                if value.dtype.itemsize < 8
            }
        )


def walked(names: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """All that can be reached from some values, by how it is reached."""
    todo: list[tuple[Path, Any]] = [((name,), value) for name, value in names.items()]
    seen = set[int]()
    while todo:
        path, value = todo.pop(0)
        yield path, value
        if len(path) <= DEEP + 1 and not isinstance(value, np.ndarray) and id(value) not in seen:
            seen.add(id(value))
            todo += [((*path, step), inner) for step, inner in entries(value)]


def text(path: Path) -> str:
    """How a path is written: `cache[0]`, `self.W`."""
    return "".join(path)


def at(names: Mapping[str, Any], path: Path) -> Any:
    """What stands at the end of a path."""
    value: Any = names[path[0]]
    for step in path[1:]:
        value = next(inner for name, inner in entries(value) if name == step)
    return value


def left_in(held: Any) -> str:
    """Where a forward that returns nothing leaves its output: "output"; "" if that is not known."""
    kept = getattr(held, "__dict__", {})
    arrays = [name for name, one in kept.items() if isinstance(one, np.ndarray) and one.dtype.kind == "f"]
    return next((name for name in arrays if LEFT.fullmatch(name.strip("_").lower())), "")


@frozen(eq=False)
class Pair:
    """A forward, and the backward that is called with what it has made."""

    forward: Called
    """As it was before it was called."""
    backward: Called
    """As it is to be called: its arguments hold what the forward has returned, or its object does."""
    links: Mapping[Path, Path]
    """Which arguments of the backward come from the forward, and what they are there."""
    constants: Mapping[Path, Array]
    """The arrays of the backward's arguments that do not: gradients from above."""

    @property
    def together(self) -> bool:
        """Whether both are one function, which returns a loss and its gradients."""
        return self.forward.function is self.backward.function

    @classmethod
    def of(cls, forward: Called, ran: Called, made: Any, backward: Called) -> Pair:
        """The pair of a backward's call and a forward's, before it was made on objects of its own and after.

        Of what was `made` the very objects are among the backward's arguments.
        """
        known: dict[int, Path] = {}
        for path, value in walked({"": made} | ran.arguments()):
            if not isinstance(value, (int, float, str, bool, type(None))) or path == ("",):
                known.setdefault(id(value), path)
        links, constants = dict[Path, Path](), dict[Path, Array]()
        backward = replace(backward, random=None)
        inside: list[Path] = []
        for path, value in walked(backward.arguments()):
            if any(path[: len(outer)] == outer for outer in inside):
                continue
            if id(value) in known and value is not None and not isinstance(value, (int, str, bool)):
                links[path] = known[id(value)]
                inside.append(path)
            elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
                constants[path] = value
            elif isinstance(value, (float, np.floating)):
                constants[path] = np.asarray(value, np.float64)
        frozen = backward.like()  # the call itself may be made, and may change them
        return cls(forward, frozen, links, {path: np.array(array) for path, array in constants.items()})

    def otherwise(self) -> Pair | None:
        """The same with the forward's output in the place of its input or the other way round.

        None unless one of them, an array, is all that the backward is given of the forward.
        """
        made = [path for path in self.links if path[0] != "self"]
        inputs = [path for path in self.forward.arrays() if path[0] != "self"]
        if self.backward.owner is not None or len(made) != 1 or len(inputs) != 1:
            return None
        if not isinstance(at(self.backward.arguments(), made[0]), np.ndarray):
            return None
        return replace(self, links={made[0]: inputs[0] if self.links[made[0]] == ("",) else ("",)})

    def may_be_from_above(self, outer: Path, inner: Path) -> bool:
        """Whether a backward's only array may be a gradient from above, whatever it is called.

        A derivative, `tanh_prime(z)`, is given none.

        Args:
            outer: where the array stands in its call.
            inner: where that of the forward stands in that one's.
        """
        name = getattr(self.backward.function, "__name__", "")
        return BACKWARD.search(name) is not None or ("grad" in name.lower() and outer != inner)

    def from_above(self) -> Pair | None:
        """The same with a backward's only array read as a gradient from above; None if it cannot be one."""
        arrays, made = self.backward.arrays(), self.forward.like().make()
        given = [path for path in arrays if path[0] != "self"]
        inputs = [path for path in self.forward.arrays() if path[0] != "self"]
        if len(given) != 1 or given[0] not in self.links or len(inputs) != 1:
            return None
        if not self.may_be_from_above(given[0], inputs[0]) or not isinstance(made, np.ndarray):
            return None
        above: Array = np.asarray(np.random.default_rng(37).standard_normal(made.shape))
        return replace(
            self,
            backward=self.backward.like({id(arrays[given[0]]): above}),
            links={path: source for path, source in self.links.items() if path != given[0]},
            constants={**self.constants, given[0]: above},
        )

    def again(self, forward: Called) -> tuple[Called, Any, Called]:
        """Make a call like `self.forward`, on its own objects, and the backward's after it.

        The forward's call after it was made, what it returned, the backward's call.
        """
        made = forward.make()
        names = {"": made} | forward.arguments()
        changes: dict[int, Any] = {}
        for path, source in self.links.items():
            changes[id(at(self.backward.arguments(), path))] = at(names, source)
        owner = self.backward.owner
        if owner is not None and ("self",) not in self.links and forward.owner is not None:
            raise LookupError("the backward is of another object than the forward")
        return forward, made, self.backward.like(changes)

    def with_upstream(self, backward: Called, values: Mapping[Path, Array]) -> Called:
        """A call that `again` has made, with other gradients from above, by path of `constants`."""
        names = backward.arguments()
        if all(isinstance(at(names, path), np.ndarray) for path in values):
            return backward.like({id(at(names, path)): value for path, value in values.items()})
        places, named = list(backward.places), dict(backward.named or {})
        listed = list(inspect.signature(backward.function).parameters)
        for path, value in values.items():
            number = listed.index(path[0])
            if len(path) > 1:
                raise LookupError(text(path))
            if number < len(places):
                places[number] = value
            else:
                named[path[0]] = value
        return replace(backward, places=places, named=named).like()
