"""`{=dW[0, 1, 2, 0]}`: the numbers of the narration, taken from the place where the debugger stands."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from convstep.conv.forward import conv2d_forward
from convstep.conv.problem import Problem
from convstep.conv.step import Step
from convstep.conv.timeline import Timeline
from convstep.language import tr
from convstep.lessons.errors import LessonError

_PLACE = re.compile(r"\{=\s*([^{}]+?)\s*(?::(\.\d{1,2}[feg]))?\}")
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": np.sum,
    "abs": np.abs,
    "max": np.max,
    "min": np.min,
    "size": np.size,
}
_SIGNS = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | str.maketrans(
    "−–×·÷。、\u3000", "--**/., "
)
"""Signs that people type, by the ones that are read."""
LONGEST = 500
"""Characters of one expression."""

Names = Mapping[str, Callable[[], Any]]


def number_text(value: float) -> str:
    """A number as the narration writes it: four significant digits, whole ones without a point.

    >>> number_text(3.0), number_text(-0.56789), number_text(-0.0)
    ('3', '-0.5679', '0')
    """
    return f"{value + 0.0:.4g}" if value else "0"


def fill_in(text: str, timeline: Timeline, line: int) -> str:
    """The narration with every `{=…}` replaced by its number.

    Args:
        text: Markdown; `{=dz}`, `{=dW[0, 0, 0, 0] * 2:.3f}`, `{=W.shape}`.
        timeline: stands where the narration is read.
        line: of the text's beginning, for errors.

    Raises:
        LessonError: an expression means nothing.
    """
    names = _names(timeline)

    def value(found: re.Match[str]) -> str:
        at = line + text.count("\n", 0, found.start())
        return _text(evaluate(found[1], names, at), found[1], found[2], at)

    filled = _PLACE.sub(value, text)
    if "{=" in filled:
        at = line + filled.count("\n", 0, filled.index("{="))
        raise LessonError(
            tr(
                "a {start} is not closed, or is empty; write it like {example}",
                start="`{=`",
                example="`{=dz}`",
            ),
            at,
        )
    return filled


def number_at(text: str, timeline: Timeline, line: int) -> float:
    """The number an expression means at a place.

    Raises:
        LessonError: it means nothing, or is not one number.
    """
    return _number(evaluate(text, _names(timeline), line), text, line)


def typed(text: str) -> str:
    """What a learner typed, in plain signs: Chinese keyboards have wide ones.

    >>> typed(" （１＋２）×−0。5 ")
    '(1+2)*-0.5'
    """
    return text.translate(_SIGNS).strip()


def arithmetic(text: str) -> float:
    """The number of a sum that a learner typed, `2 * -3 + 1`; a decimal comma is fine.

    Raises:
        ValueError: it is none.
    """
    written = typed(text)
    if re.fullmatch(r"[-+]?\d*,\d+", written):
        written = written.replace(",", ".")
    try:
        value = float(evaluate(written, {}, 0))
    except (LessonError, TypeError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not np.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def evaluate(text: str, names: Names, line: int) -> Any:
    """The value of an expression: numbers, names, indices, `.shape`, + - * / // % and a few functions.

    Raises:
        LessonError: it is not one, or uses what is not there.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError(tr("it is too long"))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the way it is written
            return _value(ast.parse(text, mode="eval").body, names)
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise LessonError(tr("{text!r} cannot be read as an expression", text=text), line) from error
    except (ValueError, TypeError, IndexError, ArithmeticError) as error:
        raise LessonError(
            tr("{text!r} cannot be computed here: {reason}", text=text, reason=error), line
        ) from error


def _value(node: ast.expr, names: Names) -> Any:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return node.value
        case ast.Name(id=name):
            if name not in names:
                sentence = "there is no {name}; there are {known}" if names else "there is no {name}"
                raise ValueError(tr(sentence, name=name, known=", ".join(names)))
            return names[name]()
        case ast.Attribute(value=ast.Name(id="next"), attr=name):
            return _value(ast.Name(id=f"next.{name}"), names)
        case ast.Attribute(value=inner, attr="shape"):
            return np.shape(_value(inner, names))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, names)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _BINARY[type(op)](_single(left, names), _single(right, names))
        case ast.Subscript(value=inner, slice=index):
            return _value(inner, names)[_index(index, names)]
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name](_value(argument, names))
    raise ValueError(
        tr("only numbers, names, indices, + - * / // % and sum, abs, max, min, size are allowed")
    )


def _single(node: ast.expr, names: Names) -> Any:
    """A value one can compute with."""
    value = _value(node, names)
    if isinstance(value, tuple):
        raise ValueError(tr("a shape is not a number; take one of its numbers, like W.shape[0]"))
    return value


def _index(node: ast.expr, names: Names) -> Any:
    if isinstance(node, ast.Tuple):
        return tuple(_index(part, names) for part in node.elts)
    if isinstance(node, ast.Slice):
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else _whole(part, names) for part in parts))
    return _whole(node, names)


def _whole(node: ast.expr, names: Names) -> int:
    value = _value(node, names)
    if np.size(value) != 1 or int(value) != value:
        raise ValueError(tr("an index must be a whole number"))
    return int(value)


def _text(value: Any, text: str, spec: str | None, line: int) -> str:
    if isinstance(value, tuple):
        return str(value)
    number = _number(value, text, line)
    return format(number, spec) if spec else number_text(number)


def _number(value: Any, text: str, line: int) -> float:
    if value is None:
        raise LessonError(tr("{text!r} does not exist here: there is no bias", text=text), line)
    if np.size(value) != 1:
        raise LessonError(
            tr(
                "{text!r} is {count} numbers; take one of them, or use sum(…)",
                text=text,
                count=np.size(value),
            ),
            line,
        )
    try:
        return float(np.asarray(value).reshape(()))
    except OverflowError as error:
        raise LessonError(tr("{text!r} is too large", text=text), line) from error


def _names(timeline: Timeline) -> Names:
    """What an expression may speak of: the tensors, the step shown and the next one."""
    problem = timeline.problem
    found: dict[str, Callable[[], Any]] = {
        "A_prev": lambda: problem.A_prev,
        "A_prev_pad": lambda: problem.A_prev_pad,
        "W": lambda: problem.W,
        "b": lambda: problem.b,
        "dZ": lambda: problem.dZ,
        "Z": lambda: _forward(problem),
        "dW": lambda: timeline.dW,
        "db": lambda: timeline.db,
        "dA_prev_pad": lambda: timeline.dA_prev_pad,
        "dA_prev": lambda: timeline.dA_prev,
        "position": lambda: timeline.position,
        "total": lambda: timeline.total,
    }
    return found | _of_step("", lambda: timeline.step) | _of_step("next.", lambda: _next(timeline))


def _of_step(prefix: str, step: Callable[[], Step]) -> dict[str, Callable[[], Any]]:
    return {
        f"{prefix}step": lambda: step().index,
        f"{prefix}i_n": lambda: step().i_n,
        f"{prefix}i_h": lambda: step().i_h,
        f"{prefix}i_w": lambda: step().i_w,
        f"{prefix}i_c": lambda: step().i_c,
        f"{prefix}dz": lambda: step().dz,
        f"{prefix}x": lambda: step().input_slice,
        f"{prefix}w": lambda: step().kernel,
    }


def _next(timeline: Timeline) -> Step:
    """The step that would be executed next."""
    if timeline.position >= timeline.total:
        raise ValueError(tr("there is no next step at the end"))
    ahead = Timeline(timeline.problem)
    ahead.seek(timeline.position + 1)
    return ahead.step


def _forward(problem: Problem) -> Any:
    """What the forward pass gives, in the shape of `dZ`."""
    return conv2d_forward(
        problem.A_prev,
        problem.W,
        problem.b,
        problem.stride,
        problem.padding,
        dilation=problem.dilation,
        groups=problem.groups,
    )["Z"]
