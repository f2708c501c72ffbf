"""The list of what makes a cell: complete, in order, and a way to each of its steps."""

from __future__ import annotations

import numpy as np
import pytest
from rich.text import Text

from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.ui.widgets.row_list import RowList
from convstep.view.grid.panel import Cell
from convstep.view.scene.contributions import ContributionTable
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened
from tests.ui.test_keys import focus

HERE = 137


def rows(session: Session) -> RowList:
    """The list in front."""
    return session.app.screen.query_one(RowList)


def listed(session: Session) -> list[str]:
    """The painted rows."""
    region = rows(session).content_region
    return [session.lines[y][region.x : region.right] for y in range(region.y, region.bottom)]


@SELDOM
async def test_every_contribution_is_listed_and_those_made_are_ticked() -> None:
    async with opened(position=HERE) as session:
        cells = (
            ("input_gradient", Cell(4, 3), "dA_prev_pad", (4, 3, 0)),
            ("kernel_gradient", Cell(1, 2), "dW", (0, 1, 2, 0)),
            ("bias_gradient", Cell(2, 0), "db", (2,)),
        )
        for key, cell, gradient, index in some(cells, 3):
            session.grid(key).focus()
            session.grid(key).place_cursor(cell)
            await session.press("i")
            found = provenance(session.timeline.problem, gradient, index)
            made = [int(step) < HERE for step in found.steps]
            assert f"{found.name}: {len(found)} contributions, {sum(made)} made" in session.text
            above = rows(session).chosen - rows(session).scroll_offset.y
            assert above >= min(sum(made) - 1, rows(session).size.height // 2)  # what was made before is seen
            seen: dict[int, bool] = {}
            await session.press("home")
            page = rows(session).size.height
            for _ in range(2 * len(found) // page + 2):
                for line in listed(session):
                    ticked, *rest = line.replace("✓", " ✓ ").split()
                    number = rest[0] if ticked == "✓" else ticked
                    seen[int(number) - 1] = ticked == "✓"
                for _ in range(page // 2):
                    session.send("down")
                await session.settle()
            assert seen == dict(zip(map(int, found.steps), made, strict=True))
            assert session.stale_cells() == []
            await session.press("escape")
            assert (session.dialog, session.position) == ("", HERE)
        session.grid("input_gradient").focus()
        session.grid("input_gradient").place_cursor(Cell(4, 3))
        steps = provenance(session.timeline.problem, "dA_prev_pad", (4, 3, 0)).steps
        await session.press("enter")
        done = int((steps < HERE).sum())
        assert rows(session).chosen == done - 1
        await session.press("down", "down", "enter")
        goes = "Enter goes to just after the chosen step"
        assert (session.dialog, session.position) == ("", steps[done + 1] + 1), goes
        await session.press("comma")
        assert session.position == HERE
        assert session.stale_cells() == []


@SELDOM
async def test_the_list_is_gone_through_with_keys_and_mouse() -> None:
    async with opened(position=HERE) as session:
        for key in some(("input", "kernel", "card", "upstream")):
            session.debugger.query_one(f"#{key}").focus()
            await session.press("i")
            assert session.dialog == "", "other tensors explain instead"
            assert "choose a cell" in session.text
            await session.press("n", "N")
            assert "choose a cell" not in session.text
        session.grid("kernel_gradient").focus()
        await session.press("i", "home")
        page = rows(session).size.height - 1
        for key, expected in (
            ("up", 0), ("down", 1), ("pagedown", 1 + page), ("pageup", 1), ("pageup", 0),
            ("end", 63), ("down", 63), ("pagedown", 63), ("up", 62), ("home", 0),
        ):  # fmt: skip
            await session.press(key)
            assert rows(session).chosen == expected, key
            offset = rows(session).scroll_offset.y
            assert offset <= expected < offset + rows(session).size.height
        assert session.stale_cells() == []
        region = rows(session).content_region
        await session.click(region.x + 3, region.y + 2)
        assert rows(session).chosen == 2
        await session.click(region.x + 3, region.y + 2)
        assert (session.dialog, session.position) == ("", 9)


async def test_a_cell_without_contributions_says_why() -> None:
    async with opened("stride-2", position=5) as session:
        height, width = session.debugger.state.scene.panel("input_gradient").face.shape
        session.grid("input_gradient").place_cursor(Cell(height - 1, width - 1))
        await session.press("i")
        words = " ".join(session.text.replace("┃", " ").split())
        assert "0 contributions" in words
        assert "no window covers this cell: its gradient is exactly zero" in words
        assert "left over" in words
        await session.press("escape")
        assert (session.dialog, session.position) == ("", 5)


@pytest.mark.parametrize("size", some([(60, 16), (200, 50)]))
async def test_a_list_of_thousands_draws_what_is_seen(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    drawn: list[int] = []
    row = ContributionTable.row

    def counted(table: ContributionTable, at: int) -> Text:
        drawn.append(at)
        return row(table, at)

    monkeypatch.setattr(ContributionTable, "row", counted)
    numbers = np.random.default_rng(1)
    A_prev = numbers.standard_normal((224, 224, 3)).astype(np.float32)
    W = numbers.standard_normal((4, 7, 7, 3)).astype(np.float32)
    problem = Problem(A_prev, W, None, None, stride=2, padding=3)
    async with opened(problem, size) as session:
        await focus(session, "kernel_gradient")
        await session.press("i")
        assert "12544 contributions, 0 made" in session.text
        await session.press("end")
        assert "50173" in "".join(listed(session))
        assert len(set(drawn)) < 120
        assert session.stale_cells() == []
        await session.press("home", "enter")
        assert session.position == 1
