"""Where a lesson stands in a recorded function, and what it can name there."""

from __future__ import annotations

import pytest

from convstep.lessons.expressions import fill_in
from convstep.lessons.function_place import Function
from convstep.lessons.lesson import PagePlace
from convstep.lessons.tensors import Cells
from convstep.operators.registry import operator_named
from tests.lessons.functions import BACK, CODE, FRONT
from tests.lessons.texts import page, page_fault


def place(text: str, front: str = FRONT, before: str = "") -> PagePlace:
    return page(f"{before}```stop\n{text}\n```", front).place


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("start", 0), ("end", 6), ("4", 4), ("50%", 3),
        ("0,1", 4), ("1, 0", 5), ("0,0,1,1", 6),
        ("line x_pad = np.pad", 1), ("line dx_pad = np.zeros", 2), ("line   dx_pad =", 2), ("line h, w", 3),
    ],
)  # fmt: skip
def test_a_place_is_a_line_a_turn_of_the_loops_or_a_number(text: str, position: int) -> None:
    assert place(f"at: {text}").position == position


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at: line dvar =", "no step executes a line that begins with 'dvar ='"),
        ("at: 0,2", "no step is at 0,2 of its loops"),
        ("at: 7", "at: 7 is beyond the end; steps go from 0 to 6"),
        ("at: nowhere", "at: 'nowhere' is not a place; type a step number (0 to 6)"),
        ("additions: 1", "additions is '1'; it must be 0 to 0"),
        ("at: end\nadditions: 0", "there is no next step of which additions could be made; stop earlier"),
        ("focus: dW", "there is no panel 'dW'; the panels are dout, x, x_pad, dx_pad"),
        ("mark: dW[0]", "'dW[0]' does not name cells; write dout[0, 0, 0, 0], or one of dout, x, x_pad"),
        ("mark: x[0, 0, 4, 0]", "'x[0, 0, 4, 0]' does not exist: 4 is out of range, it goes from 0 to 3"),
        ("open: comparison", "open is 'comparison'; it must be `why dx[0, 0]`"),
        ("open: why x[0, 0, 0, 0]", "no step changes x; the arrays that are written are dx_pad"),
        ("channel: 1", "'channel' is not a key of stop"),
    ],
)
def test_what_is_not_there_is_said(text: str, said: str) -> None:
    assert said.split("'channel'")[0] in page_fault(f"```stop\n{text}\n```", FRONT)[1]


def test_additions_are_the_writes_of_one_step() -> None:
    found = place("at: 1\nadditions: 1", CODE, BACK)
    assert (found.position, found.additions) == (1, 1)
    stood = page(f"{BACK}```stop\nat: 1\nadditions: 1\n```\n{{=dx[0, 0]}} then {{=next.dx[0, 0]}}\n", CODE)
    assert stood.before[1].text == "15 then 16"


def test_marks_and_focus_are_arrays_of_the_recording() -> None:
    found = place("at: 0,1\nmark: x[0, 0, 1, 3:]; dout\nfocus: x\nopen: why dx_pad[0, 0, 2, 2]\nvalues: heat")
    first, second = found.marks
    assert first == Cells("x", ((0, 0, 1, 3), (0, 0, 1, 4)))
    assert (second.tensor, len(second.indices)) == ("dout", 4)
    assert (found.focus, found.why, found.mode) == ("x", ("dx_pad", (0, 0, 2, 2)), "heat")


def test_the_narration_speaks_of_variables_of_the_forward_and_of_what_is_right() -> None:
    operator = operator_named("max-pool")
    told = {f"right.{name}": value for name, value in operator.right(operator.small()).items()}
    function = Function(operator.record(), "max-pool", told | operator.run(operator.small()))
    stood = function.stand(PagePlace(4))
    assert (
        fill_in("{=i_w} {=dx_pad[0, 0, 2, 2]} {=next.dx_pad[0, 0, 2, 2]} {=next.i_h}", stood, 1) == "1 3 6 1"
    )
    assert fill_in("{=right.dx[0, 0, 2, 2]} {=out[0, 0, 0, 1]} {=position}/{=total}", stood, 1) == "10 5 4/6"
    assert fill_in("{=sum(window)} {=x.shape}", stood, 1) == "14 (1, 1, 4, 5)"


def test_a_variable_called_like_a_function_can_be_named_and_the_function_called() -> None:
    front = FRONT.replace("max-pool", "batch-norm")
    found = page("```stop\nat: end\n```\n{=mean[0]} {=mean(x)}", front)
    assert found.before[0].text == "2 1"


def test_nothing_of_the_next_step_is_spoken_of_at_the_end() -> None:
    fault = page_fault("```stop\nat: end\n```\n{=next.dx_pad[0, 0, 0, 0]}", FRONT)
    assert "there is no next step at the end" in fault[1]
