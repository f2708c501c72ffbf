"""Two runs of a function, compared to the bit, and a tracer that sees one of them line by line."""

from __future__ import annotations

import re
import sys
import threading
import types
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
State = dict[str, "Cells"]
PLAIN = (bool, int, str, bytes, complex, range, slice)


class Cells(NamedTuple):
    """An array's bits."""

    shape: tuple[int, ...]
    dtype: str
    bits: object

    @classmethod
    def of(cls, array: Array) -> Cells:
        plain = np.asarray(array)
        bits = [plain_value(value, {}) for value in plain.ravel().tolist()] if plain.dtype.hasobject else None
        return cls(plain.shape, plain.dtype.str, repr(bits) if bits is not None else plain.tobytes())

    def __repr__(self) -> str:
        values = self.bits
        if isinstance(values, bytes):
            values = np.frombuffer(values, self.dtype).reshape(self.shape).tolist() if values else []
        return f"{self.dtype}{list(self.shape)}{values}"


def plain_value(value: Any, seen: dict[int, int]) -> Any:
    """A value as something that `==` compares to the bit: dtypes, shapes, NaN, the order of keys, sharing."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return kind, Cells.of(value)
    if isinstance(value, np.generic):
        return kind, value.dtype.str, repr(value) if value.dtype.hasobject else value.tobytes()
    if value is None or isinstance(value, PLAIN):
        return kind, repr(value)
    if isinstance(value, float):
        return kind, value.hex()
    if isinstance(value, tuple):
        return kind, [plain_value(item, seen) for item in value]
    if id(value) in seen:
        return kind, f"the same as value {seen[id(value)]}"
    seen[id(value)] = len(seen)
    if isinstance(value, dict):
        return kind, [(plain_value(key, seen), plain_value(item, seen)) for key, item in value.items()]
    if isinstance(value, list):
        return kind, [plain_value(item, seen) for item in value]
    if isinstance(value, set | frozenset):
        return kind, sorted(map(repr, value))
    if isinstance(value, types.FunctionType | types.MethodType | types.BuiltinFunctionType | type):
        return kind, value.__qualname__
    if isinstance(value, types.GeneratorType | np.random.RandomState | np.random.Generator):
        return kind
    return kind, plain_value(attributes(value), seen)


def attributes(value: Any) -> dict[str, Any]:
    """Those of an object, in `__dict__` or in slots."""
    slots = [name for part in type(value).__mro__ for name in getattr(part, "__slots__", ())]
    return dict(getattr(value, "__dict__", {}), **{s: getattr(value, s) for s in slots if hasattr(value, s)})


def arrays_in(value: Any, seen: dict[int, Any]) -> list[Array]:
    """The arrays of numbers in a value, however deep."""
    if id(value) in seen or isinstance(value, type | types.ModuleType | types.FunctionType | str | bytes):
        return []
    seen[id(value)] = value
    if isinstance(value, np.ndarray):
        return [value] if is_kept(value) else []
    parts = value if isinstance(value, list | tuple) else attributes(value).values()
    parts = value.values() if isinstance(value, dict) else parts
    return [array for part in parts for array in arrays_in(part, seen)]


@dataclass
class Outcome:
    """How a plain run has ended."""

    result: Any = None
    error: BaseException | None = None


def call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome:
    """Run a function plainly; of a generator, all of it."""
    try:
        result = function(*args, **kwargs)
        if isinstance(result, types.GeneratorType):
            result = drained(result)
    except (Exception, SystemExit) as error:
        return Outcome(error=error)
    return Outcome(result)


def drained(generator: types.GeneratorType[Any, Any, Any]) -> Any:
    """What a generator returns at its end."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@dataclass
class Executed:
    """One execution of a line: the frame's variables before it and when it was over."""

    before: dict[str, Any]
    variables: dict[str, Any]


@dataclass
class Tracer:
    """Follows a plain run line by line, by `sys.settrace`: nothing of the recorder takes part."""

    file: str
    executed: dict[int, list[Executed]] = field(default_factory=lambda: defaultdict(list))
    """By line, in the order in which they were over."""
    last: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    """By line, the variables of the function in which it stands, at its last end."""
    owned: State = field(default_factory=dict)
    """The arrays with memory of their own that are the outermost function's variables at its end."""
    recursive: set[int] = field(default_factory=set)
    """Lines of functions that call themselves: what is over first may have begun last."""
    codes: dict[int, types.CodeType] = field(default_factory=dict)
    """By line, the code of the function in which it stands."""
    _lines: dict[types.FrameType, set[int]] = field(default_factory=lambda: defaultdict(set))
    _open: dict[types.FrameType, tuple[int | None, dict[str, Any]]] = field(default_factory=dict)

    def __call__(self, frame: types.FrameType, event: str, argument: object) -> Any:
        code = frame.f_code
        if code.co_filename != self.file or (code.co_name.startswith("<") and code.co_name != "<lambda>"):
            return None
        if event in ("line", "return"):
            line, before = self._open.pop(frame, (None, {}))
            own = {name: value for name, value in frame.f_locals.items() if name not in code.co_freevars}
            variables = {as_written(name): value_of(value) for name, value in own.items()}
            if line is not None:
                self.executed[line].append(Executed(before, variables))
            if event == "line":
                self._open[frame] = frame.f_lineno, variables
                self._lines[frame].add(frame.f_lineno)
                if code.co_name != "<lambda>":  # which stands in a line of somebody else's
                    self.codes[frame.f_lineno] = code
            else:
                self.last.update(dict.fromkeys(self._lines[frame], variables))
                if any(other is not frame and other.f_code is code for other in self._open):
                    self.recursive |= self._lines[frame]
                arrays = {name: it for name, it in frame.f_locals.items() if is_kept(it)}
                self.owned = {name: Cells.of(it) for name, it in arrays.items() if it.base is None}
        return self


def as_written(name: str) -> str:
    """A private name in a class, `_Layer__x`, as its author wrote it."""
    return re.sub(r"^_[A-Za-z]+(?=__)", "", name)


def value_of(value: Any) -> Any:
    """A variable's value in a form to compare; None of what is neither a number nor an array of numbers."""
    if type(value) in (bool, int, float) or isinstance(value, np.generic):
        return plain_value(value, {})
    return plain_value(value, {}) if is_kept(value) else None


def is_kept(value: Any) -> bool:
    """Whether it is an array of the kinds that are recorded: booleans, integers, floats of this machine."""
    return type(value) is np.ndarray and value.dtype.kind in "biuf" and value.dtype.isnative


def traced(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Outcome, Tracer]:
    """Run a function plainly under a tracer."""
    tracer = Tracer(function.__code__.co_filename)
    before = sys.gettrace()
    sys.settrace(tracer)
    threading.settrace(tracer)
    try:
        return call(function, args, kwargs), tracer
    finally:
        sys.settrace(before)
        threading.settrace(before)
