"""HTML for notebooks: whole, small, harmless whatever is written in it, and legible in either theme."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convstep import Problem, Timeline, compare, conv2d_backward_steps
from convstep.candidate.check.wording import SEEN
from convstep.candidate.diagnose.findings import Finding
from convstep.language import speak
from convstep.oracle.captured import Skipped
from convstep.view.grid.colours import READABLE, contrast
from convstep.view.notebook import CELLS
from convstep.view.numbers.text import full
from convstep.view.panels.problem_words import problem_facts
from tests import candidates
from tests.captures import captured_of, layer_of
from tests.oracle.problems import random_problem
from tests.strategies import problems
from tests.test_brief import NASTY, TEXTS

MOST = 100_000
ALLOWED = {"div", "style", "p", "b", "table", "tr", "th", "td", "pre", "span"}


class Read(HTMLParser):
    """The elements and the text of a piece of HTML, which is well-formed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.classes: Counter[str] = Counter()
        self.titles: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open.append(tag)
        self.counts[tag] += 1
        self.attributes |= given.keys()
        self.classes.update((given.get("class") or "").split())
        self.titles += [given["title"] or ""] if "title" in given else []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += "" if "style" in self._open else data


def read(thing: Any) -> Read:
    """What a notebook is given, which loads and runs nothing and is not large."""
    whole = thing._repr_html_()
    size = len(whole.encode())
    assert size < MOST
    found = Read(whole)
    assert found.counts.keys() <= ALLOWED
    assert found.attributes <= {"class", "title"}
    assert not re.search(r"url\(|@import|https?:|expression", re.sub("</style>.*", "", whole, flags=re.S))
    return found


@given(problems(), st.integers(0, 10**6))
def test_a_pass_is_drawn_with_the_window_and_what_it_writes(problem: Problem, at: int) -> None:
    geometry = problem.geometry
    given_arrays = read(problem)
    assert given_arrays.counts["table"] == 3
    assert all(fact in given_arrays.text for fact in problem_facts(problem))
    steps = conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    number = at % geometry.total_steps
    step = next(step for step in steps if step.index == number)
    timeline = Timeline(problem)
    timeline.seek(number + 1)
    tables = 5 if problem.b is None else 6
    for drawn in (read(step), read(timeline)):
        assert drawn.counts["table"] == tables
        whole = max(geometry.padded_shape[:2]) <= CELLS
        window = geometry.kernel_shape[1] * geometry.kernel_shape[2]
        assert drawn.classes["w"] == 2 * window or not whole  # in A_prev_pad and dA_prev_pad
        assert drawn.classes["o"] == tables - 4, "dz, and db"
        assert f"{number + 1:,} of {geometry.total_steps:,}" in drawn.text
        place = ", ".join(map(str, geometry.place_of(number)))
        assert f"dZ[{place}] = {full(step.dz)}" in drawn.titles


def test_a_step_shows_the_live_arrays_and_leaves_the_pass_alone() -> None:
    problem = random_problem()
    steps = conv2d_backward_steps(problem.dZ, problem.cache, 1, 0, 1, 2)
    first = next(steps)
    cell = f"dW[0, 0, 0, 0] = {first.dW[0, 0, 0, 0]}"
    assert cell in read(first).titles
    for step in steps:
        if step.index % 30 == 0:
            step._repr_html_()
    assert cell not in read(first).titles
    timeline = Timeline(problem)
    timeline.seek(timeline.total)
    assert np.array_equal(first.dW, timeline.dW)


def test_of_large_arrays_a_part_around_the_step_is_shown() -> None:
    rng = np.random.default_rng(0)
    stem = Problem(
        rng.standard_normal((224, 224, 3)).astype(np.float32),
        rng.standard_normal((64, 7, 7, 3)).astype(np.float32) * 1e-38,
        np.zeros(64),
        None,
        stride=2,
        padding=3,
    )
    read(stem)
    timeline = Timeline(stem)
    timeline.seek(stem.geometry.step_at((0, 60, 70, 40)) + 1)  # type: ignore[arg-type]
    drawn = read(timeline)
    assert drawn.classes["w"] == 2 * 49
    assert "rows 118 to 128 of 230, columns 138 to 148 of 230" in drawn.text
    assert "rows 35 to 45 of 64framed" in drawn.text
    wide = Problem(np.ones((40, 40, 1)), np.full((1, 30, 30, 1), np.nan), None, None)
    assert read(wide).classes["w"] == CELLS**2
    dilated = Problem(np.full((60, 5, 1), -np.inf), np.ones((1, 3, 1, 1)), None, None, dilation=20)
    assert read(dilated).classes["w"] >= 1


@given(TEXTS, st.integers(0, 70))
def test_what_others_wrote_is_text_and_nothing_else(text: str, many: int) -> None:
    problem = random_problem()
    drawn = [read(dataclasses.replace(compare(problem, oracle="numeric"), oracle=text, note=text))]
    layers = [layer_of(problem, f"{text}{number}") for number in range(many)]
    drawn.append(read(captured_of(layers, [Skipped(text, text, text, 3)] * many)))
    verdict = candidates.verdict(candidates.stride_ignored)
    findings = (Finding("unknown", SEEN, text * 2),) * many
    named = dataclasses.replace(verdict.swept.candidate, name=text)
    drawn.append(read(dataclasses.replace(
        verdict,
        target=text,
        notes=(text,) * many,
        diagnosis=findings,
        swept=dataclasses.replace(verdict.swept, candidate=named, reason=text),
    )))  # fmt: skip
    if text == NASTY[0] and many:
        assert all(text in each.text for each in drawn)


def test_a_verdict_is_its_report_with_the_lines_of_source() -> None:
    verdict = candidates.verdict(candidates.stride_ignored)
    drawn = read(verdict)
    assert "".join(str(verdict).split()) == "".join(drawn.text.removeprefix("✗").split())
    assert drawn.classes["bad"] >= 1
    assert drawn.classes["good"] >= 1
    assert read(candidates.verdict(candidates.right)).text.startswith("✓")


def test_a_comparison_shows_each_tolerance_and_a_capture_what_it_left_out() -> None:
    comparison = compare(random_problem(), oracle="numeric")
    drawn = read(comparison)
    assert comparison.verdict in drawn.text
    assert comparison.tolerance_text in drawn.text
    assert drawn.counts["tr"] == 1 + len(comparison.rows)
    layers = [layer_of(random_problem(), f"conv{number}") for number in range(60)]
    drawn = read(captured_of(layers, [Skipped("up", "ConvTranspose2d", "it is transposed", 2)]))
    assert "60 layers captured" in drawn.text
    assert "10 more" in drawn.text
    assert "ConvTranspose2d2it is transposed" in drawn.text
    assert captured_of([]).why_nothing in read(captured_of([])).text


def test_a_notebook_speaks_chinese_too() -> None:
    speak("zh")
    assert "淡色：填充" in read(random_problem(padding=1)).text


@pytest.mark.parametrize("name", ["p", "m"])
def test_numbers_stand_out_from_their_cells_in_either_theme(name: str) -> None:
    style = random_problem()._repr_html_().partition("</style>")[0]
    colours = dict(re.findall(r"--(\w+):(#\w{6});", style))
    inks = re.findall(rf"--{name}(\d):(#\w{{6}});--{name}\1k:(#\w{{6}});", style)
    assert len(inks) == 4 * 8  # light and dark, each by what the page says and by what the system says
    assert all(contrast(ground, ink) >= READABLE for _, ground, ink in inks)
    assert {"q", "qk", "i", "ik", "j", "jk"} <= colours.keys()
