"""Runs in the child: an engine's operation called and walked back from, beside the slopes of its forward."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import CodeType, FrameType
from typing import Any

import numpy as np

from convstep.candidate.load import names
from convstep.candidate.verdicts.nodes import Nodes
from convstep.candidate.verdicts.operations import Trial
from convstep.frozen import frozen
from convstep.language import tr
from convstep.steps.cells import Array

FINE, COARSE = 1e-3, 3e-2
"""How far a slope is asked, where an engine computes in float64, and where in less."""
CLOSE, FAR = (1e-4, 5e-3), (1e-3, 3e-2)
"""What a gradient may be off, and from where it is another one, as a share of the largest."""
BEND = (2e-2, 3e-1)
"""How much a slope may change on the way, as a share of it, and half as much besides; more is a corner."""


class Untried(Exception):
    """A call that its engine does not take, or of which nothing can be said."""


class Broken(Exception):
    """A walk back that raised where the forward worked: what and where."""

    def __init__(self, error: Exception) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.error = error


@frozen(eq=False)
class Pulled:
    """The gradient of one operand, and the slopes there."""

    operand: int
    claimed: Array | None
    """As the engine has it; None if it has none."""
    slopes: Array
    close: bool
    """Whether they are the same."""
    far: bool
    """Whether they are certainly not."""
    linked: bool
    """Whether the output knows its operand."""

    @property
    def silent(self) -> bool:
        """Whether no gradient came."""
        return self.claimed is None or not self.claimed.any()

    @property
    def flat(self) -> bool:
        """Whether the output does not move with the operand."""
        return not np.abs(self.slopes).max(initial=0.0) > 1e-7


def walked(nodes: Nodes, trial: Trial, values: Sequence[Array], summing: bool) -> tuple[list[Any], Any]:
    """Operands and output of a call from which was walked back, with ones as the gradient from above.

    Raises Untried: the forward does not take it. Broken: walking back raises, however it is begun.
    """
    size = _output(nodes, trial, values)[1].size
    failed: Exception = RuntimeError()
    ways = (
        ("given", "node") if nodes.needs_above else ("sum", "alone") if summing and size > 1 else ("alone",)
    )
    for way in ways:
        operands = _operands(nodes, trial, values)
        out = trial.apply(operands)
        try:
            end = out.sum() if way == "sum" else out
            ones = np.ones_like(nodes.value(end)) if nodes.arrays else 1.0
            if nodes.needs_above:
                nodes.back(end, nodes.made(np.asarray(ones)) if way == "node" else ones)
            else:
                nodes.back(end)
        except Exception as error:  # whatever somebody's own code raises
            failed = error if isinstance(failed, AssertionError) or not failed.args else failed
            continue
        return operands, out
    raise Broken(failed)


def pulled(nodes: Nodes, trial: Trial, values: Sequence[Array], *, summing: bool) -> list[Pulled]:
    """The gradients of a call beside the slopes of the sum of its output."""
    out, here = _output(nodes, trial, values)
    coarse = nodes.coarse(out)
    again = _output(nodes, trial, values)[1]
    if not np.array_equal(here, again):
        raise Untried(tr("its forward is random"))
    operands, ended = walked(nodes, trial, values, summing)
    found = []
    for number, value in enumerate(values):
        if number == trial.target:
            continue
        slopes = _slopes(nodes, trial, values, number, coarse)
        claimed = nodes.gradient(operands[number])
        fitted = None if claimed is None else laid(claimed, value.shape)
        off = np.inf if fitted is None and claimed is not None else _off(fitted, slopes)
        size = max(np.abs(slopes).max(initial=0), 0 if claimed is None else np.abs(claimed).max(initial=0))
        noise = (1e-6 if coarse else 1e-10) * (1 + np.abs(here).sum())
        close, far = (bound[coarse] * size + noise for bound in (CLOSE, FAR))
        linked = _refers(ended, operands[number])
        found.append(Pulled(number, claimed, slopes, bool(off <= close), bool(off > far), linked))
    return found


def _off(fitted: Array | None, slopes: Array) -> float:
    with np.errstate(all="ignore"):
        off = np.abs((0.0 if fitted is None else fitted) - slopes).max(initial=0.0)
    return float(off) if np.isfinite(off) else np.inf


def laid(claimed: Array, shape: tuple[int, ...]) -> Array | None:
    """A gradient in the shape of its operand; None if it has another one."""
    if claimed.shape == shape:
        return claimed
    if claimed.size == 1:
        return np.broadcast_to(claimed.reshape(()), shape)
    ones = tuple(n for n in shape if n != 1)
    if tuple(n for n in claimed.shape if n != 1) == ones:
        return claimed.reshape(shape)
    return None


def _operands(nodes: Nodes, trial: Trial, values: Sequence[Array]) -> list[Any]:
    nodes.begin_anew()
    try:
        return [nodes.made(value) for value in values]
    except Exception as error:
        raise Untried(f"{type(error).__name__}: {error}") from error


def _output(nodes: Nodes, trial: Trial, values: Sequence[Array]) -> tuple[Any, Array]:
    operands = _operands(nodes, trial, values)
    try:
        with np.errstate(all="ignore"):
            out = trial.apply(operands)
    except Exception as error:
        raise Untried(f"{type(error).__name__}: {error}") from error
    if not nodes.is_one(out):
        raise Untried(tr("it makes no node"))
    try:
        value = nodes.value(out)
    except Exception as error:
        raise Untried(tr("it makes no node of real numbers")) from error
    if not np.isfinite(value).all():
        raise Untried(tr("its numbers are not finite"))
    return out, value


def _slopes(nodes: Nodes, trial: Trial, values: Sequence[Array], number: int, coarse: bool) -> Array:
    """The slopes of the sum of the output along each cell of an operand, by central differences."""
    step, value = COARSE if coarse else FINE, values[number]
    found = np.zeros(value.shape)

    def beside(index: tuple[int, ...], by: float) -> float:
        other = value.copy()
        other[index] += by
        return float(_output(nodes, trial, [*values[:number], other, *values[number + 1 :]])[1].sum())

    here = float(_output(nodes, trial, values)[1].sum())
    for index in np.ndindex(value.shape):
        up, down = beside(index, step), beside(index, -step)
        near = (up - down) / (2 * step)
        far = (beside(index, 2 * step) - beside(index, -2 * step)) / (4 * step)
        if max(abs(up - 2 * here + down) / step, abs(near - far)) > BEND[coarse] * (abs(near) + 0.5):
            raise Untried(tr("it has a corner there"))
        found[index] = (4 * near - far) / 3
    return found


def _refers(out: Any, operand: Any, depth: int = 3) -> bool:
    """Whether something is among what a node keeps, and what that keeps; what functions know is left out."""
    if out is operand:
        return True
    if depth == 0 or (callable(out) and hasattr(out, "__code__")):
        return False
    if isinstance(out, (list, tuple, set, frozenset)):
        return any(_refers(one, operand, depth - 1) for one in out)
    return any(_refers(one, operand, depth - 1) for one in _kept(out))


def _kept(value: Any) -> Iterator[Any]:
    yield from getattr(value, "__dict__", {}).values()
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            yield getattr(value, name, None)


# where it is


@frozen(eq=False)
class Ran:
    """A line that ran while an engine walked back."""

    code: CodeType
    line: int
    wrote: bool
    """Whether the operand's gradient changed while it ran."""
    caller: tuple[CodeType, int] | None
    """What called its function, and where."""

    @property
    def owner(self) -> str:
        """The operation that it belongs to, if it does to one: of a closure what defines it."""
        return self.code.co_qualname.partition(".<locals>")[0]


def lines_run(
    nodes: Nodes, trial: Trial, values: Sequence[Array], number: int, *, summing: bool, folder: str
) -> list[Ran]:
    """The lines of its author's that run on the way back, and at which an operand's gradient changed."""
    operands = _operands(nodes, trial, values)
    out = trial.apply(operands)
    ran: list[tuple[CodeType, int, tuple[CodeType, int] | None]] = []
    wrote: set[int] = set()
    last = _state(nodes, operands[number])

    def look() -> None:
        nonlocal last
        now = _state(nodes, operands[number])
        if now != last:
            wrote.add(len(ran) - 1)
            last = now

    def local(frame: FrameType, event: str, argument: Any) -> Any:
        look()
        if event == "line":
            by = frame.f_back
            ran.append((frame.f_code, frame.f_lineno, None if by is None else (by.f_code, by.f_lineno)))
        return local

    def entered(frame: FrameType, event: str, argument: Any) -> Any:
        name = frame.f_code.co_filename
        return local if name.startswith(folder) and "site-packages" not in name else None

    before, size = sys.gettrace(), nodes.value(out).size
    end = out.sum() if summing and size > 1 and not nodes.needs_above else out
    above = (np.ones_like(nodes.value(out)) if nodes.arrays else 1.0,) if nodes.needs_above else ()
    try:
        sys.settrace(entered)
        nodes.back(end, *above)
    except Exception:  # what ran until then is known
        pass
    finally:
        sys.settrace(before)
    look()
    return [Ran(code, line, at in wrote, by) for at, (code, line, by) in enumerate(ran)]


def _state(nodes: Nodes, operand: Any) -> bytes | None:
    found = nodes.gradient(operand)
    return None if found is None else found.tobytes()


def own(nodes: Nodes, one: Ran) -> bool:
    """Whether a line is of an operation's way back, and not of the walk through the graph."""
    walk = getattr(nodes.back, "__code__", None)
    # of a leaf nothing is to be done, as its constructor says
    if one.code is walk or one.owner in (
        getattr(walk, "co_qualname", ""),
        f"{nodes.kind.__qualname__}.__init__",
    ):
        return False
    return "<locals>" in one.code.co_qualname or names.looks_backward(one.code.co_name)
