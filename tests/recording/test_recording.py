"""A function is recorded once and stepped both ways; what it did is what is shown."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from convstep.recording import events
from convstep.recording.case import case_of
from convstep.recording.limits import Limits
from convstep.recording.record import record
from convstep.recording.recorder import RecordingError, run
from convstep.recording.recording import Recording
from convstep.replay.search import Found, search
from convstep.replay.stops import parse_stop
from convstep.snippet import SnippetError

Array = npt.NDArray[Any]


def max_pool_backward(dout: Array, cache: Any) -> Array:
    """A course's, by loops."""
    x, size = cache
    dx: Array = np.zeros_like(x)
    for i in range(dout.shape[0]):
        for j in range(dout.shape[1]):
            window = x[i : i + size, j : j + size]
            mask = window == np.max(window)
            dx[i : i + size, j : j + size] += mask * dout[i, j]
    return dx


def crop(dout: Array) -> Array:
    """Writes through an alias, then gives the inside another name."""
    dx_pad = np.zeros((dout.shape[0] + 2, dout.shape[1] + 2))
    inside = dx_pad[1:-1, 1:-1]
    inside += dout
    dx_pad = dx_pad[1:-1, 1:-1]
    return dx_pad  # noqa: RET504  # the name is what is tested


def relu_backward(dout: Array, x: Array) -> Array:
    """Changes the caller's gradient."""
    dx = dout
    dx[x < 0] = 0
    return dx


def raises(x: Array) -> Array:
    """Fails in its third turn."""
    total = np.zeros(2)
    for i in range(5):
        total[0] += x[i]
    return total


def endless(x: Array) -> None:
    """Never returns."""
    n = 0
    while True:
        x[n % 3] += 1
        n += 1


def yields(x: Array) -> Any:
    """Says itself where a step ends."""
    for i in range(4):
        x[i] = 2 * x[i]
        if i % 2:
            yield i


class Linear:
    """A layer with attributes."""

    def __init__(self, W: Array) -> None:
        """Take weights."""
        self.W, self.dW = W, np.zeros_like(W)

    def backward(self, x: Array, dout: Array) -> Array:
        """Keeps its gradient in an attribute."""
        for n in range(len(x)):
            self._add(x[n], dout[n])
        return dout @ self.W.T

    def _add(self, x: Array, dout: Array) -> None:
        self.dW += np.outer(x, dout)


def pool() -> Recording:
    """A recording of overlapping windows."""
    rng = np.random.default_rng(0)
    return record(max_pool_backward, rng.standard_normal((3, 4)), (rng.standard_normal((4, 5)), 2))


def states(recording: Recording) -> list[dict[str, Array]]:
    """All arrays at all positions, on the way forward."""
    recording.seek(0)
    found = [{name: array.copy() for name, array in recording.arrays.items()}]
    while recording.next() is not None:
        found.append({name: array.copy() for name, array in recording.arrays.items()})
    return found


def same(first: dict[str, Array], second: Any) -> bool:
    """Whether the same arrays hold the same cells."""
    return first.keys() == second.keys() and all(np.array_equal(first[n], second[n]) for n in first)


def test_a_step_is_a_turn_of_the_innermost_loop_and_says_what_it_reads_and_writes() -> None:
    recording = pool()
    recording.seek(recording.total)
    event = recording.event
    assert [(loop.name, loop.at, loop.count) for loop in event.loops] == [("i", 2, 3), ("j", 3, 4)]
    last = next(one for one in event.statements if one.line == event.line)
    assert last.text == "dx[i : i + size, j : j + size] += mask * dout[i, j]"
    accesses = [(a.kind, a.array, a.region) for a in last.accesses]
    assert accesses == [
        ("reads", "mask", (slice(0, 2, 1), slice(0, 2, 1))),
        ("reads", "dout", (2, 3)),
        ("adds", "dx", (slice(2, 4, 1), slice(3, 5, 1))),
    ]
    write = event.write("dx")
    assert write.after is not None
    assert np.array_equal(write.after, recording.arrays["dx"][2:4, 3:5])
    assert write.before is not None
    mask: Any = event.variables["mask"]
    assert np.array_equal(write.after - write.before != 0, mask)


def test_every_position_is_the_same_whatever_the_way() -> None:
    recording = pool()
    known = states(recording)
    assert recording.total == len(known) - 1 == 13  # dx is made, then 12 windows
    for position in range(recording.total, -1, -1):
        assert same(known[position], recording.arrays)
        recording.back()
    draw = random.Random(1)
    for position in draw.choices(range(recording.total + 1), k=40):
        recording.seek(position)
        assert same(known[position], recording.arrays)
    assert np.array_equal(known[-1]["dx"], recording.result)


def test_writes_of_a_step_are_made_and_undone_one_by_one() -> None:
    recording = pool()
    known = states(recording)
    recording.seek(5)
    assert recording.next_write()
    assert (recording.position, recording.made) == (5, 1)
    assert recording.event.line == recording.event.write("mask").line
    assert np.array_equal(recording.arrays["dx"], known[5]["dx"])
    assert recording.next_write()
    assert (recording.position, recording.made) == (6, 0)
    assert recording.back_write()
    assert (recording.position, recording.made) == (5, 1)
    assert recording.back_write()
    assert (recording.position, recording.made) == (5, 0)
    assert same(known[5], recording.arrays)


def test_the_arguments_stay_and_writing_into_them_is_an_alarm() -> None:
    dout, x = np.array([[1.0, 2.0, 3.0]]), np.array([[-1.0, 0.0, 1.0]])
    recording = record(relu_backward, dout, x)
    assert dout.tolist() == [[1.0, 2.0, 3.0]]
    assert recording.result.tolist() == [[0.0, 2.0, 3.0]]
    (alarm,) = recording.alarms
    assert (alarm.array, alarm.text, recording.source.line(alarm.line).strip()) == (
        "dout",
        "dx[x < 0] = 0",
        "dx[x < 0] = 0",
    )
    assert pool().alarms == ()


def test_an_alias_writes_into_its_owner_and_a_name_may_stand_for_something_else() -> None:
    recording = record(crop, np.ones((2, 3)))
    assert [one.name for one in recording.catalogue] == ["dout", "dx_pad"]
    recording.seek(2)
    write = recording.event.write("dx_pad")
    assert write.region == (slice(1, 3, 1), slice(1, 4, 1))
    recording.next()
    (access,) = (a for a in recording.event.accesses if a.kind == "names")
    assert (access.array, access.text) == ("dx_pad", "dx_pad[1:-1, 1:-1]")
    assert recording.event.variables["dx_pad"].shape == (2, 3)  # type: ignore[attr-defined]
    assert recording.arrays["dx_pad"].shape == (4, 5)


def test_what_is_raised_ends_it_at_its_line_and_can_be_stepped_back_from() -> None:
    recording = record(raises, np.arange(3.0))
    assert recording.ended is not None
    assert (recording.ended.kind, recording.ended.sentence.partition(":")[0]) == ("raised", "IndexError")
    assert recording.source.line(recording.ended.line).strip() == "total[0] += x[i]"
    recording.seek(recording.total)
    assert recording.variables["i"] == 3
    assert recording.arrays["total"][0] == 3
    recording.back()
    assert recording.event.loops[0].at == 2


def test_what_does_not_end_is_stopped_and_stays_usable() -> None:
    recording = Recording(*_log_of(endless, np.zeros(3), limits=Limits(turns=100)))
    assert recording.ended is not None
    assert recording.ended.kind == "budget"
    assert recording.total == 100
    recording.seek(100)
    assert recording.arrays["x"].sum() == 100
    for limits in (Limits(bytes=20_000), Limits(seconds=-1.0)):
        assert Recording(*_log_of(endless, np.zeros(3), limits=limits)).ended is not None


def _log_of(function: Any, *arguments: Any, limits: Limits) -> tuple[Any, Any, str]:
    done = run(function, arguments, limits=limits)
    return done.log, done.source.text, done.name


def test_a_yield_says_where_a_step_ends() -> None:
    recording = record(yields, np.arange(4.0))
    assert (recording.total, recording.result) == (2, [1, 3])
    recording.seek(1)
    assert recording.arrays["x"].tolist() == [0.0, 2.0, 2.0, 3.0]


def test_a_method_keeps_its_gradients_in_attributes() -> None:
    rng = np.random.default_rng(1)
    layer = Linear(rng.standard_normal((3, 2)))
    x, dout = rng.standard_normal((4, 3)), rng.standard_normal((4, 2))
    recording = record(layer.backward, x, dout)
    assert not layer.dW.any()
    recording.seek(recording.total)
    assert recording.name == "Linear.backward"
    assert np.allclose(recording.arrays["self.dW"], x.T @ dout)
    recording.seek(2)
    assert [statement.frame for statement in recording.event.statements][-1] == 1
    assert recording.event.loops[0].name == "n"


def test_who_wrote_a_cell_is_known_with_line_and_values() -> None:
    recording = pool()
    writers = recording.writers("dx", (1, 1))
    steps = recording.touching("dx", (1, 1))
    assert sorted({one.step for one in writers}) == steps
    assert [one.kind for one in writers] == ["makes", *["adds"] * 4]
    for one in writers[1:]:
        recording.seek(one.step)
        assert recording.arrays["dx"][1, 1] == one.before
        recording.next()
        assert recording.arrays["dx"][1, 1] == one.after
    with pytest.raises(ValueError, match="dx"):
        recording.writers("dx", (9, 9))


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("i == 1", [5, 6, 7, 8]),
        ("i == 1 and j > 2", [8]),
        ("watch dx[3, 4]", [0, 12]),
        ("line == {line}", range(1, 13)),
        ("abs(dx) > 0 and j == 0", [1, 5, 9]),
    ],
)
def test_a_run_stops_at_lines_cells_and_values_both_ways(text: str, steps: list[int]) -> None:
    recording = pool()
    recording.seek(2)
    stop = parse_stop(text.format(line=recording.event.line), recording.layout)
    found, position = [], 0
    while hit := next(
        (one for one in search(recording.scout(), position, [stop]) if isinstance(one, Found)), None
    ):
        position = hit.position
        found.append(position - 1)
    assert found == list(steps)
    back = search(recording.scout(), recording.total, [stop], backwards=True)
    last = [one.position for one in back if isinstance(one, Found)]
    assert last == [at + 1 for at in steps if at + 1 < recording.total][-1:]


def test_what_cannot_be_recorded_is_said_in_a_sentence() -> None:
    with pytest.raises(RecordingError, match="not written in Python"):
        record(len, np.ones(3))
    namespace: dict[str, Any] = {}
    exec("def made(x):\n    return x", namespace)
    with pytest.raises(RecordingError, match="source of made is not known"):
        record(namespace["made"], np.ones(3))


def test_a_scout_moves_alone() -> None:
    recording = pool()
    recording.seek(4)
    before = recording.arrays["dx"].copy()
    scout = recording.scout()
    scout.seek(9)
    assert recording.position == 4
    assert np.array_equal(recording.arrays["dx"], before)


def test_the_code_is_as_it_was_afterwards() -> None:
    code = max_pool_backward.__code__
    pool()
    assert max_pool_backward.__code__ is code
    assert not [name for name in globals() if name.startswith("_convstep")]


def behind_its_back(x: Array, changed: Any) -> Array:
    """Calls what keeps an array of its own."""
    total = np.zeros(1)
    for i in range(2):
        total += x[i]
    changed()
    return total


def test_what_was_not_seen_is_said_and_no_argument_is_called_untouched() -> None:
    x = np.ones(3)
    done = run(behind_its_back, [x, lambda held={"x": x}: held["x"].fill(2)])
    recording = Recording(done.log, done.source.text, done.name, done.result)
    assert recording.unseen == ("x",)
    assert [(alarm.array, alarm.line) for alarm in recording.alarms] == [("x", 0)]
    assert pool().unseen == ()


def test_variables_are_looked_up_without_reading_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    recording = pool()
    shown = []
    while recording.next_write():
        shown.append({name: str(value) for name, value in recording.event.variables.items()})
    monkeypatch.setattr(events, "event", None)
    recording.seek(0)
    for expected in shown:
        recording.next_write()
        assert {name: str(value) for name, value in recording.variables.items()} == expected


def at(k: int) -> int:
    """Touches no array."""
    return k


def crossed(x: Array) -> Array:
    """One statement that calls helpers between its writes."""
    x[at(0)], x[at(1)] = x[at(1)] + at(3), at(6)
    at(7)
    x[at(2)] = x[at(0)] * at(2)
    return x


def test_a_helper_without_arrays_does_not_divide_a_statement() -> None:
    recording = record(crossed, np.arange(1.0, 4.0))
    assert [list(state["x"]) for state in states(recording)] == [[1, 2, 3], [5, 6, 3], [5, 6, 10]]


def reshaped(x: Array) -> Array:
    """Lets arrays look at their memory otherwise."""
    y = np.zeros(4)
    y[1] = 3
    y.shape = 2, 2
    y[1, 0] = x[0]
    x.shape = 2, 2
    x[1, 1] *= 5
    return y


def test_an_array_of_another_shape_is_still_the_same_memory() -> None:
    recording = record(reshaped, np.arange(1.0, 5.0))
    assert (len(recording.catalogue), recording.unseen, recording.alarms[0].text) == (2, (), "x[1, 1] *= 5")
    recording.seek(recording.total)
    assert {name: list(array.ravel()) for name, array in recording.arrays.items()} == {
        "x": [1, 2, 3, 20],
        "y": [0, 3, 1, 0],
    }
    assert recording.value_of("x[1, 1] + y[1, 0]") == 21


def scaled(value: Any, k: int) -> Any:
    """Has a statement of its own."""
    return value * k


def interrupted(x: Array) -> Array:
    """Calls a helper in the middle of a statement."""
    for i in range(2):
        x[i + 1] += x[i] * scaled(x[i + 1], 3)
    return x


def test_a_statement_that_a_call_interrupts_keeps_the_numbers_of_its_indices() -> None:
    recording = record(interrupted, np.arange(1.0, 4.0))
    for i, _ in enumerate(iter(recording.next, None)):
        _, last = [one for one in recording.event.statements if "scaled(" in one.text]
        told = [("x[i]", f"{i}"), ("x[i + 1]", f"{i + 1}"), ("", f"{i + 1}")]
        assert [(one.text, one.numbers) for one in last.subscripts] == told


def hollow() -> Array:
    """Makes an array without cells."""
    a = np.zeros((3, 0, 2))
    a[1] = 7
    return a


def test_an_array_without_cells_keeps_its_name_and_shape() -> None:
    recording = record(hollow)
    recording.seek(recording.total)
    assert {name: array.shape for name, array in recording.arrays.items()} == {"a": (3, 0, 2)}


def test_a_slice_in_a_variable_is_one_where_an_expression_uses_it() -> None:
    def summed(x: Array, given: dict[str, int]) -> Array:
        out = np.zeros(2)
        for i in range(2):
            rows, window = slice(i, i + 2), (slice(None, -1), slice(0, 3, 2))
            out[i] = x[rows, 1].sum() + x[window].sum()
        return out

    x = np.arange(12.0).reshape(3, 4)
    recorded = record(summed, x, {"pad": 1})
    recorded.seek(3)
    assert recorded.value_of("x[rows, 1]").tolist() == x[1:3, 1].tolist()
    assert recorded.value_of("x[window]").tolist() == x[:-1, 0:3:2].tolist()
    assert recorded.value_of("slice(i, i + 2)") == recorded.value_of("rows") == slice(1, 3)
    with pytest.raises(ValueError, match="of given only this is kept: dict of 1"):
        recorded.value_of("given")


def by_bits(x: Array) -> Array:
    """Changes signs as bytes, and makes an array within a call."""
    raw = x.view(np.uint8)
    raw[7::8] ^= 128
    x[1] += 1
    np.multiply(x, 2, out=(d := np.zeros(2)))
    return d


def test_a_cell_that_is_written_as_bytes_is_told_in_its_own_numbers() -> None:
    recording = record(by_bits, np.array([1.0, 2.0]))
    writers = recording.writers("x", (1,))
    assert [(one.kind, float(one.before or 0), float(one.after)) for one in writers] == [
        ("changes", 2, -2),
        ("adds", -2, -1),
    ]
    assert not recording.position


def test_what_is_made_and_filled_within_one_call_is_shown_filled() -> None:
    recording = record(by_bits, np.array([1.0, 2.0]))
    recording.seek(recording.total)
    assert list(recording.arrays["d"]) == [-2, -2]


def masked(x: Array, i: int) -> Array:
    """Makes what its caller has a name for."""
    mask: Array = x > i
    return mask


def masks(x: Array) -> Array:
    """Sets one variable in each turn to what a helper makes."""
    out = np.zeros(3)
    for i in range(4):
        mask = masked(x, i)
        out += mask * 2.0
    return out


def test_what_a_helper_makes_anew_in_each_turn_keeps_its_callers_name() -> None:
    recording = record(masks, np.arange(3.0))
    assert [one.name for one in recording.catalogue] == ["x", "out", "mask"]


def halved(x: Array, by: tuple[int, Array], *more: Array, scale: float = 1.0) -> tuple[Array, list[Array]]:
    total = np.zeros_like(x)
    for row in range(len(x)):
        x[row] /= by[0]
        total[row] += x[row] * scale + by[1]
    return total, [*more]


def test_a_call_is_written_as_code_that_returns_the_same() -> None:
    x = np.arange(6.0).reshape(3, 2) / 3
    recording = record(halved, x, (2, np.array([1, 2])), np.array([np.nan]), scale=0.5)
    recording.seek(2)
    made = case_of(recording)
    names: dict[str, Any] = {}
    exec(compile(made.text(), "case.py", "exec"), names)  # what it expects is so
    assert recording.position == 2
    assert names["result"][0].tobytes() == recording.result[0].tobytes()
    assert [check.code for check in made.checks] == ["result[0]", "result[1][0]"]
    lost = record(halved, x, {0: 2, 1: np.ones(2)})
    with pytest.raises(SnippetError, match="by has a dict of 2, whose content is not recorded"):
        case_of(lost)
