"""A view that reaches beyond its array is noted, one that lies in it, or in what that is part of, is not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from convstep.candidate.call import views


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(np.lib.stride_tricks, "as_strided", np.lib.stride_tricks.as_strided)
    views.watch()
    yield
    views.taken()


@pytest.mark.parametrize(
    ("start", "size", "step", "beyond"),
    [(0, 12, 1, False), (0, 13, 1, True), (0, 7, 2, True), (11, 12, -1, False), (10, 12, -1, True)],
)
def test_only_a_view_beyond_its_array_is_noted(start: int, size: int, step: int, beyond: bool) -> None:
    array = np.arange(12.0)
    np.lib.stride_tricks.as_strided(array[start:], (size,), (8 * step,))
    assert (views.taken() > 0) == beyond
    assert views.taken() == 0


def test_a_part_of_an_array_may_be_left() -> None:
    array = np.arange(24.0).reshape(4, 6)
    windows = np.lib.stride_tricks.as_strided(array[:2, :3], (3, 4, 2, 2), (48, 8, 48, 8))
    assert np.array_equal(windows[2, 3], array[2:4, 3:5])
    assert views.taken() == 0
