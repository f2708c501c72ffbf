"""What a function's own forward says of it, on the screen."""

from __future__ import annotations

import threading

import numpy as np

from convstep.candidate.load.target import CandidateError
from convstep.candidate.verdicts.judging import judge
from convstep.candidate.verdicts.marks import DIFFERS, Verdicts
from convstep.recording.record import record
from convstep.recording.recording import Recording
from tests.candidate.verdicts.corpus import RIGHT, Mistake, pair_of, planted
from tests.strategies import SELDOM
from tests.ui.driving import opened_recording
from tests.ui.modes.test_recording import mode_of

OVERWRITING = Mistake("linear.linear_loops_backward", "dw[d, m] += dout", "dw[d, m] = dout")


def found() -> tuple[Recording, Verdicts]:
    """A recording with a mistake in it, and what is said of it."""
    made, _ = planted(OVERWRITING)
    x, w = RIGHT[OVERWRITING.name]()
    pair = pair_of(made, "linear_loops_backward", (x, w))
    recording = record(made.linear_loops_backward, np.asarray(pair.backward.places[0]), (x, w))
    return recording, judge(pair, total=recording.total)


@SELDOM
async def test_what_differs_stands_beside_its_line_on_the_timeline_and_behind_a_key() -> None:
    recording, said = found()
    line, first = said.first, min(at for at, mark in said.positions.items() if mark.kind == DIFFERS)
    asked, answer = list[Recording](), threading.Event()

    def own_forward(shown: Recording) -> Verdicts:
        asked.append(shown)
        answer.wait()
        return said

    async with opened_recording(recording, judge=own_forward) as session:
        await session.press("d")
        assert "has not been asked yet" in session.text, "nobody waits for it"
        answer.set()
        await session.until("d says how")
        assert asked == [recording]
        assert "≠ dw: not the slopes of its own forward" in session.text
        await session.press("greater_than_sign")
        await session.answered()
        state = session.debugger.state
        assert state.position == first
        assert any(f"┃{line}≠" in row for row in session.part("source"))
        assert sum("≠" in row for row in session.part("source")) == 1
        assert any(f"┃{(line or 0) - 1}✓" in row for row in session.part("source")), "the line before it"
        assert "that are not read yet" in " ".join(session.part("card"))
        assert session.lines[-2].count("≠") >= 3, "on the timeline"
        await session.press("less_than_sign")
        await session.answered()
        assert "no earlier position is known at which it differs" in session.text
        await session.press("d")
        assert f"≠ line {line}:" in session.text
        assert "← the first line that differs" in session.text
        assert "differences of linear_loops_forward" in session.text
        await session.press("d", "end", "greater_than_sign")
        assert "no later position is known at which it differs" in session.text
        for size in ((60, 16), (80, 24), (200, 50)):
            await session.resize(*size)
            assert mode_of(session).said.verdicts is said
            assert not session.stale_cells()


async def test_what_cannot_be_said_leaves_the_screen_as_it_is() -> None:
    recording, _ = found()

    def ended(shown: Recording) -> Verdicts:
        raise CandidateError("its process ended")

    async with opened_recording(recording, judge=ended) as session:
        await session.answered()
        assert mode_of(session).said.verdicts is None
        await session.press("d", "n")
        assert "≠" not in session.text
    async with opened_recording(
        recording, judge=lambda shown: Verdicts(note="no forward is known")
    ) as session:
        await session.until(lambda: mode_of(session).said.verdicts is not None)
        await session.press("d")
        assert "no forward is known" in session.text
