"""What a backward with a patch returns: the patched text is run."""

from __future__ import annotations

import functools
import re
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from convstep.candidate.diagnose.mistakes.patch import Patch, program
from convstep.conv.problem import Problem, pad
from convstep.steps.cells import Array

_OVERWRITES = re.compile(r"(\n +|; )(dW|db|dA_prev_pad)\[[^=\n]*\] = ")


def flawed_gradient(name: str, problem: Problem, wrong: Patch, *, same: bool = False) -> Array:
    """One gradient, in our layout, as a backward with this patch would return it, or raise.

    Without any, it is the reference's, to rounding. `db` is given also where the problem has no bias, as most
    people's code does. With `same` a "same" padding is asked for that makes none; where there is padding, it
    is asked for. The shape is another where the patch leads there.

    >>> import numpy as np
    >>> from convstep.candidate.diagnose.mistakes.patch import patch
    >>> problem = Problem(np.ones((4, 4, 1)), np.ones((1, 2, 2, 1)), None, np.ones((3, 3, 1)))
    >>> flawed_gradient("dA_prev", problem, patch("dA_prev = dA_prev_pad[:, p_t:-p_b, p_l:-p_r]")).shape
    (0, 0, 1)
    """
    return _finished(name, problem, program(name, wrong), same=same)


def flawed_running(name: str, problem: Problem, wrong: Patch, position: int) -> Array | None:
    """A running gradient after some steps, where `dZ` with zeros for later steps would not show it.

    That is so for `=` in place of `+=`: a zero written is a zero, a step not executed is none. None where a
    call with a masked `dZ` gives the same, or where the loop has no steps (a col2im works tap by tap, after
    them all).
    """
    statements = list(program(name, wrong))
    number = next((number for number, text in enumerate(statements) if text.startswith("for i_n ")), None)
    if number is None or not _OVERWRITES.search(statements[number]):
        return None
    shape = problem.geometry.samples, *problem.geometry.output_shape
    last = tuple(map(int, np.unravel_index(position - 1, shape))) if position else (-1,)
    heads = re.findall(r"^ *for (\w+) in", statements[number], re.MULTILINE)
    innermost = re.findall(r"\n( +)", statements[number])[-1]
    # a step is the last that is executed, or comes after it where that one never is
    reached = f"({', '.join(heads)}) >= {last[: len(heads)]}"
    statements[number] += f"\n{innermost}if {reached}: return"
    if not position:
        del statements[number]
    return _finished(name, problem, tuple(statements))


def _finished(name: str, problem: Problem, statements: tuple[str, ...], *, same: bool = False) -> Array:
    """Run statements; without the batch axis that the problem does not have, in its dtype."""
    loops = [number for number, text in enumerate(statements) if text.startswith("for ")]
    looped = loops[-1] + 1 if loops else 0
    names = dict(_looped(problem, statements[:looped], same))
    for text in statements[looped:-1]:
        _run(text, names)
    gradient = eval(_code(statements[-1], "eval"), names)
    if name == "dA_prev" and problem.geometry.batch is None and len(gradient) == 1:
        gradient = gradient[0]
    return np.asarray(gradient, dtype=problem.dtype)


@functools.lru_cache(maxsize=1 << 8)
def _looped(problem: Problem, statements: tuple[str, ...], same: bool) -> dict[str, Any]:
    """All variables after some statements: many mistakes differ only in what comes after the loops."""
    names = {"np": np, "zero_pad": _zero_pad, **_arguments(problem)}
    names["same"] = same or bool(np.any(problem.padding))
    for text in statements:
        _run(text, names)
    return names


def _run(text: str, names: dict[str, Any]) -> None:
    """Run a statement of ours (no candidate's text comes here); a loop as a function, which is faster."""
    if text.startswith("for "):
        FunctionType(_loop(text), names)()
    else:
        exec(_code(text, "exec"), names)


def compiled(statements: tuple[str, ...]) -> None:
    """Compile the loops of a program ahead of its first run."""
    for text in statements[:-1]:
        if text.startswith("for "):
            _loop(text)


@functools.lru_cache(maxsize=1 << 12)
def _code(text: str, mode: str) -> CodeType:
    code: CodeType = compile(text, "<mistake>", mode)
    return code


@functools.lru_cache(maxsize=1 << 12)
def _loop(text: str) -> CodeType:
    body = text.replace("\n", "\n ")
    code: CodeType = _code(f"def loop():\n {body}", "exec").co_consts[0]
    return code


def _zero_pad(array: Array, top: int, bottom: int, left: int, right: int) -> Array:
    return pad(array, ((top, bottom), (left, right)))


@functools.lru_cache(maxsize=1 << 8)
def _arguments(problem: Problem) -> dict[str, Any]:
    """What the loops are called with: float64, a batch axis, a bias; whole inputs as integers."""
    geometry = problem.geometry
    n = geometry.samples
    return {
        "dZ": problem.dZ.reshape(n, *geometry.output_shape).astype(np.float64),
        "A_prev": _exact(problem.A_prev.reshape(n, *geometry.input_shape)),
        "W": _exact(problem.W),
        "b": np.zeros(len(problem.W)) if problem.b is None else problem.b.astype(np.float64),
        "stride": geometry.stride,
        "padding": geometry.padding,
        "dilation": geometry.dilation,
        "groups": geometry.groups,
    }


def _exact(array: Array) -> Array:
    whole = bool((array == np.rint(array)).all())
    return array.astype(np.int64 if whole else np.float64)
