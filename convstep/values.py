"""The dataclass decorator at a tenth of its price: a class gets its methods when they are first needed.

`from convstep.values import dataclass` means what it means in `dataclasses`, whose `field`, `fields` and
`replace` go with it. That one has Python compile six methods of each class that is imported, about half of
what our imports cost; most classes behind the first screen have no instance before a key is pressed.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from types import MemberDescriptorType

TYPE_CHECKING = False  # importing typing takes as long as starting Python
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
    from typing import Any


def _dataclass(
    cls: Any = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    init: bool = True,
    repr: bool = True,
    eq: bool = True,
    kw_only: bool = False,
) -> Any:
    """`dataclasses.dataclass`, with those of its options that are in use."""

    def made(cls: type[Any]) -> type[Any]:
        own = vars(cls)
        hashes = "__hash__" in own and not (own["__hash__"] is None and "__eq__" in own)
        cls = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
        methods: dict[str, Any] = {}
        if init:
            methods["__init__"] = _first_init(cls)
        if repr:
            methods["__repr__"] = _repr
        if eq:
            methods["__eq__"] = _eq_of(cls)
        for name in methods.keys() - own.keys():
            setattr(cls, name, methods[name])
        if eq and not hashes:
            cls.__hash__ = _hash_of(cls) if frozen else None  # type: ignore[assignment]
        if frozen:
            cls.__setattr__, cls.__delattr__ = _refuse_setting, _refuse_deleting  # type: ignore[assignment]
        if frozen and slots:
            cls.__getstate__, cls.__setstate__ = _state, _set_state  # type: ignore[assignment]
        return cls

    return made if cls is None else made(cls)


if not TYPE_CHECKING:
    dataclass = _dataclass


def _first_init(cls: type[Any]) -> Callable[..., None]:
    """What makes the first instance: it makes the `__init__` that makes this one and all others."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        if cls.__init__ is __init__:
            cls.__init__ = _init_of(cls)
        cls.__init__(self, *values, **named)

    return __init__


_MADE: Any = object()
"""Stands for the value that a field's `default_factory` makes."""


def _init_of(cls: type[Any]) -> Callable[..., None]:
    """The `__init__`, as one would write it by hand; past `__setattr__`, which a frozen class refuses."""
    known: dict[str, Any] = {"_made": _MADE, "_set": object.__setattr__}
    places: list[str] = []
    named: list[str] = []
    lines: list[str] = []
    for field in dataclasses.fields(cls):
        name = value = field.name
        given = ""
        if field.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = field.default_factory
            given = "=_made"
            value = f"_make_{name}() if {name} is _made else {name}" if field.init else f"_make_{name}()"
        elif field.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = field.default
            given = f"=_default_{name}"
            value = name if field.init else f"_default_{name}"
        elif not field.init:
            continue
        if field.init:
            (named if field.kw_only else places).append(f"{name}{given}")
        member = getattr(cls, name, None)
        if isinstance(member, MemberDescriptorType):  # of a slot: in half the time
            known[f"_set_{name}"] = member.__set__
            lines.append(f"_set_{name}(self, {value})")
        else:
            lines.append(f"_set(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    taken = ", ".join(["self", *places, *(["*"] if named else []), *named])
    exec("\n ".join([f"def __init__({taken}):", *(lines or ["pass"])]), known)
    made: Any = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made  # type: ignore[no-any-return]


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (field.name for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _compared(cls: type[Any]) -> Callable[[Any], Any]:
    """All that two instances are compared by, as a tuple."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _eq_of(cls: type[Any]) -> Callable[[Any, Any], Any]:
    compared = _compared(cls)
    return lambda self, other: (
        compared(self) == compared(other) if type(other) is type(self) else NotImplemented
    )


def _hash_of(cls: type[Any]) -> Callable[[Any], int]:
    compared = _compared(cls)
    return lambda self: hash(compared(self))


def _refuse_setting(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
