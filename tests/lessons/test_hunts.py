"""The bug hunts: a candidate is wrong as its lesson says, where it says, and the right line fixes it."""

from __future__ import annotations

import functools
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from convstep.candidate.load.target import CandidateError
from convstep.candidate.referee import check, open_worker, verdict_of
from convstep.candidate.step.stepping import first_divergence
from convstep.candidate.verdict import Verdict
from convstep.language import LANGUAGES, speak
from convstep.lessons import course
from convstep.lessons.candidates import LessonCandidate
from convstep.lessons.choices import LineQuestion
from convstep.lessons.lesson import Page
from convstep.view.candidate.diagnosis import whole_diagnosis
from tests.language.words import english_words
from tests.strategies import some

HUNTS = {language: [e for e in course.entries(language) if e.hunt] for language in LANGUAGES}
BOTH = [entry for hunts in HUNTS.values() for entry in hunts]
WIDEST = 56
"""Columns of code that are shown beside the debugger without scrolling."""


def named(entry: course.Entry) -> str:
    return f"{entry.language}-{entry.key}"


def target(source: str, folder: Path) -> str:
    """The candidate as `check` takes it."""
    path = folder / "mine.py"
    path.write_text(source, encoding="utf-8")
    (name,) = re.findall(r"^def (\w+)", source, re.MULTILINE)
    return f"{path}:{name}"


def line_asked(page: Page) -> LineQuestion:
    assert isinstance(page.question, LineQuestion)
    return page.question


def mended(page: Page) -> str:
    """The candidate with the right line in place of the wrong one."""
    question = line_asked(page)
    lines = page.candidate.splitlines()
    (number,) = question.lines
    wrong = lines[number - 1]
    lines[number - 1] = wrong[: len(wrong) - len(wrong.lstrip())] + question.right
    return "\n".join(lines) + "\n"


def spoken_of(verdict: Verdict) -> Iterator[str]:
    """What a verdict says, without what Python said of an exception, and without lines of code."""
    outcomes = [result.outcome for result in verdict.swept.results]
    theirs = {text for outcome in outcomes for text in (outcome.message, outcome.line_text) if text}
    for text in (
        verdict.headline,
        verdict.swept.reason,
        verdict.pattern,
        *verdict.patterns.values(),
        *(finding.message for finding in verdict.diagnosis),
        *verdict.notes,
    ):
        yield functools.reduce(lambda left, piece: left.replace(piece, " "), theirs, text)


def test_a_hunts_diagnosis_names_the_function_and_no_file_of_ours() -> None:
    page = course.load(HUNTS["en"][0]).pages[0]
    candidate = LessonCandidate(page.candidate, page.problem)
    try:
        console = Console(width=100, file=io.StringIO(), record=True)
        console.print(whole_diagnosis(candidate.timeline.verdict))
    finally:
        candidate.close()
    said = console.export_text()
    assert tempfile.gettempdir() not in said
    assert "lesson.py" not in said
    assert candidate.timeline.verdict.swept.candidate.name in said


def test_nobody_waits_longer_for_a_candidate_of_a_lesson_than_for_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convstep.candidate.call.worker.SECONDS", 0.3)
    page = course.load(HUNTS["en"][0]).pages[0]
    with pytest.raises(CandidateError, match=r"^loading \w+ did not finish within 0\.3 s$"):
        LessonCandidate(f"class Endless:\n    while True: pass\n{page.candidate}", page.problem)


def test_there_are_ten_hunts_of_ten_bugs() -> None:
    lessons = [course.load(entry) for entry in HUNTS["en"]]
    assert [lesson.order for lesson in lessons] == list(range(1, 11))
    assert all(lesson.hunt for lesson in lessons)
    bugs = {lesson.bug for lesson in lessons}
    assert len(bugs) == len(lessons)
    assert bugs <= set(KNOWN_BUGS)


@pytest.mark.parametrize("entry", some(HUNTS["en"], 3), ids=named)
def test_the_candidate_has_the_bug_and_shows_it_where_the_lesson_stands(
    entry: course.Entry, tmp_path: Path
) -> None:
    lesson = course.load(entry)
    page = lesson.pages[0]
    speak("zh")  # what is found is the same, and is shown in this language, too
    with open_worker(target(page.candidate, tmp_path)) as worker:
        verdict = verdict_of(worker, problem=page.problem)
        found = first_divergence(worker, verdict.swept, verdict.diagnosis, page.problem)
    first = verdict.diagnosis[0]
    assert (first.id, first.proven) == (lesson.bug, True)
    (own,) = (result for result in verdict.swept.results if result.right.problem is page.problem)
    assert own.failed
    assert found is not None
    assert page.place.position == (0 if found.before_any else found.step + 1)
    said = [*spoken_of(verdict)]
    assert len(said) > 5
    assert {text: words for text in said if (words := english_words(text))} == {}


@pytest.mark.parametrize("entry", some(HUNTS["en"], 3), ids=named)
def test_the_right_line_fixes_it(entry: course.Entry, tmp_path: Path) -> None:
    page = course.load(entry).pages[0]
    verdict = check(target(mended(page), tmp_path), problem=page.problem)
    assert verdict.ok, str(verdict)


@pytest.mark.parametrize("entry", BOTH, ids=named)
def test_the_code_can_be_read_beside_the_debugger(entry: course.Entry) -> None:
    lesson = course.load(entry)
    page = lesson.pages[0]
    assert len(page.candidate.splitlines()) <= 28
    assert all(cell_len(line) <= WIDEST for line in (page.candidate + mended(page)).splitlines())
    assert all(later.candidate == page.candidate for later in lesson.pages)
    assert 2 <= len(line_asked(page).hints) <= 3
