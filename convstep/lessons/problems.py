"""The problem of a lesson: a bundled name, a file, or sizes to draw small numbers for."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.validation import ProblemError, shape_text
from convstep.examples import load, names
from convstep.examples.drawn import Sizes, draw_problem
from convstep.examples.sizes import input_shape, number, number_or_pair, padding, pair
from convstep.lessons.errors import LessonError, wrong
from convstep.lessons.fields import Field, Fields
from convstep.replay.places import parse_place

MOST_STEPS = 200_000
"""Steps of a lesson's problem: a learner walks through it."""
LARGEST = 64 * 2**20
"""Bytes of its arrays and gradients; nothing larger is drawn."""

_SIZES: dict[str, Callable[[str], Any]] = {
    "input": input_shape,
    "filters": number,
    "kernel": pair,
    "stride": number_or_pair,
    "padding": padding,
    "dilation": number_or_pair,
    "groups": number,
    "batch": number,
    "seed": number,
}
PROBLEM_KEYS = ("problem", *_SIZES, "dtype", "bias", "numbers", "dz")
"""The keys that describe a problem, in the front matter and in a `problem` block."""
_CHOICES = {"dtype": ("float64", "float32"), "bias": ("yes", "no"), "numbers": ("normal", "whole")}
Spec = dict[str, Field]


def spec_of(fields: Fields, before: Spec) -> Spec:
    """The description of a problem in a block; what it leaves out is as before, unless it starts anew."""
    given = {key: found for key in PROBLEM_KEYS if (found := fields.get(key)) is not None}
    return given if "problem" in given or "input" in given else before | given


def make_problem(spec: Spec, line: int, folder: str) -> tuple[Problem, str]:
    """The problem a description means, with files from the lesson's folder, and its name; or LessonError."""
    for key, choices in _CHOICES.items():
        if key in spec and spec[key].text not in choices:
            one, other = choices
            sentence = "{key} is {text!r}; it must be {one} or {other}"
            raise wrong(sentence, spec[key].line, key=key, text=spec[key].text, one=one, other=other)
    name = spec.get("problem")
    try:
        problem, called = _named(name, spec, folder) if name is not None else _drawn(spec, line)
    except (ProblemError, OSError) as error:
        at = name.line if name is not None else line
        said = str(error) if isinstance(error, ProblemError) else f"{error.filename}: {error.strerror}"
        raise LessonError(said, at) from error
    if problem.total_steps > MOST_STEPS:
        sentence = "the problem has {count:,} steps; a lesson's may have at most {most:,}"
        raise wrong(sentence, line, count=problem.total_steps, most=MOST_STEPS)
    return (_with_upstream(problem, spec["dz"]) if "dz" in spec else problem), called


def _named(name: Field, spec: Spec, folder: str) -> tuple[Problem, str]:
    for key in spec:
        if key not in ("problem", "dz"):
            sentence = "{key!r} is for a drawn problem; {name} has its own: remove one of the two"
            raise wrong(sentence, spec[key].line, key=key, name=name.text)
    if name.text in names():
        return load(name.text), name.text
    if not name.text.endswith(".npz"):
        return load(name.text), name.text  # says which names there are
    return Problem.load(os.path.join(folder, name.text)), os.path.splitext(os.path.basename(name.text))[0]


def _drawn(spec: Spec, line: int) -> tuple[Problem, str]:
    given: dict[str, Any] = {}
    for key in ("input", "filters", "kernel"):
        if key not in spec:
            sentence = "the problem has no {key!r}; write `problem: digit`, or input, filters and kernel"
            raise wrong(sentence, line, key=key)
    for key, parse in _SIZES.items():
        if key in spec:
            try:
                given[key] = parse(spec[key].text)
            except argparse.ArgumentTypeError as error:
                raise LessonError(f"{key}: {error}", spec[key].line) from error
    text = {key: spec[key].text for key in _CHOICES if key in spec}
    sizes = Sizes(
        **given,
        dtype=text.get("dtype", "float64"),
        bias=text.get("bias", "yes") == "yes",
        whole=text.get("numbers", "normal") == "whole",
    )
    return draw_problem(sizes, LARGEST), shape_text(sizes.input)


def _with_upstream(problem: Problem, wish: Field) -> Problem:
    """The problem with another `dZ`: `ones`, or one value kept of the old one."""
    word, _, place = wish.text.partition(" ")
    if wish.text == "ones":
        dZ = np.ones_like(problem.dZ)
    elif word == "one-hot":
        try:
            step = parse_place(place, problem.geometry) - 1
        except ValueError as error:
            raise LessonError(f"dZ: {error}", wish.line) from error
        if step < 0:
            raise wrong("dZ: one-hot needs a place like 1,2,0", wish.line)
        kept = problem.geometry.index_at(step)
        at = kept if problem.geometry.batch is not None else kept[1:]
        dZ = np.zeros_like(problem.dZ)
        dZ[at] = problem.dZ[at]
    else:
        raise wrong("dZ is {text!r}; it must be `ones` or `one-hot 1,2,0`", wish.line, text=wish.text)
    return problem.with_arrays(dZ=dZ)
