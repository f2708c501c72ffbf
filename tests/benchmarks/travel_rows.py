"""Far seeks, what they keep, and whole gradients, on the ResNet stem."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from functools import partial

import numpy as np

from convstep.conv.backward import conv2d_backward
from convstep.conv.blocks import exact_gradients
from convstep.conv.problem import Problem
from convstep.conv.provenance import provenance
from convstep.conv.timeline import Timeline
from convstep.oracle.capture import capture
from convstep.oracle.comparison import compare
from convstep.oracle.numeric import central_differences
from tests.benchmarks.measuring import Row, in_turns, median, seconds
from tests.benchmarks.plain import drain

SEEKS = 400
"""Random positions of the warm seeks."""


def rows(stem: Problem, quick: bool) -> Iterator[Row]:
    """The rows of this module, one after the other."""
    firsts, seeks, replays = [], [], []
    for _ in range(1 if quick else 2):  # a replay before and after, so that both see the same machine
        replays.append(seconds(lambda: drain(stem)))
        firsts += [_first_seek(stem) for _ in range(3)]
        seeks.append(_warm_seeks(stem))
    replays.append(seconds(lambda: drain(stem)))
    replay = median(replays)
    p95 = median([float(np.quantile(taken, 0.95)) for taken in seeks])
    yield Row("warm random seek, p95 / replaying the whole layer", 1 / 2000, p95, replay)
    yield Row("first seek to the end, nothing cached / replaying", 1 / 10, median(firsts), replay)
    yield Row("who made a cell (dW, dA_prev_pad, db) / replaying", 1 / 1000, _origins(stem), replay)
    numeric = median([seconds(lambda: central_differences(stem)) for _ in range(3)])
    yield Row("central differences of a sample / replaying", 1 / 4, numeric, replay)
    yield _history(stem)
    yield from _against_torch(stem, 5 if quick else 15)
    yield _recorded(56 if quick else 224)


def _first_seek(stem: Problem) -> float:
    timeline = Timeline(stem)
    return seconds(lambda: timeline.seek(timeline.total))


def _warm_seeks(stem: Problem) -> list[float]:
    """Every seek on its own, to positions anywhere in the layer."""
    timeline = Timeline(stem)
    timeline.seek(timeline.total)
    positions = np.random.default_rng(1).integers(0, timeline.total + 1, SEEKS).tolist()
    return [seconds(lambda position=position: timeline.seek(position)) for position in positions]  # type: ignore[misc]


def _origins(stem: Problem) -> float:
    """The slowest of three cells, each in a gradient of its own."""
    row, column = stem.A_prev_pad.shape[0] // 2, stem.A_prev_pad.shape[1] // 2
    cells = {"dW": (5, 3, 2, 1), "db": (63,), "dA_prev_pad": (row, column, 2)}
    taken = {
        name: [seconds(partial(provenance, stem, name, cell)) for _ in range(5)]
        for name, cell in cells.items()
    }
    return max(median(spent) for spent in taken.values())


def _history(stem: Problem) -> Row:
    """After a pass to the end and enough steps that their overwritten values fill their share.

    Counted is what Python holds, beside the running gradients themselves.
    """
    tracemalloc.start()
    timeline = Timeline(stem)
    running = tracemalloc.get_traced_memory()[0]
    timeline.seek(timeline.total)
    timeline.seek(timeline.total // 3)
    for _ in range(1000):
        timeline.next()
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] - running
    tracemalloc.stop()
    arrays = (stem.A_prev, stem.W, stem.b, stem.dZ)
    size = sum(array.nbytes for array in arrays if array is not None)
    return Row("history kept / the problem's arrays", 2.0, kept, size, "B")


def _against_torch(stem: Problem, repeats: int) -> Iterator[Row]:
    import torch

    torch.set_num_threads(1)
    A = torch.tensor(stem.A_prev).permute(2, 0, 1)[None].contiguous().requires_grad_()
    W = torch.tensor(stem.W).permute(0, 3, 1, 2).contiguous().requires_grad_()
    b = torch.tensor(stem.b).requires_grad_()
    dZ = torch.tensor(stem.dZ).permute(2, 0, 1)[None].contiguous()
    Z = torch.nn.functional.conv2d(A, W, b, stride=stem.stride, padding=stem.padding[0][0])

    def theirs() -> object:
        return torch.autograd.grad(Z, (A, W, b), dZ, retain_graph=True)

    ways = {
        "whole exact gradients": partial(exact_gradients, stem),
        "public conv2d_backward": partial(
            conv2d_backward, stem.dZ, stem.cache, stem.stride, stem.padding, stem.dilation, stem.groups
        ),
    }
    for what, ours in ways.items():
        medians = in_turns(ours, theirs, repeats)
        yield Row(f"{what} / torch's conv backward, one thread", 10.0, *medians)


def _recorded(size: int) -> Row:
    """One sample of VGG16's second layer, captured, against torch's backward of it."""
    import torch

    torch.manual_seed(0)
    conv = torch.nn.Conv2d(64, 64, 3, padding=1)
    A = torch.randn(1, 64, size, size).relu().requires_grad_()
    dZ = torch.randn(1, 64, size, size) * 1e-4
    with capture(conv) as captured:
        conv(A).backward(dZ)
    problem, Z = captured.problem(), conv(A)

    def theirs() -> object:
        return torch.autograd.grad(Z, (A, *conv.parameters()), dZ, retain_graph=True)

    def ours() -> None:
        # the same arrays once more: what the loop made of them is kept for as long as the problem lives
        assert compare(problem.with_recorded(problem.recorded), oracle="recorded").ok

    medians = in_turns(ours, theirs, 3)
    return Row("recorded gradients of VGG16's second layer compared / torch's backward", 10.0, *medians)
