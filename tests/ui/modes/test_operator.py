"""An operator's backward on the screen: its loop, the comparison at its steps and at its end."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convstep.candidate.operators.shown import shown
from convstep.cli.recordings import Values, Wanted, operator_shown
from convstep.operators.operator import Array, OperatorProblem
from convstep.operators.registry import operators
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.messages import OperatorQuestion
from convstep.ui.dialogs.comparison import ComparisonScreen
from tests.strategies import SELDOM
from tests.ui.driving import Session, WatchedRecordingApp
from tests.ui.fakes import MISSING, FakeTorch
from tests.ui.terminal import Terminal


class OperatorTorch(FakeTorch):
    """Answers at once with the operator's own readable backward."""

    def gradients(self, question: OperatorQuestion) -> tuple[str, Mapping[str, Array]]:  # type: ignore[override]
        (one,) = (one for one in operators() if one.torch == question.expression)
        problem = OperatorProblem(question.arrays, question.upstream, question.options)
        self.asked.append(int(sum(np.count_nonzero(value) for value in question.upstream.values())))
        return "PyTorch 0.0 (fake)", one.right(problem)


class NoTorch(FakeTorch):
    """A machine without PyTorch."""

    def gradients(self, question: OperatorQuestion) -> tuple[str, dict[str, Array]]:
        raise OracleUnavailable(MISSING)


@contextlib.asynccontextmanager
async def opened_operator(
    name: str, size: tuple[int, int] = (120, 40), torch: FakeTorch | None = None, **wanted: Any
) -> AsyncIterator[Session]:
    found = shown(name, **wanted)
    app = WatchedRecordingApp(
        found.recorded.recording,
        name,
        found.recorded.words,
        running=found.running if found.compares else None,
        judge=found.judge if found.compares else None,
        how=found.recorded.how,
        torch=torch or OperatorTorch(),
    )
    app.terminal = Terminal()
    async with app.run_test(size=size, notifications=False) as pilot:
        session = Session(app, pilot)
        await session.answered()
        yield session


def comparison(session: Session) -> ComparisonScreen:
    assert isinstance(session.app.screen, ComparisonScreen)
    return session.app.screen


async def test_it_shows_the_loop_and_compares_at_each_step_and_by_itself_at_the_end() -> None:
    torch = OperatorTorch()
    async with opened_operator("max-pool", torch=torch) as session:
        assert "max pooling on small whole numbers" in session.text
        source = "\n".join(session.part("source"))
        assert "for i_w in range(W_out):" in source
        assert "Args:" not in source
        assert '"""' not in source
        await session.press(*"nnnn", "o")
        await session.answered()
        assert "✓ All 20 running gradients match PyTorch 0.0 (fake) after step 4" in session.text
        assert "18 of 20 running gradients were checked and match central differences" in session.text
        assert "error of dx[0, 0]" in session.text
        await session.press("f")
        assert "Backward is linear in dout: with zeros in the cells that are not read yet" in session.text
        assert "of the largest value of its gradient" in session.text
        await session.press("escape", "n", "n")
        assert session.dialog == ""
        assert "n opens the comparison" in session.text
        await session.press("n")
        await session.answered()
        assert "✓ All 20 gradients match PyTorch 0.0 (fake)" in session.text
        assert set(comparison(session).comparisons) == {"torch", "numeric"}
        assert torch.asked[-2:] == [2, 4]
        assert session.stale_cells() == []


@SELDOM
async def test_a_mistake_differs_from_the_step_on_at_which_it_shows() -> None:
    async with opened_operator("max-pool", mistake="overwrite") as session:
        assert session.lines[-2].count("≠") == 3
        await session.press(*"nnn", "o")
        await session.answered()
        assert all(one.ok for one in comparison(session).comparisons.values())
        await session.press("escape", "n", "o")
        await session.answered()
        assert "✗ 1 of 20 running gradients differs from PyTorch 0.0 (fake) after step 4" in session.text
        assert "largest at dx[0, 0, 2, 2]: ours 2, " in session.text
        await session.press("escape", "y")
        assert "convstep open max-pool --mistake overwrite --goto" in session.text


@SELDOM
@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_straight_lines_are_compared_in_the_end_and_say_so_before(size: tuple[int, int]) -> None:
    async with opened_operator("batch-norm", size) as session:
        await session.press("n", "n", "o")
        await session.answered()
        assert session.dialog == ""
        assert "no loop of batch_norm_backward adds up" in session.text
        await session.press("end", "n")
        await session.answered()
        assert comparison(session).comparisons["torch"].ok
        assert [row.name for row in comparison(session).comparisons["torch"].rows] == [
            "dx",
            "dgamma",
            "dbeta",
        ]


async def test_without_pytorch_one_sentence_says_so_and_central_differences_remain() -> None:
    async with opened_operator("linear", torch=NoTorch()) as session:
        await session.press("end", "n")
        await session.answered()
        assert session.text.count(MISSING) == 1
        assert "✓ All 14 gradients match central differences" in session.text
        assert "Difference (ours − central differences)" in session.text


async def test_in_the_middle_of_a_turn_the_place_to_compare_is_named() -> None:
    async with opened_operator("softmax-cross-entropy") as session:
        await session.press("n", "n", "o")
        await session.answered()
        assert session.dialog == ""
        assert "is not all added yet: compare after step 3" in session.text


@SELDOM
async def test_a_saved_session_names_the_operator_and_its_options(tmp_path: Path) -> None:
    path = tmp_path / "s.session.json"
    async with opened_operator("max-pool", case="3", mistake="overwrite") as session:
        await session.press("n", "n", "w")
        await session.press(*["backspace"] * 60)
        await session.type(str(path))
        await session.press("enter")
    saved = json.loads(path.read_text())
    assert (saved["problem"], saved["position"]) == ("max-pool", 2)
    assert saved["function"] == "max-pool --case 3 --mistake overwrite"
    assert [one.name for one in tmp_path.iterdir()] == [path.name]
    found = operator_shown(str(path), None, Values(None, []), Wanted(None, None), forward=False)
    assert found is not None
    assert found.recorded.words == ("--case", "3", "--mistake", "overwrite")


async def test_the_forward_has_nothing_to_compare_and_says_how_it_ended() -> None:
    async with opened_operator("relu", forward=True) as session:
        await session.press("end", "n")
        assert session.dialog == "ParagraphsScreen"


@SELDOM
async def test_what_pytorch_has_otherwise_is_marked_where_the_forward_has_a_corner() -> None:
    """A tie has no slope, so that central differences do not see who gets all of dout."""
    async with opened_operator("max-pool", mistake="ties-all") as session:
        assert "≠ dx: not what PyTorch has; d says how" in session.text
        assert session.lines[-2].count("≠") == 1
        await session.press("greater_than_sign")
        assert "step 6/6" in session.text
        await session.press("d")
        assert "`dx[0, 0, 3, 3]` is 4; PyTorch 0.0 (fake) has 0" in " ".join(session.text.split())
