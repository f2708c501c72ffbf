"""Runs in the child: somebody's backward, in whose gradients a mistake is made if a call can be read."""

from __future__ import annotations

import functools
import hashlib
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from convstep.candidate.load import names
from convstep.candidate.power.copies import PASSED, Copies
from convstep.candidate.power.reading import Reading, readings, to_theirs
from convstep.candidate.power.suspects import Suspect, problem_words, suspects
from convstep.candidate.record.forwards import FORWARD, forward_of
from convstep.candidate.verdicts.calls import Called, Path, walked
from convstep.operators.operator import Array, Operator


def put(result: Any, owner: Any, path: Path, value: Array) -> Any:
    """Put an array where another one was returned, or is held; what is returned now.

    Its path is in the result, if its first word is "", else in the object whose method was called.
    """
    if path == ("",):
        return _as(result, value)
    if path[0] == "":
        return _within(result, path[1:], value)
    _within(owner, path[1:], value)
    return result


def _within(held: Any, path: Path, value: Array) -> Any:
    """The same, with an array in the place of another one; containers that can be are changed in place."""
    step, rest = path[0], path[1:]
    if step.startswith("."):
        old = getattr(held, step[1:])
        setattr(held, step[1:], _within(old, rest, value) if rest else _as(old, value))
        return held
    key: Any = step[1:-1]
    key = int(key) if isinstance(held, (tuple, list)) else next(one for one in held if f"[{one!r}]" == step)
    new = _within(held[key], rest, value) if rest else _as(held[key], value)
    if isinstance(held, tuple):
        parts = [*held[:key], new, *held[key + 1 :]]
        return type(held)(*parts) if hasattr(held, "_fields") else tuple(parts)
    held[key] = new
    return held


def _as(old: Any, value: Array) -> Any:
    """An array of the kind that stood there."""
    if hasattr(old, "detach"):
        return old.new_tensor(value)
    return value.astype(old.dtype) if isinstance(old, np.ndarray) else value


def recode(function: FunctionType, made: Callable[..., Any]) -> None:
    """Give a function without closure the code of a call of what `made` makes of it, for all who hold it."""
    was = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
    was.__kwdefaults__ = function.__kwdefaults__
    functools.update_wrapper(was, function)
    del was.__dict__["__wrapped__"]
    key = f"_convstep_{id(function)}_"
    function.__globals__[key] = made(was)
    call: dict[str, Any] = {}
    exec(f"def call(*places, **named): return {key}(*places, **named)", call)
    function.__code__, function.__defaults__, function.__kwdefaults__ = call["call"].__code__, None, None
    vars(function)["__wrapped__"] = was  # its signature, its source


KEPT = 64
"""Calls of the forward that are remembered: so many of the first, and of the last."""
ASKED = 200
"""Calls that are kept to find out which mistakes look alike."""
UNREAD = 8
"""Calls after which no more are tried to be read, if none could be."""
SAID = 12
"""Problems that are told to a person."""


@dataclass(slots=True)
class Replaced:
    """A backward in its module, while a test runs.

    It looks on until a mistake would make a difference to what is returned. There the process goes on
    twice: in the copy the mistake is made from here on.
    """

    operator: Operator
    numbers: list[int]
    """The mistakes that are to be made, by their places in `suspects`."""
    copies: Copies
    """Where they are made."""
    total: int = 0
    """How often it is called in all, where that is known."""
    calls: int = 0
    """How often it was called."""
    read: int = 0
    """In how many of these it is known which problem it was."""
    problems: list[str] = field(default_factory=list)
    """What the test has asked it, a few words each, no one twice."""
    placed: set[str] = field(default_factory=set)
    """The gradients that were found in what it returns, or in its object."""
    asks_check: bool = False
    """Whether the test asks convstep's own check as well."""
    spoiled: set[str] = field(default_factory=set)
    """The gradients that the mistake of this copy has changed."""
    _made: int = -1
    """The mistake that is made in this copy."""
    _asked: list[Reading] = field(default_factory=list)
    _first: list[tuple[Called, Any]] = field(default_factory=list)
    _last: deque[tuple[Called, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _known: Reading | None = None
    _taken: dict[int, Any] = field(default_factory=dict)
    _looks: bool = False

    def __post_init__(self) -> None:
        """Look on where no mistake is to be made."""
        self._looks = not self.numbers

    @property
    def done(self) -> bool:
        """Whether the mistake of this copy can make no difference any more."""
        return self._made >= 0 and 0 < self.total <= self.calls

    def end(self, said: dict[str, Any]) -> None:
        """Say how the run has ended; a copy ends here."""
        self.end_copy(said)
        self.copies.wait()
        seen = {"calls": self.calls, "read": self.read, "problems": self.problems, "check": self.asks_check}
        found = {"placed": sorted(self.placed), "same": self._same() if self._looks else []}
        self.copies.tell(-1, {**said, **seen, **found})

    def end_copy(self, said: dict[str, Any]) -> None:
        """In a copy: say how the run has ended, and end."""
        if self._made >= 0:
            self.copies.end(self._made, {**said, "spoiled": sorted(self.spoiled)})

    def put_into(self, module: ModuleType, name: str) -> None:
        """Let it take the place of `Pool.backward` in a module that has run; remember its forward's calls."""
        owner, _, last = name.rpartition(".")
        if isinstance(kind := getattr(module, name, None), type):  # its backward is meant
            methods = names.backward_first(each for each in dir(kind) if names.looks_backward(each))
            owner, last = name, next(iter(methods), "")
        held = getattr(module, owner, None) if owner else module
        if held is None or not hasattr(held, last):
            return
        if owner:
            known = [each for each in dir(held) if FORWARD.fullmatch(each) and each != last]
        else:
            forward = forward_of(last, vars(module))
            known = [] if forward is None else [forward.__name__]
        for each in known:
            if callable(getattr(held, each, None)) and each[:6] != "__init":
                self._take(held, each, self._remembering)
        self._take(held, last, self._mistaken)

    def _take(self, held: Any, name: str, made: Callable[..., Any]) -> None:
        """Have another function called; whoever holds the old one calls the new one too."""
        value = vars(held).get(name)
        static = isinstance(value, staticmethod)
        function = getattr(held, name)
        if id(function) in self._taken:
            return
        own = value.__func__ if isinstance(value, staticmethod) else value
        if isinstance(own, FunctionType) and not own.__code__.co_freevars:
            recode(own, made)
            self._taken[id(function)] = function
            return
        new = functools.wraps(function)(made(function))
        self._taken[id(new)] = new
        setattr(held, name, staticmethod(new) if static else new)

    def _same(self) -> list[int]:
        """By mistake, the first that would come to the same here; -1 where it makes no difference."""
        if len(self._asked) < self.calls:
            return []
        first: dict[str, int] = {}
        marks = [self._marked(one) for one in suspects(self.operator)]
        for number, mark in enumerate(marks):
            first.setdefault(mark, number)
        return [first[mark] if mark else -1 for mark in marks]

    def _marked(self, suspect: Suspect) -> str:
        made = hashlib.sha256()
        shown = False
        for number, found in enumerate(self._asked):
            spoiled = _spoiled(suspect, found)
            if spoiled is None:
                made.update(f"{number} raises".encode())
                shown = True
                continue
            for name, gradient in spoiled.items():
                made.update(f"{number} {name} {gradient.shape}".encode() + np.round(gradient, 9).tobytes())
                shown = True
        return made.hexdigest() if shown else ""

    def _remembering(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def called(*places: Any, **named: Any) -> Any:
            call = _kept(forward, places, named)
            made = forward(*places, **named)
            if call is not None:
                (self._first if len(self._first) < KEPT else self._last).append((call, made))
            return made

        return called

    def _mistaken(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        def called(*places: Any, **named: Any) -> Any:
            self.calls += 1
            if not (self._looks or self.read) and self.calls > UNREAD:
                return backward(*places, **named)
            before = _kept(backward, places, named)
            result = backward(*places, **named)
            if before is None:
                return result
            owner = (
                places[0]
                if places and not isinstance(places[0], np.ndarray) and hasattr(places[0], "__dict__")
                else None
            )
            forward = self._forward_of(places, named)
            found = next(readings(self.operator, before, forward, result, owner, self._known), None)
            if found is None:
                return result
            self._known = found
            self.read += 1
            self.placed |= found.places.keys()
            if self._looks:
                self._look(found)
            elif self._made < 0:
                self._part(found)
            return result if self._made < 0 else self._put(found, result, owner)

        return called

    def _look(self, found: Reading) -> None:
        if len(self._asked) < ASKED:
            self._asked.append(found)
        words = problem_words(self.operator, found.problem)
        if words not in self.problems and len(self.problems) < SAID:
            self.problems.append(words)

    def _part(self, found: Reading) -> None:
        """Go on twice for each mistake that shows here for the first time."""
        for number in list(self.numbers):
            if _spoiled(suspects(self.operator)[number], found) == {}:
                continue
            if self.copies.make(number):
                self._made = number
                return
            self.numbers.remove(number)
        if not self.numbers:
            self.end({"code": PASSED})
            os._exit(0)  # whatever else it tests is known

    def _put(self, found: Reading, result: Any, owner: Any) -> Any:
        """What is returned with the mistake of this copy, which may raise."""
        suspect = suspects(self.operator)[self._made]
        spoiled = _spoiled(suspect, found)
        if spoiled is None:
            suspect.gradients(found.problem)  # raises
        self.spoiled |= (spoiled or {}).keys()
        for name, gradient in (spoiled or {}).items():
            laid = to_theirs(self.operator, found.convention, name, gradient * found.scales[name])
            result = put(result, owner, found.places[name], laid)
        return result

    def _forward_of(self, places: tuple[Any, ...], named: Mapping[str, Any]) -> Called | None:
        """The forward's call that made what a backward is given; otherwise the last one."""
        given = {
            id(value)
            for _, value in walked({str(at): one for at, one in enumerate((*places, *named.values()))})
            if value is not None and not isinstance(value, (int, float, str, bool))
        }
        call: Called
        made: Any
        remembered = [*self._first, *self._last]
        for call, made in reversed(remembered):
            held = (value for _, value in walked({"": made}))
            if any(
                id(value) in given for value in held if isinstance(value, (tuple, dict, list, np.ndarray))
            ):
                return call
        return remembered[-1][0] if remembered else None


def _spoiled(suspect: Suspect, found: Reading) -> dict[str, Array] | None:
    """The gradients that a mistake changes, in the operator's layout; None if it raises."""
    try:
        with np.errstate(all="ignore"):
            gradients = suspect.gradients(found.problem)
    except Exception:  # what a person would see there
        return None
    return {
        name: gradient
        for name, gradient in gradients.items()
        if name in found.places and _differs(gradient, found.right[name])
    }


def _differs(gradient: Array, right: Array) -> bool:
    """Whether it is another one; not by rounding alone."""
    return gradient.shape != right.shape or not np.allclose(gradient, right, rtol=1e-9, atol=1e-12)


def _kept(function: Callable[..., Any], places: tuple[Any, ...], named: dict[str, Any]) -> Called | None:
    """A call on copies; None if what it is given cannot be copied."""
    try:
        given = (tuple(map(_still, places)), {name: _still(value) for name, value in named.items()})
        return Called.kept(function, *given[0], **given[1])
    except Exception:  # a lock, a generator
        return None


def _still(value: Any) -> Any:
    """What can be copied, in the place of PyTorch's contexts and of tensors with a history."""
    if hasattr(value, "save_for_backward"):
        kept = {name: _still(one) for name, one in getattr(value, "__dict__", {}).items()}
        return SimpleNamespace(**kept, saved_tensors=tuple(map(_still, value.saved_tensors)))
    return value.detach().clone() if hasattr(value, "detach") else value
