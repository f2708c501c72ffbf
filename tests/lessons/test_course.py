"""The bundled course: every lesson reads, and both languages say the same."""

from __future__ import annotations

import doctest
import linecache
from pathlib import Path

import numpy as np
import pytest

from convstep.conv.timeline import Timeline
from convstep.language import LANGUAGES
from convstep.lessons import course
from convstep.lessons.errors import LessonError
from convstep.lessons.lesson import Lesson
from convstep.operators import registry
from convstep.operators.registry import operator_named
from tests.lessons.bundled import BOTH, ENGLISH, bundled, loaded, named
from tests.lessons.mistakes import mistake
from tests.lessons.structure import structure
from tests.strategies import some


def test_both_languages_have_the_same_lessons() -> None:
    assert len({tuple(entry.key for entry in course.entries(language)) for language in LANGUAGES}) == 1


@pytest.mark.parametrize("entry", ENGLISH, ids=named)
def test_both_languages_have_the_same_structure(entry: course.Entry) -> None:
    assert structure(bundled(entry.key, "zh")) == structure(loaded(entry))


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_every_answer_is_judged_as_it_should_be(entry: course.Entry) -> None:
    lesson = loaded(entry)
    assert lesson.language == entry.language
    assert lesson.questions
    for question in lesson.questions:
        assert question.judge(question.solution).right
        assert not question.judge(mistake(question)).right


@pytest.mark.parametrize("language", LANGUAGES)
def test_python_sessions_in_the_narration_are_true(language: str) -> None:
    tried = 0
    for entry in some(course.entries(language), 7):
        for text, line in sessions(loaded(entry)):
            test = doctest.DocTestParser().get_doctest(text, {}, entry.key, entry.key, line)
            failed, examples = doctest.DocTestRunner(verbose=False).run(test)
            assert not failed, f"{entry.key}, line {line}"
            tried += examples
    assert tried > 10


@pytest.mark.parametrize("language", some(LANGUAGES))
def test_the_transposed_convolution_of_lesson_17_gives_what_the_convolution_gave(language: str) -> None:
    convolution, forward, *_ = bundled("17", language).pages
    timeline, run = Timeline(convolution.problem), forward.subject.recording
    assert run is not None
    timeline.seek(timeline.total)
    run.seek(run.total)
    assert np.array_equal(run.arrays["x"], convolution.problem.dZ[..., 0])
    assert np.array_equal(run.arrays["w"], convolution.problem.W[0, ..., 0])
    assert np.array_equal(run.arrays["out"], timeline.dA_prev_pad[..., 0])


@pytest.mark.parametrize("language", some(LANGUAGES))
def test_the_operator_of_lesson_18_is_one_and_agrees_with_its_slopes(language: str) -> None:
    pages = bundled("18", language).pages
    (code,) = (b.text for page in pages for b in page.before if "convstep.operator(" in b.text)
    path = f"lesson-18-{language}"
    linecache.cache[path] = len(code), None, code.splitlines(keepends=True), path
    try:
        exec(compile(code, path, "exec"), {})
        operator = operator_named("times-sum")
    finally:
        registry._added.pop("times-sum", None)
        del linecache.cache[path]
    problem = operator.small()
    x, dout, found = problem.arrays["x"], problem.upstream["dout"], []
    for at in range(len(x)):
        step = np.eye(len(x))[at]
        sides = [(operator.forward(x + sign * step) * dout).sum() for sign in (1, -1)]
        found.append((sides[0] - sides[1]) / 2)
    assert operator.right(problem)["dx"].tolist() == found
    run = pages[0].subject.recording
    assert run is not None
    run.seek(run.total)
    assert run.arrays["dx"].tolist() == found


def sessions(lesson: Lesson) -> list[tuple[str, int]]:
    """Every `>>>` block of a lesson with its line; a page's blocks go on from each other."""
    found = []
    for page in lesson.pages:
        blocks = [b for b in (*page.before, *page.after) if b.fenced and ">>>" in b.text]
        if blocks:
            found.append(("\n".join(block.text for block in blocks), blocks[0].line))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_lessons_stand_in_their_order_and_then_hunts(language: str) -> None:
    found = course.entries(language)
    lessons, hunts = ([e for e in found if e.hunt is hunt] for hunt in (False, True))
    assert found == (*lessons, *hunts)
    for kind, front in ((lessons, ""), (hunts, "hunt-")):
        assert [entry.number for entry in kind] == [f"{front}{n}" for n in range(1, len(kind) + 1)]
        assert [loaded(entry).order for entry in some(kind, 7)] == some(range(1, len(kind) + 1), 7)


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_the_list_says_what_the_lesson_is(entry: course.Entry) -> None:
    lesson = loaded(entry)
    assert (lesson.key, lesson.title, lesson.hunt) == (entry.key, entry.title, entry.hunt)
    assert (len(lesson.pages), len(lesson.questions)) == (entry.pages, entry.questions)
    assert " ".join(lesson.summary.split()) == entry.summary != ""


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("4", "04-padding"), ("04", "04-padding"), (" 4 ", "04-padding"), ("padding", "04-padding"),
        ("04-padding", "04-padding"), ("PADDING", "04-padding"),
        ("04_padding.md", "04-padding"), ("one window", "01-one-window"), ("hunt-3", "hunt-03-no-padding"),
        ("hunt-03", "hunt-03-no-padding"), ("Hunt 3", "hunt-03-no-padding"), ("hunt-10", "hunt-10-no-loops"),
        ("10", "10-recipe"), ("no-loops", "hunt-10-no-loops"), ("batch norm", "15-batch-norm"),
        ("hunt 14", "hunt-14-learning-rate"),
    ],
)  # fmt: skip
def test_a_lesson_is_found_by_what_people_type(text: str, key: str) -> None:
    for language in LANGUAGES:
        found = course.find(text, language)
        assert (found.key, found.language) == (key, language)


def test_every_lesson_is_found_by_its_number_and_its_name() -> None:
    for language in LANGUAGES:
        for entry in course.entries(language):
            assert course.find(entry.number, language) is course.find(entry.key, language) is entry


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("paddign", "did you mean '04-padding'?"),
        ("hunt-99", "did you mean 'hunt-"),
        ("", "`convstep learn --list` lists them"),
        ("99", "`convstep learn --list` lists them"),
        ("0", "`convstep learn --list` lists them"),
        ("-", "`convstep learn --list` lists them"),
        ("../en/04-padding", "no lesson is called '../en/04-padding'; "),
        ("quux", "`convstep learn --list` lists them"),
    ],
)
def test_what_is_no_lesson_is_said_with_the_closest(text: str, meant: str) -> None:
    with pytest.raises(LessonError) as caught:
        course.find(text, "en")
    assert caught.value.sentence.startswith(f"no lesson is called {text!r}; ")
    assert meant in caught.value.sentence


def test_one_lesson_follows_the_other_to_the_end() -> None:
    for language in LANGUAGES:
        found = course.entries(language)
        assert [course.following(entry.key, language) for entry in found] == [*found[1:], None]
    assert course.following("/home/own.md", "en") is None


def test_what_ends_like_a_file_is_one(tmp_path: Path) -> None:
    assert course.open_lesson("4", "zh").language == "zh"
    with pytest.raises(LessonError, match=r"04-padding\.md: the file does not exist; check the path"):
        course.open_lesson(str(tmp_path / "04-padding.md"), "en")
