from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convstep.view.numbers.statistics import Statistics
from convstep.view.numbers.text import short


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_statistics_are_those_of_numpy(dtype: type[np.floating[Any]]) -> None:
    values = np.asarray(np.random.default_rng(3).standard_normal((9, 14)), dtype)
    statistics = Statistics()
    assert statistics.text() == ""
    statistics.update(values, None)
    numbers = [short(float(f(values)), 3) for f in (np.min, np.max, np.mean)]
    assert statistics.text() == "9x14 · min {} · max {} · mean {}".format(*numbers)


def test_what_is_not_finite_is_counted_and_left_out() -> None:
    values = np.array([[np.nan, 1.0, np.inf], [-np.inf, np.nan, 3.0]])
    statistics = Statistics()
    statistics.update(values, None)
    assert (
        statistics.text()
        == f"2x3 · min {short(1.0, 3)} · max {short(3.0, 3)} · mean {short(2.0, 3)} · 2 NaN · 2 inf"
    )
    statistics.update(np.array([[1.0], [2.0]]), None)
    assert statistics.text(listed=True).startswith("2 · min 1 "), "an array of one axis has a length"
    statistics.update(np.full((2, 2), np.nan), None)
    assert statistics.text() == "2x2 · 4 NaN"
