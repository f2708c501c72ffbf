"""What holds of every recording, held against a plain run and a tracer: functions that assert."""

from __future__ import annotations

import ast
import random
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from convstep.recording.record import record
from tests.recording.tracing import (
    Cells,
    Executed,
    Outcome,
    State,
    Tracer,
    arrays_in,
    call,
    plain_value,
    traced,
    value_of,
)

Array = npt.NDArray[Any]
Case = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


@dataclass
class Run:
    """One call: run plainly, run under the tracer, and recorded."""

    case: Callable[[], Case]
    """A function, its arguments and keyword arguments, made anew."""
    changes_arguments: bool = False
    """Whether the plain run leaves other values in an array that it was given."""

    @cached_property
    def plain(self) -> Outcome:
        """How the plain run ends."""
        function, args, kwargs = self.case()
        arrays = arrays_in([args, kwargs, getattr(function, "__self__", None)], {})
        before = [Cells.of(array) for array in arrays]
        outcome = call(function, args, kwargs)
        self.changes_arguments = before != [Cells.of(array) for array in arrays]
        return outcome

    @cached_property
    def tracer(self) -> Tracer:
        """What the tracer saw; the run it followed has ended as the plain one did."""
        outcome, tracer = traced(*self.case())
        assert ending(outcome) == ending(self.plain)
        return tracer

    @cached_property
    def recording(self) -> Any:
        """The recording; what was handed over is as it was."""
        function, args, kwargs = self.case()
        given = plain_value([args, kwargs, getattr(function, "__self__", None)], {})
        recording = record(function, *args, **kwargs)
        assert plain_value([args, kwargs, getattr(function, "__self__", None)], {}) == given
        return recording


def ending(outcome: Outcome) -> tuple[object, ...]:
    """How a run has ended, to compare."""
    if outcome.error is not None:
        return type(outcome.error).__name__, str(outcome.error)
    return ("returned", plain_value(outcome.result, {}))


def state_of(recording: Any) -> tuple[State, dict[str, Any]]:
    """All that a position shows: the arrays, the variables."""
    variables = {name: plain_value(value, {}) for name, value in recording.variables.items()}
    return arrays_of(recording), variables


def arrays_of(recording: Any) -> State:
    """The arrays at a position."""
    return {name: Cells.of(array) for name, array in recording.arrays.items()}


def states_of(recording: Any) -> list[tuple[State, dict[str, Any]]]:
    """The states at all positions, stepping forwards."""
    recording.seek(0)
    states = [state_of(recording)]
    while recording.next() is not None:
        states.append(state_of(recording))
        assert recording.position == len(states) - 1
    return states


def the_result_has_the_functions_own_bits(run: Run) -> None:
    recording = run.recording
    error = run.plain.error
    if error is None:
        assert recording.ended is None
        assert plain_value(recording.result, {}) == plain_value(run.plain.result, {})
    else:
        assert (recording.ended.kind, recording.ended.line) == ("raised", line_of(error, run.tracer.file))
        assert type(error).__name__ in recording.ended.sentence
        assert str(error).split("\n")[0] in recording.ended.sentence


def line_of(error: BaseException, file: str) -> int:
    """The line of the file at which it was raised, the innermost one."""
    places = traceback.extract_tb(error.__traceback__)
    lines = [place.lineno or 0 for place in places if place.filename == file]
    return lines[-1] if lines else 0


def every_state_is_the_same_whatever_the_way(run: Run) -> None:
    recording = run.recording
    states = states_of(recording)
    assert len(states) == recording.total + 1
    for position in reversed(range(recording.total)):
        assert recording.back() is not None
        assert (recording.position, arrays_of(recording)) == (position, states[position][0])
    assert recording.back() is None
    halves = []
    while recording.next_write():
        halves.append((recording.position, recording.made, arrays_of(recording)))
        if recording.made == 0:
            assert arrays_of(recording) == states[recording.position][0]
    assert recording.position == recording.total
    for half in reversed(halves):
        assert (recording.position, recording.made, arrays_of(recording)) == half
        assert recording.back_write()
    assert not recording.back_write()
    assert (recording.position, state_of(recording)) == (0, states[0])
    for position in random.Random(0).choices(range(recording.total + 1), k=8):
        recording.seek(position)
        assert (recording.position, state_of(recording)) == (position, states[position])


def at_the_end_the_arrays_are_as_the_plain_run_leaves_them(run: Run) -> None:
    recording = run.recording
    recording.seek(recording.total)
    arrays, variables = state_of(recording)
    line = recording.event.line if recording.total else 0
    last = run.tracer.last.get(line, {}) if line not in run.tracer.recursive else {}
    for name, value in last.items():
        if value and value[0] == "ndarray" and variables[name][0] != "str":  # not followed, and said so
            assert variables[name] == value, name
    for name, cells in run.tracer.owned.items():
        assert cells in arrays.values(), (name, cells, arrays)


def the_writes_are_all_that_changes(run: Run) -> None:
    recording = run.recording
    recording.seek(0)
    kept = {name: np.array(array, subok=False) for name, array in recording.arrays.items()}
    while recording.next() is not None:
        line, arrays = recording.event.line, recording.arrays
        for write in recording.event.writes:
            if write.kind == "makes":
                kept[write.array] = np.zeros_like(arrays[write.array], subok=False)
                kept[write.array][write.region] = write.after
            else:
                made_by_hand(kept[write.array], write)
        for name, array in arrays.items():
            if name not in kept and not name.isidentifier():  # made within an expression
                kept[name] = np.array(array, subok=False)
            assert name in kept, (line, name, "is there, but nothing has made it")
            assert Cells.of(kept[name]) == Cells.of(array), (line, name)


def made_by_hand(array: Array, write: Any) -> None:
    """Do one write on a copy: what it says was there before is there, what comes after is put there."""
    cells = array[(*write.region, ...)]
    chosen = write.cells if write.cells is not None else np.ones(cells.shape, bool)
    before, after = (np.broadcast_to(part, cells.shape) for part in (write.before, write.after))
    assert Cells.of(cells[chosen]) == Cells.of(before[chosen]), write
    cells[chosen] = after[chosen]


def whoever_changes_an_argument_is_alarmed(run: Run) -> None:
    recording = run.recording
    arguments = {array.name for array in recording.catalogue if array.is_argument}
    assert run.plain is not None
    owner = getattr(run.case()[0], "__self__", None)
    if not arrays_in([owner], {}):  # a method's own object is its own
        assert recording.alarms or not run.changes_arguments
    for alarm in recording.alarms:
        recording.seek(alarm.step + 1)
        places = {(write.array, write.line) for write in recording.event.writes}
        assert alarm.array in arguments
        assert (alarm.array, alarm.line) in places


def a_cell_knows_its_writers(run: Run) -> None:
    recording = run.recording
    draw = random.Random(0)
    recording.seek(0)
    events = []
    while recording.next() is not None:
        events.append(recording.event)
    for array, shape in recording.layout.written.items():
        made = [write for event in events for write in event.writes if makes(write, array)]
        if 0 in shape or len({(len(write.region), np.shape(write.after)) for write in made}) > 1:
            continue  # there is no cell, or the name was given to arrays of several shapes
        index = tuple(draw.randrange(length) for length in shape)
        steps = [event.index for event in events if event.writes_cell(array, index, shape)]
        assert list(recording.touching(array, index)) == steps, (array, index)
        writers = recording.writers(array, index)
        assert {writer.step for writer in writers} <= set(steps)
        if writers and (not made or writers[-1].line not in {write.line for write in made}):
            last = np.asarray(writers[-1].after, recording.arrays[array].dtype)
            assert Cells.of(last) == Cells.of(recording.arrays[array][index]), (array, index, writers[-1])


def makes(access: Any, array: str) -> bool:
    """Whether an access is where an array of this name begins."""
    return bool(access.array == array and access.kind == "makes")


def the_variables_are_those_that_a_tracer_sees(run: Run) -> None:
    recording, executed = run.recording, run.tracer.executed
    recording.seek(0)
    several, loops = lines_of_several(Path(run.tracer.file)), lines_of_loops(Path(run.tracer.file))
    codes = run.tracer.codes
    seen: Counter[int] = Counter()
    while recording.next() is not None:
        event = recording.event
        # a step ends with the last statement of the function in which its line stands
        inner = [one for one in event.statements if codes.get(one.line) is codes.get(event.line)]
        frame = next((one.frame for one in reversed(inner) if one.line == event.line), None)
        inner = [one for one in inner if frame in (None, one.frame)]
        for statement in event.statements:
            ends = bool(inner) and statement is inner[-1]
            shown = {name: value_of(value) for name, value in statement.variables.items()}
            shown = {name: value for name, value in shown.items() if value and value[0] != "ndarray"}
            if ends and (shown or not statement.text.startswith(("for ", "while "))):
                shown = {name: value_of(value) for name, value in event.variables.items()}
            # a loop's line without its variable is the end of the loop, or its start
            if shown and statement.line not in several:
                there = executed[statement.line]
                within = statement.line in loops
                first = 0 if statement.line in run.tracer.recursive else seen[statement.line]
                seen[statement.line] = found(shown, there, first, within, event)


def found(shown: Mapping[str, Any], there: Sequence[Executed], first: int, within: bool, event: Any) -> int:
    """At which execution of its line, not before the `first`, the tracer saw these values.

    It may be the same as before: calls inside a statement divide it into several.
    """
    for at in range(first, len(there)):
        if agree(shown, there[at].variables) or (within and agree(shown, there[at].before)):
            return at
    seen = [{name: each.variables.get(name) for name in shown} for each in there[first : first + 3]]
    raise AssertionError(f"step {event.index}, from time {first + 1}: {shown}, but the tracer saw {seen}")


@cache
def lines_of_several(file: Path) -> frozenset[int]:
    """Lines with several statements, between which a tracer cannot look, or with a part that runs later."""
    nodes = nodes_of(file)
    lines = Counter(node.lineno for node in nodes if isinstance(node, ast.stmt | ast.GeneratorExp))
    return frozenset(line for line, count in lines.items() if count > 1)


@cache
def lines_of_loops(file: Path) -> frozenset[int]:
    """Lines of statements with loops or calls within, so that a step may end before the statement does."""
    kinds = (ast.Call, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    statements = [node for node in nodes_of(file) if isinstance(node, ast.stmt)]
    return frozenset(
        statement.lineno
        for statement in statements
        if any(isinstance(part, kinds) for part in ast.walk(statement))
    )


@cache
def nodes_of(file: Path) -> list[ast.AST]:
    """All of a file's syntax; of a notebook's nothing."""
    return list(ast.walk(ast.parse(file.read_text()))) if file.suffix == ".py" else []


def agree(shown: Mapping[str, Any], traced_variables: Mapping[str, Any]) -> bool:
    """Whether the numbers and arrays that are shown are those that the tracer saw."""
    return all(
        value == traced_variables[name]
        for name, value in shown.items()
        if value is not None and traced_variables.get(name) is not None
    )


PROMISES = (
    the_result_has_the_functions_own_bits,
    every_state_is_the_same_whatever_the_way,
    at_the_end_the_arrays_are_as_the_plain_run_leaves_them,
    the_writes_are_all_that_changes,
    whoever_changes_an_argument_is_alarmed,
    a_cell_knows_its_writers,
    the_variables_are_those_that_a_tracer_sees,
)
"""All of them."""
