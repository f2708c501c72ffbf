"""The comparison: when it opens, what it says, and what happens without PyTorch."""

from __future__ import annotations

import re

import numpy as np

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.ui.app import DebuggerApp
from convstep.ui.dialogs.comparison import ComparisonScreen
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.numbers.text import short
from tests.strategies import SELDOM, some
from tests.ui.driving import Session, opened
from tests.ui.fakes import MISSING, FakeTorch, HangingTorch, MissingTorch, SlowTorch


def comparison(session: Session) -> ComparisonScreen:
    assert isinstance(session.app.screen, ComparisonScreen)
    return session.app.screen


async def test_it_opens_with_one_sentence_and_names_every_worst_cell_and_its_tolerance() -> None:
    async with opened(position=255) as session:
        await session.press("n", "n")
        await session.answered()
        top = next(at for at, line in enumerate(session.lines) if "┏━ The gradients after step 256" in line)
        first = session.lines[top + 1].split("┃")[1].strip()
        assert first.startswith("✓ All 104 gradients match PyTorch 0.0 (fake); largest difference ")
        assert "✓ All 104 gradients match central differences; largest difference " in session.text
        assert "eps" not in session.text
        assert "max abs error" in session.text
        assert "tolerance there" in session.text
        assert session.text.count("✓ matches") == 6
        assert all(found.ok for found in comparison(session).comparisons.values())
        assert set(comparison(session).comparisons) == {"torch", "numeric"}
        for row in comparison(session).comparisons["torch"].rows:
            index = ", ".join(map(str, row.worst_index))
            shown = [line for line in session.lines if f" {row.name} " in line and "matches" in line]
            assert any(f" {short(row.tolerance, 3)} " in line for line in shown), row.name
            assert any(f"[{index}]" in line for line in shown), row.name
            assert any("x".join(map(str, row.shape)) in line for line in shown), row.name


FORWARD = ("n", "space", "f10", "s", "f11", "f", "l", "c", "f5", "end")
"""The keys that lead forward."""


@SELDOM
async def test_the_last_step_is_seen_before_any_key_that_leads_forward_opens_the_comparison() -> None:
    torch = FakeTorch()
    async with opened("one-window", (80, 24), torch=torch) as session:
        for key in some(FORWARD, 3):
            presses = 3 if key in ("s", "f11") else 1
            await session.press(*[key] * presses)
            assert (session.position, session.dialog) == (1, ""), key
            assert "step 1/1 " in session.lines[0]
            assert "n opens the comparison" in session.text, key
            await session.press(key)
            assert session.dialog == "ComparisonScreen", key
            assert (session.position, session.timeline.made) == (1, 0)
            await session.press("escape", "N")
            assert (session.position, session.dialog) == (0, ""), key
            assert "opens the comparison" not in session.text, key
        await session.answered()
        assert set(torch.asked) == {1}


@SELDOM
async def test_every_other_way_to_the_last_step_shows_it_first() -> None:
    async with opened("stride-2", (80, 24), position=36) as session:
        assert (session.position, session.dialog) == (36, ""), "started there"
        await session.press("home", "comma")
        assert (session.position, session.dialog) == (36, ""), "back from a jump"
        await session.press("home", "g", "e", "n", "d", "enter")
        assert (session.position, session.dialog) == (36, ""), "goto"
        session.debugger.panels.focus(session.debugger.mode.first_part)
        await session.press("home", "slash")
        await session.type("dz != dz")
        await session.press("enter", "c")
        await session.answered()
        assert (session.position, session.dialog) == (36, ""), "no stop ahead"
        assert "no further stop: ran to the end · n opens the comparison" in session.text
        await session.press("c")
        assert session.dialog == "ComparisonScreen"


async def test_a_held_key_ends_in_the_comparison_and_stays_there() -> None:
    async with opened("stride-2", (80, 24), position=30) as session:
        for _ in range(20):
            session.send("n")
        await session.settle()
        assert (session.position, session.dialog) == (36, "ComparisonScreen")
        assert len(session.app.screen_stack) == 2


@SELDOM
async def test_f_shows_what_is_compared_and_how_the_tolerance_is_made_and_hides_it_again() -> None:
    async with opened("stride-2", (80, 24), position=20) as session:
        await session.press("o")
        await session.answered()
        assert "f explains the comparison" in session.text
        assert "eps" not in session.text
        await session.press("f")
        assert "eps·max(32·min(S, 16·G), n·G)" in session.text
        assert session.stale_cells() == []
        await session.press("pagedown")
        assert "Backward is linear in dZ" in session.text
        await session.press("f", "pageup")
        assert "eps" not in session.text
        assert session.stale_cells() == []


@SELDOM
async def test_nothing_is_said_before_there_is_something_to_compare() -> None:
    problem = catalog.load("stride-2")
    spoiled = np.array(problem.A_prev)
    spoiled[3, 3, 0] = np.nan
    made = type(problem)(spoiled, problem.W, problem.b, problem.dZ, problem.stride, problem.padding)
    async with opened(made, (80, 24), position=20, torch=HangingTorch()) as session:
        await session.press("o")
        await session.until("of 104 running gradients were checked and match central differences")
        assert "PyTorch is loading …" in session.text
        await session.press("pagedown")
        assert "Difference (ours − PyTorch)" in session.text, "the panels are PyTorch's"
        assert re.search(r"│ ?PyTorch is", session.text)
        assert session.stale_cells() == []
    async with opened(made, (80, 24), position=20, torch=MissingTorch()) as session:
        await session.press("o")
        await session.answered()
        await session.press("pagedown")
        assert "Difference (ours − central differences)" in session.text
        shown = "\n".join(line for line in session.lines if line.startswith("┃"))
        for mark in ("nan", "?", "✗", "differs"):
            assert mark not in shown, mark
        assert session.stale_cells() == []


async def test_nothing_moves_when_pytorch_answers_after_the_others() -> None:
    torch = SlowTorch()
    async with opened("stride-2", (120, 40), position=20, torch=torch) as session:
        await session.press("o")
        await session.until("✓ All 104 running gradients match central differences after step 20")
        assert "Difference (ours − PyTorch): full colour" in session.text
        before = session.lines
        torch.released.set()
        await session.answered()
        after = session.lines
        assert "✓ All 104 running gradients match PyTorch 0.0 (fake) after step 20" in session.text
        for fixed in ("┏━ The gradients", "match central", "Difference (", "┗━", "╭─ error", "error of dW"):
            assert [fixed in line for line in before] == [fixed in line for line in after], fixed
        assert "n opens the comparison" not in session.text


async def test_no_comparison_opens_by_itself_when_nobody_watches() -> None:
    app = DebuggerApp(catalog.load("one-window"), "one-window", torch=FakeTorch(), live=False)
    async with app.run_test() as pilot:
        await pilot.press("n")
        assert app.debugger.timeline.position == 1
        assert app.screen is app.debugger


@SELDOM
async def test_comparison_in_the_middle_does_not_count_the_addition_under_way() -> None:
    torch = FakeTorch()
    async with opened(position=100, torch=torch) as session:
        await session.press("s", "s", "o")
        await session.answered()
        assert "The additions of the unfinished step are not counted." in session.text
        assert "✓ All 104 running gradients match PyTorch 0.0 (fake) after step 100; " in session.text
        await session.press("escape")
        assert (session.position, session.timeline.made) == (100, 2)
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
        await session.press("end", "n")
        await session.answered()
        assert session.text.count(MISSING) == 1
        assert "✓ All 104 gradients match central differences" in session.text
        assert session.text.count("✓ matches") == 3
        await session.press("escape", "N")
        assert session.position == 35


async def test_keys_work_while_torch_hangs() -> None:
    torch = HangingTorch()
    async with opened("stride-2", position=20, torch=torch) as session:
        await session.press("o")
        await session.until("✓ All 104 running gradients match central differences after step 20")
        assert torch.waiting.is_set()
        assert "PyTorch is loading" in session.text
        await session.press("escape", "n", "n", "s")
        assert (session.dialog, session.position, session.timeline.made) == ("", 22, 1)
        assert "step 22/36" in session.lines[0]


@SELDOM
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


@SELDOM
async def test_gradients_with_nan_and_infinities_are_compared() -> None:
    problem = catalog.load("stride-2")
    spoiled = np.array(problem.dZ)
    spoiled[0, 0, 0], spoiled[1, 1, 1] = np.nan, np.inf
    made = type(problem)(problem.A_prev, problem.W, problem.b, spoiled, problem.stride, problem.padding)
    async with opened(made) as session:
        await session.press("end", "n")
        await session.answered()
        assert set(comparison(session).comparisons) == {"torch", "numeric"}
        assert session.stale_cells() == []


@SELDOM
async def test_comparison_fits_the_least_screen() -> None:
    async with opened("rectangle", (60, 16), position=20) as session:
        await session.press("o")
        await session.answered()
        assert "✓ All 322 running gradients match PyTorch" in session.text
        assert session.text.count("✓ matches") >= 3
        assert session.stale_cells() == []
        await session.resize(80, 24)
        assert "4x3x3x3" in session.text, "the table has other columns now"
