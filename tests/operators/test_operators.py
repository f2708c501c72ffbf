"""What every operator promises; a new one is a file, and is tried here by its name."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
import textwrap
import types
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest

from convstep.operators.mistake import Variant
from convstep.operators.operator import Array, Operator, OperatorProblem
from convstep.operators.registry import operator_named, operators
from convstep.oracle.child import torch_run
from tests.strategies import some, tried

NAMES = [one.name for one in operators()]

BY_X = {
    "conv-transpose2d": "dout is padded, and so read as a whole, before the loop",
    "softmax-cross-entropy": "dout is one number, which every turn reads",
}
"""Why the running gradients of an operator are not those of the dout that is read so far, but of the x."""

SAME_NUMBERS = {("embedding", "overwrite", "repeats-lost")}
"""Mistakes that no number can tell apart: NumPy's += with repeated indices keeps the last, as = does."""

SHOWS_WHERE: dict[tuple[str, str], Callable[[OperatorProblem], bool]] = {
    ("avg-pool", "padding-not-cropped"): lambda one: any(one.options["padding"]),
    ("cross-entropy", "averaged-twice"): lambda one: len(one.arrays["x"]) > 1,
    ("cross-entropy", "dout-ignored"): lambda one: one.upstream["dout"] != 1,
    ("cross-entropy", "not-averaged"): lambda one: len(one.arrays["x"]) > 1,
    ("embedding", "count-ignored"): lambda one: _repeats(one.arrays["x"]),
    ("embedding", "repeats-lost"): lambda one: _repeats(one.arrays["x"]),
    ("linear", "averaged-twice"): lambda one: len(one.arrays["x"]) > 1,
    ("linear", "dx-averaged"): lambda one: len(one.arrays["x"]) > 1,
    ("linear", "dx-not-reshaped"): lambda one: one.arrays["x"].ndim > 2,
    ("max-pool", "padded-with-zeros"): lambda one: any(one.options["padding"]),
    ("max-pool", "padding-not-cropped"): lambda one: any(one.options["padding"]),
    ("max-pool", "ties-all"): lambda one: _repeats(one.arrays["x"]),
    ("max-pool", "ties-last"): lambda one: _repeats(one.arrays["x"]),
    ("max-pool", "ties-share"): lambda one: _repeats(one.arrays["x"]),
    ("relu", "half-at-zero"): lambda one: bool((one.arrays["x"] == 0).any()),
    ("relu", "mask-includes-zero"): lambda one: bool((one.arrays["x"] == 0).any()),
    ("rnn-step", "averaged"): lambda one: len(one.arrays["x"]) > 1,
    ("rnn-step", "transposes-swapped"): lambda one: one.arrays["wx"].size > 1,
    ("softmax-cross-entropy", "averaged-twice"): lambda one: len(one.arrays["x"]) > 1,
    ("softmax-cross-entropy", "dout-ignored"): lambda one: one.upstream["dout"] != 1,
    ("softmax-cross-entropy", "gradient-overflows"): lambda one: np.abs(one.arrays["x"]).max() > 500,
    ("softmax-cross-entropy", "label-column-for-every-row"): lambda one: len(one.arrays["x"]) > 1,
    ("softmax-cross-entropy", "not-averaged"): lambda one: len(one.arrays["x"]) > 1,
}
"""Where alone a mistake shows, as its explanation says."""

HOLDS: dict[str, Callable[[OperatorProblem], bool]] = {
    "all words are the same": lambda one: len(np.unique(one.arrays["x"])) == 1,
    "gamma is 1": lambda one: bool((one.arrays["gamma"] == 1).all()),
    "largest numbers are tied": lambda one: _repeats(one.arrays["x"]),
    "no input is positive": lambda one: bool((one.arrays["x"] <= 0).all()),
    "no word repeats": lambda one: not _repeats(one.arrays["x"]),
    "a word repeats in a sentence": lambda one: any(map(_repeats, one.arrays["x"])),
    "one sample": lambda one: len(one.arrays["x"]) == 1,
    "some inputs are exactly 0": lambda one: bool((one.arrays["x"] == 0).any()),
    "strides differ": lambda one: len(set(one.options["stride"])) == 2,
    "the state before is zero": lambda one: not one.arrays["prev_h"].any(),
    "the loss is scaled": lambda one: one.upstream["dout"] != 1,
    "the picture is not square": lambda one: len(set(one.arrays["x"].shape[2:])) == 2,
    "the picture is padded": lambda one: any(one.options["padding"]),
    "there are gaps between the windows": lambda one: all(map(int.__gt__, *_windows(one))),
    "windows are not square": lambda one: len(set(one.options["size"])) == 2,
    "windows overlap": lambda one: any(map(int.__lt__, *_windows(one))),
    "windows tile the picture": lambda one: all(map(int.__eq__, *_windows(one))),
}
"""What a problem is said to be about, and whether it is."""


SMALL = {
    "avg-pool": ("windows overlap",),
    "embedding": ("a word repeats in a sentence",),
    "max-pool": ("windows overlap", "largest numbers are tied"),
    "relu": ("some inputs are exactly 0",),
}
"""What an operator's small problem shows."""

NOT_SHORT = {
    "batch-norm": "thirds",
    "lstm-step": "exp and tanh",
    "rnn-step": "tanh",
    "softmax-cross-entropy": "exp",
}
"""What makes long numbers of an operator's whole ones."""

NOT_WHOLE = {"cross-entropy": "probabilities"}
"""What an operator's small problem holds instead of whole numbers."""


def _repeats(values: Array) -> bool:
    return len(np.unique(values)) < values.size


def _windows(problem: OperatorProblem) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Strides, and sizes of windows: of a pool, or of the kernels of a convolution."""
    stride = problem.options["stride"]
    strides = stride if isinstance(stride, tuple) else (stride,)
    if "size" in problem.options:
        return strides, problem.options["size"]
    w = problem.arrays.get("w")
    return strides, problem.arrays["W"].shape[1:3] if w is None else w.shape[-len(strides) :]


@functools.cache
def problems(name: str, count: int) -> list[OperatorProblem]:
    """So many, always the same."""
    return list(islice(operator_named(name).problems(np.random.default_rng(18)), count))


def telling(name: str) -> list[OperatorProblem]:
    return [one for one in problems(name, 40) if one.about]


def in_torch(operator: Operator, problem: OperatorProblem) -> tuple[tuple[Array, ...], dict[str, Array]]:
    upstream = [problem.upstream[name] for name in operator.upstream]
    return torch_run(operator.torch, problem.arrays, problem.options, upstream, operator.gradients)


def agrees(found: Mapping[str, Array], right: Mapping[str, Array]) -> bool:
    return all(
        found[name].shape == value.shape and np.allclose(found[name], value, rtol=1e-9, atol=1e-9)
        for name, value in right.items()
    )


def forms(operator: Operator) -> list[Callable[..., Any]]:
    """The readable backward, and the others that a mistake is a patch of."""
    patched = [variant.form for mistake in operator.mistakes for variant in mistake.variants]
    return list(dict.fromkeys([operator.backward, *patched]))


@pytest.mark.parametrize("name", NAMES)
def test_forward_and_backward_agree_with_torch_and_leave_their_arguments_alone(name: str) -> None:
    operator = operator_named(name)
    for problem in [operator.small(), *problems(name, tried(500))]:
        given = {**problem.arrays, **problem.upstream}
        kept = {name: array.copy() for name, array in given.items()}
        outputs, gradients = in_torch(operator, problem)
        assert agrees(operator.run(problem), dict(zip(operator.outputs, outputs, strict=True))), problem
        for form in forms(operator):
            assert agrees(operator.right(problem, form), gradients), (problem, form)
        assert [one.shape for one in outputs] == [problem.upstream[one].shape for one in operator.upstream]
        assert all(np.array_equal(array, kept[name]) for name, array in given.items()), problem


@pytest.mark.parametrize("name", NAMES)
def test_at_every_step_the_running_gradients_are_those_of_what_is_read(name: str) -> None:
    """PyTorch's own backward of a masked problem is what has to stand there, at every position.

    A backward is linear in dout, so what is there after some steps is what dout makes whose other cells, not
    read yet, are zero. That holds of loops over dout and of lines that take it whole. Two operators read all
    of dout before they begin (`BY_X`): their loops go over x, each cell of which has its own dx and its own
    part of dw; there x is masked, and dx is PyTorch's in the cells whose turn has come.
    """
    operator = operator_named(name)
    for problem in [operator.small(), *some(problems(name, 500), 125)]:
        recording = operator.record(problem)
        recording.seek(recording.total)
        # live: what they hold follows the position
        running = {gradient: recording.variables[gradient] for gradient in operator.gradients}
        whole = operator.right(problem)
        assert agrees({one: np.array(value) for one, value in running.items()}, whole)
        recording.seek(0)
        looped = {"x": problem.arrays["x"]} if name in BY_X else problem.upstream
        masks = {one: np.zeros(array.shape, bool) for one, array in looped.items()}
        for _ in range(recording.total):
            recording.next()
            for access in recording.event.reads:
                if access.array in masks and access.kind == "reads":
                    cells = (
                        True if access.cells is None else masks[access.array][access.region] | access.cells
                    )
                    masks[access.array][access.region] = cells
            read = {one: np.where(masks[one], array, 0) for one, array in looped.items()}
            if name in BY_X:
                _, right = in_torch(operator, replace(problem, arrays={**problem.arrays, **read}))
                right |= {"dx": np.where(masks["x"], in_torch(operator, problem)[1]["dx"], 0)}
            else:
                _, right = in_torch(operator, replace(problem, upstream=read))
            begun = {
                one: np.array(value)
                for one, value in running.items()
                if any(np.shares_memory(value, array) for array in recording.arrays.values())
            }
            assert agrees(begun, {one: right[one] for one in begun}), (problem, recording.event)
        assert all(mask.all() for mask in masks.values()), problem


def passed(function: Callable[..., Any], arguments: Sequence[Any]) -> list[tuple[int, dict[str, Array]]]:
    """The statements of a plain run in their order: the first line of each, and the arrays after it."""
    lines, start = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    within = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    first = {
        at + start - 1: node.lineno + start - 1
        for node in within
        for at in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    found: list[tuple[int, dict[str, Array]]] = []
    line = 0

    def tracer(frame: types.FrameType, event: str, _: object) -> Any:
        nonlocal line
        if frame.f_code is not function.__code__:
            return None
        now = first.get(frame.f_lineno, frame.f_lineno)
        if line and (event == "return" or now != line):
            kept = {one: it.copy() for one, it in frame.f_locals.items() if isinstance(it, np.ndarray)}
            found.append((line, kept))
        line = now
        return tracer

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name != "conv2d"])
def test_at_every_step_all_arrays_are_those_of_a_plain_run_stopped_there(name: str) -> None:
    """What a recording shows of every array, not of the gradients alone, is what Python itself has there.

    A run of the same function by `sys.settrace`, in which nothing of the recorder takes part, is the oracle:
    it needs no linearity, and so holds of statistics, gates and reductions as well. conv2d steps by the
    generator of its loop, which tests/conv holds against PyTorch and against the loop.
    """
    operator = operator_named(name)
    for problem in [operator.small(), *some(problems(name, 500), 250)]:
        plain = passed(operator.backward, operator.arguments(problem))
        turns = {line: [arrays for at, arrays in plain if at == line] for line in {at for at, _ in plain}}
        recording, done = operator.record(problem), Counter[int]()
        for _ in range(recording.total):
            recording.next()
            done.update(one.line for one in recording.event.statements if not one.frame)
            ended = recording.event.statements[-1]
            if ended.frame:  # within sigmoid, whose variables are others
                continue
            arrays = turns[ended.line][done[ended.line] - 1]
            shown = {one: np.array(recording.variables[one]) for one in arrays}
            for one, value in arrays.items():
                assert np.array_equal(shown[one], value, equal_nan=True), (problem, one, recording.event)
        assert recording.position == recording.total > 0


def outcome(operator: Operator, variant: Variant, problem: OperatorProblem) -> object:
    """What a mistake comes to, to be compared: an exception, or rounded gradients; None if it is right."""
    with np.errstate(all="ignore"):
        try:
            found = operator.right(problem, variant.backward)
        except Exception as error:
            return repr(error)
    if agrees(found, operator.right(problem)):
        return None
    return tuple((one, value.shape, np.round(value, 6).tobytes()) for one, value in found.items())


@functools.cache
def outcomes(name: str) -> list[tuple[str, Variant, tuple[object, ...]]]:
    """What every mistake of an operator comes to on 40 problems, with its id."""
    operator = operator_named(name)
    return [
        (mistake.id, variant, tuple(outcome(operator, variant, one) for one in problems(name, 40)))
        for mistake in (*operator.mistakes, *operator.also_right)
        for variant in mistake.variants
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_way_of_making_a_mistake_shows_and_where_its_explanation_says(name: str) -> None:
    for id, variant, found in outcomes(name):
        shown = [one for one, made in zip(problems(name, 40), found, strict=True) if made is not None]
        assert len(shown) >= 3, (id, variant)
        assert any(one.about for one in shown), (id, variant)
        where = SHOWS_WHERE.get((name, id))
        assert where is None or all(map(where, shown)), (id, variant)


@pytest.mark.parametrize("name", NAMES)
def test_no_two_mistakes_are_the_same(name: str) -> None:
    seen: dict[object, set[str]] = {}
    for id, _, found in outcomes(name):
        seen.setdefault(found, set()).add(id)
    same = {(name, *sorted(ids)) for ids in seen.values() if len(ids) > 1}
    assert same <= SAME_NUMBERS


def test_a_padding_index_alone_has_no_gradient() -> None:
    operator = operator_named("embedding")
    (padding,) = operator.also_right
    for problem in problems("embedding", 40):
        found = operator.right(problem, padding.variants[0].backward)["dw"]
        assert not found[0].any()
        np.testing.assert_array_equal(found[1:], operator.right(problem)["dw"][1:])


def test_what_is_right_as_well_at_ties_sends_back_as_much() -> None:
    operator = operator_named("max-pool")
    for mistake in operator.also_right:
        for variant in mistake.variants:
            for problem in problems("max-pool", 40):
                sums = [value.sum() for value in operator.right(problem, variant.backward).values()]
                assert np.allclose(sums, [value.sum() for value in operator.right(problem).values()])


@pytest.mark.parametrize("name", NAMES)
def test_the_small_problem_is_of_whole_numbers(name: str) -> None:
    operator = operator_named(name)
    problem = operator.small()
    for array in (*problem.arrays.values(), *problem.upstream.values()):
        assert array.size <= 30
        assert name in NOT_WHOLE or (array == np.round(array)).all()
        assert np.abs(array).max() < 20
    assert all(HOLDS[about](problem) for about in SMALL.get(name, ()))
    recording = operator.record()
    for _ in range(0 if name in NOT_SHORT else recording.total):
        recording.next()
        for array in recording.arrays.values():
            assert all(len(f"{value:.12g}") <= 6 for value in array.flat), recording.event


@pytest.mark.parametrize("name", NAMES)
def test_telling_problems_come_first_and_are_what_they_are_said_to_be(name: str) -> None:
    told = telling(name)
    assert told == problems(name, 40)[: len(told)]
    assert len({one.about for one in told}) == len(told) < 20
    for problem in told:
        for about, holds in HOLDS.items():
            if problem.about == about or problem.about.startswith((f"{about},", f"{about} and")):
                assert holds(problem), problem


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_says_all_that_is_asked_of_it(name: str) -> None:
    operator = operator_named(name)
    problem = operator.small()
    arguments = {*problem.arrays, *problem.options}
    assert set(inspect.signature(operator.forward).parameters) == arguments
    assert set(problem.upstream) == set(operator.upstream)
    assert set(operator.axes) == {*problem.arrays, *operator.outputs}
    joined = {name for each in operator.conventions for name in each.joined}
    known = {*arguments, *operator.outputs, *operator.upstream, *joined}
    assert {key.partition("[")[0] for key in operator.words} <= known
    assert len({one.id for one in operator.mistakes}) == len(operator.mistakes)
    assert operator.mistakes or name == "conv2d"  # whose mistakes are in the candidate's room
    assert {gradient.removeprefix("d") for gradient in operator.gradients} <= {*problem.arrays}
    for array, letters in operator.axes.items():
        values = {**problem.arrays, **operator.run(problem)}[array]
        assert "*" in letters or len(letters) == values.ndim, array


CALLED = {
    "avg-pool": "avg_pool_backward average_pool_backward avgpool meanpool2d_stride1",
    "batch-norm": "batchnorm_backward batchnorm_backward_alt spatial_batchnorm_backward batch_norm_backward",
    "conv-transpose2d": "convtranspose2d conv_transpose_backward",
    "conv1d": "conv1d_backward conv1d_stride1",
    "cross-entropy": "crossentropy crossentropyloss cross_entropy_backward nll_loss",
    "embedding": "word_embedding_backward embedding embedding_dense_backward",
    "layer-norm": "layernorm_backward layer_norm_backward",
    "linear": "affine_backward linear_backward fc_backward fully_connected_backward dense linear.backward",
    "lstm-step": "lstm_step_backward lstm_cell_backward",
    "max-pool": "max_pool_backward_naive maxpool2d maxpool2d_stride1 pool_backward pooling",
    "relu": "relu_backward drelu backward_relu relu relu_grad",
    "rnn-step": "rnn_step_backward rnn_cell_backward rnncell rnn_cell.backward",
    "softmax-cross-entropy": "softmax_loss softmaxwithloss softmax_cross_entropy_backward "
    "crossentropy crossentropyloss cross_entropy_backward",
}
"""What functions and classes of courses are called, in lower case."""

NOT_CALLED = """
affine_bn_relu_backward affine_relu_backward binary_cross_entropy bilinear_backward conv_backward
conv_relu_pool_backward dropout_backward embeddingdot global_avg_pool leaky_relu_backward leakyrelu
linear_activation_backward log_softmax_backward max_unpool maxpool1d non_linear_backward prelu relu6
rnn_backward sigmoid_backward sigmoidwithloss softmax_backward spatial_groupnorm_backward svm_loss
temporal_affine_backward temporal_softmax_loss
"""
"""Names beside these, of something else."""


@pytest.mark.parametrize(
    "called", sorted({one for listed in (*CALLED.values(), NOT_CALLED) for one in listed.split()})
)
def test_what_courses_call_it_is_of_one_operator_or_of_those_that_it_can_be(called: str) -> None:
    meant = [name for name, listed in CALLED.items() if called in listed.split()]
    assert [one.name for one in operators() if re.match(one.called, called)] == meant
