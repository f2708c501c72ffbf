"""Whatever is changed about how panels look, they show the step, whole numbers, and what these are."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.conv.problem import Problem
from convstep.recording.record import record
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.candidate.candidate_panels import KEYS, keys_of
from convstep.view.grid.panel import Cell, Span
from tests import candidates
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened, opened_beside, opened_recording

Array = npt.NDArray[Any]
LOOKS = (("+", "+", "+"), ("v",), ("v", "v"), ("-",) * 7, ("]",), ("m",), ("m",), ("z",), ("z",), ("=",))
"""Keys that change how panels look, in bursts; at the end all is as it was."""
SIZES = ((60, 16), (80, 24), (100, 30), (120, 40), (200, 50))


def seen(session: Session) -> list[TensorGrid]:
    """The panels in sight."""
    grids = session.debugger.query(TensorGrid)
    return [grid for grid in grids if grid.display and grid.region]


def holds(session: Session, grid: TensorGrid, cell: Cell) -> bool:
    """Whether a cell's number is in sight as a whole, beside the labels."""
    plan = grid._plan
    assert plan is not None
    x, y = session.place(grid.key, *cell)
    content = grid.content_region
    return (
        content.x + plan.margin < x
        and x + plan.text <= content.right
        and content.y + plan.header <= y
        and y + plan.lines <= content.bottom
    )


def wanted(grid: TensorGrid) -> list[Cell]:
    """The cells that have to be in sight: the current one, or as much of the window as fits."""
    panel, plan = grid.panel, grid._plan
    assert panel is not None
    assert plan is not None
    if panel.window is None:
        return [cell for cell in (panel.now or panel.near,) if cell is not None]
    window: Span = panel.window
    across = (grid.size.width - plan.margin - 1) // (plan.text + 1)
    cells = [Cell(window.top, window.left)]
    if window.right - window.left < across:
        cells.append(Cell(window.top, window.right))
    if plan.y_of(window.bottom) + plan.lines - plan.y_of(window.top) <= grid.size.height - plan.header:
        cells.append(Cell(window.bottom, window.left))
    return cells


def check(session: Session, when: object) -> None:
    """The step is in sight, the rows are numbered, and no panel is without a number."""
    for grid in seen(session):
        panel, plan = grid.panel, grid._plan
        assert panel is not None
        assert plan is not None
        for cell in wanted(grid):
            assert holds(session, grid, cell), (when, grid.key, cell)
        rows, columns = panel.face.shape
        whole = [cell for cell in np.ndindex(rows, columns) if holds(session, grid, Cell(*cell))]
        assert whole, (when, grid.key, "blank")
        content = grid.content_region
        for row in {row for row, _ in whole}:
            y = session.place(grid.key, row, 0)[1] + (plan.lines - 1) // 2
            label = "".join(session.cell(x, y).text for x in range(content.x, content.x + plan.margin))
            assert label.strip(" []") == str(row), (when, grid.key)
        if not panel.listed:
            assert plan.header, (when, grid.key)
            for column in {column for _, column in whole}:
                x = session.place(grid.key, 0, column)[0]
                label = "".join(session.cell(x + n, content.y).text for n in range(plan.text))
                assert label.strip() == str(column), (when, grid.key)


@SELDOM
@pytest.mark.parametrize("size", some(SIZES, 6))
async def test_panels_follow_the_step_whatever_is_changed_about_their_look(size: tuple[int, int]) -> None:
    async with opened(position=250, size=size) as session:
        for position in (256, 3):
            session.debugger.travel.to(position)
            await session.answered()
            if session.dialog:  # at the end, the comparison
                await session.press("escape")
            for keys in LOOKS:
                await session.press(*keys)
                check(session, (position, keys))
            assert session.stale_cells() == []


def labels(session: Session) -> dict[str, list[str]]:
    """The numbers of each panel's rows and columns, where they stand on the screen."""
    found = {}
    for grid in seen(session):
        assert grid._plan is not None
        header, margin = grid._plan.header, grid._plan.margin
        lines = [line[1:-1] for line in session.part(grid.key)[1:-1]]
        if grid._plan.width > grid.size.width or grid._plan.height > grid.size.height:
            continue  # it follows the window
        found[grid.key] = [line if n < header else line[:margin] for n, line in enumerate(lines)]
    return found


async def test_nothing_moves_between_any_two_steps() -> None:
    async with opened("stride-2", (160, 50), position=0) as session:
        for keys in ((), ("z",)):
            await session.press(*keys)
            first = labels(session)
            assert len(first) >= 3
            for position in some((1, 7, session.timeline.total // 2, session.timeline.total - 1)):
                session.debugger.travel.to(position)
                await session.press("s", "s")
                assert labels(session) == first, (keys, position)


async def test_in_somebodys_own_function_no_cell_moves_where_a_window_comes_or_goes() -> None:
    def moving(x: Array) -> Array:
        y, ones = np.zeros_like(x), np.ones((1, 12))
        for i in range(2, 6):
            y[i : i + 2, i : i + 12] += x[i : i + 2, i : i + 12] * ones
            x[i]
        return y

    run = record(moving, np.random.default_rng(0).standard_normal((8, 40)))
    async with opened_recording(run, size=(80, 24)) as session:
        texts = set()
        for _ in range(run.total):
            await session.press("n")
            texts.add(tuple((grid.key, grid._plan and grid._plan.text) for grid in seen(session)))
        assert len(texts) == 1, texts


async def test_a_kernel_too_wide_for_its_panel_shows_the_cell_that_the_card_names_and_heat_stays() -> None:
    numbers = np.random.default_rng(2)
    A_prev = np.zeros((12, 12, 1))
    A_prev[6:, 6:] = numbers.random((6, 6, 1))
    problem = Problem(A_prev, numbers.random((2, 7, 7, 1)), None, numbers.random((6, 6, 2)) + 1)
    async with opened(problem, (80, 24), position=71) as session:
        await session.press("+", "+", "+")
        grid = session.grid("kernel_gradient")
        near = grid.panel.near if grid.panel else None
        assert near is not None
        assert holds(session, grid, near)
        named = re.search(r"dW\[0, (\d+):(\d+), (\d+):(\d+)\]", session.text)
        assert named is not None
        first, last, left, right = map(int, named.groups())
        assert near.row in range(first, last)
        assert near.column in range(left, right)
        await session.press("v", "v")
        plans, precision = {g.key: g._plan for g in seen(session)}, session.debugger.state.precision
        await session.press("+")
        assert {g.key: g._plan for g in seen(session)} == plans
        assert session.debugger.state.precision == precision
        assert "heat has no digits" in session.text


@SELDOM
async def test_panels_follow_the_step_when_the_terminal_changes_its_size() -> None:
    async with opened("dilated", (200, 50), position=0) as session:
        await session.press("end", "escape", "N", "+", "+")
        for size in some((*SIZES, *reversed(SIZES)), 4):
            await session.resize(*size)
            check(session, size)
            assert session.stale_cells() == [], size


async def test_who_looks_elsewhere_with_the_cursor_is_left_there_until_the_next_step() -> None:
    async with opened(position=250, size=(60, 16)) as session:
        grid = session.grid("input_gradient")
        grid.place_cursor(Cell(0, 0))
        for keys in (("b",), ("+",), ("v",), ("m",), ("m",)):
            await session.press(*keys)
            assert holds(session, grid, Cell(0, 0)), keys
        await session.resize(80, 24)
        assert holds(session, grid, Cell(0, 0))
        await session.press("n")
        assert all(holds(session, grid, cell) for cell in wanted(grid))
        await session.press("-")
        assert all(holds(session, grid, cell) for cell in wanted(grid)), "the cursor is no longer looked at"


def tiny(scale: float, dtype: type = np.float64) -> Problem:
    """Gradients of the size that is captured from a trained network."""
    numbers = np.random.default_rng(3)
    A_prev, W = numbers.standard_normal((8, 9, 3)), numbers.standard_normal((4, 3, 3, 3)) * 0.2
    dZ = numbers.standard_normal((8, 9, 4)) * scale
    return Problem(A_prev.astype(dtype), W.astype(dtype), np.zeros(4, dtype), dZ.astype(dtype), 1, 1)


@SELDOM
@pytest.mark.parametrize(
    ("scale", "dtype"), some([(1e-7, np.float64), (1e-20, np.float32), (1e6, np.float64), (1e30, np.float32)])
)
async def test_numbers_of_any_magnitude_keep_their_digits_and_the_title_their_factor(
    scale: float, dtype: type
) -> None:
    async with opened(tiny(scale, dtype), (60, 16), position=137) as session:
        for size in SIZES[::2] if dtype is np.float32 else SIZES[1::2]:
            await session.resize(*size)
            for keys in ((), ("z",), ("z", "v", "v"), ("v",)):
                await session.press(*keys)
                for grid in seen(session):
                    check_numbers(session, grid, (size, keys))
        written = {grid.key for grid in seen(session) if grid._drawn is not None and grid._drawn.power}
        assert written >= {"input_gradient", "kernel_gradient", "bias_gradient", "upstream"}


@SELDOM
async def test_a_candidate_s_numbers_name_their_factor_and_are_written_like_the_reference_s() -> None:
    function = candidates.overwriting
    with Worker.of_function(function) as worker:
        candidate = CandidateTimeline(worker, candidates.verdict(function), tiny(1e-7))
        async with opened_beside(candidate, (120, 40), position=137) as session:
            await session.answered()
            for size in some(((120, 40), (80, 24))):
                await session.resize(*size)
                for grid in seen(session):
                    check_numbers(session, grid, size)
            panels = [[session.debugger.state.scene.panel(key) for key in keys_of(name)] for name in KEYS]
            for reference, actual, _ in panels:
                assert reference.power == actual.power < 0
            assert "≠" in session.text
            assert session.stale_cells() == []


def check_numbers(session: Session, grid: TensorGrid, when: object) -> None:
    """What is written in the cells, times the factor on the border, is what the tensor holds."""
    panel, plan = grid.panel, grid._plan
    assert panel is not None
    assert plan is not None
    if session.debugger.state.values == "heat" or plan.lines > 1:
        # on heat the current cell and the one under the cursor are numbers all the same
        assert ("×" in str(grid.border_title)) == bool(grid._drawn and grid._drawn.power), when
        return
    factor = re.search(r"×(\S+)", str(grid.border_title))
    times = float(factor[1]) if factor else 1.0
    right = 0
    for cell in (Cell(*at) for at in np.ndindex(*panel.face.shape)):
        if not holds(session, grid, cell):
            continue
        x, y = session.place(grid.key, *cell)
        text = "".join(session.cell(x + n, y).text for n in range(plan.text)).strip(" ≠")
        value = float(panel.face.values[cell])
        number = 0.0 if text == "·" else float(text)
        unit = times * 10.0 ** -len(text.partition(".")[2])
        assert number * times == pytest.approx(value, rel=1e-9, abs=0.501 * unit), (when, grid.key)
        right += 1
    assert right, (when, grid.key)
