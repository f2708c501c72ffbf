"""Dataclasses from JSON: types, bounds, missing and unknown names, each refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from convstep.records import Record, RecordError, parsed


@dataclass(frozen=True)
class Tap(Record):
    word = "a tap"
    at: Annotated[int, range(-3, 4)]
    name: str = ""


@dataclass(frozen=True)
class Kernel(Record):
    word = "the kernel"
    needed = frozenset(("size",))
    title: str
    size: int = 0
    first: Tap = field(default_factory=lambda: Tap(0))
    taps: tuple[Tap, ...] = ()
    weights: dict[str, int] = field(default_factory=dict)
    flipped: bool = False


def test_a_record_is_read_with_all_that_it_is_made_of() -> None:
    content = (
        b'{"title": "k", "size": 2, "first": {"at": -3}, "taps": [{"at": 1, "name": "a"}], "flipped": true}'
    )
    found = Kernel.read(parsed(content, "a kernel"))
    assert found == Kernel("k", 2, Tap(-3), (Tap(1, "a"),), {}, True)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"size": 2.0}, "the kernel's size is 2.0; it must be a whole number"),
        ({"size": -1}, f"the kernel's size is -1; it must be from 0 to {2**53}"),
        ({"title": ""}, "the kernel's title is empty"),
        ({"flipped": 1}, "the kernel's flipped is 1; it must be true or false"),
        ({"first": 3}, "a tap is a number; it must be an object"),
        ({"first": {}}, "a tap has no at"),
        ({"first": {"at": 4}}, "a tap's at is 4; it must be from -3 to 3"),
        ({"taps": {"at": 1}}, "the kernel's taps are an object; they must be a list"),
        ({"taps": [{"at": 1, "name": "\x1b[2J"}]}, "a tap's name holds the character U+001B"),
        ({"weights": {"a": True}}, "'a' in the kernel's weights is true; it must be a whole number"),
        ({"weights": 4}, "the kernel's weights are 4; they must be names and numbers"),
        (
            {"check": "rm"},
            'the kernel has an unknown "check"; its entries are title, size, first, taps, weights',
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecordError) as refused:
        Kernel.read({"title": "k", "size": 2} | changes)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


def test_what_a_file_must_give_is_missed_although_it_has_a_default() -> None:
    with pytest.raises(RecordError, match="the kernel has no size"):
        Kernel.read({"title": "k"})
    with pytest.raises(RecordError, match="the kernel has no title"):
        Kernel.read({"size": 1})
    assert Kernel("k").size == 0


def test_what_could_not_be_read_cannot_be_made() -> None:
    with pytest.raises(RecordError, match="a tap's at is 9"):
        Kernel("k", taps=(Tap(9),))


def test_json_is_read_without_liberties() -> None:
    assert parsed(b'\xef\xbb\xbf{"a": 1}', "a kernel") == {"a": 1}
    for content, says in [
        ('{"a": 1, "a": 2}', '"a" appears twice in it'),
        ("NaN", "it holds NaN, which is not a JSON number"),
        ("1" * 20, "beyond 9007199254740992, the largest it can hold"),
        ("[" * 100_000, "its lists are nested too deeply for a kernel"),
        (json.dumps("a")[:-1], "it is not JSON: Unterminated string starting on line 1, column 1"),
    ]:
        with pytest.raises(RecordError) as refused:
            parsed(content.encode(), "a kernel")
        assert says in str(refused.value)
