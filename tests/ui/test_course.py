"""Every lesson and every hunt, from its first page to its end, with wrong and right answers."""

from __future__ import annotations

import pytest

from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.lessons.questions import ATTEMPT_COSTS, POINTS
from convstep.lessons.walk import RIGHT
from convstep.lessons.words import say
from tests.lessons.mistakes import mistake
from tests.strategies import SELDOM, THOROUGH, some
from tests.ui.learning import Learner, opened_lesson

ENTRIES = [course.entries(language) for language in LANGUAGES]
ALL = [entry for entries in ENTRIES for entry in entries]
BY_TURNS = [pair[number % 2] for number, pair in enumerate(zip(*ENTRIES, strict=True))]
SIZES = [(80, 24), (120, 40), (200, 50)] if THOROUGH else [(80, 24)]


@SELDOM
@pytest.mark.parametrize(
    "entry", ALL if THOROUGH else some(BY_TURNS, every=24), ids=lambda entry: f"{entry.language}-{entry.key}"
)
async def test_a_lesson_runs_from_start_to_end_with_wrong_and_right_answers(entry: course.Entry) -> None:
    lesson = course.load(entry)
    size = SIZES[sum(map(ord, entry.key)) % len(SIZES)]
    async with opened_lesson(lesson, size) as learner:
        for number in range(len(lesson.pages)):
            await _page(learner, number)
            await learner.press("p")
            await learner.answered()
        assert learner.dialog == "FinishScreen"
        walk = learner.page.walk
        assert walk.right == len(lesson.questions)
        assert walk.points == len(lesson.questions) * (POINTS - ATTEMPT_COSTS)
        assert f"{walk.points}" in learner.text


@pytest.mark.parametrize("language", some(LANGUAGES))
async def test_who_types_the_answers_straight_away_finishes_the_first_lesson(language: str) -> None:
    lesson = course.load(course.find("1", language))
    async with opened_lesson(lesson, (80, 24)) as learner:
        look = learner.page.state.precision, learner.debugger.playing.pace
        for page in lesson.pages:
            if page.question is not None:
                await learner.answer(page.question.solution)
                assert learner.page.walk.revealed
            await learner.press("p")
        assert learner.dialog == "FinishScreen"
        assert learner.page.walk.points == lesson.most_points
        assert look == (learner.page.state.precision, learner.debugger.playing.pace)


async def _page(learner: Learner, number: int) -> None:
    """Look at a page, answer wrongly, then rightly."""
    walk = learner.page.walk
    assert walk.at == number
    assert walk.page.title in learner.told
    if walk.place.given or not walk.page.candidate:
        stands = learner.debugger.timeline
        assert (stands.position, stands.made) == (walk.place.position, walk.place.additions)
    question = walk.question
    if question is None:
        return
    if walk.page.candidate:
        assert learner.mode.candidate is not None
    await learner.answer(mistake(question))
    assert walk.tried.attempts == 1
    assert not walk.revealed
    assert learner.page.said
    await learner.answer(question.solution)
    assert walk.tried.outcome == RIGHT
    assert say(walk.lesson.language, "right") in learner.told
    if walk.place.given:
        assert learner.debugger.timeline.position == walk.place.position
