"""Five pictures of the screen: what no other test would notice. `--snapshot-update` draws them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.examples import catalog
from convstep.ui.app import DebuggerApp
from convstep.ui.candidate_app import CandidateApp
from tests import candidates
from tests.ui.fakes import FakeTorch
from tests.ui.terminal import busy

Compare = Callable[..., bool]


def debugger(name: str, position: int) -> DebuggerApp:
    return DebuggerApp(catalog.load(name), name, position=position, torch=FakeTorch())


async def at_rest(pilot: Pilot[None]) -> None:
    quiet = 0
    while quiet < 2:  # what a worker told last may still wait to be painted
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        quiet = 0 if busy(pilot.app) else quiet + 1


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_digit_in_the_middle(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(debugger("digit", 137), terminal_size=size, run_before=at_rest)


def test_windows_two_cells_apart(snap_compare: Compare) -> None:
    assert snap_compare(debugger("stride-2", 21), terminal_size=(120, 40), run_before=at_rest)


def test_digit_without_colour(snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(debugger("digit", 137), terminal_size=(80, 24), run_before=at_rest)


def test_candidate_beside_the_reference(snap_compare: Compare) -> None:
    function = candidates.stride_ignored
    verdict, problem = candidates.verdict(function), catalog.load("stride-2")
    with Worker.of_function(function) as worker:
        candidate = CandidateTimeline(worker, verdict, problem)
        app = CandidateApp(candidate, "mine.py:conv_backward", position=21, torch=FakeTorch(), live=False)
        assert snap_compare(app, terminal_size=(80, 24), run_before=at_rest)
