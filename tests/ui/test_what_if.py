"""What if: Enter on an input's cell, in the debugger of a problem and of somebody's own function."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.candidate.call.worker import Worker
from convstep.candidate.step.stepping import CandidateTimeline
from convstep.conv.backward import conv2d_backward
from convstep.conv.problem import Problem
from convstep.lessons.reading import parse_lesson
from convstep.recording.record import record_call
from convstep.recording.recording import Recording
from convstep.replay.session import load
from convstep.ui.modes.candidate import CandidateMode
from tests import candidates
from tests.strategies import SELDOM
from tests.ui.driving import Session, opened, opened_beside, opened_recording
from tests.ui.learning import opened_lesson

Array = npt.NDArray[Any]


async def change(session: Session, text: str) -> None:
    """Enter on the cell under the cursor, a number, Enter."""
    await session.press("enter")
    assert session.dialog == "PromptScreen"
    await session.type(text)
    await session.press("enter")


async def to_array(session: Session, name: str) -> None:
    """Have the keys at an array's panel."""
    shown = session.app.open_debugger()
    panel = next(one for one in shown.state.scene.panels if one.face.name == name)
    shown.query_one(f"#{panel.key}").focus()
    await session.settle()


@SELDOM
async def test_a_problem_s_numbers_are_changed_marked_taken_back_and_saved(tmp_path: Path) -> None:
    async with opened("digit", position=137) as session:
        await to_array(session, "A_prev_pad")
        grid = session.app.focused
        await session.press("down", "right", "right")
        cells = r"A_prev_pad\[(\d), (\d), 0\] = \S+ · Enter changes it: A_prev\[(\d), (\d), 0\]"
        found = re.search(cells, session.text)
        assert found is not None
        row, column, *inside = map(int, found.groups())
        assert inside == [row - 1, column - 1], "the dialog asks for the same cell"
        await change(session, "-30")
        assert "numbers edited (1)" in session.lines[0]
        assert session.app.focused is grid
        assert session.position == 137
        assert any("*-30" in line for line in session.part("input"))
        assert any("Δ" in line for line in session.part("kernel_gradient"))
        assert not any("Δ" in line for line in session.part("bias_gradient"))
        assert session.stale_cells() == []
        await session.press("y")
        assert "no command opens these numbers" in session.text
        await session.press("D")
        assert "numbers edited (1)" in session.lines[0]
        assert "Δ" in session.text
        await to_array(session, "b")
        await change(session, "2")
        assert "numbers edited (2)" in session.lines[0]
        await session.press("D")
        assert "numbers edited (2)" in session.lines[0]
        problem = session.timeline.problem
        await session.press("end")
        dW, _, _ = conv2d_backward(problem.dZ, problem.cache, 1, 1)
        assert session.timeline.dW.tobytes() == dW.tobytes()
        await session.press("q")
        assert "the edited numbers are not saved" in session.text
        await session.press("w")
        await session.press("ctrl+u")
        path = tmp_path / "edited.session.json"
        await session.type(str(path))
        await session.press("enter")
        saved = load(path)
        assert saved.problem == "edited.session.npz"
        assert type(problem).load(tmp_path / saved.problem).A_prev.tobytes() == problem.A_prev.tobytes()
        await session.press("y")
        assert "edited.session.npz" in session.app.clipboard
        await session.press("U", "U")
        assert "numbers edited" not in session.text
        await session.press("y")
        assert session.app.clipboard.startswith("convstep open digit")


async def test_the_status_of_an_edited_cell_drops_words_and_never_cuts_them() -> None:
    async with opened("digit", size=(80, 24), position=2) as session:
        await to_array(session, "A_prev_pad")
        await session.press("down", "down", "right", "right")
        await change(session, "1000")
        await session.press("left", "right")
        said = "A_prev_pad[1, 2, 0] = 1000.0 (unedited 0.0) · Enter changes it"
        assert re.search(rf"{re.escape(said)} +\S", session.text), "the state of the step has room then"


LESSON = """---
language: en
input: 4x5x1
filters: 1
kernel: 2x3
numbers: whole
---
# A lesson

It sets a cell.

## With and without

See.

```stop
at: 0,0,0
what-if: A_prev[0, 1, 0] = 90
```

## After it

```ask value
cell: dW[0, 0, 1, 0]
```
"""


async def test_a_lesson_sets_a_cell_and_the_next_page_is_about_its_own_numbers() -> None:
    async with opened_lesson(parse_lesson(LESSON)) as learner:
        problem = learner.page.walk.page.problem
        assert "Enter set the cell, and see" in learner.text
        await learner.press("enter")
        assert "numbers edited (1)" in learner.lines[0]
        assert learner.timeline.problem.A_prev[0, 1, 0] == 90
        assert any("Δ" in line for line in learner.part("kernel_gradient"))
        assert "U set it back" in learner.text
        await learner.press("U")
        assert learner.timeline.problem is problem
        await learner.press("ctrl+r")
        assert learner.timeline.problem.A_prev[0, 1, 0] == 90
        await learner.press("enter")  # it was shown: on
        assert learner.page.walk.at == 1
        assert learner.timeline.problem is problem
        assert "numbers edited" not in learner.text


OPERATOR = """---
language: en
operator: max-pool
---
# A lesson

It sets a cell.

## With and without

The first window is done.

```stop
at: 1
what-if: x[0, 0, 0, 0] = 90
```

## After it

On.
"""


@SELDOM
async def test_a_lesson_on_an_operator_sets_a_cell_and_lets_others_be_set() -> None:
    async with opened_lesson(parse_lesson(OPERATOR)) as learner:
        recording = learner.page.walk.page.subject.recording
        assert recording is not None
        source = "\n".join(line.code for line in learner.debugger.state.scene.source)
        assert "return" in source
        assert '"""' not in source, "the lesson says it better"
        await learner.press("enter")
        assert "numbers edited (1)" in learner.lines[0]
        assert "*90" in learner.text
        assert "Δ" in learner.text
        await to_array(learner, "x")
        await learner.press("right", "right")
        await change(learner, "7")
        assert "numbers edited (2)" in learner.lines[0]
        await learner.press("U", "U")
        assert "numbers edited" not in learner.lines[0]
        await learner.press("ctrl+r", "p")
        assert learner.page.walk.at == 1
        assert "numbers edited" not in learner.text
        assert "90" not in learner.text
        shown = learner.debugger.timeline
        assert isinstance(shown, Recording)
        assert shown.log is recording.log


OWN = """---
language: en
given: x = [1, 2]
given: dout = [5, 6]
call: back(dout, x)
---
# A lesson

It sets a cell of the lesson's own code.

## With and without

```python candidate
def back(dout, x):
    dx = 0 * x
    for i in range(len(x)):
        dx[i] += dout[i] * x[i]
    return dx
```

```stop
at: end
what-if: x[1] = 10
```

## After it

On.
"""


@SELDOM
async def test_a_lesson_s_own_code_runs_again_with_another_number() -> None:
    async with opened_lesson(parse_lesson(OWN)) as learner:
        await learner.press("enter")
        await learner.until("numbers edited (1)")
        assert learner.debugger.timeline.arrays["dx"].tolist() == [5.0, 60.0]
        await learner.press("enter")
        assert learner.page.walk.at == 1
        assert learner.debugger.timeline.arrays["dx"].tolist() == [5.0, 12.0]


def picky(x: Array, w: Array) -> Array:
    out = np.zeros(len(x))
    for i in range(len(x)):
        if x[i] < -100:
            raise ValueError("far too small")
        out[i] = x[i] * w[0]
    return out


async def test_a_recording_from_a_file_says_what_an_edit_runs() -> None:
    x, w = np.arange(1.0, 5.0), np.array([2.0])
    anew = partial(record_call, picky, (x, w), {})
    async with opened_recording(anew({}), anew=anew, runs="mine.py:picky --call 'picky(x, w)'") as session:
        await session.press("n", "n", "n")
        await to_array(session, "x")
        await session.press("enter")
        await session.type("9")
        assert "x[1] becomes 9.0, and mine.py:picky --call" in session.text


@SELDOM
async def test_a_function_is_recorded_anew_with_other_numbers_and_may_raise_then() -> None:
    x, w = np.arange(1.0, 5.0), np.array([2.0])
    anew = partial(record_call, picky, (x, w), {})
    recording: Recording = anew({})
    async with opened_recording(recording, anew=anew) as session:
        await session.press("n", "n", "n")
        await to_array(session, "x")
        await session.press("down", "down")
        await change(session, "nan")
        await session.answered()
        assert "numbers edited (1)" in session.lines[0]
        assert session.debugger.timeline.position == 3
        await session.press("end")
        assert any("Δ" in line and "nan" in line for line in session.lines)
        assert x.tolist() == [1, 2, 3, 4]  # the script's own are left alone
        await session.press("home", "n", "n", "n")
        await to_array(session, "x")
        await change(session, "-101")
        await session.answered()
        await session.press("end")
        assert "it raised here" in session.lines[0]
        await session.press("U")
        await session.answered()
        await session.press("U")
        await session.answered()
        assert "numbers edited" not in session.text
        assert session.debugger.timeline.total == recording.total


async def test_a_recording_that_cannot_run_again_says_so() -> None:
    recording = record_call(picky, (np.ones(2), np.ones(1)), {})
    async with opened_recording(recording) as session:
        await session.press("n", "n", "n")
        await to_array(session, "x")
        await session.press("down", "enter")
        assert session.dialog == ""
        assert "its function cannot be run with another number" in session.text


@SELDOM
async def test_a_candidate_is_asked_about_edited_numbers_and_the_first_divergence_is_found_anew(
    tmp_path: Path,
) -> None:
    worker = Worker.of_function(candidates.stride_ignored)
    verdict, problem = candidates.verdict(candidates.stride_ignored), two_strides()
    async with opened_beside(CandidateTimeline(worker, verdict, problem), problem_name="mine.npz") as session:
        await session.answered()
        first = session.position
        mode = session.debugger.mode
        assert isinstance(mode, CandidateMode)
        assert first == 2, "the second window is the first that the stride moves"
        await to_array(session, "dZ")
        grid = session.app.focused
        await session.press("right")
        await change(session, "0")
        await session.until("with these numbers the first divergence is at step 3")
        await session.answered()
        assert "numbers edited (1)" in session.lines[0]
        assert (session.position, session.app.focused) == (first, grid), "one stays where one stands"
        assert mode.candidate.problem.dZ[0, 1, 0] == 0
        assert session.timeline.problem is mode.candidate.problem
        assert "agrees so far" in mode.stage.standing()
        assert any("Δ" in line for line in session.part("kernel_gradient"))
        assert not any("Δ" in line for line in session.part("kernel_gradient_candidate"))
        assert any("*" in line for line in session.part("upstream"))
        await session.press("i")
        assert "choose a cell of dA_prev, dW, db" in session.text
        assert session.stale_cells() == []
        await session.press("n")
        await session.answered()
        assert "≠" in "\n".join(session.part("input_gradient_difference"))
        await session.press("w")
        await session.press("ctrl+u")
        await session.type(str(tmp_path / "edited.session.json"))
        await session.press("enter")
        await session.press("y")
        assert session.app.clipboard.split()[3] == f"{tmp_path}/edited.session.npz"
        await session.press("U")
        await session.until("with these numbers the first divergence is at step 2")
        assert mode.candidate.problem is problem
        assert "numbers edited" not in session.lines[0]
        await session.press("U")
        assert "no number is edited" in session.text
        await session.press("y")
        assert session.app.clipboard.split()[3] == "mine.npz"


def two_strides() -> Problem:
    """One row of three windows, two apart."""
    rng = np.random.default_rng(0)
    A_prev, W, dZ = (rng.integers(1, 9, shape) * 1.0 for shape in ((2, 6, 1), (1, 2, 2, 1), (1, 3, 1)))
    return Problem(A_prev, W, np.zeros(1), dZ, stride=2)
