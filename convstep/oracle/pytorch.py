"""PyTorch's gradients, in the article's layout; torch is imported inside functions only."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from convstep.brief import brief
from convstep.conv.geometry import Geometry, Padding, StepIndex
from convstep.conv.problem import Problem
from convstep.conv.step import quiet
from convstep.frozen import NamedTuple, frozen
from convstep.language import tr
from convstep.oracle.expectation import Expectation, Expected, absolute_problem, dZ_until
from convstep.oracle.expectation import OracleUnavailable as OracleUnavailable
from convstep.steps.cells import Array


class Block(NamedTuple):
    """A rectangle of the loop, the values of its indices: whole groups, or channels inside one group."""

    samples: range
    rows: range
    columns: range
    channels: range
    groups: range
    """The channel groups that `channels` belong to."""

    def outputs(self) -> tuple[slice, slice, slice, slice]:
        """The rectangle as an index into `dZ` with a batch axis."""
        samples, rows, columns, channels = map(_slice, self[:4])
        return samples, rows, columns, channels

    def inputs(self, geometry: Geometry) -> tuple[slice, slice, slice, slice]:
        """All that its windows span, as an index into `A_prev_pad` with a batch axis."""
        rows = slice(geometry.rows(self.rows[0]).start, geometry.rows(self.rows[-1]).stop)
        columns = slice(geometry.columns(self.columns[0]).start, geometry.columns(self.columns[-1]).stop)
        first, last = geometry.channels(self.channels[0]), geometry.channels(self.channels[-1])
        return _slice(self.samples), rows, columns, slice(first.start, last.stop)


def executed_blocks(geometry: Geometry, position: int) -> list[Block]:
    """Rectangles that hold the steps before `position`, each of them once.

    At most five: whole samples, whole rows of the sample under way, whole columns of its row,
    whole groups of its cell, channels of its group.
    """
    h_out, w_out, c_out = geometry.output_shape
    i_n, i_h, i_w, i_c = (
        StepIndex(geometry.samples, 0, 0, 0)
        if position == geometry.total_steps
        else geometry.index_at(position)
    )
    per_group = c_out // geometry.groups
    group = i_c // per_group
    all_rows, all_columns, all_channels = range(h_out), range(w_out), range(c_out)
    all_groups = range(geometry.groups)
    sample, row, column = range(i_n, i_n + 1), range(i_h, i_h + 1), range(i_w, i_w + 1)
    candidates = [
        Block(range(i_n), all_rows, all_columns, all_channels, all_groups),
        Block(sample, range(i_h), all_columns, all_channels, all_groups),
        Block(sample, row, range(i_w), all_channels, all_groups),
        Block(sample, row, column, range(group * per_group), range(group)),
        Block(sample, row, column, range(group * per_group, i_c), range(group, group + 1)),
    ]
    return [block for block in candidates if all(block)]


def _slice(numbers: range) -> slice:
    return slice(numbers.start, numbers.stop)


INSTALL = 'pip install "torch>=2.4"'
"""How to get the torch that convstep is tested with."""

NO_PADDING: Padding = ((0, 0), (0, 0))


@frozen(eq=False)
class PaddedGradients:
    """A whole backward pass, in the article's layout."""

    dW: Array
    """`(C_out, F_h, F_w, C_in // groups)`."""
    db: Array | None
    """`(C_out,)`; None without a bias."""
    dA_prev_pad: Array
    """In the shape of `A_prev` padded."""
    dA_prev: Array
    """In the shape of `A_prev`."""

    __repr__ = brief


class TorchOracle:
    """PyTorch, in this process."""

    def expected(self, problem: Problem, position: int) -> Expectation:
        """PyTorch's gradients after the first `position` steps; see `Oracle`.

        Always in float64, by kernels that have one way for all sizes. float32 takes oneDNN's, chosen
        by processor and sizes: some were seen to return garbage, and others multiply zeros that are
        in no window, which makes NaN beside an inf.
        """
        wide = problem if problem.dtype == np.float64 else in_float64(problem)
        found = gradients_until(wide, position)
        sizes = torch_gradients(absolute_problem(problem, position))
        gradients = {"dW": Expected(found.dW, sizes.dW)}
        if found.db is not None and sizes.db is not None:
            gradients["db"] = Expected(found.db, sizes.db)
        gradients["dA_prev"] = Expected(found.dA_prev, sizes.dA_prev)
        by = f"PyTorch {version()}"
        return Expectation(by if wide is problem else f"{by} (float64)", gradients)


def in_float64(problem: Problem) -> Problem:
    """The same numbers in the wider dtype."""
    return problem.mapped(lambda values: values.astype(np.float64))


def version() -> str:
    """The version of torch, "2.13.0", without the build's suffix; raises OracleUnavailable without torch."""
    return str(torch_module().__version__).split("+")[0]


def torch_gradients(problem: Problem, dZ: Array | None = None) -> PaddedGradients:
    """PyTorch's backward of a problem, in its own dtype; raises OracleUnavailable without torch."""
    geometry = problem.geometry
    found = _backward(
        geometry.batched(problem.A_prev),
        problem.W,
        problem.b,
        geometry.batched(problem.dZ if dZ is None else dZ),
        geometry,
        geometry.padding,
        geometry.groups,
    )
    return found if geometry.batch is not None else _without_batch(found)


def gradients_until(problem: Problem, position: int) -> PaddedGradients:
    """PyTorch's gradients after the first `position` steps, 0 … total; NaN and inf are data."""
    arrays = (problem.A_prev, problem.W, problem.dZ)
    if position == problem.total_steps or all(np.isfinite(values).all() for values in arrays):
        return torch_gradients(problem, dZ_until(problem, position))
    return _sum_of_blocks(problem, executed_blocks(problem.geometry, position))


_LAID: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("_LAID")


@contextlib.contextmanager
def laid(how: Iterable[tuple[str, str]]) -> Iterator[None]:
    """Let `tensor` lay "A_prev" or "dZ" by a key of `_LAYING`, as autograd may, not contiguous."""
    token = _LAID.set(dict(how))
    try:
        yield
    finally:
        _LAID.reset(token)


def tensor(array: Array, name: str = "") -> Any:
    """An array as a tensor of its own, contiguous, as some kernels need, unless `laid` says otherwise."""
    made = torch_module().from_numpy(np.array(array, order="C"))
    how = _LAID.get({}).get(name)
    return made if how is None else _LAYING[how](torch_module(), made)


def _spread(torch: Any, made: Any) -> Any:
    """Rows where columns are, and gaps between them, as slices and transposes hand it on: no view fits."""
    *lead, rows, columns = made.shape
    wide = torch.full((*lead, columns, 2 * rows), torch.nan, dtype=made.dtype)
    return wide[..., ::2].transpose(-1, -2).copy_(made)


_LAYING: dict[str, Callable[[Any, Any], Any]] = {
    "expanded": lambda torch, made: made.flatten()[0].clone().reshape((1,) * made.ndim).expand(made.shape),
    "strided": _spread,
    "channels last": lambda torch, made: made.contiguous(memory_format=torch.channels_last),
    "empty": lambda torch, made: made[:0],
}
"""What autograd and its callers hand on besides contiguous tensors; the first is for equal cells alone."""


def leaf(array: Array, name: str = "") -> Any:
    """An array as a tensor that collects a gradient; integers cannot, and stay plain. See `tensor`."""
    made = tensor(array, name)
    return made.requires_grad_(made.is_floating_point())


def pulled_back(Z: Any, dZ: Any, leaves: dict[str, Any]) -> dict[str, Any]:
    """The gradients that autograd finds of an output, by the names of the leaves, tensors of `leaf`.

    One that did not take part has zeros; where functions with a backward of their own took part, which may
    leave it out on purpose, it has none.
    """
    torch = torch_module()
    found = torch.autograd.grad(Z, list(leaves.values()), dZ, allow_unused=True)
    made = dict(zip(leaves, found, strict=True))
    if None in found and not has_own_functions(Z):
        made |= {name: torch.zeros_like(leaves[name]) for name, gradient in made.items() if gradient is None}
    return {name: gradient for name, gradient in made.items() if gradient is not None}


def has_own_functions(Z: Any) -> bool:
    """Whether in a tensor's graph there is a node that is not PyTorch's own."""
    torch = torch_module()
    seen: set[Any] = set()
    left = [Z.grad_fn]
    while left:
        node = left.pop()
        if node is None or node in seen:
            continue
        if isinstance(node, torch.autograd.function.BackwardCFunction):
            return True
        seen.add(node)
        left += [before for before, _ in node.next_functions]
    return False


def _sum_of_blocks(problem: Problem, blocks: list[Block]) -> PaddedGradients:
    """Add up the gradients of rectangles of the loop, each cut out as a small convolution."""
    geometry = problem.geometry
    A_prev_pad, dZ = geometry.batched(problem.A_prev_pad), geometry.batched(problem.dZ)
    dW, dA_prev_pad = np.zeros_like(problem.W), np.zeros_like(A_prev_pad)
    db = None if problem.b is None else np.zeros_like(problem.b)
    for block in blocks:
        inputs, outputs = block.inputs(geometry), block.outputs()
        bias = None if problem.b is None else problem.b[outputs[-1]]
        found = _backward(
            A_prev_pad[inputs],
            problem.W[outputs[-1]],
            bias,
            dZ[outputs],
            geometry,
            NO_PADDING,
            len(block.groups),
        )
        with quiet():
            dW[outputs[-1]] += found.dW
            dA_prev_pad[inputs] += found.dA_prev
            if db is not None and found.db is not None:
                db[outputs[-1]] += found.db
    rows, columns = geometry.crop
    whole = PaddedGradients(dW, db, dA_prev_pad, np.ascontiguousarray(dA_prev_pad[:, rows, columns]))
    return whole if geometry.batch is not None else _without_batch(whole)


def _backward(
    A_prev: Array, W: Array, b: Array | None, dZ: Array, geometry: Geometry, padding: Padding, groups: int
) -> PaddedGradients:
    """One `conv2d` and its backward; arrays have a batch axis, only stride and dilation are read."""
    torch = torch_module()
    functional = torch.nn.functional
    (top, bottom), (left, right) = padding
    with plain_autograd(torch):
        leaf = torch.from_numpy(channels_first(A_prev)).requires_grad_()
        kernels = torch.from_numpy(channels_first(W)).requires_grad_()
        bias = None if b is None else torch.from_numpy(np.array(b)).requires_grad_()
        # padded by hand: conv2d knows no asymmetric padding, and the padded gradient is wanted too
        padded = functional.pad(leaf, (left, right, top, bottom))
        padded.retain_grad()
        Z = functional.conv2d(
            padded, kernels, bias, stride=geometry.stride, dilation=geometry.dilation, groups=groups
        )
        Z.backward(torch.from_numpy(channels_first(dZ)))
    return PaddedGradients(
        channels_last(kernels.grad),
        None if bias is None else np.array(bias.grad.numpy()),
        channels_last(padded.grad),
        channels_last(leaf.grad),
    )


@contextlib.contextmanager
def plain_autograd(torch: Any) -> Iterator[None]:
    """Autograd on and autocast off, whatever the caller's script has switched."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast("cpu", enabled=False):
        yield


def torch_module() -> Any:
    """Torch itself. Raises OracleUnavailable: it is missing or broken."""
    try:
        import torch

        torch.__version__, torch.nn.functional.conv2d  # noqa: B018  a stub must fail here, in words
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise OracleUnavailable(_cannot_load(error)) from error
        raise OracleUnavailable(
            tr("torch is not installed; to compare with it: {command}", command=INSTALL)
        ) from error
    except Exception as error:  # a broken build fails with OSError, ImportError, RuntimeError alike
        raise OracleUnavailable(_cannot_load(error)) from error
    return torch


def _cannot_load(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    said = "torch cannot be loaded ({reason}); reinstall it: {command}"
    return tr(said, reason=lines[0].rstrip("."), command=INSTALL)


def _without_batch(found: PaddedGradients) -> PaddedGradients:
    return PaddedGradients(found.dW, found.db, found.dA_prev_pad[0], found.dA_prev[0])


def channels_first(array: Array) -> Array:
    """Contiguous, `(N, C, H, W)`; always a copy, as torch warns about arrays it may not write."""
    return np.array(np.moveaxis(array, -1, 1), order="C")


def channels_last(tensor: Any) -> Array:
    """A tensor's numbers in the article's layout, a copy."""
    return np.array(np.moveaxis(tensor.numpy(), 1, -1), order="C")
