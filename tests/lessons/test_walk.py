"""A learner's way: pages, attempts, hints, points, and coming back."""

from __future__ import annotations

import pytest

from convstep.lessons import course
from convstep.lessons.lesson import Lesson
from convstep.lessons.questions import AnswerError
from convstep.lessons.walk import RIGHT, SHOWN, SKIPPED, Walk, fingerprints
from tests.lessons.bundled import ENGLISH, bundled, loaded, named
from tests.lessons.mistakes import mistake
from tests.lessons.texts import FRONT, PLAIN, asks, lesson


@pytest.fixture
def walk() -> Walk:
    return Walk(lesson(PLAIN, asks("W"), asks("dZ"), PLAIN))


def test_pages_are_turned_and_end(walk: Walk) -> None:
    assert not walk.back()
    assert [walk.on() for _ in range(4)] == [True, True, True, False]
    assert (walk.at, walk.on_last_page, walk.finished) == (3, True, True)
    assert [walk.back() for _ in range(4)] == [True, True, True, False]
    assert walk.finished  # it stays so


def test_attempts_and_hints_cost_points(walk: Walk) -> None:
    walk.on()
    assert not walk.answer("1,1,1,1").right
    assert (walk.hint(), walk.hint(), walk.hint()) == ("a", "b", None)
    assert walk.place.position == 0
    assert walk.answer("3,2,3,2").right
    assert (walk.points, walk.right, walk.tried.outcome, walk.place.position) == (10 - 3 - 2 - 2, 1, RIGHT, 9)
    assert walk.lesson.most_points == 20


def test_what_is_no_answer_costs_nothing(walk: Walk) -> None:
    walk.on()
    with pytest.raises(AnswerError):
        walk.answer("what?")
    walk.answer("3,2,3,2")
    assert walk.points == 10


def test_after_the_answer_nothing_changes_any_more(walk: Walk) -> None:
    walk.on()
    walk.answer("3,2,3,2")
    assert not walk.answer("1,1").right
    walk.give_up()
    assert walk.hint() is None
    assert (walk.points, walk.tried.outcome, walk.tried.attempts) == (10, RIGHT, 0)


def test_who_gives_up_gets_no_points(walk: Walk) -> None:
    walk.on()
    walk.give_up()
    assert walk.revealed
    assert walk.answer("3,2,3,2").right
    assert (walk.points, walk.right, walk.tried.outcome) == (0, 0, SHOWN)


def test_a_question_that_was_passed_over_can_be_answered_later(walk: Walk) -> None:
    walk.on()
    walk.answer("1,1")
    walk.on()
    walk.back()
    assert (walk.tried.outcome, walk.revealed) == (SKIPPED, False)
    walk.answer("3,2,3,2")
    assert walk.points == 7


def test_a_page_without_a_question_hides_nothing(walk: Walk) -> None:
    assert walk.revealed
    assert walk.hint() is None
    walk.give_up()
    assert walk.points == 0


def test_the_last_question_decides_whether_it_is_finished() -> None:
    walk = Walk(lesson(PLAIN, asks("W")))
    walk.on()
    assert not walk.finished
    walk.answer("1,1")
    assert not walk.finished
    walk.give_up()
    assert walk.finished


def test_restart_forgets_everything(walk: Walk) -> None:
    walk.on()
    walk.answer("3,2,3,2")
    walk.on()
    walk.on()
    walk.restart()
    assert (walk.at, walk.points, walk.finished, walk.as_dict()["answers"]) == (0, 0, False, {})


def test_what_is_kept_brings_a_learner_back(walk: Walk) -> None:
    walk.on()
    walk.answer("1,1")
    walk.hint()
    kept = walk.as_dict()
    assert (kept["page"], kept["pages"], kept["points"], kept["most"], kept["finished"]) == (
        1,
        4,
        0,
        20,
        False,
    )
    assert [*kept["answers"].values()] == [[1, 1, ""]]


@pytest.mark.parametrize("page", [-5, 99])
def test_a_page_that_is_gone_is_the_nearest_one(page: int) -> None:
    assert Walk(lesson(PLAIN, PLAIN), page).at == (0 if page < 0 else 1)


def answered(pages: Lesson) -> Walk:
    walk = Walk(pages)
    for number, page in enumerate(pages.pages):
        if page.question is not None:
            for _ in range(number % 2):
                walk.answer(mistake(page.question))
            walk.answer(page.question.solution)
        walk.on()
    return walk


EDITS = {
    "words": lesson(asks("W", words="Other words"), asks("dZ", title="Other"), asks("db")),
    "a page before": lesson(PLAIN, asks("W"), asks("dZ"), asks("db")),
    "a page between": lesson(asks("W"), PLAIN, PLAIN, asks("dZ"), asks("db")),
    "another order": lesson(asks("db"), asks("dZ"), asks("W")),
    "another language": lesson(asks("W"), asks("dZ"), asks("db"), front=FRONT.replace(": en", ": zh")),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_lesson_keeps_the_answers_of_its_unchanged_questions(edit: str) -> None:
    walk = answered(lesson(asks("W"), asks("dZ"), asks("db")))
    assert walk.points == 27
    walk.adopt(EDITS[edit])
    assert (walk.points, walk.right) == (27, 3)


def test_a_changed_question_is_open_again() -> None:
    walk = answered(lesson(asks("W"), asks("dZ"), asks("db")))
    walk.adopt(lesson(asks("W"), asks("A_prev")))
    assert (walk.at, walk.points, walk.right, walk.tried.outcome) == (1, 10, 1, "")


def test_the_same_question_asked_twice_is_two_questions() -> None:
    walk = answered(lesson(asks("W"), asks("W")))
    assert walk.points == 17
    assert len(set(fingerprints(walk.lesson))) == 2


@pytest.mark.parametrize("entry", ENGLISH, ids=named)
def test_both_languages_share_their_answers(entry: course.Entry) -> None:
    english, chinese = loaded(entry), bundled(entry.key, "zh")
    assert fingerprints(english) == fingerprints(chinese)
    asked = [key for key in fingerprints(english) if key]
    assert len(set(asked)) == len(asked) == len(english.questions)
