"""Frozen dataclasses that are quickly defined: the first screen needs dozens of them, a verdict two hundred.

`dataclass(frozen=True, slots=True)` compiles six methods for every class, which takes longer than to load the
rest of its module. Here one is compiled, `__init__`, when it is first called; the others are the same for
all. What the standard library says of a dataclass is found out when somebody asks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(*, eq: bool = True) -> Callable[[type[T]], type[T]]:
    """What `dataclass(frozen=True, slots=True)` makes of a class.

    >>> @frozen()
    ... class Cell:
    ...     row: int
    ...     column: int = 0
    >>> Cell(2) == Cell(2, 0), Cell(2)
    (True, Cell(row=2, column=0))
    """

    def made(given: type[T]) -> type[T]:
        own = {
            name: (vars(given).get(name, MISSING), hint)
            for name, hint in inspect.get_annotations(given).items()
            if "ClassVar" not in str(hint)
        }
        held = {name for base in given.__mro__[1:] for name in vars(base).get("__slots__", ())}
        body: dict[str, Any] = {
            **_SHARED,
            **{name: _Later(make) for name, make in (_EQUAL if eq else _UNEQUAL).items()},
            **{name: one for name, one in vars(given).items() if name not in _UNSLOTTED and name not in own},
            "__slots__": tuple(name for name in own if name not in held),
            "__given__": given,
            "__own__": own,
        }
        kind: Any = type(given)
        kind = kind(given.__name__, given.__bases__, body)
        kind.__qualname__ = given.__qualname__
        return kind  # type: ignore[no-any-return]

    return made


class _Later:
    """An attribute of a class that is made when somebody asks for it."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, kind: type, name: str) -> None:
        self._kind, self._name = kind, name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        made = self._make(self._kind)
        setattr(self._kind, self._name, made)
        return made.__get__(instance, owner) if callable(made) else made


def _fields(kind: Any) -> dict[str, tuple[Field[Any], Any]]:
    """The fields and their types by name, those of its bases first."""
    found = {}
    for base in reversed(kind.__mro__):
        for name, (default, hint) in vars(base).get("__own__", {}).items():
            found[name] = default if isinstance(default, Field) else field(default=default), hint
    return found


def _init(kind: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_left_out": MISSING}
    given = {name: one for name, one in _fields(kind).items() if one[0].init}  # the others are set afterwards
    lines, defaults = [f"def __init__(self, {', '.join(given)}):"], []
    for name, (each, _) in given.items():
        value = name
        if each.default_factory is not MISSING:
            known[f"_{name}_"] = each.default_factory
            value = f"_{name}_() if {name} is _left_out else {name}"
        if value != name or each.default is not MISSING:
            defaults.append(each.default)
        lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(kind, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join(lines), known)
    init = known["__init__"]
    init.__defaults__ = tuple(defaults)
    init.__annotations__ = {name: hint for name, (_, hint) in given.items()} | {"return": None}
    return init  # type: ignore[no-any-return]


def _equal(kind: Any) -> Callable[[Any, object], bool]:
    values = _compared(kind)

    def equal(self: Any, other: object) -> bool:
        return bool(values(self) == values(other)) if type(other) is type(self) else NotImplemented

    return equal


def _hash(kind: Any) -> Callable[[Any], int]:
    values = _compared(kind)
    return lambda self: hash(values(self))


def _compared(kind: Any) -> Callable[[Any], Any]:
    return attrgetter(*(name for name, (each, _) in _fields(kind).items() if each.compare))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name!r} of a {type(self).__name__} stays as it is")


def _reduce(self: Any) -> tuple[type[Any], tuple[Any, ...]]:
    return type(self), tuple(getattr(self, each.name) for each in fields(self) if each.init)


def _of_library(name: str) -> Callable[[Any], Any]:
    """What the standard library's dataclass has of this name."""

    def found(kind: Any) -> Any:
        given = kind.__given__
        if name not in vars(given):
            dataclass(init=False, repr=False, eq=False)(given)
        return vars(given)[name]

    return found


_SHARED = {"__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduce}
_UNSLOTTED = "__dict__", "__weakref__"
"""What a class has that has no slots."""
_OF_LIBRARY = "__dataclass_fields__", "__dataclass_params__", "__match_args__"
_UNEQUAL = {"__init__": _init} | {name: _of_library(name) for name in _OF_LIBRARY}
_EQUAL = _UNEQUAL | {"__eq__": _equal, "__hash__": _hash}
