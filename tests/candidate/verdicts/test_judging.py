"""What is said of backwards by their own forwards: nothing false of right ones, the line of what is not."""

from __future__ import annotations

import copy
import json
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from convstep.candidate.verdicts.calls import Called, Pair
from convstep.candidate.verdicts.judging import judge, judge_alone
from convstep.candidate.verdicts.marks import AGREES, DIFFERS, UNKNOWN, Ending, Mark, Verdicts
from tests.candidate.verdicts.corpus import MISTAKES, RIGHT, Mistake, module, pair_of, planted, r
from tests.strategies import SELDOM, THOROUGH, some


def test_of_right_code_nothing_is_said_to_differ() -> None:
    files: dict[str, types.ModuleType] = {}
    ends, lines, positions, left_open = [], [], [], []
    for name, arguments in some(RIGHT.items(), 6):
        file, _, function = name.partition(".")
        found = judge(pair_of(files.setdefault(file, module(file)), function, arguments()))
        assert not found.note, name
        ends += [one.mark.kind for one in found.end]
        lines += [mark.kind for mark in found.lines.values()]
        positions += [mark.kind for mark in found.positions.values()]
        left_open += [(name, one.result) for one in found.end if one.mark.kind == UNKNOWN]
    assert len(RIGHT) >= 40
    assert DIFFERS not in {*ends, *lines, *positions}
    if not THOROUGH:
        return
    # a mean over the batch, and a penalty on the weights
    assert left_open == [
        ("linear.linear_backward", "dW"),
        ("linear.linear_backward", "db"),
        ("linear.ridge_backward", "dw"),
    ]
    assert lines.count(AGREES) > 160
    assert lines.count(UNKNOWN) <= 7
    assert positions.count(AGREES) > 100


@SELDOM
def test_what_differs_is_caught_and_most_of_it_at_its_line() -> None:
    caught, right = [], []
    for mistake in some(MISTAKES, 6):
        made, lines = planted(mistake)
        name = mistake.name.partition(".")[2]
        found = judge(pair_of(made, name, RIGHT[mistake.name]()))
        caught.append(found.differs)
        right.append(found.first in lines)
        assert sum(mark.first for mark in found.lines.values()) == 1, mistake
    assert len(MISTAKES) >= 25
    assert all(caught)
    assert sum(right) >= 0.85 * len(right)


def test_without_a_forward_a_backward_is_held_against_itself() -> None:
    files: dict[str, types.ModuleType] = {}
    looked_at = 0
    for name, arguments in some(RIGHT.items(), 6):
        file, _, function = name.partition(".")
        pair = pair_of(files.setdefault(file, module(file)), function, arguments())
        found = judge_alone(pair.backward, note="no forward")
        assert {mark.kind for mark in found.positions.values()} <= {AGREES}, name
        assert not found.lines
        assert found.note == "no forward"
        looked_at += bool(found.positions)
    assert looked_at >= (10 if THOROUGH else 1)


@pytest.mark.parametrize("mistake", [one for one in MISTAKES if one.right == f"+{one.wrong}"], ids=str)
def test_without_a_forward_what_overwrites_is_caught(mistake: Mistake) -> None:
    made, lines = planted(mistake)
    found = judge_alone(pair_of(made, mistake.name.partition(".")[2], RIGHT[mistake.name]()).backward)
    assert found.first in lines
    assert "itself returns" in found.lines[found.first or 0].how
    assert min(at for at, mark in found.positions.items() if mark.kind == DIFFERS) > 1


@pytest.mark.parametrize(
    ("dout", "kinds"),
    [
        ([2.0, 3.0, 4.0], [DIFFERS, DIFFERS, AGREES]),  # in the end it is what it returns
        (
            [2.0, 2.0, 2.0],
            [DIFFERS, None, AGREES],
        ),  # nothing new is wrong at the second, and not all is right
    ],
)
def test_what_has_come_right_does_not_differ_and_what_is_still_wrong_does_not_agree(
    dout: list[float], kinds: list[str | None]
) -> None:
    text = """
import numpy as np
def last_backward(dout):
    dx = np.zeros(2)
    for i in range(3):
        dx[0] = dout[i]
    return dx
"""
    found = judge_alone(Called(module("norms", lambda _: text).last_backward, (np.array(dout),)))
    marks = [found.positions.get(position) for position in (2, 3, 4)]
    assert [mark and mark.kind for mark in marks] == kinds


@pytest.mark.parametrize("kept", ["h", "self['h']", "self.h"])
def test_what_turns_leave_to_each_other_is_not_held_against_itself(kept: str) -> None:
    text = f"""
import numpy as np
class Kept(dict):
    pass
def run_backward(dout):
    dx = np.zeros_like(dout)
    self, h = Kept(h=np.zeros(2)), np.zeros(2)
    self.h = h
    for t in range(len(dout) - 1, -1, -1):
        {kept} = 0.5 * {kept} + dout[t]
        dx[t] = {kept}
    return dx
"""
    found = judge_alone(Called(module("norms", lambda _: text).run_backward, (r(4, 2),)))
    assert not found.lines
    assert not found.positions


def _verdicts(name: str, *change: str, arguments: tuple[Any, ...] | None = None) -> Verdicts:
    given = RIGHT[name]() if arguments is None else arguments
    made, _ = planted(Mistake(name, change[0], change[1])) if change else (module(name.partition(".")[0]), ())
    return judge(pair_of(made, name.partition(".")[2], given))


def _of(text: str, backward: str, *arguments: Any) -> Verdicts:
    """What is said of a backward of a text by the forward in it."""
    made = module("norms", lambda _: text)
    return judge(pair_of(made, backward, arguments))


def test_a_running_gradient_says_the_step_at_which_it_parts() -> None:
    found = _verdicts("linear.linear_loops_backward", "dw[d, m] += dout", "dw[d, m] = dout")
    first = [position for position, mark in found.positions.items() if mark.first]
    # 2 steps before the loop, 4 for each cell of dout; the third is the first that meets a column again
    assert first == [2 + 4 * 3]
    assert found.positions[10].kind == AGREES
    assert "zeros in the cells of `dout` that are not read yet" in found.positions[14].how


def test_a_recurrence_is_not_judged_while_it_runs() -> None:
    found = _verdicts("recurrent.rnn_backward", "dWh += dWh_t", "dWh = dWh_t")
    assert found.differs
    assert not any(mark.kind == DIFFERS for mark in found.positions.values())


def test_a_sign_is_said_as_a_number_that_it_is_times() -> None:
    found = _verdicts(
        "norms.batchnorm_backward", "-1 * np.sum(dxmu1 + dxmu2, axis=0)", "np.sum(dxmu1, axis=0)"
    )
    line = next(line for line, mark in found.lines.items() if mark.first)
    assert found.lines[line].kind == DIFFERS
    found = _verdicts("linear.affine_backward", "np.sum(dout, axis=0)", "-np.sum(dout, axis=0)")
    assert "`db` is -1 times the gradient by `b` in every cell" in found.lines[found.first or 0].how


def test_a_part_is_called_a_part() -> None:
    found = _verdicts("norms.batchnorm_backward")
    parts = {mark.how.split("`")[1]: mark for mark in found.lines.values() if mark.kind == UNKNOWN}
    assert set(parts) == {"dxmu1", "dxmu2", "dx1", "dx2"}
    assert "through line 12 of batchnorm_forward, without its other uses" in parts["dxmu1"].how


@pytest.mark.parametrize(
    ("name", "right", "wrong", "lines"),
    [
        ("recurrent.rnn_step_backward", "1 - next_h ** 2", "1 - next_h", (16,)),
        ("recurrent.lstm_step_backward", "dc = dnext_c + dnext_h * o", "dc = dnext_c + dnext_h", (73,)),
        ("windows.upsample_backward", "+= dout[i, j]", "= dout[i, j]", ()),
    ],
)
def test_what_all_that_differs_is_made_of_is_named(
    name: str, right: str, wrong: str, lines: tuple[int, ...]
) -> None:
    found = _verdicts(name, right, wrong)
    assert found.open == lines
    assert found.differs


GATED = """
import numpy as np


def squash(z):
    return 1 / (1 + np.exp(-z))


def gated_forward(x, w):
    a = x @ w
    H = x.shape[1]
    MADE
    y = r * k
    return y, (x, w, r, k)


def gated_backward(dy, cache):
    x, w, r, k = cache
    dr = dy * k * r * (1 - r)
    dk = dy * r * (1 - k ** 2)
    da = np.hstack([dk, dr])
    dw = x.T @ da
    return da @ w.T, dw
"""
"""Its gradients of gates are by what goes into them, as most authors write them; two change places."""


@pytest.mark.parametrize(
    "made",
    [
        "r, k = squash(a[:, :H]), np.tanh(a[:, H:])",
        "r = 1 / (1 + np.exp(-a[:, :H])); k = np.tanh(a[:, H:])",
        "ar, ak = np.split(a, 2, axis=1); r = squash(ar); k = np.tanh(ak)",
        "ar, ak = np.split(a, 2, axis=1); (r, k) = squash(ar), np.tanh(ak)",
    ],
)
def test_a_gradient_by_what_goes_into_a_variable_is_not_blamed(made: str) -> None:
    found = _of(GATED.replace("MADE", made), "gated_backward", np.eye(3) + 0.3, np.ones((3, 6)) / 4)
    assert found.differs
    assert not {19, 20} & {line for line, mark in found.lines.items() if mark.kind == DIFFERS}


SOFT = """
import numpy as np


def soft_forward(x):
    slope = np.tanh(2 * x + x ** 3)
    return x * slope, x


def soft_backward(dy, x):
    tilt = np.tanh(2 * x + x ** 3)
    steep = 2 + 3 * x ** 2
    n = x.shape[0]
    return dy * (tilt + x * (1 - tilt ** 2) * steep)
"""


def test_a_slope_that_is_made_of_no_gradient_may_be_what_is_wrong() -> None:
    x = np.linspace(-0.8, 0.9, 6).reshape(2, 3)
    assert not _of(SOFT, "soft_backward", x).differs
    found = _of(SOFT.replace("3 * x ** 2", "x ** 2"), "soft_backward", x)
    assert found.differs
    assert found.open == (11, 12)


TWO = """
def two_forward(x):
    return x * x, 3 * x, x


def two_backward(dp, dq, x):
    dx = dp * x + 3 * dq
    return dx
"""


PENALISED = """
import numpy as np


def gate_forward(x, w):
    return np.maximum(x, 0) * w, (x, w)


def gate_backward(dy, cache):
    x, w = cache
    dx = dy * w * (x > 0)
    dw = dy * np.maximum(x, 0)
    MORE
    return dx, dw
"""


@pytest.mark.parametrize(
    ("more", "differs"),
    [("dw = dw + 0.1 * w", False), ("dw += 0.1 * np.sign(w)", False), ("dx[x < 0] = 1", True)],
)
def test_a_penalty_is_one_on_weights_and_not_on_data(more: str, differs: bool) -> None:
    x = np.linspace(-0.8, 0.9, 6).reshape(2, 3)
    found = _of(PENALISED.replace("MORE", more), "gate_backward", x, 1 - x[::-1])
    assert found.differs is differs
    assert ("penalty" in " ".join(one.mark.how for one in found.end)) is not differs


def test_each_output_stands_beside_its_own_gradient() -> None:
    found = _of(TWO, "two_backward", np.linspace(-0.8, 0.9, 6).reshape(2, 3))
    assert "`sum(out[0] * dp) + sum(out[1] * dq)`" in " ".join(mark.how for mark in found.lines.values())


def test_every_mark_says_how_it_was_found_out() -> None:
    found = _verdicts("windows.conv_backward")
    marks = [*found.lines.values(), *found.positions.values(), *(one.mark for one in found.end)]
    assert all("conv_forward" in mark.how and "central differences" in mark.how for mark in marks)


def test_where_the_forward_has_a_corner_it_is_looked_at_beside_it() -> None:
    x = np.array([[0.0, 1.0, -2.0], [0.0, 0.0, 3.0]])
    found = _verdicts("activations.relu_backward", arguments=(x,))
    assert [one.mark.kind for one in found.end] == [AGREES]
    assert "moved a little" in found.end[0].mark.how


def test_a_forward_that_jumps_says_nothing() -> None:
    text = """
import numpy as np
def quantize_forward(x):
    return np.round(x), x
def quantize_backward(dout, cache):
    return dout
"""
    found = _of(text, "quantize_backward", np.array([0.5, 1.5, -0.25]))
    assert [one.mark.kind for one in found.end] == [UNKNOWN] or found.note
    assert not found.differs


def test_a_forward_of_other_numbers_each_time_says_nothing() -> None:
    text = """
import numpy as np
def noisy_forward(x):
    mask = np.random.default_rng().random(x.shape)
    return x * mask, mask
def noisy_backward(dout, mask):
    return dout * mask
"""
    assert "other numbers each time" in _of(text, "noisy_backward", r(3)).note


def test_a_gradient_that_is_clipped_is_left_open() -> None:
    text = """
import numpy as np
def scale_forward(x, w):
    return x * w, (x, w)
def scale_backward(dout, cache):
    x, w = cache
    dx = np.clip(dout * w, -0.1, 0.1)
    dw = dout * x
    return dx, dw
"""
    found = _of(text, "scale_backward", r(4), 1 + abs(r(4, seed=1)))
    assert [one.mark.kind for one in found.end] == [UNKNOWN, AGREES]
    assert "clipped" in found.end[0].mark.how


def test_which_input_a_gradient_is_of_must_be_certain() -> None:
    text = """
import numpy as np
def two_forward(p, q):
    return p * q, (p, q)
def two_backward(dout, cache):
    p, q = cache
    return dout * p, dout * p
"""
    found = _of(text, "two_backward", r(3), r(3, seed=1))
    assert not found.differs  # unnamed, and of one shape: the first may be meant for either


def test_a_gradient_of_another_size_differs() -> None:
    found = _verdicts("linear.affine_backward", "np.sum(dout, axis=0)", "dout")
    assert found.first == next(one.line for one in found.end if one.result == "db")
    assert "`db` has the shape 3x5, and `b` has (5,)" in found.lines[found.first or 0].how


def test_judging_changes_no_argument() -> None:
    text = """
import numpy as np
def relu_forward(x):
    out = np.maximum(x, 0)
    return out, x
def relu_backward(dout, x):
    dout[x <= 0] = 0
    return dout
"""
    made = module("norms", lambda _: text)
    x, dout = r(4), r(4, seed=2)
    out, cache = made.relu_forward(x)
    kept = copy.deepcopy((x, dout))
    before = Called.kept(made.relu_forward, x)
    pair = Pair.of(
        before, Called(made.relu_forward, (x,)), (out, cache), Called(made.relu_backward, (dout, cache))
    )
    found = judge(pair)
    assert [one.mark.kind for one in found.end] == [AGREES]
    assert np.array_equal(x, kept[0])
    assert np.array_equal(dout, kept[1])


@pytest.mark.parametrize("seconds", [0.0, 0.02])
def test_without_time_things_are_left_open(seconds: float) -> None:
    pair = pair_of(module("norms"), "batchnorm_backward", RIGHT["norms.batchnorm_backward"]())
    found = judge(pair, seconds=seconds)
    assert found.note or not found.differs


def test_of_another_recording_no_positions_are_marked() -> None:
    pair = pair_of(module("linear"), "linear_loops_backward", RIGHT["linear.linear_loops_backward"]())
    assert not judge(pair, total=3).positions


def test_verdicts_go_through_json() -> None:
    found = _verdicts("linear.linear_loops_backward", "dw[d, m] += dout", "dw[d, m] = dout")
    again = Verdicts.read(json.loads(json.dumps(found.as_plain())))
    assert again == found


@pytest.mark.parametrize(
    "spoil",
    [
        lambda plain: plain.pop("note"),
        lambda plain: plain["lines"].append((1, "wrong", "", False)),
        lambda plain: plain["end"].append(("dx", "x", "1", AGREES, "", False)),
        lambda plain: plain["positions"].append((1.5, AGREES, "", False)),
        lambda plain: plain["lines"].append((1, AGREES, 3, False)),
    ],
)
def test_what_are_no_verdicts_are_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    plain = Verdicts((Ending("dx", "x", 3, Mark(AGREES, "so")),)).as_plain()
    spoil(plain)
    with pytest.raises(ValueError, match="no"):
        Verdicts.read(plain)
