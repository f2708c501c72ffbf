"""The comparison: when it opens, what it says, and what happens without PyTorch."""

from __future__ import annotations

import numpy as np

from convstep.examples import catalog
from convstep.replay.timeline import Timeline
from convstep.ui.app import DebuggerApp
from convstep.ui.screens.comparison import ComparisonScreen
from convstep.ui.widgets.tensor_grid import TensorGrid
from tests.ui.driving import Session, opened
from tests.ui.fakes import MISSING, FakeTorch, HangingTorch, MissingTorch


def comparison(session: Session) -> ComparisonScreen:
    assert isinstance(session.app.screen, ComparisonScreen)
    return session.app.screen


async def test_last_step_opens_the_comparison_and_it_agrees_and_names_every_worst_cell() -> None:
    async with opened(position=255) as session:
        await session.press("n")
        await session.answered()
        assert "Every step is executed: these are the gradients that backward returns." in session.text
        assert "✓ the gradients agree with PyTorch" in session.text
        assert "✓ the gradients agree with central differences" in session.text
        assert session.text.count("✓ agrees") == 6
        assert all(found.ok for found in comparison(session).comparisons.values())
        assert set(comparison(session).comparisons) == {"torch", "numeric"}
        for row in comparison(session).comparisons["torch"].rows:
            index = ", ".join(map(str, row.worst_index))
            shown = [line for line in session.lines if f" {row.name} " in line and "agrees" in line]
            assert any(f"[{index}]" in line for line in shown), row.name
            assert any("x".join(map(str, row.shape)) in line for line in shown), row.name


async def test_comparison_opens_once_for_every_arrival_at_the_end() -> None:
    torch = FakeTorch()
    async with opened("stride-2", position=35, torch=torch) as session:
        await session.press("n")
        assert session.dialog == "ComparisonScreen"
        await session.answered()
        await session.press("escape", "n", "end", "s", "v", "m", "m", "l")
        assert session.dialog == ""
        await session.press("N")
        assert (session.dialog, session.position) == ("", 35)
        await session.press("s", "s", "s")
        assert session.dialog == "ComparisonScreen"
        await session.answered()
        assert torch.asked == [36, 36]


async def test_comparison_opens_when_started_at_the_end() -> None:
    async with opened(position=256) as session:
        assert session.dialog == "ComparisonScreen"


async def test_no_comparison_opens_by_itself_when_nobody_watches() -> None:
    app = DebuggerApp(catalog.load("one-window"), "one-window", torch=FakeTorch(), live=False)
    async with app.run_test() as pilot:
        await pilot.press("n")
        assert app.debugger.timeline.position == 1
        assert app.screen is app.debugger


async def test_comparison_in_the_middle_does_not_count_the_addition_under_way() -> None:
    torch = FakeTorch()
    async with opened(position=100, torch=torch) as session:
        await session.press("s", "s", "o")
        await session.answered()
        assert "The addition under way is not counted." in " ".join(session.text.split())
        assert "✓ the gradients so far agree with PyTorch" in session.text
        await session.press("escape")
        assert (session.position, session.timeline.additions) == (100, 2)
        assert torch.asked == [100]
        await session.press("o")
        await session.answered()
        screen = comparison(session)
        session.timeline.seek(7)
        reference = Timeline(catalog.load("digit"))
        reference.seek(100)
        actual = screen.comparisons["torch"].rows[0].actual
        assert actual.tobytes() == reference.dW.tobytes(), "what was compared is kept while time goes on"


async def test_without_torch_one_sentence_is_shown_and_central_differences_agree() -> None:
    async with opened("stride-2", torch=MissingTorch()) as session:
        await session.press("end")
        await session.answered()
        assert session.text.count(MISSING) == 1
        assert "✓ the gradients agree with central differences" in session.text
        assert session.text.count("✓ agrees") == 3
        await session.press("escape", "N")
        assert session.position == 35


async def test_keys_work_while_torch_hangs() -> None:
    torch = HangingTorch()
    async with opened("stride-2", position=20, torch=torch) as session:
        await session.press("o")
        await session.until("✓ the gradients so far agree with central differences")
        assert torch.waiting.is_set()
        assert "PyTorch is loading" in session.text
        await session.press("escape", "n", "n", "s")
        assert (session.dialog, session.position, session.timeline.additions) == ("", 22, 1)
        assert "step 22/36" in session.lines[0]


async def test_cursor_moves_over_the_differences_and_every_way_out_leads_back() -> None:
    async with opened("stride-2", position=20) as session:
        await session.press("o")
        await session.answered()
        await session.press("tab", "down", "right", "down")
        grid = session.app.focused
        assert isinstance(grid, TensorGrid)
        assert grid.key.startswith("difference_")
        assert grid.cursor is not None
        assert session.stale_cells() == []
        await session.press("escape")
        for key in ("escape", "q", "o"):
            await session.press("o")
            await session.answered()
            await session.press(key)
            assert (session.dialog, session.position) == ("", 20), f"{key} leads back"


async def test_gradients_with_nan_and_infinities_are_compared() -> None:
    problem = catalog.load("stride-2")
    spoiled = np.array(problem.dZ)
    spoiled[0, 0, 0], spoiled[1, 1, 1] = np.nan, np.inf
    made = type(problem)(problem.A_prev, problem.W, problem.b, spoiled, problem.stride, problem.padding)
    async with opened(made) as session:
        await session.press("end")
        await session.answered()
        assert set(comparison(session).comparisons) == {"torch", "numeric"}
        assert session.stale_cells() == []


async def test_comparison_fits_the_least_screen() -> None:
    async with opened("rectangle", (60, 16), position=20) as session:
        await session.press("o")
        await session.answered()
        assert "✓ the gradients so far agree" in session.text
        assert session.stale_cells() == []
