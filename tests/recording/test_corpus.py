"""The corpus recorded: the bits are the functions' own, and every state is what a tracer sees."""

from __future__ import annotations

import importlib.util
import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from convstep.recording.record import record

from convstep.candidate.load.loading import load
from convstep.candidate.load.target import Target
from tests.recording.tracing import Cells, Outcome, State, Tracer, call, plain_value, traced, value_of

Array = npt.NDArray[Any]
Case = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]
FOLDER = Path(__file__).parent / "corpus"
NOTEBOOK = FOLDER / "assignment.ipynb"


def cases_of(module: str) -> list[Case]:
    """The cases of a corpus module that has just been executed, so that its globals are as at the start."""
    if module == NOTEBOOK.stem:
        return list(notebook_cases())
    spec = importlib.util.spec_from_file_location(f"corpus_{module}", FOLDER / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return list(loaded.cases())


def notebook_cases() -> Iterator[Case]:
    """The notebook's functions, loaded as `check` loads them."""

    def function(name: str) -> Any:
        return load(Target.parse(f"{NOTEBOOK}:{name}")).function

    draw = np.random.RandomState(5).randn
    yield "pool", function("max_pool_backward"), (draw(2, 3), draw(4, 6)), {}
    yield "softmax", function("softmax_backward"), (draw(2, 3), np.abs(draw(2, 3))), {}
    yield "update", function("update"), (draw(4), draw(4)), {}


MODULES = sorted(path.stem for path in FOLDER.glob("[!_]*.*") if path.suffix in (".py", ".ipynb"))
CASES = [(module, at, name) for module in MODULES for at, (name, *_) in enumerate(cases_of(module))]
"""Module, place in it, name."""


@dataclass
class Run:
    """One case: run plainly, run under the tracer, and recorded."""

    module: str
    at: int

    def case(self) -> Case:
        """Its function and arguments, made anew."""
        return cases_of(self.module)[self.at]

    @cached_property
    def plain(self) -> Outcome:
        """How the plain run ends."""
        _, function, args, kwargs = self.case()
        return call(function, args, kwargs)

    @cached_property
    def tracer(self) -> Tracer:
        """What the tracer saw; the run it followed has ended as the plain one did."""
        outcome, tracer = traced(*self.case()[1:])
        assert ending(outcome) == ending(self.plain)
        return tracer

    @cached_property
    def recording(self) -> Any:
        """The recording; what was handed over is as it was."""
        _, function, args, kwargs = self.case()
        given = plain_value([args, kwargs, getattr(function, "__self__", None)], {})
        recording = record(function, *args, **kwargs)
        assert plain_value([args, kwargs, getattr(function, "__self__", None)], {}) == given
        return recording


def ending(outcome: Outcome) -> tuple[object, ...]:
    """How a run has ended, to compare."""
    if outcome.error is not None:
        return type(outcome.error).__name__, str(outcome.error)
    return ("returned", plain_value(outcome.result, {}))


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}: {case[2]}")
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # of functions that divide by zero on purpose
        # two runs are compared half-way: what was in the memory before must be the same in both
        patch.setattr(np, "empty", np.zeros)
        patch.setattr(np, "empty_like", np.zeros_like)
        module, at, _ = request.param
        yield Run(module, at)


def state_of(recording: Any) -> tuple[State, dict[str, Any]]:
    """All that a position shows: the arrays, the variables."""
    arrays = {name: Cells.of(array) for name, array in recording.arrays.items()}
    return arrays, {name: plain_value(value, {}) for name, value in recording.variables.items()}


def states_of(recording: Any) -> list[tuple[State, dict[str, Any]]]:
    """The states at all positions, stepping forwards."""
    recording.seek(0)
    states = [state_of(recording)]
    while recording.next() is not None:
        states.append(state_of(recording))
        assert recording.position == len(states) - 1
    return states


def test_the_result_has_the_functions_own_bits(run: Run) -> None:
    recording = run.recording
    error = run.plain.error
    if error is None:
        assert recording.ended is None
        assert plain_value(recording.result, {}) == plain_value(run.plain.result, {})
    else:
        assert recording.ended.kind == "raised"
        assert type(error).__name__ in recording.ended.text
        assert str(error).split("\n")[0][:40] in recording.ended.text


def test_every_state_is_the_same_whatever_the_way(run: Run) -> None:
    recording = run.recording
    states = states_of(recording)
    assert len(states) == recording.total + 1
    for position in reversed(range(recording.total)):
        assert recording.back() is not None
        assert (recording.position, state_of(recording)) == (position, states[position])
    assert recording.back() is None
    halves = []
    while recording.next_write():
        halves.append((recording.position, recording.made, state_of(recording)))
        if recording.made == 0:
            assert state_of(recording) == states[recording.position]
    assert recording.position == recording.total
    for half in reversed(halves):
        assert (recording.position, recording.made, state_of(recording)) == half
        assert recording.back_write()
    assert not recording.back_write()
    assert (recording.position, state_of(recording)) == (0, states[0])
    for position in random.Random(0).choices(range(recording.total + 1), k=8):
        recording.seek(position)
        assert (recording.position, state_of(recording)) == (position, states[position])


def test_at_the_end_the_arrays_are_as_the_plain_run_leaves_them(run: Run) -> None:
    recording = run.recording
    recording.seek(recording.total)
    arrays, variables = state_of(recording)
    for name, value in run.tracer.last.items():
        if isinstance(value, tuple) and value[0] == "ndarray":
            assert variables[name] == value
    assert {name: arrays[name] for name in run.tracer.owned} == run.tracer.owned


def test_the_writes_are_all_that_changes(run: Run) -> None:
    recording = run.recording
    recording.seek(0)
    kept = {name: np.array(array, subok=False) for name, array in recording.arrays.items()}
    while recording.next() is not None:
        for write in recording.event.writes:
            made_by_hand(kept, write)
        now = {name: Cells.of(array) for name, array in recording.arrays.items()}
        assert {name: Cells.of(kept[name]) for name in now if name in kept} == now, recording.event.line


def made_by_hand(arrays: dict[str, Array], write: Any) -> None:
    """Do one write on copies: what it says was there before is there, what comes after is put there."""
    if write.kind == "makes":
        arrays[write.array] = np.array(write.after, subok=False)
        return
    array = arrays[write.array]
    cells = array[(*write.region, ...)]
    chosen = write.cells if write.cells is not None else np.ones(cells.shape, bool)
    before, after = (np.broadcast_to(part, cells.shape) for part in (write.before, write.after))
    assert Cells.of(cells[chosen]) == Cells.of(before[chosen]), write
    cells[chosen] = after[chosen]


def test_the_variables_are_those_that_a_tracer_sees(run: Run) -> None:
    recording, executed = run.recording, run.tracer.executed
    recording.seek(0)
    events = []
    while recording.next() is not None:
        event = recording.event
        shown = {name: value_of(value) for name, value in event.variables.items()}
        events.append((event, shown))
    counts = Counter(statement.line for event, _ in events for statement in event.statements)
    seen: Counter[int] = Counter()
    for event, shown in events:
        for statement in event.statements:
            numbers = {name: value_of(value) for name, value in statement.variables.items()}
            wanted = {name: value for name, value in numbers.items() if value and value[0] != "ndarray"}
            if statement is event.statements[-1]:
                wanted = shown
            line, first = statement.line, seen[statement.line]
            there = executed[line]
            last = first + 1 if counts[line] == len(there) else len(there)
            found = next((at for at in range(first, last) if agree(wanted, there[at].variables)), None)
            assert found is not None, (
                f"step {event.index}, line {line}, time {first + 1}: {wanted}, but the tracer saw "
                f"{[each.variables for each in there[first:last][:3]]}"
            )
            seen[line] = found + 1


def agree(shown: Mapping[str, Any], traced_variables: Mapping[str, Any]) -> bool:
    """Whether the numbers and arrays that are shown are those that the tracer saw."""
    return all(
        value == traced_variables[name]
        for name, value in shown.items()
        if value is not None and value[0] != "str" and traced_variables.get(name) is not None
    )
