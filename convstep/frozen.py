"""Frozen dataclasses and named tuples that are quickly defined: the first screen needs dozens of either.

`dataclass(frozen=True, slots=True)` compiles six methods for every class, which takes longer than to load the
rest of its module, and `typing.NamedTuple` compiles one and every type. Here one is compiled, `__init__` or
`__new__`, when it is first called, and only if none of as many fields was before; the others are the same for
all. What the standard library says of a dataclass is found out when somebody asks.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")

_ORDINARY = vars(dataclasses)["_FIELD"]
"""What the library calls a field that is no ClassVar and no InitVar."""


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


def _fields(kind: Any) -> dict[str, Field[Any]]:
    """The fields by name, those of its bases first, as the library describes them."""
    found = {}
    for base in reversed(kind.__mro__):
        for name, (default, hint) in vars(base).get("__own__", {}).items():
            each: Any = default if isinstance(default, Field) else field(default=default)
            each.name, each.type, each.kw_only, each._field_type = name, hint, False, _ORDINARY
            found[name] = each
    return found


def _match_args(kind: Any) -> tuple[str, ...]:
    return tuple(name for name, each in kind.__dataclass_fields__.items() if each.init)


def _init(kind: Any) -> Callable[..., None]:
    known: dict[str, Any] = {"_left_out": MISSING}
    # the others are set afterwards
    given = {name: each for name, each in kind.__dataclass_fields__.items() if each.init}
    made, defaults = [], []
    for place, (name, each) in enumerate(given.items()):
        known[f"_set{place}"] = getattr(kind, name).__set__  # sooner done than by `object.__setattr__`
        if each.default_factory is not MISSING:
            known[f"_make{place}"] = each.default_factory
            made.append(place)
        if each.default_factory is not MISSING or each.default is not MISSING:
            defaults.append(each.default)
    code = _init_code(len(given), tuple(made), hasattr(kind, "__post_init__"))
    init: Any = FunctionType(code.replace(co_varnames=("self", *given)), known, None, tuple(defaults))
    init.__annotations__ = {name: each.type for name, each in given.items()} | {"return": None}
    return init  # type: ignore[no-any-return]


@functools.cache
def _init_code(count: int, made: tuple[int, ...], goes_on: bool) -> CodeType:
    """What sets so many fields, of which some are `made` where they are left out; all but their names."""
    lines = [f"def __init__(self, {', '.join(f'_{place}' for place in range(count))}):"]
    for place in range(count):
        value = f"_make{place}() if _{place} is _left_out else _{place}" if place in made else f"_{place}"
        lines.append(f" _set{place}(self, {value})")
    return _compiled([*lines, " self.__post_init__()" if goes_on else " pass"], "__init__")


def _compiled(lines: Iterable[str], name: str) -> CodeType:
    known: dict[str, Any] = {}
    exec("\n".join(lines), known)
    return known[name].__code__  # type: ignore[no-any-return]


def _equal(kind: Any) -> Callable[[Any, object], bool]:
    values = _compared(kind)

    def equal(self: Any, other: object) -> bool:
        return bool(values(self) == values(other)) if type(other) is type(self) else NotImplemented

    return equal


def _hash(kind: Any) -> Callable[[Any], int]:
    values = _compared(kind)
    return lambda self: hash(values(self))


def _compared(kind: Any) -> Callable[[Any], Any]:
    return attrgetter(*(name for name, each in kind.__dataclass_fields__.items() if each.compare))


def _repr(self: Any) -> str:
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"{name!r} of a {type(self).__name__} stays as it is")


def _reduce(self: Any) -> tuple[type[Any], tuple[Any, ...]]:
    return type(self), tuple(getattr(self, each.name) for each in fields(self) if each.init)


def _params(kind: Any) -> Any:
    given = kind.__given__
    if "__dataclass_params__" not in vars(given):
        dataclass(init=False, repr=False, eq=False)(given)
    return given.__dataclass_params__


_SHARED = {"__repr__": _repr, "__setattr__": _refuse, "__delattr__": _refuse, "__reduce__": _reduce}
_UNSLOTTED = "__dict__", "__weakref__"
"""What a class has that has no slots."""
_UNEQUAL: dict[str, Callable[[Any], Any]] = {
    "__init__": _init,
    "__dataclass_fields__": _fields,
    "__dataclass_params__": _params,
    "__match_args__": _match_args,
}
_EQUAL = _UNEQUAL | {"__eq__": _equal, "__hash__": _hash}


class _Named(type):
    """Makes of a class's body what `typing.NamedTuple` makes of it."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        hints = body["__annotations__"]
        shared = {**_OF_TUPLES, "_fields": tuple(hints), "__match_args__": tuple(hints)}
        shared["_field_defaults"] = {one: body[one] for one in hints if one in body}
        got = {one: _tuplegetter(place, None) for place, one in enumerate(hints)}
        return type(name, (tuple,), {**shared, "__new__": _Later(_new), **body, **got, "__slots__": ()})


def _new(kind: Any) -> staticmethod[..., Any]:
    code = _new_code(len(kind._fields)).replace(co_varnames=("cls", *kind._fields))
    defaults = tuple(kind._field_defaults.values())
    new: Any = FunctionType(code, {"_new": tuple.__new__}, None, defaults)
    new.__annotations__ = kind.__annotations__
    return staticmethod(new)


@functools.cache
def _new_code(count: int) -> CodeType:
    """What makes a tuple of so many fields; all but their names."""
    names = ", ".join(f"_{place}" for place in range(count))
    return _compiled([f"def __new__(cls, {names}):", f" return _new(cls, ({names},))"], "__new__")


def _make(cls: Any, values: Iterable[Any]) -> Any:
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"a {cls.__name__} has {len(cls._fields)} fields, not {len(made)}")
    return made


def _replaced(self: Any, /, **others: Any) -> Any:
    made = self._make(map(others.pop, self._fields, self))
    if others:
        raise ValueError(f"a {type(self).__name__} has no {', '.join(others)}")
    return made


def _tuple_repr(self: Any) -> str:
    shown = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({', '.join(shown)})"


_OF_TUPLES: dict[str, Any] = {
    "__repr__": _tuple_repr,
    "__getnewargs__": lambda self: tuple(self),
    "_make": classmethod(_make),
    "_replace": _replaced,
    "_asdict": lambda self: dict(zip(self._fields, self, strict=True)),
}

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    NamedTuple = type.__new__(_Named, "NamedTuple", (), {})
    """Named tuples are classes of it, as of `typing.NamedTuple`."""
