"""Stops: where the debugger stands, what it points at, and that this can be seen there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.problem import Problem
from convstep.lessons.errors import LessonError
from convstep.lessons.fields import parse_fields
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import face_of, go_to, read_place, showing
from convstep.lessons.tensors import Cells
from tests.lessons.texts import FRONT, lesson, page, page_fault
from tests.strategies import problems, tried

GROUPS = FRONT.replace("filters: 3", "filters: 4\ngroups: 2")
BATCH = FRONT.replace("filters: 3", "filters: 3\nbatch: 2")


def place(*lines: str, front: str = FRONT) -> PagePlace:
    return page("```stop\n" + "\n".join(lines) + "\n```", front).place


@pytest.mark.parametrize(
    ("at", "position"),
    [("start", 0), ("end", 48), ("50%", 24), ("7", 7), ("0,0,0", 1), ("1,2,1", 20), ("2", 2)],
)
def test_a_place_is_a_position(at: str, position: int) -> None:
    found = place(f"at: {at}")
    assert (found.position, found.given) == (position, True)


def test_additions_are_really_made() -> None:
    found = page("```stop\nat: 5\nadditions: 2\n```")
    placed = go_to(found.problem, found.place)
    assert (placed.timeline.position, placed.timeline.made, placed.next_step) == (5, 2, 5)


def test_what_a_page_leaves_open_is_as_before() -> None:
    one, two, three, four = lesson(
        "## A\n```stop\nat: 5\nadditions: 1\nmark: dW\nvalues: heat\ncard: window\n```\n",
        "## B\n",
        "## C\n```stop\nmark: db[1]\n```\n",
        "## D\n```problem\npadding: 0\n```\n",
    ).pages
    assert (one.place.position, one.place.additions, one.place.mode) == (5, 1, "heat")
    for later in (two, three):
        assert (later.place.position, later.place.additions, later.place.card) == (5, 1, "window")
    assert (two.place.marks, three.place.marks) == ((), (Cells("db", ((1,),)),))
    assert (four.place, four.subject.name) == (PagePlace(), "4x5x2")


def test_marks_bring_their_channel_and_filter_into_sight() -> None:
    found = place("at: 1,2,1", "mark: dA_prev_pad[0, :, 1]; dZ[1, 2, 1]", "mark: A_prev[0, 0, 1]")
    assert (found.input_channel, found.output_channel) == (1, 1)
    assert [cells.tensor for cells in found.marks] == ["dA_prev_pad", "dZ", "A_prev_pad"]
    assert found.marks[2].indices == ((1, 0, 1),)
    assert place("at: 1,2,1", "mark: dW[2, :, :, 1]").output_channel == 2


def test_channel_and_filter_may_be_asked_for_together() -> None:
    found = place("at: 1", "channel: 1", "filter: 2")
    assert (found.input_channel, found.output_channel) == (1, 2)


def test_a_mark_over_all_channels_leaves_the_one_that_is_shown() -> None:
    found = place("at: 1", "mark: dA_prev_pad[0, 0, 1]; A_prev_pad[1, 1]; dW[0]")
    assert (found.input_channel, found.output_channel) == (1, 0)


def test_the_channel_is_counted_in_the_group_of_the_step() -> None:
    found = place("at: 0,0,3", "mark: dA_prev_pad[0, 0, 1]", front=GROUPS)
    assert found.input_channel == 0


def test_it_may_open_the_comparison_or_why() -> None:
    assert place("at: end", "open: comparison").opens == "comparison"
    found = place("at: end", "open: why dA_prev[0, 0, 1]", "focus: dA_prev_pad")
    assert (found.opens, found.why, found.focus) == ("why", ("dA_prev_pad", (1, 0, 1)), "dA_prev_pad")


@given(problems(), st.data())
@settings(max_examples=tried(40))
def test_a_single_cell_in_reach_of_the_step_can_always_be_shown(
    problem: Problem, data: st.DataObject
) -> None:
    position = data.draw(st.integers(1, problem.total_steps))
    geometry = problem.geometry
    index = geometry.index_at(position - 1)
    i_n, rows, columns, channels = geometry.window(index)
    batch = () if geometry.batch is None else (i_n,)
    cell = (*batch, rows.start, columns.start, channels.stop - 1)
    faces = [("dA_prev_pad", face_of("dA_prev_pad", cell)), ("dZ", face_of("dZ", (*batch, *index[1:])))]
    found = showing(PagePlace(position), problem, faces, 1)
    assert (found.input_channel, found.output_channel) == (geometry.kernel_shape[3] - 1, index.i_c)


@pytest.mark.parametrize(
    ("lines", "line", "sentence"),
    [
        ("at: 49", 2, "at: 49 is beyond the end; steps go from 0 to 48"),
        ("at: 4,0,0", 2, "at: i_h is 4, but it goes from 0 to 3"),
        ("at: soon", 2, "at: 'soon' is not a place"),
        ("at: " + "9" * 5000, 2, "at: "),
        ("at:", 2, "at: '' is not a place"),
        ("at: 1\nadditions: 3", 3, "additions is '3'; it must be 0 to 2"),
        ("additions: 1\nat: end", 2, "there is no next step of which additions could be made"),
        ("at: 1\nmark: dW[0]; dX", 3, "'dX' does not name cells"),
        ("mark: dW;", 2, "'' does not name cells"),
        ("mark: dW\nmark: dW[7]", 3, "does not exist"),
        ("focus: b", 2, "there is no panel 'b'; the panels are A_prev_pad, W, dZ, dA_prev_pad, dW, db"),
        ("focus: Z", 2, "there is no panel 'Z'"),
        ("values: colours", 2, "values is 'colours'; it must be one of numbers, heat, both"),
        ("card: ace", 2, "card is 'ace'; it must be one of step, window"),
        ("channel: 2", 2, "channel is '2'; it must be 0 to 1"),
        ("filter: -1", 2, "filter is '-1'; it must be 0 to 2"),
        ("open: door", 2, "open is 'door'; it must be `comparison` or `why dW[0, 0, 0, 0]`"),
        ("open: why", 2, "'' does not name cells"),
        ("open: why W[0, 0, 0, 0]", 2, "W is not a gradient; `why` takes a cell of dW, dA_prev_pad, db"),
        ("open: why dW", 2, "'dW' is not a single cell"),
        ("what-if: W[0, 0, 0, 0]", 2, "what-if is 'W[0, 0, 0, 0]'; write A_prev[0, 0"),
        ("what-if: W[0, 0] = 1", 2, "'W[0, 0]' is not a single cell"),
        ("what-if: dW[0, 0, 0, 0] = 1", 2, "does not name cells"),
        ("what-if: W[0, 0, 0, 0] = one", 2, "`what-if`: column"),
        ("what-if: W[0, 0, 0, 0] = 1\nopen: comparison", 2, "either `open` or `what-if`"),
        ("mark: dA_prev_pad[0, 0, 0]; A_prev_pad[0, 0, 1]", 1, "these cells are in several channels"),
        ("mark: dZ[0, 0, 0]\nfilter: 1", 1, "these cells are in several channels or filters"),
        ("att: 1", 2, "stop has no key 'att'; did you mean 'at'?"),
        ("at: 1\nat: 2", 3, "'at' is given twice in stop"),
        ("at: 1\n- item", 3, "there can be no list here"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(lines: str, line: int, sentence: str) -> None:
    at, said = page_fault(f"```stop\n{lines}\n```")
    assert sentence in said
    assert at == line


@pytest.mark.parametrize(
    ("lines", "front", "sentence"),
    [
        ("at: 0,0,0\nmark: dA_prev_pad[0, 0, 1]", GROUPS, "filter 0 does not see this channel"),
        ("at: 0,0,0,0\nmark: dZ[1, 0, 0, 0]", BATCH, "this is in sample 1, but the loop is in sample 0"),
    ],
)
def test_what_is_out_of_sight_cannot_be_pointed_at(lines: str, front: str, sentence: str) -> None:
    at, said = page_fault(f"\n```stop\n{lines}\n```", front)
    assert (at, said[: len(sentence)]) == (2, sentence)


def test_without_a_bias_a_step_has_two_additions() -> None:
    fields, _ = parse_fields("additions: 2", 2, "stop")
    problem = page("", FRONT.replace("seed: 3", "bias: no")).problem
    with pytest.raises(LessonError, match="it must be 0 to 1"):
        read_place(fields, problem, PagePlace())
