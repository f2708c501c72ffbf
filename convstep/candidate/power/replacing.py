"""Runs in the child: somebody's backward, from whose gradients a mistake is made wherever a call can be read."""

from __future__ import annotations

import functools
import hashlib
import importlib.machinery
import os
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from convstep.candidate.power.reading import Array, Reading, readings, to_theirs
from convstep.candidate.power.suspects import Suspect, suspects
from convstep.candidate.record.subject import FORWARD, forward_of
from convstep.candidate.verdicts.calls import Called, Path, walked
from convstep.operators.operator import Operator

KEPT = 64
"""Calls of the forward that are remembered: so many of the first, and of the last."""


@dataclass(slots=True)
class Replaced:
    """A backward in its module, while a test runs."""

    operator: Operator
    """What it is."""
    suspect: Suspect | None
    """Whose mistake it makes; None to look on only."""
    calls: int = 0
    """How often it was called."""
    read: int = 0
    """In how many of these it is known which problem it was."""
    shown: int = 0
    """In how many the mistake made a difference."""
    problems: list[str] = field(default_factory=list)
    """What the test has asked it, a few words each, no one twice."""
    marks: list[str] = field(default_factory=list)
    """Where it only looks on: by mistake, a mark of what it would make of all of this; "" if nothing else."""
    _asked: list[Reading] = field(default_factory=list)
    _first: list[tuple[Called, Any]] = field(default_factory=list)
    _last: deque[tuple[Called, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _known: Reading | None = None

    def put_into(self, module: ModuleType, name: str) -> None:
        """Let it take the place of a function or a method of a module, and remember calls of its forward.

        Args:
            module: a module that has just run.
            name: `max_pool_backward`, `Pool.backward`.
        """
        owner, _, last = name.rpartition(".")
        if not owner:
            function = getattr(module, last, None)
            if function is None:
                return
            forward = forward_of(last, vars(module))
            if forward is not None:
                setattr(module, forward.__name__, self._remembering(forward))
            setattr(module, last, self._mistaken(function))
            return
        kind = getattr(module, owner, None)
        if kind is None or not hasattr(kind, last):
            return
        static = isinstance(vars(kind).get(last), staticmethod)
        for each in [one for one in dir(kind) if FORWARD.fullmatch(one) and one != last]:
            if callable(getattr(kind, each)) and not each.startswith("__init"):
                made = self._remembering(getattr(kind, each))
                setattr(kind, each, staticmethod(made) if static else made)
        made = self._mistaken(getattr(kind, last))
        setattr(kind, last, staticmethod(made) if static else made)

    def mark(self) -> None:
        """Say which mistakes would look alike to this test, and which like none."""
        if self.calls == self.read:
            self.marks = [self._marked(one) for one in suspects(self.operator)]

    def _marked(self, suspect: Suspect) -> str:
        made = hashlib.sha256()
        shown = False
        for number, found in enumerate(self._asked):
            try:
                with np.errstate(all="ignore"):
                    gradients = suspect.gradients(found.problem)
            except Exception as error:  # what a person would see there
                made.update(f"{number} {type(error).__name__}".encode())
                shown = True
                continue
            for name, gradient in gradients.items():
                if name in found.places and _differs(gradient, found.right[name]):
                    made.update(
                        f"{number} {name} {gradient.shape}".encode() + np.round(gradient, 9).tobytes()
                    )
                    shown = True
        return made.hexdigest() if shown else ""

    def _remembering(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        def called(*places: Any, **named: Any) -> Any:
            call = _kept(forward, places, named)
            made = forward(*places, **named)
            if call is not None:
                (self._first if len(self._first) < KEPT else self._last).append((call, made))
            return made

        return _like(called, forward)

    def _mistaken(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        def called(*places: Any, **named: Any) -> Any:
            self.calls += 1
            before = _kept(backward, places, named)
            result = backward(*places, **named)
            if before is None:
                return result
            owner = (
                places[0]
                if places and not isinstance(places[0], np.ndarray) and hasattr(places[0], "__dict__")
                else None
            )
            forward = self._forward_of(places, named, owner)
            found = next(readings(self.operator, before, forward, result, owner, self._known), None)
            if found is None:
                return result
            self._known = found
            self.read += 1
            if self.suspect is None:
                self._asked.append(found)
            words = problem_text(self.operator, found)
            if words not in self.problems:
                self.problems.append(words)
            return result if self.suspect is None else self._spoiled(self.suspect, found, result, owner)

        return _like(called, backward)

    def _forward_of(self, places: tuple[Any, ...], named: Mapping[str, Any], owner: Any) -> Called | None:
        """The forward's call that made what a backward is given; otherwise the last one."""
        given = {
            id(value)
            for _, value in walked({str(at): one for at, one in enumerate((*places, *named.values()))})
            if value is not None and not isinstance(value, (int, float, str, bool))
        }
        remembered = [*self._first, *self._last]
        for call, made in reversed(remembered):
            if any(
                id(value) in given
                for _, value in walked({"": made})
                if isinstance(value, (tuple, dict, list, np.ndarray))
            ):
                return call
        del owner
        return remembered[-1][0] if remembered else None

    def _spoiled(self, suspect: Suspect, found: Reading, result: Any, owner: Any) -> Any:
        differs = False
        for name, gradient in suspect.gradients(found.problem).items():
            right = found.right[name]
            if name not in found.places or not _differs(gradient, right):
                continue
            differs = True
            theirs = found.convention.axes.get(name[1:])
            laid = to_theirs(gradient * found.scales[name], theirs, self.operator.axes[name[1:]])
            result = _put(result, owner, found.places[name], laid)
        self.shown += differs
        return result


def _differs(gradient: Array, right: Array) -> bool:
    """Whether it is another one; not by rounding alone."""
    return gradient.shape != right.shape or not np.allclose(gradient, right, rtol=1e-9, atol=1e-12)


def _kept(function: Callable[..., Any], places: tuple[Any, ...], named: dict[str, Any]) -> Called | None:
    """A call on copies; None if what it is given cannot be copied."""
    try:
        return Called.kept(function, *places, **named)
    except Exception:  # a lock, a generator
        return None


def _like(made: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """With the name and the signature of what it stands for: tests look at these."""
    return functools.wraps(function)(made)


def _put(result: Any, owner: Any, path: Path, value: Array) -> Any:
    """Put an array where another one was returned, or is held."""
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


def problem_text(operator: Operator, found: Reading) -> str:
    """A problem in a few words: `x 2x3x4x4, size 2x2, stride 2`."""
    from convstep.candidate.power.words import problem_words

    return problem_words(operator, found.problem)


def at_import(file: str, put: Callable[[ModuleType], None]) -> None:
    """Have something done whenever a module has run that is a file, however it is imported.

    Args:
        file: the file.
        put: what is done with the module.
    """
    meant = os.path.realpath(file)
    kinds: list[Any] = [importlib.machinery.SourceFileLoader]
    try:
        from _pytest.assertion.rewrite import AssertionRewritingHook

        kinds.append(AssertionRewritingHook)
    except ImportError:
        pass
    for kind in kinds:
        kind.exec_module = _then(kind.exec_module, meant, put)


def _then(run: Callable[..., None], file: str, put: Callable[[ModuleType], None]) -> Callable[..., None]:
    def exec_module(loader: Any, module: ModuleType) -> None:
        run(loader, module)
        origin = getattr(module.__spec__, "origin", None)
        if origin and os.path.realpath(origin) == file:
            put(module)

    return exec_module
