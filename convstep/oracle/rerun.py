"""PyTorch's own backward, run again on the arrays of a recording; torch is imported inside functions only.

The same kernel gives the same bits. PyTorch chooses it by the order in memory, the threads and oneDNN, so
each is tried, and the nearest taken. Where that is the recording in all cells but one, while another order
would change nearly all, that one has no rounding to excuse it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from convstep.conv.problem import Problem
from convstep.conv.recorded import Recorded
from convstep.oracle.expectation import OracleUnavailable
from convstep.oracle.pytorch import channels_first, channels_last, plain_autograd, torch_module
from convstep.steps.cells import Array

DTYPES = {2.0**-52: "float64", 2.0**-23: "float32", 2.0**-10: "float16", 2.0**-7: "bfloat16"}
"""What was convolved in, by eps."""


def rerun(problem: Problem, recorded: Recorded) -> Mapping[str, Array]:
    """What PyTorch makes of the arrays now, by the nearest of its ways; nothing if it did not make them."""
    nearest: dict[str, tuple[int, Array]] = {}
    if recorded.by.startswith("PyTorch") and recorded.eps in DTYPES:
        for made in _made(problem, recorded):
            for name, values in made.items():
                count = unequal(values, recorded.gradients[name])
                if name not in nearest or count < nearest[name][0]:
                    nearest[name] = count, values
            if not any(count for count, _ in nearest.values()):
                break
    return {name: values for name, (_, values) in nearest.items()}


def unequal(one: Array, other: Array) -> int:
    """How many cells are not the same; NaN and NaN are."""
    return int(np.count_nonzero((one != other) & ~(np.isnan(one) & np.isnan(other))))


def alike(again: Array, exact: Array, eps: float) -> float:
    """How probably another order gives a cell's bits: as often as `exact`, rounded, is the rerun's."""
    torch = torch_module()
    rounded = torch.from_numpy(np.array(exact)).to(getattr(torch, DTYPES[eps])).double().numpy()
    return (again.size - unequal(again, rounded) + 1) / (again.size + 1)


def _made(problem: Problem, recorded: Recorded) -> Iterator[dict[str, Array]]:
    """The gradients by each way that PyTorch may have gone, the likeliest first; as it was, when done."""
    try:
        torch = torch_module()
    except OracleUnavailable:
        return
    dtype = getattr(torch, DTYPES[recorded.eps])
    # no more threads than there are: in a copy of a process, others would wait for ever
    threads, enabled = torch.get_num_threads(), torch._C._get_mkldnn_enabled()
    orders = torch.contiguous_format, torch.channels_last
    ways = itertools.product(sorted({threads, 1}, reverse=True), (enabled, not enabled), orders)
    one_cell = problem.geometry.kernel_shape[1:3] == (1, 1)
    try:
        for count, own, order in ways:
            # oneDNN 3.12 in PyTorch 2.13 writes beyond its own memory there: the process may die of it
            if own and order is torch.channels_last and one_cell and any(problem.geometry.remainder):
                continue
            if torch.get_num_threads() != count:
                torch.set_num_threads(count)
            torch._C._set_mkldnn_enabled(own)
            yield _backward(torch, problem, recorded, dtype, order)
    except RuntimeError:  # there is no such kernel here
        return
    finally:
        torch._C._set_mkldnn_enabled(enabled)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


def _backward(torch: Any, problem: Problem, recorded: Recorded, dtype: Any, order: Any) -> dict[str, Array]:
    """The recorded gradients once more, as autograd computes them from the same tensors."""
    geometry = problem.geometry
    (top, bottom), (left, right) = geometry.padding
    given = geometry.batched(problem.dZ), geometry.batched(problem.A_prev), problem.W
    dZ, A_prev, W = (torch.from_numpy(channels_first(each)).to(dtype) for each in given)
    # as PyTorch does for "same": what one side has more is padded before
    more = max(right - left, 0), max(bottom - top, 0)
    if any(more):
        A_prev = torch.nn.functional.pad(A_prev, (0, more[0], 0, more[1]))
    with plain_autograd(torch), torch.no_grad():
        dA_prev, dW, db = torch.ops.aten.convolution_backward(
            *(each.contiguous(memory_format=order) for each in (dZ, A_prev, W)),
            [len(problem.W)],
            geometry.stride,
            (top, left),
            geometry.dilation,
            False,
            (0, 0),
            geometry.groups,
            ["dA_prev" in recorded.gradients, "dW" in recorded.gradients, problem.b is not None],
        )
    made = {}
    for name, values in (("dW", dW), ("db", db), ("dA_prev", dA_prev)):
        if name in recorded.gradients:
            wide = values.float() if values.dtype.itemsize < 4 else values
            made[name] = wide.numpy() if name == "db" else channels_last(wide)
    if "dA_prev" in made:
        height, width, _ = problem.A_prev.shape[-3:]
        dA = made["dA_prev"][:, :height, :width]
        made["dA_prev"] = dA if geometry.batch is not None else dA[0]
    return made
