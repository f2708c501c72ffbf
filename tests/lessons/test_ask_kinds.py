"""Answers are computed: they are those of really stepping the loop."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep.conv.backward import conv2d_backward_steps
from convstep.conv.problem import Problem
from convstep.conv.validation import cell_text
from convstep.lessons.ask_block import Asked
from convstep.lessons.ask_kinds import parse_question
from convstep.lessons.document import Block
from convstep.lessons.errors import LessonError
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import Placed, go_to
from convstep.lessons.questions import CellsQuestion, ShapeQuestion, StepQuestion, ValueQuestion
from tests.lessons.mistakes import mistake
from tests.lessons.texts import FRONT, page, page_fault, question
from tests.strategies import problems, random_problem, tried

GRADIENTS = ("dW", "dA_prev_pad", "db")
OUT_OF_SIGHT = ("does not see this channel", "but the loop is in sample")
"""Why a cell is refused: it belongs to another group or sample than the step that is shown."""
Running = dict[str, np.ndarray[Any, Any]]


def asked(kind: str, body: str, placed: Placed, language: str = "en") -> Asked:
    return parse_question(Block(("ask", kind), body, 10, fenced=True), placed, language, "")


def perhaps(kind: str, body: str, placed: Placed, *reasons: str) -> Asked | None:
    """The question; None if it is refused for one of these reasons."""
    try:
        return asked(kind, body, placed)
    except LessonError as error:
        if any(reason in error.sentence for reason in reasons):
            return None
        raise


def states(problem: Problem) -> list[Running]:
    """The gradients after 0, 1, … all steps, by the loop itself."""
    zeros = {"dW": problem.W, "dA_prev_pad": problem.A_prev_pad}
    found: list[Running] = [{name: np.zeros_like(like) for name, like in zeros.items()}]
    if problem.b is not None:
        found[0]["db"] = np.zeros_like(problem.b)
    for step in conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    ):
        found.append({name: np.array(getattr(step, name)) for name in found[0]})
    return found


def cells(array: Any) -> set[tuple[int, ...]]:
    return {tuple(map(int, at)) for at in np.argwhere(array)}


@given(problems(), st.data())
@settings(max_examples=tried(120))
def test_the_cells_of_the_next_step_are_those_that_it_changes(problem: Problem, data: st.DataObject) -> None:
    ones = problem.with_arrays(
        A_prev=np.ones_like(problem.A_prev), W=np.ones_like(problem.W), dZ=np.ones_like(problem.dZ)
    )
    position = data.draw(st.integers(0, problem.total_steps - 1))
    tensor = data.draw(st.sampled_from([name for name in GRADIENTS if name != "db" or problem.b is not None]))
    question = perhaps(
        "cells", f"on: {tensor}", go_to(ones, PagePlace(position)), *OUT_OF_SIGHT, "would be a right answer"
    )
    if question is None:
        return
    found, stop, reveal = question
    assert isinstance(found, CellsQuestion)
    before, after = states(ones)[position : position + 2]
    changed = cells(before[tensor] != after[tensor])
    if tensor == "dW":  # padding adds nothing, and is written all the same
        i_c = ones.geometry.index_at(position).i_c
        changed = {at for at in cells(np.ones_like(ones.W)) if at[0] == i_c}
    on_face = {at for at in changed if all(h in (None, a) for h, a in zip(found.face, at, strict=True))}
    assert found.cells == on_face != set()
    assert found.judge(found.solution).right
    assert not found.judge(mistake(found)).right
    assert (stop.position, reveal.position, reveal.given) == (position, position + 1, True)
    assert found.cells <= {index for marked in reveal.marks for index in marked.indices}
    if tensor != "db":
        assert (stop.input_channel, stop.output_channel) == (reveal.input_channel, reveal.output_channel)


def cell_in_sight(rng: np.random.Generator, problem: Problem, tensor: str) -> tuple[int, tuple[int, ...]]:
    """A position and a cell to ask about there; where groups change, no cell is seen before and after."""
    shape = states(problem)[0][tensor].shape
    for position in rng.permutation(problem.total_steps).tolist():
        placed = go_to(problem, PagePlace(position))
        for place in rng.permutation(list(np.ndindex(shape))).tolist():
            if perhaps("value", f"cell: {cell_text(tensor, place)}\n", placed, *OUT_OF_SIGHT) is not None:
                return position, tuple(place)
    raise AssertionError("no cell is in sight")


@pytest.mark.parametrize("seed", range(tried(120)))
def test_values_are_those_of_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    tensor = str(rng.choice([name for name in GRADIENTS if name != "db" or problem.b is not None]))
    position, at = cell_in_sight(rng, problem, tensor)
    before, after = states(problem)[position : position + 2]
    placed, body = go_to(problem, PagePlace(position)), f"cell: {cell_text(tensor, at)}\n"
    found, _, reveal = asked("value", body, placed)
    now, *_ = asked("value", body + "when: now", placed)
    assert isinstance(found, ValueQuestion)
    assert isinstance(now, ValueQuestion)
    assert (found.value, now.value) == (after[tensor][at], before[tensor][at])
    assert reveal.position == position + 1
    for one in (found, now):
        assert one.judge(one.solution).right
        assert one.judge(repr(one.value)).right
        assert not one.judge(mistake(one)).right


@given(problems(), st.data())
@settings(max_examples=tried(100))
def test_the_steps_of_a_cell_are_those_that_change_it(problem: Problem, data: st.DataObject) -> None:
    ones = problem.with_arrays(
        A_prev=np.ones_like(problem.A_prev), W=np.ones_like(problem.W), dZ=np.ones_like(problem.dZ)
    )
    index = tuple(data.draw(st.integers(0, length - 1)) for length in problem.A_prev_pad.shape)
    which = data.draw(st.sampled_from(["first", "last", "any"]))
    made = [state["dA_prev_pad"][index] for state in states(ones)]
    writes = [n for n, (old, new) in enumerate(itertools.pairwise(made)) if old != new]
    # at a step of the cell, so that it can be seen
    placed = go_to(ones, PagePlace(writes[0] + 1 if writes else 0))
    body = f"cell: {cell_text('dA_prev_pad', index)}\nwhich: {which}"
    question = perhaps("step", body, placed, "no step adds", "every step adds")
    if question is None:
        assert len(writes) in (0, problem.total_steps)
        return
    found, _, reveal = question
    assert isinstance(found, StepQuestion)
    right = {"any": writes, "first": writes[:1], "last": writes[-1:]}[which]
    for step in range(problem.total_steps):
        place = problem.geometry.index_at(step)
        typed = " ".join(map(str, place if problem.geometry.batch is not None else place[1:]))
        assert found.judge(typed).right == (step in right)
    assert reveal.position == right[0] + 1


@given(problems())
@settings(max_examples=tried(40))
def test_shapes_are_those_of_the_arrays(problem: Problem) -> None:
    placed = go_to(problem, PagePlace(0))
    arrays = {name: getattr(placed.timeline, name) for name in ("dW", "dA_prev", "dA_prev_pad", "db")}
    arrays |= {name: getattr(problem, name) for name in ("A_prev", "A_prev_pad", "W", "dZ", "b")}
    arrays["Z"] = problem.dZ
    for name, array in arrays.items():
        if array is not None:
            found, *_ = asked("shape", f"of: {name}", placed)
            assert isinstance(found, ShapeQuestion)
            assert found.shape == array.shape
            assert found.judge("x".join(map(str, array.shape))).right
            assert not found.judge(mistake(found)).right


def test_half_a_step_is_told_apart_from_the_step_before_it() -> None:
    """What an addition under way has made is in the cell already, and the explanation says so."""
    half = page("```stop\nat: 4\nadditions: 1\n```\n```ask value\ncell: dW[1, 0, 0, 0]\n```").question
    whole = page("```stop\nat: 4\n```\n```ask value\ncell: dW[1, 0, 0, 0]\n```").question
    assert isinstance(half, ValueQuestion)
    assert isinstance(whole, ValueQuestion)
    assert (half.value, half.before, half.explanation) == (whole.value, whole.before, whole.explanation)
    now = page(
        "```stop\nat: 4\nadditions: 1\n```\n```ask value\ncell: dW[1, 0, 0, 0]\nwhen: now\n```"
    ).question
    later = page("```stop\nat: 5\n```\n```ask value\ncell: dW[1, 0, 0, 0]\nwhen: now\n```").question
    assert isinstance(now, ValueQuestion)
    assert isinstance(later, ValueQuestion)
    assert (now.value, now.explanation) == (later.value, later.explanation)


def test_the_face_of_the_question_is_shown_before_and_after() -> None:
    found = page("```stop\nat: 4\n```\n```ask cells\non: dA_prev_pad[:, :, 1]\n```")
    assert (found.place.input_channel, found.place_after.input_channel) == (1, 1)
    untouched = page("```stop\nat: 4\n```\n```ask cells\non: dA_prev_pad[:, :, 1]\nanswer: padding\n```")
    assert (untouched.place.input_channel, untouched.place_after.input_channel) == (1, 1)
    assert untouched.place_after.position == 4


@pytest.mark.parametrize(
    ("body", "value"),
    [("answer: total", 48), ("answer: 3 * next.i_c", 3), ("answer: 0", 0), ("answer: 0.004", 0.004)],
)
def test_an_expression_has_neighbours_that_are_wrong(body: str, value: float) -> None:
    found = question(f"```stop\nat: 1\n```\n```ask value\nprompt: ?\n{body}\n```")
    assert found.judge(repr(value)).right
    for wrong in (value + 1, value - 1, -value if value else 1):
        assert not found.judge(repr(wrong)).right


def test_numbers_stand_in_prompts_hints_and_choices() -> None:
    found = question(
        "```stop\nat: 1,2,1\n```\n```ask choice\nprompt: {=i_w}?\nhint: {=i_h}\nhint: {=position}\n"
        "why: {=total}\n- [x] {=i_c} | {=W.shape}\n- [ ] no\n```"
    )
    assert (found.prompt, found.hints, found.why) == ("2?", ("1", "20"), "48")
    assert found.judge("1").right
    assert (
        question("```ask choice\nprompt: ?\n- [ ] {=total} | {=W.shape}\n- [x] no\n```")
        .judge("1")
        .said.endswith("(3, 2, 3, 2)")
    )


def test_why_is_told_where_the_answer_leads() -> None:
    body = "```ask value\ncell: dW[0, 0, 0, 0]\nwhy: {=position}\n```\n"
    assert question(body).why == "1"
    assert question(body + "{=position}\n```stop\nat: 9\n```\n").why == "9"


FAULTS = [
    (
        "```ask\n```",
        1,
        "this does not say what to ask; write `ask` and one of cells, value, step, shape, line, choice",
    ),
    ("```ask value cells\n```", 1, "this does not say what to ask"),
    ("```ask number\n```", 1, "this does not say what to ask"),
    ("```ask value\n```", 1, "ask value has no 'answer'; add a line `answer: …`"),
    ("```ask value\ncell:\n```", 2, "'cell' is empty"),
    ("```ask value\nhint: h\ncell: dW\n```", 3, "'dW' is not a single cell"),
    ("```ask value\ncell: dW[0, 0, 0, 0]\nwhen: then\n```", 3, "when is 'then'; it must be `after`"),
    ("```ask value\ncell: W[0, 0, 0, 0]\nwhen: after\n```", 3, "no step changes W; remove `when: after`"),
    ("```ask value\nanswer: 1\n```", 1, "ask value has no 'prompt'"),
    ("```ask value\nprompt: ?\nanswer: dW\n```", 3, "'dW' is 36 numbers"),
    ("```ask value\nprompt: ?\nanswer: 1 / 0\n```", 3, "'1 / 0' cannot be computed here"),
    ("```ask value\nprompt: ?\nanswer: dz * 1e999\n```", 3, "dz * 1e999 is"),
    ("```ask value\nprompt: {=dq}\nanswer: 1\n```", 2, "'dq' cannot be computed here"),
    ("```ask value\nanswer: 1\nprompt: ?\nhint: a\nhint: b\n  {=dq}\n```", 5, "'dq' cannot be computed here"),
    ("```ask value\nprompt: ?\nanswer: 1\nwhy: a\n  b {=dq}\n```", 4, "'dq' cannot be computed here"),
    ("```ask value\nprompt: ?\nanswer: 1\nwhere: x\n```", 4, "ask value has no key 'where'; did you mean"),
    ("```ask value\nprompt: ?\nprompt: !\nanswer: 1\n```", 3, "'prompt' is given twice in ask value"),
    ("```ask value\nprompt: ?\nanswer: 1\n- [ ] a\n```", 4, "only `ask choice` has a list of choices"),
    ("```stop\nat: end\n```\n\n```ask value\ncell: dW[0, 0, 0, 0]\n```", 5, "this asks about the next step"),
    ("```ask cells\n```", 1, "ask cells has no 'on'"),
    ("```ask cells\non: b\n```", 2, "there is no panel 'b'"),
    ("```ask cells\non: dA_prev\n```", 2, "there is no panel 'dA_prev'"),
    ("```ask cells\non: dW[7]\n```", 2, "'dW[7]' does not exist"),
    ("```ask cells\non: W\n```", 2, "no step changes W; ask about dW, dA_prev_pad, db"),
    ("```ask cells\non: dW\nanswer: padding\n```", 3, "`answer: padding` is only for dA_prev_pad"),
    ("```ask cells\non: dW\nanswer:\n```", 3, "'answer' is empty"),
    ("```ask cells\non: dW\nanswer: W[0]\n```", 3, "the answer names cells that are not in dW"),
    (
        "```ask cells\non: dA_prev_pad\nanswer: dA_prev_pad[0, 0, 1]\n```",
        3,
        "none of these cells is on dA_prev",
    ),
    ("```ask cells\non: dA_prev_pad\nanswer: untouched\n```", 3, "none of these cells is on dA_prev"),
    ("```ask cells\non: A_prev_pad\nanswer: A_prev_pad[:, :, 0]\n```", 3, "every cell of A_prev_pad["),
    ("```ask step\ncell: W[0, 0, 0, 0]\n```", 2, "steps add to dW, dA_prev_pad, db, not to W"),
    (
        "```ask step\ncell: dW[0, 0, 0, 0]\nwhich: third\n```",
        3,
        "which is 'third'; it must be first, last or any",
    ),
    ("```ask shape\nof: dX\n```", 2, "there is no array 'dX'; the arrays are A_prev_pad"),
    ("```ask shape\nprompt: ?\nanswer: 4 by 3\n```", 3, "'4 by 3' is not a shape; write it like (4, 3)"),
    ("```ask line\nanswer: 1\n```", 1, "there is no code above this question"),
    ("```python\na\nb\n```\n```ask line\nanswer: 3\n```", 6, "answer is '3'; it must be a line of the code"),
    (
        "```python\na\nb\n\n```\n```ask line\nanswer: 3\n```",
        7,
        "answer is '3'; it must be a line of the code",
    ),
    ("```python\na\nb\n```\n```ask line\nanswer: 1,\n```", 6, "answer is '1,'"),
    ("```python\na\nb\n```\n```ask line\nanswer: 1, 2\n```", 6, "every line would be a right answer"),
    ("```python\na\n\nb\n```\n```ask line\nanswer: 2\n```", 7, "answer is '2'; that line is empty"),
    ("```python\na\n\nb\n```\n```ask line\nanswer: 1, 3\n```", 7, "every line would be a right answer"),
    ("```ask choice\n- [x] a\n- b\n```", 3, "'b' is not a choice; write `- [ ] text | reason`"),
    ("```ask choice\n- [x] a\n- [x] b\n```", 1, "a choice needs at least one right and one wrong option"),
    ("```ask choice\n- [ ] a\n- [ ] b\n```", 1, "a choice needs at least one right and one wrong option"),
    ("```ask choice\n```", 1, "a choice needs at least one right and one wrong option"),
    ("```ask choice\n- [x] a\n- [ ] b | {=dq}\n```", 3, "'dq' cannot be computed here"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "line", "sentence"), FAULTS)
def test_what_is_no_question_is_refused_with_its_line(body: str, line: int, sentence: str) -> None:
    at, said = page_fault(body)
    assert said.startswith(sentence)
    assert at == line


def test_a_cell_that_no_step_or_every_step_makes_is_no_question() -> None:
    one = FRONT.replace("filters: 3", "filters: 1")
    assert page_fault("```ask step\ncell: db[0]\n```", one)[1].startswith("every step adds to db[0]")
    gaps = FRONT.replace("kernel: 2x3", "kernel: 1\nstride: 2")
    assert page_fault("```ask step\ncell: dA_prev_pad[1, 1, 0]\n```", gaps)[1].startswith("no step adds")


def test_a_value_that_cannot_be_typed_is_no_question() -> None:
    problem = page("").problem
    broken = problem.with_arrays(dZ=np.full_like(problem.dZ, np.nan))
    for body in ("cell: dW[0, 0, 0, 0]", "cell: dZ[0, 0, 0]", "prompt: ?\nanswer: dz"):
        with pytest.raises(LessonError, match="is nan; ask for a number that can be typed"):
            asked("value", body, go_to(broken, PagePlace(0)))
