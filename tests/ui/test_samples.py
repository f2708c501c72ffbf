"""A batch on the screen: from sample to sample, one sample's share, and what training recorded."""

from __future__ import annotations

import numpy as np

from convstep.conv.backward import conv2d_backward
from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.ui.dialogs.comparison import ComparisonScreen
from convstep.ui.widgets.tensor_grid import TensorGrid
from convstep.view.numbers.statistics import Statistics
from tests.strategies import SELDOM
from tests.ui.driving import Session, opened


def batch() -> Problem:
    """Three samples of 5x6x2, three kernels: 90 steps a sample."""
    numbers = np.random.default_rng(8)
    return Problem(
        numbers.standard_normal((3, 5, 6, 2)),
        numbers.standard_normal((3, 3, 3, 2)),
        numbers.standard_normal(3),
        numbers.standard_normal((3, 5, 6, 3)),
        padding=1,
    )


def status(session: Session) -> str:
    return session.lines[session.debugger.query_one("#status").region.y]


def shown(session: Session, key: str) -> np.ndarray:
    panel = session.grid(key).panel
    assert panel is not None
    return np.array(panel.face.values)


@SELDOM
async def test_braces_go_from_sample_to_sample_and_u_shows_one_sample_s_share() -> None:
    async with opened(batch(), position=90 + 26) as session:
        await session.press("right_curly_bracket")
        assert session.position == 180 + 26
        assert "(i_n 2, i_h 1, i_w 2, i_c 1)" in session.lines[0]
        await session.press("right_curly_bracket")
        assert "this is the last of 3 samples" in status(session)
        await session.press("left_curly_bracket")
        assert session.position == 90 + 26
        running = shown(session, "bias_gradient")
        await session.press("s", "u")
        assert session.timeline.made == 1, "looking changes nothing"
        await session.press("S")
        assert "of i_n 1" in session.part("kernel_gradient")[0]
        share = batch().dZ[1].reshape(-1)[:26]
        np.testing.assert_allclose(
            shown(session, "bias_gradient")[:, 0], [share[c::3].sum() for c in range(3)], rtol=1e-12
        )
        assert session.stale_cells() == []
        session.debugger.set_focus(session.grid("kernel_gradient"))
        await session.press("down", "b")
        assert "stop 1 set: watch dW[1, " in status(session)
        await session.press("home", "c")  # the stop is of the cell, whatever is shown of it
        await session.answered()
        assert session.position == 2
        session.debugger.travel.to(90)
        await session.settle()
        assert "sample 0's share" in status(session)
        await session.press("n")  # over the border: every cell of the panels begins again
        assert "sample 1's share" in status(session)
        assert np.count_nonzero(shown(session, "bias_gradient")) == 1
        assert session.stale_cells() == []
        fresh = Statistics()
        fresh.update(session.debugger.state.scene.panel("kernel_gradient").face.values, None)
        assert session.debugger.lines._statistics.text() == fresh.text()
        await session.press("u")
        assert "the running sums of the whole batch" in status(session)
        session.debugger.travel.to(90 + 26)
        await session.settle()
        np.testing.assert_array_equal(shown(session, "bias_gradient"), running)
        assert session.stale_cells() == []


async def test_recorded_gradients_are_a_third_opinion_at_the_end_only() -> None:
    problem = batch()
    dW, db, _ = conv2d_backward(problem.dZ, problem.cache, problem.stride, problem.padding)
    assert db is not None
    wrong = db + np.array([0, 1e-3, 0])
    recorded = Recorded("PyTorch 2.0 during \\[/training]", {"dW": dW, "db": wrong}, 2**-52)
    async with opened(problem.with_recorded(recorded), (80, 24), position=100) as session:
        await session.press("u", "o")
        await session.answered()
        screen = session.app.screen
        assert isinstance(screen, ComparisonScreen)
        assert set(screen.comparisons) == {"torch", "numeric"}
        assert all(found.ok for found in screen.comparisons.values()), "a share on the screen is no gradient"
        await session.press("pagedown")
        assert "recorded gradients are those of the whole backward pass" in session.text
        await session.press("escape", "end", "n")
        await session.answered()
        screen = session.app.screen
        assert isinstance(screen, ComparisonScreen)
        assert {name: found.ok for name, found in screen.comparisons.items()} == {
            "torch": True, "numeric": True, "recorded": False
        }  # fmt: skip
        assert " gradients match PyTorch" in session.text
        await session.press("pagedown")
        said = " ".join(session.text.replace("┃", " ").split())
        assert " gradients differs from PyTorch 2.0 during \\[/training]; largest at db[1]: ours " in said
        assert "✗ recorded: 1 of " in said
        verdicts = [line.strip("┃ ") for line in session.text.partition("recorded:")[2].splitlines()]
        assert any(line.startswith("dW ") and "✓ matches" in line for line in verdicts)
        assert any(line.startswith("db ") and "✗ differs" in line for line in verdicts)
        words = " ".join(session.text.replace("┃", " ").split())
        assert "Difference (ours − PyTorch 2.0 during \\[/training]): full colour at the tolerance" in words
        seen = {grid.key for grid in screen.query(TensorGrid) if grid.display}
        assert seen == {"difference_dW", "difference_db"}
