"""What a person says of the arguments of a call: an expression, a file of arrays, or shapes by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from convstep.candidate.load.target import CandidateError
from convstep.conv.held import Held
from convstep.conv.storage import made_of
from convstep.frozen import frozen
from convstep.printable import printable

LARGEST = 1 << 22
"""Cells of an array that is drawn; a function that is stepped works on few."""
MOST = 64
"""Names that are given."""
_SHAPE = re.compile(r"[0-9]{1,9}(?:x[0-9]{1,9})+x?|[0-9]{1,9}x")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")


@frozen()
class Shape:
    """An array that is drawn: whole numbers from -4 to 4, always the same ones."""

    axes: tuple[int, ...]


@frozen()
class Arguments:
    """Where the arguments of a call come from; with nothing given they are found."""

    call: str | None = None
    """The call as the file would write it: `f(dout, cache)`."""
    file: str | None = None
    """A `.npz` of arrays by the names of the parameters."""
    shapes: tuple[str, ...] = ()
    """`x=1x1x5x5`, `stride=2`, `cache=4x5,5x3`, each as it was typed."""

    @property
    def words(self) -> list[str]:
        """The same on the command line."""
        given = (("--call", self.call), ("--args", self.file), *(("--shape", each) for each in self.shapes))
        return [
            word
            for name, value in given
            if value is not None
            for word in ([f"{name}={value}"] if value.startswith("-") else [name, value])
        ]

    def check(self) -> None:
        """Refuse, before any process starts, what no function can be called with: a CandidateError."""
        given = [name for name, value in (("--call", self.call), ("--args", self.file)) if value is not None]
        if len(given) == 2 or (self.call is not None and self.shapes):
            raise CandidateError(
                "--call writes the whole call; leave out "
                + ("--shape" if len(given) < 2 else "--args" if not self.shapes else "--args and --shape")
            )
        if self.call is not None:
            called(self.call)
        drawn(self.shapes)

    def as_plain(self) -> dict[str, Any]:
        """The same as JSON takes it."""
        return asdict(self)

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Arguments:
        """The inverse of `as_plain`."""
        return cls(plain["call"], plain["file"], tuple(plain["shapes"]))


def called(text: str) -> ast.Call:
    """The syntax of a call that somebody wrote. Raises CandidateError: it is no call."""
    try:
        tree = ast.parse(text.strip(), "--call", "eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        reason = getattr(error, "msg", None) or "it cannot be read"
        raise CandidateError(f"--call {printable(text, 80)} is not Python: {reason}") from None
    if not isinstance(tree, ast.Call):
        raise CandidateError(
            f"--call {printable(text, 80)} is not a call; write it as the file would: 'f(dout, cache)'"
        )
    return tree


def drawn(shapes: tuple[str, ...]) -> dict[str, Any]:
    """The values of `--shape` by name: whole-number arrays, numbers, words, tuples; or CandidateError."""
    if len(shapes) > MOST:
        raise CandidateError(f"--shape is given {len(shapes)} times, and at most {MOST} are read")
    values: dict[str, Any] = {}
    for number, text in enumerate(shapes):
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not value or not _NAME.fullmatch(name):
            raise CandidateError(
                f"--shape {printable(text, 80)} cannot be read; write NAME=SHAPE or NAME=NUMBER, "
                "like x=1x1x5x5 or stride=2"
            )
        if name in values:
            raise CandidateError(f"--shape gives {name} twice; leave one out")
        values[name] = _realized(_value(text, value), np.random.default_rng(number))
    return _nested(values)


def loaded(path: str) -> dict[str, Any]:
    """The arrays of a `.npz` by name; those without axes as numbers. ProblemError if it cannot be read."""

    def make(held: Mapping[str, Held], name: str) -> dict[str, Any]:
        if len(held) > MOST:
            raise CandidateError(f"{name} holds {len(held)} arrays, and at most {MOST} are read")
        return {each: array[()] if array.ndim == 0 else array for each, array in _arrays(held)}

    return _nested(made_of(path, make))


def _arrays(held: Mapping[str, Held]) -> Iterator[tuple[str, Any]]:
    for name in held:
        array = held[name].read()
        if array.ndim == 0 and array.dtype.kind in "bifU":
            yield name, np.asarray(array.item(), object)  # Python's own number, as one writes it
        else:
            yield name, array


def _value(text: str, value: str) -> Any:
    """What is written after the `=`: a shape, a number, several with commas, or a literal of Python."""
    if value[0] not in "([{\"'" and "," in value:
        return tuple(_value(text, part.strip()) for part in value.split(",") if part.strip())
    if _SHAPE.fullmatch(value):
        axes = tuple(int(length) for length in value.split("x") if length)
        if int(np.prod([float(length) for length in axes])) > LARGEST:
            raise CandidateError(f"--shape {printable(text, 80)} has more than {LARGEST:,} cells; use fewer")
        return Shape(axes)
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        if value.isidentifier():
            return value
    raise CandidateError(
        f"--shape {printable(text, 80)} cannot be read; write a shape like 4x5 or 5x, a number, or a word"
    )


def _realized(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, Shape):
        return rng.integers(-4, 5, value.axes).astype(np.float64)
    return tuple(_realized(each, rng) for each in value) if type(value) is tuple else value


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    """`cache.0` and `cache.1` as a tuple, `pool_param.stride` as a dict."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        first, dot, rest = name.partition(".")
        if not dot:
            found[first] = value
        elif isinstance(held := found.setdefault(first, {}), dict):
            held[rest] = value
    for name, value in found.items():
        if name not in values:
            inner = _nested(value)
            numbers = [*map(str, range(len(inner)))]
            found[name] = tuple(inner[at] for at in numbers) if inner.keys() == {*numbers} else inner
    return found
