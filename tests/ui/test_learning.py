"""The list of lessons, the way from one to the next, and hunts that keep their secret."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import cast

import pytest
from rich.cells import cell_len
from textual.events import Resize
from textual.geometry import Size

from convstep.language import spoken
from convstep.lessons import course
from convstep.lessons.progress import Progress
from convstep.lessons.reading import parse_lesson
from convstep.ui.courses import CourseList, LearningScreen
from convstep.view.candidate.stage import CandidateStage
from tests.strategies import SELDOM, some
from tests.ui.learning import Learner, opened_lesson

HUNT = """---
language: en
kind: hunt
bug: overwrite-db
input: 4x5x1
filters: 2
kernel: 2
seed: 3
---
# A small hunt

Something is wrong.

## Find it

```python candidate
import numpy as np


def conv2d_backward(dZ, cache, stride, padding):
    A, W, b = cache["A_prev"], cache["W"], cache["b"]
    dA, dW, db = np.zeros(A.shape), np.zeros(W.shape), np.zeros(b.shape)
    f = W.shape[1]
    for i_h, i_w, i_c in np.ndindex(dZ.shape):
        dz = dZ[i_h, i_w, i_c]
        window = slice(i_h, i_h + f), slice(i_w, i_w + f)
        dW[i_c] += A[window] * dz
        dA[window] += W[i_c] * dz
        db[i_c] = dz
    return dW, db, dA
```

```ask line
answer: 13
right: db[i_c] += dz
```

## Look

Here it is once more.
"""
BROKEN = HUNT.replace("(dZ, cache, stride, padding)", "(a, b, c, d, e, f, g, h, i, j, k)")


async def test_the_list_leads_into_a_lesson_and_back_with_what_was_done(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress.json")
    async with opened_lesson(None, (80, 24), progress=progress) as learner:
        first, second, *_ = course.entries("en")
        assert first.title in learner.text
        assert f"{first.pages} pages" in learner.text
        await learner.press("down", "enter")
        await learner.answered()
        assert learner.page.walk.lesson.key == second.key
        await learner.press("p", "p", "q")
        assert "page 3 of" in learner.text
        await learner.press("enter")
        assert learner.page.walk.at == 2
        await learner.press("q")
        assert learner.lessons.page_screen is None


async def test_what_is_chosen_before_the_list_has_a_frame_or_a_size_is_chosen_and_in_sight() -> None:
    async with opened_lesson(None, (80, 24)) as learner:
        listed = learner.app.screen.query_one(CourseList)
        cast(LearningScreen, learner.app.screen)._begin()
        listed.action_choose(-1)  # before the frame after which the list looks for where to begin
        await learner.settle()
        assert listed.course.entry(listed.chosen) == course.entries("en")[-1]
        size = listed.size
        listed.virtual_size = Size(size.width, 0)  # as long as nobody has told it how large it is
        listed.action_choose(-1)
        listed.post_message(Resize(size, size))
        await learner.settle()
        assert listed.scroll_offset.y <= listed.chosen < listed.scroll_offset.y + size.height


async def test_the_list_speaks_both_languages_and_reaches_the_last_hunt() -> None:
    async with opened_lesson(None, (80, 24)) as learner:
        await learner.press("end")
        last = course.entries("en")[-1]
        assert last.title in learner.text
        assert last.summary.split()[0] in learner.text
        await learner.press("l")
        assert course.entries("zh")[-1].title in learner.text
        await learner.press("enter")
        await learner.answered()
        assert learner.page.walk.lesson.language == "zh"


@SELDOM
async def test_the_end_of_a_lesson_leads_to_the_next_one() -> None:
    first, second, *_ = course.entries("en")
    async with opened_lesson(course.load(first), (80, 24)) as learner:
        for _ in range(first.pages):
            await learner.press("p")
        assert second.title in learner.text
        assert "Esc stays on the last page" in learner.text
        await learner.press("enter")
        await learner.answered()
        assert learner.page.walk.lesson.key == second.key


async def test_a_hunt_hides_the_diagnosis_until_the_line_is_found() -> None:
    async with opened_lesson(parse_lesson(HUNT)) as learner:
        assert learner.position == 3  # the second window of the first filter
        await learner.press("d")
        assert learner.dialog == ""
        assert "once the line is found" in learner.text
        assert "db[i_c] += dz" not in _panels(learner)
        await learner.answer("13")
        assert learner.page.walk.revealed
        await learner.press("d")
        assert learner.dialog == "ParagraphsScreen"
        await learner.press("escape", "p")
        assert learner.page.walk.at == 1


@SELDOM
async def test_a_candidates_shape_is_wrong_in_the_lessons_language() -> None:
    found = course.load(course.find("hunt-03", "zh"))
    async with opened_lesson(found, (80, 24)) as learner:
        await learner.answered()  # of the candidate's own screen
        panel = learner.part("input_gradient_candidate")
        assert "形状是 0x0x1" in "".join(panel)
        assert "应为" in "".join(panel)
        assert "4x5x1" in "".join(panel)
        assert {cell_len(line) for line in panel} == {cell_len(panel[0])}
        assert "its shape is" not in learner.text
    assert spoken() == "en"


@SELDOM
@pytest.mark.parametrize("language", some(["en", "zh"]))
async def test_the_first_hunt_says_that_a_steps_numbers_are_changes(language: str) -> None:
    found = course.load(course.find("hunt-01", language))
    async with opened_lesson(found, (80, 24)) as learner:
        await learner.answered()  # of the candidate's own screen
        share = cast(CandidateStage, learner.page.state.stage).shares()[0]
        assert share.actual is not None
        reference, candidate = int(share.expected[0, 0]), int(share.actual[0, 0])
        said = f"by {reference} in" if language == "en" else f"变了 {reference}，"
        assert said in " ".join(learner.told.split())
        said = f"by {candidate} in" if language == "en" else f"变了 {candidate}。"
        assert said in " ".join(learner.told.split())


async def test_a_candidate_that_cannot_be_run_is_said_above_the_page() -> None:
    async with opened_lesson(parse_lesson(BROKEN)) as learner:
        assert "Find it" in learner.told
        assert learner.page.note
        await learner.press("p")
        assert learner.page.walk.at == 1


def _panels(learner: Learner) -> str:
    """What is painted beside the narration."""
    left = learner.page.narration.region.right
    return "\n".join(line[left:] for line in learner.lines)


@SELDOM
async def test_in_a_hunt_every_key_is_safe_whatever_part_has_the_keys_even_one_that_is_not_seen() -> None:
    keys = ["t", "T", "b", "i", "enter", "v", "]", "[", "y", "down", "m"]
    async with opened_lesson(parse_lesson(HUNT), (80, 24)) as learner:
        page = learner.page
        parts = [page.narration.answer, *learner.debugger.query_one("#panels").children, None]
        for part, key in some(itertools.product(parts, keys), 15):
            learner.debugger.set_focus(part)
            await learner.hurry(key)
            assert learner.app._exception is None, (part, key)
            if learner.dialog:
                await learner.hurry("escape")
        await learner.press("escape", "escape")
        assert learner.stale_cells() == []


@SELDOM
async def test_a_key_may_come_before_the_panel_that_it_is_about_has_a_size() -> None:
    async with opened_lesson(parse_lesson(HUNT), (80, 24)) as learner:
        for _, key in zip(
            learner.debugger.query_one("#panels").children, itertools.cycle("tbiTm"), strict=False
        ):
            learner.send("tab")
            await learner.hurry(key)
            assert learner.app._exception is None, key
            if learner.dialog:
                await learner.hurry("escape")
