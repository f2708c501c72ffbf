from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.conv.timeline import Timeline
from convstep.view.panels.conv2d_cells import Choice, swept
from convstep.view.panels.stage import Stage
from convstep.view.scene.difference import difference
from convstep.view.scene.scene import Scene
from tests.view.panels.test_stage import PROBLEMS

STAGES = {name: Stage(Timeline(PROBLEMS[name])) for name in ("digit", "rectangle", "batch", "no bias")}


def moved(stage: Stage, position: int, under_way: int) -> Scene:
    stage.timeline.seek(position)
    for _ in range(under_way if position < stage.timeline.total else 0):
        stage.timeline.next_write()
    return stage.scene()


@given(st.sampled_from(sorted(STAGES)), st.data())
def test_every_value_that_a_move_changed_lies_where_it_says(name: str, data: st.DataObject) -> None:
    stage = STAGES[name]
    positions, under_way = st.integers(0, stage.timeline.total), st.integers(0, 1)
    start = data.draw(positions)
    end = data.draw(positions | st.integers(max(start - 2, 0), min(start + 2, stage.timeline.total)))
    old = moved(stage, start, data.draw(under_way))
    before = {panel.key: panel.face.values.copy() for panel in old.panels}
    new = moved(stage, end, data.draw(under_way))
    for block in ({}, swept(old, new, stage.timeline.problem.geometry)):
        told = difference(old, new, block)
        assert told.keys() == before.keys()
        for panel in new.panels:
            spans, face = told[panel.key], panel.face.values
            if spans is not None:
                assert face.shape == before[panel.key].shape
                for cell in map(tuple, np.argwhere(face != before[panel.key]).tolist()):
                    assert any(cell in span for span in spans), (panel.key, cell)


def test_a_step_and_a_way_within_rows_name_little_of_the_large_faces() -> None:
    stage = STAGES["digit"]
    geometry = stage.timeline.problem.geometry
    for start, end in ((130, 131), (131, 130), (100, 140)):
        old, new = moved(stage, start, 0), moved(stage, end, 0)
        for key, spans in difference(old, new, swept(old, new, geometry)).items():
            if key in ("input", "input_gradient"):
                assert spans is not None
                rows = {row for span in spans for row in span.rows}
                assert len(rows) <= 6 < len(new.panel(key).face.values), key


@pytest.mark.parametrize("choice", [Choice(0, 1), Choice(0, 2)])
def test_another_face_is_painted_whole_and_what_is_the_same_is_not(choice: Choice) -> None:
    stage = Stage(Timeline(PROBLEMS["digit"]))
    old = moved(stage, 40, 0)
    stage.choice = choice
    told = difference(old, stage.scene(), {})
    assert {key for key, spans in told.items() if spans is None} == {"kernel", "kernel_gradient", "upstream"}
