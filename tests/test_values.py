"""Our dataclasses do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import field, replace
from typing import Any

import pytest

from convstep import values


def _classes(dataclass: Any) -> tuple[type[Any], ...]:
    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: float = 0.5
        words: list[str] = field(default_factory=list, compare=False)
        hidden: str = field(default="", repr=False)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Named(Point):
        name: str = ""
        twice: float = field(init=False, default=2.0)

    @dataclass(eq=False)
    class Run:
        total: int
        at: int = field(init=False)
        seen: dict[int, int] = field(default_factory=dict, init=False)

        def __post_init__(self) -> None:
            self.at = self.total // 2

    @dataclass(slots=True)
    class Own:
        x: int = 0

        def __repr__(self) -> str:
            return "own"

    @dataclass(frozen=True)
    class Hashed:
        x: list[int]

        def __hash__(self) -> int:
            return 7

    return Point, Named, Run, Own, Hashed


OURS, THEIRS = _classes(values.dataclass), _classes(dataclasses.dataclass)
NOTHING: dict[str, Any] = {}
CALLS: list[tuple[int, tuple[Any, ...], dict[str, Any]]] = [
    (0, (1,), NOTHING),
    (0, (1, 2.0, ["a"], "b"), NOTHING),
    (0, (), {"x": 3, "hidden": "c"}),
    (0, (float("nan"),), NOTHING),
    (1, (1,), {"name": "n"}),
    (1, (1, 2.0), {"name": "n", "words": ["w"]}),
    (2, (9,), NOTHING),
    (3, (), NOTHING),
    (4, ([1],), NOTHING),
]
WRONG: list[tuple[int, tuple[Any, ...], dict[str, Any]]] = [
    (0, (), NOTHING),
    (0, (1, 2, 3, 4, 5), NOTHING),
    (0, (1,), {"z": 1}),
    (1, (1, 2, 3, 4, "n"), NOTHING),
    (1, (1,), {"name": "n", "twice": 1.0}),
    (2, (1, 2), NOTHING),
]


@pytest.mark.parametrize(("which", "given", "named"), CALLS)
def test_an_instance_has_the_same_fields_repr_and_hash(
    which: int, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    ours, theirs = OURS[which](*given, **named), THEIRS[which](*given, **named)
    names = [field.name for field in dataclasses.fields(theirs)]
    assert [field.name for field in dataclasses.fields(ours)] == names
    assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
    assert repr(ours) == repr(theirs)
    assert hasattr(ours, "__dict__") == hasattr(theirs, "__dict__")
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert type(ours).__init__.__qualname__ == type(theirs).__init__.__qualname__
    hashes: list[Any] = [type(one).__hash__ for one in (ours, theirs)]
    if None in hashes:
        assert hashes == [None, None]
    elif object.__hash__ not in hashes:
        assert hash(ours) == hash(theirs)


@pytest.mark.parametrize(("which", "given", "named"), CALLS)
def test_equal_is_what_was_equal(which: int, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    for some in (OURS, THEIRS):
        one, other = some[which](*given, **named), some[which](*given, **named)
        assert (one == other) == (which != 2)
        assert one == one
        assert one != some[3](5)
    point = OURS[0](1)
    assert point == replace(point, words=["not compared"]) != replace(point, hidden="compared")
    assert point.__eq__(1) is NotImplemented


@pytest.mark.parametrize(("which", "given", "named"), WRONG)
def test_wrong_arguments_are_refused_in_the_same_words(
    which: int, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    said = []
    for some in (OURS, THEIRS):
        with pytest.raises(TypeError) as raised:
            some[which](*given, **named)
        said.append(str(raised.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("which", [0, 1, 4])
def test_what_is_frozen_cannot_be_changed(which: int) -> None:
    for some in (OURS, THEIRS):
        value = some[which](1, **({"name": "n"} if which == 1 else {}))
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
            value.x = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
            del value.x
        assert value.x == 1


@values.dataclass(frozen=True, slots=True)
class Kept:
    """At home in a module, so that pickle finds it."""

    x: int
    twice: int = field(init=False, default=2)


def test_values_are_copied_and_pickled() -> None:
    assert copy.copy(Kept(1)) == copy.deepcopy(Kept(1)) == pickle.loads(pickle.dumps(Kept(1))) == Kept(1)
    assert copy.replace(Kept(1), x=3) == Kept(3) if hasattr(copy, "replace") else replace(Kept(1), x=3)


def test_what_holds_itself_has_a_repr() -> None:
    point = OURS[0](1)
    point.words.append(point)
    assert repr(point).endswith("words=[...])")
