"""A repr is a few lines of what a person needs, whatever a thing holds and is called."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convstep import CannotCall, Problem, Recorded, Timeline, compare, conv2d_backward, conv2d_backward_steps
from convstep.brief import COLUMNS, LINES, columns
from convstep.candidate.call.outcome import Attempt, Candidate
from convstep.candidate.check.wording import SEEN
from convstep.candidate.diagnose.findings import Finding
from convstep.conv.step import Gradients, Run
from convstep.oracle.captured import Skipped
from convstep.oracle.expectation import Expected
from convstep.oracle.origin import Origin
from convstep.replay.conditions import Condition
from convstep.replay.session import SavedStop, Session
from convstep.replay.stops import Breakpoint, ConditionStop, Found, Stops, Watchpoint
from convstep.replay.visited import Bookmark
from tests import candidates
from tests.captures import captured_of, layer_of
from tests.oracle.problems import altered, random_problem
from tests.strategies import SELDOM, problems, tried
from tests.test_printable import obeyed

NASTY = (
    "<script>alert(1)</script>",
    "\x1b]0;mine\x07 \u202egnp",
    "a\n\nb" * 9,
    "卷" * 500,
    "'\"\\" * 300,
    "conv " * 500,
    "",
)
TEXTS = st.one_of(st.sampled_from(NASTY), st.text(max_size=30))


def fits(thing: object) -> str:
    """Its repr, which is at most six lines of 110 columns, with nothing that a terminal obeys."""
    text = repr(thing)
    shown = text.split("\n")
    assert sum(max(1, math.ceil(columns(line) / COLUMNS)) for line in shown) <= LINES, text
    assert not obeyed("".join(shown)), text
    return text


def held(thing: Any, depth: int = 6) -> Iterator[Any]:
    """Everything of convstep that a thing leads to, itself included."""
    ours = type(thing).__module__.startswith("convstep.")
    if ours:
        yield thing
    inner: Iterable[Any] = ()
    if isinstance(thing, Mapping):
        inner = [*thing.values()][:3]
    elif isinstance(thing, (tuple, list)):
        inner = [*thing[:2], *thing[-1:]]
    elif ours:
        names = [*getattr(thing, "__dict__", {}), *getattr(type(thing), "__slots__", ())]
        inner = [getattr(thing, name) for name in names if hasattr(thing, name)]
    for one in inner if depth else ():
        yield from held(one, depth - 1)


def all_fit(*things: object) -> None:
    for thing in things:
        for one in held(thing):
            fits(one)


@given(problems())
def test_what_a_pass_is_made_of_fits_in_a_few_lines(problem: Problem) -> None:
    steps = [*conv2d_backward_steps(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )]  # fmt: skip
    timeline = Timeline(problem)
    timeline.seek(timeline.total // 2)
    timeline.next_write()
    comparison = compare(problem, oracle="numeric")
    gradients = conv2d_backward(
        problem.dZ, problem.cache, problem.stride, problem.padding, problem.dilation, problem.groups
    )
    all_fit(problem, steps[-1], timeline, problem.nchw(), comparison, gradients)
    assert "A_prev " in repr(problem)
    assert str(problem.dtype) in repr(problem)
    assert f"of {timeline.total}" in repr(timeline)
    for row in comparison.rows:
        assert f"\n  {row.name} " in repr(comparison)
    assert repr(comparison).count(" matches: ") == len(comparison.rows)


def test_a_problem_says_what_is_drawn_and_what_is_recorded() -> None:
    problem = Problem(np.ones((3, 4, 1)), np.ones((2, 2, 3, 1)), None, None)
    assert "dZ 2x2x2 drawn at random," in repr(problem)
    recorded = problem.with_recorded(Recorded("me", {"dW": np.ones((2, 2, 3, 1))}, 2**-23))
    assert "recorded dW)" in fits(recorded)


@SELDOM
@given(TEXTS, st.integers(1, 400), st.integers(0, 60))
@settings(max_examples=tried(60))
def test_names_and_messages_of_others_fit_too(text: str, many: int, few: int) -> None:
    problem = random_problem()
    layers = [layer_of(problem, f"{text}{number}") for number in range(few)]
    skipped = [Skipped(text, text, text, 1)] * few
    all_fit(captured_of(layers, skipped), *layers[:1], *skipped[:1])
    comparison = dataclasses.replace(compare(problem, oracle="numeric"), oracle=text)
    origin = Origin("data", 0, text, 0, 0, "dZ", (0,) * 4, 5, text, f"{text}: {text * 3}")
    all_fit(origin, Found(3, Watchpoint(array=text, index=(0,))))
    finding = Finding(text, SEEN, text * 3, (text,) * few)
    tried = [Attempt(text, text, 1, text, text)] * few
    cannot = CannotCall(text * 3, Candidate(text, "function", (text,) * many, 2, source=text * 9), tried)
    all_fit(comparison, finding, cannot, cannot.candidate, *cannot.tried)
    verdict = candidates.verdict(candidates.stride_ignored)
    swept = verdict.swept
    named = dataclasses.replace(swept, candidate=dataclasses.replace(swept.candidate, name=text), reason=text)
    for diagnosis in ((), (finding,) * many):
        all_fit(dataclasses.replace(
            verdict, target=text, notes=(text,) * many, swept=named, diagnosis=diagnosis, pattern=text
        ))  # fmt: skip
    stops = Stops()
    for number in range(few):
        stops.add(Watchpoint(array=text, index=(number,) * many))
        stops.add(Breakpoint(i_h=10**number))
    all_fit(stops, *stops)
    if text.isprintable() and 0 < len(text) <= 4000:
        saved = (SavedStop(text),) * many
        all_fit(Session(text, stops=saved, bookmarks=tuple(Bookmark(n, text) for n in range(many))))


def test_a_condition_of_any_length_fits() -> None:
    text = " and ".join(["abs(dz) > 0.1 + i_c"] * 20)
    stop = ConditionStop(condition=Condition.parse(text, random_problem().layout))
    all_fit(stop)
    assert "abs(dz) > 0.1" in repr(stop)


def test_every_kind_of_verdict_says_itself_in_a_few_lines() -> None:
    for function in (
        candidates.stride_ignored,
        candidates.overwriting,
        candidates.misshapen,
        candidates.right,
    ):
        verdict = candidates.verdict(function)
        all_fit(verdict)
        first, *others = repr(verdict).split("\n")
        assert first == f"Verdict({verdict.headline})"
        for finding in verdict.diagnosis[:2]:
            assert f"  {finding.id} ({finding.strength}): " in repr(verdict)
        assert others[-1].startswith("  print(verdict) says it all")
        assert (".failing " in others[-1]) is not verdict.ok


def test_a_capture_says_how_much_there_is_what_is_missing_and_what_to_do() -> None:
    problem = random_problem()
    layers = [layer_of(problem, name) for name in ("conv1", "conv2", "conv2")]
    lines = repr(captured_of(layers, [Skipped("up", "ConvTranspose2d", "it is transposed", 2)])).split("\n")
    assert lines[0] == "Captured(3 calls of 2 layers)"
    assert lines[1] == "  'conv1', 'conv2'"
    assert lines[2] == "  not opened: 'up'; .skipped says why"
    assert ".rows()" in lines[3]
    empty = captured_of([])
    assert empty.why_nothing in " ".join(repr(empty).split())


@pytest.mark.filterwarnings("error")
def test_no_cell_of_an_array_is_read() -> None:
    problem, size = random_problem(), 1 << 20
    # nobody walks through these
    A, W = (np.broadcast_to(np.float64(1), (size, size, *shape)) for shape in ((8,), (2, 4)))
    layer = layer_of(problem, "conv", A_prev=A, W=W, dZ=A)
    for name, values in {"A_prev": A, "W": W, "dZ": A}.items():
        object.__setattr__(problem, name, values)
    run = Run(problem, problem.geometry, W, None, A)
    comparison = compare(random_problem(), oracle="numeric")
    arrays = dict.fromkeys(("actual", "expected", "difference", "cells", "differs"), A)
    rows = tuple(altered(row, **arrays) for row in comparison.rows)
    things = [
        problem,
        run,
        Gradients(W, None, A),
        Expected(A, A),
        layer,
        layer.convolution,
        captured_of([layer]),
        rows[0],
        dataclasses.replace(comparison, rows=rows),
    ]
    for thing in things:
        fits(thing)
