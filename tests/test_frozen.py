"""A frozen value does what the standard library's does."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, ClassVar
from typing import NamedTuple as Library

import pytest

from convstep.frozen import NamedTuple, frozen


class Body:
    """What both kinds are made of."""

    __slots__ = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "area", self.rows * self.columns)  # type: ignore[attr-defined]

    @property
    def cells(self) -> int:
        """A method of its own."""
        return self.area  # type: ignore[attr-defined,no-any-return]


@frozen()
class Ours(Body):
    """A block."""

    rows: int
    columns: int = 2
    marks: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False, compare=False)
    area: int = field(init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Theirs(Body):
    """A block."""

    rows: int
    columns: int = 2
    marks: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False, compare=False)
    area: int = field(init=False, repr=False, compare=False)


@frozen(eq=False)
class Same:
    """Equal to itself alone."""

    rows: int


KINDS: tuple[Any, ...] = (Ours, Theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_shown_copied_and_compared(kind: Any) -> None:
    block = kind(3, secret="s")
    assert (block.rows, block.columns, block.marks, block.secret, block.cells) == (3, 2, [], "s", 6)
    assert block.marks is not kind(3).marks
    assert repr(block) == f"{kind.__name__}(rows=3, columns=2, marks=[])"
    assert block == kind(3, 2, secret="other") != kind(3, 4)
    assert block != tuple(asdict(block).values())
    assert replace(block, columns=5).area == 15
    for other in (copy.copy(block), copy.deepcopy(block), pickle.loads(pickle.dumps(block))):
        assert asdict(other) == asdict(block)
    match block:
        case kind(rows, columns):
            assert (rows, columns) == (3, 2)
    wrongs: list[list[Any]] = [[], [1, 2, [], "", 4]]
    for wrong in wrongs:
        with pytest.raises(TypeError, match="__init__"):
            kind(*wrong)


def test_fields_and_arguments_are_those_of_the_standard_library() -> None:
    ours, theirs = (inspect.signature(kind).parameters.values() for kind in KINDS)
    assert [(one.name, one.annotation) for one in ours] == [(one.name, one.annotation) for one in theirs]
    assert [one.name for one in fields(Ours)] == [one.name for one in fields(Theirs)]


def test_what_is_asked_of_it_first_changes_nothing() -> None:
    @frozen()
    class Fresh:
        """Nobody has made one yet."""

        known: ClassVar = "all"
        marks: list[str] = field(default_factory=list)

    assert [one.name for one in fields(Fresh)] == ["marks"]
    first, second = Fresh(), Fresh()
    first.marks.append("x")
    assert (second.marks, Fresh.known, replace(first, marks=[]) == second) == ([], "all", True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_stays_as_it_is(kind: Any) -> None:
    block = kind(1)
    for name in ("rows", "other"):
        with pytest.raises((FrozenInstanceError, TypeError)):  # of a new name, the library's says TypeError
            setattr(block, name, 2)
        with pytest.raises((FrozenInstanceError, TypeError)):
            delattr(block, name)
    assert block.rows == 1
    assert not hasattr(block, "__dict__")


def test_equal_values_are_the_same_key() -> None:
    assert {replace(Span(1), columns=2): 1} == {Span(1, 2, "x"): 1}
    assert Same(1) != Same(1)
    assert len({Same(1), Same(1)}) == 2


@frozen()
class Span:
    """Whose fields can be keys."""

    rows: int
    columns: int = 0
    said: str = field(default="", compare=False)


@frozen()
class Wide(Span):
    """One field more, and its own words."""

    deep: int = 7

    def __repr__(self) -> str:
        return f"{self.rows} to {self.deep}"


def test_a_class_may_be_built_upon() -> None:
    assert repr(Wide(1)) == "1 to 7"
    assert (Wide(1, deep=2).deep, Wide(1) == Span(1)) == (2, False)


class Spot(NamedTuple):
    """A place."""

    row: int
    column: int = 2
    marks: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """A method of its own."""
        return self.row * self.column


class TheirSpot(Library):
    """A place."""

    row: int
    column: int = 2
    marks: tuple[str, ...] = ()

    @property
    def cells(self) -> int:
        """A method of its own."""
        return self.row * self.column


@pytest.mark.parametrize("kind", [Spot, TheirSpot])
def test_a_named_tuple_does_what_the_standard_librarys_does(kind: Any) -> None:
    spot = kind(3, marks=("x",))
    assert (spot.row, spot.column, spot.marks, spot.cells, *spot) == (3, 2, ("x",), 6, 3, 2, ("x",))
    assert repr(spot) == f"{kind.__name__}(row=3, column=2, marks=('x',))"
    assert spot == (3, 2, ("x",)) == kind._make((3, 2, ("x",))) < spot._replace(row=4)
    assert spot._asdict() == {"row": 3, "column": 2, "marks": ("x",)}
    assert (kind._fields, kind.__match_args__) == (("row", "column", "marks"),) * 2
    assert kind._field_defaults == {"column": 2, "marks": ()}
    assert [*inspect.signature(kind).parameters] == ["row", "column", "marks"]
    for other in (copy.copy(spot), copy.deepcopy(spot), pickle.loads(pickle.dumps(spot))):
        assert (type(other), other) == (kind, spot)
    assert (kind.__bases__, type(kind), hasattr(spot, "__dict__")) == ((tuple,), type, False)
    match spot:
        case kind(row, column):
            assert (row, column) == (3, 2)
    for wrong in ([], [1, 2, (), 4]):
        with pytest.raises(TypeError, match="__new__"):
            kind(*wrong)
        with pytest.raises(TypeError):
            kind._make(wrong)
    with pytest.raises(ValueError, match="deep"):
        spot._replace(deep=1)
    with pytest.raises(AttributeError):
        spot.row = 1
