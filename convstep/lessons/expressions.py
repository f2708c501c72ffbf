"""`{=dW[0, 1, 2, 0]}`: the numbers of the narration, taken from the place where the debugger stands."""

from __future__ import annotations

import re
from typing import Any, Protocol, TypeVar

import numpy as np

from convstep.conv.forward import conv2d_forward
from convstep.conv.timeline import Timeline
from convstep.expr.language import read_expression
from convstep.expr.text import LONGEST
from convstep.expr.values import Shape
from convstep.frozen import frozen
from convstep.language import tr
from convstep.lessons.errors import LessonError, wrong

T = TypeVar("T")
BEFORE = "before."
"""Before the names of the run as it is, where it is edited."""
_PLACE = re.compile(r"\{=\s*([^{}]+?)\s*(?::(\.\d{1,2}[feg]))?\}")
_SIGNS = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | str.maketrans(
    "−–×·÷。、\u3000", "--**/., "
)
"""Signs that people type, by the ones that are read."""


def number_text(value: float) -> str:
    """A number as the narration writes it: four significant digits, whole ones without a point.

    >>> number_text(3.0), number_text(-0.56789), number_text(-0.0)
    ('3', '-0.5679', '0')
    """
    return f"{value + 0.0:.4g}" if value else "0"


class Here(Protocol):
    """A place whose numbers can be spoken of, whatever is stepped."""

    def now(self) -> dict[str, Any]:
        """What an expression may speak of, but for what takes time."""

    def later(self, asked: frozenset[str]) -> dict[str, Any]:
        """The rest, as far as it is asked for."""

    def names(self, now: dict[str, Any]) -> dict[str, Shape | str]:
        """The axes of all that there is, and why some of it is not."""


def fill_in(text: str, timeline: Timeline | Here, line: int) -> str:
    """The narration with every `{=dz}`, `{=dW[0, 0, 0, 0] * 2:.3f}`, `{=W.shape}` as its number.

    The timeline stands where the narration is read; of what is no convolution, the place. `line` is that of
    the text's beginning. Raises LessonError: an expression means nothing.
    """

    def value(found: re.Match[str]) -> str:
        at = line + text.count("\n", 0, found.start())
        return _text(evaluate(found[1], timeline, at), found[1], found[2], at)

    filled = _PLACE.sub(value, text)
    if "{=" in filled:
        at = line + filled.count("\n", 0, filled.index("{="))
        sentence = "a {start} is not closed, or is empty; write it like {example}"
        raise wrong(sentence, at, start="`{=`", example="`{=dz}`")
    return filled


def number_at(text: str, timeline: Timeline | Here, line: int) -> float:
    """The number an expression means at a place; raises LessonError if it means nothing or is not one."""
    return _number(evaluate(text, timeline, line), text, line)


def typed(text: str) -> str:
    """What a learner typed, in plain signs: Chinese keyboards have wide ones.

    >>> typed(" （１＋２）×−0。5 ")
    '(1+2)*-0.5'
    """
    return text.translate(_SIGNS).strip()


def arithmetic(text: str) -> float:
    """The number of a sum that a learner typed, `2 * -3 + 1`, `0,5`; raises ValueError if it is none."""
    written = typed(text)
    if re.fullmatch(r"[-+]?\d*,\d+", written):
        written = written.replace(",", ".")
    try:
        value = float(evaluate(written, None, 0))
    except (LessonError, TypeError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a number") from error
    if not np.isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def evaluate(text: str, timeline: Timeline | Here | None, line: int) -> Any:
    """The value of an expression, without a timeline one without names; raises LessonError if it has none."""
    return _computed(text, None if timeline is None else _place(timeline), line, truth=False)


def holds(text: str, there: Timeline | Here, before: Timeline | Here, line: int) -> bool:
    """Whether an expression is true of a run, `before.dW` being another's; LessonError if it is none."""
    return bool(np.any(_computed(text, _Beside(_place(there), _place(before)), line, truth=True)))


def _place(timeline: Timeline | Here) -> Here:
    return _OfTimeline(timeline) if isinstance(timeline, Timeline) else timeline


def _computed(text: str, place: Here | None, line: int, *, truth: bool) -> Any:
    """The value of an expression that is true or false, or of one that is not."""
    here = {} if place is None else place.now()
    try:
        with np.errstate(all="ignore"):
            looks = tr("an expression looks like {example}", example="db[0] == 0" if truth else "2 * dz")
            names = {} if place is None else place.names(here)
            # so deep that only signs can be too many, in so short a text
            read = read_expression(text, names, looks, deepest=LONGEST // 2)
            if truth and not read.boolean:
                raise ValueError(tr("it is a number, and has to be compared with one"))
            if read.boolean and not truth:
                raise ValueError(tr("it is true or false, and a number is wanted"))
            later = {} if place is None else place.later(read.names)
            return read.value(here | later)
    except (ValueError, TypeError, IndexError, ArithmeticError, RecursionError, MemoryError) as error:
        raise wrong("{text!r} cannot be computed here: {reason}", line, text=text, reason=error) from error


def _text(value: Any, text: str, spec: str | None, line: int) -> str:
    if isinstance(value, tuple):
        return str(value)
    number = _number(value, text, line)
    return format(number, spec) if spec else number_text(number)


def _number(value: Any, text: str, line: int) -> float:
    if np.size(value) != 1:
        sentence = "{text!r} is {count} numbers; take one of them, or use sum(…)"
        raise wrong(sentence, line, text=text, count=np.size(value))
    try:
        return float(np.asarray(value).reshape(()))
    except OverflowError as error:
        raise wrong("{text!r} is too large", line, text=text) from error


@frozen()
class _OfTimeline:
    """The numbers of a convolution: the tensors, and the step shown."""

    timeline: Timeline

    def now(self) -> dict[str, Any]:
        timeline, problem = self.timeline, self.timeline.problem
        given = {name: getattr(problem, name) for name in ("A_prev", "A_prev_pad", "W", "b", "dZ")}
        running = ("dW", "db", "dA_prev_pad", "dA_prev", "position", "total")
        return given | {name: getattr(timeline, name) for name in running} | _of_step("", timeline)

    def later(self, asked: frozenset[str]) -> dict[str, Any]:
        """What the forward pass gives, and the step that would be executed next."""
        problem, found = self.timeline.problem, dict[str, Any]()
        if "Z" in asked:
            given = (problem.A_prev, problem.W, problem.b, problem.stride, problem.padding)
            found["Z"] = conv2d_forward(*given, dilation=problem.dilation, groups=problem.groups)["Z"]
        if any(name.startswith("next.") for name in asked):
            ahead = Timeline(problem)
            ahead.seek(self.timeline.position + 1)
            found |= _of_step("next.", ahead)
        return found

    def names(self, now: dict[str, Any]) -> dict[str, Shape | str]:
        timeline = self.timeline
        like = now | {"Z": timeline.problem.dZ} | _of_step("next.", timeline)
        names: dict[str, Shape | str] = {name: np.shape(value) for name, value in like.items()}
        if timeline.problem.b is None:
            names |= {
                name: tr("there is no {name}: the problem has no bias", name=name) for name in ("b", "db")
            }
        if timeline.position == timeline.total:
            names |= {name: no_next_step() for name in names if name.startswith("next.")}
        return names


@frozen()
class _Beside:
    """The numbers of a run, and those of another one under `before.`."""

    there: Here
    before: Here

    def now(self) -> dict[str, Any]:
        return self.there.now() | _named(self.before.now())

    def later(self, asked: frozenset[str]) -> dict[str, Any]:
        own = frozenset(name.removeprefix(BEFORE) for name in asked if name.startswith(BEFORE))
        return self.there.later(asked) | _named(self.before.later(own))

    def names(self, now: dict[str, Any]) -> dict[str, Shape | str]:
        return self.there.names(self.there.now()) | _named(self.before.names(self.before.now()))


def _named(values: dict[str, T]) -> dict[str, T]:
    return {f"{BEFORE}{name}": value for name, value in values.items()}


def _of_step(prefix: str, timeline: Timeline) -> dict[str, Any]:
    """The numbers of the step shown: its place, and what it reads by the names of the source."""
    event = timeline.event
    own = (
        {"step": event.index} | timeline.layout.turns(event) | {read.text: read.value for read in event.reads}
    )
    return {f"{prefix}{name}": value for name, value in own.items()}


def no_next_step() -> str:
    """Why nothing of the next step can be spoken of."""
    return tr("there is no next step at the end")
