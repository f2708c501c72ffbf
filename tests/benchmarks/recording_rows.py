"""A function recorded against the plain function, and what can be done with the recording."""

from __future__ import annotations

import copy
import gc
import math
import resource
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from convstep.candidate.load.target import Target
from convstep.candidate.record.arguments import Arguments
from convstep.candidate.record.recorder import Recorder
from convstep.oracle import nursery
from convstep.recording.record import record
from convstep.recording.recording import Recording
from tests.benchmarks import samples
from tests.benchmarks.measuring import Row, in_turns, seconds

MOST = 3.0
"""A function recorded, from the call until it can be stepped, against the plain function."""
NEARBY, SEEKS = 1000, 50
"""Steps of one run back and forward; positions that are gone to."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A function as people write it, and its arguments."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    call: str = ""
    """The same call as an expression, for another process."""

    def plain(self) -> object:
        """Run it; the copies are what a recording makes as well."""
        return self.function(*copy.deepcopy(self.arguments))

    def recorded(self) -> Recording:
        """Record it, as far as the first thing that a screen asks for."""
        recording = record(self.function, *self.arguments)
        recording.next()
        return recording


def rows(quick: bool) -> Iterator[Row]:
    """The rows of this module, one after the other."""
    for sample in _samples((5_000,) if quick else (5_000, 100_000)):
        medians = in_turns(sample.recorded, sample.plain, 3 if quick else 5)
        yield Row(f"recorded / plain, {sample.name}", MOST, *medians)
    for sample in () if quick else _samples((100_000,)):
        if sample.call:
            yield _opened(sample)
    yield from map(_kept, _samples((5_000,)))
    for sample in _samples((5_000,) if quick else (100_000,)):
        recording = sample.recorded()
        yield _back(sample, recording)
        if not quick:  # a short one is walked in no time
            yield _anywhere(sample, recording)


def _samples(sizes: tuple[int, ...]) -> Iterator[Sample]:
    """Loops of about so many steps."""
    numbers = np.random.default_rng(0).standard_normal
    for steps in sizes:
        side = {5_000: 18, 100_000: 80}[steps]
        channels = 8
        named = f"{steps:,} steps"
        cache = (numbers((2, side, side, 3)), numbers((3, 3, 3, channels)), None, {"stride": 1, "pad": 1})
        drawn = "np.random.default_rng(0).standard_normal"
        call = (
            f"conv_backward({drawn}((2, {side}, {side}, {channels})), ({drawn}((2, {side}, {side}, 3)), "
            f"{drawn}((3, 3, 3, {channels})), None, {{'stride': 1, 'pad': 1}}))"
        )
        dZ = numbers((2, side, side, channels))
        yield Sample(f"conv, {named}", samples.conv_backward, (dZ, cache), call)
        pooled = numbers((2, channels, 2 * side, 2 * side))
        sizes_of = {"pool_height": 2, "pool_width": 2, "stride": 2}
        dout = numbers((2, channels, side, side))
        call = f"max_pool_backward_naive({drawn}({dout.shape}), ({drawn}({pooled.shape}), {sizes_of}))"
        yield Sample(f"max pool, {named}", samples.max_pool_backward_naive, (dout, (pooled, sizes_of)), call)
        rows_of = steps // 500
        linear = numbers((rows_of, 20)), numbers((rows_of, 25)), numbers((25, 20))
        yield Sample(f"linear, {named}", samples.linear_backward, linear)


def _opened(sample: Sample) -> Row:
    """A function opened as `convstep open` does it, in both processes, without the start of the child."""
    target = Target.parse(f"{samples.__file__}:{sample.function.__name__}")

    def start(recorded: bool) -> None:
        with Recorder.of_target(target, {"unmade": True}) as recorder:
            if recorded:
                recording, _ = recorder.record(Arguments(call=sample.call))
                assert recording.layout.written
                recording.next()
                assert recording.event.accesses

    sides = partial(start, recorded=True), partial(start, recorded=False), sample.plain
    taken = [[_in_all_processes(side) for side in sides] for _ in range(6)][1:]
    opened, started, plain = (median(own) for own in zip(*taken, strict=True))
    return Row(f"opened through the child / plain, {sample.name}", MOST, opened - started, plain)


def _in_all_processes(side: Callable[[], object]) -> float:
    """How long this process computes for one run, and those that have ended in it."""
    gc.collect()
    before = _spent()
    side()
    return _spent() - before


def _spent() -> float:
    nursery.close()  # what is copied from it counts when it has ended
    return time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def _back(sample: Sample, recording: Recording) -> Row:
    recording.seek(recording.total // 2)
    forward, back = partial(_walk, recording.next), partial(_walk, recording.back)
    forward()
    return Row(f"step back / step forward, recorded {sample.name}", 1.2, *in_turns(back, forward, 9))


def _anywhere(sample: Sample, recording: Recording) -> Row:
    """A seek to a random place, against walking the whole recording."""
    recording.seek(0)
    whole = seconds(partial(_walk, recording.next, recording.total))
    places = np.random.default_rng(1).integers(0, recording.total + 1, SEEKS).tolist()
    taken = sorted(seconds(partial(recording.seek, place)) for place in places)
    return Row(f"seek (p95) / all steps, recorded {sample.name}", 1 / 20, taken[int(SEEKS * 0.95)], whole)


def _kept(sample: Sample) -> Row:
    """Memory of a recording, against copies of the arrays that it changes at every step."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    recording = record(sample.function, *sample.arguments)
    kept = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    changed = [one for one in recording.catalogue if one.written]
    copies = sum(math.prod(one.shape) * one.dtype.itemsize for one in changed) * recording.total
    return Row(f"memory of the recording / of copies at every step, {sample.name}", 1 / 4, kept, copies, "B")


def _walk(move: Callable[[], object], steps: int = NEARBY) -> None:
    for _ in range(steps):
        move()
