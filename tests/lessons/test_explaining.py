"""Explanations are true, and are read as they are meant."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from convstep.conv.problem import Problem
from convstep.conv.timeline import Timeline
from convstep.conv.validation import cell_text
from convstep.language import LANGUAGES
from convstep.lessons import explaining
from convstep.lessons.expressions import arithmetic, number_text
from convstep.lessons.lesson import PagePlace
from convstep.lessons.page_place import go_to
from tests.lessons.texts import FRONT, page
from tests.strategies import problems, random_problem, tried

GRADIENTS = ("dW", "dA_prev_pad", "db")


def read(markdown: str) -> str:
    """A paragraph as a person sees it: without markup, and nothing of it taken for markup."""
    (inline,) = [token for token in MarkdownIt("commonmark").parse(markdown) if token.type == "inline"]
    assert {part.type for part in inline.children or ()} <= {"text"}, markdown
    return "".join(part.content for part in inline.children or ())


def some_cell(problem: Problem, rng: np.random.Generator) -> tuple[str, tuple[int, ...]]:
    tensor = str(rng.choice([name for name in GRADIENTS if name != "db" or problem.b is not None]))
    shape = np.shape(getattr(Timeline(problem), tensor))
    return tensor, tuple(int(rng.integers(0, length)) for length in shape)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("seed", range(tried(80)))
def test_what_the_next_step_makes_adds_up(seed: int, language: str) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    tensor, index = some_cell(problem, rng)
    touching = list(problem.geometry.steps_touching(tensor, index))
    other = int(rng.integers(0, problem.total_steps))
    step = int(rng.choice(touching)) if touching and seed % 4 else other
    timeline = Timeline(problem)
    timeline.seek(step)
    before = float(getattr(timeline, tensor)[index])
    timeline.next()
    after = float(getattr(timeline, tensor)[index])
    text = read(explaining.next_value_why(language, problem, tensor, index, step))
    assert cell_text(tensor, index) in text
    if step not in touching:
        assert number_text(before) in text
        assert "=" not in text
        return
    first, *_, last = text.split(" = ")
    assert last == number_text(after)
    # the names, the numbers in their place, the product worked out where there is one and a sum
    assert text.count(" = ") == (4 if tensor != "db" and before else 3)
    for sum_ in text.split(" = ")[2:]:  # behind the names: numbers only
        assert arithmetic(sum_) == pytest.approx(after, rel=0.01, abs=0.01)
    named = {"dW": r"A_prev_pad\[[\d, ]+\] \* dZ\[", "dA_prev_pad": r"W\[[\d, ]+\] \* dZ\[", "db": r"dZ\["}[
        tensor
    ]
    factors = re.findall(r"\w+\[[\d, ]+\]", text.split(" = ")[1])
    assert re.search(named, text)
    arrays = {name: getattr(problem, name) for name in ("A_prev_pad", "W", "dZ")}
    product = np.prod([eval(cell, {"__builtins__": {}}, arrays) for cell in factors])
    assert before + product == pytest.approx(after, rel=1e-5, abs=1e-6)
    assert first == cell_text(tensor, index)


@pytest.mark.parametrize("seed", range(tried(80)))
def test_what_made_a_cell_adds_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    tensor, index = some_cell(problem, rng)
    additions = int(rng.integers(0, 2)) if seed % 2 else 0
    placed = go_to(problem, PagePlace(int(rng.integers(0, problem.total_steps)), additions=additions))
    value = float(getattr(placed.timeline, tensor)[index])
    text = read(explaining.value_why("en", placed, tensor, index, value))
    made = [s for s in problem.geometry.steps_touching(tensor, index) if s < placed.place.position]
    if additions and tensor == "dW" and problem.geometry.index_at(placed.place.position).i_c == index[0]:
        made.append(placed.place.position)
    if not made:
        ever = len(problem.geometry.steps_touching(tensor, index)) > 0
        assert value == 0
        assert ("yet: it is exactly 0" in text) == ever
        assert ("it stays exactly 0" in text) == (not ever)
        return
    _, *sums, last = text.split(" = ")
    assert last == number_text(value)
    (terms,) = sums
    if len(made) > explaining.MOST_TERMS:
        assert terms.endswith(f" … ({len(made)} terms)")
        placed.timeline.seek(made[explaining.MOST_TERMS - 1] + 1)
        so_far = float(getattr(placed.timeline, tensor)[index])
        assert arithmetic(terms.partition(" … ")[0]) == pytest.approx(so_far, rel=0.01, abs=0.01)
    else:
        assert arithmetic(terms) == pytest.approx(value, rel=0.01, abs=0.01)


@given(problems(), st.data())
@settings(max_examples=tried(80))
def test_the_other_explanations_say_what_is_so(problem: Problem, data: st.DataObject) -> None:
    geometry = problem.geometry
    step = data.draw(st.integers(0, problem.total_steps - 1))
    index = geometry.index_at(step)
    for language in LANGUAGES:
        text = read(explaining.step_writes(language, "dA_prev_pad", step, geometry))
        _, rows, columns, _ = geometry.window(index)
        found = [int(number) for number in re.findall(r"\d+\*\d+ = (\d+)", text)]
        assert found == [rows.start, columns.start]
        f_h, f_w = geometry.kernel_shape[1:3]
        _, taps, apart = text.partition(f"{f_h}x{f_w}")
        assert taps
        dilated = geometry.dilation != (1, 1)
        assert [int(n) for n in re.findall(r"\d+", apart)] == (list(geometry.dilation) if dilated else [])
        assert f"i_c = {index.i_c}" in read(explaining.step_writes(language, "dW", step, geometry))
        assert f"db[{index.i_c}]" in read(explaining.step_writes(language, "db", step, geometry))
        text = read(explaining.padding_why(language, geometry))
        assert [int(n) for n in re.findall(r"\d+", text)] == [n for pair in geometry.padding for n in pair]
        text = read(explaining.shape_why(language, "dZ", problem))
        sums = re.findall(r"(\(\d+ \+ \d+ - \d+\) // \d+ \+ 1) = (\d+)", text)
        assert [int(result) for _, result in sums] == list(geometry.output_shape[:2])
        assert [eval(sum_) for sum_, _ in sums] == list(geometry.output_shape[:2])
        text = read(explaining.untouched_why(language, geometry))
        last = problem.geometry.window(geometry.index_at(problem.total_steps - 1))
        ends = [part.stop - 1 for part in last[1:3]]
        assert all(str(end) in re.findall(r"\d+", text) for end in ends)


EIGHT_STEPS = Problem(np.ones((1, 1, 1)), np.ones((2, 2, 2, 1)), None, None, padding=((0, 2), (0, 2)))
"""Its cell (1, 1, 0), the fifth, is touched by eight steps."""


@given(problems(), st.integers(0, 10**6))
@example(EIGHT_STEPS, 4)
@settings(max_examples=tried(60))
def test_the_steps_of_a_cell_are_listed_the_first_and_the_last_of_many(problem: Problem, which: int) -> None:
    geometry = problem.geometry
    cells = list(np.ndindex(problem.A_prev_pad.shape))
    touched = [cell for cell in cells if len(geometry.steps_touching("dA_prev_pad", cell))]
    index = touched[which % len(touched)]
    listed = [explaining.place_name(step, geometry) for step in geometry.steps_touching("dA_prev_pad", index)]
    count, half = len(listed), explaining.MOST_PLACES // 2
    if count > 2 * half:
        listed = [*listed[:half], "…", *listed[-half:]]
    english, chinese = (
        read(explaining.steps_why(language, "dA_prev_pad", index, geometry)) for language in ("en", "zh")
    )
    assert english.endswith(f", {count} in all: {', '.join(listed)}")
    assert chinese.endswith(f"一共 {count} 步：{'、'.join(listed)}")


def test_eight_steps_are_more_than_are_listed() -> None:
    text = read(explaining.steps_why("en", "dA_prev_pad", (1, 1, 0), EIGHT_STEPS.geometry))
    assert "8 in all: (0, 0, 0), (0, 0, 1), (0, 1, 0), …, (1, 0, 1), (1, 1, 0), (1, 1, 1)" in text


def test_a_plain_number_is_said_plainly() -> None:
    found = page("```ask value\ncell: W[0, 0, 0, 0]\n```", FRONT).question
    assert found is not None
    assert read(found.explanation) == f"W[0, 0, 0, 0] = {found.solution}"
