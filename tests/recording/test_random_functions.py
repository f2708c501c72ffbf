"""Functions that nobody would write keep the promises, too, whatever their arguments share."""

from __future__ import annotations

import importlib.util
import sys
import warnings
import zlib
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recording.promises import PROMISES, Case, Run
from tests.recording.random_functions import Writer
from tests.strategies import tried


def arguments(layout: str) -> tuple[Any, ...]:
    """Arrays in memory of their own, in each other's, or in strange orders."""
    draw = np.random.RandomState(1).randn
    x, y, v = draw(3, 4), draw(3, 4), draw(3)
    if layout == "shared":
        return x, x[::-1], x[:, 1], 2, {"w": x}
    if layout == "strided":
        return np.asfortranarray(x), y[:, ::-1], draw(6)[::2], 2, {"w": y}
    return x, y, v, 2, {"w": draw(3, 4)}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@settings(max_examples=tried(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), layout=st.sampled_from(["apart", "shared", "strided"]))
def test_a_random_function_keeps_every_promise(random: Random, layout: str, tmp_path: Path) -> None:
    source = Writer(random).module()
    # a name of its own: Python takes a file of the same second and size for the one that it has compiled
    path = tmp_path / f"random_{zlib.crc32(source.encode())}.py"
    path.write_text(source)

    def case() -> Case:
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.function, arguments(layout), {}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = Run(case)
        for promise in PROMISES:
            promise(run)
