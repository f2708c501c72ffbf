"""Frozen dataclasses that are quickly defined: the first screen needs dozens of them, a verdict two hundred.

`dataclass(frozen=True, slots=True)` compiles six methods for every class, which takes longer than to load the
rest of its module. Here one is compiled, `__init__`; the others are the same for all.
"""

from __future__ import annotations

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
        kind: Any = dataclass(init=False, repr=False, eq=False, slots=True)(given)
        methods: dict[str, Any] = {**_SHARED, "__init__": _init(kind)}
        if eq:
            values = attrgetter(*(each.name for each in fields(kind) if each.compare))
            methods |= {"__eq__": _equal(values), "__hash__": lambda self: hash(values(self))}
        for name, method in methods.items():
            if name not in vars(kind):
                setattr(kind, name, method)
        return kind  # type: ignore[no-any-return]

    return made


def _init(kind: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_set": object.__setattr__, "_left_out": MISSING}
    arguments, lines = ["self"], []
    for each in _given(kind):
        name = value = argument = each.name
        if each.default is not MISSING:
            known[f"_{name}_"], argument = each.default, f"{name}=_{name}_"
        elif each.default_factory is not MISSING:
            known[f"_{name}_"], argument = each.default_factory, f"{name}=_left_out"
            value = f"_{name}_() if {name} is _left_out else {name}"
        arguments.append(argument)
        lines.append(f" _set(self, {name!r}, {value})")
    if hasattr(kind, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec("\n".join((f"def __init__({', '.join(arguments)}):", *lines)), known)
    init: Callable[..., None] = known["__init__"]
    init.__annotations__ = {each.name: each.type for each in _given(kind)} | {"return": None}
    return init


def _equal(values: Callable[[Any], Any]) -> Callable[[Any, object], bool]:
    def equal(self: Any, other: object) -> bool:
        return bool(values(self) == values(other)) if type(other) is type(self) else NotImplemented

    return equal


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name!r} of a {type(self).__name__} stays as it is")


def _reduce(self: Any) -> tuple[type[Any], tuple[Any, ...]]:
    return type(self), tuple(getattr(self, each.name) for each in _given(self))


def _given(kind: Any) -> list[Field[Any]]:
    """The fields that are arguments; `__post_init__` sets the others."""
    return [each for each in fields(kind) if each.init]


_SHARED = {"__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduce}
