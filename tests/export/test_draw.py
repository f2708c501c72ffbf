"""Frames of the debugger, with what is opened over it."""

from __future__ import annotations

import pytest

from convstep.conv.timeline import Timeline
from convstep.examples import catalog
from convstep.export.draw import debugger_frames


def test_the_steps_of_a_cell_are_those_made_where_the_picture_is() -> None:
    timeline = Timeline(catalog.load("stride-2"))
    timeline.seek(timeline.total)
    held = float(timeline.dA_prev_pad[2, 2, 0])
    places = (0, timeline.total)
    frames = debugger_frames(timeline.problem, "stride-2", places, why=("dA_prev_pad", (2, 2, 0)))
    before, after = ("\n".join(frame.lines) for frame in frames)
    assert " 0 made" in before
    assert "now 0, at the end" in before
    assert " 0 made" not in after
    assert float(after.split("now ")[1].split(",")[0].split()[0]) == pytest.approx(held, rel=1e-4)
