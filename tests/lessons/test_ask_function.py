"""Questions about a recorded function: their answers come from its run."""

from __future__ import annotations

import numpy as np
import pytest

from convstep.lessons.questions import CellsQuestion, ShapeQuestion, ValueQuestion
from convstep.operators.registry import operators
from tests.lessons.functions import BACK, CODE, FRONT
from tests.lessons.texts import page, page_fault
from tests.strategies import some


def test_the_cells_of_the_next_step_are_those_it_writes() -> None:
    found = page("```stop\nat: 0,0\n```\n```ask cells\non: dx_pad\n```", FRONT)
    question = found.question
    assert isinstance(question, CellsQuestion)
    assert (question.cells, question.face) == (frozenset({(0, 0, 2, 2)}), (0, 0, None, None))
    assert question.prompt == "Which cells of dx_pad[0, 0, :, :] will the next step change? Mark them."
    assert (found.place_after.position, found.place_after.focus) == (4, "dx_pad")


def test_cells_of_pictures_with_channels_last_stand_on_a_face_of_rows_and_columns() -> None:
    front = CODE.replace("x = [[1, 2], [3, 4]]", "x = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]")
    back = BACK.replace("dx[i] += dout[i] * k", "dx[i, :, 1] += dout[i] * k").replace(
        "dx[i, 0]", "dx[:, 0, 1]"
    )
    question = page(f"{back}```stop\nat: 1\n```\n```ask cells\non: dx\n```", front).question
    assert isinstance(question, CellsQuestion)
    assert question.face == (None, None, 1)
    assert question.cells == {(0, 0, 1), (0, 1, 1), (1, 0, 1)}
    assert question.prompt.startswith("Which cells of dx[:, :, 1] will")


def test_cells_can_be_named_as_well() -> None:
    body = "```ask cells\non: x\nanswer: x[0, 0, 0, :2]; x[0, 0, 3, 4]\n```"
    question = page(f"```stop\nat: end\n```\n{body}", FRONT).question
    assert isinstance(question, CellsQuestion)
    assert question.cells == {(0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 3, 4)}


def test_a_value_after_the_next_step_knows_what_was_there_and_what_is_added() -> None:
    found = page("```stop\nat: 0,0\n```\n```ask value\ncell: dx_pad[0, 0, 2, 2]\n```", FRONT)
    question = found.question
    assert isinstance(question, ValueQuestion)
    assert (question.before, question.added, question.value) == (1, 2, 3)
    assert question.judge("1 + 2").right
    assert "what the cell holds before the step" in question.judge("1").said
    assert question.explanation.endswith("dx_pad\\[0, 0, 2, 2] was 1 and is 3 now.")
    assert found.place_after.position == 4


def test_a_value_now_is_explained_by_the_sum_that_made_it() -> None:
    body = "```stop\nat: 1,1\n```\n```ask value\ncell: dx_pad[0, 0, 2, 2]\nwhen: now\n```"
    question = page(body, FRONT).question
    assert isinstance(question, ValueQuestion)
    assert (question.value, question.explanation) == (10, "dx_pad\\[0, 0, 2, 2] = 1 + 2 + 3 + 4 = 10")


def test_every_statement_of_a_step_is_said_and_an_array_that_is_made() -> None:
    body = "```stop\nat: 1\n```\n```ask value\ncell: dx[0, 0]\n```"
    question = page(f"{BACK}{body}", CODE).question
    assert question is not None
    assert question.explanation == (
        "`dx[i] += dout[i] * k`; `dx[i, 0] += 1`: dx\\[0, 0] was 0 and is 16 now."
    )
    made = page("```ask value\ncell: x_pad[0, 0, 1, 0]\n```", FRONT).question
    assert made is not None
    assert made.explanation.endswith("makes x_pad\\[0, 0, 1, 0] = 4.")


def test_a_shape_of_the_run_knows_the_others() -> None:
    question = page("```ask shape\nof: dx_pad\n```", FRONT).question
    assert isinstance(question, ShapeQuestion)
    assert question.shape == (1, 1, 4, 5)
    assert question.judge("1, 1, 2, 2").said == "Not yet: (1, 1, 2, 2) is the shape of dout."


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ("cells\non: x", "the next step does not change x"),
        ("cells\non: y", "'y' does not name cells; write dout[0, 0, 0, 0]"),
        ("cells\non: x\nanswer: dout", "the answer names cells that are not in x"),
        ("cells\non: x\nanswer: x", "every cell of x[0, 0, :, :] would be a right answer"),
        ("value\ncell: x[0, 0, 0, 0]", "the next step does not change x[0, 0, 0, 0]; ask about now with"),
        ("value\ncell: x_pad[0, 0, 0, 0]\nwhen: now", "there is no x_pad yet; stop later"),
        ("value\ncell: x", "'x' is not a single cell; give a number for every axis"),
        ("value\ncell: x[0, 0, 0, 0]\nwhen: then", "when is 'then'; it must be `after`"),
        ("shape\nof: dW", "there is no array 'dW'; the arrays are dout, x, x_pad, dx_pad"),
        ("step\ncell: dx_pad[0, 0, 2, 2]", "this does not say what to ask; write `ask` and one of cells"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(ask: str, said: str) -> None:
    assert page_fault(f"```ask {ask}\n```", FRONT)[1].startswith(said)


def test_nothing_is_asked_about_a_step_after_the_end() -> None:
    body = "```stop\nat: end\n```\n```ask value\ncell: dx_pad[0, 0, 2, 2]\n```"
    assert page_fault(body, FRONT)[1].startswith("this asks about the next step, but the loop is at its end")


@pytest.mark.parametrize("name", some([operator.name for operator in operators()], 4))
def test_every_operator_can_be_asked_about_at_every_step(name: str) -> None:
    front = FRONT.replace("max-pool", name)
    subject = page("", front).subject
    assert subject.recording is not None
    run = subject.recording.scout()
    rng = np.random.default_rng(3)
    for step in rng.permutation(run.total)[:3]:
        run.seek(int(step) + 1)
        writes = [one for one in run.event.writes if run.arrays[one.array].ndim]
        if not writes:
            continue
        write = writes[-1]
        cell = ", ".join(map(str, write.cell((0,) * np.ndim(write.value))))
        if not np.isfinite(run.arrays[write.array][tuple(map(int, cell.split(",")))]):
            continue
        body = f"```stop\nat: {step}\n```\n```ask value\ncell: {write.array}[{cell}]\n```"
        question = page(body, front).question
        assert isinstance(question, ValueQuestion)
        assert question.value == run.arrays[write.array][tuple(map(int, cell.split(",")))]
