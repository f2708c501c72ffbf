"""The bug hunts: a candidate is wrong as its lesson says, where it says, and the right line fixes it."""

from __future__ import annotations

import functools
import io
import re
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from convstep.candidate.call.opening import open_worker
from convstep.candidate.conv_verdict import verdict_of
from convstep.candidate.diagnose.mistakes import KNOWN_BUGS
from convstep.candidate.load.target import CandidateError
from convstep.candidate.referee import check
from convstep.candidate.step.stepping import first_divergence
from convstep.candidate.verdict import Verdict
from convstep.language import LANGUAGES, speak
from convstep.lessons import course
from convstep.lessons.candidates import LessonCandidate
from convstep.lessons.lesson import Page
from convstep.lessons.questions import LineQuestion
from convstep.lessons.reading import parse_lesson
from convstep.operators.registry import operators
from convstep.recording.recording import Recording
from convstep.view.candidate.diagnosis import whole_diagnosis
from tests.language.words import english_words
from tests.lessons.bundled import loaded, named
from tests.strategies import SELDOM, some

OF_CODE = ("hunt-11-overlap", "hunt-12-large-batch", "hunt-13-alias", "hunt-14-learning-rate")
"""Those in which the wrong code itself is stepped, and no convolution beside it."""
HUNTS = {
    language: [e for e in course.entries(language) if e.hunt and e.key not in OF_CODE]
    for language in LANGUAGES
}
BOTH = [entry for hunts in HUNTS.values() for entry in hunts]
CODE = [course.find(key, language) for language in LANGUAGES for key in OF_CODE]
WIDEST = 56
"""Columns of code that are shown beside the debugger without scrolling."""


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
    page = loaded(HUNTS["en"][0]).pages[0]
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
    page = loaded(HUNTS["en"][0]).pages[0]
    with pytest.raises(CandidateError, match=r"^loading \w+ did not finish within 0\.3 s$"):
        LessonCandidate(f"class Endless:\n    while True: pass\n{page.candidate}", page.problem)


def text_of(entry: course.Entry) -> str:
    """The lesson's file."""
    folder = resources.files(course.__package__).joinpath(entry.language)
    return folder.joinpath(f"{entry.key}.md").read_text(encoding="utf-8")


def test_there_are_fourteen_hunts_of_fourteen_bugs() -> None:
    bugs = [bug for entry in course.entries("en") for bug in re.findall("(?m)^bug: (.+)", text_of(entry))]
    assert len(set(bugs)) == len(bugs) == 14
    assert {*bugs[:10]} <= set(KNOWN_BUGS)
    assert {*bugs[10:]} <= {mistake.id for operator in operators() for mistake in operator.mistakes}


@SELDOM
@pytest.mark.parametrize("entry", some(HUNTS["en"], 6), ids=named)
def test_the_candidate_has_the_bug_and_shows_it_where_the_lesson_stands(
    entry: course.Entry, tmp_path: Path
) -> None:
    lesson = loaded(entry)
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


@pytest.mark.parametrize("entry", some(HUNTS["en"], 6), ids=named)
def test_the_right_line_fixes_it(entry: course.Entry, tmp_path: Path) -> None:
    page = loaded(entry).pages[0]
    verdict = check(target(mended(page), tmp_path), problem=page.problem)
    assert verdict.ok, str(verdict)


@pytest.mark.parametrize("entry", some(CODE[:4], 3), ids=named)
def test_the_code_that_is_stepped_is_wrong_and_the_right_line_fixes_it(entry: course.Entry) -> None:
    text, page = text_of(entry), loaded(entry).pages[0]
    question, wrong = line_asked(page), recording_of(page)
    right = expected(wrong, entry.key)
    assert differing(wrong, right)
    line = question.code.splitlines()[min(question.lines) - 1]
    fixed = line[: len(line) - len(line.lstrip())] + question.right
    mended = recording_of(parse_lesson(text.replace(line, fixed, 1)).pages[0])
    assert not differing(mended, right)
    assert not mended.alarms
    assert bool(wrong.alarms) is (entry.key == "hunt-13-alias")


def recording_of(page: Page) -> Recording:
    assert page.subject.recording is not None
    return page.subject.recording.scout()


def differing(run: Recording, right: dict[str, np.ndarray[Any, Any]]) -> set[str]:
    """The gradients that come out otherwise."""
    run.seek(run.total)
    names = {name: run.value_of(name) for name in right}
    return {name for name, value in right.items() if not np.allclose(value, names[name], atol=1e-6)}


def expected(run: Recording, key: str) -> dict[str, np.ndarray[Any, Any]]:
    """What the code should give: central differences of a forward that is written here."""
    run.seek(0)
    given = {name: np.array(run.arrays[name]) for name in ("x", "w", "b", "dout") if name in run.arrays}
    if key == "hunt-14-learning-rate":
        labels = [0, 1]

        def loss(x: Any, w: Any, b: Any) -> Any:
            scores = x @ w + b
            shares = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(2), labels]
            return shares.mean()

        return {f"d{name}": slopes(loss, given, name) for name in ("x", "w", "b")}
    dout = given.pop("dout")
    if key == "hunt-12-large-batch":
        gamma = np.array(run.arrays["gamma"])

        def forward(x: Any) -> Any:
            return (gamma * (x - x.mean(axis=0)) / x.std(axis=0) * dout).sum()
    elif key == "hunt-13-alias":

        def forward(x: Any) -> Any:
            return ((x + np.maximum(x, 0)) * dout)[x != 0].sum()

        return {"dx": np.where(given["x"] != 0, slopes(forward, given, "x"), dout)}  # no slope at 0
    else:

        def forward(x: Any) -> Any:
            windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(2, 3))
            return (windows.max(axis=(4, 5)) * dout).sum()

    return {"dx": slopes(forward, given, "x")}


def slopes(loss: Any, given: dict[str, Any], name: str) -> np.ndarray[Any, Any]:
    """Central differences by one of the arguments."""
    found = np.zeros(given[name].shape)
    for index in np.ndindex(found.shape):
        sides = []
        for step in (1e-5, -1e-5):
            moved = {key: value.copy() for key, value in given.items()}
            moved[name][index] += step
            sides.append(loss(**moved))
        found[index] = (sides[0] - sides[1]) / 2e-5
    return found


@pytest.mark.parametrize("entry", some(CODE, 3), ids=named)
def test_code_that_is_stepped_can_be_read_beside_its_run(entry: course.Entry) -> None:
    lesson = loaded(entry)
    question = line_asked(lesson.pages[0])
    assert len(question.code.splitlines()) <= 28
    assert all(cell_len(line) <= WIDEST for line in (*question.code.splitlines(), question.right))
    assert {page.subject for page in lesson.pages} == {lesson.pages[0].subject}
    assert 2 <= len(question.hints) <= 3
    assert "\n".join(recording_of(lesson.pages[0]).source.lines).rstrip() == question.code


@pytest.mark.parametrize("entry", some(BOTH, 3), ids=named)
def test_the_code_can_be_read_beside_the_debugger(entry: course.Entry) -> None:
    lesson = loaded(entry)
    page = lesson.pages[0]
    assert len(page.candidate.splitlines()) <= 28
    assert all(cell_len(line) <= WIDEST for line in (page.candidate + mended(page)).splitlines())
    assert all(later.candidate == page.candidate for later in lesson.pages)
    assert 2 <= len(line_asked(page).hints) <= 3
