"""Problems of every kind open and step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from tests.strategies import SELDOM, some
from tests.ui.driving import opened
from tests.ui.test_sizes import check_layout


def made(rng: int = 3, *, batch: int | None = None, bias: bool = True, **geometry: Any) -> Problem:
    numbers = np.random.default_rng(rng)
    shape = (6, 7, 2) if batch is None else (batch, 6, 7, 2)
    b = numbers.standard_normal(3) if bias else None
    return Problem(numbers.standard_normal(shape), numbers.standard_normal((3, 3, 2, 2)), b, None, **geometry)


@SELDOM
@pytest.mark.parametrize("name", some(catalog.names()))
async def test_every_example_can_be_walked(name: str) -> None:
    async with opened(name, (80, 24)) as session:
        check_layout(session)
        for key in ("n", "s", "s", "S", "n", "N", "f", "l"):
            session.send(key)
        await session.settle()
        if session.dialog:
            await session.answered()
            await session.press("escape")
        check_layout(session)


@SELDOM
@pytest.mark.parametrize("array", some(["A_prev", "W", "dZ"]))
async def test_nan_and_infinities_are_shown_and_stepped_over(array: str) -> None:
    problem = catalog.load("stride-2")
    arrays = {name: np.array(getattr(problem, name)) for name in ("A_prev", "W", "b", "dZ")}
    values = arrays[array].reshape(-1)
    values[0], values[1], values[-1], values[3] = np.nan, np.inf, -np.inf, 1e300
    spoiled = Problem(arrays["A_prev"], arrays["W"], arrays["b"], arrays["dZ"], stride=2)
    async with opened(spoiled, (120, 40)) as session:
        for keys in ("nnn", "vn", "v", "vssn"):
            for key in keys:
                session.send(key)
            await session.settle()
            assert session.stale_cells() == []
        assert session.position == 5
        assert "nan" in session.text
        assert "∞" in session.text


@SELDOM
async def test_without_a_bias_there_is_no_db_and_a_step_has_two_additions() -> None:
    async with opened(made(bias=False), position=5) as session:
        assert "bias_gradient" not in session.visible()
        assert "no bias" in session.lines[0]
        await session.press("s")
        assert "1 of 2 additions made" in session.text
        await session.press("s")
        assert (session.position, session.timeline.made) == (6, 0)
        assert not any(line.split()[1:2] == ["db[0]"] for line in session.part("card"))
        check_layout(session)
        await session.press("end", "n")
        await session.answered()
        assert session.text.count("✓ matches") == 4


async def test_batch_names_the_sample() -> None:
    problem = made(batch=2, padding=1)
    half = problem.total_steps // 2
    async with opened(problem, position=half) as session:
        assert "A_prev_pad[0, :, :, 0]" in session.part("input")[0]
        assert "i_n 0" in session.lines[0]
        await session.press("n")
        assert "A_prev_pad[1, :, :, 0]" in session.part("input")[0]
        assert "dA_prev_pad[1, :, :, 0]" in session.part("input_gradient")[0]
        assert "dZ[1, :, :, 0]" in session.part("upstream")[0]
        assert "i_n 1, i_h 0, i_w 0, i_c 0" in session.lines[0]
        assert session.stale_cells() == []
        await session.press("y")
        assert session.app.clipboard.endswith("--goto 1,0,0,0")


async def test_float32_is_shown_in_its_own_digits() -> None:
    problem = catalog.load("digit")
    A_prev, W, dZ = (np.asarray(array, np.float32) for array in (problem.A_prev, problem.W, problem.dZ))
    narrow = Problem(A_prev, W, None, dZ, padding=1)
    async with opened(narrow, position=1) as session:
        assert f"dZ[0, 0, 0] = {narrow.dZ[0, 0, 0]!s} " in session.text


async def test_one_pixel_and_one_step_open() -> None:
    one = np.ones((1, 1, 1))
    async with opened(Problem(one, one[None], None, one), (60, 16)) as session:
        check_layout(session)
        await session.press("n")
        await session.answered()
        assert "step 1/1 " in session.lines[0]
        await session.press("n")
        await session.answered()
        assert "All 2 gradients match PyTorch" in session.text


async def test_tall_and_wide_faces_open() -> None:
    for shape in ((300, 1, 1), (1, 300, 1)):
        problem = Problem(np.ones(shape), np.ones((2, 1, 1, 1)), np.zeros(2), None)
        async with opened(problem, (80, 24), position=problem.total_steps - 1) as session:
            check_layout(session)


@SELDOM
async def test_a_long_way_ends_where_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Timeline, "prepared", lambda timeline, position: False)
    async with opened() as session:
        for position in (255, 100, 200):
            session.debugger.travel.to(position)
            await session.answered()
            assert session.position == position
            assert session.stale_cells() == []
        async with opened(position=200) as fresh:
            await fresh.answered()
            assert session.lines == fresh.lines
            assert session.timeline.dA_prev_pad.tobytes() == fresh.timeline.dA_prev_pad.tobytes()
