from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep.candidate.report import divergence_words
from convstep.candidate.step.probing import Divergence
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.timeline import Timeline
from convstep.conv.validation import place_text
from convstep.replay.places import parse_place, place_argument
from convstep.replay.stop_text import parse_stop
from convstep.ui.dialogs.goto import ask_place
from convstep.view.panels.problem_words import step_caption
from convstep.view.panels.stage import Stage
from convstep.view.panels.trace import json_value, step_record, step_text
from convstep.view.scene.contributions import ContributionTable


def problem(**changes: Any) -> Problem:
    rng = np.random.default_rng(7)
    given: dict[str, Any] = {
        "A_prev": rng.standard_normal((4, 5, 2)),
        "W": rng.standard_normal((3, 2, 3, 2)),
        "b": rng.standard_normal(3),
        "dZ": None,
        "padding": ((1, 0), (0, 2)),
    }
    return Problem(**(given | changes))


def timeline_at(position: int, **changes: Any) -> Timeline:
    timeline = Timeline(problem(**changes))
    timeline.seek(position)
    return timeline


def record_at(position: int, **changes: Any) -> dict[str, Any]:
    timeline = timeline_at(position, **changes)
    return step_record(timeline.event)


def text_at(position: int, **changes: Any) -> str:
    timeline = timeline_at(position, **changes)
    return step_text(timeline.event, timeline.total)


def test_record_survives_json_bit_for_bit() -> None:
    timeline = timeline_at(20)
    record = json.loads(json.dumps(step_record(timeline.event), allow_nan=False))
    step = timeline.step
    assert (record["step"], record["position"]) == (19, 20)
    assert [record[name] for name in ("i_n", "i_h", "i_w", "i_c")] == list(step.loop_index)
    assert record["dz"] == step.dz
    assert np.array(record["x"]).tobytes() == np.ascontiguousarray(step.input_slice).tobytes()
    assert np.array(record["w"]).tobytes() == step.kernel.tobytes()
    assert np.array(record["dW"]["after"]).tobytes() == step.dW[step.i_c].tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_before_plus_added_is_after(dtype: Any) -> None:
    rng = np.random.default_rng(1)
    for position in (1, 2, 30, 48):
        record = record_at(
            position,
            A_prev=rng.standard_normal((4, 5, 2)).astype(dtype),
            W=rng.standard_normal((3, 2, 3, 2)).astype(dtype),
            b=np.zeros(3, dtype),
        )
        for gradient in ("dW", "dA_prev_pad", "db"):
            before, added, after = (
                np.array(record[gradient][name], dtype) for name in ("before", "added", "after")
            )
            assert (before + added).tobytes() == after.tobytes(), (position, gradient)


def test_window_says_where_the_step_reads() -> None:
    record = record_at(20, dilation=(2, 1))
    timeline = timeline_at(20, dilation=(2, 1))
    window = record["window"]
    place = (slice(*window["rows"]), slice(*window["columns"]), slice(*window["channels"]))
    assert np.array_equal(timeline.problem.A_prev_pad[place], np.array(record["x"]))


def test_record_without_bias_has_no_db() -> None:
    assert record_at(3, b=None)["db"] is None


def test_float32_is_written_in_its_own_shortest_form() -> None:
    ones = np.full((2, 2, 1), 0.1, np.float32)
    record = record_at(1, A_prev=ones, W=np.ones((1, 1, 1, 1), np.float32), b=None, padding=0)
    assert record["x"] == [[[0.1]]]


def test_nan_and_infinities_are_strings_in_json_and_words_in_text() -> None:
    values = np.array([[[np.nan], [np.inf]], [[-np.inf], [-0.0]]])
    given: dict[str, Any] = {"A_prev": values, "W": np.ones((1, 2, 2, 1)), "b": None, "padding": 0}
    assert record_at(1, **given)["x"] == [[["nan"], ["inf"]], [["-inf"], [-0.0]]]
    json.dumps(record_at(1, **given), allow_nan=False)
    assert "   nan   inf\n  -inf  -0.0" in text_at(1, **given)


def test_additions_that_are_not_made_yet_are_said_so() -> None:
    timeline = timeline_at(5)
    timeline.next_write()
    record = step_record(timeline.event)
    assert isinstance(record["dW"], dict)
    assert isinstance(record["db"], dict)
    assert record["dW"]["before"] is not None
    assert record["db"]["before"] is None
    assert "db[2] += dz\n  not added yet; now" in step_text(timeline.event, timeline.total)


def test_text_reads_from_the_step_to_what_it_changed() -> None:
    given: dict[str, Any] = {
        "A_prev": np.arange(12.0).reshape(3, 4, 1),
        "W": np.array([[1.0, -2.0], [0.5, 4.0]]).reshape(1, 2, 2, 1),
        "b": np.zeros(1),
        "dZ": np.array([[2.0, 0.5, 1.0], [1.0, 1.0, -1.0]])[..., np.newaxis],
        "padding": 0,
    }
    assert text_at(2, **given) == (
        "step 2/6  (i_h 0, i_w 1, i_c 0)  dz = 0.5\n"
        "x, the window of A_prev_pad: rows 0 to 1, columns 1 to 2, channel 0\n"
        "  1.0  2.0\n"
        "  5.0  6.0\n"
        "w, the kernel W[0]\n"
        "  1.0  -2.0\n"
        "  0.5   4.0\n"
        "dW[0] += x * dz\n"
        "  before\n"
        "    0.0   2.0\n"
        "    8.0  10.0\n"
        "  after\n"
        "     0.5   3.0\n"
        "    10.5  13.0\n"
        "dA_prev_pad, the same window += w * dz\n"
        "  before\n"
        "    -4.0  0.0\n"
        "     8.0  0.0\n"
        "  after\n"
        "    -3.5  -1.0\n"
        "    8.25   2.0\n"
        "db[0] += dz\n"
        "  before  2.0\n"
        "  after   2.5"
    )


def test_text_names_channels_gaps_and_the_sample() -> None:
    text = text_at(
        8, A_prev=np.ones((2, 5, 4, 2)), W=np.ones((2, 2, 1, 1)), b=None, dilation=(3, 1), groups=2, padding=0
    )
    assert text.splitlines()[0].startswith("step 8/32  (i_n 0, i_h 0, i_w 3, i_c 1)  dz = ")
    assert "rows 0 to 3 in steps of 3, columns 3, channel 1" in text
    assert "channels 0 to 1" in text_at(1)
    assert "\n  channel 1\n" in text_at(1)


def test_text_is_plain_ascii() -> None:
    assert text_at(20).isascii()


def test_json_value_keeps_what_json_knows() -> None:
    given = {"ok": np.bool_(True), "n": np.int64(3), "none": None, "text": "a", "pair": (1, 2.5)}
    assert json_value(given) == {"ok": True, "n": 3, "none": None, "text": "a", "pair": [1, 2.5]}


@given(st.data(), st.sampled_from([None, 2]))
def test_one_number_names_a_step_in_every_text(data: st.DataObject, batch: int | None) -> None:
    leading = () if batch is None else (batch,)
    made = problem(A_prev=np.ones((*leading, 4, 5, 2)), W=np.ones((3, 2, 3, 2)))
    geometry, total = made.geometry, made.total_steps
    number = data.draw(st.integers(1, total))
    timeline = Timeline(made)
    assert parse_place(str(number), geometry) == number
    assert parse_place(place_argument(number, geometry), geometry) == number
    timeline.seek(number)
    index = timeline.step.loop_index
    place = place_text(index, geometry)
    scene = Stage(timeline).scene()
    assert (scene.position, scene.place) == (number, place), "the header"
    assert step_text(timeline.event, timeline.total).startswith(f"step {number}/{total}  ({place})")
    assert step_record(timeline.event)["position"] == number
    assert step_caption(timeline).startswith(f"step {number} of {total} ({place})")
    found = Divergence(number - 1, index, "dW", ((0, 0, 0, 0),), 1, (0.0,), (1.0,), ("dW",))
    assert found.position == number
    assert divergence_words(found, geometry).startswith(f"step {number} of {total} ({place}), in dW")
    table = ContributionTable(provenance(made, "db", (index.i_c,)), number)
    assert table.row(table.done - 1).plain.split()[:2] == ["✓", str(number)]
    steps = parse_stop(str(number), made.layout).steps(made.layout)
    assert steps is not None
    assert list(steps) == [number - 1]
    assert ask_place(Stage(timeline))._meaning(number) == f"Step {number} of {total}: just after {place}."
