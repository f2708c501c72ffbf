"""What `capture` is asked to keep: which backward passes, which sample, how many bytes."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Container
from dataclasses import dataclass
from typing import Any

from convstep.oracle.captured_layer import CaptureError
from convstep.printable import printable

LIMIT = 4 * 2**30
"""Bytes kept at most, unless it is said otherwise."""


@dataclass(frozen=True)
class Options:
    """How much of a run is kept."""

    last: int | None
    """How many backward passes, the latest; None keeps all."""
    wanted: Callable[[int], bool]
    """Whether the backward pass with this number, from 0, is kept."""
    sample: int | None
    """The one sample of every batch that is kept; None keeps all."""
    limit: int | None
    """Bytes kept at most; None is without bound."""

    @classmethod
    def of(cls, last: Any, when: Any, sample: Any, limit: Any) -> Options:
        """The options that `capture`'s arguments stand for; raises CaptureError, which says how they are."""
        return cls(
            None if last is None else _whole("last", last, "how many backward passes to keep", 1),
            _choice(when),
            None if sample is None else _whole("sample", sample, "the number of a sample, from 0"),
            None if limit is None else _whole("limit", limit, "how many bytes to keep at most", 1),
        )


def _whole(name: str, given: Any, meaning: str, least: int | None = None) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = None
    if number is None or isinstance(given, bool) or (least is not None and number < least):
        raise CaptureError(f"{name} is {printable(repr(given))}; it must be {meaning}, a whole number")
    return number


def _choice(when: Any) -> Callable[[int], bool]:
    if when is None:
        return lambda _: True
    if callable(when):
        # asked once for a pass: it may draw lots
        return functools.lru_cache(1024)(lambda number: bool(when(number)))
    if isinstance(when, int) and not isinstance(when, bool):
        return lambda number: number == when
    if isinstance(when, Container) and not isinstance(when, (str, bytes)):
        return lambda number: number in when
    raise CaptureError(
        f"when is {printable(repr(when))}; it must be the number of a backward pass, several such as "
        "range(0, 1000, 100), or a function that takes the number and says whether to keep the pass"
    )
